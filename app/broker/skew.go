package broker

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// skewSamples is how many answers are kept to measure a host's clock.
	skewSamples = 32
	// skewAge is how long an answer counts.
	skewAge = 10 * time.Minute
	// skewLogFrom is the difference from which on it is logged, at most every
	// skewLogEvery.
	skewLogFrom  = 2 * time.Second
	skewLogEvery = 10 * time.Minute
)

// clocks know how far the broker's clocks are from ours, by host.
type clocks struct {
	mu   sync.Mutex
	host map[string]*clock
	log  *slog.Logger
}

func newClocks(log *slog.Logger) *clocks { return &clocks{host: map[string]*clock{}, log: log} }

// clock is what answers have shown about one host's clock. An answer's Date is
// in whole seconds: the host's clock was between that and one second more, at
// some time between sending and receiving. So each answer bounds the difference
// from both sides, and many together narrow it down.
//
// Samples are kept with the monotonic clock, so that a jump of the wall clock,
// or of ours after the machine slept, is noticed at once and not averaged away.
type clock struct {
	samples  []skewSample // oldest first
	warned   bool
	loggedAt time.Duration // when it was last logged, by the monotonic clock
}

type skewSample struct {
	at          instant
	least, most time.Duration // by how much the host's clock is ahead of ours at that time
}

// instant is a time by our wall clock and by the monotonic clock.
type instant struct {
	wall time.Time
	mono time.Duration
}

var started = time.Now()

func thisInstant() instant {
	now := time.Now()
	return instant{now.Round(0), now.Sub(started)}
}

// serverDate returns the Date of an answer. A cached answer has none, because
// its Date is old.
func serverDate(h http.Header) time.Time {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || h.Get("Age") != "" {
		return time.Time{}
	}
	return date
}

// addSample uses the Date of an answer that was sent and received at these
// times.
func (c *clocks) addSample(host string, sent, received instant, h http.Header) {
	date := serverDate(h)
	if date.IsZero() {
		return
	}
	// The time of sending by the monotonic clock.
	asked := received.wall.Add(sent.mono - received.mono)
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.host[host]
	if !ok {
		k = &clock{}
		c.host[host] = k
	}
	k.add(skewSample{at: received, least: date.Sub(received.wall), most: date.Add(time.Second).Sub(asked)})
	skew, _ := k.skew(received)
	least, most := k.bounds(received)
	if (least > skewLogFrom || most < -skewLogFrom) && (!k.warned || received.mono-k.loggedAt > skewLogEvery) {
		k.warned, k.loggedAt = true, received.mono
		c.log.Warn("this machine's clock and the broker's differ: set it by NTP", "host", host, "broker_is_ahead_ms", skew.Milliseconds())
	}
}

// add adds a sample. Earlier samples that contradict it are dropped: the host's
// clock was set, or has drifted.
func (k *clock) add(s skewSample) {
	k.samples = append(k.samples, s)
	if len(k.samples) > skewSamples {
		k.samples = k.samples[1:]
	}
	for {
		least, most := k.bounds(s.at)
		if least <= most || len(k.samples) == 1 {
			return
		}
		k.samples = k.samples[1:]
	}
}

// bounds returns the least and the greatest difference that all samples allow,
// at a time.
func (k *clock) bounds(now instant) (least, most time.Duration) {
	for i, s := range k.samples {
		// By how much our wall clock was set since then.
		jumped := now.wall.Sub(s.at.wall) - (now.mono - s.at.mono)
		if i == 0 || s.least-jumped > least {
			least = s.least - jumped
		}
		if i == 0 || s.most-jumped < most {
			most = s.most - jumped
		}
	}
	return least, most
}

// skew returns the middle of the bounds.
func (k *clock) skew(now instant) (time.Duration, bool) {
	for len(k.samples) > 0 && now.mono-k.samples[0].at.mono > skewAge {
		k.samples = k.samples[1:]
	}
	if len(k.samples) == 0 {
		return 0, false
	}
	least, most := k.bounds(now)
	return (least + most) / 2, true
}

// ClockSkew returns how far the clock of an environment's trading host is ahead
// of this machine's, by the Date of its answers of the last ten minutes; false
// where there is none.
func (b *Broker) ClockSkew(env Environment) (time.Duration, bool) {
	host, err := b.url(env)
	if err != nil {
		return 0, false
	}
	b.clocks.mu.Lock()
	defer b.clocks.mu.Unlock()
	k, ok := b.clocks.host[host]
	if !ok {
		return 0, false
	}
	return k.skew(thisInstant())
}

// ClockSkews returns it for each environment with recent answers.
func (b *Broker) ClockSkews() map[Environment]time.Duration {
	skews := map[Environment]time.Duration{}
	for _, env := range []Environment{Paper, Live} {
		if skew, known := b.ClockSkew(env); known {
			skews[env] = skew
		}
	}
	return skews
}

// LookAtClock asks an environment's trading host for one answer, without keys,
// and returns the least and the greatest difference by which its clock may be
// ahead of this machine's.
func (b *Broker) LookAtClock(ctx context.Context, env Environment) (least, most time.Duration, err error) {
	host, err := b.url(env)
	if err != nil {
		return 0, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, host+"/v2/clock", nil)
	if err != nil {
		return 0, 0, fmt.Errorf("make a request to %s: %w", host, err)
	}
	sent := time.Now()
	response, err := b.transport.RoundTrip(request)
	if err != nil {
		return 0, 0, fmt.Errorf("%s cannot be reached", host)
	}
	received := time.Now()
	response.Body.Close()
	date := serverDate(response.Header)
	if date.IsZero() {
		return 0, 0, fmt.Errorf("%s does not tell its time", host)
	}
	return date.Sub(received), date.Add(time.Second).Sub(sent), nil
}
