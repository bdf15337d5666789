package broker

import (
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
)

// contract matches the symbol of an option (underlying, expiry date, call or
// put, and strike in thousandths of a dollar), and pair that of two currencies.
var (
	contract = regexp.MustCompile(`^([A-Z0-9.]{1,6})[0-9]{6}([CP])([0-9]{8})$`)
	pair     = regexp.MustCompile(`^([A-Z0-9]{2,})(USDT|USDC|USD|BTC)$`)
)

// Symbol returns the one form of a symbol in orders and guards, which Alpaca
// uses in orders: in capitals, and a pair of currencies with its slash. Alpaca
// takes BTC/USD and BTCUSD for the same market. A pair without its slash has at
// least six letters and ends in a currency of prices; a stock has at most five,
// and a suffix after a dot.
//
// It is app.order_symbol in Postgres.
func Symbol(text string) string {
	text = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}, text)
	if len(text) < 6 {
		return text
	}
	return pair.ReplaceAllString(text, "$1/$2")
}

// PositionSymbol returns the form of a symbol in positions, which Alpaca uses
// there: a pair has no slash. It is app.position_symbol in Postgres.
func PositionSymbol(text string) string { return strings.ReplaceAll(Symbol(text), "/", "") }

// Contract parses an option's symbol; is reports whether it is one.
func Contract(symbol string) (underlying string, call bool, strike decimal.Decimal, is bool) {
	parts := contract.FindStringSubmatch(symbol)
	if parts == nil {
		return "", false, decimal.Zero, false
	}
	strike, err := decimal.NewFromString(parts[3])
	return parts[1], parts[2] == "C", strike.Shift(-3), err == nil
}

// IsOption reports whether a symbol is an option contract's.
func IsOption(symbol string) bool { return contract.MatchString(symbol) }

// IsCrypto reports whether a symbol is a pair of currencies, with or without
// its slash.
func IsCrypto(symbol string) bool { return strings.Contains(Symbol(symbol), "/") }
