package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"paddock/app/alpacasim"
	"paddock/tests/kit"
)

const buyOne = `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"1"}`

// Each wrong way to name an account has its own code. An account of another
// user is treated like one that does not exist.
func TestNamingAnAccount(t *testing.T) {
	s := newServer(t)
	u, other := s.signUp("ada"), s.signUp("bob")
	mine, foreign := u.connect("one", s.seeds[0]), other.connect("one", s.seeds[1])
	unknown := uuid.NewString()

	paths := []struct{ method, path, body string }{
		{"GET", "/api/account", ""}, {"GET", "/api/positions", ""}, {"POST", "/api/positions", ""}, {"GET", "/api/orders", ""},
		{"POST", "/api/orders", buyOne}, {"GET", "/api/orders/" + unknown, ""}, {"DELETE", "/api/orders/" + unknown, ""},
		{"PATCH", "/api/orders/" + unknown, `{"qty":"1"}`}, {"POST", "/api/orders/" + unknown + "/dismiss", ""}, {"POST", "/api/orders/preview", buyOne},
		{"DELETE", "/api/positions", ""}, {"DELETE", "/api/positions/AAPL", ""},
		{"GET", "/api/guards", ""}, {"PUT", "/api/guards", `{}`}, {"POST", "/api/guards/switch", `{"switch":"halted"}`},
		{"GET", "/api/trading-positions", ""}, {"GET", "/api/fills", ""},
		{"POST", "/api/sync", ""}, {"GET", "/api/agent-logs", ""}, {"POST", "/api/agent-logs", `{"logs":[{"level":"info","message":"m"}]}`},
	}
	for _, p := range paths {
		t.Run(p.method+" "+strings.Replace(p.path, unknown, "id", 1), func(t *testing.T) {
			do := func(query string, headers ...string) answer { return u.do(p.method, p.path+query, p.body, headers...) }
			do("").want(t, 400, "account_required")
			do("", "X-Account-ID", "nonsense").want(t, 400, "account_malformed")
			do("", "X-Account-ID", strings.ReplaceAll(mine, "-", "")).want(t, 400, "account_malformed")
			do("", "X-Account-ID", uuid.Nil.String()).want(t, 400, "account_malformed")
			do("?account_id="+unknown, "X-Account-ID", mine).want(t, 400, "account_ambiguous")
			do("?account_id="+mine+"&account_id="+foreign).want(t, 400, "account_ambiguous")
			a := do("", "X-Account-ID", foreign).want(t, 403, "account_forbidden")
			b := do("?account_id="+unknown).want(t, 403, "account_forbidden")
			if a.field(t, "message") != b.field(t, "message") {
				t.Error("the messages for another user's account and for an unknown one differ")
			}
			(&user{s: s}).do(p.method, p.path, p.body, "X-Account-ID", mine).want(t, 401, "unauthenticated")
			(&user{s: s, cookie: "better-auth.session_token=forged.c2ln"}).do(p.method, p.path, p.body, "X-Account-ID", mine).want(t, 401, "unauthenticated")
		})
	}
	for _, p := range []struct{ method, path, body string }{
		{"GET", "", ""}, {"PATCH", "", `{"name":"x"}`}, {"DELETE", "", ""}, {"GET", "/health", ""}, {"GET", "/credentials", ""},
		{"GET", "/history-import", ""}, {"POST", "/history-import", ""},
		{"PUT", "/credentials", `{"key_id":"PKAAAAAAAA","secret_key":"abcdefghij"}`}, {"DELETE", "/credentials", ""},
	} {
		t.Run("path "+p.method+p.path, func(t *testing.T) {
			u.do(p.method, "/api/accounts/"+foreign+p.path, p.body).want(t, 403, "account_forbidden")
			u.do(p.method, "/api/accounts/"+unknown+p.path, p.body).want(t, 403, "account_forbidden")
			u.do(p.method, "/api/accounts/nonsense"+p.path, p.body).want(t, 400, "account_malformed")
		})
	}
}

