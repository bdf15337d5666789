package alpacasim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault parses a permanent fault from the command line: its name, its
// probability each time (1 without), and the delay for those that have one:
// drop, drop=0.01, delay=0.1:2s.
func ParseFault(text string) (Injection, error) {
	rest, late, delays := strings.Cut(text, ":")
	name, likely, measured := strings.Cut(rest, "=")
	in := Injection{Fault: Fault(name), N: -1}
	if !slices.Contains(allFaults, in.Fault) {
		return in, fmt.Errorf("%q is no fault: there are %v", name, allFaults)
	}
	var err error
	if measured {
		if in.P, err = strconv.ParseFloat(likely, 64); err != nil || !(in.P > 0 && in.P <= 1) {
			return in, fmt.Errorf("the fault %s: how likely it is must be above 0 and at most 1, not %q", name, likely)
		}
	}
	if delays != (in.Fault == Delay || in.Fault == Late || in.Fault == Burst) {
		return in, fmt.Errorf("the fault %q: delay, late and burst, and no others, take how late, as in delay=0.1:2s", text)
	}
	if delays {
		if in.Delay, err = time.ParseDuration(late); err != nil || in.Delay <= 0 {
			return in, fmt.Errorf("the fault %s: %q is no time above 0, such as 2s", name, late)
		}
	}
	return in, nil
}
