package alpacasim_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// player performs random actions: requests of a client, and events such as
// moves, halts and faults.
type player struct {
	*market
	dice *rand.Rand
}

func (p *player) one(of ...string) string { return of[p.dice.IntN(len(of))] }

func (p *player) price() string { return fmt.Sprint(80 + p.dice.IntN(40)) }

// anyOrder returns the id of one of the newest twenty orders or legs.
func (p *player) anyOrder() string {
	book := p.sim.Orders(p.seeds[0].KeyID)
	if len(book) == 0 {
		return "none"
	}
	return book[len(book)-1-p.dice.IntN(min(len(book), 20))].ID
}

func (p *player) anyExecution() string {
	all := p.sim.Executions(p.seeds[0].KeyID)
	if len(all) == 0 {
		return "none"
	}
	return all[p.dice.IntN(len(all))].ID
}

func (p *player) act() (status int, text []byte) {
	side, tif := p.one("buy", "sell"), p.one("day", "gtc", "ioc", "fok", "opg", "cls")
	symbol := p.one("AAPL", "AAPL", "AMD", "BTC/USD", "AAPL260619C00100000", "AAPL260602P00110000")
	qty := p.one("1", "3", "0.5", "10", "1200")
	post := func(words string, more ...string) (int, []byte) {
		return p.send("POST", "/v2/orders", orderBody(words, more...))
	}
	switch p.dice.IntN(24) {
	case 0, 1, 2:
		return post(side + " " + qty + " " + symbol + " market " + tif)
	case 3, 4:
		return post(side+" "+qty+" "+symbol+" limit "+tif, `"limit_price":"`+p.price()+`"`, p.one(`"extended_hours":true`, `"extended_hours":false`))
	case 5:
		return post(side+" "+qty+" "+symbol+" stop_limit "+tif, `"limit_price":"`+p.price()+`"`, `"stop_price":"`+p.price()+`"`)
	case 6:
		return post(side+" "+qty+" "+symbol+" trailing_stop "+tif, p.one(`"trail_price":"4"`, `"trail_percent":"3"`))
	case 7, 8:
		exits := `"take_profit":{"limit_price":"` + p.price() + `"},"stop_loss":{"stop_price":"` + p.price() + `"}`
		class := p.one("bracket", "oco")
		more := []string{`"order_class":"` + class + `"`, exits}
		if class == "oco" {
			return post(side+" "+qty+" AAPL limit gtc", more...)
		}
		return post(side+" "+qty+" AAPL market "+tif, more...)
	case 9:
		return p.send("POST", "/v2/orders", strings.ReplaceAll(callSpread, "270115", p.one("270115", "260602")))
	case 10:
		return p.send("POST", "/v2/orders", `{"symbol":"AAPL","notional":"`+p.price()+`","side":"`+side+`","type":"market","time_in_force":"day"}`)
	case 11, 12:
		return p.send("DELETE", "/v2/orders/"+p.anyOrder(), "")
	case 13, 14:
		return p.send("PATCH", "/v2/orders/"+p.anyOrder(), p.one(`{"qty":"2"}`, `{"limit_price":"`+p.price()+`"}`, `{"stop_price":"`+p.price()+`"}`, `{"trail":"2"}`, `{"qty":"1300"}`))
	case 15:
		return p.send("DELETE", p.one("/v2/positions/AAPL", "/v2/positions/BTCUSD?percentage=50", "/v2/positions/AMD?qty=1", "/v2/positions?cancel_orders=true", "/v2/orders"), "")
	case 16:
		return p.send("POST", "/v2/positions/AAPL260619C00100000/"+p.one("exercise", "do-not-exercise"), "")
	case 17:
		p.sim.Bust(p.anyExecution())
	case 18:
		p.sim.Correct(p.anyExecution(), dec(p.price()), dec("2"))
	case 19:
		p.sim.Halt("AAPL", p.dice.IntN(2) == 0)
	case 20:
		p.sim.SetFillPlan("AAPL", p.dice.IntN(4))
	case 21:
		p.sim.PayDividend("AAPL", dec("0.1"))
	case 22:
		p.clock.tick(time.Duration(p.dice.IntN(20)) * time.Hour)
	case 23:
		p.market.price("AAPL", p.price())
	}
	return 200, nil
}

