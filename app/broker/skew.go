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
	warned  bool
	said    time.Duration // when, by the clock that is never set
}

type skewSample struct {
	at          instant
	least, most time.Duration // by which the host's clock is ahead of ours, at that time
}

// instant is a time by our wall clock, and by the one that is never set.
type instant struct {
	wall time.Time
	mono time.Duration
}

var started = time.Now()

func thisInstant() instant {
	now := time.Now()
	return instant{now.Round(0), now.Sub(started)}
}

// dated is the Date of an answer. One that was kept on the way has none: it
// tells an old time.
func dated(h http.Header) time.Time {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil || h.Get("Age") != "" {
		return time.Time{}
	}
	return date
}

// learn takes the Date of an answer that was asked for and came at these times.
func (c *clocks) learn(host string, sent, received instant, h http.Header) {
	date := dated(h)
	if date.IsZero() {
		return
	}
	// From sending on, by the clock that is never set.
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
	if (least > skewWarns || most < -skewWarns) && (!k.warned || received.mono-k.said > skewSaid) {
		k.warned, k.said = true, received.mono
		c.log.Warn("this machine's clock and the broker's differ: set it by NTP", "host", host, "broker_is_ahead_ms", skew.Milliseconds())
	}
}

// add takes a sample. Where those before it cannot be true beside it, the host's
// clock was set, or they drifted apart, and they are forgotten.
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
func (k *clock) bounds(now instant) (least, most time.Duration) {
	for i, s := range k.samples {
		// By how much our wall clock was set since, other than by time passing.
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

// skew is the middle of what the samples leave.
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
	return k.skew(thisInstant())
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