// A cookie of the session's name from another host of the same site signs
// nobody out, of the API or of sign-in.
func TestJunkCookiesSignNobodyOut(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	u.connect("one", s.seeds[0])
	for _, cookies := range []string{
		"better-auth.session_token=junk; " + u.cookie,
		"better-auth.session_token=junk.c2ln; better-auth.session_token=; " + u.cookie + "; better-auth.session_token=junk",
	} {
		with := &user{s: s, cookie: cookies}
		with.do("GET", "/api/accounts", "").want(t, 200, "")
		if in := with.do("GET", "/api/auth/get-session", ""); !strings.Contains(in.text, "ada@example.com") || in.header.Get("Set-Cookie") != "" {
			t.Errorf("with %s the session is %s, and %q is set", cookies, in.text, in.header.Get("Set-Cookie"))
		}
	}
	(&user{s: s, cookie: "better-auth.session_token=junk; better-auth.session_token=junk.c2ln"}).do("GET", "/api/accounts", "").want(t, 401, "unauthenticated")
}

// Accounts are created, renamed, paused, given keys, and deleted. Keys that do
// not fit are refused.
func TestAccounts(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	u.do("POST", "/api/accounts", `{"name":"","environment":"paper"}`).want(t, 400, "invalid_account")
	u.do("POST", "/api/accounts", `{"name":"x","environment":"moon"}`).want(t, 400, "invalid_account")
	u.do("POST", "/api/accounts", `{"name":"x","enviroment":"paper"}`).want(t, 400, "unknown_field")
	id := u.do("POST", "/api/accounts", `{"name":"  one ","environment":"paper"}`).field(t, "id")
	u.do("POST", "/api/accounts", `{"name":"one","environment":"live"}`).want(t, 409, "account_name_taken")
	s.signUp("bob").do("POST", "/api/accounts", `{"name":"one","environment":"paper"}`).want(t, 201, "")

	account := "/api/accounts/" + id
	u.do("GET", account+"/credentials", "").want(t, 404, "no_credentials")
	u.do("GET", "/api/account", "", "X-Account-ID", id).want(t, 409, "needs_credentials")
	u.do("POST", "/api/orders", buyOne, "X-Account-ID", id).want(t, 409, "needs_credentials")
	keys := func(s alpacasim.AccountSeed) string {
		return `{"key_id":"` + s.KeyID + `","secret_key":"` + s.SecretKey + `"}`
	}
	u.do("PUT", account+"/credentials", `{"key_id":"bad key\n","secret_key":"x"}`).want(t, 400, "invalid_credentials")
	wrong := u.do("PUT", account+"/credentials", `{"key_id":"`+s.seeds[0].KeyID+`","secret_key":"`+s.seeds[1].SecretKey+`"}`).want(t, 422, "credentials_rejected")
	if !strings.Contains(wrong.text, "40110000") {
		t.Errorf("the broker's code is missing: %s", wrong.text)
	}
	stored := u.do("PUT", account+"/credentials", keys(s.seeds[0])).want(t, 200, "")
	if strings.Contains(stored.text, s.seeds[0].KeyID) || stored.field(t, "key_last4") != s.seeds[0].KeyID[16:] {
		t.Errorf("the metadata is %s", stored.text)
	}
	u.do("PUT", account+"/credentials", keys(s.seeds[1])).want(t, 409, "different_broker_account")
	second := u.do("POST", "/api/accounts", `{"name":"two","environment":"paper"}`).field(t, "id")
	u.do("PUT", "/api/accounts/"+second+"/credentials", keys(s.seeds[0])).want(t, 409, "broker_account_in_use")
	if used := u.do("GET", account+"/credentials", ""); used.field(t, "last_decrypted_at") != "" {
		t.Error("last_decrypted_at is set before any use")
	}
	u.do("GET", "/api/account", "", "X-Account-ID", id).want(t, 200, "")
	if used := u.do("GET", account+"/credentials", ""); used.field(t, "last_decrypted_at") == "" {
		t.Error("last_decrypted_at is not set after a use")
	}

	u.do("PATCH", account, `{"name":"two"}`).want(t, 409, "account_name_taken")
	u.do("PATCH", account, `{"name":"renamed","is_active":false}`).want(t, 200, "")
	u.do("POST", "/api/orders", buyOne, "X-Account-ID", id).want(t, 403, "not_permitted")
	u.do("GET", "/api/orders", "", "X-Account-ID", id).want(t, 200, "")
	u.do("PATCH", account, `{"is_active":true}`).want(t, 200, "")
	u.do("DELETE", account+"/credentials", "").want(t, 204, "")
	u.do("GET", "/api/account", "", "X-Account-ID", id).want(t, 409, "needs_credentials")
	u.do("DELETE", account, "").want(t, 204, "")
	u.do("GET", account, "").want(t, 403, "account_forbidden")

	var audited int
	err := s.db.Conn(t, "admin").QueryRow(t.Context(), "select count(*) from app.audit_log where account_id = $1 and kind = 'user' and actor is not null and session_id is not null and request_id is not null", id).Scan(&audited)
	if err != nil || audited < 6 {
		t.Errorf("the audit has %d lines of the deleted account (%v)", audited, err)
	}
}

