package trading_test

import (
	"fmt"
	"net/url"

	"paddock/app/trading"
)

// A list of orders has the same parameters as at Alpaca. A misspelt one is
// refused, because the list without it would have every order.
func ExampleParseOrderList() {
	list, err := trading.ParseOrderList(url.Values{"status": {"open"}, "symbols": {"AAPL,btcusd"}, "limit": {"10"}})
	fmt.Println(list.Status, list.Symbols, list.Page.Limit, err)
	_, err = trading.ParseOrderList(url.Values{"side": {"up"}})
	fmt.Println(err)
	// Output:
	// open [AAPL BTCUSD] 10 <nil>
	// invalid_query: Set "side" to buy or sell, or leave it out.
}
