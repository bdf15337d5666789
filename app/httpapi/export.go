package httpapi

import (
	"mime"
	"net/http"

	"paddock/app/export"
)

// exported sends a table while it is read. Where that fails after it has begun, or the
// client takes nothing for clientTimeout, the connection is cut, so that a part is never
// taken for the whole.
func (s *Server) exported(r *request, table *export.Table, err error) (response, error) {
	if err != nil {
		return response{}, err
	}
	r.writer.Header().Set("Content-Type", "text/csv; charset=utf-8")
	r.writer.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": table.Name}))
	if err := table.Write(r.Context(), slowWriter{r.writer}); err != nil {
		if r.Context().Err() == nil {
			s.Logger.WarnContext(r.Context(), "an export broke off", "path", r.URL.Path, "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	return response{}, nil
}

func (s *Server) exportOrders(r *request) (response, error) {
	table, err := s.Trading.ExportOrders(r.Context(), r.admission, r.filters())
	return s.exported(r, table, err)
}

func (s *Server) exportActivities(r *request) (response, error) {
	table, err := s.Activities.Export(r.Context(), r.admission, r.filters())
	return s.exported(r, table, err)
}

func (s *Server) exportTradingPositions(r *request) (response, error) {
	filter, err := r.journalFilter()
	if err != nil {
		return response{}, err
	}
	table, err := s.Journal.ExportRoundTrips(r.Context(), r.admission, filter)
	return s.exported(r, table, err)
}

func (s *Server) exportFills(r *request) (response, error) {
	order, err := r.orderFilter()
	if err != nil {
		return response{}, err
	}
	table, err := s.Journal.ExportFills(r.Context(), r.admission, r.query.Get("symbol"), order)
	return s.exported(r, table, err)
}
