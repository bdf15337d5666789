package simclient_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"paddock/app/alpacasim"
	"paddock/app/alpacasim/simclient"
)

// calls holds a test of each method of the client, by the method's name. It
// checks the method's effect with the simulator itself or with Alpaca's SDK.
var calls = map[string]func(ctx context.Context, l *lab){
	"Inject": func(ctx context.Context, l *lab) {
		l.ok(l.Inject(ctx, alpacasim.Injection{Fault: alpacasim.Fail, N: 1, KeyID: l.seed.KeyID}))
		_, err := l.place("AAPL", "1")
		l.want("the first fails", err != nil, true)
		l.buy("AAPL", "1")

		l.ok(l.Inject(ctx, alpacasim.Injection{Fault: alpacasim.Fail, N: -1, P: 1, On: "DELETE"}))
		var refused *alpaca.APIError
		if err := l.alpaca().CancelOrder("none"); !errors.As(err, &refused) || refused.StatusCode != 500 {
			l.t.Errorf("a cancel: %v", err)
		}
		l.buy("AAPL", "1")

		l.ok(l.Inject(ctx, alpacasim.Injection{Fault: alpacasim.Late, N: 1, Delay: 1500 * time.Millisecond}))
		late, err := l.place("AAPL", "1")
		l.ok(err)
		_, err = l.alpaca().GetOrderByClientOrderID(late.ClientOrderID)
		l.want("it is not found yet", err != nil, true)
		l.sim.SetClock(l.start.Add(time.Minute))
		_, err = l.alpaca().GetOrderByClientOrderID(late.ClientOrderID)
		l.ok(err)
	},
	"ClearFaults": func(ctx context.Context, l *lab) {
		l.sim.Inject(alpacasim.Fail, -1, 0)
		l.sim.RefuseStreams(true)
		l.ok(l.ClearFaults(ctx))
		l.buy("AAPL", "1")
		l.want("a stream", l.status(), 200)
	},
	"CutStreams": func(ctx context.Context, l *lab) {
		l.buy("AAPL", "1")
		reading, stop := context.WithTimeout(ctx, 20*time.Second)
		defer stop()
		began, ended := make(chan bool), make(chan error, 1)
		var once sync.Once
		go func() {
			ended <- l.alpaca().StreamTradeUpdates(reading, func(alpaca.TradeUpdate) { once.Do(func() { close(began) }) }, alpaca.StreamTradeUpdatesRequest{SinceID: "0"})
		}()
		select {
		case <-began:
		case err := <-ended:
			l.t.Fatalf("the stream ended before it was cut: %v", err)
		}
		l.ok(l.CutStreams(ctx))
		<-ended
		l.ok(reading.Err()) // the stream ended because it was cut, and not at the timeout
	},
	"RefuseStreams": func(ctx context.Context, l *lab) {
		l.ok(l.RefuseStreams(ctx, 404))
		l.want("refused", l.status(), 404)
		l.ok(l.RefuseStreams(ctx, 0))
		l.want("accepted", l.status(), 200)
	},
	"SetPrice": func(ctx context.Context, l *lab) {
		l.ok(l.SetPrice(ctx, "AAPL", dec("42")))
		l.want("the price", l.price("AAPL"), "42")
	},
	"Step": func(ctx context.Context, l *lab) {
		l.sim.SetFillPlan("AAPL", 4)
		l.buy("AAPL", "4")
		l.ok(l.Step(ctx, 3))
		l.want("filled", l.sim.Orders(l.seed.KeyID)[0].FilledQty.String(), "3")
	},
	"SetClock": func(ctx context.Context, l *lab) {
		l.ok(l.SetClock(ctx, l.start.Add(time.Hour).In(time.FixedZone("elsewhere", 3600))))
		l.want("ahead", l.ahead(), 3600)
	},
	"SetClockOffset": func(ctx context.Context, l *lab) {
		l.ok(l.SetClockOffset(ctx, -90*time.Second))
		l.want("ahead", l.ahead(), -90)
		l.ok(l.SetClockOffset(ctx, 0))
		l.want("ahead", l.ahead(), 0)
	},
	"SetSkew": func(ctx context.Context, l *lab) {
		l.ok(l.SetSkew(ctx, -90*time.Second))
		l.want("ahead", l.ahead(), -90)
		l.ok(l.SetSkew(ctx, 277*time.Hour))
		l.want("ahead", l.ahead(), 277*3600)
	},
	"SetAlwaysOpen": func(ctx context.Context, l *lab) {
		l.sim.SetClock(time.Date(2026, 6, 6, 12, 0, 0, 0, time.UTC)) // a Saturday
		for _, open := range []bool{false, true} {
			l.ok(l.SetAlwaysOpen(ctx, open))
			clock, err := l.alpaca().GetClock()
			l.ok(err)
			l.want("open", clock.IsOpen, open)
		}
	},
	"SetFillPlan": func(ctx context.Context, l *lab) {
		l.ok(l.SetFillPlan(ctx, "AAPL", 2))
		l.buy("AAPL", "4")
		l.sim.Step()
		l.want("filled in parts", l.sim.Orders(l.seed.KeyID)[0].FilledQty.String(), "2")
		l.ok(l.SetFillPlan(ctx, "AAPL", 0))
		l.buy("AAPL", "4")
		l.sim.Step()
		l.want("filled at once", l.sim.Orders(l.seed.KeyID)[1].FilledQty.String(), "4")
	},
	"Halt": func(ctx context.Context, l *lab) {
		l.ok(l.Halt(ctx, "AAPL", true))
		l.buy("AAPL", "1")
		l.sim.Step()
		l.want("in the halt", l.sim.Orders(l.seed.KeyID)[0].Status, "new")
		l.ok(l.Halt(ctx, "AAPL", false))
		l.sim.Step()
		l.want("after it", l.sim.Orders(l.seed.KeyID)[0].Status, "filled")
	},
	"SetCryptoFees": func(ctx context.Context, l *lab) {
		for fees, shape := range []alpacasim.FeeShape{alpacasim.FeesPlain, alpacasim.FeesAlpaca} {
			l.ok(l.SetCryptoFees(ctx, true, shape))
			l.buy("ETH/USD", "1")
			l.sim.Step()
			all := l.activities("CFEE")
			l.want("fees", len(all), fees+1)
			l.want("the symbol", all[fees].Symbol, map[alpacasim.FeeShape]string{alpacasim.FeesPlain: "ETH/USD", alpacasim.FeesAlpaca: "ETHUSD"}[shape])
		}
		l.ok(l.SetCryptoFees(ctx, false, alpacasim.FeesPlain))
		l.buy("ETH/USD", "1")
		l.sim.Step()
		l.want("fees", len(l.activities("CFEE")), 2)
	},
	"ReapStreams": func(ctx context.Context, l *lab) {
		l.ok(l.ReapStreams(ctx, time.Hour))
		l.want("the first", l.socket(ctx), true)
		l.want("the place stays taken", l.socket(ctx), false)
		l.sim.SetClock(l.start.Add(2 * time.Hour))
		l.ok(l.ReapStreams(ctx, 0))
		l.want("an hour later", l.socket(ctx), true)
		l.want("the place is free at once", l.socket(ctx), true)
	},
	"Bust": func(ctx context.Context, l *lab) {
		l.buy("AAPL", "5")
		l.sim.Step()
		l.ok(l.Bust(ctx, l.sim.Executions(l.seed.KeyID)[0].ID))
		l.want("busted", l.sim.Executions(l.seed.KeyID)[0].Busted, true)
	},
	"Correct": func(ctx context.Context, l *lab) {
		l.buy("AAPL", "5")
		l.sim.Step()
		l.ok(l.Correct(ctx, l.sim.Executions(l.seed.KeyID)[0].ID, dec("99.5"), dec("4")))
		x := l.sim.Executions(l.seed.KeyID)[1]
		l.want("corrected", x.Price.String()+" "+x.Qty.String(), "99.5 4")
	},
	"Split": func(ctx context.Context, l *lab) {
		l.ok(l.Split(ctx, "AAPL", dec("4"), alpacasim.SplitShape{}))
		l.want("one entry", len(l.activities("SPLIT")), 1)
		l.ok(l.Split(ctx, "AAPL", dec("0.5"), alpacasim.SplitShape{Two: true}))
		l.want("two at once", len(l.activities("SPLIT")), 3)
		l.ok(l.Split(ctx, "AAPL", dec("2"), alpacasim.SplitShape{Two: true, Group: true, Apart: time.Hour}))
		l.want("the second is to come", len(l.activities("SPLIT")), 4)
		l.sim.SetClock(l.start.Add(2 * time.Hour))
		l.sim.Step()
		all := l.activities("SPLIT")
		l.want("both are there", len(all), 5)
		l.want("held", l.sim.Positions(l.seed.KeyID)[0].Qty.String(), "40")
	},
	"PayDividend": func(ctx context.Context, l *lab) {
		l.ok(l.PayDividend(ctx, "AAPL", dec("0.5")))
		l.want("paid", l.activities("DIV")[0].NetAmount.String(), "5")
	},
	"Orders": func(ctx context.Context, l *lab) {
		l.buy("AAPL", "1")
		got, err := l.Orders(ctx, l.seed.KeyID)
		l.ok(err)
		l.same("orders", got, l.sim.Orders(l.seed.KeyID))
		none, err := l.Orders(ctx, "nobody")
		l.ok(err)
		l.want("nobody's", len(none), 0)
	},
	"Positions": func(ctx context.Context, l *lab) {
		got, err := l.Positions(ctx, l.seed.KeyID)
		l.ok(err)
		l.same("positions", got, l.sim.Positions(l.seed.KeyID))
	},
	"Executions": func(ctx context.Context, l *lab) {
		l.buy("AAPL", "1")
		l.sim.Step()
		got, err := l.Executions(ctx, l.seed.KeyID)
		l.ok(err)
		l.same("executions", got, l.sim.Executions(l.seed.KeyID))
	},
	"Account": func(ctx context.Context, l *lab) {
		got, err := l.Account(ctx, l.seed.KeyID)
		l.ok(err)
		f, _ := l.sim.Account(l.seed.KeyID)
		l.same("figures", got, f)
		l.want("cash", got.Cash.String(), "100000")
	},
}

// Every method of the client does what it says on a real simulator.
func TestMethods(t *testing.T) {
	for name, use := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			use(t.Context(), newLab(t))
		})
	}
}

// The client has a method for every control endpoint, and calls has a test of
// every method.
func TestEveryEndpointHasAMethod(t *testing.T) {
	client := reflect.TypeFor[*simclient.Client]()
	for i := range client.NumMethod() {
		if calls[client.Method(i).Name] == nil {
			t.Errorf("no test calls %s", client.Method(i).Name)
		}
	}
	asked := map[string]string{}
	for name, use := range calls {
		l := newLab(t)
		use(t.Context(), l)
		for _, endpoint := range l.asked {
			asked[endpoint] = name
		}
	}
	endpoints := alpacasim.ControlEndpoints()
	if len(endpoints) < 19 {
		t.Errorf("only %d endpoints are listed", len(endpoints))
	}
	for _, endpoint := range endpoints {
		if asked[endpoint] == "" {
			t.Errorf("the client has no method for %s", endpoint)
		}
	}
	for endpoint, name := range asked {
		if !slices.Contains(endpoints, endpoint) {
			t.Errorf("%s calls %s, which is not a control endpoint", name, endpoint)
		}
	}
}
