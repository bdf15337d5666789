package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/tests/kit"
)

// sleeve is one as GET /api/sleeves shows it.
type sleeve struct {
	ID, Name, Cash, Reserved, Available string
	RealizedPL                          string `json:"realized_pl"`
	Equity, Drawdown                    string
	HighWaterMark                       string `json:"high_water_mark"`
	Positions                           []struct{ Symbol, Qty, Cost string }
}

// sleeves returns the account's sleeves by name, and what is unassigned under "".
func (u *user) sleeves(account string) map[string]sleeve {
	u.s.t.Helper()
	var list struct {
		Sleeves    []sleeve
		Unassigned sleeve
	}
	answer := u.do("GET", "/api/sleeves", "", "X-Account-ID", account).want(u.s.t, 200, "")
	if err := json.Unmarshal([]byte(answer.text), &list); err != nil {
		u.s.t.Fatal(err)
	}
	byName := map[string]sleeve{"": list.Unassigned}
	for _, one := range list.Sleeves {
		byName[one.Name] = one
	}
	return byName
}

// sleeve makes a sleeve with cash, and returns its id.
func (u *user) sleeve(account, name, cash, more string) string {
	u.s.t.Helper()
	id := u.do("POST", "/api/sleeves", fmt.Sprintf(`{"name":%q%s}`, name, more), "X-Account-ID", account).want(u.s.t, 201, "").field(u.s.t, "id")
	u.do("POST", "/api/sleeve-transfers", fmt.Sprintf(`{"to_sleeve_id":%q,"amount":%q}`, id, cash), "X-Account-ID", account).want(u.s.t, 201, "")
	return id
}

// order sends an order of a sleeve ("" for none).
func (u *user) order(account, sleeve, side, qty, more string) answer {
	u.s.t.Helper()
	return u.do("POST", "/api/orders", orderBody(sleeve, side, qty, more), "X-Account-ID", account)
}

// order sends an order of a sleeve ("" for none).
func (a agent) order(account, sleeve, side, qty, more string) answer {
	a.s.t.Helper()
	return a.do("POST", "/api/orders", orderBody(sleeve, side, qty, more), "X-Account-ID", account)
}

func orderBody(sleeve, side, qty, more string) string {
	if sleeve != "" {
		more += fmt.Sprintf(`,"sleeve_id":%q`, sleeve)
	}
	return fmt.Sprintf(`{"symbol":"AAPL","side":%q,"time_in_force":"day","qty":%q%s}`, side, qty, more)
}

const (
	market = `,"type":"market"`
	at100  = `,"type":"limit","limit_price":"100"` // rests: the market is far above
	at1000 = `,"type":"limit","limit_price":"1000"`
)

// guardIn returns which guard refused an order.
func (a answer) guardIn(t *testing.T) string {
	t.Helper()
	var body struct {
		Details struct{ Violations []struct{ Guard string } }
	}
	if err := json.Unmarshal([]byte(a.text), &body); err != nil || len(body.Details.Violations) == 0 {
		return ""
	}
	return body.Details.Violations[0].Guard
}

// settle waits until every order that filled is in the journal.
func (s *server) settle(account string) {
	s.t.Helper()
	s.await(account, "the orders to settle",
		`select count(*) = 0 from app.alpaca_orders where account_id = $1 and (fills_differ or is_open and type = 'market' or intent_state = 'submitting')`)
}

// An order for an amount keeps that amount of its sleeve's cash from the moment at which it
// is made, also before any of it is filled.
func TestAnAmountIsReservedBeforeItFills(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(false)
	s.sim.SetClock(time.Date(2026, 11, 28, 17, 0, 0, 0, time.UTC)) // a Saturday: nothing fills
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	mine := ada.sleeve(one, "mine", "1000", "")
	buy := fmt.Sprintf(`{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","notional":"400","sleeve_id":%q}`, mine)
	for range 2 {
		ada.do("POST", "/api/orders", buy, "X-Account-ID", one).want(t, 201, "")
	}
	if got := ada.do("POST", "/api/orders", buy, "X-Account-ID", one).want(t, 422, "guard_refused").guardIn(t); got != "sleeve_cash" {
		t.Errorf("the guard %q refused", got)
	}
	if have := ada.sleeves(one)["mine"]; have.Reserved != "800" || have.Available != "200" {
		t.Errorf("the sleeve has %+v", have)
	}
}

