package alpacasim

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// usualLimit is how many requests Alpaca accepts from an account in a minute.
const usualLimit = 200

// limits counts each account's requests, separately for trading and market
// data. It uses real time, whatever the market's clock shows, because clients
// wait in real time.
type limits struct {
	perMinute int
	enforced  bool

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimits(perMinute int) *limits {
	l := &limits{perMinute: perMinute, enforced: perMinute > 0, buckets: map[string]*rate.Limiter{}}
	if !l.enforced {
		l.perMinute = usualLimit
	}
	return l
}

// admit sets the headers with what the client has left, and refuses with 429
// when that is nothing. now is the time of the response's Date, which the
// headers' times refer to.
func (l *limits) admit(w http.ResponseWriter, r *http.Request, accountID string, now time.Time) bool {
	allowed, left, full := l.take(accountID+" "+hostOf(r.URL.Path), time.Now())
	w.Header().Set("X-Ratelimit-Limit", strconv.Itoa(l.perMinute))
	w.Header().Set("X-Ratelimit-Remaining", strconv.Itoa(left))
	w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(now.Add(full).Unix(), 10))
	if !allowed && l.enforced {
		answer(w, http.StatusTooManyRequests, map[string]string{"message": "too many requests."})
		return false
	}
	return true
}

// take takes a token from a bucket, and returns how many are left and after how
// long the bucket is full again.
func (l *limits) take(bucket string, now time.Time) (allowed bool, left int, full time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[bucket]
	if b == nil {
		b = rate.NewLimiter(rate.Limit(l.perMinute)/60, l.perMinute)
		l.buckets[bucket] = b
	}
	allowed = b.AllowN(now, 1)
	tokens := max(b.TokensAt(now), 0)
	missing := (float64(l.perMinute) - tokens) / float64(b.Limit())
	return allowed, int(tokens), time.Duration(missing * float64(time.Second))
}

// hostOf returns which of Alpaca's hosts serves a path.
func hostOf(path string) string {
	for _, prefix := range []string{"/v2/stocks/", "/v1beta", "/v1/corporate-actions"} {
		if strings.HasPrefix(path, prefix) {
			return "data"
		}
	}
	return "trading"
}
