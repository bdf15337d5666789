package alpacasim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is an activity of either kind, for sorting and filtering a list.
type entry struct {
	kind string
	at   time.Time
	fill *Execution // an execution, or nil
	rest *activity  // any other activity, or nil
}

func (e entry) id() string {
	if e.fill != nil {
		return activityID(e.at, e.fill.ID)
	}
	return e.rest.ID
}

// hasID reports whether the entry has this id, without writing the ids of all.
func (e entry) hasID(id string) bool {
	if e.fill != nil {
		return strings.HasSuffix(id, e.fill.ID) && e.id() == id
	}
	return e.rest.ID == id
}

func (e entry) body() any {
	if e.fill != nil {
		return e.fill.activity()
	}
	return e.rest.wire()
}

// entries returns all activities, oldest first, without executions that were
// busted or corrected.
func (a *account) entries() []entry {
	all := make([]entry, 0, len(a.Executions)+len(a.Activities))
	for _, x := range a.Executions {
		if !x.Busted {
			all = append(all, entry{kind: "FILL", at: x.At, fill: x})
		}
	}
	for i := range a.Activities {
		all = append(all, entry{kind: a.Activities[i].ActivityType, at: a.Activities[i].at(), rest: &a.Activities[i]})
	}
	byTime := func(a, b entry) int { return a.at.Compare(b.at) }
	if !slices.IsSortedFunc(all, byTime) { // most of the time it is
		slices.SortStableFunc(all, byTime)
	}
	return all
}

func (s *Sim) listActivities(w http.ResponseWriter, r *http.Request, a *account) {
	q := r.URL.Query()
	var kinds []string
	if q.Get("activity_types") != "" {
		kinds = strings.Split(q.Get("activity_types"), ",")
	}
	if kind := r.PathValue("type"); kind != "" {
		kinds = []string{kind}
	}
	if kinds != nil && q.Get("category") != "" {
		answerRefusal(w, refuse(422, 42210000, "category cannot be used with activity_types"))
		return
	}
	s.locked(w, func() (any, *refusal) { return page(a.entries(), kinds, q) })
}

// page returns what a query asks for of a list that is oldest first.
func page(all []entry, kinds []string, q url.Values) (any, *refusal) {
	from, to, bad := period(q)
	if bad != nil {
		return nil, bad
	}
	size := 100
	if text := q.Get("page_size"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 100 {
			return nil, refuse(422, 42210000, "page_size must be between 1 and 100")
		}
		size = n
	}
	category := q.Get("category")
	all = slices.DeleteFunc(all, func(e entry) bool {
		return kinds != nil && !slices.Contains(kinds, e.kind) || category == "trade_activity" && e.kind != "FILL" || category == "non_trade_activity" && e.kind == "FILL" ||
			!from.IsZero() && !e.at.After(from) || !to.IsZero() && !e.at.Before(to)
	})
	if q.Get("direction") != "asc" {
		slices.Reverse(all)
	}
	if token := q.Get("page_token"); token != "" {
		at := slices.IndexFunc(all, func(e entry) bool { return e.hasID(token) })
		if at < 0 {
			return nil, refuse(422, 42210000, "invalid page_token")
		}
		all = all[at+1:]
	}
	bodies := []any{}
	for _, e := range all[:min(size, len(all))] {
		bodies = append(bodies, e.body())
	}
	return bodies, nil
}

// period parses after and until, both exclusive, or the one date.
func period(q url.Values) (from, to time.Time, bad *refusal) {
	for name, into := range map[string]*time.Time{"after": &from, "until": &to} {
		if text := q.Get(name); text != "" {
			t, invalid := readTime(text)
			if invalid {
				return from, to, refuse(422, 42210000, "invalid %s", name)
			}
			*into = t
		}
	}
	if text := q.Get("date"); text != "" {
		t, invalid := readTime(text)
		if invalid {
			return from, to, refuse(422, 42210000, "invalid date")
		}
		day := t.UTC().Truncate(24 * time.Hour)
		return day.Add(-time.Nanosecond), day.Add(24 * time.Hour), nil
	}
	return from, to, nil
}
