package plainjournal

import (
	"crypto/md5" // #nosec G501 -- the journal's ids are made by it, and are no secrets
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Selection is which round trips results are told of. Empty fields do not filter.
type Selection struct {
	Scope, Value, Symbol string
	From, To             time.Time
}

// Results returns what the closed round trips of a selection came to, a line for the
// whole and one for each group of a kind: month, symbol or the name of a scope.
func Results(fills []Fill, adjustments []Adjustment, s Selection, kinds ...string) []string {
	all := allTrips(fills, adjustments)
	lines := []string{lineOf("all", selected(all, s))}
	for _, kind := range kinds {
		of := s
		if slices.Contains(Scopes, kind) {
			of.Scope = kind
		}
		groups := map[string][]*trip{}
		for _, t := range selected(all, of) {
			key := map[string]string{"symbol": t.symbol, "month": month(t.closed)}[kind]
			if key == "" {
				key = t.value
			}
			groups[key] = append(groups[key], t)
		}
		for key, trips := range groups {
			lines = append(lines, lineOf(kind+" "+key, trips))
		}
	}
	slices.Sort(lines)
	return lines
}

func month(t time.Time) string {
	ofNewYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err) // the test's own machine has no time zones
	}
	return t.In(ofNewYork).Format("2006-01")
}

// selected returns the closed trips, in the order in which they were closed.
func selected(all []*trip, s Selection) (trips []*trip) {
	for _, t := range all {
		inPeriod := !t.closed.IsZero() && (s.From.IsZero() || !t.closed.Before(s.From)) && (s.To.IsZero() || t.closed.Before(s.To))
		if inPeriod && t.scope == s.Scope && (s.Value == "" || s.Value == t.value) && (s.Symbol == "" || s.Symbol == t.symbol) {
			trips = append(trips, t)
		}
	}
	slices.SortFunc(trips, func(x, y *trip) int {
		for _, c := range []int{x.closed.Compare(y.closed), x.opened.Compare(y.opened)} {
			if c != 0 {
				return c
			}
		}
		return strings.Compare(x.id(), y.id())
	})
	return trips
}

// id is the round trip's: it follows from what opened it.
func (t *trip) id() string {
	return uuid.UUID(md5.Sum([]byte(strings.Join([]string{t.scope, t.value, t.symbol, t.openedBy}, "\x1f")))).String() // #nosec G401
}

func (t *trip) net() decimal.Decimal { return t.profit.Sub(t.fees) }

func lineOf(name string, trips []*trip) string {
	var won, lost, realized, fees decimal.Decimal
	var wins, losses, run, longest int64
	best, worst := "none", "none"
	var most, least decimal.Decimal
	for i, t := range trips {
		net := t.net()
		realized, fees = realized.Add(t.profit), fees.Add(t.fees)
		if run++; !net.IsNegative() {
			run = 0
		}
		longest = max(longest, run)
		switch {
		case net.IsPositive():
			won, wins = won.Add(net), wins+1
		case net.IsNegative():
			lost, losses = lost.Sub(net), losses+1
		}
		if i == 0 || net.GreaterThan(most) {
			best, most = t.id(), net
		}
		if i == 0 || net.LessThan(least) {
			worst, least = t.id(), net
		}
	}
	n := int64(len(trips))
	by := func(sum decimal.Decimal, of decimal.Decimal) string {
		if of.IsZero() {
			return "none"
		}
		return sum.DivRound(of, 9).String()
	}
	whole := decimal.NewFromInt
	line := fmt.Sprintf("%s: %d trips %d won %d lost rate %s realized %s fees %s net %s", name, n, wins, losses, by(whole(wins), whole(n)), realized, fees, realized.Sub(fees))
	if name != "all" {
		return line
	}
	return line + fmt.Sprintf(" profit %s loss %s factor %s wins %s losses %s expectancy %s run %d best %s worst %s", won, lost, by(won, lost), by(won, whole(wins)), by(lost, whole(losses)),
		by(realized.Sub(fees), whole(n)), longest, best, worst)
}