// A sleeve spends no more than its cash, whatever its orders ask for and however many are
// open, and sells no more than it holds; others do not sell what it holds. What it and the
// rest have adds up to the account.
func TestSleeveSpendsItsCashAndSellsWhatItHolds(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	mine, other := ada.sleeve(one, "mine", "10000", ""), ada.sleeve(one, "other", "5000", "")

	refused := func(a answer, guard string) {
		t.Helper()
		if got := a.want(t, 422, "guard_refused").guardIn(t); got != guard {
			t.Errorf("the guard %q refused and not %q: %s", got, guard, a.text)
		}
	}
	ada.order(one, mine, "buy", "60", at100).want(t, 201, "")
	refused(ada.order(one, mine, "buy", "41", at100), "sleeve_cash")
	second := ada.order(one, mine, "buy", "40", at100).want(t, 201, "")
	refused(ada.order(one, mine, "buy", "0.01", at100), "sleeve_cash")
	refused(ada.order(one, mine, "buy", "1", market), "sleeve_cash")
	refused(ada.do("PATCH", "/api/orders/"+second.field(t, "id"), `{"qty":"41"}`, "X-Account-ID", one), "sleeve_cash")
	if have := ada.sleeves(one)["mine"]; have.Cash != "10000" || have.Reserved != "10000" || have.Available != "0" {
		t.Errorf("with its cash reserved it is %+v", have)
	}
	for _, o := range []string{"60", "40"} {
		for _, open := range s.sim.Orders(s.seeds[0].KeyID) {
			if open.Qty.String() == o && open.Status == "new" {
				ada.do("DELETE", "/api/orders/"+open.ID, "", "X-Account-ID", one).want(t, 202, "")
			}
		}
	}
	s.await(one, "no order to be open", `select not exists (select from app.alpaca_orders where account_id = $1 and is_open)`)

	refused(ada.order(one, mine, "sell", "1", market), "sleeve_position")
	ada.order(one, mine, "buy", "10", market).want(t, 201, "")
	ada.order(one, "", "buy", "7", market).want(t, 201, "")
	s.settle(one)
	refused(ada.order(one, mine, "sell", "11", market), "sleeve_position")
	refused(ada.order(one, other, "sell", "1", market), "sleeve_position")
	refused(ada.order(one, "", "sell", "8", market), "sleeves")
	ada.order(one, mine, "sell", "4", at1000).want(t, 201, "")
	refused(ada.order(one, mine, "sell", "7", market), "sleeve_position")
	ada.order(one, mine, "sell", "6", market).want(t, 201, "")
	ada.order(one, "", "sell", "2", market).want(t, 201, "")
	s.settle(one)

	all := ada.sleeves(one)
	if got := all["mine"].Positions; len(got) != 1 || got[0].Qty != "4" {
		t.Errorf("the sleeve holds %+v", got)
	}
	if got := all[""].Positions; len(got) != 1 || got[0].Qty != "5" {
		t.Errorf("unassigned are %+v", got)
	}
	ada.do("GET", "/api/account", "", "X-Account-ID", one).want(t, 200, "")
	all = ada.sleeves(one)
	sum := decimal.Zero
	for _, part := range all {
		sum = sum.Add(decimal.RequireFromString(part.Cash))
	}
	figures, _ := s.sim.Account(s.seeds[0].KeyID)
	if !sum.Equal(figures.Cash) {
		t.Errorf("the parts add up to %s, and the account has %s: %+v", sum, figures.Cash, all)
	}
	spent := decimal.Zero
	for _, x := range s.sim.Executions(s.seeds[0].KeyID) {
		if x.Qty.Equal(decimal.NewFromInt(10)) || x.Qty.Equal(decimal.NewFromInt(6)) {
			value := x.Qty.Mul(x.Price)
			if x.Side == "sell" {
				value = value.Neg()
			}
			spent = spent.Add(value)
		}
	}
	if want := decimal.NewFromInt(10000).Sub(spent); all["mine"].Cash != want.String() {
		t.Errorf("the sleeve has %s, and by the broker's executions %s", all["mine"].Cash, want)
	}
	if trips := ada.do("GET", "/api/trading-positions?scope=sleeve&scope_value="+mine, "", "X-Account-ID", one).want(t, 200, ""); !strings.Contains(trips.text, `"qty":"4"`) {
		t.Errorf("its round trips are %s", trips.text)
	}
}

