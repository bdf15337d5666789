package options

import (
	"slices"

	"github.com/shopspring/decimal"
)

var (
	penny, nickel = decimal.New(1, -2), decimal.New(5, -2)
	threeDollars  = decimal.NewFromInt(3)
	pennyFunds    = []string{"IWM", "QQQ", "SPY"}
)

// Tick returns the step in which the price of a contract on an underlying moves:
// five cents from three dollars on, and a cent below. That of some funds always
// moves by the cent.
// https://alpaca.markets/support/options-pricing-increments-and-options-order-handling
func Tick(root string, price decimal.Decimal) decimal.Decimal {
	if price.GreaterThanOrEqual(threeDollars) && !slices.Contains(pennyFunds, root) {
		return nickel
	}
	return penny
}
