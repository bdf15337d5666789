package broker_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/broker"
)

// A Broker makes a client for each account. A client returns what Alpaca
// responded, both parsed and as raw JSON. The error of a refusal has Alpaca's
// message.
func Example() {
	keys := alpacasim.DemoAccounts(1)[0]
	sim, err := alpacasim.New(alpacasim.Config{Accounts: []alpacasim.AccountSeed{keys}, FillDelay: time.Nanosecond})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()

	b, err := broker.New(broker.Config{PaperURL: server.URL, LiveURL: server.URL, DataURL: server.URL})
	if err != nil {
		panic(err)
	}
	defer b.Close()
	credentials := broker.Credentials{KeyID: broker.NewSecret(keys.KeyID), SecretKey: broker.NewSecret(keys.SecretKey)}
	client, err := b.Client(broker.Paper, credentials, broker.WithAccount("ours", "us"))
	if err != nil {
		panic(err)
	}

	two := decimal.NewFromInt(2)
	order := alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &two, Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.Day, ClientOrderID: "first"}
	placed, err := client.PlaceOrder(context.Background(), order)
	if err != nil {
		panic(err)
	}
	fmt.Println(placed.Value.Symbol, placed.Value.Qty)

	_, err = client.PlaceOrder(context.Background(), order)
	var refused *broker.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Message)
	}
	// Output:
	// AAPL 2
	// client_order_id must be unique
}

// A pair of currencies has one form in orders and another in positions, however
// it is written.
func ExamplePositionSymbol() {
	fmt.Println(broker.Symbol("btcusd"), broker.PositionSymbol("BTC/USD"), broker.Symbol("aapl"))
	// Output: BTC/USD BTCUSD AAPL
}

// The symbol of an option says what its contract is.
func ExampleContract() {
	underlying, call, strike, is := broker.Contract("AAPL270115C00120000")
	fmt.Println(underlying, call, strike, is)
	// Output: AAPL true 120 true
}

// A secret that is printed by mistake is hidden.
func ExampleSecret() {
	fmt.Println(broker.NewSecret("a key"))
	fmt.Printf("%#v\n", broker.NewSecret("a key"))
	// Output:
	// [REDACTED]
	// [REDACTED]
}
