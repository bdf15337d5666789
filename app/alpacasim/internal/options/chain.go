package options

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// Chain returns the contracts that are listed on an underlying, by expiry, kind
// and strike, which is the order of their symbols: those of the last two Fridays
// (expired), of the next four Fridays, and of the third Fridays of the next six
// months, with nineteen strikes around its first price, in cents.
func Chain(root string, first int64, now time.Time) []Contract {
	var all []Contract
	step := strikeStep(first)
	middle := first / step * step
	for _, expiry := range expiries(now) {
		for _, kind := range []string{"call", "put"} {
			for i := int64(-9); i <= 9; i++ {
				strike := middle + i*step
				if strike <= 0 {
					continue
				}
				symbol := fmt.Sprintf("%s%s%s%08d", root, expiry.In(calendar.NewYork).Format("060102"), strings.ToUpper(kind[:1]), strike*10)
				all = append(all, Contract{Symbol: symbol, Root: root, Kind: kind, Strike: decimal.New(strike, -2), Expires: expiry})
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
