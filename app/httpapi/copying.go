package httpapi

import (
	"paddock/app/copying"
	"paddock/app/problem"
)

func (s *Server) getCopying(r *request) (response, error) {
	return ok(s.Copying.Copying(r.Context(), r.admission))
}

func (s *Server) makeCopyOffer(r *request, o copying.Offer) (response, error) {
	return created(s.Copying.MakeOffer(r.Context(), r.admission, o))
}

func (s *Server) endCopyOffer(r *request) (response, error) {
	followers, err := s.Copying.EndOffer(r.Context(), r.admission)
	return ok(map[string]int{"followers": followers}, err)
}

func (s *Server) follow(r *request, f copying.Follow) (response, error) {
	return created(s.Copying.Follow(r.Context(), r.admission, f))
}

func (s *Server) unfollow(r *request) (response, error) {
	id, err := parseIDOf(r.PathValue("id"), "follow", problem.InvalidCopying, "/api/copying")
	if err != nil {
		return response{}, err
	}
	return noContent(s.Copying.Unfollow(r.Context(), r.admission, id))
}

func (s *Server) listCopies(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	return ok(s.Copying.Copies(r.Context(), r.admission, page))
}

func (s *Server) listLed(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	return ok(s.Copying.Led(r.Context(), r.admission, page))
}
