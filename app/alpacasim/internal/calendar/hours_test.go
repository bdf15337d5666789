package calendar

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Crypto, which trades around the clock, has a period for each day, an hour
// shorter when summer time begins. Shares and options have no period on days
// without trading.
func TestPeriods(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, NewYork)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct {
		hours    Hours
		from, to string
		want     []string
	}{
		{AllHours, "2026-03-07 12:00", "2026-03-09 00:00", []string{"03-07 00:00 24h0m0s", "03-08 00:00 23h0m0s", "03-09 00:00 24h0m0s"}},
		{ExtendedHours, "2026-11-25 20:00", "2026-11-30 03:59", []string{"11-27 04:00 13h0m0s"}}, // Thanksgiving, a half day and a weekend
		{ExtendedHours, "2026-11-25 19:59", "2026-11-30 04:00", []string{"11-25 04:00 16h0m0s", "11-27 04:00 13h0m0s", "11-30 04:00 16h0m0s"}},
		{RegularHours, "2026-11-25 15:59", "2026-11-30 09:29", []string{"11-25 09:30 6h30m0s", "11-27 09:30 3h30m0s"}},
		{RegularHours, "2026-11-28 00:00", "2026-11-29 00:00", nil},
	} {
		for _, backwards := range []bool{false, true} {
			var got []string
			for p := range tt.hours.Periods(at(tt.from), at(tt.to), backwards) {
				got = append(got, fmt.Sprint(p.From.Format("01-02 15:04 "), p.To.Sub(p.From)))
			}
			if backwards {
				slices.Reverse(got)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("from %s to %s, backwards %t: %v, want %v", tt.from, tt.to, backwards, got, tt.want)
			}
		}
	}
}

// Within counts a time of day on trading days only, in New York's time.
func TestWithin(t *testing.T) {
	for at, want := range map[string]bool{
		"2026-06-01T13:27:59Z": false,
		"2026-06-01T13:28:00Z": true,
		"2026-06-01T22:59:59Z": true,
		"2026-06-01T23:00:00Z": false,
		"2026-01-15T14:27:59Z": false, // in winter
		"2026-01-15T14:28:00Z": true,
		"2026-06-06T16:00:00Z": false, // a Saturday
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := Within(when, 9*time.Hour+28*time.Minute, 19*time.Hour); got != want {
			t.Errorf("%s: %t, want %t", at, got, want)
		}
	}
}
