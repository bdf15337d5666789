package trading

import (
	"encoding/json"
	"time"

	"paddock/app/broker"
)

const rfc3339 = "2006-01-02T15:04:05Z07:00"

// MarketSession is the session in which a market is now. Stocks have four,
// crypto never closes.
type MarketSession struct {
	Name      string    `json:"name"` // regular, pre_market, after_hours, overnight, closed or continuous
	NextOpen  time.Time `json:"next_open"`
	NextClose time.Time `json:"next_close"`
}

// marketSession returns the session by the broker's clock and calendar, which
// use New York's time.
func (m market) marketSession(symbol string) MarketSession {
	s := MarketSession{Name: "closed", NextOpen: m.clock.NextOpen.UTC(), NextClose: m.clock.NextClose.UTC()}
	now := m.clock.Timestamp // with New York's offset
	var days []struct {
		Date, Open, Close string
		SessionOpen       string `json:"session_open"`
		SessionClose      string `json:"session_close"`
	}
	_ = json.Unmarshal(m.day, &days) // without it only the regular session is known
	switch clock := now.Format("1504"); {
	case broker.IsCrypto(symbol):
		s.Name = "continuous"
	case m.clock.IsOpen:
		s.Name = "regular"
	// Overnight trading belongs to the day that follows: from 20:00 before it
	// until 04:00 on it.
	case (clock >= "2000" || clock < "0400") && now.Add(4*time.Hour).Format(time.DateOnly) == m.clock.NextOpen.Format(time.DateOnly):
		s.Name = "overnight"
	case len(days) == 1 && days[0].Date == now.Format(time.DateOnly):
		day := days[0]
		switch {
		case clock >= withoutColon(day.SessionOpen) && clock < withoutColon(day.Open):
			s.Name = "pre_market"
		case clock >= withoutColon(day.Close) && clock < withoutColon(day.SessionClose):
			s.Name = "after_hours"
		}
	}
	return s
}

// withoutColon returns a time of day without its colon: Alpaca writes it both
// ways.
func withoutColon(clock string) string {
	if len(clock) == 5 {
		return clock[:2] + clock[3:]
	}
	return clock
}
