package stream_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// The journal computed again, plainly: all that happened, in order, from the
// beginning, with nothing kept from one time to the next. It shares no code and
// no shortcut with what it is held against.

// plainFill is an execution that counts.
type plainFill struct {
	id, agent, tag, symbol string
	multiplier             int64
	at                     time.Time
	qty, price             decimal.Decimal // qty is negative when sold
}

// plainAdjustment is an activity besides executions.
type plainAdjustment struct {
	id, kind, symbol, group string
	subtype, day            string // day: of one that the broker told the day of alone
	at                      time.Time
	qty, price, net         decimal.Decimal
}

// plainTrip is a round trip as it is added up.
type plainTrip struct {
	line                    string // whose, and of what
	opened, closed          time.Time
	long                    bool
	multiplier              decimal.Decimal
	held, basis             decimal.Decimal // signed; basis is what is held cost
	entryQty, entryNotional decimal.Decimal
	exitQty, exitNotional   decimal.Decimal
	most, fees, profit      decimal.Decimal
	fills                   int
}

func (t *plainTrip) String() string {
	closed := "open"
	if !t.closed.IsZero() {
		closed = t.closed.UTC().Format(time.RFC3339Nano)
	}
	direction := "short"
	if t.long {
		direction = "long"
	}
	return fmt.Sprintf("%s %s %s-%s in %s/%s out %s/%s most %s fees %s profit %s fills %d", t.line, direction, t.opened.UTC().Format(time.RFC3339Nano), closed,
		t.entryQty, t.entryNotional, t.exitQty, t.exitNotional, t.most, t.fees, t.profit, t.fills)
}

