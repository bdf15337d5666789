package alpacasim

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// MoveCash deposits an amount in the account with this key, or withdraws it where it is
// below 0, as a bank transfer that has arrived. It reports whether there is such an
// account with so much cash.
func (s *Sim) MoveCash(keyID string, amount decimal.Decimal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.byKey[keyID]
	if a == nil || amount.IsZero() || a.Cash.Add(amount).IsNegative() && amount.IsNegative() {
		return false
	}
	defer s.save()
	a.Cash = a.Cash.Add(amount)
	entry := activity{ActivityType: "CSD", Description: "Deposit", NetAmount: amount}
	if amount.IsNegative() {
		entry.ActivityType, entry.Description = "CSW", "Withdrawal"
	}
	s.record(a, entry)
	return true
}

// cashflow returns what activities of some types brought in, by type: for each of the
// times what was booked since the one before. names is ALL, NONE, or types between
// commas.
func (a *account) cashflow(names string, start time.Time, times []time.Time) map[string][]any {
	flows := map[string][]any{}
	sums := map[string][]decimal.Decimal{}
	for _, entry := range a.Activities {
		kind := entry.ActivityType
		if entry.NetAmount.IsZero() || !entry.at().After(start) || names != "ALL" && !slices.Contains(strings.Split(names, ","), kind) {
			continue
		}
		n, found := slices.BinarySearchFunc(times, entry.at(), func(t, at time.Time) int { return t.Compare(at) })
		if !found && n == len(times) {
			continue
		}
		if sums[kind] == nil {
			sums[kind] = make([]decimal.Decimal, len(times))
		}
		sums[kind][n] = sums[kind][n].Add(entry.NetAmount)
	}
	for kind, list := range sums {
		for _, sum := range list {
			flows[kind] = append(flows[kind], number(sum))
		}
	}
	return flows
}
