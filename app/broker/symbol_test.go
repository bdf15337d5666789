package broker_test

import (
	"testing"

	"paddock/app/broker"
)

// Each symbol has one form in orders and one in positions, however it is
// written.
func TestSymbols(t *testing.T) {
	for order, written := range map[string][]string{
		"AAPL":                {"AAPL", "aapl", "Aapl"},
		"BRK.B":               {"BRK.B", "brk.b"},
		"GOOGL":               {"googl"},
		"XUSD":                {"XUSD", "xusd"}, // up to five letters are a stock, and not a coin in dollars
		"XYUSD":               {"XYUSD"},
		"ABTC":                {"ABTC"},
		"AAPL261218C00200000": {"AAPL261218C00200000", "aapl261218c00200000"},
		"BTC/USD":             {"BTC/USD", "BTCUSD", "btcusd", "btc/usd", "Btc/Usd"},
		"BTC/USDT":            {"BTC/USDT", "BTCUSDT", "btcusdt"},
		"BTC/USDC":            {"BTCUSDC", "btc/usdc"},
		"ETH/BTC":             {"ETHBTC", "eth/btc"},
		"USDT/USD":            {"USDTUSD", "usdt/usd"},
		"USDC/USDT":           {"USDCUSDT"},
		"1INCH/USD":           {"1INCHUSD", "1inch/usd"},
		"SHIB/USDC":           {"shibusdc"},
		"FI111225":            {"FI111225"},
		"ABC.USD":             {"ABC.USD"}, // a stock with a suffix
		"":                    {""},
	} {
		for _, text := range written {
			if got := broker.Symbol(text); got != order {
				t.Errorf("%s is %s in orders, want %s", text, got, order)
			}
			if got := broker.Symbol(broker.PositionSymbol(text)); got != order {
				t.Errorf("%s is %s by way of positions, want %s", text, got, order)
			}
		}
	}
}
