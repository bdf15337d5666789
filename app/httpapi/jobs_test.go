package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"paddock/app/jobs"
	"paddock/app/tenant"
	"paddock/tests/kit"
)

// carryOut carries out jobs until the test ends.
func (s *server) carryOut() {
	s.t.Helper()
	runner, err := jobs.New(jobs.Config{
		Worker: tenant.NewWorker(s.db.Pool(s.t, "paddock_worker"), kit.SilentBell{}), Driver: riverpgxv5.New(s.db.Pool(s.t, "paddock_worker")),
		Handlers: map[string]jobs.Handler{"order": jobs.Orders(s.trading)}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
}

// With Prefer: respond-async an order is answered before it is sent, and its job says
// where it is and how it ended. Without it, and with other preferences, it is not.
func TestRespondAsync(t *testing.T) {
	s := newServer(t)
	ada, eve, vic := s.signUp("ada"), s.signUp("eve"), s.signUp("vic")
	id := ada.connect("one", s.seeds[0])
	eves := eve.connect("hers", s.seeds[1])
	s.grant(id, "vic", "viewer")
	for _, prefer := range []string{"respond-async", "handling=lenient, Respond-Async;foo=bar , wait=10"} {
		a := ada.do("POST", "/api/orders", buyOne, "X-Account-ID", id, "Prefer", prefer, "Idempotency-Key", prefer).want(t, http.StatusAccepted, "")
		job := a.header.Get("Location")
		if job != "/api/jobs/"+a.field(t, "id") || a.header.Get("Preference-Applied") != "respond-async" || a.field(t, "state") != "waiting" {
			t.Errorf("%s: %v %s", prefer, a.header, a.text)
		}
		if again := ada.do("POST", "/api/orders", buyOne, "X-Account-ID", id, "Prefer", prefer, "Idempotency-Key", prefer); again.header.Get("Location") != job {
			t.Errorf("the retry is answered %d %v", again.status, again.header)
		}
	}
	if a := ada.do("POST", "/api/orders", buyOne, "X-Account-ID", id, "Prefer", "wait=10, handling=respond-async").want(t, http.StatusCreated, ""); a.header.Get("Preference-Applied") != "" {
		t.Errorf("%v", a.header)
	}
	vic.do("POST", "/api/orders", buyOne, "X-Account-ID", id, "Prefer", "respond-async").want(t, http.StatusForbidden, "not_permitted")
	ada.do("POST", "/api/orders", `{"symbol":"AAPL"}`, "X-Account-ID", id, "Prefer", "respond-async").want(t, http.StatusBadRequest, "invalid_order")

	first := ada.do("POST", "/api/orders", buyOne, "X-Account-ID", id, "Prefer", "respond-async", "Idempotency-Key", "respond-async").header.Get("Location")
	eve.do("GET", first, "", "X-Account-ID", id).want(t, http.StatusForbidden, "account_forbidden")
	eve.do("GET", first, "", "X-Account-ID", eves).want(t, http.StatusNotFound, "job_not_found")
	eve.do("DELETE", first, "", "X-Account-ID", eves).want(t, http.StatusNotFound, "job_not_found")
	vic.do("DELETE", first, "", "X-Account-ID", id).want(t, http.StatusForbidden, "not_permitted")
	ada.do("GET", "/api/jobs/x", "", "X-Account-ID", id).want(t, http.StatusBadRequest, "job_id_malformed")
	ada.do("GET", "/api/jobs?state=over", "", "X-Account-ID", id).want(t, http.StatusBadRequest, "invalid_query")
	if page := vic.do("GET", "/api/jobs?state=waiting&limit=1", "", "X-Account-ID", id).want(t, http.StatusOK, ""); strings.Count(page.text, `"state":"waiting"`) != 1 || page.field(t, "next_cursor") == "" {
		t.Errorf("%s", page.text)
	}

	s.carryOut()
	kit.Eventually(t, "the order to be sent", func() bool { return ada.do("GET", first, "", "X-Account-ID", id).field(t, "state") == "done" })
	ada.do("DELETE", first, "", "X-Account-ID", id).want(t, http.StatusConflict, "job_not_cancelable")
	// The retry is answered as one that never waited.
	ada.do("POST", "/api/orders", buyOne, "X-Account-ID", id, "Prefer", "respond-async", "Idempotency-Key", "respond-async").want(t, http.StatusCreated, "")
}

// Canceling all orders cancels those that wait to be sent.
func TestCancelingAllCancelsWhatWaits(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	id := ada.connect("one", s.seeds[0])
	accept := func() string {
		t.Helper()
		return ada.do("POST", "/api/orders", buyOne, "X-Account-ID", id, "Prefer", "respond-async").want(t, http.StatusAccepted, "").header.Get("Location")
	}
	for _, cancel := range []func(job string) answer{
		func(string) answer { return ada.do("DELETE", "/api/orders", "", "X-Account-ID", id) },
		func(string) answer { return ada.do("DELETE", "/api/jobs", "", "X-Account-ID", id) },
		func(job string) answer { return ada.do("DELETE", job, "", "X-Account-ID", id) },
	} {
		job := accept()
		if a := cancel(job); a.status >= 300 {
			t.Errorf("%d %s", a.status, a.text)
		}
		if state := ada.do("GET", job, "", "X-Account-ID", id).field(t, "state"); state != "canceled" {
			t.Errorf("the job is %s", state)
		}
	}
	// What is to cancel an order goes on.
	admin := s.db.Conn(t, "admin")
	for _, statement := range []string{"set session_replication_role = replica",
		`insert into app.jobs (account_id, id, seq, kind, request, request_hash, asked_by, session_id, origin)
			select account_id, '00000000-0000-4000-8000-000000000001', 1000, 'order', '{"cancels":"00000000-0000-4000-8000-000000000002"}', request_hash, asked_by, session_id, origin from app.jobs limit 1`} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	ada.do("DELETE", "/api/jobs", "", "X-Account-ID", id).want(t, 200, "")
	if state := ada.do("GET", "/api/jobs/00000000-0000-4000-8000-000000000001", "", "X-Account-ID", id).field(t, "state"); state != "waiting" {
		t.Errorf("the cancellation is %s", state)
	}
}
