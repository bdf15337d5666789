package httpapi_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/alpacasim"
)

// goStale makes all sessions ones that have shown nothing for longer than suffices.
func (s *server) goStale() {
	s.exec(`update auth.session set "steppedUpAt" = now() - interval '16 minutes'`)
}

func (s *server) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.db.Conn(s.t, "admin").Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// What changes a live account's keys, lets more through or exports its audit takes a
// step-up, and nothing of it is done without; what stops or tightens never does, nor
// anything of a paper account. A step-up is renewed by the password, and ends by itself.
func TestStepUp(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	live, paper := ada.connect("live", s.seeds[0]), ada.connect("paper", s.seeds[1])
	s.exec("update app.user_accounts set environment = 'live' where id = $1", live)
	const all = `{"max_order_notional":"100","max_position_notional":"100","max_position_qty":"10","max_open_orders":5,"orders_per_minute":5,"orders_per_day":50,` +
		`"daily_loss_limit":"100","max_drawdown":"100","max_refusals":5,"heartbeat_seconds":60,"allowed_symbols":["AAPL","TSLA"],"allowed_sides":["buy"],"buy_back_overshoot":true}`
	with := func(old, replaced string) string {
		if !strings.Contains(all, old) {
			t.Fatalf("%s is not in the limits", old)
		}
		return strings.Replace(all, old, replaced, 1)
	}
	keysOf := func(seed alpacasim.AccountSeed) string {
		return `{"key_id":"` + seed.KeyID + `","secret_key":"` + seed.SecretKey + `"}`
	}
	loosening := []struct{ name, method, path, body string }{
		{"no limits", "PUT", "/api/guards", `{}`},
		{"a larger order", "PUT", "/api/guards", with(`"max_order_notional":"100"`, `"max_order_notional":"100.01"`)},
		{"a larger position", "PUT", "/api/guards", with(`"max_position_notional":"100"`, `"max_position_notional":"1e3"`)},
		{"more shares", "PUT", "/api/guards", with(`"max_position_qty":"10"`, `"max_position_qty":null`)},
		{"more open orders", "PUT", "/api/guards", with(`"max_open_orders":5`, `"max_open_orders":6`)},
		{"more in a minute", "PUT", "/api/guards", with(`"orders_per_minute":5`, `"orders_per_minute":6`)},
		{"more in a day", "PUT", "/api/guards", with(`"orders_per_day":50`, `"orders_per_day":51`)},
		{"more loss", "PUT", "/api/guards", with(`"daily_loss_limit":"100"`, `"daily_loss_limit":"101"`)},
		{"more drawdown", "PUT", "/api/guards", with(`"max_drawdown":"100"`, `"max_drawdown":"100.01"`)},
		{"more refusals in a row", "PUT", "/api/guards", with(`"max_refusals":5`, `"max_refusals":6`)},
		{"a heartbeat less often", "PUT", "/api/guards", with(`"heartbeat_seconds":60`, `"heartbeat_seconds":61`)},
		{"no heartbeat", "PUT", "/api/guards", with(`"heartbeat_seconds":60,`, ``)},
		{"a new high-water mark", "POST", "/api/guards/high-water-mark", ""},
		{"another symbol", "PUT", "/api/guards", with(`"TSLA"`, `"SPY"`)},
		{"all symbols", "PUT", "/api/guards", with(`"allowed_symbols":["AAPL","TSLA"],`, ``)},
		{"another side", "PUT", "/api/guards", with(`["buy"]`, `["buy","sell"]`)},
		{"overshoots kept", "PUT", "/api/guards", with(`:true`, `:false`)},
		{"a switch that is less strict", "POST", "/api/guards/switch", `{"switch":"reduce_only"}`},
		{"an open switch", "POST", "/api/guards/switch", `{"switch":"open"}`},
		{"an open switch at Alpaca", "POST", "/api/guards/switch", `{"switch":"halted","cancel_orders":true,"suspend_trade":false}`},
		{"Alpaca's settings", "PATCH", "/api/account/configurations", `{"suspend_trade":false}`},
		{"an export", "GET", "/api/audit/export", ""},
		{"keys", "PUT", "/api/accounts/$ID/credentials", "$KEYS"},
		{"no keys", "DELETE", "/api/accounts/$ID/credentials?open_orders=leave", ""},
		{"no account", "DELETE", "/api/accounts/$ID?open_orders=leave", ""},
	}
	call := func(method, path, body, account string) answer {
		seed := s.seeds[0]
		if account == paper {
			seed = s.seeds[1]
		}
		return ada.do(method, strings.Replace(path, "$ID", account, 1), strings.Replace(body, "$KEYS", keysOf(seed), 1), "X-Account-ID", account)
	}
	for _, of := range []string{live, paper} {
		call("PUT", "/api/guards", all, of).want(t, 200, "")
		call("POST", "/api/guards/switch", `{"switch":"halted"}`, of).want(t, 200, "")
	}
	before := texts(t, s.db, "select md5((select string_agg(g::text, '' order by account_id) from app.account_guards g) || (select string_agg(c::text, '' order by account_id) from private.user_credentials c))")[0]
	s.goStale()
	for _, l := range loosening {
		if a := call(l.method, l.path, l.body, live); a.status != 403 || a.code() != "step_up_required" {
			t.Errorf("%s: %d %s", l.name, a.status, a.text)
		}
	}
	if after := texts(t, s.db, "select md5((select string_agg(g::text, '' order by account_id) from app.account_guards g) || (select string_agg(c::text, '' order by account_id) from private.user_credentials c))")[0]; after != before {
		t.Error("what was refused has changed guards or keys")
	}
	for _, body := range []string{all, with(`"max_open_orders":5`, `"max_open_orders":4`), strings.NewReplacer(`"max_open_orders":5`, `"max_open_orders":4`, `,"TSLA"`, ``).Replace(all)} {
		if a := call("PUT", "/api/guards", body, live); a.status != 200 {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
	}
	call("POST", "/api/guards/switch", `{"switch":"halted","cancel_orders":true,"suspend_trade":true}`, live).want(t, 202, "")
	call("PATCH", "/api/account/configurations", `{"suspend_trade":true}`, live).want(t, 200, "")
	for _, l := range loosening {
		if a := call(l.method, l.path, l.body, paper); a.status >= 300 {
			t.Errorf("%s of a paper account: %d %s", l.name, a.status, a.text)
		}
	}

	stepUp := func(body string) answer { return ada.do("POST", "/api/user/step-up", body) }
	for _, body := range []string{`{}`, `{"password":""}`, `{"password":"a good password","code":"123456"}`} {
		stepUp(body).want(t, 400, "invalid_step_up")
	}
	stepUp(`{"password":"not this one"}`).want(t, 403, "step_up_refused")
	stepUp(`{"password":"`+strings.Repeat("x", 129)+`"}`).want(t, 403, "step_up_refused")
	stepUp(`{"code":"123456"}`).want(t, 403, "step_up_refused")
	(&user{s: s}).do("POST", "/api/user/step-up", byPassword).want(t, 401, "unauthenticated")
	call("GET", "/api/audit/export", "", live).want(t, 403, "step_up_required")
	until, err := time.Parse(time.RFC3339, stepUp(byPassword).want(t, 200, "").field(t, "until"))
	if in := time.Until(until); err != nil || in < 14*time.Minute || in > 15*time.Minute {
		t.Errorf("it suffices until %v (%v)", until, err)
	}
	if at := ada.do("GET", "/api/user/step-up", "").want(t, 200, "").field(t, "until"); at != until.Format(time.RFC3339Nano) {
		t.Errorf("it suffices until %s, and not %v", at, until)
	}
	(&user{s: s}).do("GET", "/api/user/step-up", "").want(t, 401, "unauthenticated")
	for _, l := range loosening {
		if strings.Contains(l.path, "/api/account/") { // the wind-down goes on, and sets it
			continue
		}
		if a := call(l.method, l.path, l.body, live); a.status >= 300 {
			t.Errorf("%s after a step-up: %d %s", l.name, a.status, a.text)
		}
	}
	said := texts(t, s.db, "select kind || ' ' || action from app.user_audit_log where action in ('session.step_up', 'password.refused') order by at")
	if want := "user password.refused user session.step_up"; strings.Join(said, " ") != want {
		t.Errorf("the audit has %q", said)
	}
}

// A code of an authenticator app is as good as the password, once. Signing in counts as
// a step-up, of the session that begins and of no other.
func TestStepUpByCode(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	live := ada.connect("live", s.seeds[0])
	s.exec("update app.user_accounts set environment = 'live' where id = $1", live)
	origin := []string{"Origin", "http://paddock.test"}
	set := ada.do("POST", "/api/auth/two-factor/enable", byPassword, origin...).want(t, 200, "")
	uri, err := url.Parse(set.field(t, "totpURI"))
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(uri.Query().Get("secret"))
	if err != nil {
		t.Fatal(err)
	}
	code := func(after int64) string {
		text, _ := json.Marshal(map[string]string{"code": totp(secret, time.Now().Unix()/30+after)})
		return string(text)
	}
	on := ada.do("POST", "/api/auth/two-factor/verify-totp", code(-1), origin...).want(t, 200, "")
	ada.cookie, _, _ = strings.Cut(on.header.Get("Set-Cookie"), ";")
	s.goStale()
	export := func(u *user) answer { return u.do("GET", "/api/audit/export", "", "X-Account-ID", live) }
	export(ada).want(t, 403, "step_up_required")
	now := code(0)
	ada.do("POST", "/api/user/step-up", now).want(t, 200, "")
	ada.do("POST", "/api/user/step-up", now).want(t, 403, "step_up_refused")
	if a := export(ada); a.status != 200 {
		t.Errorf("after a code: %d %s", a.status, a.text)
	}
	s.goStale()
	again := &user{s: s}
	in := again.do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"a good password"}`).want(t, 200, "")
	for _, c := range in.header.Values("Set-Cookie") {
		if strings.HasPrefix(c, "better-auth.two_factor=") {
			again.cookie, _, _ = strings.Cut(c, ";")
		}
	}
	done := again.do("POST", "/api/auth/two-factor/verify-totp", code(1), origin...).want(t, 200, "")
	again.cookie, _, _ = strings.Cut(done.header.Get("Set-Cookie"), ";")
	if a := export(again); a.status != 200 {
		t.Errorf("after signing in: %d %s", a.status, a.text)
	}
	export(ada).want(t, 403, "step_up_required")
	s.exec("update auth.second_factor_uses set last_step = 0") // the codes of now can be used again
	ada.do("POST", "/api/auth/two-factor/verify-totp", code(0), origin...).want(t, 200, "")
	if a := export(ada); a.status != 200 {
		t.Errorf("after a code for sign-in: %d %s", a.status, a.text)
	}
	for range 10 {
		ada.do("POST", "/api/user/step-up", `{"code":"000"}`).want(t, 403, "step_up_refused")
	}
	ada.do("POST", "/api/user/step-up", `{"code":"000"}`).want(t, 429, "too_many_attempts")
	ada.do("POST", "/api/user/step-up", byPassword).want(t, 200, "")
}

// totp returns the code of a time step.
func totp(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, step) // to a hash it never fails
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// The rule is the database's: a statement that somebody injects can neither do without
// nor pretend to be in another session of the same user.
func TestStepUpIsTheDatabases(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	live := ada.connect("live", s.seeds[0])
	s.exec("update app.user_accounts set environment = 'live' where id = $1", live)
	ada.do("PUT", "/api/guards", `{"orders_per_day":5}`, "X-Account-ID", live).want(t, 200, "")
	ada.do("POST", "/api/guards/switch", `{"switch":"halted"}`, "X-Account-ID", live).want(t, 200, "")
	s.goStale()
	fresh := (&user{s: s}).do("POST", "/api/auth/sign-in/email", `{"email":"ada@example.com","password":"a good password"}`).want(t, 200, "").field(t, "token")
	ids := texts(t, s.db, "select token || ' ' || id from auth.session order by \"createdAt\"")
	stale, _, _ := strings.Cut(ids[0], " ")
	_, freshID, _ := strings.Cut(ids[1], " ")
	conn := s.db.Conn(t, "paddock_app")
	state := func(token string, statements ...string) string {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(t.Context())
		if _, err := conn.Exec(t.Context(), "select private.admit($1, $2)", token, live); err != nil {
			t.Fatal(err)
		}
		for _, statement := range statements {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				return err.(*pgconn.PgError).Code
			}
		}
		return ""
	}
	for _, statement := range []string{"select private.set_guards('{}')", "select private.set_switch('open', '')", "select private.delete_credentials('leave')", "select private.delete_account('leave')",
		"select private.audit_call('audit.export')", "select private.store_credentials('', 1, '', 'key', '', '', null, '')"} {
		if got := state(stale, statement); got != "PD419" {
			t.Errorf("%s: %s", statement, got)
		}
		if got := state(fresh, statement); got == "PD419" {
			t.Errorf("%s after signing in: %s", statement, got)
		}
	}
	for _, trick := range []string{"select set_config('app.origin', '" + freshID + " ', true)", "update auth.session set \"steppedUpAt\" = now()", "select private.step_up('" + fresh + "')"} {
		if got := state(stale, trick, "select private.set_guards('{}')"); got != "42501" {
			t.Errorf("%s: %s", trick, got)
		}
	}
}
