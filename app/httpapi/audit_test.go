package httpapi_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// auditRow is a row of the audit, as clients get it.
type auditRow struct {
	ID        string
	At        time.Time
	Kind      string
	Actor     *string
	SessionID *string `json:"session_id"`
	RequestID *string `json:"request_id"`
	Address   *string
	Request   *string
	Action    string
	Detail    map[string]any
}

func (a answer) audit(t *testing.T) (rows []auditRow) {
	t.Helper()
	var page struct{ Audit []auditRow }
	if err := json.Unmarshal([]byte(a.text), &page); err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
	return page.Audit
}

// password is that of every user of these tests.
const password = "a good password"

// with returns the rows of an action.
func with(rows []auditRow, action string) []auditRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r auditRow) bool { return r.Action != action })
}

// Whatever changes an account, or reads its keys, is in its audit: who did it,
// with which session and request, from where.
func TestEveryChangeIsAudited(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	s.stream()
	on := func(method, path, body string) answer { return u.do(method, path, body, "X-Account-ID", id) }
	resting := `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`

	steps := []struct {
		action, method, path, body string
		status                     int
		detail                     string // that the row's detail has, as Go prints it
	}{
		{"order.place", "POST", "/api/orders", resting, 201, "symbol:AAPL"},
		{"order.cancel", "DELETE", "/api/orders/$ORDER", "", 202, "order_id:$ORDER"},
		{"order.cancel_all", "DELETE", "/api/orders", "", 207, "map[]"},
		{"guards.change", "PUT", "/api/guards", `{"max_order_notional":"10"}`, 200, "max_order_notional:10"},
		{"guards.refuse", "POST", "/api/orders", buyOne, 422, "max_order_notional"},
		{"guards.switch", "POST", "/api/guards/switch", `{"switch":"reduce_only"}`, 200, "switch:reduce_only"},
		{"configuration.change", "PATCH", "/api/account/configurations", `{"no_shorting":true}`, 200, "no_shorting:true"},
		{"watchlist.change", "POST", "/api/watchlists", `{"name":"w","symbols":["AAPL"]}`, 200, "name:w"},
		{"account.change", "PATCH", "/api/accounts/" + id, `{"name":"renamed"}`, 200, "name:renamed"},
		{"audit.export", "GET", "/api/audit/export", "", 200, "format:jsonl"},
		{"credentials.decrypt", "GET", "/api/account", "", 200, "key_version"},
	}
	order := ""
	for _, step := range steps {
		t.Run(step.action, func(t *testing.T) {
			path := strings.ReplaceAll(step.path, "$ORDER", order)
			got := on(step.method, path, step.body)
			if got.status != step.status {
				t.Fatalf("%s %s: %d %s", step.method, path, got.status, got.text)
			}
			if step.action == "order.place" {
				order = got.field(t, "id")
			}
			request := got.header.Get("X-Request-ID")
			found := with(on("GET", "/api/audit?request_id="+request, "").audit(t), step.action)
			if len(found) != 1 {
				t.Fatalf("the audit of the request has %d rows of it", len(found))
			}
			row := found[0]
			if row.Kind != "user" || row.Actor == nil || row.SessionID == nil || row.Address == nil || *row.Address != "127.0.0.1" ||
				row.Request == nil || *row.Request != step.method+" "+path || time.Since(row.At).Abs() > time.Minute {
				t.Errorf("the row says %+v", row)
			}
			if want := strings.ReplaceAll(step.detail, "$ORDER", order); !strings.Contains(fmt.Sprint(row.Detail), want) {
				t.Errorf("its detail is %v, without %s", row.Detail, want)
			}
		})
	}
	// So is what somebody does with SQL.
	s.signUp("vic")
	s.grant(id, "vic", "viewer")
	if rows := with(on("GET", "/api/audit?action=grant", "").audit(t), "grant.create"); len(rows) != 2 || rows[0].Kind != "operator" || rows[0].Detail["role"] != "viewer" {
		t.Errorf("the grants' rows are %+v", rows)
	}
}