// On a paused account new orders are refused, and open ones can be canceled. A
// viewer cannot cancel.
func TestPausedAccount(t *testing.T) {
	s := newServer(t)
	u, friend := s.signUp("ada"), s.signUp("bob")
	id := u.connect("one", s.seeds[0])
	resting := `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1","client_order_id":"resting"}`
	order := u.do("POST", "/api/orders", resting, "X-Account-ID", id).want(t, 201, "").field(t, "id")
	s.grant(id, "bob", "viewer")
	u.do("PATCH", "/api/accounts/"+id, `{"is_active":false}`).want(t, 200, "")
	u.do("POST", "/api/orders", buyOne, "X-Account-ID", id).want(t, 403, "not_permitted")
	friend.do("DELETE", "/api/orders/"+order, "", "X-Account-ID", id).want(t, 403, "not_permitted")
	if canceled := u.do("DELETE", "/api/orders/"+order, "", "X-Account-ID", id).want(t, 202, ""); canceled.field(t, "status") != "canceled" {
		t.Errorf("canceled on a paused account: %s", canceled.text)
	}
}

// A grant decides what its user may do: a viewer reads, a trader trades, and
// only the owner manages. An expired grant allows nothing.
func TestRoles(t *testing.T) {
	s := newServer(t)
	owner, friend := s.signUp("ada"), s.signUp("bob")
	id := owner.connect("one", s.seeds[0])
	admin := s.db.Conn(t, "admin")
	grant := func(role, until string) {
		_, err := admin.Exec(t.Context(), `insert into app.account_grants (account_id, user_id, role, expires_at)
			select $1, u.id, $2, now() + $3::interval from auth."user" u where email = 'bob@example.com'
			on conflict (account_id, user_id) do update set role = excluded.role, expires_at = excluded.expires_at`, id, role, until)
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		role, until        string
		look, trade, admin int
	}{
		{"viewer", "1 hour", 200, 403, 403}, {"trader", "1 hour", 200, 201, 403}, {"owner", "1 hour", 200, 201, 200}, {"owner", "-1 second", 403, 403, 403},
	} {
		grant(tt.role, tt.until)
		look := friend.do("GET", "/api/orders", "", "X-Account-ID", id)
		trade := friend.do("POST", "/api/orders", buyOne, "X-Account-ID", id)
		manage := friend.do("PATCH", "/api/accounts/"+id, `{"is_active":true}`)
		if look.status != tt.look || trade.status != tt.trade || manage.status != tt.admin {
			t.Errorf("%s for %s: look %d, trade %d (%s), manage %d", tt.role, tt.until, look.status, trade.status, trade.text, manage.status)
		}
	}
}

