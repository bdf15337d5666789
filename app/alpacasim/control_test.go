package alpacasim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"paddock/app/alpacasim"
	"paddock/app/alpacasim/simclient"
)

// A test in another process can inject faults over HTTP if Config.Control is
// set.
func TestControl(t *testing.T) {
	m := open(t, func(c *alpacasim.Config) { c.Control = true })
	ctx, control := t.Context(), m.control()
	m.done(control.Inject(ctx, alpacasim.Injection{Fault: alpacasim.Fail, N: 1}))
	m.call(400, "POST", "/_sim/fault?kind=fail&n=many", "")
	m.done(control.SetPrice(ctx, "AAPL", dec("42")))
	for symbol, price := range map[string]string{"AAPL": "-1", "NOPE": "1"} {
		var refused *simclient.Error
		if err := control.SetPrice(ctx, symbol, dec(price)); !errors.As(err, &refused) || refused.Status != 400 {
			t.Errorf("%s at %s: %v, want 400", symbol, price, err)
		}
	}
	m.done(control.CutStreams(ctx))
	if _, err := m.client(0).PlaceOrder(request(alpaca.Buy, "AAPL", "1")); err == nil {
		t.Error("the fault was not injected")
	}
	o := m.place(m.client(0), request(alpaca.Buy, "AAPL", "1"))
	m.step()
	if o := m.wantOrder(m.client(0), o, "filled", "1"); o.FilledAvgPrice.Sub(dec("42")).Abs().GreaterThan(dec("0.1")) {
		t.Errorf("filled at %s", o.FilledAvgPrice)
	}
}

// The control endpoints do the same as the methods of Sim, and refuse invalid
// requests.
func TestControlEndpoints(t *testing.T) {
	m := open(t, func(c *alpacasim.Config) { c.Control = true })
	ctx, control, keyID := t.Context(), m.control(), m.seeds[0].KeyID
	m.call(200, "POST", "/_sim/fault?kind=fail&p=1&on=post,delete&key_id="+keyID, "") // several methods in one injection, and no n
	m.call(500, "POST", "/v2/orders", orderBody("buy 1 AAPL market day"))
	m.call(500, "DELETE", "/v2/orders/none", "")
	m.done(control.ClearFaults(ctx))
	m.done(control.Halt(ctx, "AAPL", true))
	o := m.order("buy 10 AAPL market day")
	m.clock.tick(time.Second)
	m.done(control.Step(ctx, 2))
	m.want("in the halt", o, "new 0")
	m.done(control.Halt(ctx, "AAPL", false))
	m.done(control.SetFillPlan(ctx, "AAPL", 2))
	m.call(200, "POST", "/_sim/step", "") // one step, because n is not given
	m.want("in parts", o, "partially_filled 5")
	m.done(control.Step(ctx, 1))
	x, err := control.Executions(ctx, keyID)
	m.done(err)
	m.done(control.Bust(ctx, x[0].ID))
	m.call(400, "POST", "/_sim/bust?execution_id="+x[0].ID, "")
	m.done(control.Correct(ctx, x[1].ID, dec("100"), dec("4")))
	m.done(control.Split(ctx, "AAPL", dec("2"), alpacasim.SplitShape{}))
	m.done(control.PayDividend(ctx, "AAPL", dec("0.5")))
	if p, err := control.Positions(ctx, keyID); err != nil || len(p) != 1 || p[0].Qty.String() != "8" {
		t.Errorf("holds %v (%v)", p, err)
	}
	if p := m.list(200, "GET", "/_sim/positions?key_id="+keyID); len(p) != 1 || p[0].text("qty") != "8" { // as JSON
		t.Errorf("holds %v", p)
	}
	if f, err := control.Account(ctx, keyID); err != nil || f.Cash.String() != "99604" {
		t.Errorf("has %v (%v)", f, err)
	}
	if f := m.call(200, "GET", "/_sim/account?key_id="+keyID, ""); f.text("cash") != "99604" {
		t.Errorf("has %v", f)
	}
	m.done(control.SetCryptoFees(ctx, true, alpacasim.FeesPlain))
	m.done(control.ReapStreams(ctx, 90*time.Second))
	m.done(control.RefuseStreams(ctx, 404))
	m.call(404, "GET", "/v2/events/trades", "")
	for _, wrong := range []string{
		"fault?kind=none&n=1", "fault?kind=fail&p=2", "fault?kind=fail", "fault?kind=fail&n=1&ms=soon", "fault?kind=fail&n=1&on=get", "step?n=0", "halt?symbol=AAPL", "crypto-fees?on=perhaps",
		"fill-plan?symbol=AAPL&parts=many", "correct?execution_id=x&price=0&qty=1", "correct?execution_id=x&price=1&qty=1", "corporate-action?symbol=NOPE&kind=split&ratio=2",
		"corporate-action?symbol=AAPL&kind=merger", "corporate-action?symbol=AAPL&kind=split&ratio=0", "streams/refuse?status=200", "streams/reap?seconds=soon",
	} {
		m.call(400, "POST", "/_sim/"+wrong, "")
	}
}
