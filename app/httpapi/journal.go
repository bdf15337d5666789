package httpapi

import (
	"strings"

	"github.com/google/uuid"

	"paddock/app/journal"
)

// tripFilters are the query parameters that select round trips.
const tripFilters = "scope scope_value symbol from to"

// journalFilter reads the parameters of tripFilters, and the status.
func (r *request) journalFilter() (f journal.Filter, err error) {
	q := r.query
	f = journal.Filter{Scope: q.Get("scope"), ScopeValue: q.Get("scope_value"), Symbol: q.Get("symbol"), Status: q.Get("status")}
	f.Period, err = journal.ParsePeriod(q.Get("from"), q.Get("to"))
	return f, err
}

// orderFilter reads the id of an order; uuid.Nil where there is none.
func (r *request) orderFilter() (uuid.UUID, error) {
	text := r.query.Get("order_id")
	if text == "" {
		return uuid.Nil, nil
	}
	return parseOrderID(text)
}

func (s *Server) listTradingPositions(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	filter, err := r.journalFilter()
	if err != nil {
		return response{}, err
	}
	page.State = r.knownState()
	trips, err := s.Journal.RoundTrips(r.Context(), r.admission, filter, &page)
	return listed(trips, page.State, err)
}

func (s *Server) listFills(r *request) (response, error) {
	page, err := r.page()
	if err != nil {
		return response{}, err
	}
	order, err := r.orderFilter()
	if err != nil {
		return response{}, err
	}
	page.State = r.knownState()
	fills, err := s.Journal.Fills(r.Context(), r.admission, r.query.Get("symbol"), order, &page)
	return listed(fills, page.State, err)
}

func (s *Server) results(r *request) (response, error) {
	filter, err := r.journalFilter()
	if err != nil {
		return response{}, err
	}
	f := journal.ResultsFilter{Filter: filter}
	if kinds := r.query.Get("group_by"); kinds != "" {
		f.GroupBy = strings.Split(kinds, ",")
	}
	return ok(s.Journal.Results(r.Context(), r.admission, f))
}
