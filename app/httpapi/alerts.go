package httpapi

import "paddock/app/alerts"

// takeAlert takes an alert, which is admitted by the API token in its body.
func (s *Server) takeAlert(r *request, alert alerts.Alert) (response, error) {
	var err error
	if r.admission, err = alert.Admission(); err != nil {
		return response{}, err
	}
	leave, err := s.enter(r)
	if err != nil {
		return response{}, err
	}
	defer leave()
	return accepted(s.Alerts.Take(r.Context(), r.admission, alert))
}

func (s *Server) listAlerts(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	return ok(s.Alerts.List(r.Context(), r.admission, page))
}