// await waits until a query with the account's id returns true.
func (s *server) await(account, what, query string) {
	s.t.Helper()
	conn := s.db.Conn(s.t, "admin")
	kit.Eventually(s.t, what, func() (is bool) {
		s.sim.Step()
		if err := conn.QueryRow(s.t.Context(), query, account).Scan(&is); err != nil {
			s.t.Fatal(err)
		}
		return is
	})
}

// Sleeves are made, changed, closed and given cash by the account's owner alone, and what
// is wrong is refused with a code that says what to do.
func TestSleevesAreTheOwners(t *testing.T) {
	s := newServer(t)
	ada, bob, eve := s.signUp("ada"), s.signUp("bob"), s.signUp("eve")
	one := ada.connect("one", s.seeds[0])
	hers := eve.connect("hers", s.seeds[1])
	s.grant(one, "bob", "trader")
	mine := ada.sleeve(one, "mine", "100", "")
	foreign := eve.sleeve(hers, "hers", "100", "")
	agent := ada.agent("agent", "", one)

	for _, c := range []struct {
		what               string
		by                 func(method, path, body string, headers ...string) answer
		method, path, body string
		status             int
		code, says         string
	}{
		{"a trader sees them", bob.do, "GET", "/api/sleeves", "", 200, "", ""},
		{"a trader makes one", bob.do, "POST", "/api/sleeves", `{"name":"x"}`, 403, "not_permitted", ""},
		{"a trader moves cash", bob.do, "POST", "/api/sleeve-transfers", `{"to_sleeve_id":"` + mine + `","amount":"1"}`, 403, "not_permitted", ""},
		{"a trader changes one", bob.do, "PATCH", "/api/sleeves/" + mine, `{"switch":"halted"}`, 403, "not_permitted", ""},
		{"a trader resets its mark", bob.do, "POST", "/api/sleeves/" + mine + "/high-water-mark", "", 403, "not_permitted", ""},
		{"a token resets its mark", agent.do, "POST", "/api/sleeves/" + mine + "/high-water-mark", "", 403, "not_permitted", ""},
		{"a trader closes one", bob.do, "DELETE", "/api/sleeves/" + mine, "", 403, "not_permitted", ""},
		{"a token makes one", agent.do, "POST", "/api/sleeves", `{"name":"x"}`, 403, "not_permitted", ""},
		{"a token moves cash", agent.do, "POST", "/api/sleeve-transfers", `{"to_sleeve_id":"` + mine + `","amount":"1"}`, 403, "not_permitted", ""},
		{"a stranger sees them", eve.do, "GET", "/api/sleeves", "", 403, "account_forbidden", ""},
		{"another account's", ada.do, "PATCH", "/api/sleeves/" + foreign, `{"name":"y"}`, 404, "sleeve_not_found", ""},
		{"from another account's", ada.do, "POST", "/api/sleeve-transfers", `{"from_sleeve_id":"` + foreign + `","to_sleeve_id":"` + mine + `","amount":"1"}`, 404, "sleeve_not_found", ""},
		{"no name", ada.do, "POST", "/api/sleeves", `{}`, 400, "invalid_sleeve", ""},
		{"a name with spaces around it", ada.do, "POST", "/api/sleeves", `{"name":" x"}`, 400, "invalid_sleeve", ""},
		{"the name of another", ada.do, "POST", "/api/sleeves", `{"name":"mine"}`, 409, "sleeve_name_taken", ""},
		{"an unknown switch", ada.do, "PATCH", "/api/sleeves/" + mine, `{"switch":"off"}`, 400, "invalid_sleeve", ""},
		{"a limit below 0", ada.do, "PATCH", "/api/sleeves/" + mine, `{"max_order_notional":"-1"}`, 400, "invalid_sleeve", ""},
		{"a limit that is no amount", ada.do, "PATCH", "/api/sleeves/" + mine, `{"max_order_notional":true}`, 400, "invalid_sleeve", ""},
		{"a name that is null", ada.do, "PATCH", "/api/sleeves/" + mine, `{"name":null}`, 400, "invalid_json", "may not be null"},
		{"a switch that is a number", ada.do, "PATCH", "/api/sleeves/" + mine, `{"switch":1}`, 400, "invalid_json", "must be a text"},
		{"from nowhere to nowhere", ada.do, "POST", "/api/sleeve-transfers", `{"from_sleeve_id":null,"to_sleeve_id":null,"amount":"1"}`, 400, "invalid_sleeve", ""},
		{"to a number", ada.do, "POST", "/api/sleeve-transfers", `{"to_sleeve_id":1,"amount":"1"}`, 400, "invalid_json", "must be a text"},
		{"an id that is none", ada.do, "DELETE", "/api/sleeves/x", "", 400, "invalid_sleeve", ""},
		{"no amount", ada.do, "POST", "/api/sleeve-transfers", `{"to_sleeve_id":"` + mine + `"}`, 400, "invalid_sleeve", ""},
		{"part of a cent", ada.do, "POST", "/api/sleeve-transfers", `{"to_sleeve_id":"` + mine + `","amount":"0.001"}`, 400, "invalid_sleeve", ""},
		{"less than nothing", ada.do, "POST", "/api/sleeve-transfers", `{"to_sleeve_id":"` + mine + `","amount":"-1"}`, 400, "invalid_sleeve", ""},
		{"to itself", ada.do, "POST", "/api/sleeve-transfers", `{"from_sleeve_id":"` + mine + `","to_sleeve_id":"` + mine + `","amount":"1"}`, 400, "invalid_sleeve", ""},
		{"more than the account has", ada.do, "POST", "/api/sleeve-transfers", `{"to_sleeve_id":"` + mine + `","amount":"99999999"}`, 409, "not_enough_cash", ""},
		{"more than the sleeve has", ada.do, "POST", "/api/sleeve-transfers", `{"from_sleeve_id":"` + mine + `","amount":"100.01"}`, 409, "not_enough_cash", ""},
		{"one that has cash is closed", ada.do, "DELETE", "/api/sleeves/" + mine, "", 409, "sleeve_not_empty", ""},
		{"an order of another account's", ada.do, "POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"day","qty":"1","limit_price":"1","sleeve_id":"` + foreign + `"}`, 422, "guard_refused", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			a := c.by(c.method, c.path, c.body, "X-Account-ID", one).want(t, c.status, c.code)
			if !strings.Contains(a.text, c.says) {
				t.Errorf("it says %s", a.text)
			}
		})
	}

	key := []string{"X-Account-ID", one, "Idempotency-Key", "once"}
	first := ada.do("POST", "/api/sleeve-transfers", `{"from_sleeve_id":"`+mine+`","amount":"40","note":"back"}`, key...).want(t, 201, "")
	again := ada.do("POST", "/api/sleeve-transfers", `{"from_sleeve_id":"`+mine+`","amount":"40","note":"back"}`, key...).want(t, 201, "")
	if first.field(t, "id") != again.field(t, "id") || ada.sleeves(one)["mine"].Cash != "60" {
		t.Errorf("the retry moved cash again: %s %s", first.text, again.text)
	}
	ada.do("POST", "/api/sleeve-transfers", `{"from_sleeve_id":"`+mine+`","amount":"41","note":"back"}`, key...).want(t, 409, "idempotency_key_reused")
	ada.do("POST", "/api/sleeve-transfers", `{"from_sleeve_id":"`+mine+`","to_sleeve_id":null,"amount":"60"}`, "X-Account-ID", one).want(t, 201, "")
	ada.do("PATCH", "/api/sleeves/"+mine, `{"name":"theirs","allowed_symbols":["aapl"]}`, "X-Account-ID", one).want(t, 200, "")
	ada.do("DELETE", "/api/sleeves/"+mine, "", "X-Account-ID", one).want(t, 204, "")
	ada.do("DELETE", "/api/sleeves/"+mine, "", "X-Account-ID", one).want(t, 404, "sleeve_not_found")
	ada.do("POST", "/api/sleeve-transfers", `{"to_sleeve_id":"`+mine+`","amount":"1"}`, "X-Account-ID", one).want(t, 404, "sleeve_not_found")
	ada.order(one, mine, "buy", "1", at100).want(t, 422, "guard_refused")
	if list := ada.do("GET", "/api/sleeve-transfers?limit=2", "", "X-Account-ID", one).want(t, 200, ""); strings.Count(list.text, `"amount"`) != 2 || !strings.Contains(list.text, `"next_cursor":"`) {
		t.Errorf("the transfers are %s", list.text)
	}
	rows := ada.do("GET", "/api/audit?action=sleeve.transfer", "", "X-Account-ID", one).want(t, 200, "")
	if strings.Count(rows.text, "sleeve.transfer") != 3 {
		t.Errorf("the audit has %s", rows.text)
	}
}