// Whatever requests and faults happen, an account's data stays consistent.
// There is no internal error; cash and positions are the sums of the executions
// and activities; no order is filled beyond its quantity; the stream's last
// update of each order agrees with a look-up, except for exits that close
// without an update; and a restart changes nothing.
func TestRandomTrading(t *testing.T) {
	for seed := range uint64(6) {
		file := t.TempDir() + "/state"
		keep := func(c *alpacasim.Config) { c.StateFile, c.Hours = file, seed%2 == 1 }
		p := &player{open(t, keep), rand.New(rand.NewPCG(seed, 1))}
		p.market.price("AAPL", "100")
		for _, fault := range []alpacasim.Fault{alpacasim.CancelRace, alpacasim.CancelReject, alpacasim.ReplaceReject} {
			p.sim.InjectFor(alpacasim.Injection{Fault: fault, N: -1, P: 0.2})
		}
		refused := 0
		for i := range 500 {
			status, text := p.act()
			if status >= 500 {
				t.Fatalf("seed %d, act %d: %d %s", seed, i, status, text)
			}
			if status >= 400 {
				refused++
			}
			if i%3 == 2 {
				p.step()
			}
			p.wantWhole(seed, i)
		}
		if orders := len(p.sim.Orders(p.seeds[0].KeyID)); orders < 40 || refused > 350 {
			t.Errorf("seed %d: only %d orders, and %d requests refused", seed, orders, refused)
		}
		p.wantTold(seed)
		p.sim.ClearFaults()
		p.call(200, "PATCH", "/v2/account/configurations", `{"trade_confirm_email":"none"}`) // to save the state: a move of prices does not
		before := p.everything()
		was := p.clock.now()
		again := open(t, keep)
		again.clock.tick(was.Sub(again.clock.now()))
		if after := again.everything(); after != before {
			at := 0
			for before[at] == after[at] {
				at++
			}
			t.Errorf("seed %d: a restart changed %q to %q", seed, before[max(at-300, 0):at+100], after[max(at-300, 0):at+100])
		}
	}
}

// wantWhole fails unless cash, positions and filled quantities are the sums of
// executions and activities, and no order is filled beyond its quantity.
func (p *player) wantWhole(seed uint64, act int) {
	p.t.Helper()
	filled := map[string]decimal.Decimal{}
	held := map[string]decimal.Decimal{}
	cash := dec("100000")
	for _, x := range p.sim.Executions(p.seeds[0].KeyID) {
		if x.Busted {
			continue
		}
		qty, units := x.Qty, dec("1")
		if len(x.Symbol) > 10 {
			units = dec("100")
		}
		if x.Side == "sell" {
			qty = qty.Neg()
		}
		filled[x.OrderID] = filled[x.OrderID].Add(x.Qty)
		held[x.Symbol] = held[x.Symbol].Add(qty)
		cash = cash.Sub(qty.Mul(x.Price).Mul(units))
	}
	for _, a := range p.list(200, "GET", "/v2/account/activities?category=non_trade_activity") {
		cash = cash.Add(dec(a.text("net_amount")))
		if qty := a.text("qty"); qty != "" && a.text("activity_type") != "DIV" {
			held[a.text("symbol")] = held[a.text("symbol")].Add(dec(qty))
		}
	}
	for _, o := range p.sim.Orders(p.seeds[0].KeyID) {
		if o.OrderClass != "mleg" && !o.FilledQty.Equal(filled[o.ID]) || o.Qty != nil && len(o.Symbol) > 0 && o.FilledQty.GreaterThan(*o.Qty) && o.Status != "filled" {
			p.t.Fatalf("seed %d, act %d: order %+v has executions of %s", seed, act, o, filled[o.ID])
		}
	}
	if got := p.figures().Cash; !got.Equal(cash) {
		p.t.Fatalf("seed %d, act %d: the cash is %s, and executions and activities come to %s", seed, act, got, cash)
	}
	for _, position := range p.sim.Positions(p.seeds[0].KeyID) {
		if !position.Qty.Equal(held[position.Symbol]) {
			p.t.Fatalf("seed %d, act %d: it holds %s of %s, and executions and activities come to %s", seed, act, position.Qty, position.Symbol, held[position.Symbol])
		}
		delete(held, position.Symbol)
	}
	for symbol, qty := range held {
		if !qty.IsZero() {
			p.t.Fatalf("seed %d, act %d: it holds nothing of %s, and executions and activities come to %s", seed, act, symbol, qty)
		}
	}
}

// wantTold fails unless the stream's last update of each order agrees with the
// order.
func (p *player) wantTold(seed uint64) {
	p.t.Helper()
	last := map[string]object{}
	for _, u := range p.updates(0) {
		o := object(u["order"].(map[string]any))
		last[o.text("id")] = o
	}
	for _, o := range p.sim.Orders(p.seeds[0].KeyID) {
		told, is := last[o.ID]
		switch {
		case !is && (o.OrderClass == "mleg" || o.Status == "held" || o.Status == "canceled" || o.Status == "pending_new"):
		case !is || told.text("status") != o.Status || told.text("filled_qty") != o.FilledQty.String():
			if o.Status == "canceled" && told.text("status") == "held" {
				continue
			}
			p.t.Errorf("seed %d: order %+v was last sent as %v", seed, o, told)
		}
	}
}
