package httpapi_test

import (
	"strings"
	"testing"

	"paddock/tests/kit"
)

// A list that a client has is not sent again: 304 without a body, until something
// that it would show has changed. What Alpaca itself was asked for has no entity tag.
func TestUnchangedLists(t *testing.T) {
	s := newServer(t)
	u, stranger := s.signUp("ada"), s.signUp("eve")
	id := u.connect("one", s.seeds[0])
	other := u.connect("two", s.seeds[1])
	lists := []string{"/api/orders", "/api/orders?status=open&symbols=AAPL", "/api/orders?nested=true", "/api/fills", "/api/fills?symbol=AAPL", "/api/trading-positions", "/api/trading-positions?scope=agent&scope_value=one"}
	read := func(path, tag string) answer {
		return u.do("GET", path, "", "X-Account-ID", id, "If-None-Match", tag)
	}
	if a := read("/api/orders", `"x"`).want(t, 200, ""); a.field(t, "source") != "broker" || a.header.Get("ETag") != "" {
		t.Errorf("a list from Alpaca has the tag %q", a.header.Get("ETag"))
	}
	s.stream()
	kit.Eventually(t, "the mirror", func() bool { return u.do("GET", "/api/accounts/"+id+"/health", "").field(t, "status") == "ok" })

	tag := read(lists[0], "").header.Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) {
		t.Fatalf("the tag is %q", tag)
	}
	unchanged := func(when string) {
		t.Helper()
		for _, path := range lists {
			for _, known := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag} {
				if a := read(path, known); a.status != 304 || a.text != "" || a.header.Get("ETag") != tag {
					t.Errorf("%s: GET %s with %s: %d %q %s", when, path, known, a.status, a.text, a.header.Get("ETag"))
				}
			}
			if a := read(path, "*").want(t, 200, ""); a.header.Get("ETag") != tag {
				t.Errorf("%s: GET %s without a tag has %s", when, path, a.header.Get("ETag"))
			}
		}
	}
	unchanged("at first")
	changes := func(when string, do func()) {
		t.Helper()
		do()
		for _, path := range lists {
			if a := read(path, tag); a.status != 200 || a.header.Get("ETag") == tag {
				t.Errorf("after %s: GET %s with the tag from before: %d %s", when, path, a.status, a.header.Get("ETag"))
			}
		}
		tag = ""
		kit.Eventually(t, "a state that lasts", func() bool {
			before := tag
			tag = read(lists[0], "").header.Get("ETag")
			return tag == before
		})
	}
	var order string
	changes("an order", func() {
		order = u.do("POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"limit","limit_price":"1","time_in_force":"day","qty":"1"}`, "X-Account-ID", id).want(t, 201, "").field(t, "id")
	})
	unchanged("after an order")
	changes("its cancellation", func() {
		u.do("DELETE", "/api/orders/"+order, "", "X-Account-ID", id).want(t, 202, "")
		kit.Eventually(t, "the cancellation", func() bool {
			return u.do("GET", "/api/orders/"+order, "", "X-Account-ID", id).field(t, "status") == "canceled"
		})
	})
	changes("what an agent's order traded", func() {
		order := u.do("POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"1","orchestrator_agent_id":"one"}`, "X-Account-ID", id).want(t, 201, "").field(t, "id")
		kit.Eventually(t, "the fill", func() bool {
			s.sim.Step()
			return u.do("GET", "/api/orders/"+order, "", "X-Account-ID", id).field(t, "status") == "filled"
		})
	})
	unchanged("after a trade")
	// The tag of one account is another one's no more than its rows are.
	if a := u.do("GET", "/api/fills", "", "X-Account-ID", other, "If-None-Match", tag); a.status != 200 || a.header.Get("ETag") == tag {
		t.Errorf("another account with this one's tag: %d", a.status)
	}
	stranger.do("GET", "/api/fills", "", "X-Account-ID", id, "If-None-Match", tag).want(t, 403, "account_forbidden")
}
