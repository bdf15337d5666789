package alpacasim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// Each execution is an activity. Its id ends with the stream's execution id and
// begins with the time in New York.
func TestFillActivities(t *testing.T) {
	m := open(t)
	m.price("AAPL", "10")
	o := m.order("buy 1500 AAPL market day")
	m.step()
	m.step()
	list := m.list(200, "GET", "/v2/account/activities?direction=asc")
	updates := m.updates(0)
	if len(list) != 2 || len(updates) != 3 {
		t.Fatalf("%d activities of %d updates", len(list), len(updates))
	}
	for i, want := range []string{"partial_fill 750 750 750 partially_filled", "fill 750 1500 0 filled"} {
		a := list[i]
		if got := strings.Join([]string{a.text("type"), a.text("qty"), a.text("cum_qty"), a.text("leaves_qty"), a.text("order_status")}, " "); got != want {
			t.Errorf("execution %d is %s, want %s", i, got, want)
		}
		when, id, _ := strings.Cut(a.text("id"), "::")
		if !strings.HasPrefix(when, "20260601100000") || len(when) != 17 || id != updates[i+1].text("execution_id") || a.text("order_id") != o.text("id") || a.text("price") != updates[i+1].text("price") {
			t.Errorf("it is %v, and the stream said %v", a, updates[i+1])
		}
	}
}

// Activities are filtered and paged as at Alpaca.
func TestListsOfActivities(t *testing.T) {
	m := open(t)
	for range 3 {
		m.order("buy 1 AAPL market day")
		m.step()
		m.clock.tick(time.Hour)
	}
	m.sim.PayDividend("AAPL", dec("0.25"))
	m.clock.tick(24 * time.Hour)
	m.sim.PayDividend("AAPL", dec("0.5"))

	var all []string
	for token := ""; ; {
		page := m.list(200, "GET", "/v2/account/activities?page_size=2&page_token="+token)
		for _, a := range page {
			token = a.text("id")
			all = append(all, a.text("activity_type"))
		}
		if len(page) < 2 {
			break
		}
	}
	if got := strings.Join(all, " "); got != "DIV DIV FILL FILL FILL" {
		t.Errorf("page by page: %s", got)
	}
	for query, want := range map[string]int{
		"": 5, "/FILL": 3, "/DIV?page_size=1": 1, "?activity_types=FILL,DIV": 5, "?activity_types=SPLIT": 0, "?category=trade_activity": 3,
		"?category=non_trade_activity": 2, "?date=2026-06-01": 4, "?date=2026-06-03": 0, "?after=2026-06-01T14:30:00Z": 4, "?until=2026-06-01T14:30:00Z": 1,
		"?after=2026-06-02": 1,
	} {
		if got := m.list(200, "GET", "/v2/account/activities"+query); len(got) != want {
			t.Errorf("%q lists %d, want %d", query, len(got), want)
		}
	}
	for _, wrong := range []string{"?page_size=101", "?page_token=none", "?after=noon", "?date=noon", "?category=trade_activity&activity_types=FILL"} {
		m.call(422, "GET", "/v2/account/activities"+wrong, "")
	}
	d := m.list(200, "GET", "/v2/account/activities/DIV")[0]
	if d.text("net_amount") != "1.5" || d.text("per_share_amount") != "0.5" || d.text("qty") != "3" || d.text("date") != "2026-06-02" || d.text("status") != "executed" {
		t.Errorf("the dividend is %v", d)
	}
}

// A holder of shares is paid a dividend, and a short seller pays it.
func TestDividends(t *testing.T) {
	m := open(t)
	m.order("sell 10 AAPL market day")
	m.step()
	cash := m.figures().Cash
	if !m.sim.PayDividend("AAPL", dec("0.24")) || m.sim.PayDividend("BTC/USD", dec("1")) {
		t.Error("PayDividend is refused for shares, or accepted for coins")
	}
	if got := m.figures().Cash; !got.Equal(cash.Sub(dec("2.4"))) {
		t.Errorf("the cash went from %s to %s", cash, got)
	}
}

