package alpacasim_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"paddock/app/alpacasim"
)

// Each account may make a number of requests a minute, counted separately for
// trading and for market data. Every response states how many are left. When
// none is left, requests are refused until time has passed.
func TestRateLimits(t *testing.T) {
	m := open(t, func(c *alpacasim.Config) { c.RateLimit = 300 })
	ask := func(account int, path string) (status, left int, reset time.Duration) {
		t.Helper()
		r, err := http.NewRequest("GET", m.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("APCA-API-KEY-ID", m.seeds[account].KeyID)
		r.Header.Set("APCA-API-SECRET-KEY", m.seeds[account].SecretKey)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		left, err = strconv.Atoi(response.Header.Get("X-Ratelimit-Remaining"))
		seconds, resetErr := strconv.ParseInt(response.Header.Get("X-Ratelimit-Reset"), 10, 64)
		if err != nil || resetErr != nil || response.Header.Get("X-Ratelimit-Limit") != "300" {
			t.Fatalf("the headers are %v", response.Header)
		}
		date, err := http.ParseTime(response.Header.Get("Date"))
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, left, time.Unix(seconds, 0).Sub(date)
	}
	const trading, data = "/v2/clock", "/v2/stocks/AAPL/trades/latest"
	last, refused := 300, 0
	began := time.Now()
	for made := 0; refused == 0; made++ {
		status, left, _ := ask(0, trading)
		// Five requests become available again each second.
		back := int(time.Since(began).Seconds()*5) + 1
		if left > last+back || left < 300-made-1 || left > 300-made-1+back {
			t.Fatalf("after %d requests %d are left, and %d were before", made+1, left, last)
		}
		last = left
		switch status {
		case http.StatusTooManyRequests:
			if left != 0 {
				t.Errorf("it was refused with %d left", left)
			}
			refused = made
		case http.StatusOK:
		default:
			t.Fatalf("the status is %d", status)
		}
		if made > 1000 {
			t.Fatal("none of a thousand requests was refused")
		}
	}
	if text := string(m.caller(t)("GET", trading, "", http.StatusTooManyRequests)); text != `{"message":"too many requests."}`+"\n" {
		t.Errorf("it says %s", text)
	}
	if _, _, reset := ask(0, trading); reset < 50*time.Second || reset > 61*time.Second {
		t.Errorf("an empty bucket is full in %s", reset)
	}
	if status, left, _ := ask(0, data); status != 200 || left != 299 {
		t.Errorf("market data: %d, %d left", status, left)
	}
	if status, left, _ := ask(1, trading); status != 200 || left != 299 {
		t.Errorf("another account: %d, %d left", status, left)
	}
	time.Sleep(300 * time.Millisecond)
	if status, _, _ := ask(0, trading); status != 200 {
		t.Errorf("a while later: %d", status)
	}
}

// Without a limit all requests are accepted.
func TestNoRateLimit(t *testing.T) {
	m := open(t)
	call := m.caller(t)
	for range 250 {
		call("GET", "/v2/clock", "", 200)
	}
}
