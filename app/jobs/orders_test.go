package jobs_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
)

// An order that was accepted is sent once, and the job says what the request would
// have been answered.
func TestAcceptedOrderIsSent(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	id := f.accept(ada, "", buy(""))
	f.start()
	j := f.ended(ada, id)
	j.want(t, "done", http.StatusCreated, "")
	if j.Answer.ID != id.String() || j.Answer.IntentState != "accepted" || j.Tries != 1 {
		t.Errorf("%+v", j)
	}
	if sent := f.arrived(); !slices.Equal(sent, []string{id.String()}) {
		t.Errorf("sent: %v", sent)
	}
	if told := f.jobEvents(ada); !slices.Equal(told, []string{"done 201 -"}) {
		t.Errorf("told: %v", told)
	}
	// The audit says of the order that the request did it which asked for the job.
	var kind, actor, session string
	if err := f.admin.QueryRow(t.Context(), "select kind, actor, session_id from app.audit_log where account_id = $1 and action = 'order.place'", ada.Account).
		Scan(&kind, &actor, &session); err != nil || kind != "user" || actor != "ada" || session != "session-of-ada" {
		t.Errorf("the audit: %s %s %s %v", kind, actor, session, err)
	}
}

// Orders of an account are sent one after the other, in the order in which they were
// accepted, however many instances there are.
func TestOrdersKeepTheirOrder(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	var want []string
	last := f.accept(ada, "", buy("first"))
	want = append(want, "first")
	for i := range 40 {
		if i == 10 {
			f.start()
			f.start()
		}
		last = f.accept(ada, "", buy(numbered("a", i)))
		want = append(want, numbered("a", i))
	}
	f.ended(ada, last).want(t, "done", http.StatusCreated, "")
	if sent := f.arrived(); !slices.Equal(sent, want) {
		t.Errorf("sent: %v", sent)
	}
}

// What would have refused the request is told at the job and as an event, and nothing
// is placed.
func TestRefusalsAreTold(t *testing.T) {
	f := newFloor(t, 5)
	token := kit.User(t, f.pg, "ada")
	ada := f.connect(token, "one", f.seeds[0])
	other := f.connect(token, "two", f.seeds[1])
	limit := trading.Limits{AllowedSymbols: []string{"MSFT"}}
	if _, err := f.trading.SetGuards(t.Context(), ada, limit); err != nil {
		t.Fatal(err)
	}
	f.exec("delete from private.user_credentials where account_id = $1", other.Account)
	f.start()
	f.ended(ada, f.accept(ada, "", buy("guarded"))).want(t, "failed", http.StatusUnprocessableEntity, "guard_refused")
	f.ended(other, f.accept(other, "", buy("keyless"))).want(t, "failed", http.StatusConflict, "needs_credentials")
	if _, err := f.trading.SetGuards(t.Context(), ada, trading.Limits{}); err != nil {
		t.Fatal(err)
	}
	f.answers(func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, `{"code":40310000,"message":"insufficient buying power"}`, http.StatusForbidden)
		return true
	})
	id := f.accept(ada, "key", buy(""))
	f.ended(ada, id).want(t, "failed", http.StatusUnprocessableEntity, "order_rejected")
	if told, want := f.jobEvents(ada), []string{"failed 422 guard_refused", "failed 422 order_rejected"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	// A refusal by the broker is final, and the retry gets it, in either way.
	if _, err := f.trading.Accept(t.Context(), ada, "key", buy("")); !problem.Is(err, problem.OrderRejected) {
		t.Errorf("the retry: %v", err)
	}
	if _, err := f.trading.Place(t.Context(), ada, "key", buy("")); !problem.Is(err, problem.OrderRejected) {
		t.Errorf("the retry without waiting: %v", err)
	}
	if sent := f.arrived(); len(sent) != 1 {
		t.Errorf("sent: %v", sent)
	}
}

