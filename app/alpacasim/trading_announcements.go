package alpacasim

import (
	"net/http"
	"time"
)

// listAnnouncements serves an empty list, for at most 90 days at a time.
func (s *Sim) listAnnouncements(w http.ResponseWriter, r *http.Request, _ *account) {
	q := r.URL.Query()
	since, sinceErr := time.Parse(time.DateOnly, q.Get("since"))
	until, untilErr := time.Parse(time.DateOnly, q.Get("until"))
	bad := func(message string, args ...any) { answerRefusal(w, refuse(422, 42210000, message, args...)) }
	switch {
	case q.Get("ca_types") == "":
		bad("ca_types is required")
	case oneOf(r, "ca_types", "Dividend", "Merger", "Spinoff", "Split") != nil:
		bad("ca_types must be of dividend, merger, spinoff and split")
	case sinceErr != nil || untilErr != nil:
		bad("since and until are required, as YYYY-MM-DD")
	case until.Before(since) || until.Sub(since) > 90*24*time.Hour:
		bad("until must be at most 90 days after since")
	case oneOf(r, "date_type", "declaration_date", "ex_date", "record_date", "payable_date") != nil:
		bad("invalid date_type: %s", q.Get("date_type"))
	default:
		answer(w, 200, []any{})
	}
}

func (s *Sim) getAnnouncement(w http.ResponseWriter, r *http.Request, _ *account) {
	answerRefusal(w, refuse(404, 40410000, "announcement not found for %s", r.PathValue("id")))
}
