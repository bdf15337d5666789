// Package plainjournal computes the journal's round trips and the books of sleeves in
// the plainest way,
// to compare those of the SQL with: from all fills and adjustments, in order,
// each time from the beginning. It shares no code with the SQL.
package plainjournal

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Owner is whose an order is. Sleeve and Token are ids.
type Owner struct{ Agent, Tag, Sleeve, User, Token string }

// Scopes are the scopes of the journal besides the account's own.
var Scopes = []string{"agent", "tag", "sleeve", "user", "token"}

// In returns whose it is in a scope; "" for nobody's.
func (o Owner) In(scope string) string {
	return map[string]string{"agent": o.Agent, "tag": o.Tag, "sleeve": o.Sleeve, "user": o.User, "token": o.Token}[scope]
}

// Fill is an execution that was not taken back.
type Fill struct {
	Owner
	ID, Symbol string
	Multiplier int64
	At         time.Time
	Qty, Price decimal.Decimal // Qty is negative when sold
}

// Adjustment is an activity of the account that is not an execution.
type Adjustment struct {
	ID, Kind, Symbol, Group string
	Subtype, Day            string // Day is set if the broker gave a day without a time
	At                      time.Time
	Qty, Price, Net         decimal.Decimal
}

// trip is a round trip as it is added up.
type trip struct {
	scope, value, symbol    string
	opened, closed          time.Time
	long                    bool
	multiplier              decimal.Decimal
	held, basis             decimal.Decimal // signed: negative if short; basis is what the held quantity cost
	entryQty, entryNotional decimal.Decimal
	exitQty, exitNotional   decimal.Decimal
	most, fees, profit      decimal.Decimal
	fills                   int
}

func (t *trip) String() string {
	closed := "open"
	if !t.closed.IsZero() {
		closed = t.closed.UTC().Format(time.RFC3339Nano)
	}
	direction := "short"
	if t.long {
		direction = "long"
	}
	return fmt.Sprintf("%s %s %s %s %s-%s in %s/%s out %s/%s most %s fees %s profit %s fills %d", t.scope, t.value, t.symbol, direction, t.opened.UTC().Format(time.RFC3339Nano), closed,
		t.entryQty, t.entryNotional, t.exitQty, t.exitNotional, t.most, t.fees, t.profit, t.fills)
}

// Trips returns every round trip of the account and of each other scope, a line each.
func Trips(fills []Fill, adjustments []Adjustment) []string {
	var lines []string
	for _, t := range allTrips(fills, adjustments) {
		lines = append(lines, t.String())
	}
	slices.Sort(lines)
	return lines
}

// Book is what the trades of a sleeve, or of the account, come to.
type Book struct {
	Traded   decimal.Decimal // what they brought in less what they and their fees cost
	Fees     decimal.Decimal
	Realized decimal.Decimal            // profit, before fees
	Held     map[string]decimal.Decimal // by symbol, without what is 0
}

// Books returns the books of the sleeves by their ids, and that of the account under "".
func Books(fills []Fill, adjustments []Adjustment) map[string]Book {
	books := map[string]Book{"": {Held: map[string]decimal.Decimal{}}}
	for _, t := range allTrips(fills, adjustments) {
		if t.scope != "sleeve" && t.scope != "account" {
			continue
		}
		book, known := books[t.value]
		if !known {
			book.Held = map[string]decimal.Decimal{}
		}
		spent := t.entryNotional.Sub(t.exitNotional).Mul(t.multiplier)
		if !t.long {
			spent = spent.Neg()
		}
		book.Traded, book.Fees, book.Realized = book.Traded.Sub(spent).Sub(t.fees), book.Fees.Add(t.fees), book.Realized.Add(t.profit)
		if !t.held.IsZero() {
			book.Held[t.symbol] = t.held
		}
		books[t.value] = book
	}
	return books
}

func allTrips(fills []Fill, adjustments []Adjustment) (all []*trip) {
	symbols, owners := map[string]bool{}, map[[2]string]bool{}
	for _, f := range fills {
		symbols[f.Symbol] = true
		for _, scope := range Scopes {
			if value := f.In(scope); value != "" {
				owners[[2]string{scope, value}] = true
			}
		}
	}
	for _, a := range adjustments {
		if a.Kind == "OPTRD" { // an exercise may be all that brought shares of a symbol
			symbols[a.Symbol] = true
		}
	}
	// Contracts come first: the shares of an exercise belong to whom the contracts belonged.
	names := slices.SortedFunc(maps.Keys(symbols), func(x, y string) int { return cmp.Compare(len(y), len(x)) })
	exercised := map[string]map[string]string{} // by group and scope: whose the contracts were
	for _, symbol := range names {
		j := oneSymbol{symbol: symbol, exercised: exercised, ratios: map[string][2]decimal.Decimal{}, whose: map[string]map[string]string{}}
		for _, f := range fills {
			if f.Symbol == symbol {
				j.fills = append(j.fills, f)
			}
		}
		for _, a := range adjustments {
			if a.Symbol == symbol {
				j.adjustments = append(j.adjustments, a)
			}
		}
		all = append(all, j.trips("account", "")...) // first: it decides whose an adjustment is
		for owner := range owners {
			all = append(all, j.trips(owner[0], owner[1])...)
		}
	}
	return all
}

