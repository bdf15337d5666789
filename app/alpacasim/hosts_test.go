package alpacasim_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"paddock/app/alpacasim"
)

// Keys of paper accounts open nothing under the host for live trading, and the other way round, as
// at Alpaca; market data is for both. Without such a host all keys open everything.
func TestKeysOpenTheirOwnHost(t *testing.T) {
	seeds := alpacasim.DemoAccounts(3)
	paper, live := seeds[0], seeds[2]
	for _, apart := range []bool{true, false} {
		c := alpacasim.Config{Seed: 3, Accounts: seeds}
		if apart {
			c.LiveHost = "localhost"
		}
		sim, err := alpacasim.New(c)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(sim.Handler())
		t.Cleanup(server.Close)
		port := server.URL[strings.LastIndex(server.URL, ":"):]
		for _, host := range []string{"127.0.0.1" + port, "localhost" + port, "LOCALHOST", "paper.example"} {
			isLive := strings.HasPrefix(strings.ToLower(host), "localhost")
			for _, key := range []alpacasim.AccountSeed{paper, live} {
				opens := !apart || isLive == (key.KeyID == live.KeyID)
				for path, always := range map[string]bool{"/v2/account": false, "/v2/orders": false, "/v2/stocks/trades/latest?symbols=AAPL": true} {
					r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+path, nil)
					if err != nil {
						t.Fatal(err)
					}
					r.Host = host
					r.Header.Set("APCA-API-KEY-ID", key.KeyID)
					r.Header.Set("APCA-API-SECRET-KEY", key.SecretKey)
					response, err := http.DefaultClient.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					response.Body.Close()
					if want := opens || always; (response.StatusCode == 200) != want || !want && response.StatusCode != 401 {
						t.Errorf("apart %v: %s with %s… under %s is answered with %d", apart, path, key.KeyID[:2], host, response.StatusCode)
					}
				}
				if got := authorizes(t, server.URL, host, key); got != opens {
					t.Errorf("apart %v: the stream with %s… under %s: authorized %v", apart, key.KeyID[:2], host, got)
				}
			}
		}
	}
}

// authorizes reports whether the WebSocket stream takes keys under a host.
func authorizes(t *testing.T, url, host string, key alpacasim.AccountSeed) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(url, "http", "ws", 1)+"/stream", &websocket.DialOptions{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.MessageText, []byte(`{"action":"auth","key":"`+key.KeyID+`","secret":"`+key.SecretKey+`"}`)); err != nil {
		t.Fatal(err)
	}
	_, text, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), `"authorized"`)
}