// An order is checked before it is sent, and each mistake has its own code.
func TestInvalidOrders(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	for body, code := range map[string]string{
		`{`:                                      "invalid_json",
		`[]`:                                     "invalid_json",
		`{} x`:                                   "invalid_order",
		`{"symbol":"AAPL"}`:                      "invalid_order",
		strings.Replace(buyOne, `"1"`, `"0"`, 1): "invalid_order",
		strings.Replace(buyOne, `"1"`, `"-1"`, 1):                           "invalid_order",
		strings.Replace(buyOne, `"1"`, `"1e9999"`, 1):                       "invalid_order",
		strings.Replace(buyOne, `"1"`, `"1e-9999"`, 1):                      "invalid_order",
		strings.Replace(buyOne, `"1"`, `"`+strings.Repeat("9", 400)+`"`, 1): "invalid_order",
		strings.Replace(buyOne, `"1"`, `"NaN"`, 1):                          "invalid_order",
		strings.Replace(buyOne, `"qty":"1"`, `"qty":"1","notional":"5"`, 1): "invalid_order",
		strings.Replace(buyOne, `market`, `limit`, 1):                       "invalid_order",
		strings.Replace(buyOne, `"qty"`, `"limit_price":"1","qty"`, 1):      "invalid_order",
		strings.Replace(buyOne, `"qty"`, `"quantity"`, 1):                   "unknown_field",
		strings.Replace(buyOne, `AAPL`, `aapl; drop`, 1):                    "invalid_order",
		strings.Replace(buyOne, `AAPL`, `../../v2/wallets`, 1):              "invalid_order",
		strings.Replace(buyOne, `buy`, `hold`, 1):                           "invalid_order",
		strings.Replace(buyOne, `"qty"`, `"tag":"a\u0000b","qty"`, 1):       "invalid_text",
		strings.Replace(buyOne, `"qty"`, `"client_order_id":"ü","qty"`, 1):  "invalid_order",
		`{"symbol":"` + strings.Repeat("A", 200<<10) + `"}`:                 "body_too_large",
	} {
		a := u.do("POST", "/api/orders", body, "X-Account-ID", id)
		if body == `{} x` {
			code = "invalid_json"
		}
		if a.code() != code || a.status < 400 || a.status >= 500 {
			t.Errorf("%.80s: %d %s, want %s", body, a.status, a.text, code)
		}
	}
	u.do("POST", "/api/orders", buyOne, "X-Account-ID", id, "Content-Type", "text/plain").want(t, 415, "unsupported_media_type")
	if n := len(s.sim.Orders(s.seeds[0].KeyID)); n != 0 {
		t.Errorf("%d orders reached the broker", n)
	}
}

// An order is placed once. A retry gets the first result, another order with
// the same client_order_id is refused, and a refusal by the broker contains its
// own message.
func TestPlacing(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	place := func(body string) answer { return u.do("POST", "/api/orders", body, "X-Account-ID", id) }
	named := strings.Replace(buyOne, `"qty"`, `"client_order_id":"mine","qty"`, 1)
	first := place(named).want(t, 201, "")
	if again := place(named).want(t, 201, ""); again.field(t, "id") != first.field(t, "id") {
		t.Error("the retry made another order")
	}
	place(strings.Replace(named, `"1"`, `"2"`, 1)).want(t, 409, "client_order_id_taken")
	if n := len(s.sim.Orders(s.seeds[0].KeyID)); n != 1 {
		t.Fatalf("%d orders at the broker, want 1", n)
	}
	refused := place(strings.Replace(buyOne, `"1"`, `"1000000"`, 1)).want(t, 422, "order_rejected")
	if !strings.Contains(refused.text, "40310000") || !strings.Contains(refused.text, "insufficient buying power") {
		t.Errorf("the broker's message is missing: %s", refused.text)
	}
	list := u.do("GET", "/api/orders?status=closed", "", "X-Account-ID", id)
	if !strings.Contains(list.text, `"status":"rejected"`) || !strings.Contains(list.text, "insufficient buying power") {
		t.Errorf("the refused order is lost: %s", list.text)
	}

	// An order has the same fields in a list as by itself.
	s.stream()
	kit.Eventually(t, "the order to be new", func() bool {
		return u.do("GET", "/api/orders/"+first.field(t, "id"), "", "X-Account-ID", id).field(t, "status") == "new"
	})
	var page struct{ Orders []map[string]any }
	var one map[string]any
	if err := json.Unmarshal([]byte(u.do("GET", "/api/orders?status=open", "", "X-Account-ID", id).text), &page); err != nil || len(page.Orders) != 1 {
		t.Fatalf("%v %v", page, err)
	}
	if err := json.Unmarshal([]byte(u.do("GET", "/api/orders/"+first.field(t, "alpaca_order_id"), "", "X-Account-ID", id).text), &one); err != nil {
		t.Fatal(err)
	}
	for name, value := range one {
		if got, there := page.Orders[0][name]; !there || got != value {
			t.Errorf("%s is %v in the list and %v by itself", name, got, value)
		}
	}
	if len(one) != len(page.Orders[0]) {
		t.Errorf("%d fields by itself, %d in the list", len(one), len(page.Orders[0]))
	}

	u.do("DELETE", "/api/orders/"+first.field(t, "id"), "", "X-Account-ID", id).want(t, 202, "")
	u.do("DELETE", "/api/orders/"+first.field(t, "id"), "", "X-Account-ID", id).want(t, 409, "order_not_cancelable")
	u.do("DELETE", "/api/orders/"+uuid.NewString(), "", "X-Account-ID", id).want(t, 404, "order_not_found")
	u.do("GET", "/api/orders/nonsense", "", "X-Account-ID", id).want(t, 400, "order_id_malformed")
	u.do("GET", "/api/orders?status=odd", "", "X-Account-ID", id).want(t, 400, "invalid_status")
	u.do("GET", "/api/orders?limit=501", "", "X-Account-ID", id).want(t, 400, "invalid_limit")
	u.do("GET", "/api/orders?before=x", "", "X-Account-ID", id).want(t, 400, "invalid_cursor")
}

