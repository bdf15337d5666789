package alpacasim

import (
	"fmt"
	"os"
	"time"
)

// TestClock names the environment variable with the time, in RFC 3339, at which
// simulators start that have neither Clock nor Start. With it a whole suite of
// tests runs on a weekend, a holiday or the last day of the year.
const TestClock = "PADDOCK_TEST_CLOCK"

// startFromEnvironment reads TestClock, where there is neither a clock nor a
// start.
func (c *Config) startFromEnvironment() error {
	text := os.Getenv(TestClock)
	if text == "" || c.Clock != nil || !c.Start.IsZero() {
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("%s is %q: it must be a time in RFC 3339, such as 2026-11-27T18:05:00Z", TestClock, text)
	}
	c.Start = at
	return nil
}
