package broker

import (
	"net/http"
	"strconv"
	"time"
)

// Left is what is left of an account's requests to one of Alpaca's hosts.
type Left struct {
	PerMinute int `json:"per_minute"` // how many Alpaca allows in a minute
	// Share is of how many in a minute whoever asks is sure: all where nobody else asked
	// for something in the last minute (see share).
	Share int `json:"share_per_minute"`
	// Now is how many this server would send at once for them, without waiting: a quarter
	// of a minute's at most, of which each comes back in time.
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
// data for one who shares them (WithSharer). It asks nobody, and uses up nothing.
func (b *Broker) Left(account string, env Environment, sharer string) (trading, data Left, err error) {
	base, err := b.url(env)
	if err != nil {
		return Left{}, Left{}, err
	}
	return b.limits.left(account+" "+base, sharer), b.limits.left(account+" "+b.config.DataURL, sharer), nil
}

// left returns what is left of a bucket, which is full where it was never used.
func (l *limits) left(key, sharer string) Left {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, there := l.buckets[key]
	if !there {
		return Left{PerMinute: defaultPerMinute, Share: defaultPerMinute, Now: defaultPerMinute / 4}
	}
	shares, tokens := l.sharesOf(key, time.Now()), b.Tokens()
	own, n := float64(startShare), len(shares)
	if s, there := shares[sharer]; !there {
		n++
	} else {
		own = min(s.Tokens(), float64(shareBurst(b.Limiter, n)))
	}
	if n > 1 { // one's own share, or what goes beyond half of the bucket
		tokens = max(own, tokens-float64(b.Burst())/2)
	}
	perMinute := int(float64(b.Limit())*60 + 0.5)
	left := Left{PerMinute: perMinute, Share: perMinute / n, Now: max(0, int(tokens))}
	if time.Since(b.told.at) < time.Minute {
		told := b.told.left
		left.Told = &told
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