// An order whose answer was lost is looked up until its outcome is known, and
// is never sent again. If the broker does not find it, it is marked unknown.
func TestLostAnswers(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	s.stream()
	status := func(order string) string {
		return u.do("GET", "/api/orders/"+order, "", "X-Account-ID", id).field(t, "intent_state")
	}

	s.sim.Inject(alpacasim.Drop, 1, 0)
	placed := u.do("POST", "/api/orders", buyOne, "X-Account-ID", id).want(t, 202, "").field(t, "id")
	kit.Eventually(t, "the lost order to be found", func() bool { return status(placed) == "accepted" })

	s.sim.Inject(alpacasim.Fail, 1, 0)
	never := u.do("POST", "/api/orders", buyOne, "X-Account-ID", id).want(t, 202, "").field(t, "id")
	u.do("DELETE", "/api/accounts/"+id, "").want(t, 409, "open_orders")
	kit.Eventually(t, "the order that never was to be parked", func() bool { return status(never) == "unknown" })
	if message := u.do("GET", "/api/orders/"+never, "", "X-Account-ID", id).field(t, "status_message"); !strings.Contains(message, "check") {
		t.Errorf("the status message is %q", message)
	}
	if n := len(s.sim.Orders(s.seeds[0].KeyID)); n != 1 {
		t.Errorf("%d orders at the broker, want 1", n)
	}
}

// A fill that arrives over the stream changes the order and the position.
func TestFillsArrive(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	s.stream()
	order := u.do("POST", "/api/orders", strings.Replace(buyOne, `"1"`, `"1500.5"`, 1)+"", "X-Account-ID", id)
	order.want(t, 422, "order_rejected") // more than the account's money
	order = u.do("POST", "/api/orders", strings.Replace(buyOne, `"1"`, `"2.5"`, 1), "X-Account-ID", id).want(t, 201, "")
	kit.Eventually(t, "the fill", func() bool {
		s.sim.Step()
		return u.do("GET", "/api/orders/"+order.field(t, "id"), "", "X-Account-ID", id).field(t, "status") == "filled"
	})
	if a := u.do("GET", "/api/positions", "", "X-Account-ID", id); !strings.Contains(a.text, `"qty":"2.5"`) {
		t.Errorf("positions: %s", a.text)
	}
	var qty string
	if err := s.db.Conn(t, "admin").QueryRow(t.Context(), "select qty::text from app.alpaca_positions where account_id = $1", id).Scan(&qty); err != nil || qty != "2.5" {
		t.Errorf("the recorded position is %q (%v)", qty, err)
	}
}

