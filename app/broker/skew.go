package broker

import (
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// skewSamples is how many answers a host's clock is told by.
	skewSamples = 32
	// skewAge is how long an answer tells it.
	skewAge = 10 * time.Minute
	// skewWarns is from how much on the log says so, at most every skewSaid.
	skewWarns = 2 * time.Second
	skewSaid  = 10 * time.Minute
)

// clocks know how far the broker's clocks are from ours, by host.
type clocks struct {
	mu   sync.Mutex
	host map[string]*clock
	log  *slog.Logger
}

func newClocks(log *slog.Logger) *clocks { return &clocks{host: map[string]*clock{}, log: log} }

// clock is what answers have told of one host's. An answer's Date is in whole
// seconds: when it came, the host's clock stood between that and a second more,
// somewhere between sending and receiving. So each answer bounds the difference
// from both sides, and together they leave little.
//
// Samples are kept against the monotonic clock. A jump of the wall clock, ours or
// after a machine slept, is seen at once and not averaged away.
type clock struct {
	samples []skewSample // the oldest first
	said    time.Time
}

type skewSample struct {
	at          time.Time     // with its monotonic reading
	least, most time.Duration // by which the host's clock is ahead of ours, at that time
}

// learn takes an answer's Date.
func (c *clocks) learn(host string, sent, received time.Time, h http.Header) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || h.Get("Age") != "" { // one that was kept on the way tells an old time
		return
	}
	s := skewSample{at: received, least: date.Sub(received.Round(0)), most: date.Add(time.Second).Sub(sent.Round(0))}
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.host[host]
	if !ok {
		k = &clock{}
		c.host[host] = k
	}
	if s.most < s.least {
		k.samples = nil // the wall clock went back while the answer was on its way
		return
	}
	k.add(s)
	if skew, _ := k.skew(received); skew.Abs() > skewWarns && received.Sub(k.said) > skewSaid {
		k.said = received
		c.log.Warn("this machine's clock and the broker's differ: set it by NTP", "host", host, "broker_is_ahead_ms", skew.Milliseconds())
	}
}

// add takes a sample. Where those before it cannot be true beside it, a clock was
// set, or drifted, and they are forgotten.
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

// bounds are what all samples leave, at a time.
func (k *clock) bounds(now time.Time) (least, most time.Duration) {
	for i, s := range k.samples {
		// By how much our wall clock was set since, other than by time passing.
		jumped := now.Round(0).Sub(s.at.Round(0)) - now.Sub(s.at)
		if i == 0 || s.least-jumped > least {
			least = s.least - jumped
		}
		if i == 0 || s.most-jumped < most {
			most = s.most - jumped
		}
	}
	return least, most
}

// skew is the middle of what the samples leave.
func (k *clock) skew(now time.Time) (time.Duration, bool) {
	for len(k.samples) > 1 && now.Sub(k.samples[0].at) > skewAge {
		k.samples = k.samples[1:]
	}
	if len(k.samples) == 0 || now.Sub(k.samples[0].at) > skewAge {
		return 0, false
	}
	least, most := k.bounds(now)
	return (least + most) / 2, true
}

// ClockSkew answers how far the clock of an environment's trading host is ahead
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
	return k.skew(time.Now())
}

// ClockSkews answers it for each environment that has been asked lately.
func (b *Broker) ClockSkews() map[Environment]time.Duration {
	skews := map[Environment]time.Duration{}
	for _, env := range []Environment{Paper, Live} {
		if skew, known := b.ClockSkew(env); known {
			skews[env] = skew
		}
	}
	return skews
}