// A sleeve's own limits and switch hold for its buys, and what it sells passes.
func TestSleeveHasLimits(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	mine := ada.sleeve(one, "mine", "10000", `,"max_order_notional":"3000","max_position_notional":"3900","allowed_symbols":["AAPL"]`)
	ada.order(one, mine, "buy", "10", market).want(t, 201, "")
	s.settle(one)
	for _, c := range []struct{ guard, symbol, qty, price string }{
		{"sleeve_max_order_notional", "AAPL", "31", "100"},
		{"sleeve_max_position_notional", "AAPL", "30", "100"}, // with the ten that it holds it would be 4,000 at least
		{"sleeve_allowed_symbols", "MSFT", "1", "100"},
	} {
		t.Run(c.guard, func(t *testing.T) {
			body := fmt.Sprintf(`{"symbol":%q,"side":"buy","type":"limit","time_in_force":"day","qty":%q,"limit_price":%q,"sleeve_id":%q}`, c.symbol, c.qty, c.price, mine)
			if a := ada.do("POST", "/api/orders", body, "X-Account-ID", one).want(t, 422, "guard_refused"); a.guardIn(t) != c.guard {
				t.Errorf("it was refused for another reason: %s", a.text)
			}
			preview := ada.do("POST", "/api/orders/preview", body, "X-Account-ID", one).want(t, 200, "")
			if !strings.Contains(preview.text, `"guard":"`+c.guard+`"`) {
				t.Errorf("its preview says %s", preview.text)
			}
		})
	}
	// A limit that is null is none, and one that is left out stays.
	ada.do("PATCH", "/api/sleeves/"+mine, `{"max_order_notional":null,"allowed_symbols":null}`, "X-Account-ID", one).want(t, 200, "")
	ada.do("POST", "/api/orders", `{"symbol":"MSFT","side":"buy","type":"limit","time_in_force":"day","qty":"31","limit_price":"100","sleeve_id":"`+mine+`"}`, "X-Account-ID", one).want(t, 201, "")
	if a := ada.order(one, mine, "buy", "40", at100).want(t, 422, "guard_refused"); a.guardIn(t) != "sleeve_max_position_notional" {
		t.Errorf("it was refused for another reason: %s", a.text)
	}
	// An empty list allows nothing, in a sleeve as of a token.
	ada.do("PATCH", "/api/sleeves/"+mine, `{"allowed_symbols":[]}`, "X-Account-ID", one).want(t, 200, "")
	ada.order(one, mine, "buy", "1", at100).want(t, 422, "guard_refused")
	ada.do("PATCH", "/api/sleeves/"+mine, `{"allowed_symbols":["AAPL"]}`, "X-Account-ID", one).want(t, 200, "")
	ada.agent("of nothing", `"limits":{"allowed_symbols":[]}`, one).order(one, mine, "buy", "1", at100).want(t, 422, "guard_refused")
	set := func(to string) {
		t.Helper()
		ada.do("PATCH", "/api/sleeves/"+mine, `{"switch":"`+to+`"}`, "X-Account-ID", one).want(t, 200, "")
	}
	set("reduce_only")
	ada.order(one, mine, "buy", "1", at100).want(t, 422, "guard_refused")
	ada.order(one, mine, "sell", "1", market).want(t, 201, "")
	s.settle(one)
	set("halted")
	ada.order(one, mine, "sell", "1", market).want(t, 422, "guard_refused")
	ada.order(one, "", "buy", "1", market).want(t, 201, "")
	s.settle(one)
	set("open")
	ada.order(one, mine, "buy", "1", at100).want(t, 201, "")
	for _, short := range []string{
		`"order_class":"bracket","side":"sell","type":"market","take_profit":{"limit_price":"1"},"stop_loss":{"stop_price":"900"}`,
		`"order_class":"oco","side":"buy","type":"limit","take_profit":{"limit_price":"100"},"stop_loss":{"stop_price":"900"}`,
	} {
		if a := ada.do("POST", "/api/orders", fmt.Sprintf(`{"symbol":"AAPL","time_in_force":"gtc","qty":"1","sleeve_id":%q,%s}`, mine, short), "X-Account-ID", one).want(t, 422, "guard_refused"); a.guardIn(t) != "sleeve" {
			t.Errorf("%s", a.text)
		}
	}
}

