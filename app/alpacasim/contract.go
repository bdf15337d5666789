package alpacasim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// Which contracts are listed follows a rule: on AAPL and SPY, those of the last
// two Fridays (inactive), of the next four Fridays, and of the third Fridays of
// the next six months, with nineteen strikes around the first price.

// hasChain reports whether options are listed on an asset.
func (a asset) hasChain() bool { return slices.Contains(a.attributes, "has_options") && !a.inactive }

// day is a contract's last day.
func (c contract) day() string { return c.expires.In(calendar.NewYork).Format(time.DateOnly) }

// chain returns an underlying's contracts by expiry, kind and strike, which is
// the order of their symbols.
func (s *Sim) chain(underlying asset) []contract {
	var all []contract
	now, _ := s.present()
	step := strikeStep(underlying.cents)
	middle := underlying.cents / step * step
	for _, expiry := range expiries(now) {
		for _, kind := range []string{"call", "put"} {
			for i := int64(-9); i <= 9; i++ {
				strike := middle + i*step
				if strike <= 0 {
					continue
				}
				symbol := fmt.Sprintf("%s%s%s%08d", underlying.symbol, expiry.In(calendar.NewYork).Format("060102"), strings.ToUpper(kind[:1]), strike*10)
				all = append(all, contract{symbol: symbol, root: underlying.symbol, kind: kind, strike: decimal.New(strike, -2), expires: expiry})
			}
		}
	}
	return all
}

// strikeStep is about two and a half per cent, as a round number of dollars.
func strikeStep(cents int64) int64 {
	for _, step := range []int64{10_000, 5_000, 2_500, 1_000, 500, 250, 100} {
		if cents/40 >= step*4/5 {
			return step
		}
	}
	return 50
}

// expiries returns the times at which options expire: their days' closes.
func expiries(now time.Time) []time.Time {
	today := calendar.Midnight(now)
	friday := today.AddDate(0, 0, (5-int(today.Weekday())+7)%7)
	days := map[time.Time]bool{}
	for i := -2; i < 4; i++ {
		days[friday.AddDate(0, 0, 7*i)] = true
	}
	for i := range 7 {
		first := time.Date(today.Year(), today.Month()+time.Month(i), 1, 0, 0, 0, 0, calendar.NewYork)
		if third := first.AddDate(0, 0, (5-int(first.Weekday())+7)%7+14); !third.Before(today) {
			days[third] = true
		}
	}
	var all []time.Time
	for day := range days {
		hours, trades := calendar.DayAt(day)
		if !trades { // options of a holiday expire the day before
			hours, trades = calendar.DayAt(day.AddDate(0, 0, -1))
		}
		if trades {
			all = append(all, hours.Close)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// contracts lists the chains of the named underlyings, or of all, sorted by
// symbol.
func (s *Sim) contracts(underlyings []string) []contract {
	var all []contract
	for _, a := range s.assets {
		if a.hasChain() && (len(underlyings) == 0 || slices.ContainsFunc(underlyings, func(name string) bool { return strings.EqualFold(name, a.symbol) })) {
			all = append(all, s.chain(a)...)
		}
	}
	slices.SortFunc(all, func(a, b contract) int { return cmp.Compare(a.symbol, b.symbol) })
	return all
}

// findContract finds a contract by its symbol or id.
func (s *Sim) findContract(name string) (contract, bool) {
	for _, c := range s.contracts(nil) {
		if strings.EqualFold(c.symbol, name) || assetID(c.symbol) == name {
			return c, true
		}
	}
	return contract{}, false
}

// What the model of a contract's price assumes.
const (
	volatility = 0.30 // of every underlying, a year
	interest   = 0.04 // a year
)

// model is a contract's value by Black and Scholes. It is an estimate for a
// simulated market and nobody's money, and so floating-point.
type model struct{ price, delta, gamma, theta, vega, rho float64 }

func (c contract) model(underlying int64, now time.Time) model {
	spot, strike := float64(underlying)/100, c.strike.InexactFloat64()
	years := max(c.expires.Sub(now).Hours(), 0.01) / 24 / 365
	root := math.Sqrt(years)
	d1 := (math.Log(spot/strike) + (interest+volatility*volatility/2)*years) / (volatility * root)
	d2 := d1 - volatility*root
	bell := math.Exp(-d1*d1/2) / math.Sqrt(2*math.Pi)
	below := func(x float64) float64 { return (1 + math.Erf(x/math.Sqrt2)) / 2 }
	worth := strike * math.Exp(-interest*years)
	m := model{gamma: bell / (spot * volatility * root), vega: spot * bell * root / 100}
	sign := -1.0
	if c.kind == "call" {
		sign = 1
	}
	m.price = sign * (spot*below(sign*d1) - worth*below(sign*d2))
	m.delta = sign * below(sign*d1)
	m.theta = (-spot*bell*volatility/(2*root) - sign*interest*worth*below(sign*d2)) / 365
	m.rho = sign * worth * years * below(sign*d2) / 100
	return m
}

// cents returns a contract's price for a price of its underlying; at least a
// cent.
func (c contract) cents(underlying int64, now time.Time) int64 {
	return max(int64(math.Round(c.model(underlying, now).price*100)), 1)
}
