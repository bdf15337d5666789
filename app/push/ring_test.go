package push_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/tests/kit"
)

// readTracer counts the reads of events, and calls after when one has ended.
type readTracer struct {
	reads atomic.Int64
	after func()
}

type isRead struct{}

func (r *readTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if !strings.Contains(q.SQL, "private.read_events") {
		return ctx
	}
	r.reads.Add(1)
	return context.WithValue(ctx, isRead{}, true)
}

func (r *readTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if r.after != nil && ctx.Value(isRead{}) != nil {
		r.after()
	}
}

// hears waits until the hub has heard a ring more than before.
func (f *fixture) hears(before int64) {
	f.t.Helper()
	kit.Eventually(f.t, "the ring to be heard", func() bool { return f.hub.State().Rings > before })
}

// What is written in the hub's own process reaches its sockets without a
// notification.
func TestRingInTheProcess(t *testing.T) {
	f := newFixture(t, nil)
	c := f.dial(1)
	c.subscribe(1, "")
	c.want("subscribed", "")
	silent := tenant.NewDoorbell(nil, slog.New(slog.DiscardHandler)) // it does not run, so that it notifies nobody
	silent.Near = f.hub
	f.tenant = tenant.NewDB(f.db.Pool(t, "paddock_app"), silent)
	f.say(1, "near")
	c.want("event", "")
	if n := f.hub.State().Rings; n != 0 {
		t.Errorf("%d notifications were heard", n)
	}
	f.exec(`delete from auth.session where id = 's1'`)
	silent.RingAll()
	c.wantClosed(4401)
}

// The notification of a ring that was heard in the process has nothing read again.
func TestRingInTheProcessIsReadOnce(t *testing.T) {
	r := &readTracer{}
	f := newFixtureOf(t, true, r, nil)
	c := f.dial(1)
	c.subscribe(1, "")
	c.want("subscribed", "")
	said := func(n int) {
		before := f.hub.State().Rings
		f.say(1, fmt.Sprint("said ", n))
		c.want("event", "")
		f.hears(before)
	}
	said(0) // the doorbell learns who notifies for it
	before := r.reads.Load()
	for n := range 5 {
		said(n)
	}
	if n := r.reads.Load() - before; n != 5 {
		t.Errorf("five events were read for %d times", n)
	}
}

// A ring in the process delivers nothing by itself: whoever lost the account
// meanwhile is sent no event by it.
func TestRingInTheProcessAsksTheDatabase(t *testing.T) {
	f := newFixtureOf(t, true, nil, nil)
	f.exec(`insert into app.account_grants (account_id, user_id, role) values ('` + account(1) + `', 'u2', 'viewer')`)
	owner, viewer := f.dial(1), f.dial(2)
	for _, c := range []*client{owner, viewer} {
		c.subscribe(1, "")
		c.want("subscribed", "")
	}
	f.say(1, "for both")
	owner.want("event", "")
	viewer.want("event", "")
	f.exec(`delete from app.account_grants where user_id = 'u2' and account_id = '` + account(1) + `'`)
	f.say(1, "for one")
	owner.want("event", "")
	viewer.want("unsubscribed", "account_forbidden")
}

// An event that is committed while the last page of somebody who was behind is read
// reaches them, although its ring had nothing read for them.
func TestNothingIsLostBetweenBehindAndLive(t *testing.T) {
	r := &readTracer{}
	var f *fixture
	var other *client
	armed := atomic.Bool{}
	r.after = func() {
		if !armed.CompareAndSwap(true, false) {
			return
		}
		f.say(1, "in between")
		f.say(2, "after it") // rings are read for in order: when this one came, the other has been looked at
		other.want("event", "")
	}
	f = newFixtureOf(t, false, r, nil)
	other = f.dial(2)
	other.subscribe(2, "")
	other.want("subscribed", "")
	f.say(1, "before")
	f.say(2, "settled")
	other.want("event", "")
	armed.Store(true)
	c := f.dial(1)
	c.subscribe(1, `,"cursor":0`)
	c.want("subscribed", "")
	c.want("event", "")
	if m := c.want("event", ""); !strings.Contains(string(m.Data), "in between") {
		t.Errorf("received %s", m.Data)
	}
}

