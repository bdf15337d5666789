package calendar

import (
	"testing"
	"time"
)

// SessionAt follows the exchange's hours in New York's time all year round,
// with weekends, holidays and half days.
func TestSessions(t *testing.T) {
	for at, want := range map[string]Session{
		"2026-06-01 03:59": Overnight,
		"2026-06-01 04:00": PreMarket,
		"2026-06-01 09:29": PreMarket,
		"2026-06-01 09:30": Regular,
		"2026-06-01 15:59": Regular,
		"2026-06-01 16:00": PostMarket,
		"2026-06-01 19:59": PostMarket,
		"2026-06-01 20:00": Overnight,
		"2026-01-15 12:00": Regular, // winter time
		"2026-06-05 20:00": Closed,  // Friday evening
		"2026-06-06 12:00": Closed,
		"2026-06-07 19:59": Closed,
		"2026-06-07 20:00": Overnight,  // Sunday evening
		"2026-07-03 12:00": Closed,     // Independence Day, which is on a Saturday, is observed on Friday
		"2026-07-02 20:30": Closed,     // no overnight session before a holiday
		"2026-07-02 15:00": Regular,    // and no half day before it
		"2025-07-03 13:00": PostMarket, // a half day, because Independence Day is on a Friday
		"2025-07-03 17:00": Closed,
		"2026-11-27 12:59": Regular, // the half day after Thanksgiving
		"2026-11-27 13:00": PostMarket,
		"2026-12-24 13:30": PostMarket,
		"2026-04-03 12:00": Closed,  // Good Friday
		"2026-05-25 12:00": Closed,  // Memorial Day
		"2026-06-19 12:00": Closed,  // Juneteenth
		"2021-12-31 12:00": Regular, // a New Year's Day on Saturday is not observed on Friday
		"2023-01-02 12:00": Closed,  // one on Sunday is observed on Monday
	} {
		when, err := time.ParseInLocation("2006-01-02 15:04", at, NewYork)
		if err != nil {
			t.Fatal(err)
		}
		if got := SessionAt(when.UTC()); got != want {
			t.Errorf("%s is %s, want %s", at, got, want)
		}
	}
}

// LastClose, NextOpen and NextClose skip nights, weekends and holidays.
func TestNextOpenAndClose(t *testing.T) {
	for at, want := range map[string][3]string{ // last close, next open, next close
		"2026-06-01 09:30": {"2026-05-29 16:00", "2026-06-02 09:30", "2026-06-01 16:00"},
		"2026-06-01 08:00": {"2026-05-29 16:00", "2026-06-01 09:30", "2026-06-01 16:00"},
		"2026-06-05 16:00": {"2026-06-05 16:00", "2026-06-08 09:30", "2026-06-08 16:00"},
		"2026-11-26 12:00": {"2026-11-25 16:00", "2026-11-27 09:30", "2026-11-27 13:00"},
	} {
		when, err := time.ParseInLocation("2006-01-02 15:04", at, NewYork)
		if err != nil {
			t.Fatal(err)
		}
		var got [3]string
		for i, next := range []time.Time{LastClose(when), NextOpen(when), NextClose(when)} {
			got[i] = next.Format("2006-01-02 15:04")
		}
		if got != want {
			t.Errorf("at %s: %v, want %v", at, got, want)
		}
	}
}
