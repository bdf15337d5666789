package trading_test

import (
	"testing"
	"time"

	"paddock/app/problem"
)

// If the mirror is in doubt or too old, guards do not use it: the order is not
// sent, the problem says when to retry, and a reconciliation is requested. If
// an unbroken stream has kept the mirror, it may be older.
func TestGuardsTrustACurrentMirrorAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		change  string // made to app.stream_cursors
		keys    bool   // the keys are stored again
		current bool
	}{
		"it agreed a moment ago":                     {current: true},
		"a doubt was cast on it":                     {change: "doubts = doubts + 1"},
		"an earlier doubt is settled":                {change: "doubts = 3, doubts_settled = 3", current: true},
		"a doubt since the look that settled one":    {change: "doubts = 4, doubts_settled = 3"},
		"it agreed too long ago":                     {change: "agreed_at = now() - interval '61 seconds'"},
		"it agreed as long ago as is allowed":        {change: "agreed_at = now() - interval '61 seconds', max_age = '10 minutes'", current: true},
		"a stream has told everything since":         {change: "agreed_at = now() - interval '9 minutes', streaming = 'sse', unbroken_since = now() - interval '1 hour'", current: true},
		"its stream broke off since":                 {change: "agreed_at = now() - interval '9 minutes', streaming = 'sse', unbroken_since = now() - interval '1 minute'"},
		"a stream tells, and nothing reconciles":     {change: "agreed_at = now() - interval '11 minutes', streaming = 'sse', unbroken_since = now() - interval '1 hour'"},
		"it agrees in the future":                    {change: "agreed_at = now() + interval '1 minute'"},
		"it was never read":                          {change: "agreed_at = null"},
		"the keys were stored again since it agreed": {keys: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synced()
			d.guards(`{"max_position_qty":"100"}`)
			d.service.SetMirrorTimeout(time.Millisecond)
			if tt.change != "" {
				d.exec("update app.stream_cursors set " + tt.change)
			}
			if tt.keys {
				d.exec("update private.user_credentials set generation = generation + 1")
			}
			err := place(d, request(t, buyLimit))
			if tt.current {
				if err != nil || d.sent.Load() != 1 {
					t.Errorf("%v, and %d orders were sent", err, d.sent.Load())
				}
				return
			}
			if !problem.Is(err, problem.AccountNotSynced) || problem.Of(err).RetryAfter <= 0 || d.sent.Load() != 0 {
				t.Errorf("%v, to be tried again in %v, and %d orders were sent", err, problem.Of(err).RetryAfter, d.sent.Load())
			}
			var asked bool
			if err := d.pg.Conn(t, "admin").QueryRow(t.Context(), "select exists (select from app.syncs where asked > answered)").Scan(&asked); err != nil || !asked {
				t.Errorf("no reconciliation was requested: %v", err)
			}
			// Without limits the guards do not need the mirror.
			d.guards(`{}`)
			if err := place(d, request(t, buyLimit)); err != nil {
				t.Errorf("without guards: %v", err)
			}
		})
	}
}

// An order waits for the reconciliation that it requests. If that began before
// the doubt arose, the order waits for another one. If it fails, the order
// waits no longer.
func TestOrderWaitsForAReconciliation(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []string // how each reconciliation ends: what it sets in app.stream_cursors, or "fails"
		want    problem.Code
	}{
		"which settles it":                    {answers: []string{"doubts_settled = doubts"}},
		"of which the first looked too early": {answers: []string{"agreed_at = now()", "doubts_settled = doubts"}},
		"which fails":                         {answers: []string{"fails"}, want: problem.AccountNotSynced},
		"of which the second fails":           {answers: []string{"agreed_at = now()", "fails"}, want: problem.AccountNotSynced},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synced()
			d.guards(`{"max_position_qty":"100"}`)
			d.exec("update app.stream_cursors set doubts = doubts + 1")
			d.service.SetMirrorTimeout(20 * time.Second)
			admin, ended := d.pg.Conn(t, "admin"), make(chan error, 1)
			go func() { ended <- place(d, request(t, buyLimit)) }()
			for _, answer := range tt.answers {
				for asked := false; !asked; {
					select {
					case err := <-ended:
						t.Fatalf("it did not wait: %v", err)
					case <-time.After(5 * time.Millisecond):
					}
					if err := admin.QueryRow(t.Context(), "select exists (select from app.syncs where asked > answered)").Scan(&asked); err != nil {
						t.Fatal(err)
					}
				}
				said := "{}"
				if answer == "fails" {
					said = `{"problem":{"code":"broker_unavailable","message":"Alpaca is away."}}`
				} else if _, err := admin.Exec(t.Context(), "update app.stream_cursors set "+answer); err != nil {
					t.Fatal(err)
				}
				if _, err := admin.Exec(t.Context(), "update app.syncs set answered = asked, answered_at = clock_timestamp(), answer = $1", said); err != nil {
					t.Fatal(err)
				}
			}
			if err := <-ended; tt.want.IsZero() && err != nil || !tt.want.IsZero() && !problem.Is(err, tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
			var asked int
			if err := admin.QueryRow(t.Context(), "select asked from app.syncs").Scan(&asked); err != nil || asked != len(tt.answers) {
				t.Errorf("%d reconciliations were requested, want %d: %v", asked, len(tt.answers), err)
			}
		})
	}
}
