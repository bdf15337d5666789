package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"paddock/tests/pgtest"
)

// texts returns the one column of a query's rows, as the administrator.
func texts(t *testing.T, db *pgtest.DB, sql string, args ...any) (found []string) {
	t.Helper()
	rows, err := db.Conn(t, "admin").Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		found = append(found, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

const byPassword = `{"password":"a good password"}`

// A user who deletes themselves takes the accounts that they own with them, and
// nothing of anybody else. Who held a grant on such an account has lost it within
// a second. The audit stays: it says who did it, and has no name and no address.
func TestAUserDeletesThemselves(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.hub.Run(ctx) }) // returns nil when ctx ends
	defer func() { cancel(); running.Wait() }()

	ann, bob := s.signUp("ann"), s.signUp("bob")
	account, second := ann.connect("one", s.seeds[0]), ann.connect("two", s.seeds[1])
	foreign := bob.connect("of bob", s.seeds[2])
	s.grant(account, "bob", "trader")
	s.grant(foreign, "ann", "viewer")
	for _, of := range []string{account, second} {
		ann.do("POST", "/api/orders", buyOne, "X-Account-ID", of).want(t, 201, "")
	}
	ann.do("POST", "/api/agent-logs", `{"logs":[{"level":"info","message":"hello"}]}`, "X-Account-ID", account).want(t, 201, "")
	id := texts(t, s.db, `select id from auth."user" where email = 'ann@example.com'`)[0]
	session := texts(t, s.db, `select id from auth.session where "userId" = $1`, id)[0]
	// What the market has not filled yet would be open.
	if _, err := s.db.Conn(t, "admin").Exec(t.Context(), "update app.alpaca_orders set status = 'filled' where status not in ('filled')"); err != nil {
		t.Fatal(err)
	}

	request, err := http.NewRequest("GET", s.url+"/api/events?account_id="+account, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", bob.cookie)
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("follow: %v %v", response, err)
	}
	defer response.Body.Close()
	ended := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(response.Body) // ends with the stream, in whatever way
		ended <- string(text)
	}()

	ann.do("POST", "/api/auth/delete-user", `{"password":"not this one"}`, "Origin", "http://paddock.test").want(t, 400, "INVALID_PASSWORD")
	gone := ann.do("POST", "/api/auth/delete-user", byPassword, "Origin", "http://paddock.test").want(t, 200, "")
	deleted := time.Now()
	if cookie := gone.header.Get("Set-Cookie"); !strings.Contains(cookie, "Max-Age=0") {
		t.Errorf("the cookie is not cleared: %q", cookie)
	}
	select {
	case text := <-ended:
		if !strings.Contains(text, "account_forbidden") {
			t.Errorf("bob's stream ended without saying why: %s", text)
		}
		if took := time.Since(deleted); took > 2*time.Second {
			t.Errorf("bob's stream ended %v after the account", took)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("bob's stream goes on")
	}
	ann.do("GET", "/api/accounts", "").want(t, 401, "unauthenticated")
	bob.do("GET", "/api/orders", "", "X-Account-ID", account).want(t, 403, "account_forbidden")
	bob.do("GET", "/api/orders", "", "X-Account-ID", foreign).want(t, 200, "")
	ann.do("POST", "/api/auth/sign-in/email", `{"email":"ann@example.com","password":"a good password"}`, "Origin", "http://paddock.test").want(t, 401, "INVALID_EMAIL_OR_PASSWORD")

	// No row of any table but the audit's names the user or their accounts.
	tables := texts(t, s.db, `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('auth', 'app', 'private') and c.relkind in ('r', 'p') and not c.relispartition order by 1`)
	for _, table := range tables {
		left := texts(t, s.db, "select t::text from "+table+" t where strpos(t::text, $1) > 0 or strpos(t::text, $2) > 0 or strpos(t::text, $3) > 0", id, account, second)
		if isAudit := strings.HasSuffix(table, "audit_log"); isAudit != (len(left) > 0) {
			t.Errorf("%s has %v", table, left)
		}
		if named := texts(t, s.db, "select t::text from "+table+" t where strpos(t::text, 'ann@example.com') > 0"); len(named) > 0 {
			t.Errorf("%s has the address: %v", table, named)
		}
	}
	said := texts(t, s.db, `select concat_ws(' ', action, kind, actor = $1, session_id = $2) from app.user_audit_log where user_id = $1 and action = 'user.delete'
		union all select concat_ws(' ', action, kind, actor = $1, session_id = $2) from app.audit_log where action in ('account.delete') order by 1`, id, session)
	if want := []string{"account.delete user t t", "account.delete user t t", "user.delete user t t"}; !slices.Equal(said, want) {
		t.Errorf("the audit says %q, want %q", said, want)
	}
}

