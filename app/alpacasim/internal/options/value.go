package options

import (
	"math"
	"time"

	"github.com/shopspring/decimal"
)

// What the model of a contract's price assumes.
const (
	Volatility = 0.30 // of every underlying, a year
	interest   = 0.04 // a year
)

// Value is a contract's price in dollars and its greeks, by Black and Scholes.
// It is an estimate for a simulated market and nobody's money, and so
// floating-point.
type Value struct{ Price, Delta, Gamma, Theta, Vega, Rho float64 }

// Value returns a contract's value for a price of its underlying in cents.
func (c Contract) Value(underlying int64, now time.Time) Value {
	spot, strike := float64(underlying)/100, c.Strike.InexactFloat64()
	years := max(c.Expires.Sub(now).Hours(), 0.01) / 24 / 365
	root := math.Sqrt(years)
	d1 := (math.Log(spot/strike) + (interest+Volatility*Volatility/2)*years) / (Volatility * root)
	d2 := d1 - Volatility*root
	bell := math.Exp(-d1*d1/2) / math.Sqrt(2*math.Pi)
	below := func(x float64) float64 { return (1 + math.Erf(x/math.Sqrt2)) / 2 }
	worth := strike * math.Exp(-interest*years)
	v := Value{Gamma: bell / (spot * Volatility * root), Vega: spot * bell * root / 100}
	sign := -1.0
	if c.Kind == "call" {
		sign = 1
	}
	v.Price = sign * (spot*below(sign*d1) - worth*below(sign*d2))
	v.Delta = sign * below(sign*d1)
	v.Theta = (-spot*bell*Volatility/(2*root) - sign*interest*worth*below(sign*d2)) / 365
	v.Rho = sign * worth * years * below(sign*d2) / 100
	return v
}

// Cents returns a contract's price for a price of its underlying, both in cents;
// at least a cent.
func (c Contract) Cents(underlying int64, now time.Time) int64 {
	return max(int64(math.Round(c.Value(underlying, now).Price*100)), 1)
}

// Worth is Cents, both prices in dollars.
func (c Contract) Worth(underlying decimal.Decimal, now time.Time) decimal.Decimal {
	return decimal.New(c.Cents(underlying.Shift(2).IntPart(), now), -2)
}
