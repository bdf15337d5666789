package system

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/reporting"
	"paddock/tests/pgtest"
)

// Nothing that a reporting login does blocks a revocation. Such a login can make
// every NOTIFY on the server fail, by keeping the queue full, or wait, by a NOTIFY
// of its own whose commit takes long. Meanwhile sessions are ended, grants are
// taken or changed, and accounts are halted and deleted. Each of these takes
// effect at once, and the sockets concerned are closed by a timer.
//
// Before Postgres 17, to fill the queue takes 8 GB. PADDOCK_FILL_QUEUE=1 does it.
func TestNothingBlocksARevocation(t *testing.T) {
	t.Run("NOTIFY waits", func(t *testing.T) { revokeWhile(newWorld(t), holdNotify) })
	if os.Getenv("PADDOCK_FILL_QUEUE") != "" {
		t.Run("the queue is full", func(t *testing.T) { revokeWhile(newWorld(t), fillQueue) })
	}
	if major(t) >= 17 {
		t.Run("a small queue is full", func(t *testing.T) {
			w := newWorld(t)
			w.sql("alter system set max_notify_queue_pages = 64")
			w.postgres.Server.Kill()
			if err := w.postgres.Server.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			revokeWhile(w, fillQueue)
		})
	}
}

// major returns the major version of the Postgres that tests run on.
func major(t *testing.T) (n int) {
	t.Helper()
	err := pgtest.New(t).Conn(t, "admin").QueryRow(t.Context(), "select current_setting('server_version_num')::integer / 10000").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// holdNotify has a reporting login commit a NOTIFY whose commit does not end: it
// waits for synchronous replication to a server that does not exist. Meanwhile it
// holds the lock that every NOTIFY on the server takes.
func holdNotify(w *world, url string) {
	t := w.t
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	w.sql("alter system set synchronous_standby_names = 'nobody'")
	w.sql("select pg_reload_conf()")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := conn.Exec(context.Background(), "set synchronous_commit = on; set statement_timeout = 0")
		for err == nil { // the first ones may end before the server has read its settings; the one that hangs is ended below
			_, err = conn.Exec(context.Background(), "select pg_logical_emit_message(true, 'x', 'what is to be replicated'); notify anything")
		}
	}()
	t.Cleanup(func() {
		conn.Close(context.Background())
		<-ended
	})
	admin := w.postgres.Conn(t, "admin")
	w.eventually("the lock of NOTIFY to be held", func() error {
		var held bool
		if err := admin.QueryRow(t.Context(), "select exists (select from pg_locks where locktype = 'object' and classid = 'pg_database'::regclass and objid = 0 and granted)").Scan(&held); err != nil {
			return err
		}
		if !held {
			return errors.New("it is not")
		}
		return nil
	})
	w.t.Cleanup(func() {
		w.sql("alter system reset synchronous_standby_names")
		w.sql("select pg_reload_conf()")
	})
}

// fillQueue has one session of a reporting login listen and keep a transaction
// open, and another one NOTIFY until the queue is full.
func fillQueue(w *world, url string) {
	t := w.t
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.Background()) })
		if _, err := conn.Exec(t.Context(), "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; listen x"); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	reader, writer := connect(), connect()
	if _, err := reader.Exec(t.Context(), "begin; select 1"); err != nil {
		t.Fatal(err)
	}
	began, n := time.Now(), 0
	for fill, entries := "repeat('x', 7900)", 10_000; ; n++ {
		_, err := writer.Exec(t.Context(), fmt.Sprintf("select count(pg_notify('x', %s || %d || '-' || i)) from generate_series(1, %d) i", fill, n, entries))
		if err == nil {
			continue
		}
		if !strings.Contains(err.Error(), "too many notifications") {
			t.Fatal(err)
		}
		if entries == 1 {
			break
		}
		if entries /= 10; entries == 1 {
			fill = "''" // small entries fill the rest of the last page
		}
	}
	var usage float64
	if err := writer.QueryRow(t.Context(), "select pg_notification_queue_usage()").Scan(&usage); err != nil || usage < 0.99 {
		t.Fatalf("the queue is full to %v: %v", usage, err)
	}
	t.Logf("the queue was full after %v", time.Since(began).Round(time.Second))
}

// soon is how long a revocation may take on a busy machine, and how long a socket
// may stay open after it. Sockets are checked by a timer, every 0.9 s.
const soon = 4 * time.Second