// Nobody is deleted while an order of an account of theirs is open at the broker,
// or may be because the broker's answer is missing: neither by their own wish nor,
// unless it is asked for, by an operator's. Nothing is lost by the refusal.
func TestOpenOrdersKeepAUser(t *testing.T) {
	s := newServer(t)
	ann := s.signUp("ann")
	account := ann.connect("Swing", s.seeds[0])
	admin := s.db.Conn(t, "admin")
	resting := ann.do("POST", "/api/orders", restingOrder, "X-Account-ID", account).want(t, 201, "")
	refused := ann.do("POST", "/api/auth/delete-user", byPassword, "Origin", "http://paddock.test").want(t, 409, "OPEN_ORDERS")
	if !strings.Contains(refused.text, "1 order(s)") || strings.Contains(refused.text, "Swing") {
		t.Errorf("it does not say how many, or more than that, which sign-in may not know: %s", refused.text)
	}
	if refused.header.Get("Set-Cookie") != "" {
		t.Error("the refusal clears the cookie")
	}
	ann.do("GET", "/api/orders/"+resting.field(t, "id"), "", "X-Account-ID", account).want(t, 200, "")
	for _, state := range []string{"submitting", "unknown"} { // the broker's answer is missing, or it does not know the order
		if _, err := admin.Exec(t.Context(), "update app.alpaca_orders set intent_state = $1, status = $1, alpaca_order_id = null", state); err != nil {
			t.Fatalf("%s: %v", state, err)
		}
		ann.do("POST", "/api/auth/delete-user", byPassword, "Origin", "http://paddock.test").want(t, 409, "OPEN_ORDERS")
	}
	owner := s.db.Conn(t, "owner")
	id := texts(t, s.db, `select id from auth."user"`)[0]
	delete := func(openOrders string) (blocked bool) {
		t.Helper()
		if err := owner.QueryRow(t.Context(), "select private.delete_user($1, $2) is not null", id, openOrders).Scan(&blocked); err != nil {
			t.Fatal(err)
		}
		return blocked
	}
	if !delete("refuse") {
		t.Error("an operator deletes a user with open orders unasked")
	}
	if delete("leave") {
		t.Error("an operator cannot leave open orders at the broker")
	}
	ann.do("GET", "/api/accounts", "").want(t, 401, "unauthenticated")
}

// Deletions, orders and new accounts of one user at the same moment end with all or
// nothing: the user is gone with every account, or every order is there.
func TestDeletionsAmongOrders(t *testing.T) {
	s := newServer(t)
	for round := range 4 {
		name := "user" + string(rune('a'+round))
		u := s.signUp(name)
		id := texts(t, s.db, `select id from auth."user" where email = $1`, name+"@example.com")[0]
		account := u.connect("one", s.seeds[round%3])
		var all sync.WaitGroup
		statuses := make([]int, 3)
		for i, do := range []func() answer{
			func() answer {
				return u.do("POST", "/api/auth/delete-user", byPassword, "Origin", "http://paddock.test")
			},
			func() answer { return u.do("POST", "/api/orders", restingOrder, "X-Account-ID", account) },
			func() answer { return u.do("POST", "/api/accounts", `{"name":"two","environment":"paper"}`) },
		} {
			all.Go(func() { statuses[i] = do().status })
		}
		all.Wait()
		left := texts(t, s.db, `select u.id::text from app.user_accounts u where u.user_id = $1`, id)
		users := texts(t, s.db, `select id from auth."user" where id = $1`, id)
		switch statuses[0] {
		case 200:
			if len(left) > 0 || len(users) > 0 {
				t.Errorf("round %d (%v): deleted, and there are %v %v", round, statuses, users, left)
			}
		case 409, 503:
			if len(left) == 0 || len(users) != 1 {
				t.Errorf("round %d (%v): refused, and there are %v %v", round, statuses, users, left)
			}
		default:
			t.Errorf("round %d: %v", round, statuses)
		}
		for _, status := range statuses {
			if status == 500 {
				t.Errorf("round %d: %v", round, statuses)
			}
		}
	}
}
