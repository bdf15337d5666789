package alpacasim

import (
	"fmt"
	"os"
	"time"
)

// TestClock names the environment variable that says, in RFC 3339, what time
// simulators start at that are told nothing else: so a whole suite of tests
// runs on a weekend, a holiday or the last day of the year.
const TestClock = "PADDOCK_TEST_CLOCK"

// startFromEnvironment takes TestClock, where neither a clock nor a start is
// given.
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
