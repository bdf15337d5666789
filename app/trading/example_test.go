package trading_test

import (
	"fmt"
	"net/url"

	"paddock/app/trading"
)

// A list of orders is asked for in Alpaca's own terms. What is misspelt is
// refused, because without it the list would show everything.
func ExampleParseOrderList() {
	list, err := trading.ParseOrderList(url.Values{"status": {"open"}, "symbols": {"AAPL,btcusd"}, "limit": {"10"}})
	fmt.Println(list.Status, list.Symbols, list.Page.Limit, err)
	_, err = trading.ParseOrderList(url.Values{"side": {"up"}})
	fmt.Println(err)
	// Output:
	// open [AAPL BTCUSD] 10 <nil>
	// invalid_query: Set "side" to buy or sell, or leave it out.
}
