package alpacasim_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"paddock/app/alpacasim"
)

// atStart returns an option that sets the time at which the simulator's own
// clock begins.
func atStart(at string) func(*alpacasim.Config) {
	return func(c *alpacasim.Config) {
		start, err := time.Parse(time.RFC3339, at)
		if err != nil {
			panic(err)
		}
		c.Start = start
	}
}

// At times that often break calendar code, the market's hours, the listed
// contracts and the expiry of orders are those of the exchange. `make clocks`
// runs the tests at these times.
func TestAwkwardTimes(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]struct {
		what      string
		open      bool
		nextOpen  string // New York's time
		nextClose string
		phase     string
		listed    string // expiry of the contracts that are listed by default
		day       string // status of a market order for the day that is placed then
		expires   string // when that order expires
		night     string // when an extended hours order expires that is placed then
	}{
		"2026-11-28T17:00:00Z": {"a Saturday", false, "2026-11-30 09:30", "2026-11-30 16:00", "closed", "2026-12-04", "accepted", "2026-11-30 16:00", "2026-11-30 20:00"},
		"2026-11-27T18:05:00Z": {"a half day, after its close", false, "2026-11-30 09:30", "2026-11-30 16:00", "post", "2026-12-04", "accepted", "2026-11-30 16:00", "2026-11-27 17:00"},
		"2026-12-25T15:00:00Z": {"a holiday on a Friday", false, "2026-12-28 09:30", "2026-12-28 16:00", "closed", "2026-12-31", "accepted", "2026-12-28 16:00", "2026-12-28 20:00"},
		"2026-03-08T07:00:00Z": {"the hour that summer time leaves out", false, "2026-03-09 09:30", "2026-03-09 16:00", "closed", "2026-03-13", "accepted", "2026-03-09 16:00", "2026-03-09 20:00"},
		"2026-11-01T06:30:00Z": {"the hour that winter time has twice", false, "2026-11-02 09:30", "2026-11-02 16:00", "closed", "2026-11-06", "accepted", "2026-11-02 16:00", "2026-11-02 20:00"},
		"2026-12-31T23:59:30Z": {"the year's end in UTC", false, "2027-01-04 09:30", "2027-01-04 16:00", "post", "2027-01-08", "accepted", "2027-01-04 16:00", "2026-12-31 20:00"},
		"2026-06-09T00:00:00Z": {"midnight in UTC, when the post-market ends", false, "2026-06-09 09:30", "2026-06-09 16:00", "closed", "2026-06-12", "accepted", "2026-06-09 16:00", "2026-06-09 20:00"},
		"2026-06-09T04:00:00Z": {"midnight in New York", false, "2026-06-09 09:30", "2026-06-09 16:00", "closed", "2026-06-12", "accepted", "2026-06-09 16:00", "2026-06-09 20:00"},
		"2026-06-09T20:00:00Z": {"the close", false, "2026-06-10 09:30", "2026-06-10 16:00", "post", "2026-06-12", "accepted", "2026-06-10 16:00", "2026-06-09 20:00"},
		"2026-11-20T21:10:00Z": {"a Friday after its close", false, "2026-11-23 09:30", "2026-11-23 16:00", "post", "2026-11-27", "accepted", "2026-11-23 16:00", "2026-11-20 20:00"},
	}
	for _, at := range awkwardTimes(t) {
		if _, known := all[at]; !known {
			t.Errorf("testdata names the time %s, which is missing in this test", at)
		}
	}
	for at, tt := range all {
		t.Run(tt.what, func(t *testing.T) {
			local := func(text string) string {
				when, err := time.Parse(time.RFC3339Nano, text)
				if err != nil {
					t.Fatal(err)
				}
				return when.In(newYork).Format("2006-01-02 15:04")
			}
			m := open(t, keepHours)
			start, err := time.Parse(time.RFC3339, at)
			if err != nil {
				t.Fatal(err)
			}
			m.clock.tick(start.Sub(m.clock.now()))
			clock := m.call(200, "GET", "/v2/clock", "")
			if clock.text("is_open") != map[bool]string{true: "true", false: "false"}[tt.open] || local(clock.text("next_open")) != tt.nextOpen || local(clock.text("next_close")) != tt.nextClose {
				t.Errorf("the clock says %v", clock)
			}
			for _, of := range m.call(200, "GET", "/v3/clock", "")["clocks"].([]any) {
				if got := object(of.(map[string]any)).text("phase"); got != tt.phase {
					t.Errorf("the phase is %s, want %s", got, tt.phase)
				}
			}

			for _, hours := range []bool{true, false} { // contracts are the same in a market that never closes
				m.sim.SetAlwaysOpen(!hours)
				list := m.call(200, "GET", "/v2/options/contracts?underlying_symbols=AAPL&type=call&limit=10000", "")["option_contracts"].([]any)
				if len(list) != 19 {
					t.Errorf("%d contracts are listed by default, want 19", len(list))
				}
				for _, of := range list {
					c := object(of.(map[string]any))
					if c.text("expiration_date") != tt.listed || c.text("tradable") != "true" || c.text("status") != "active" {
						t.Fatalf("the contract %v is listed", c)
					}
				}
			}
			m.sim.SetAlwaysOpen(false)

			// A contract that expires two weeks after the next Friday is listed
			// already, with strikes around the underlying's first price.
			friday := start.In(newYork)
			for friday = friday.AddDate(0, 0, 1); friday.Weekday() != time.Friday; friday = friday.AddDate(0, 0, 1) {
			}
			friday = friday.AddDate(0, 0, 14)
			if friday.YearDay() != 1 { // New Year's Day has no contracts
				for _, strike := range []string{"C00150000", "C00155000", "P00150000"} {
					m.call(200, "GET", "/v2/options/contracts/AAPL"+friday.Format("060102")+strike, "")
				}
			}

			day := m.order("buy 1 AAPL market day")
			night := m.order("buy 1 AAPL limit day", `"limit_price":"50"`, `"extended_hours":true`)
			if got := day.text("status"); got != tt.day {
				t.Errorf("a market order is %s, want %s", got, tt.day)
			}
			if local(day.text("expires_at")) != tt.expires || local(night.text("expires_at")) != tt.night {
				t.Errorf("orders end at %s and %s, want %s and %s", local(day.text("expires_at")), local(night.text("expires_at")), tt.expires, tt.night)
			}
			m.call(204, "DELETE", "/v2/orders/"+night.text("id"), "")
			m.step()
			m.want("before it opens", day, "accepted 0")
			m.at(tt.nextOpen)
			m.sim.Step()
			m.step()
			m.want("when it has opened", day, "filled 1")

			// A contract that is bought now is held until the close of its last
			// day, and then expires worthless.
			contract := "AAPL" + strings.ReplaceAll(tt.listed, "-", "")[2:] + "C00235000"
			m.order("buy 1 " + contract + " market day")
			m.step()
			m.at(tt.listed + " 12:59")
			m.sim.Step()
			if !m.holds(contract).Equal(dec("1")) {
				t.Errorf("before its last close %s of %s are held", m.holds(contract), contract)
			}
			m.at(tt.listed + " 16:00")
			m.sim.Step()
			if !m.holds(contract).IsZero() {
				t.Errorf("after its last close %s of %s are held", m.holds(contract), contract)
			}
		})
	}
}