// A retry is answered alike, whether it and the first request wait for the order to be
// sent or not; and an id or a key stands for one order.
func TestRetriesOfAcceptedOrders(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	two := buy("mine")
	two.Qty = &trading.Amount{Decimal: decimal.NewFromInt(2)}
	keyed := buy("")
	other := buy("")
	other.Qty = two.Qty

	// While the job waits.
	job, byKey := f.accept(ada, "", buy("mine")), f.accept(ada, "k", keyed)
	if again := f.accept(ada, "", buy("mine")); again != job {
		t.Errorf("a retry got another job: %s and %s", job, again)
	}
	if again := f.accept(ada, "k", keyed); again != byKey {
		t.Errorf("a retry by key got another job: %s and %s", byKey, again)
	}
	for what, taken := range map[string]func() error{
		"later, by id":   func() error { _, err := f.trading.Accept(t.Context(), ada, "", two); return err },
		"at once":        func() error { _, err := f.trading.Place(t.Context(), ada, "", two); return err },
		"by key":         func() error { _, err := f.trading.Accept(t.Context(), ada, "k", other); return err },
		"by key at once": func() error { _, err := f.trading.Place(t.Context(), ada, "k", other); return err },
		"the job's own": func() error {
			r := two
			r.ClientOrderID = byKey.String()
			_, err := f.trading.Place(t.Context(), ada, "", r)
			return err
		},
	} {
		want := problem.ClientOrderIDTaken
		if strings.HasPrefix(what, "by key") {
			want = problem.IdempotencyKeyReused
		}
		if err := taken(); !problem.Is(err, want) {
			t.Errorf("another order %s: %v", what, err)
		}
	}
	// A retry that does not wait places the order, and the job finds it.
	placed, err := f.trading.Place(t.Context(), ada, "", buy("mine"))
	if err != nil || !placed.Known {
		t.Fatalf("%s %v", placed.Order, err)
	}
	f.start()
	f.ended(ada, job).want(t, "done", http.StatusCreated, "")
	f.ended(ada, byKey).want(t, "done", http.StatusCreated, "")

	// Once the order is there.
	for what, retry := range map[string]func() (trading.Placed, error){
		"later": func() (trading.Placed, error) {
			return f.trading.Accept(t.Context(), ada, "k", keyed)
		},
		"at once": func() (trading.Placed, error) { return f.trading.Place(t.Context(), ada, "k", keyed) },
		"later, by id": func() (trading.Placed, error) {
			return f.trading.Accept(t.Context(), ada, "", buy("mine"))
		},
	} {
		if placed, err := retry(); err != nil || !placed.Known || placed.Order == nil {
			t.Errorf("a retry %s: %+v %v", what, placed, err)
		}
	}
	if _, err := f.trading.Accept(t.Context(), ada, "k", other); !problem.Is(err, problem.IdempotencyKeyReused) {
		t.Errorf("another order by the key: %v", err)
	}
	if sent := f.arrived(); len(sent) != 2 {
		t.Errorf("sent: %v", sent)
	}
}

