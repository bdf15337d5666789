package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"paddock/tests/kit"
)

// A list says where it was read and how current it is: at Alpaca until the
// mirror has agreed with it, and in the mirror from then on. A viewer may read
// it too, and an unknown filter is refused.
func TestListsSayHowFreshTheyAre(t *testing.T) {
	s := newServer(t)
	u, viewer := s.signUp("ada"), s.signUp("bob")
	id := u.connect("one", s.seeds[0])
	mine := []string{"X-Account-ID", id}
	s.grant(id, "bob", "viewer")
	placed := u.do("POST", "/api/orders", strings.Replace(buyOne, `"symbol"`, `"client_order_id":"a","symbol"`, 1), mine...).want(t, 201, "")
	for _, who := range []*user{u, viewer} {
		l := who.do("GET", "/api/orders?status=all&symbols=AAPL&side=buy&nested=true", "", mine...).want(t, 200, "")
		if at, err := time.Parse(time.RFC3339, l.field(t, "as_of")); l.field(t, "source") != "broker" || err != nil || time.Since(at) > time.Minute || !strings.Contains(l.text, placed.field(t, "id")) {
			t.Errorf("before the mirror agreed: %s", l.text)
		}
	}
	for query, code := range map[string]string{"symbol=AAPL": "unknown_parameter", "status=opened": "invalid_status", "side=long": "invalid_query", "limit=x": "invalid_limit", "before=x": "invalid_cursor"} {
		u.do("GET", "/api/orders?"+query, "", mine...).want(t, 400, code)
	}
	if p := u.do("GET", "/api/positions", "", mine...); p.header.Get("X-Source") != "broker" || p.header.Get("X-As-Of") == "" {
		t.Errorf("the positions' headers are %v", p.header)
	}
	if h := viewer.do("GET", "/api/accounts/"+id+"/health", "").want(t, 200, ""); h.field(t, "status") != "starting" {
		t.Errorf("the health is %s", h.text)
	}

	s.stream()
	// The test waits for the health and not for a list from the mirror, because
	// lists that are read at Alpaca would use up the account's requests.
	kit.Eventually(t, "the mirror", func() bool { return viewer.do("GET", "/api/accounts/"+id+"/health", "").field(t, "status") == "ok" })
	h := viewer.do("GET", "/api/accounts/"+id+"/health", "").want(t, 200, "")
	if l := u.do("GET", "/api/orders?account_id="+id, ""); h.field(t, "status") != "ok" || l.field(t, "as_of") == "" {
		t.Errorf("the health is %s, and the list %s", h.text, l.text)
	}
	empty := u.do("POST", "/api/accounts", `{"name":"empty","environment":"paper"}`).field(t, "id")
	if l := u.do("GET", "/api/orders", "", "X-Account-ID", empty).want(t, 200, ""); !strings.Contains(l.text, `"as_of":null,"source":"mirror"`) {
		t.Errorf("without keys: %s", l.text)
	}
	if h := u.do("GET", "/api/accounts/"+empty+"/health", ""); h.field(t, "status") != "needs_credentials" {
		t.Errorf("without keys the health is %s", h.text)
	}
}

// Only an account's owner may change how its trade updates are read. A change
// becomes a row of the audit log and an event.
func TestStreamMode(t *testing.T) {
	s := newServer(t)
	u, friend, stranger := s.signUp("ada"), s.signUp("bob"), s.signUp("eve")
	id := u.connect("one", s.seeds[0])
	s.grant(id, "bob", "trader")
	account := "/api/accounts/" + id
	if made := u.do("GET", account, ""); made.field(t, "stream_mode") != "auto" {
		t.Errorf("a new account is %s", made.text)
	}
	for _, bad := range []string{`{"stream_mode":"websocket"}`, `{"stream_mode":""}`, `{"name":"x","stream_mode":"AUTO"}`} {
		u.do("PATCH", account, bad).want(t, 400, "invalid_account")
	}
	friend.do("PATCH", account, `{"stream_mode":"off"}`).want(t, 403, "not_permitted")
	stranger.do("PATCH", account, `{"stream_mode":"off"}`).want(t, 403, "account_forbidden")
	if kept := u.do("GET", account, ""); kept.field(t, "stream_mode") != "auto" || kept.field(t, "name") != "one" {
		t.Errorf("refused changes made it %s", kept.text)
	}
	if changed := u.do("PATCH", account, `{"stream_mode":"ws"}`).want(t, 200, ""); changed.field(t, "stream_mode") != "ws" || changed.field(t, "name") != "one" {
		t.Errorf("changed, it is %s", changed.text)
	}
	u.do("PATCH", account, `{"name":"two"}`).want(t, 200, "")
	var told, audited int
	err := s.db.Conn(t, "admin").QueryRow(t.Context(), `select
		(select count(*) from app.account_events where account_id = $1 and kind = 'account' and data->>'stream_mode' = 'ws' and data->>'name' = 'one'),
		(select count(*) from app.audit_log where account_id = $1 and action = 'account.change' and detail->>'stream_mode' = 'ws' and detail->>'name' = 'one')`, id).Scan(&told, &audited)
	if err != nil || told != 1 || audited != 1 {
		t.Errorf("it became %d events and %d rows of the audit log (%v)", told, audited, err)
	}
	if kept := u.do("GET", account, ""); kept.field(t, "stream_mode") != "ws" {
		t.Errorf("renamed, it is %s", kept.text)
	}
}
