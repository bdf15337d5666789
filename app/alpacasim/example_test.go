package alpacasim_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// A test starts a simulator, places an order with Alpaca's own SDK, and moves
// the market until the order is filled. With a FillDelay of a nanosecond the
// first step fills a market order.
func Example() {
	keys := alpacasim.DemoAccounts(1)[0]
	sim, err := alpacasim.New(alpacasim.Config{Accounts: []alpacasim.AccountSeed{keys}, FillDelay: time.Nanosecond})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	client := alpaca.NewClient(alpaca.ClientOpts{APIKey: keys.KeyID, APISecret: keys.SecretKey, BaseURL: server.URL})

	two := decimal.NewFromInt(2)
	order, err := client.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &two, Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.GTC})
	if err != nil {
		panic(err)
	}
	fmt.Println(order.Status)
	sim.Step()
	if order, err = client.GetOrder(order.ID); err != nil {
		panic(err)
	}
	fmt.Println(order.Status, order.FilledQty)
	// Output:
	// pending_new
	// filled 2
}

// The handler serves trading and market data, so both of the SDK's clients can
// use the same address.
func ExampleSim_Handler() {
	keys := alpacasim.AccountSeed{KeyID: "PKEXAMPLE", SecretKey: "any secret", Cash: decimal.NewFromInt(25_000)}
	sim, err := alpacasim.New(alpacasim.Config{Accounts: []alpacasim.AccountSeed{keys}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	trading := alpaca.NewClient(alpaca.ClientOpts{APIKey: keys.KeyID, APISecret: keys.SecretKey, BaseURL: server.URL})
	data := marketdata.NewClient(marketdata.ClientOpts{APIKey: keys.KeyID, APISecret: keys.SecretKey, BaseURL: server.URL})

	account, err := trading.GetAccount()
	if err != nil {
		panic(err)
	}
	sim.SetPrice("AAPL", decimal.RequireFromString("123.45"))
	quote, err := data.GetLatestQuote("AAPL", marketdata.GetLatestQuoteRequest{})
	if err != nil {
		panic(err)
	}
	fmt.Println(account.Status, account.Cash)
	fmt.Println(quote.BidPrice, quote.AskPrice)
	// Output:
	// ACTIVE 25000
	// 123.44 123.46
}

// A limit order stays open until the price is set to one at which it can be
// filled.
func ExampleSim_SetPrice() {
	keys := alpacasim.DemoAccounts(1)[0]
	sim, err := alpacasim.New(alpacasim.Config{Accounts: []alpacasim.AccountSeed{keys}, FillDelay: time.Nanosecond})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	client := alpaca.NewClient(alpaca.ClientOpts{APIKey: keys.KeyID, APISecret: keys.SecretKey, BaseURL: server.URL})

	sim.SetPrice("AAPL", decimal.NewFromInt(200))
	one, limit := decimal.NewFromInt(1), decimal.NewFromInt(150)
	order, err := client.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &one, Side: alpaca.Buy, Type: alpaca.Limit, LimitPrice: &limit, TimeInForce: alpaca.GTC})
	if err != nil {
		panic(err)
	}
	sim.Step()
	fmt.Println(sim.Orders(keys.KeyID)[0].Status)
	sim.SetPrice("AAPL", decimal.NewFromInt(140))
	sim.Step()
	if order, err = client.GetOrder(order.ID); err != nil {
		panic(err)
	}
	fmt.Println(order.Status, order.FilledAvgPrice.LessThan(limit))
	// Output:
	// new
	// filled true
}