// A sleeve's high-water mark rises with each fill and each comparison with the broker that
// brings a better price, and below it by its limit the sleeve buys nothing.
func TestSleeveStopsAtItsDrawdown(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	mine := ada.sleeve(one, "mine", "10000", `,"max_drawdown":"500"`)
	ada.order(one, mine, "buy", "10", market).want(t, 201, "")
	s.settle(one)
	rises := func(how string, to int64, do func()) {
		t.Helper()
		before := decimal.RequireFromString(ada.sleeves(one)["mine"].HighWaterMark)
		s.sim.SetPrice("AAPL", decimal.NewFromInt(to))
		do()
		now := ada.sleeves(one)["mine"]
		mark := decimal.RequireFromString(now.HighWaterMark)
		if !mark.GreaterThan(before.Add(decimal.NewFromInt(300))) || now.Equity != now.HighWaterMark || now.Drawdown != "0" {
			t.Errorf("by %s the mark of %s becomes %+v", how, before, now)
		}
	}
	rises("a fill of somebody else's", 240, func() {
		ada.order(one, "", "buy", "1", market).want(t, 201, "")
		s.settle(one)
	})
	rises("a comparison", 290, func() {
		s.laterSync()
		ada.do("POST", "/api/sync", "", "X-Account-ID", one).want(t, 200, "")
	})
	ada.order(one, mine, "buy", "1", at100).want(t, 201, "")
	s.sim.SetPrice("AAPL", decimal.NewFromInt(235))
	s.laterSync()
	ada.do("POST", "/api/sync", "", "X-Account-ID", one).want(t, 200, "")
	refused := ada.order(one, mine, "buy", "1", at100).want(t, 422, "guard_refused")
	if refused.guardIn(t) != "sleeve_max_drawdown" || !strings.Contains(refused.text, `"limit":"500"`) {
		t.Errorf("it was refused for another reason: %s", refused.text)
	}
	reset := ada.do("POST", "/api/sleeves/"+mine+"/high-water-mark", "", "X-Account-ID", one).want(t, 200, "")
	if reset.field(t, "drawdown") != "0" || reset.field(t, "high_water_mark") != reset.field(t, "equity") {
		t.Errorf("after a reset it is %s", reset.text)
	}
	ada.order(one, mine, "buy", "1", at100).want(t, 201, "")
	ada.do("POST", "/api/sleeves/"+one+"/high-water-mark", "", "X-Account-ID", one).want(t, 404, "sleeve_not_found")
}