// An event of a writer that rings no doorbell, such as psql, has its account rung for
// by the log. It rings for nothing that ends a right or stops trading, whose commit
// no NOTIFY may hold up, and for nobody who says that they ring.
func TestTheLogRingsForOthers(t *testing.T) {
	f := newFixture(t, nil)
	c := f.dial(1)
	c.subscribe(1, "")
	c.want("subscribed", "")
	data := map[string]string{
		"agent_log": `{"count": 1, "first_at": "2026-01-01T00:00:00Z", "last_at": "2026-01-01T00:00:00Z", "levels": {"info": 1}, "logs": []}`, "position": `{"positions": []}`,
		"account":     `{"name": "one", "is_active": true, "stream_mode": "auto"}`,
		"credentials": `{"state": "stored"}`,
		"guard":       `{"event": "switch", "switch": "halted", "reason": null}`,
		"job":         `{"event": "canceled_all", "canceled": 1}`,
		"webhook":     `{"event": "off", "webhook_id": "` + account(9) + `", "reason": "no_access"}`,
	}
	write := func(kind, before string) {
		t.Helper()
		conn := f.db.Conn(t, "paddock_app")
		for _, sql := range []string{"begin", before, "select private.admit('" + token(1) + "', '" + account(1) + "')", "select private.append_event('" + kind + "', '" + data[kind] + "')", "commit"} {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
	}
	write("agent_log", "")
	c.want("event", "")
	rung := f.hub.State().Rings
	for _, kind := range []string{"account", "credentials", "guard", "job", "webhook"} {
		write(kind, "")
	}
	write("agent_log", "set app.rings = 'on'")
	write("position", "")
	for range 7 { // all of them, by the last one's ring
		c.want("event", "")
	}
	if n := f.hub.State().Rings - rung; n != 1 {
		t.Errorf("%d rings were heard, want one for the position", n)
	}
}

// A ring names each account that has news, however many they are.
func TestRingNamesAllAccounts(t *testing.T) {
	f := newFixture(t, nil)
	admin := f.db.Conn(t, "admin")
	var channel string
	if err := admin.QueryRow(t.Context(), "select channel from private.doorbell").Scan(&channel); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(t.Context(), "listen "+pgx.Identifier{channel}.Sanitize()); err != nil {
		t.Fatal(err)
	}
	for _, accounts := range []int{0, 1, 900, 901, 2500} {
		ids, want := make([]uuid.UUID, accounts), make([]string, accounts)
		for i := range ids {
			ids[i] = uuid.New()
			want[i] = ids[i].String()[28:]
		}
		if _, err := f.db.Conn(t, "paddock_worker").Exec(t.Context(), "select private.notify_events($1)", ids); err != nil {
			t.Fatal(err)
		}
		var got []string
		for range max((accounts+899)/900, 1) {
			n, err := admin.WaitForNotification(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for at := 0; at+8 <= len(n.Payload); at += 8 {
				got = append(got, n.Payload[at:at+8])
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("a ring for %d accounts names %d", accounts, len(got))
		}
	}
}

// However many grants a user has, those of the accounts that are asked about are read.
func TestReadingReadsNoOtherGrants(t *testing.T) {
	f := newFixture(t, nil)
	f.exec(`insert into app.user_accounts (id, user_id, name, environment) select ('00000000-0000-4000-8001-' || lpad(n::text, 12, '0'))::uuid, 'u1', 'a ' || n, 'paper' from generate_series(1, 1000) n;
		insert into app.account_grants (account_id, user_id, role) select id, user_id, 'owner' from app.user_accounts where name like 'a %';
		insert into app.event_heads (account_id) select id from app.user_accounts where name like 'a %'; analyze`)
	pool, err := tenant.OpenPool(t.Context(), tenant.PoolConfig{URL: f.db.URL("paddock_worker"), MaxConns: 1, Name: "one session"})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	worker := tenant.NewWorker(pool, nil)
	places := make([]tenant.Subscription, 50)
	for i := range places {
		places[i] = tenant.Subscription{Token: token(1), Account: uuid.MustParse(fmt.Sprintf("00000000-0000-4000-8001-%012d", i+1))}
	}
	read := func() (rows int) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), "select pg_stat_force_next_flush()"); err != nil {
			t.Fatal(err)
		}
		err := f.db.Conn(t, "admin").QueryRow(t.Context(), "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'account_grants'").Scan(&rows)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	before := read()
	if _, err := worker.ReadEvents(t.Context(), places, 10, 1<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := worker.ChangedPlaces(t.Context(), places); err != nil {
		t.Fatal(err)
	}
	if n := read() - before; n != 2*len(places) {
		t.Errorf("%d grants were read for two questions about %d accounts", n, len(places))
	}
}