func revokeWhile(w *world, block func(w *world, url string)) {
	t := w.t
	w.settings = []string{"PADDOCK_AUTH_RATE_LIMIT=false"}
	w.sql("alter database " + w.postgres.Name + " set synchronous_commit = 'local'")
	w.start()
	// The watchdog would end the login's sessions. Revocations do not depend on it.
	w.sql("revoke execute on function private.end_report_sessions from paddock_worker")
	ada := w.signUp("ada")
	account := ada.connect("one", w.seeds[0])
	owner, err := pgx.Connect(t.Context(), w.postgres.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(context.Background())
	login := "report_" + strings.ToLower(w.postgres.Name[len("paddock_test_"):])
	password, err := reporting.Create(t.Context(), owner, login, []uuid.UUID{uuid.MustParse(account.id)}, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	report, err := url.Parse(w.postgres.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	report.User = url.UserPassword(login, password)

	admin := w.postgres.Conn(t, "admin")
	if _, err := admin.Exec(t.Context(), "set lock_timeout = '3s'; set statement_timeout = '3s'"); err != nil {
		t.Fatal(err)
	}
	// All sessions and sockets are opened before NOTIFY is blocked.
	for _, name := range []string{"out", "revoker", "changer", "viewer", "expiring", "taken", "gone", "leaver"} {
		w.signUp(name)
	}
	grant := func(name string) {
		w.sql(`insert into app.account_grants (account_id, user_id, role) select '` + account.id + `', id, 'trader' from auth."user" where name = '` + name + `'`)
	}
	for _, name := range []string{"viewer", "expiring", "taken"} {
		grant(name)
	}
	leaver := w.signIn("leaver")
	leaving := leaver.connect("mine", w.seeds[1])
	closing, gone := w.signIn("out"), w.signIn("gone")
	revoker, other := w.signIn("revoker"), w.signIn("revoker")
	changer, stolen := w.signIn("changer"), w.signIn("changer")
	viewer, expiring, taken := w.signIn("viewer"), w.signIn("expiring"), w.signIn("taken")
	sockets := map[string]<-chan string{}
	for what, of := range map[string]struct {
		user    *user
		account string
	}{
		"signed out": {closing, ""}, "revoked": {other, ""}, "changed password": {stolen, ""}, "user deleted": {gone, ""},
		"grant expired": {expiring, account.id}, "grant taken": {taken, account.id}, "account deleted": {leaver, leaving.id},
	} {
		sockets[what] = of.user.hear(of.account)
	}
	block(w, report.String())

	post := func(u *user, method, path, account string, body any, want int) func() error {
		return func() error {
			r := u.call(method, path, account, body)
			if r.StatusCode != want {
				text, _ := io.ReadAll(r.Body)
				return fmt.Errorf("%d %s, want %d", r.StatusCode, text, want)
			}
			return nil
		}
	}
	sql := func(statement string) func() error {
		return func() error {
			_, err := admin.Exec(t.Context(), statement)
			return err
		}
	}
	grantOf := func(name string) string {
		return ` where account_id = '` + account.id + `' and user_id = (select id from auth."user" where name = '` + name + `')`
	}
	grants := func(name string) string {
		var id string
		if err := admin.QueryRow(t.Context(), `select id from auth."user" where name = $1`, name).Scan(&id); err != nil {
			t.Fatal(err)
		}
		return "/api/accounts/" + account.id + "/grants/" + id
	}
	session := func(u *user) error { return wantStatus(w.get("/api/accounts", u), http.StatusUnauthorized) }
	forbidden := func(u *user, method, account string, status int) error {
		return wantStatus(u.call(method, "/api/guards/switch", account, map[string]string{"switch": "open"}), status)
	}
	for _, revocation := range []struct {
		what   string
		do     func() error
		holds  func() error // checks that do took effect at once
		socket string       // what its socket must be told, or "" for no socket
	}{
		{"signed out", post(closing, "POST", "/api/auth/sign-out", "", map[string]string{}, 200), func() error { return session(closing) }, "4401"},
		{"revoked", post(revoker, "POST", "/api/auth/revoke-other-sessions", "", map[string]string{}, 200), func() error { return session(other) }, "4401"},
		{"changed password", post(changer, "POST", "/api/auth/change-password", "", map[string]any{
			"currentPassword": changer.password, "newPassword": "another password", "revokeOtherSessions": true}, 200), func() error { return session(stolen) }, "4401"},
		{"user deleted", sql(`delete from auth."user" where name = 'gone'`), func() error { return session(gone) }, "4401"},
		{"grant lowered", post(ada, "PATCH", grants("viewer"), "", map[string]string{"role": "viewer"}, 200),
			func() error { return forbidden(viewer, "POST", account.id, http.StatusForbidden) }, ""},
		{"grant expired", sql("update app.account_grants set expires_at = now()" + grantOf("expiring")),
			func() error { return forbidden(expiring, "POST", account.id, http.StatusForbidden) }, "account_forbidden"},
		{"grant taken", post(ada, "DELETE", grants("taken"), "", nil, 204),
			func() error { return forbidden(taken, "POST", account.id, http.StatusForbidden) }, "account_forbidden"},
		{"halted", post(ada, "POST", "/api/guards/switch", account.id, map[string]string{"switch": "halted"}, 200), func() error {
			if r := account.buy("AAPL", 1, ""); r.StatusCode != http.StatusForbidden && r.StatusCode != http.StatusUnprocessableEntity {
				return fmt.Errorf("an order is answered %d", r.StatusCode)
			}
			return nil
		}, ""},
		{"keys deleted", post(ada, "DELETE", "/api/accounts/"+account.id+"/credentials", "", nil, 204), func() error { return nil }, ""},
		{"account deleted", post(leaver, "DELETE", "/api/accounts/"+leaving.id, "", nil, 204),
			func() error { return forbidden(leaver, "POST", leaving.id, http.StatusForbidden) }, "account_forbidden"},
		{"login dropped", func() error { return reporting.Drop(t.Context(), owner, login) }, func() error { return nil }, ""},
	} {
		began := time.Now()
		if err := revocation.do(); err != nil {
			t.Errorf("%s: %v", revocation.what, err)
		}
		if err := revocation.holds(); err != nil {
			t.Errorf("%s: afterwards: %v", revocation.what, err)
		}
		if took := time.Since(began); took > soon {
			t.Errorf("%s took %v", revocation.what, took)
		}
		if revocation.socket == "" {
			continue
		}
		select {
		case told := <-sockets[revocation.what]:
			if told != revocation.socket {
				t.Errorf("%s: the socket was told %q, want %s", revocation.what, told, revocation.socket)
			}
		case <-time.After(soon):
			t.Errorf("%s: the socket is still open after %v", revocation.what, soon)
		}
	}
}

// hear opens a socket, which follows the account if one is given. The channel gets
// how that ends: the code of the end of the subscription, or the code with which
// the socket is closed.
func (u *user) hear(account string) <-chan string {
	u.w.t.Helper()
	ctx := u.w.t.Context()
	conn, err := u.dial(ctx)
	if err != nil {
		u.w.t.Fatal(err)
	}
	u.w.t.Cleanup(func() { conn.CloseNow() })
	if account != "" {
		if err := conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"subscribe","account_id":%q}`, account)); err != nil {
			u.w.t.Fatal(err)
		}
		var m said
		if _, text, err := conn.Read(ctx); err != nil || json.Unmarshal(text, &m) != nil || m.Type != "subscribed" {
			u.w.t.Fatalf("%s was told %s (%v)", u.name, text, err)
		}
	}
	ended := make(chan string, 1)
	go func() {
		for {
			_, text, err := conn.Read(ctx)
			var m said
			switch {
			case err != nil:
				ended <- fmt.Sprint(int(websocket.CloseStatus(err)))
				return
			case json.Unmarshal(text, &m) == nil && m.Type == "unsubscribed":
				ended <- m.Code
				return
			}
		}
	}()
	return ended
}

// signIn opens another session for a user who has signed up.
func (w *world) signIn(name string) *user {
	w.t.Helper()
	u := &user{w: w, name: name, password: "the password of " + name}
	body, _ := json.Marshal(map[string]string{"email": name + "@example.com", "password": u.password})
	response, err := http.Post("http://"+w.addr+"/api/auth/sign-in/email", "application/json", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	u.takeCookie(response)
	if response.StatusCode != 200 || u.cookie == "" {
		w.t.Fatalf("sign in: %d", response.StatusCode)
	}
	return u
}

func (w *world) sql(statement string) {
	w.t.Helper()
	conn, err := pgx.Connect(context.Background(), w.postgres.AdminURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), statement); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}
