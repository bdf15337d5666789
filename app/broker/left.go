package broker

import (
	"net/http"
	"strconv"
	"time"
)

// Left is what is left of an account's requests to one of Alpaca's hosts.
type Left struct {
	PerMinute int `json:"per_minute"` // how many Alpaca allows in a minute
	// Now is how many this server would send at once, without waiting: a quarter of a
	// minute's at most, of which each comes back in time.
	Now int `json:"left"`
	// Told is what Alpaca said was left, with its last answer of the last minute: other
	// programs with the same keys count there too. Nil where there was none.
	Told *int `json:"left_at_alpaca"`
}

// told is what Alpaca said last of what is left.
type told struct {
	left int
	at   time.Time
}

// Left returns what is left of an account's requests to Alpaca's trading and its market
// data. It asks nobody, and uses up nothing.
func (b *Broker) Left(account string, env Environment) (trading, data Left, err error) {
	base, err := b.url(env)
	if err != nil {
		return Left{}, Left{}, err
	}
	return b.limits.left(account + " " + base), b.limits.left(account + " " + b.config.DataURL), nil
}

// left returns what is left of a bucket, which is full where it was never used.
func (l *limits) left(key string) Left {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, there := l.buckets[key]
	if !there {
		return Left{PerMinute: defaultPerMinute, Now: defaultPerMinute / 4}
	}
	left := Left{PerMinute: int(float64(b.Limit())*60 + 0.5), Now: max(0, int(b.Tokens()))}
	if time.Since(b.told.at) < time.Minute {
		n := b.told.left
		left.Told = &n
	}
	return left
}

// note keeps what an answer says is left.
func (l *limits) note(key string, h http.Header) {
	n, err := strconv.Atoi(h.Get("X-Ratelimit-Remaining"))
	if err != nil || n < 0 || n > 100_000 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, there := l.buckets[key]; there {
		b.told = told{n, time.Now()}
	}
}