// What a retry was told to be refused is not placed by the job of the first request.
func TestWhatARetryWasRefusedIsNotSentLater(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	job := f.accept(ada, "", buy("mine"))
	if _, err := f.trading.SetGuards(t.Context(), ada, trading.Limits{AllowedSymbols: []string{"MSFT"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.trading.Place(t.Context(), ada, "", buy("mine")); !problem.Is(err, problem.GuardRefused) {
		t.Fatal(err)
	}
	if _, err := f.trading.SetGuards(t.Context(), ada, trading.Limits{}); err != nil {
		t.Fatal(err)
	}
	f.start()
	f.ended(ada, job).want(t, "failed", http.StatusConflict, "retry_refused")
	if sent := f.arrived(); len(sent) != 0 {
		t.Errorf("sent: %v", sent)
	}
}

// Orders wait while the broker cannot take them, those behind them too, and are then
// sent in their order. The client is told of no refusal in between.
func TestOrdersWaitForTheBroker(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	var refused atomic.Int64
	f.answers(func(w http.ResponseWriter, _ *http.Request) bool {
		if refused.Add(1) > 2 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		http.Error(w, `{"message":"too many requests"}`, http.StatusTooManyRequests)
		return true
	})
	f.start()
	first, second := f.accept(ada, "", buy("first")), f.accept(ada, "", buy("second"))
	j := f.ended(ada, first)
	j.want(t, "done", http.StatusCreated, "")
	if j.Tries < 2 {
		t.Errorf("it was tried %d times", j.Tries)
	}
	f.ended(ada, second).want(t, "done", http.StatusCreated, "")
	if sent := f.arrived(); !slices.Equal(slices.Compact(sent), []string{"first", "second"}) {
		t.Errorf("sent: %v", sent)
	}
	if told := f.jobEvents(ada); !slices.Equal(told, []string{"done 201 -", "done 201 -"}) {
		t.Errorf("told: %v", told)
	}
}

// So they wait for what guards must know: that it was not known at first is no refusal.
func TestOrdersWaitForTheMirror(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	if _, err := f.trading.SetGuards(t.Context(), ada, trading.Limits{AllowedSymbols: []string{"AAPL"}}); err != nil {
		t.Fatal(err)
	}
	f.exec("update app.stream_cursors set doubts = doubts + 1")
	f.start()
	id := f.accept(ada, "", buy("mine"))
	kit.Eventually(t, "the first try to end", func() bool {
		var postponed bool
		f.scan(&postponed, "select state = 'waiting' and tries = 1 from app.jobs where id = $1", id)
		return postponed
	})
	f.exec("update app.stream_cursors set doubts_settled = doubts")
	f.ended(ada, id).want(t, "done", http.StatusCreated, "")
}

// An order that waits is not sent once its user may not trade any more: the session has
// ended, the user was disabled, the grant was taken away or made smaller, or the account
// was paused.
func TestWhoMayNoLongerTradeSendsNothing(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	ends := []struct {
		what, sql string
		status    int
		code      string
	}{
		{"the session ended", `delete from auth.session where "userId" = $1`, 401, "unauthenticated"},
		{"the session expired", `update auth.session set "expiresAt" = now() - interval '1 second' where "userId" = $1`, 401, "unauthenticated"},
		{"the user was disabled", `select private.disable_user($1)`, 401, "unauthenticated"},
		{"the grant was revoked", `delete from app.account_grants where user_id = $1`, 403, "account_forbidden"},
		{"the grant expired", `update app.account_grants set expires_at = now() - interval '1 second' where user_id = $1`, 403, "account_forbidden"},
		{"the grant is to read", `update app.account_grants set role = 'viewer' where user_id = $1`, 403, "not_permitted"},
	}
	var waiting []uuid.UUID
	for i, end := range ends {
		user := numbered("user", i)
		a := tenant.Admission{Token: kit.User(t, f.pg, user), Account: ada.Account}
		f.exec("insert into app.account_grants (account_id, user_id, role) values ($1, $2, 'trader')", ada.Account, user)
		waiting = append(waiting, f.accept(a, "", buy("of-"+user)))
		f.exec(end.sql, user)
	}
	last := f.accept(ada, "", buy("of-ada"))
	f.start()
	for i, end := range ends {
		t.Run(end.what, func(t *testing.T) { f.ended(ada, waiting[i]).want(t, "failed", end.status, end.code) })
	}
	f.ended(ada, last).want(t, "done", http.StatusCreated, "")
	if sent := f.arrived(); !slices.Equal(sent, []string{"of-ada"}) {
		t.Errorf("sent: %v", sent)
	}
}

// Halting an account, or asking for its open orders to be canceled, cancels what waits
// to be sent as well; so it is not sent when the account is opened again.
func TestStoppingCancelsWhatWaits(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	var canceled []uuid.UUID
	for _, turn := range []trading.Switch{{To: "halted"}, {To: "reduce_only", CancelOrders: true}} {
		canceled = append(canceled, f.accept(ada, "", buy("")))
		if _, err := f.trading.Turn(t.Context(), ada, "", turn); err != nil {
			t.Fatal(err)
		}
		f.ended(ada, canceled[len(canceled)-1]).want(t, "canceled", 0, "")
		if _, err := f.trading.Turn(t.Context(), ada, "", trading.Switch{To: "open"}); err != nil {
			t.Fatal(err)
		}
	}
	canceled = append(canceled, f.accept(ada, "", buy("")))
	if _, err := f.trading.CancelJob(t.Context(), ada, canceled[2]); err != nil {
		t.Error(err)
	}
	kept := f.accept(ada, "", buy("kept"))
	f.start()
	f.ended(ada, kept).want(t, "done", http.StatusCreated, "")
	for _, id := range canceled {
		f.ended(ada, id).want(t, "canceled", 0, "")
	}
	if sent := f.arrived(); !slices.Equal(sent, []string{"kept"}) {
		t.Errorf("sent: %v", sent)
	}
	if _, err := f.trading.CancelJob(t.Context(), ada, kept); !problem.Is(err, problem.JobNotCancelable) {
		t.Error(err)
	}
	if _, err := f.trading.CancelJob(t.Context(), ada, uuid.New()); !problem.Is(err, problem.JobNotFound) {
		t.Error(err)
	}
}

// What a ticket admits to is the order that was asked for, and no more than its user may
// do: another order, other settings and further jobs are refused, and so is everything
// once the job is over.
func TestATicketIsForOneOrder(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	id := f.accept(ada, "", buy("mine"))
	var owner string
	f.scan(&owner, "select owner from private.job_lists")
	claim, what, _, err := f.worker.BeginJob(t.Context(), owner, uuid.New(), time.Minute)
	if err != nil || what != tenant.JobRuns || claim.Job != id {
		t.Fatal(what, err)
	}
	a := claim.Admission()
	for name, try := range map[string]func() error{
		"another order": func() error { _, err := f.trading.Place(t.Context(), a, "", buy("other")); return err },
		"guards":        func() error { _, err := f.trading.SetGuards(t.Context(), a, trading.Limits{}); return err },
		"another job":   func() error { _, err := f.trading.Accept(t.Context(), a, "", buy("later")); return err },
		"no more keys":  func() error { return f.accounts.DeleteCredentials(t.Context(), a, true) },
	} {
		if err := try(); !problem.Is(err, problem.NotPermitted) {
			t.Errorf("%s by a ticket: %v", name, err)
		}
	}
	if placed, _, err := f.trading.PlaceAccepted(t.Context(), a, id); err != nil || !placed.Known {
		t.Errorf("its own order: %s %v", placed.Order, err)
	}
	if err := f.worker.FinishJob(t.Context(), claim, "done", http.StatusCreated, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.trading.PlaceAccepted(t.Context(), a, id); !errors.Is(err, tenant.ErrTicketOver) {
		t.Errorf("after the end: %v", err)
	}
	if sent := f.arrived(); !slices.Equal(sent, []string{"mine"}) {
		t.Errorf("sent: %v", sent)
	}
}

// What a ticket admits to ends with its user's access, also where the job has begun.
func TestATicketEndsWithItsUsersAccess(t *testing.T) {
	for what, end := range map[string]struct {
		sql  string
		code problem.Code
	}{
		"the session": {`update auth.session set "expiresAt" = now() - interval '1 second'`, problem.Unauthenticated},
		"the grant":   {`update app.account_grants set expires_at = now() - interval '1 second'`, problem.AccountForbidden},
		"the role":    {`update app.account_grants set role = 'viewer'`, problem.NotPermitted},
		"the account": {`update app.user_accounts set is_active = false`, problem.NotPermitted},
	} {
		t.Run(what, func(t *testing.T) {
			f := newFloor(t, 5)
			ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
			id := f.accept(ada, "", buy("mine"))
			var owner string
			f.scan(&owner, "select owner from private.job_lists")
			claim, _, _, err := f.worker.BeginJob(t.Context(), owner, uuid.New(), time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			f.exec(end.sql)
			if _, _, err := f.trading.PlaceAccepted(t.Context(), claim.Admission(), id); !problem.Is(err, end.code) {
				t.Errorf("got %v, want %s", err, end.code)
			}
			if sent := f.arrived(); len(sent) != 0 {
				t.Errorf("sent: %v", sent)
			}
		})
	}
}

// A row of River's that somebody forges, with whatever it names, causes a look and
// nothing else; and what River's rows have lost is found without them.
func TestRiversRowsAreHints(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	for _, args := range []string{`{"owner": "nobody"}`, `{"owner": "", "account_id": "` + ada.Account.String() + `"}`, `{"owner": 1}`, `[]`} {
		f.exec("insert into jobs.river_job (max_attempts, args, kind, queue) values (1, $1, 'jobs', 'jobs')", args)
	}
	id := f.accept(ada, "", buy("mine"))
	f.exec("delete from jobs.river_job where unique_key is not null")
	f.start()
	f.ended(ada, id).want(t, "done", http.StatusCreated, "")
	if sent := f.arrived(); !slices.Equal(sent, []string{"mine"}) {
		t.Errorf("sent: %v", sent)
	}
	kit.Eventually(t, "River to be done", func() bool {
		var left int
		f.scan(&left, "select count(*) from jobs.river_job where state in ('available', 'running')")
		return left == 0
	})
	// Its tables have no words of a tenant's, whatever became of the looks.
	var said int
	f.scan(&said, "select count(*) from jobs.river_job where river_job::text ~ 'AAPL|mine|session-of|token-of|ada'")
	if said > 0 {
		t.Errorf("%d of River's rows have a tenant's words in them", said)
	}
}