// Without filters, the contracts are listed that expire before the next
// weekend, or before the one after it if none of this week is left.
func TestContractsListedByDefault(t *testing.T) {
	for at, want := range map[string]string{ // New York's time
		"2026-11-20 15:59": "2026-11-20",
		"2026-11-20 16:00": "2026-11-27",
		"2026-11-22 23:59": "2026-11-27",
		"2026-11-23 00:10": "2026-11-27",
		"2026-11-27 12:59": "2026-11-27", // a half day
		"2026-11-27 13:00": "2026-12-04",
		"2026-12-24 12:59": "2026-12-24", // before a holiday
		"2026-12-24 13:00": "2026-12-31",
		"2026-04-02 15:59": "2026-04-02", // Maundy Thursday
		"2026-04-02 16:00": "2026-04-10",
	} {
		m := open(t)
		m.at(at)
		for _, of := range m.call(200, "GET", "/v2/options/contracts?underlying_symbols=AAPL", "")["option_contracts"].([]any) {
			if got := object(of.(map[string]any)).text("expiration_date"); got != want {
				t.Errorf("at %s the contracts of %s are listed, want %s", at, got, want)
				break
			}
		}
	}
}

// awkwardTimes returns the times at which `make clocks` runs the tests.
func awkwardTimes(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/awkward-times.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// A simulator without Config.Start starts at the time that the environment
// names, and New fails if that cannot be parsed. Config.Start and Config.Clock
// override it.
func TestStartFromTheEnvironment(t *testing.T) {
	clock := func(m *market) string { return m.call(200, "GET", "/v2/clock", "").text("timestamp")[:10] }
	t.Setenv(alpacasim.TestClock, "2026-12-25T15:00:00Z")
	if got := clock(open(t, func(c *alpacasim.Config) { c.Clock = nil })); got != "2026-12-25" {
		t.Errorf("without a clock it is %s", got)
	}
	if got := clock(open(t)); got != "2026-06-01" {
		t.Errorf("with a clock it is %s", got)
	}
	if got := clock(open(t, atStart("2026-11-28T17:00:00Z"), func(c *alpacasim.Config) { c.Clock = nil })); got != "2026-11-28" {
		t.Errorf("with a start it is %s", got)
	}
	t.Setenv(alpacasim.TestClock, "Christmas")
	if _, err := alpacasim.New(alpacasim.Config{}); err == nil || !strings.Contains(err.Error(), "RFC 3339") {
		t.Errorf("an unreadable time: %v", err)
	}
}