// A closing sells for the sleeve that holds the position, and where several do, for the one
// that it names. A wind-down closes what each of them holds, and the books of all end empty.
func TestClosingsSellWhatEachSleeveHolds(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	a, b := ada.sleeve(one, "a", "10000", ""), ada.sleeve(one, "b", "10000", "")
	ada.order(one, a, "buy", "3", market).want(t, 201, "")
	s.settle(one)
	closed := ada.do("DELETE", "/api/positions/AAPL?qty=1", "", "X-Account-ID", one).want(t, 200, "")
	if closed.field(t, "sleeve_id") != a {
		t.Errorf("the closing belongs to %s", closed.text)
	}
	s.settle(one)
	ada.order(one, b, "buy", "4", market).want(t, 201, "")
	ada.order(one, "", "buy", "5", market).want(t, 201, "")
	s.settle(one)
	ada.do("DELETE", "/api/positions/AAPL", "", "X-Account-ID", one).want(t, 422, "guard_refused")
	ada.do("DELETE", "/api/positions/AAPL?qty=1&sleeve_id="+b, "", "X-Account-ID", one).want(t, 200, "")
	s.settle(one)
	if all := ada.sleeves(one); all["a"].Positions[0].Qty != "2" || all["b"].Positions[0].Qty != "3" || all[""].Positions[0].Qty != "5" {
		t.Fatalf("they hold %+v", all)
	}
	ada.do("POST", "/api/guards/switch", `{"switch":"halted","liquidate":true}`, "X-Account-ID", one)
	s.await(one, "the wind-down", `select count(*) = 0 from app.alpaca_positions where account_id = $1 and qty <> 0`)
	s.settle(one)
	all := ada.sleeves(one)
	if len(all["a"].Positions)+len(all["b"].Positions)+len(all[""].Positions) != 0 {
		t.Errorf("afterwards they hold %+v", all)
	}
}

