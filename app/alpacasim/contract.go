package alpacasim

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Which contracts are listed follows a rule: on AAPL and SPY, those of the last
// two Fridays (inactive), of the next four Fridays, and of the third Fridays of
// the next six months, with nineteen strikes around the first price.

// hasChain reports whether options are listed on an asset.
func (a asset) hasChain() bool { return slices.Contains(a.attributes, "has_options") && !a.inactive }

// day is a contract's last day.
func (c contract) day() string { return c.expires.In(newYork).Format(time.DateOnly) }

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
				symbol := fmt.Sprintf("%s%s%s%08d", underlying.symbol, expiry.In(newYork).Format("060102"), strings.ToUpper(kind[:1]), strike*10)
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
	today := midnight(now, newYork)
	friday := today.AddDate(0, 0, (5-int(today.Weekday())+7)%7)
	days := map[time.Time]bool{}
	for i := -2; i < 4; i++ {
		days[friday.AddDate(0, 0, 7*i)] = true
	}
	for i := range 7 {
		first := time.Date(today.Year(), today.Month()+time.Month(i), 1, 0, 0, 0, 0, newYork)
		if third := first.AddDate(0, 0, (5-int(first.Weekday())+7)%7+14); !third.Before(today) {
			days[third] = true
		}
	}
	var all []time.Time
	for day := range days {
		hours, trades := dayAt(day)
		if !trades { // options of a holiday expire the day before
			hours, trades = dayAt(day.AddDate(0, 0, -1))
		}
		if trades {
			all = append(all, hours.close)
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

// contractJSON returns a contract in Alpaca's JSON.
func (s *Sim) contractJSON(c contract, deliverables bool) map[string]any {
	now, _ := s.present()
	expired := c.expired(now)
	text := map[string]any{
		"id": assetID(c.symbol), "symbol": c.symbol, "name": c.name(), "status": map[bool]string{true: "inactive", false: "active"}[expired],
		"tradable": !expired, "expiration_date": c.day(), "root_symbol": c.root,
		"underlying_symbol": c.root, "underlying_asset_id": assetID(c.root), "type": c.kind, "style": "american",
		"strike_price": c.strike, "multiplier": "100", "size": "100", "ppind": true,
		"open_interest": strconv.FormatUint(named(c.symbol)%5_000, 10),
	}
	for part := range s.trading(tape{contract: &c}, now.AddDate(0, 0, -15), midnight(now, newYork).Add(-time.Second), true) {
		date := part.from.In(newYork).Format(time.DateOnly)
		text["open_interest_date"], text["close_price_date"] = date, date
		t, _ := s.option(c)
		text["close_price"] = decimal.New(t.at(part.to), -2)
		break
	}
	if deliverables {
		text["deliverables"] = []map[string]any{{
			"type": "equity", "symbol": c.root, "asset_id": assetID(c.root), "amount": "100", "allocation_percentage": "100",
			"settlement_type": "T+1", "settlement_method": "CCC", "delayed_settlement": false,
		}}
	}
	return text
}

// contractFilter is a query for contracts.
type contractFilter struct {
	kind, root              string
	on, notBefore, notAfter string // days
	atLeast, atMost         *decimal.Decimal
	european, noPenny       bool
}

func parseContractFilter(get func(string) string) (contractFilter, error) {
	f := contractFilter{
		kind: get("type"), root: get("root_symbol"), on: get("expiration_date"), notBefore: get("expiration_date_gte"), notAfter: get("expiration_date_lte"),
		european: get("style") == "european", noPenny: get("ppind") == "false",
	}
	for _, day := range []string{f.on, f.notBefore, f.notAfter} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return f, fmt.Errorf("invalid expiration date %q: it must be YYYY-MM-DD", day)
		}
	}
	for name, into := range map[string]**decimal.Decimal{"strike_price_gte": &f.atLeast, "strike_price_lte": &f.atMost} {
		if text := get(name); text != "" {
			d, err := decimal.NewFromString(text)
			if err != nil {
				return f, fmt.Errorf("invalid %s", name)
			}
			*into = &d
		}
	}
	if f.kind != "" && f.kind != "call" && f.kind != "put" {
		return f, errors.New("type must be call or put")
	}
	if style := get("style"); style != "" && style != "american" && style != "european" {
		return f, errors.New("style must be american or european")
	}
	return f, nil
}

func (f contractFilter) takes(c contract) bool {
	day := c.day()
	return (f.kind == "" || f.kind == c.kind) && (f.root == "" || f.root == c.root) && !f.european && !f.noPenny &&
		(f.on == "" || f.on == day) && day >= f.notBefore && (f.notAfter == "" || day <= f.notAfter) &&
		(f.atLeast == nil || c.strike.GreaterThanOrEqual(*f.atLeast)) && (f.atMost == nil || c.strike.LessThanOrEqual(*f.atMost))
}

// defaultLastExpiry returns the Sunday up to which contracts are listed when a
// query names no day: that of the week whose options trade next. After a
// Friday's close it is the week after, because no contract of the old week is
// left.
func defaultLastExpiry(now time.Time) string {
	next := midnight(nextClose(now), newYork)
	return next.AddDate(0, 0, (7-int(next.Weekday()))%7).Format(time.DateOnly)
}

// listContracts serves active contracts up to the next weekend, unless asked
// for others.
func (s *Sim) listContracts(w http.ResponseWriter, r *http.Request, _ *account) {
	q := r.URL.Query()
	f, err := parseContractFilter(q.Get)
	limit := 100
	if text := q.Get("limit"); err == nil && text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 10_000 {
			err = errors.New("limit must be between 1 and 10000")
		}
	}
	var from cursor
	if text := q.Get("page_token"); err == nil && text != "" {
		from, err = parseToken(text)
	}
	status := q.Get("status")
	switch status {
	case "":
		status = "active"
	case "active", "inactive":
	default:
		err = errors.New("status must be active or inactive")
	}
	if err != nil {
		answerRefusal(w, refuse(422, 42210000, "%s", err))
		return
	}
	now, _ := s.present()
	if f.on == "" && f.notAfter == "" {
		f.notAfter = defaultLastExpiry(now)
	}
	found := []map[string]any{}
	var next *string
	for _, c := range s.contracts(listed(q.Get("underlying_symbols"))) {
		if c.expired(now) != (status == "inactive") || !f.takes(c) || c.symbol < from.symbol {
			continue
		}
		if len(found) == limit {
			token := cursor{symbol: c.symbol, at: c.expires}.token()
			next = &token
			break
		}
		found = append(found, s.contractJSON(c, q.Get("show_deliverables") == "true"))
	}
	answer(w, 200, map[string]any{"option_contracts": found, "next_page_token": next})
}

func (s *Sim) getContract(w http.ResponseWriter, r *http.Request, _ *account) {
	c, ok := s.findContract(r.PathValue("symbol"))
	if !ok {
		answerRefusal(w, refuse(404, 40410000, "contract not found for %s", r.PathValue("symbol")))
		return
	}
	answer(w, 200, s.contractJSON(c, true))
}
