package alpacasim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// streamTrades serves trade updates as Server-Sent Events: those after
// since_id, or from since on, then new ones; until, or until_id, ends it.
func (s *Sim) streamTrades(w http.ResponseWriter, r *http.Request, a *account) {
	switch status := s.streamRefusal(); status {
	case 0:
	case 403:
		answerRefusal(w, refuse(403, 40310000, "access to this stream is forbidden"))
		return
	case 404:
		answerRefusal(w, refuse(404, 40410000, "endpoint not found"))
		return
	default:
		answerRefusal(w, refuse(status, status*100_000+10_000, "the stream is not available"))
		return
	}
	asked, bad := readSpan(r.URL.Query())
	if bad != nil {
		answerRefusal(w, bad)
		return
	}
	s.mu.Lock()
	f := follower{s: s, a: a, next: len(a.Events), ended: asked.ended(s)}
	cut := s.cut
	for i, e := range a.Events {
		if asked.begun(e) {
			f.next = i
			break
		}
	}
	s.mu.Unlock()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	out := &eventFeed{w, http.NewResponseController(w)}
	_ = out.control.SetWriteDeadline(time.Time{}) // it lasts as long as its reader
	f.out = out
	if out.write(": welcome\n\n") != nil {
		return
	}
	if err := f.follow(r.Context(), cut); errors.Is(err, errCut) {
		s.config.Logger.Debug("a stream of events is cut", "account", a.Number)
	}
}

// eventFeed writes Server-Sent Events.
type eventFeed struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (e *eventFeed) write(text string) error {
	if _, err := fmt.Fprint(e.w, text); err != nil {
		return err
	}
	return e.control.Flush()
}

func (e *eventFeed) update(text json.RawMessage) error {
	return e.write(fmt.Sprintf("data: %s\n\n", text))
}
func (e *eventFeed) heartbeat(context.Context) error { return e.write(": heartbeat\n\n") }
func (e *eventFeed) tooSlow() error {
	return e.write(": you are reading too slowly, dropped 10000 messages\n\n")
}

// span is the range of events that a query asks for.
type span struct {
	since, until     time.Time
	sinceID, untilID string
}

func readSpan(q url.Values) (span, *refusal) {
	asked := span{sinceID: q.Get("since_id"), untilID: q.Get("until_id")}
	for name, into := range map[string]*time.Time{"since": &asked.since, "until": &asked.until} {
		if text := q.Get(name); text != "" {
			var invalid bool
			if *into, invalid = readTime(text); invalid {
				return asked, refuse(400, 40010000, "invalid %s", name)
			}
		}
	}
	switch {
	case q.Has("since") && q.Has("since_id"):
		return asked, refuse(400, 40010000, "since and since_id are mutually exclusive")
	case q.Has("until") && !q.Has("since"), q.Has("until_id") && !q.Has("since_id"):
		return asked, refuse(400, 40010000, "until requires since, and until_id requires since_id")
	}
	return asked, nil
}

// begun reports whether a past event is in the span.
func (a span) begun(e event) bool {
	return a.sinceID != "" && e.ID > a.sinceID || !a.since.IsZero() && !e.At.Before(a.since)
}

// ended returns a function that reports whether an event is after the span; for
// nil, whether the span's time is over.
func (a span) ended(s *Sim) func(*event) bool {
	return func(e *event) bool {
		if e == nil {
			return !a.until.IsZero() && s.now().After(a.until)
		}
		return !a.until.IsZero() && e.At.After(a.until) || a.untilID != "" && e.ID > a.untilID
	}
}
