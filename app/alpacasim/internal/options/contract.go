package options

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// Contract is an option, by its OCC symbol: root, expiry, kind and strike, as
// in AAPL250620C00100000.
type Contract struct {
	Symbol, Root string
	Kind         string // call or put
	Strike       decimal.Decimal
	Expires      time.Time // the close of its last day
}

var occSymbol = regexp.MustCompile(`^([A-Z.]{1,6})(\d{6})([CP])(\d{8})$`)

// Root returns the underlying that an OCC symbol names, and whether the text has
// the form of one. Parse checks its day and its strike too.
func Root(symbol string) (string, bool) {
	parts := occSymbol.FindStringSubmatch(symbol)
	if parts == nil {
		return "", false
	}
	return parts[1], true
}

// Parse parses the symbol of a contract on any underlying.
func Parse(symbol string) (Contract, bool) {
	parts := occSymbol.FindStringSubmatch(symbol)
	if parts == nil {
		return Contract{}, false
	}
	day, err := time.ParseInLocation("060102", parts[2], calendar.NewYork)
	if err != nil {
		return Contract{}, false
	}
	strike, err := decimal.NewFromString(strings.TrimLeft(parts[4], "0"))
	if err != nil {
		return Contract{}, false
	}
	hours, _ := calendar.DayAt(day)
	kind := "call"
	if parts[3] == "P" {
		kind = "put"
	}
	return Contract{Symbol: symbol, Root: parts[1], Kind: kind, Strike: strike.Shift(-3), Expires: hours.Close}, true
}

// Expired reports whether a contract has expired, at the close of its last day.
func (c Contract) Expired(now time.Time) bool { return !now.Before(c.Expires) }

// Intrinsic returns what exercising a contract would earn now, for each share.
func (c Contract) Intrinsic(underlying decimal.Decimal) decimal.Decimal {
	gain := underlying.Sub(c.Strike)
	if c.Kind == "put" {
		gain = gain.Neg()
	}
	return decimal.Max(gain, decimal.Zero)
}

// Name returns a contract in words.
func (c Contract) Name() string {
	return fmt.Sprintf("%s %s %s %s", c.Root, c.Expires.In(calendar.NewYork).Format("Jan 02 2006"), c.Strike, strings.ToUpper(c.Kind[:1])+c.Kind[1:])
}

// Day returns a contract's last day, as in 2025-06-20.
func (c Contract) Day() string { return c.Expires.In(calendar.NewYork).Format(time.DateOnly) }