// A split changes the number of shares and the open orders, and no account's
// equity.
func TestSplits(t *testing.T) {
	for ratio, want := range map[string]string{"4": "40 50 80 10", "0.1": "1 2000 2 400"} {
		m := open(t)
		m.price("AAPL", "200")
		m.order("buy 10 AAPL market day")
		m.step()
		m.price("AAPL", "200")
		resting := m.order("buy 20 AAPL limit gtc", `"limit_price":"40"`)
		equity := m.figures().Equity
		if !m.sim.Split("AAPL", dec(ratio)) || m.sim.Split("NOPE", dec("2")) {
			t.Fatal("Split is refused for AAPL, or accepted for an unknown symbol")
		}
		p, o := m.call(200, "GET", "/v2/positions/AAPL", ""), m.now(resting)
		if got := strings.Join([]string{p.text("qty"), p.text("current_price"), o.text("qty"), o.text("limit_price")}, " "); got != want {
			t.Errorf("%s for 1: %s, want %s", ratio, got, want)
		}
		if got := m.figures().Equity; !got.Equal(equity) {
			t.Errorf("%s for 1: the equity went from %s to %s", ratio, equity, got)
		}
		if a := m.list(200, "GET", "/v2/account/activities/SPLIT"); len(a) != 1 || !dec(a[0].text("qty")).Equal(dec("10").Mul(dec(ratio)).Sub(dec("10"))) {
			t.Errorf("its activities are %v", a)
		}
		if got := m.story(); !strings.HasSuffix(got, "restated limit") {
			t.Errorf("the stream sent %s", got)
		}
	}
}

// After a bust, the order, position, cash and activities are as if the
// execution had not happened, and the stream sends the bust.
func TestBust(t *testing.T) {
	for side, sign := range map[string]string{"buy": "1", "sell": "-1"} {
		m := open(t)
		m.sim.SetFillPlan("AAPL", 2)
		o := m.order(side + " 10 AAPL market day")
		m.step()
		before, first := m.figures().Cash, m.now(o).text("filled_avg_price")
		m.price("AAPL", "250")
		m.step()
		executions := m.sim.Executions(m.seeds[0].KeyID)
		if !m.sim.Bust(executions[1].ID) || m.sim.Bust(executions[1].ID) || m.sim.Bust("none") {
			t.Fatal("Bust is refused for an execution, or accepted for none")
		}
		if now := m.now(o); now.text("filled_qty") != "5" || now.text("filled_avg_price") != first {
			t.Errorf("the order is %v, and was at %s", now, first)
		}
		p := m.sim.Positions(m.seeds[0].KeyID)[0]
		if !p.Qty.Equal(dec(sign).Mul(dec("5"))) || !p.AvgEntryPrice.Equal(dec(first)) || !m.figures().Cash.Equal(before) {
			t.Errorf("holds %v and %s, which was %s", p, m.figures().Cash, before)
		}
		if list := m.list(200, "GET", "/v2/account/activities/FILL"); len(list) != 1 {
			t.Errorf("its activities are %v", list)
		}
		last := m.updates(0)[3]
		if last.text("event") != "trade_bust" || last.text("previous_execution_id") != executions[1].ID || last.text("qty") != "5" || last.text("position_qty") != p.Qty.String() ||
			last.text("order", "filled_qty") != "5" || last.text("execution_id") == executions[1].ID {
			t.Errorf("the stream sent %v", last)
		}
		if x := m.sim.Executions(m.seeds[0].KeyID); !x[1].Busted || x[0].Busted {
			t.Errorf("the executions are %v", x)
		}
	}
}

