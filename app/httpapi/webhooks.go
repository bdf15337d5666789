package httpapi

import (
	"github.com/google/uuid"

	"paddock/app/destinations"
	"paddock/app/problem"
)

func (s *Server) listWebhooks(r *request) (response, error) {
	return ok(s.Destinations.List(r.Context(), r.admission))
}

func (s *Server) makeWebhook(r *request, body destinations.Request) (response, error) {
	return created(s.Destinations.Make(r.Context(), r.admission, body))
}

// destinationSwitch is a webhook's or a notice's, as a client turns it.
type destinationSwitch struct {
	Enabled *bool `json:"enabled"`
}

func (s *Server) changeWebhook(r *request, change destinationSwitch) (response, error) {
	id, err := webhookID(r)
	if err == nil && change.Enabled == nil {
		err = problem.New(problem.InvalidWebhook, `Set "enabled" to true or false.`)
	}
	if err != nil {
		return response{}, err
	}
	return ok(s.Destinations.Switch(r.Context(), r.admission, id, *change.Enabled))
}

func (s *Server) deleteWebhook(r *request) (response, error) {
	id, err := webhookID(r)
	if err != nil {
		return response{}, err
	}
	return noContent(s.Destinations.Delete(r.Context(), r.admission, id))
}

func webhookID(r *request) (uuid.UUID, error) {
	return parseIDOf(r.PathValue("id"), "webhook", problem.InvalidWebhook, "/api/webhooks")
}
