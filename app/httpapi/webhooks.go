package httpapi

import (
	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/webhooks"
)

func (s *Server) listWebhooks(r *request) (response, error) {
	return ok(s.Webhooks.List(r.Context(), r.admission))
}

func (s *Server) makeWebhook(r *request, body webhooks.Request) (response, error) {
	return created(s.Webhooks.Make(r.Context(), r.admission, body))
}

// webhookChange is what can be changed of a webhook.
type webhookChange struct {
	Enabled *bool `json:"enabled"`
}

func (s *Server) changeWebhook(r *request, change webhookChange) (response, error) {
	id, err := webhookID(r)
	if err == nil && change.Enabled == nil {
		err = problem.New(problem.InvalidWebhook, `Set "enabled" to true or false.`)
	}
	if err != nil {
		return response{}, err
	}
	return ok(s.Webhooks.Switch(r.Context(), r.admission, id, *change.Enabled))
}

func (s *Server) deleteWebhook(r *request) (response, error) {
	id, err := webhookID(r)
	if err != nil {
		return response{}, err
	}
	return noContent(s.Webhooks.Delete(r.Context(), r.admission, id))
}

func webhookID(r *request) (uuid.UUID, error) {
	return parseIDOf(r.PathValue("id"), "webhook", problem.InvalidWebhook, "/api/webhooks")
}
