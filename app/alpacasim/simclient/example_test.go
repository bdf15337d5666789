package simclient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/alpacasim/simclient"
)

// A test controls a simulator in another process. The server of this example
// stands for paddock sim --control.
func Example() {
	sim, err := alpacasim.New(alpacasim.Config{Control: true})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()

	ctx := context.Background()
	client := simclient.New(server.URL, nil)
	if err := client.SetPrice(ctx, "AAPL", decimal.NewFromInt(150)); err != nil {
		panic(err)
	}
	if err := client.Inject(ctx, alpacasim.Injection{Fault: alpacasim.Drop, N: 1}); err != nil { // the next order loses its response
		panic(err)
	}
	var refused *simclient.Error
	if err := client.SetPrice(ctx, "NOPE", decimal.NewFromInt(1)); errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Message)
	}
	// Output: 400 give a symbol and a price above 0
}