// An API token that is bound to a sleeve trades in it alone, and so do those that are made
// of it.
func TestTokenIsBoundToASleeve(t *testing.T) {
	s := newServer(t)
	ada, eve := s.signUp("ada"), s.signUp("eve")
	one := ada.connect("one", s.seeds[0])
	hers := eve.connect("hers", s.seeds[1])
	a, b := ada.sleeve(one, "a", "1000", ""), ada.sleeve(one, "b", "1000", "")
	foreign := eve.sleeve(hers, "hers", "1000", "")
	bound := ada.agent("bound", `"sleeves":["`+a+`"]`, one)
	helper := bound.agent("helper", "", one)
	for _, by := range []agent{bound, helper} {
		if got := by.order(one, "", "buy", "1", at100).want(t, 201, "").field(t, "sleeve_id"); got != a {
			t.Errorf("the order belongs to %q", got)
		}
		by.order(one, a, "buy", "1", at100).want(t, 201, "")
		by.order(one, b, "buy", "1", at100).want(t, 422, "guard_refused")
		by.order(one, "", "buy", "9", at100).want(t, 422, "guard_refused")
	}
	bound.do("POST", "/api/tokens", tokenBody("wider", `"sleeves":["`+b+`"]`, one)).want(t, 403, "token_too_wide")
	ada.do("POST", "/api/tokens", tokenBody("two of one account", `"sleeves":["`+a+`","`+b+`"]`, one)).want(t, 400, "invalid_token")
	ada.do("POST", "/api/tokens", tokenBody("another's", `"sleeves":["`+foreign+`"]`, one)).want(t, 404, "sleeve_not_found")
	unassigned := ada.order(one, "", "buy", "1", at100).want(t, 201, "").field(t, "id")
	bound.do("PATCH", "/api/orders/"+unassigned, `{"qty":"2"}`, "X-Account-ID", one).want(t, 422, "guard_refused")
}

