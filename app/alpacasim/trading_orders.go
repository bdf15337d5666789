package alpacasim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"paddock/app/alpacasim/internal/options"
)

func (s *Sim) postOrder(w http.ResponseWriter, r *http.Request, a *account) {
	s.change(w, r, a, func(decode func(any) *refusal) (int, any, *refusal) {
		var request orderRequest
		if bad := decode(&request); bad != nil {
			return 0, nil, bad
		}
		o, bad := s.place(a, request)
		if bad != nil {
			return 0, nil, bad
		}
		return 200, o.answer(), nil
	})
}

func (s *Sim) patchOrder(w http.ResponseWriter, r *http.Request, a *account) {
	s.change(w, r, a, func(decode func(any) *refusal) (int, any, *refusal) {
		var request replaceRequest
		if bad := decode(&request); bad != nil {
			return 0, nil, bad
		}
		old := a.byID[r.PathValue("id")]
		if old == nil {
			return 0, nil, refuse(404, 40410000, "order not found")
		}
		o, bad := s.replace(a, old, request)
		if bad != nil {
			return 0, nil, bad
		}
		return 200, o.answer(), nil
	})
}

func (s *Sim) cancelOrder(w http.ResponseWriter, r *http.Request, a *account) {
	s.change(w, r, a, func(func(any) *refusal) (int, any, *refusal) {
		o := a.byID[r.PathValue("id")]
		if o == nil {
			return 0, nil, refuse(404, 40410000, "order not found")
		}
		return http.StatusNoContent, nil, s.cancel(a, o)
	})
}

// canceled is an order's entry in the response of DELETE /v2/orders.
type canceled struct {
	ID     string `json:"id"`
	Status int    `json:"status"`
}

func (s *Sim) cancelAll(w http.ResponseWriter, r *http.Request, a *account) {
	s.change(w, r, a, func(func(any) *refusal) (int, any, *refusal) {
		results := []canceled{}
		for _, o := range a.openOrders() {
			if !o.open() || o.Parent != "" && a.byID[o.Parent].open() {
				continue // it is canceled together with another
			}
			status := 200
			if bad := s.cancel(a, o); bad != nil {
				status = bad.status
			}
			results = append(results, canceled{o.ID, status})
		}
		return http.StatusMultiStatus, results, nil
	})
}

func (s *Sim) getOrder(w http.ResponseWriter, r *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		o := a.byID[r.PathValue("id")]
		if o == nil {
			return nil, refuse(404, 40410000, "order not found")
		}
		return o.wire(r.URL.Query().Get("nested") == "true"), nil
	})
}

func (s *Sim) getByClientID(w http.ResponseWriter, r *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		o := a.byClientID[r.URL.Query().Get("client_order_id")]
		if o == nil || s.hidden(o) {
			return nil, refuse(404, 40410000, "order not found")
		}
		return o.wire(true), nil
	})
}

func (s *Sim) hidden(o *order) bool { return o.Hidden != nil && s.now().Before(*o.Hidden) }

// orderFilter is a query of GET /v2/orders.
type orderFilter struct {
	status       string
	limit        int
	after, until time.Time
	oldestFirst  bool
	nested       bool
	symbols      []string // without slashes
	side         string
	classes      []string
	first, last  int // the range of the book to look at: [first, last)
}

// filter parses the query. s.mu is held.
func (a *account) filter(q url.Values) (orderFilter, *refusal) {
	f := orderFilter{
		status: q.Get("status"), limit: 50, oldestFirst: q.Get("direction") == "asc", nested: q.Get("nested") == "true",
		symbols: list(strings.ReplaceAll(q.Get("symbols"), "/", "")), side: q.Get("side"), classes: list(q.Get("asset_class")), last: len(a.Orders),
	}
	if slices.Contains(f.classes, "all") {
		f.classes = nil
	}
	if !slices.Contains([]string{"", "open", "closed", "all"}, f.status) {
		return f, refuse(422, 42210000, "invalid status")
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return f, refuse(422, 42210000, "invalid limit")
		}
		f.limit = min(n, 500)
	}
	for name, into := range map[string]*time.Time{"after": &f.after, "until": &f.until} {
		if text := q.Get(name); text != "" {
			var bad bool
			if *into, bad = readTime(text); bad {
				return f, refuse(422, 42210000, "invalid %s", name)
			}
		}
	}
	before, after := q.Get("before_order_id"), q.Get("after_order_id")
	switch {
	case before != "" && after != "":
		return f, refuse(422, 42210000, "before_order_id and after_order_id are mutually exclusive")
	case before != "" || after != "":
		o := a.byID[before+after]
		if o == nil {
			return f, refuse(422, 42210000, "order %q not found", before+after)
		}
		at := slices.Index(a.Orders, o)
		if before != "" {
			f.last = at
		} else {
			f.first = at + 1
		}
	}
	return f, nil
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// readTime parses a time or a date.
func readTime(text string) (t time.Time, bad bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, false
		}
	}
	return t, true
}

// takes reports whether an order passes the filter.
func (f *orderFilter) takes(o *order) bool {
	symbol := strings.ReplaceAll(o.Symbol, "/", "")
	if root, ok := options.Root(o.Symbol); ok && slices.Contains(f.classes, "us_option") && !slices.Contains(f.symbols, symbol) {
		symbol = root
	}
	return (f.status == "all" || (f.status == "closed") != o.open()) &&
		(f.after.IsZero() || o.SubmittedAt.After(f.after)) && (f.until.IsZero() || o.SubmittedAt.Before(f.until)) &&
		(f.side == "" || f.side == o.Side) &&
		(f.symbols == nil || slices.Contains(f.symbols, symbol)) &&
		(f.classes == nil || slices.Contains(f.classes, o.AssetClass))
}

func (s *Sim) listOrders(w http.ResponseWriter, r *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		f, bad := a.filter(r.URL.Query())
		if bad != nil {
			return nil, bad
		}
		found := []Order{}
		for i := range f.last - f.first {
			o := a.Orders[f.last-1-i]
			if f.oldestFirst {
				o = a.Orders[f.first+i]
			}
			if s.hidden(o) || o.isMultiLeg() || f.nested && o.Parent != "" {
				continue
			}
			shown := f.nested || o.OrderClass == "mleg" // whether legs are shown under their parent
			if !f.takes(o) && !(shown && slices.ContainsFunc(o.legs, f.takes)) {
				continue
			}
			if found = append(found, o.wire(f.nested)); len(found) == f.limit {
				break
			}
		}
		return found, nil
	})
}