var times = regexp.MustCompile(`20\d\d-[^ ]*Z-(open)?[^ ]*`)

// Timeless returns the lines without their times, apart from whether a trip is
// open: the times in the broker's record and in its stream may differ by
// microseconds.
func Timeless(lines []string) []string {
	for i := range lines {
		lines[i] = times.ReplaceAllString(lines[i], "$1")
	}
	slices.Sort(lines)
	return lines
}

// oneSymbol is one symbol's history. ratios and whose are found while the account's
// trips are computed, and are then used for those of agents, tags and sleeves.
type oneSymbol struct {
	symbol      string
	fills       []Fill
	adjustments []Adjustment
	ratios      map[string][2]decimal.Decimal // of a split: old shares, new ones
	whose       map[string]map[string]string  // by scope: whose an adjustment is
	exercised   map[string]map[string]string  // by group and scope: whose the contracts were that an exercise took
}

// event is a fill or an adjustment.
type event struct {
	At   time.Time
	ID   string
	fill *Fill
	adj  []Adjustment // one, or the entries of a split
}

func (j *oneSymbol) events(scope, value string) []event {
	var all []event
	for i, f := range j.fills {
		if scope == "account" || f.In(scope) == value {
			all = append(all, event{At: f.At, ID: f.ID, fill: &j.fills[i]})
		}
	}
	for _, together := range splits(j.adjustments) {
		all = append(all, event{At: together[0].At, ID: together[0].ID, adj: together})
	}
	for _, a := range j.adjustments {
		mine := scope == "account" || a.Kind == "OPEXP" || j.whose[scope][a.ID] == value
		if mine && a.Kind != "SPLIT" {
			all = append(all, event{At: a.At, ID: a.ID, adj: []Adjustment{a}})
		}
	}
	slices.SortFunc(all, func(x, y event) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	return all
}

// splits returns the entries of each split together, in the order of time.
func splits(adjustments []Adjustment) (all [][]Adjustment) {
	var entries []Adjustment
	for _, a := range adjustments {
		if a.Kind == "SPLIT" {
			entries = append(entries, a)
		}
	}
	slices.SortFunc(entries, func(x, y Adjustment) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	ofNewYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // the test's own machine has no time zones
	}
	day := func(a Adjustment) string {
		if a.Day != "" {
			return a.Day
		}
		return a.At.In(ofNewYork).Format(time.DateOnly)
	}
	halves := func(x, y Adjustment) bool {
		near := day(x) == day(y) || !y.At.After(x.At.Add(time.Hour))
		return x.Qty.Sign()*y.Qty.Sign() < 0 && (x.Group == "" || y.Group == "") && (x.Subtype == "" || y.Subtype == "" || x.Subtype == y.Subtype) && near
	}
	waiting := -1 // the index in all of the entry that lacks its other half
	for _, e := range entries {
		mate := -1
		for i, g := range all {
			if e.Group != "" && slices.ContainsFunc(g, func(a Adjustment) bool { return a.Group == e.Group }) {
				mate = i
				break
			}
		}
		grouped := mate >= 0
		if !grouped && waiting >= 0 && halves(all[waiting][0], e) {
			mate = waiting
		}
		switch {
		case mate < 0:
			all = append(all, []Adjustment{e})
			waiting = len(all) - 1
		default:
			all[mate] = append(all[mate], e)
			if waiting == mate {
				waiting = -1
			}
		}
	}
	// An entry with a subtype that stands alone is half of a split: the other half
	// has not come yet.
	return slices.DeleteFunc(all, func(g []Adjustment) bool { return len(g) == 1 && g[0].Subtype != "" })
}

func (j *oneSymbol) trips(scope, value string) []*trip {
	var all []*trip
	open := func() *trip {
		if len(all) > 0 && all[len(all)-1].closed.IsZero() {
			return all[len(all)-1]
		}
		return nil
	}
	trade := func(qty, price decimal.Decimal, at time.Time, multiplier int64, counts int) {
		for !qty.IsZero() {
			t := open()
			if t == nil {
				t = &trip{scope: scope, value: value, symbol: j.symbol, opened: at, long: qty.IsPositive(), multiplier: decimal.NewFromInt(multiplier)}
				all = append(all, t)
			}
			t.fills += counts
			if qty.IsPositive() == t.long {
				t.held, t.basis = t.held.Add(qty), t.basis.Add(qty.Mul(price))
				t.entryQty, t.entryNotional = t.entryQty.Add(qty.Abs()), t.entryNotional.Add(qty.Abs().Mul(price))
				t.most = decimal.Max(t.most, t.held.Abs())
				return
			}
			now := qty
			if now.Abs().GreaterThan(t.held.Abs()) {
				now = t.held.Neg()
			}
			// The part that is closed takes its share of the basis. The rest of the
			// basis stays with what is still held.
			gone := t.basis
			if !now.Neg().Equal(t.held) {
				gone, _ = t.basis.Mul(now.Neg()).QuoRem(t.held, 18)
			}
			t.profit = t.profit.Add(now.Mul(price).Neg().Sub(gone).Mul(t.multiplier))
			t.held, t.basis = t.held.Add(now), t.basis.Sub(gone)
			t.exitQty, t.exitNotional = t.exitQty.Add(now.Abs()), t.exitNotional.Add(now.Abs().Mul(price))
			if t.held.IsZero() {
				t.closed = at
			}
			qty = qty.Sub(now)
		}
	}
	for _, e := range j.events(scope, value) {
		if e.fill != nil {
			trade(e.fill.Qty, e.fill.Price, e.At, e.fill.Multiplier, 1)
			continue
		}
		t := open()
		a := e.adj[0]
		if a.Kind == "SPLIT" {
			if scope == "account" && t != nil {
				j.ratios[e.ID] = ratioOf(t, e.adj)
			}
			if r, known := j.ratios[e.ID]; known && t != nil && r[0].IsPositive() && r[1].IsPositive() {
				t.split(r[0], r[1])
			}
			continue
		}
		if scope == "account" && len(all) > 0 {
			j.attribute(a, all[len(all)-1].opened)
		} else if scope == "account" && a.Kind == "OPTRD" {
			j.attribute(a, time.Time{}) // the shares' own trips do not decide
		}
		var last *trip
		if len(all) > 0 {
			last = all[len(all)-1]
		}
		switch a.Kind {
		case "OPEXP":
			if t != nil {
				trade(t.held.Neg(), decimal.Zero, e.At, 1, 0)
			}
		case "OPEXC", "OPASN": // the shares come as an OPTRD of their own
			if t != nil {
				gone := decimal.Min(t.held.Abs(), a.Qty.Abs())
				if t.long {
					gone = gone.Neg()
				}
				trade(gone, decimal.Zero, e.At, 1, 0)
			}
		case "OPTRD":
			trade(a.Qty, a.Price, e.At, 1, 0)
		case "FEE", "CFEE":
			fee := a.Net.Neg().Add(a.Qty.Mul(a.Price).Abs())
			if last != nil {
				last.fees = last.fees.Add(fee)
			}
			if t != nil && t.long && !a.Qty.IsZero() {
				trade(decimal.Min(t.held, a.Qty.Abs()).Neg(), a.Price, e.At, 1, 0)
			}
		}
	}
	return all
}

// ratioOf returns two quantities, before and after a split, that have the split's
// ratio.
func ratioOf(t *trip, entries []Adjustment) [2]decimal.Decimal {
	var came, went decimal.Decimal
	for _, a := range entries {
		if a.Qty.IsPositive() {
			came = came.Add(a.Qty)
		} else {
			went = went.Sub(a.Qty)
		}
	}
	switch {
	case came.IsZero() || went.IsZero():
		after := t.held.Add(came).Sub(went)
		if !t.long {
			after = after.Neg()
		}
		return [2]decimal.Decimal{t.held.Abs(), after}
	case t.long:
		return [2]decimal.Decimal{went, came}
	}
	return [2]decimal.Decimal{came, went}
}

// split applies a split to the trip's quantities, which are cut off after the
// ninth decimal. Amounts of money stay as they are.
func (t *trip) split(from, to decimal.Decimal) {
	scale := func(d decimal.Decimal) decimal.Decimal { q, _ := d.Mul(to).QuoRem(from, 9); return q }
	held := scale(t.held)
	if held.IsZero() {
		return
	}
	t.held, t.exitQty, t.most = held, scale(t.exitQty), scale(t.most)
	t.entryQty = t.exitQty.Add(t.held.Abs())
}

// attribute decides which agent, which tag and which sleeve an adjustment belongs
// to: the one that made all fills since the trip began. If there are fills at the
// adjustment's price, only those count. The shares of an exercise, which has a group,
// belong to whom the contracts belonged.
func (j *oneSymbol) attribute(a Adjustment, since time.Time) {
	for _, scope := range Scopes {
		all, atPrice := map[string]bool{}, map[string]bool{}
		for _, f := range j.fills {
			if f.At.Before(since) || f.At.After(a.At) || f.At.Equal(a.At) && f.ID > a.ID {
				continue
			}
			all[f.In(scope)] = true
			if f.Price.Equal(a.Price) {
				atPrice[f.In(scope)] = true
			}
		}
		if len(atPrice) > 0 {
			all = atPrice
		}
		if j.whose[scope] == nil {
			j.whose[scope] = map[string]string{}
		}
		if a.Kind == "OPTRD" { // the contracts decide, and not the shares that were held before
			j.whose[scope][a.ID] = j.exercised[a.Group][scope]
			continue
		}
		for only := range all {
			if len(all) == 1 && only != "" {
				j.whose[scope][a.ID] = only
			}
		}
		if a.Kind == "OPEXC" || a.Kind == "OPASN" {
			if j.exercised[a.Group] == nil {
				j.exercised[a.Group] = map[string]string{}
			}
			j.exercised[a.Group][scope] = j.whose[scope][a.ID]
		}
	}
}
