package broker

import (
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
)

// contract is the symbol of an option (the underlying, the day it expires, call
// or put, and the strike in thousandths of a dollar), and pair that of two
// currencies.
var (
	contract = regexp.MustCompile(`^([A-Z0-9.]{1,6})[0-9]{6}([CP])([0-9]{8})$`)
	pair     = regexp.MustCompile(`^([A-Z0-9]{2,})(USDT|USDC|USD|BTC)$`)
)

// Symbol is the one form in which a symbol stands in orders and guards, as
// Alpaca answers it in orders: in capitals, and a pair of currencies with its
// slash. Alpaca takes BTC/USD and BTCUSD for the same market. A pair without its
// slash has six letters at least and ends in a currency that is traded
// against; a stock has five at most, and a suffix behind a dot.
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

// PositionSymbol is the form in which it stands in positions, as Alpaca answers
// it there: a pair has no slash. It is app.position_symbol in Postgres.
func PositionSymbol(text string) string { return strings.ReplaceAll(Symbol(text), "/", "") }

// Contract reads an option's symbol; is reports whether it is one.
func Contract(symbol string) (underlying string, call bool, strike decimal.Decimal, is bool) {
	parts := contract.FindStringSubmatch(symbol)
	if parts == nil {
		return "", false, decimal.Zero, false
	}
	strike, err := decimal.NewFromString(parts[3])
	return parts[1], parts[2] == "C", strike.Shift(-3), err == nil
}

// IsOption tells whether a symbol is an option contract's.
func IsOption(symbol string) bool { return contract.MatchString(symbol) }

// IsCrypto tells whether a symbol is a pair of currencies, with or without its
// slash.
func IsCrypto(symbol string) bool { return strings.Contains(Symbol(symbol), "/") }