// A page has the rows that its filter selects, each once, newest first.
func TestAuditIsListed(t *testing.T) {
	s := newServer(t)
	u, other := s.signUp("ada"), s.signUp("bob")
	id := u.connect("one", s.seeds[0])
	on := func(path string) answer { return u.do("GET", path, "", "X-Account-ID", id) }
	for range 5 {
		on("/api/account").want(t, 200, "")
	}
	all := on("/api/audit?limit=500").audit(t)
	if n := len(with(all, "credentials.decrypt")); n < 5 {
		t.Fatalf("%d decryptions of 5: %+v", n, all)
	}
	var paged []auditRow
	for path := "/api/audit?limit=3"; ; {
		got := on(path)
		paged = append(paged, got.audit(t)...)
		next := got.field(t, "next_cursor")
		if next == "" {
			break
		}
		path = "/api/audit?limit=3&before=" + next
	}
	if len(paged) != len(all) {
		t.Errorf("by pages there are %d rows, together %d", len(paged), len(all))
	}
	for i := range paged {
		if paged[i].ID != all[i].ID || i > 0 && paged[i].At.After(paged[i-1].At) {
			t.Errorf("row %d is another, or out of order", i)
		}
	}
	for _, tt := range []struct {
		filter string
		keep   func(auditRow) bool
	}{
		{"action=account.create", func(r auditRow) bool { return r.Action == "account.create" }},
		{"action=credentials", func(r auditRow) bool { return strings.HasPrefix(r.Action, "credentials.") }},
		{"without=credentials.decrypt,account.create", func(r auditRow) bool { return r.Action != "credentials.decrypt" && r.Action != "account.create" }},
		{"actor=nobody-else", func(auditRow) bool { return false }},
		{"until=" + all[2].At.UTC().Format(time.RFC3339Nano), func(r auditRow) bool { return r.At.Before(all[2].At) }},
		{"since=" + all[2].At.UTC().Format(time.RFC3339Nano), func(r auditRow) bool { return !r.At.Before(all[2].At) }},
	} {
		want := 0
		for _, r := range all {
			if tt.keep(r) {
				want++
			}
		}
		got := on("/api/audit?limit=500&" + tt.filter).audit(t)
		if len(got) != want || slices.ContainsFunc(got, func(r auditRow) bool { return !tt.keep(r) }) {
			t.Errorf("%s: %d rows, want %d", tt.filter, len(got), want)
		}
	}
	on("/api/audit?since=yesterday").want(t, 400, "invalid_query")
	on("/api/audit?until=99999-01-01T00:00:00Z").want(t, 400, "invalid_query")
	on("/api/audit/export?format=xml").want(t, 400, "invalid_query")
	// It is the owner's alone.
	s.grant(id, "bob", "trader")
	for _, path := range []string{"/api/audit", "/api/audit/export"} {
		other.do("GET", path, "", "X-Account-ID", id).want(t, 403, "not_permitted")
	}
}

// An export has every row of the audit, in either format, and is in it itself.
func TestAuditIsExported(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	// More rows than a page of the export has.
	if _, err := s.db.Conn(t, "admin").Exec(t.Context(), `insert into app.audit_log (account_id, kind, actor, action, detail)
		select $1, 'operator', E'"quo,ted"\n', 'import.row', jsonb_build_object('n', n) from generate_series(1, 1203) n`, id); err != nil {
		t.Fatal(err)
	}
	lines := u.do("GET", "/api/audit/export?action=import.row", "", "X-Account-ID", id).want(t, 200, "")
	seen := map[float64]bool{}
	for line := range strings.Lines(lines.text) {
		var row auditRow
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		seen[row.Detail["n"].(float64)] = true
	}
	if len(seen) != 1203 {
		t.Errorf("as JSON Lines it has %d different rows", len(seen))
	}
	table := u.do("GET", "/api/audit/export?format=csv&action=import.row", "", "X-Account-ID", id).want(t, 200, "")
	rows, err := csv.NewReader(strings.NewReader(table.text)).ReadAll()
	if err != nil || len(rows) != 1204 || rows[0][0] != "id" || rows[1][3] != "\"quo,ted\"\n" {
		t.Errorf("as CSV it has %d rows (%v), the second %v", len(rows), err, rows[1])
	}
	if got := table.header.Get("Content-Disposition"); got != `attachment; filename="audit.csv"` {
		t.Errorf("it is called %s", got)
	}
	if n := len(u.do("GET", "/api/audit?action=audit.export", "", "X-Account-ID", id).audit(t)); n != 2 {
		t.Errorf("two exports are %d rows of the audit", n)
	}
}

