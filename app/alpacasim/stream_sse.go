package alpacasim

import (
	"fmt"
	"net/http"
	"time"
)

func (s *Sim) streamTrades(w http.ResponseWriter, r *http.Request, a *account) {
	s.faults.mu.Lock()
	refused := s.faults.refuseStreams
	s.faults.mu.Unlock()
	if refused {
		answerRefusal(w, refuse(503, 50310000, "the stream is not available"))
		return
	}
	q := r.URL.Query()
	s.mu.Lock()
	next := len(a.Events)
	cut := s.cut
	for i, e := range a.Events {
		since, err := time.Parse(time.RFC3339Nano, q.Get("since"))
		if q.Get("since_id") != "" && e.ID > q.Get("since_id") || q.Get("since") != "" && err == nil && !e.At.Before(since) {
			next = i
			break
		}
	}
	s.mu.Unlock()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	out := http.NewResponseController(w)
	_ = out.SetWriteDeadline(time.Time{}) // it lives as long as its reader
	fmt.Fprint(w, ": welcome\n\n")
	heartbeat := time.NewTicker(10 * time.Second)
	defer heartbeat.Stop()
	for {
		if err := out.Flush(); err != nil {
			return
		}
		s.mu.Lock()
		news, changed := a.Events[next:], s.changed
		next = len(a.Events)
		s.mu.Unlock()
		for _, e := range news {
			if _, err := fmt.Fprintf(w, "data: %s\n\n", e.JSON); err != nil {
				return
			}
		}
		if len(news) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-heartbeat.C:
			fmt.Fprint(w, ": heartbeat\n\n")
		case <-cut:
			return
		case <-r.Context().Done():
			return
		}
	}
}
