package alpacasim_test

import (
	"testing"

	"github.com/shopspring/decimal"
)

// near reports whether two amounts differ by no more than the market's small
// moves explain.
func near(got, want decimal.Decimal) bool {
	return got.Sub(want).Abs().LessThanOrEqual(want.Abs().Div(dec("500")).Add(dec("5")))
}

// An account's figures follow Regulation T: shares, long or short, require half
// their value and coins all of it, and what is left can buy twice its amount.
func TestMargin(t *testing.T) {
	for name, tt := range map[string]struct {
		orders                                         []string
		long, short, initial, maintenance, power, cash string
	}{
		"nothing":        {nil, "0", "0", "0", "0", "200000", "100000"},
		"shares":         {[]string{"buy 400 AAPL market day"}, "40000", "0", "20000", "12000", "160000", "60000"},
		"on credit":      {[]string{"buy 900 AAPL market day", "buy 900 AAPL market day"}, "180000", "0", "90000", "54000", "20000", "-80000"},
		"short":          {[]string{"sell 400 AAPL market day"}, "0", "-40000", "20000", "12000", "160000", "140000"},
		"coins":          {[]string{"buy 1 BTC/USD market gtc"}, "65000", "0", "65000", "65000", "70000", "35000"},
		"long and short": {[]string{"buy 100 AAPL market day", "sell 100 AMD market day"}, "10000", "-14500", "12250", "7350", "175500", "104500"},
	} {
		t.Run(name, func(t *testing.T) {
			m := open(t)
			m.price("AAPL", "100")
			m.price("AMD", "145")
			m.price("BTC/USD", "65000")
			for _, o := range tt.orders {
				m.order(o)
				m.step()
			}
			f := m.figures()
			for what, pair := range map[string][2]string{
				"long": {f.LongMarketValue.String(), tt.long}, "short": {f.ShortMarketValue.String(), tt.short}, "initial margin": {f.InitialMargin.String(), tt.initial},
				"maintenance": {f.MaintenanceMargin.String(), tt.maintenance}, "buying power": {f.BuyingPower.String(), tt.power}, "cash": {f.Cash.String(), tt.cash},
			} {
				if !near(dec(pair[0]), dec(pair[1])) {
					t.Errorf("%s is %s, want about %s", what, pair[0], pair[1])
				}
			}
			if !f.Equity.Equal(f.Cash.Add(f.LongMarketValue).Add(f.ShortMarketValue)) {
				t.Errorf("the equity is %s", f.Equity)
			}
		})
	}
}

// All figures of an account are strings, and the figures for pattern day
// traders are missing.
func TestAccountFields(t *testing.T) {
	m := open(t)
	m.order("buy 1 AAPL market day")
	m.step()
	a := m.call(200, "GET", "/v2/account", "")
	for _, name := range []string{"buying_power", "cash", "equity", "last_equity", "initial_margin", "maintenance_margin", "last_maintenance_margin", "long_market_value",
		"short_market_value", "multiplier", "non_marginable_buying_power", "options_buying_power", "portfolio_value", "regt_buying_power", "sma", "accrued_fees",
		"intraday_adjustments", "pending_transfer_in", "pending_transfer_out", "pending_reg_taf_fees", "balance_asof", "created_at", "currency", "status", "account_number"} {
		if _, is := a[name].(string); !is {
			t.Errorf("%s is %v", name, a[name])
		}
	}
	for _, name := range []string{"pattern_day_trader", "daytrade_count", "daytrading_buying_power"} {
		if _, there := a[name]; there {
			t.Errorf("the account has the field %s", name)
		}
	}
	if a.text("multiplier") != "2" || a.text("shorting_enabled") != "true" {
		t.Errorf("got %v", a)
	}
}

// Open orders reserve buying power until they are closed.
func TestOpenOrdersReserve(t *testing.T) {
	m := open(t)
	o := m.order("buy 100 AAPL limit day", `"limit_price":"150"`)
	if power := m.figures().BuyingPower; !power.Equal(dec("185000")) {
		t.Errorf("with an open order there is %s", power)
	}
	m.call(204, "DELETE", "/v2/orders/"+o.text("id"), "")
	if power := m.figures().BuyingPower; !power.Equal(dec("200000")) {
		t.Errorf("without there is %s", power)
	}
	if o := m.refused(403, 40310000, "insufficient buying power", "buy 2000 AAPL limit day", `"limit_price":"150"`); o.text("buying_power") != "200000" || o.text("cost_basis") != "300000" {
		t.Errorf("it says %v", o)
	}
	// Coins are bought with cash only, not on margin.
	m.refused(403, 40310000, "insufficient buying power", "buy 2 BTC/USD market gtc")
}

