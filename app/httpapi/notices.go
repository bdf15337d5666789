package httpapi

import (
	"github.com/google/uuid"

	"paddock/app/destinations"
	"paddock/app/problem"
)

func (s *Server) listNotices(r *request) (response, error) {
	return ok(s.Destinations.Notices(r.Context(), r.admission))
}

func (s *Server) makeNotice(r *request, body destinations.Notice) (response, error) {
	return created(s.Destinations.MakeNotice(r.Context(), r.admission, body))
}

func (s *Server) setNotice(r *request, body destinations.Settings) (response, error) {
	id, err := noticeID(r)
	if err != nil {
		return response{}, err
	}
	return ok(s.Destinations.SetNotice(r.Context(), r.admission, id, body))
}

func (s *Server) switchNotice(r *request, change destinationSwitch) (response, error) {
	id, err := noticeID(r)
	if err == nil && change.Enabled == nil {
		err = problem.New(problem.InvalidNotice, `Set "enabled" to true or false. The rest is set by PUT.`)
	}
	if err != nil {
		return response{}, err
	}
	return ok(s.Destinations.SwitchNotice(r.Context(), r.admission, id, *change.Enabled))
}

func (s *Server) deleteNotice(r *request) (response, error) {
	id, err := noticeID(r)
	if err != nil {
		return response{}, err
	}
	return noContent(s.Destinations.DeleteNotice(r.Context(), r.admission, id))
}

func noticeID(r *request) (uuid.UUID, error) {
	return parseIDOf(r.PathValue("id"), "notice", problem.InvalidNotice, "/api/notices")
}
