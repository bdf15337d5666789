package httpapi

import (
	"github.com/google/uuid"

	"paddock/app/approvals"
	"paddock/app/problem"
)

// aboutApproval returns a handler that reads the approval's id in the path before h.
func aboutApproval(h func(*request, uuid.UUID) (response, error)) handler {
	return func(r *request) (response, error) {
		id, err := approvalID(r)
		if err != nil {
			return response{}, err
		}
		return h(r, id)
	}
}

func approvalID(r *request) (uuid.UUID, error) {
	return parseIDOf(r.PathValue("id"), "approval", problem.InvalidApproval, "/api/approvals")
}

func (s *Server) listApprovals(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	return ok(s.Approvals.List(r.Context(), r.admission, r.query.Get("state"), page))
}

func (s *Server) getApproval(r *request, id uuid.UUID) (response, error) {
	return ok(s.Approvals.Get(r.Context(), r.admission, id))
}

func (s *Server) previewApproval(r *request, id uuid.UUID) (response, error) {
	return ok(s.Approvals.Preview(r.Context(), r.admission, id))
}

func (s *Server) approve(r *request, word approvals.Word) (response, error) {
	id, err := approvalID(r)
	if err != nil {
		return response{}, err
	}
	return ok(s.Approvals.Approve(r.Context(), r.admission, id, word))
}

func (s *Server) refuse(r *request, word approvals.Word) (response, error) {
	id, err := approvalID(r)
	if err != nil {
		return response{}, err
	}
	return ok(s.Approvals.Refuse(r.Context(), r.admission, id, word))
}
