package httpapi

import (
	"net/http"

	"paddock/app/audit"
)

// auditFilters are the query parameters that select rows of the audit.
const auditFilters = "action without actor request_id since until"

func (r *request) auditFilter() audit.Filter {
	q := r.query
	return audit.Filter{Action: q.Get("action"), Without: q.Get("without"), Actor: q.Get("actor"), RequestID: q.Get("request_id"),
		Since: q.Get("since"), Until: q.Get("until")}
}

// listAudit serves the account's audit, or the user's own where the route
// concerns no account.
func (s *Server) listAudit(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	return ok(s.Audit.List(r.Context(), r.admission, r.auditFilter(), page))
}

// exportAudit sends the whole audit while it is read. Where that fails after it
// has begun, the connection is cut, so that a part is never taken for the whole.
func (s *Server) exportAudit(r *request) (response, error) {
	format, err := audit.ParseFormat(r.query.Get("format"))
	if err != nil {
		return response{}, err
	}
	write, err := s.Audit.Export(r.Context(), r.admission, r.auditFilter(), format)
	if err != nil {
		return response{}, err
	}
	r.writer.Header().Set("Content-Type", format.ContentType())
	r.writer.Header().Set("Content-Disposition", `attachment; filename="audit.`+string(format)+`"`)
	if err := write(slowWriter{r.writer}); err != nil {
		if r.Context().Err() == nil {
			s.Logger.WarnContext(r.Context(), "an export of the audit broke off", "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	return response{}, nil
}