// A correction replaces an execution by another one, which can be corrected
// again.
func TestCorrect(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	o := m.order("buy 10 AAPL market day")
	m.step()
	wrong := m.sim.Executions(m.seeds[0].KeyID)[0].ID
	for i, right := range []struct{ price, qty string }{{"99", "10"}, {"98", "8"}} {
		if !m.sim.Correct(wrong, dec(right.price), dec(right.qty)) {
			t.Fatal("it cannot be corrected")
		}
		all := m.sim.Executions(m.seeds[0].KeyID)
		x := all[len(all)-1]
		now := m.now(o)
		if now.text("filled_qty") != right.qty || now.text("filled_avg_price") != right.price || x.Previous != wrong || !m.holds("AAPL").Equal(dec(right.qty)) ||
			!m.figures().Cash.Equal(dec("100000").Sub(dec(right.price).Mul(dec(right.qty)))) {
			t.Errorf("the order is %v, and the account has %+v", now, m.figures())
		}
		list, updates := m.list(200, "GET", "/v2/account/activities"), m.updates(0)
		if len(list) != 1 || !strings.HasSuffix(list[0].text("id"), x.ID) || list[0].text("price") != right.price {
			t.Errorf("its activities are %v", list)
		}
		if last := updates[2+i]; last.text("event") != "trade_correct" || last.text("execution_id") != x.ID || last.text("previous_execution_id") != wrong || last.text("price") != right.price {
			t.Errorf("the stream sent %v", last)
		}
		wrong = x.ID
	}
}

// With crypto fees on, the fee is deducted from what the trade brought.
func TestCryptoFees(t *testing.T) {
	m := open(t)
	m.sim.SetCryptoFees(true)
	m.order("buy 1 ETH/USD market gtc")
	m.step()
	if held := m.holds("ETH/USD"); !held.Equal(dec("0.9975")) {
		t.Errorf("holds %s", held)
	}
	cash := m.figures().Cash
	m.order("sell 0.5 ETH/USD market gtc")
	m.step()
	fees := m.list(200, "GET", "/v2/account/activities/CFEE")
	if len(fees) != 2 || fees[1].text("qty") != "-0.0025" {
		t.Fatalf("its activities are %v", fees)
	}
	x := m.sim.Executions(m.seeds[0].KeyID)[1]
	if got := m.figures().Cash.Sub(cash); !got.Equal(x.Qty.Mul(x.Price).Add(dec(fees[0].text("net_amount")))) || !dec(fees[0].text("net_amount")).IsNegative() {
		t.Errorf("the sale brought %s, with a fee of %s", got, fees[0].text("net_amount"))
	}
}

// Whatever was filled, busted and corrected, an account's positions and cash
// are the sums of the executions that count.
func TestBookAddsUp(t *testing.T) {
	m := open(t)
	for i := range 40 {
		m.sim.SetFillPlan("AAPL", 1+i%3)
		side := []string{"buy", "sell"}[i/4%2]
		m.send("POST", "/v2/orders", orderBody(side+" "+[]string{"3", "10", "25"}[i%3]+" "+[]string{"AAPL", "AMD"}[i%2]+" market day"))
		m.step()
		if all := m.sim.Executions(m.seeds[0].KeyID); i%5 == 4 {
			m.sim.Bust(all[len(all)-1].ID)
		} else if i%7 == 6 {
			m.sim.Correct(all[len(all)-1].ID, dec("111"), dec("2"))
		}
	}
	cash, held := dec("100000"), map[string]decimal.Decimal{}
	executions := m.sim.Executions(m.seeds[0].KeyID)
	for _, x := range executions {
		if x.Busted {
			continue
		}
		qty := x.Qty
		if x.Side == "sell" {
			qty = qty.Neg()
		}
		cash, held[x.Symbol] = cash.Sub(qty.Mul(x.Price)), held[x.Symbol].Add(qty)
	}
	if len(executions) < 40 || !slices.ContainsFunc(m.sim.Orders(m.seeds[0].KeyID), orderOf("sell")) {
		t.Fatalf("only %d executions", len(executions))
	}
	if got := m.figures().Cash; !got.Equal(cash) {
		t.Errorf("the cash is %s, and the executions say %s", got, cash)
	}
	for symbol, want := range held {
		if got := m.holds(symbol); !got.Equal(want) {
			t.Errorf("of %s it holds %s, and the executions say %s", symbol, got, want)
		}
	}
}
