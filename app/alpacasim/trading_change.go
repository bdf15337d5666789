package alpacasim

import (
	"encoding/json"
	"net/http"
	"time"
)

// change serves a request that changes the book, with the faults that meet it.
// It calls f under the lock. f reads the request's body with decode, and
// returns the response's status and body; a nil body means none.
func (s *Sim) change(w http.ResponseWriter, r *http.Request, a *account, f func(decode func(any) *refusal) (int, any, *refusal)) {
	var raw json.RawMessage
	if r.Method == http.MethodPost || r.Method == http.MethodPatch {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&raw); err != nil {
			answerRefusal(w, refuse(400, 40010000, "request body format is invalid"))
			return
		}
	}
	if s.met(Fail, r.Method, a) {
		answerRefusal(w, refuse(500, 50010000, "internal server error occurred"))
		return
	}
	s.mu.Lock()
	status, body, bad := f(func(into any) *refusal {
		if err := json.Unmarshal(raw, into); err != nil {
			return refuse(400, 40010000, "request body format is invalid")
		}
		return nil
	})
	var text []byte
	if bad == nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			panic(err) // cannot happen: plain structs always marshal
		}
	}
	s.save()
	s.mu.Unlock()
	if bad != nil {
		answerRefusal(w, bad)
		return
	}
	if s.met(Drop, r.Method, a) {
		panic(http.ErrAbortHandler)
	}
	if s.met(FailAfter, r.Method, a) {
		answerRefusal(w, refuse(500, 50010000, "internal server error occurred"))
		return
	}
	if late, is := s.meets(Delay, r.Method, a); is {
		select {
		case <-time.After(late.Delay):
		case <-r.Context().Done():
		}
	}
	if body == nil {
		w.WriteHeader(status)
		return
	}
	answer(w, status, json.RawMessage(text))
}
