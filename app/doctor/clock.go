package doctor

import (
	"context"
	"fmt"
	"time"

	"paddock/app/broker"
)

// How far clocks may differ. Leases last ten seconds, and a session's or a
// grant's end is read from several clocks.
const (
	skewWarning = 2 * time.Second
	skewFailure = 30 * time.Second
)

// checkClock compares this machine's clock with those of Postgres and Alpaca.
// What the way there and back took is no difference.
func checkClock(ctx context.Context, e *examination) (found []Finding) {
	if connected := e.connected(); len(connected) == 0 {
		found = append(found, unchecked("", "the clock of Postgres: there is no connection to it")...)
	} else {
		var there time.Time
		sent := time.Now()
		if err := connected[0].conn.QueryRow(ctx, "select clock_timestamp()").Scan(&there); err != nil {
			found = append(found, refused(err)...)
		} else {
			found = append(found, skewed("Postgres", time.Until(there), there.Sub(sent))...)
		}
	}
	alpaca, err := newBroker(e)
	if err != nil {
		return append(found, unchecked("", "the clock of Alpaca: %s", err)...)
	}
	defer alpaca.Close()
	least, most, err := alpaca.LookAtClock(ctx, broker.Paper)
	if err != nil {
		return append(found, unchecked("let this machine reach PADDOCK_ALPACA_PAPER_URL", "the clock of Alpaca: %s", err)...)
	}
	return append(found, skewed("Alpaca", least, most)...)
}

// skewed judges a clock that is between least and most ahead of ours.
func skewed(whose string, least, most time.Duration) []Finding {
	skew := least
	if least <= 0 && most >= 0 {
		return nil
	}
	direction := "ahead of"
	if most < 0 {
		skew, direction = -most, "behind"
	}
	says := fmt.Sprintf("the clock of %s is %s %s this machine's", whose, skew.Round(time.Millisecond), direction)
	const do = "set the clocks of both machines by NTP"
	switch {
	case skew >= skewFailure:
		return []Finding{failure(do, "%s", says)}
	case skew >= skewWarning:
		return []Finding{warning(do, "%s", says)}
	}
	return nil
}