// The server sets security headers. A panic becomes a response with a request
// id and without details, and an unknown path is a problem like others.
func TestHygiene(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	page := u.do("GET", "/", "")
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
	} {
		if page.header.Get(name) != want {
			t.Errorf("%s is %q", name, page.header.Get(name))
		}
	}
	if !strings.Contains(page.header.Get("Content-Security-Policy"), "script-src 'self'") || page.header.Get("X-Request-Id") == "" {
		t.Errorf("headers: %v", page.header)
	}
	broken := u.do("GET", "/panic", "").want(t, 500, "internal")
	if strings.Contains(broken.text, "secret detail") || broken.field(t, "request_id") == "" || broken.field(t, "request_id") != broken.header.Get("X-Request-Id") {
		t.Errorf("the response to a panic is %s", broken.text)
	}
	if !strings.Contains(s.log.String(), broken.field(t, "request_id")) {
		t.Error("the panic is not in the log")
	}
	u.do("GET", "/healthz", "").want(t, 200, "")
	u.do("GET", "/readyz", "").want(t, 200, "")
	u.do("GET", "/api/nothing", "").want(t, 404, "no_such_path")
	u.do("PUT", "/api/orders", "").want(t, 405, "method_not_allowed")
	u.do("POST", "/api/accounts", `{"name":"x","environment":"paper"}`, "Origin", "https://evil.example").want(t, 403, "origin_forbidden")
	u.do("POST", "/api/accounts", `{"name":"x","environment":"paper"}`, "Origin", "http://paddock.test").want(t, 201, "")
	if strings.Contains(s.log.String(), u.cookie) || strings.Contains(s.log.String(), "a good password") {
		t.Error("a secret is in the log")
	}
}

// An order is found by its client_order_id, in its own account only. Canceling
// all orders cancels those of one account only.
func TestByClientIDAndCancelAll(t *testing.T) {
	s := newServer(t)
	ada, bob := s.signUp("ada"), s.signUp("bob")
	mine, theirs := ada.connect("one", s.seeds[0]), bob.connect("two", s.seeds[1])
	const resting = `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1","client_order_id":"same"}`
	for u, id := range map[*user]string{ada: mine, bob: theirs} {
		u.do("POST", "/api/orders", resting, "X-Account-ID", id, "Idempotency-Key", "key").want(t, 201, "")
	}
	ada.do("POST", "/api/orders", strings.Replace(resting, "same", "other", 1), "X-Account-ID", mine, "Idempotency-Key", "key").want(t, 409, "idempotency_key_reused")

	const found = "/api/orders:by_client_order_id?client_order_id="
	if a := ada.do("GET", found+"same", "", "X-Account-ID", mine).want(t, 200, ""); a.field(t, "client_order_id") != "same" {
		t.Errorf("found %s", a.text)
	}
	ada.do("GET", found+"other", "", "X-Account-ID", mine).want(t, 404, "order_not_found")
	ada.do("GET", found+"%00", "", "X-Account-ID", mine).want(t, 400, "invalid_query")
	ada.do("GET", found, "", "X-Account-ID", mine).want(t, 400, "invalid_query")
	ada.do("GET", strings.TrimSuffix(found, "?client_order_id="), "", "X-Account-ID", mine).want(t, 400, "client_order_id_required")
	ada.do("GET", found+"same", "", "X-Account-ID", theirs).want(t, 403, "account_forbidden")

	ada.do("DELETE", "/api/orders", "", "X-Account-ID", theirs).want(t, 403, "account_forbidden")
	ada.do("DELETE", "/api/orders", "", "X-Account-ID", mine).want(t, 207, "")
	for i, want := range []string{"canceled", "new"} {
		if book := s.sim.Orders(s.seeds[i].KeyID); len(book) != 1 || book[0].Status != want {
			t.Errorf("the broker's book %d: %+v, want one order that is %s", i, book, want)
		}
	}
}
