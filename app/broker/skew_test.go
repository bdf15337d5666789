package broker

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The difference of a host's clock is measured to a fraction of a second,
// although the Date of a response has whole seconds: each response gives
// bounds, and together they are narrow. This holds whichever clock is ahead,
// however slow some responses are, and after either clock was set.
func TestClockSkewIsMeasured(t *testing.T) {
	begin := time.Date(2026, 11, 25, 14, 30, 0, 0, time.UTC)
	for _, skew := range []time.Duration{0, 300 * time.Millisecond, -2 * time.Second, 3 * time.Minute, -5 * time.Minute} {
		for what, change := range map[string]struct{ ours, theirs time.Duration }{
			"nothing set": {}, "ours set on": {ours: 90 * time.Second}, "ours set back": {ours: -time.Hour},
			"theirs set on": {theirs: 4 * time.Second}, "theirs set back": {theirs: -4 * time.Second}, "both set": {time.Minute, -time.Minute},
		} {
			log := &bytes.Buffer{}
			c := newClocks(slog.New(slog.NewTextHandler(log, nil)))
			ours, theirs := time.Duration(0), skew // by how much our wall clock and the broker's are ahead of the true time
			for i := range 60 {
				if i == 30 {
					ours, theirs = ours+change.ours, theirs+change.theirs
				}
				at := time.Duration(i) * 1370 * time.Millisecond
				took := 20 * time.Millisecond
				if i%7 == 0 {
					took = 4 * time.Second // a response that takes long to arrive
				}
				date := begin.Add(at + took/2 + theirs).Truncate(time.Second)
				sent, received := instant{begin.Add(at + ours), at}, instant{begin.Add(at + took + ours), at + took}
				c.addSample("host", sent, received, http.Header{"Date": {date.Format(http.TimeFormat)}})
				if i == 29 || i == 59 {
					got, known := c.host["host"].skew(received)
					if want := theirs - ours; !known || (got-want).Abs() > 200*time.Millisecond {
						t.Errorf("%v, %s, after %d answers: %v, want %v", skew, what, i+1, got, want)
					}
				}
			}
			warned := strings.Count(log.String(), "clock")
			if big := skew.Abs() > skewLogFrom; big && warned == 0 || !big && change.ours == 0 && change.theirs == 0 && warned != 0 || warned > 2 {
				t.Errorf("%v, %s: the log says\n%s", skew, what, log)
			}
		}
	}
}

// Without recent responses the skew is unknown. A cached response does not
// count.
func TestClockSkewIsForgotten(t *testing.T) {
	c := newClocks(slog.New(slog.DiscardHandler))
	now := instant{time.Date(2026, 11, 25, 14, 30, 0, 0, time.UTC), 0}
	for _, h := range []http.Header{{}, {"Date": {"yesterday"}}, {"Date": {now.wall.Format(http.TimeFormat)}, "Age": {"30"}}} {
		c.addSample("host", now, now, h)
	}
	if len(c.host) != 0 {
		t.Errorf("unusable responses gave %+v", c.host)
	}
	c.addSample("host", now, now, http.Header{"Date": {now.wall.Format(http.TimeFormat)}})
	if _, known := c.host["host"].skew(instant{now.wall.Add(skewAge), skewAge}); !known {
		t.Error("forgotten too early")
	}
	if _, known := c.host["host"].skew(instant{now.wall.Add(skewAge), skewAge + 1}); known {
		t.Error("a response that is too old still counts")
	}
}

// Every response of the broker is used, refusals too. The skew is known for
// each environment.
func TestClockSkewOfAnswers(t *testing.T) {
	s := newStand(t)
	if _, known := s.broker.ClockSkew(Paper); known {
		t.Error("it is known before any answer")
	}
	s.say(403, `{"code":40310000}`, "Date", time.Now().Add(3*time.Minute).UTC().Format(http.TimeFormat))
	_, err := s.client("one").Positions(t.Context())
	wants(t, "read", err, Forbidden)
	if skew, known := s.broker.ClockSkew(Paper); !known || (skew-3*time.Minute).Abs() > 2*time.Second {
		t.Errorf("the skew is %v, %v", skew, known)
	}
	if got := fmt.Sprint(len(s.broker.ClockSkews())); got != "2" { // both environments have the same host here
		t.Errorf("%s environments are known", got)
	}
	if _, known := s.broker.ClockSkew("none"); known {
		t.Error("an unknown environment has a skew")
	}
}