// The SDK reads an account's trade updates, here from the first one on.
func ExampleSim_Handler_tradeUpdates() {
	keys := alpacasim.DemoAccounts(1)[0]
	sim, err := alpacasim.New(alpacasim.Config{Accounts: []alpacasim.AccountSeed{keys}, FillDelay: time.Nanosecond})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	defer sim.CutStreams() // the server waits for its streams when it closes
	client := alpaca.NewClient(alpaca.ClientOpts{APIKey: keys.KeyID, APISecret: keys.SecretKey, BaseURL: server.URL})

	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	updates := make(chan alpaca.TradeUpdate)
	go func() {
		defer close(updates)
		_ = client.StreamTradeUpdates(ctx, func(u alpaca.TradeUpdate) { // it ends with ctx
			select {
			case updates <- u:
			case <-ctx.Done():
			}
		}, alpaca.StreamTradeUpdatesRequest{SinceID: "0"})
	}()
	three := decimal.NewFromInt(3)
	if _, err := client.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "MSFT", Qty: &three, Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.GTC}); err != nil {
		panic(err)
	}
	sim.Step()
	for u := range updates {
		fmt.Println(u.Event, u.Order.Symbol, u.Order.FilledQty)
		if u.Event == "fill" {
			break
		}
	}
	// Output:
	// new MSFT 0
	// fill MSFT 3
}

// A fault loses the response to an order. The client cannot know whether the
// order was placed, but the simulator's list of orders shows it.
func ExampleSim_Inject() {
	keys := alpacasim.DemoAccounts(1)[0]
	sim, err := alpacasim.New(alpacasim.Config{Accounts: []alpacasim.AccountSeed{keys}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	client := alpaca.NewClient(alpaca.ClientOpts{APIKey: keys.KeyID, APISecret: keys.SecretKey, BaseURL: server.URL, RetryLimit: -1})

	sim.Inject(alpacasim.Drop, 1, 0)
	one := decimal.NewFromInt(1)
	request := alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &one, Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.GTC, ClientOrderID: "lost"}
	_, err = client.PlaceOrder(request)
	fmt.Println("an error:", err != nil)
	found, err := client.GetOrderByClientOrderID("lost")
	if err != nil {
		panic(err)
	}
	fmt.Println("in the book:", len(sim.Orders(keys.KeyID)), found.ClientOrderID)
	// Output:
	// an error: true
	// in the book: 1 lost
}

// A split changes positions and open orders, and adds an activity.
func ExampleSim_Split() {
	keys := alpacasim.AccountSeed{KeyID: "PKEXAMPLE", SecretKey: "any secret", Positions: []alpacasim.PositionSeed{
		{Symbol: "AAPL", Qty: decimal.NewFromInt(10), Avg: decimal.NewFromInt(200)},
	}}
	sim, err := alpacasim.New(alpacasim.Config{Accounts: []alpacasim.AccountSeed{keys}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	client := alpaca.NewClient(alpaca.ClientOpts{APIKey: keys.KeyID, APISecret: keys.SecretKey, BaseURL: server.URL})

	sim.Split("AAPL", decimal.NewFromInt(4))
	position, err := client.GetPosition("AAPL")
	if err != nil {
		panic(err)
	}
	fmt.Println(position.Qty, "at", position.AvgEntryPrice)
	activities, err := client.GetAccountActivities(alpaca.GetAccountActivitiesRequest{ActivityTypes: []string{"SPLIT"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(activities[0].ActivityType, activities[0].Symbol, activities[0].Qty)
	// Output:
	// 40 at 50
	// SPLIT AAPL 30
}

// A market that keeps New York's hours is open when its clock says so.
func ExampleSim_SetClock() {
	keys := alpacasim.DemoAccounts(1)[0]
	sim, err := alpacasim.New(alpacasim.Config{Accounts: []alpacasim.AccountSeed{keys}, Hours: true})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	client := alpaca.NewClient(alpaca.ClientOpts{APIKey: keys.KeyID, APISecret: keys.SecretKey, BaseURL: server.URL})

	for _, at := range []time.Time{
		time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC), // Thanksgiving
		time.Date(2026, 11, 27, 15, 0, 0, 0, time.UTC), // a half day
	} {
		sim.SetClock(at)
		clock, err := client.GetClock()
		if err != nil {
			panic(err)
		}
		fmt.Println(clock.IsOpen, "until", clock.NextClose.Format("2 January 15:04"))
	}
	// Output:
	// false until 27 November 13:00
	// true until 27 November 13:00
}