// A refusal for lack of shares says how many are available, and which orders
// reserve the rest.
func TestHeldForOrders(t *testing.T) {
	for _, side := range [][2]string{{"buy", "sell"}, {"sell", "buy"}} {
		m := open(t)
		m.price("AAPL", "100")
		m.order(side[0] + " 10 AAPL market day")
		m.step()
		price := map[string]string{"sell": `"limit_price":"150"`, "buy": `"limit_price":"50"`}[side[1]]
		resting := m.order(side[1]+" 7 AAPL limit day", price)
		o := m.refused(403, 40310000, "insufficient qty available for order (requested: 4, available: 3)", side[1]+" 4 AAPL market day")
		existing := map[string]string{"buy": "10", "sell": "-10"}[side[0]]
		if related, _ := o["related_orders"].([]any); o.text("available") != "3" || o.text("existing_qty") != existing || o.text("held_for_orders") != "7" || o.text("symbol") != "AAPL" ||
			len(related) != 1 || related[0] != resting.text("id") {
			t.Errorf("it says %v", o)
		}
		m.refused(403, 40310000, "insufficient qty", side[1]+" 11 AAPL market day")
		p := m.call(200, "GET", "/v2/positions/AAPL", "")
		if want := map[string]string{"buy": "3", "sell": "-3"}[side[0]]; p.text("qty_available") != want || p.text("qty") != existing {
			t.Errorf("of %s there are %s available, want %s", p.text("qty"), p.text("qty_available"), want)
		}
	}
}

// An order that could trade with an open order of the same account is refused,
// and the refusal names that order. Orders of complex classes are accepted.
func TestWashTrades(t *testing.T) {
	m := open(t)
	m.price("AAPL", "100")
	resting := m.order("buy 1 AAPL limit day", `"limit_price":"50"`)
	o := m.refused(403, 40310000, "potential wash trade", "sell 1 AAPL limit day", `"limit_price":"200"`)
	if o.text("existing_order_id") != resting.text("id") || o.text("reject_reason") != "opposite side limit order exists" {
		t.Errorf("it says %v", o)
	}
	m.order("sell 1 AAPL market day", `"order_class":"bracket","take_profit":{"limit_price":"90"},"stop_loss":{"stop_price":"110"}`)
}

// Short sales that are not allowed are refused: of fractions, of coins, of
// calls that no shares cover, and all of them on an account that may not sell
// short.
func TestShorting(t *testing.T) {
	m := open(t)
	m.refused(422, 42210000, "fractional orders cannot be sold short", "sell 0.5 AAPL market day")
	m.refused(403, 40310000, "insufficient balance for ETH (requested: 1, available: 0)", "sell 1 ETH/USD market gtc")
	m.refused(403, 40310000, "uncovered", "sell 1 AAPL270115C00100000 market day")
	m.call(200, "PATCH", "/v2/account/configurations", `{"no_shorting":true}`)
	m.refused(403, 40310000, "not allowed to short", "sell 1 AAPL market day")
	m.order("buy 100 AAPL market day")
	m.step()
	m.order("sell 1 AAPL270115C00100000 market day") // covered by the hundred shares
	m.step()
	m.refused(403, 40310000, "insufficient qty", "sell 1 AAPL market day") // all shares are needed to cover the call
}

// A change of an account's configuration takes effect at once, and invalid
// values are refused.
func TestConfigurations(t *testing.T) {
	m := open(t)
	const path = "/v2/account/configurations"
	if c := m.call(200, "GET", path, ""); c.text("max_margin_multiplier") != "4" || c.text("suspend_trade") != "false" || c.text("fractional_trading") != "true" || c.text("trade_confirm_email") != "all" {
		t.Errorf("it begins with %v", c)
	}
	if c := m.call(200, "PATCH", path, `{"suspend_trade":true,"trade_confirm_email":"none"}`); c.text("suspend_trade") != "true" || c.text("trade_confirm_email") != "none" || c.text("fractional_trading") != "true" {
		t.Errorf("it became %v", c)
	}
	m.refused(403, 40310000, "rejected by user request", "buy 1 AAPL market day")
	if a := m.call(200, "GET", "/v2/account", ""); a.text("trade_suspended_by_user") != "true" {
		t.Errorf("the account says %v", a)
	}
	m.call(200, "PATCH", path, `{"suspend_trade":false,"fractional_trading":false,"max_margin_multiplier":"1"}`)
	m.refused(403, 40310000, "fractional", "buy 0.5 AAPL market day")
	if f := m.figures(); !f.BuyingPower.Equal(dec("100000")) {
		t.Errorf("without credit the buying power is %s", f.BuyingPower)
	}
	for _, wrong := range []string{`{"max_margin_multiplier":"3"}`, `{"trade_confirm_email":"some"}`, `{"max_options_trading_level":4}`} {
		m.call(422, "PATCH", path, wrong)
	}
	m.call(400, "PATCH", path, `{"suspend_trade":"perhaps"}`)
}