// plainJournal answers every round trip of every scope, a line each.
func plainJournal(fills []plainFill, adjustments []plainAdjustment) []string {
	var lines []string
	symbols, agents, tags := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range fills {
		symbols[f.symbol], agents[f.agent], tags[f.tag] = true, true, true
	}
	for symbol := range symbols {
		j := plainSymbol{ratios: map[string][2]decimal.Decimal{}, agents: map[string]string{}, tags: map[string]string{}}
		for _, f := range fills {
			if f.symbol == symbol {
				j.fills = append(j.fills, f)
			}
		}
		for _, a := range adjustments {
			if a.symbol == symbol {
				j.adjustments = append(j.adjustments, a)
			}
		}
		lines = append(lines, j.trips("account", "")...)
		for agent := range agents {
			if agent != "" {
				lines = append(lines, j.trips("agent", agent)...)
			}
		}
		for tag := range tags {
			if tag != "" {
				lines = append(lines, j.trips("tag", tag)...)
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// plainSymbol is one symbol's history, and what the account's own trips say of
// its adjustments.
type plainSymbol struct {
	fills        []plainFill
	adjustments  []plainAdjustment
	ratios       map[string][2]decimal.Decimal // of a split: old shares, new ones
	agents, tags map[string]string             // whose an adjustment is
}

// plainEvent is one of either.
type plainEvent struct {
	at   time.Time
	id   string
	fill *plainFill
	adj  []plainAdjustment // one, or the entries of a split
}

func (j *plainSymbol) events(scope, value string) []plainEvent {
	var all []plainEvent
	for i, f := range j.fills {
		if scope == "account" || scope == "agent" && f.agent == value || scope == "tag" && f.tag == value {
			all = append(all, plainEvent{at: f.at, id: f.id, fill: &j.fills[i]})
		}
	}
	for _, together := range plainSplits(j.adjustments) {
		all = append(all, plainEvent{at: together[0].at, id: together[0].id, adj: together})
	}
	for _, a := range j.adjustments {
		mine := scope == "account" || a.kind == "OPEXP" || scope == "agent" && j.agents[a.id] == value || scope == "tag" && j.tags[a.id] == value
		if mine && a.kind != "SPLIT" {
			all = append(all, plainEvent{at: a.at, id: a.id, adj: []plainAdjustment{a}})
		}
	}
	slices.SortFunc(all, func(x, y plainEvent) int {
		if c := x.at.Compare(y.at); c != 0 {
			return c
		}
		return strings.Compare(x.id, y.id)
	})
	return all
}

// plainSplits puts the entries of each split together, the first of them first.
func plainSplits(adjustments []plainAdjustment) (all [][]plainAdjustment) {
	var entries []plainAdjustment
	for _, a := range adjustments {
		if a.kind == "SPLIT" {
			entries = append(entries, a)
		}
	}
	slices.SortFunc(entries, func(x, y plainAdjustment) int {
		if c := x.at.Compare(y.at); c != 0 {
			return c
		}
		return strings.Compare(x.id, y.id)
	})
	ofNewYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // the test's own machine has no time zones
	}
	day := func(a plainAdjustment) string {
		if a.day != "" {
			return a.day
		}
		return a.at.In(ofNewYork).Format(time.DateOnly)
	}
	halves := func(x, y plainAdjustment) bool {
		near := day(x) == day(y) || !y.at.After(x.at.Add(time.Hour))
		return x.qty.Sign()*y.qty.Sign() < 0 && (x.group == "" || y.group == "") && (x.subtype == "" || y.subtype == "" || x.subtype == y.subtype) && near
	}
	waiting := -1 // which of all lacks its other half
	for _, e := range entries {
		mate := -1
		for i, g := range all {
			if e.group != "" && slices.ContainsFunc(g, func(a plainAdjustment) bool { return a.group == e.group }) {
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
			all = append(all, []plainAdjustment{e})
			waiting = len(all) - 1
		default:
			all[mate] = append(all[mate], e)
			if waiting == mate {
				waiting = -1
			}
		}
	}
	// One that says its kind and stands alone waits for the other.
	return slices.DeleteFunc(all, func(g []plainAdjustment) bool { return len(g) == 1 && g[0].subtype != "" })
}

func (j *plainSymbol) trips(scope, value string) []string {
	var all []*plainTrip
	open := func() *plainTrip {
		if len(all) > 0 && all[len(all)-1].closed.IsZero() {
			return all[len(all)-1]
		}
		return nil
	}
	symbol := j.fills[0].symbol
	trade := func(qty, price decimal.Decimal, at time.Time, multiplier int64, counts int) {
		for !qty.IsZero() {
			t := open()
			if t == nil {
				t = &plainTrip{line: scope + " " + value + " " + symbol, opened: at, long: qty.IsPositive(), multiplier: decimal.NewFromInt(multiplier)}
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
			// What leaves cost its share of what is held; what stays keeps the rest.
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
			trade(e.fill.qty, e.fill.price, e.at, e.fill.multiplier, 1)
			continue
		}
		t := open()
		a := e.adj[0]
		if a.kind == "SPLIT" {
			if scope == "account" && t != nil {
				j.ratios[e.id] = ratioOf(t, e.adj)
			}
			if r, known := j.ratios[e.id]; known && t != nil && r[0].IsPositive() && r[1].IsPositive() {
				t.split(r[0], r[1])
			}
			continue
		}
		if scope == "account" && len(all) > 0 {
			j.attribute(a, all[len(all)-1].opened)
		}
		var last *plainTrip
		if len(all) > 0 {
			last = all[len(all)-1]
		}
		switch a.kind {
		case "OPEXP":
			if t != nil {
				trade(t.held.Neg(), decimal.Zero, e.at, 1, 0)
			}
		case "FEE", "CFEE":
			fee := a.net.Neg().Add(a.qty.Mul(a.price).Abs())
			if last != nil {
				last.fees = last.fees.Add(fee)
			}
			if t != nil && t.long && !a.qty.IsZero() {
				trade(decimal.Min(t.held, a.qty.Abs()).Neg(), a.price, e.at, 1, 0)
			}
		}
	}
	var lines []string
	for _, t := range all {
		lines = append(lines, t.String())
	}
	return lines
}

// ratioOf answers how many shares a split makes of how many.
func ratioOf(t *plainTrip, entries []plainAdjustment) [2]decimal.Decimal {
	var came, went decimal.Decimal
	for _, a := range entries {
		if a.qty.IsPositive() {
			came = came.Add(a.qty)
		} else {
			went = went.Sub(a.qty)
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

// split restates quantities, to the ninth decimal, and no amount of money.
func (t *plainTrip) split(from, to decimal.Decimal) {
	scale := func(d decimal.Decimal) decimal.Decimal { q, _ := d.Mul(to).QuoRem(from, 9); return q }
	held := scale(t.held)
	if held.IsZero() {
		return
	}
	t.held, t.exitQty, t.most = held, scale(t.exitQty), scale(t.most)
	t.entryQty = t.exitQty.Add(t.held.Abs())
}

// attribute says whose an adjustment is: of whoever made all trades since the
// trip began, or all at the adjustment's price.
func (j *plainSymbol) attribute(a plainAdjustment, since time.Time) {
	agents, tags, agentsAt, tagsAt := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range j.fills {
		if f.at.Before(since) || f.at.After(a.at) || f.at.Equal(a.at) && f.id > a.id {
			continue
		}
		agents[f.agent], tags[f.tag] = true, true
		if f.price.Equal(a.price) {
			agentsAt[f.agent], tagsAt[f.tag] = true, true
		}
	}
	if len(agentsAt) > 0 {
		agents, tags = agentsAt, tagsAt
	}
	only := func(names map[string]bool) string {
		if len(names) == 1 {
			for name := range names {
				return name
			}
		}
		return ""
	}
	if agent := only(agents); agent != "" {
		j.agents[a.id] = agent
	}
	if tag := only(tags); tag != "" {
		j.tags[a.id] = tag
	}
}