// What happens to a user's sign-in is in that user's own audit, and in nobody
// else's.
func TestSignInIsAudited(t *testing.T) {
	s := newServer(t)
	u, other := s.signUp("ada"), s.signUp("bob")
	post := func(path, body string, status int) {
		t.Helper()
		if got := u.do("POST", "/api/auth/"+path, body, "Origin", "http://paddock.test"); got.status != status {
			t.Fatalf("%s: %d %s", path, got.status, got.text)
		}
	}
	post("sign-in/email", `{"email":"ada@example.com","password":"not hers at all"}`, 401)
	post("sign-in/email", `{"email":"nobody@example.com","password":"not theirs"}`, 401)
	post("change-password", `{"currentPassword":"wrong one","newPassword":"another password"}`, 400)
	post("change-password", `{"currentPassword":"`+password+`","newPassword":"another password"}`, 200)
	post("update-user", `{"name":"Ada L."}`, 200)
	rows := u.do("GET", "/api/user/audit?limit=100", "").want(t, 200, "").audit(t)
	var actions []string
	for _, row := range slices.Backward(rows) {
		actions = append(actions, row.Action)
		if row.Address == nil || row.RequestID == nil || row.Request == nil || !strings.HasPrefix(*row.Request, "POST /api/auth/") {
			t.Errorf("the row says %+v", row)
		}
		for _, secret := range []string{password, "another password", "ada@example.com", "Ada L."} {
			if strings.Contains(fmt.Sprint(row.Detail), secret) {
				t.Errorf("the row has %q: %v", secret, row.Detail)
			}
		}
	}
	slices.Sort(actions)
	if want := []string{"password.change", "password.create", "password.refused", "session.begin", "sign_in.failed", "user.change", "user.create"}; !slices.Equal(actions, want) {
		t.Errorf("the audit has %v, want %v", actions, want)
	}
	if rows := other.do("GET", "/api/user/audit", "").audit(t); len(with(rows, "sign_in.failed")) != 0 || len(rows) == 0 {
		t.Errorf("somebody else's audit has %+v", rows)
	}
	var unknown int
	err := s.db.Conn(t, "admin").QueryRow(t.Context(), "select count(*) from app.user_audit_log where user_id = '' and action = 'sign_in.failed' and kind = 'nobody'").Scan(&unknown)
	if err != nil || unknown != 1 {
		t.Errorf("an attempt with an unknown address left %d rows (%v)", unknown, err)
	}
}

// Where the audit cannot be written, nothing is done: nobody signs in, no order is
// sent, and no password is tried.
func TestWithoutItsAuditNothingIsDone(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	s.stream()
	admin := s.db.Conn(t, "admin")
	if _, err := admin.Exec(t.Context(), "revoke insert on app.audit_log, app.user_audit_log from paddock_gate"); err != nil {
		t.Fatal(err)
	}
	failed := func(what string, got answer) {
		t.Helper()
		if got.status < 500 && got.status != http.StatusForbidden {
			t.Errorf("%s without an audit: %d %s", what, got.status, got.text)
		}
	}
	failed("an order", u.do("POST", "/api/orders", buyOne, "X-Account-ID", id))
	failed("signing in", (&user{s: s}).do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"`+password+`"}`))
	failed("a new user", (&user{s: s}).do("POST", "/api/auth/sign-up/email", `{"email":"new@example.com","name":"N","password":"`+password+`"}`))
	failed("the switch", u.do("POST", "/api/guards/switch", `{"switch":"halted"}`, "X-Account-ID", id))
	var orders, sessions, halted int
	err := admin.QueryRow(t.Context(), `select (select count(*) from app.alpaca_orders), (select count(*) from auth.session),
		(select count(*) from app.account_guards where switch = 'halted')`).Scan(&orders, &sessions, &halted)
	if err != nil || orders != 0 || sessions != 1 || halted != 0 {
		t.Errorf("there are %d orders, %d sessions and %d halted accounts (%v)", orders, sessions, halted, err)
	}
}
