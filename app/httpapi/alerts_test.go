package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"paddock/tests/kit"
)

// alert returns an alert's body.
func alertBody(token, account, more, order string, at time.Time) string {
	return fmt.Sprintf(`{"token":%q,"account_id":%q,"time":%q%s,"order":%s}`, token, account, at.UTC().Format(time.RFC3339), more, order)
}

// alerts returns the account's alerts, newest first.
func (u *user) alerts(account string) (list []struct {
	State     string
	Code      *string
	RefusedBy *string `json:"refused_by"`
	Request   struct{ Symbol string }
}) {
	u.s.t.Helper()
	var body struct{ Alerts json.RawMessage }
	if err := json.Unmarshal([]byte(u.do("GET", "/api/alerts", "", "X-Account-ID", account).want(u.s.t, 200, "").text), &body); err != nil {
		u.s.t.Fatal(err)
	}
	if err := json.Unmarshal(body.Alerts, &list); err != nil {
		u.s.t.Fatal(err)
	}
	return list
}

// An alert's order is sent once, however often the alert comes and however many at once,
// under the limits of its own token, in the order of their coming, through approvals; and
// the list says what became of each.
func TestAlerts(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada := s.signUp("ada")
	one, two := ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1])
	s.synced(one)
	token := ada.agent("chart", `"limits":{"allowed_symbols":["AAPL","MSFT"],"approval_above":"5000"}`, one)
	nobody := &user{s: s}
	now := time.Now()
	const buyMSFT = `{"symbol":"MSFT","side":"buy","qty":"1"}`
	send := func(body string) answer { return nobody.do("POST", "/api/alerts", body) }

	var acts sync.WaitGroup
	for range 6 {
		acts.Go(func() {
			send(alertBody(token.token, one, `,"id":"bar-1","source":"golden cross"`, buyMSFT, now)).want(t, 202, "")
		})
	}
	acts.Wait()
	send(alertBody(token.token, one, `,"id":"bar-1"`, `{"symbol":"AAPL","side":"sell","qty":"5"}`, now)).want(t, 202, "") // the first, whatever else it says
	for n := range 5 {
		send(alertBody(token.token, one, fmt.Sprintf(`,"id":"row-%d"`, n), fmt.Sprintf(`{"symbol":"AAPL","side":"buy","qty":"%d","type":"limit","limit_price":"1"}`, n+1), now)).want(t, 202, "")
	}
	s.carryOut()
	kit.Eventually(t, "the orders", func() bool { return len(s.sim.Orders(s.seeds[0].KeyID)) == 6 })
	rows := texts(t, s.db, "select qty::text from app.alpaca_orders where symbol = 'AAPL' order by created_at")
	if strings.Join(rows, " ") != "1 2 3 4 5" {
		t.Errorf("they went in the order %v", rows)
	}
	if reasons := texts(t, s.db, "select reason from app.alpaca_orders where symbol = 'MSFT'"); len(reasons) != 1 || reasons[0] != "alert of golden cross" {
		t.Errorf("the order of the first is for %v", reasons)
	}

	// A refusal at the door is kept, and so is one when it is sent; above the limit a person decides.
	send(alertBody(token.token, one, `,"id":"bad"`, `{"symbol":"AAPL","side":"buy"}`, now)).want(t, 400, "invalid_order")
	send(alertBody(token.token, one, `,"id":"bad"`, `{"symbol":"AAPL","side":"buy","qty":"1","type":"limit","limit_price":"2"}`, now)).want(t, 202, "") // mended
	send(alertBody(token.token, one, `,"id":"other"`, `{"symbol":"TSLA","side":"buy","qty":"1"}`, now)).want(t, 202, "")
	send(alertBody(token.token, one, `,"id":"large"`, `{"symbol":"AAPL","side":"buy","qty":"100","type":"limit","limit_price":"60"}`, now)).want(t, 202, "")
	for what, at := range map[string]time.Time{"an old one": now.Add(-6 * time.Minute), "one of the future": now.Add(6 * time.Minute)} {
		if got := send(alertBody(token.token, one, "", buyMSFT, at)).want(t, 422, "alert_too_old"); strings.Contains(got.text, token.token) {
			t.Errorf("the answer to %s tells the token", what)
		}
	}
	kit.Eventually(t, "what became of them", func() bool {
		states := map[string]int{}
		for _, a := range ada.alerts(one) {
			states[a.State]++
		}
		return states["done"] == 7 && states["failed"] == 1 && states["pending_approval"] == 1 && states["refused"] == 3
	})

	// Nobody without the token, no other account, no token that may not trade, and no cookie.
	reader := ada.agent("reader", `"scopes":["read"]`, one)
	for what, tt := range map[string]struct {
		got    answer
		status int
		code   string
	}{
		"no token":             {send(alertBody("", one, "", buyMSFT, now)), 401, "unauthenticated"},
		"a token that is none": {send(alertBody("pdk_"+strings.Repeat("A", 33), one, "", buyMSFT, now)), 401, "unauthenticated"},
		"another account":      {send(alertBody(token.token, two, "", buyMSFT, now)), 403, "account_forbidden"},
		"a token that reads":   {send(alertBody(reader.token, one, "", buyMSFT, now)), 403, "not_permitted"},
		"a cookie for a token": {ada.do("POST", "/api/alerts", alertBody("", one, "", buyMSFT, now)), 401, "unauthenticated"},
		"no account":           {send(alertBody(token.token, "x", "", buyMSFT, now)), 400, "account_malformed"},
		"no time":              {send(fmt.Sprintf(`{"token":%q,"account_id":%q,"order":%s}`, token.token, one, buyMSFT)), 400, "invalid_alert"},
		"a client_order_id":    {send(alertBody(token.token, one, "", `{"symbol":"AAPL","side":"buy","qty":"1","client_order_id":"x"}`, now)), 400, "invalid_alert"},
		"another field":        {send(alertBody(token.token, one, `,"leverage":"9"`, buyMSFT, now)), 400, "unknown_field"},
	} {
		t.Run(what, func(t *testing.T) { tt.got.want(t, tt.status, tt.code) })
	}
	if kept := texts(t, s.db, "select count(*)::text from app.alerts where to_jsonb(alerts)::text like '%"+token.token+"%'"); kept[0] != "0" {
		t.Error("an alert was kept with its token")
	}
}