// Orders of one sleeve that are sent at once spend its cash once.
func TestSleeveIsNotOverspentAtOnce(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	mine := ada.sleeve(one, "mine", "1000", "")
	var clients sync.WaitGroup
	var sent atomic.Int64
	for range 24 {
		clients.Go(func() {
			if a := ada.order(one, mine, "buy", "1", at100); a.status == 201 {
				sent.Add(1)
			}
		})
	}
	clients.Wait()
	if sent.Load() != 10 {
		t.Errorf("%d orders of 100 were sent, of a sleeve with 1000", sent.Load())
	}
}

// A list of orders can be of one sleeve, or of none, with every other filter and even
// where the mirror is behind, since Alpaca knows no sleeves.
func TestOrdersOfASleeve(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	one := ada.connect("one", s.seeds[0])
	a, b := ada.sleeve(one, "a", "1000", ""), ada.sleeve(one, "b", "1000", "")
	first := ada.order(one, a, "buy", "1", at100).want(t, 201, "").field(t, "id")
	second := ada.order(one, a, "buy", "2", at100).want(t, 201, "").field(t, "id")
	third := ada.order(one, "", "buy", "3", at100).want(t, 201, "").field(t, "id")
	for query, want := range map[string][]string{
		"sleeve_id=" + a:                               {second, first},
		"sleeve_id=" + a + "&direction=asc":            {first, second},
		"sleeve_id=" + a + "&status=open&symbols=AAPL": {second, first},
		"sleeve_id=" + a + "&status=closed":            {},
		"sleeve_id=" + a + "&nested=true&side=buy":     {second, first},
		"sleeve_id=" + a + "&symbols=MSFT":             {},
		"sleeve_id=" + a + "&after_order_id=" + first:  {second},
		"sleeve_id=" + a + "&limit=1":                  {second},
		"sleeve_id=" + b:                               {},
		"sleeve_id=none":                               {third},
		"":                                             {third, second, first},
	} {
		var list struct {
			Orders []struct{ ID string }
			Next   *string `json:"next_cursor"`
			Source string
		}
		answer := ada.do("GET", "/api/orders?"+query, "", "X-Account-ID", one).want(t, 200, "")
		if err := json.Unmarshal([]byte(answer.text), &list); err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, o := range list.Orders {
			got = append(got, o.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || query != "" && list.Source != "mirror" {
			t.Errorf("%q lists %v from the %s, and should %v", query, got, list.Source, want)
		}
		if strings.Contains(query, "limit=1") {
			if list.Next == nil {
				t.Fatal("there is no second page")
			}
			if next := ada.do("GET", "/api/orders?"+query+"&before="+*list.Next, "", "X-Account-ID", one).want(t, 200, ""); !strings.Contains(next.text, first) || strings.Contains(next.text, third) {
				t.Errorf("the second page is %s", next.text)
			}
		}
	}
	ada.do("GET", "/api/orders?sleeve_id=x", "", "X-Account-ID", one).want(t, 400, "invalid_query")
}
