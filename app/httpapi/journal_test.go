package httpapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"paddock/tests/kit"
)

// trips is a page of round trips in a response.
type trips struct {
	Trips []struct {
		ID, Symbol, Direction, Status, Qty string
		ScopeValue                         *string `json:"scope_value"`
	} `json:"trading_positions"`
	Next *string `json:"next_cursor"`
}

func (a answer) trips(t *testing.T) trips {
	t.Helper()
	var j trips
	if err := json.Unmarshal([]byte(a.text), &j); err != nil || a.status != 200 {
		t.Fatalf("%d %s: %v", a.status, a.text, err)
	}
	return j
}

// Round trips can be filtered by scope, value, symbol and status, and so can
// fills. All pages together are complete. A viewer can read both, and a user
// without a grant neither.
func TestJournal(t *testing.T) {
	s := newServer(t)
	u, friend, stranger := s.signUp("ada"), s.signUp("bob"), s.signUp("eve")
	id := u.connect("one", s.seeds[0])
	s.stream()
	orders := map[string]string{}
	trade := func(symbol, side, qty, agent, tag string) {
		t.Helper()
		body := fmt.Sprintf(`{"symbol":%q,"side":%q,"type":"market","time_in_force":"day","qty":%q,"orchestrator_agent_id":%q,"tag":%q}`, symbol, side, qty, agent, tag)
		order := u.do("POST", "/api/orders", body, "X-Account-ID", id).want(t, 201, "").field(t, "id")
		orders[symbol+side+qty] = order
		kit.Eventually(t, "the fill", func() bool {
			s.sim.Step()
			return u.do("GET", "/api/orders/"+order, "", "X-Account-ID", id).field(t, "status") == "filled"
		})
	}
	trade("AAPL", "buy", "3", "one", "slow")
	trade("AAPL", "sell", "1", "two", "slow")
	trade("AAPL", "sell", "2", "one", "fast")
	trade("MSFT", "buy", "1", "one", "slow")
	s.grant(id, "bob", "viewer")
	read := func(query string) trips {
		t.Helper()
		return friend.do("GET", "/api/trading-positions"+query, "", "X-Account-ID", id).trips(t)
	}
	kit.Eventually(t, "the journal", func() bool { return len(read("").Trips) == 2 })

	for query, want := range map[string]string{
		"":                                   "account MSFT long open 1, account AAPL long closed 0",
		"?status=open":                       "account MSFT long open 1",
		"?status=closed":                     "account AAPL long closed 0",
		"?symbol=AAPL":                       "account AAPL long closed 0",
		"?symbol=TSLA":                       "",
		"?scope=agent":                       "one MSFT long open 1, two AAPL short open 1, one AAPL long open 1",
		"?scope=agent&scope_value=two":       "two AAPL short open 1",
		"?scope=tag&scope_value=slow":        "slow MSFT long open 1, slow AAPL long open 2",
		"?scope=tag&symbol=AAPL&status=open": "fast AAPL short open 2, slow AAPL long open 2",
		"?scope=agent&status=closed":         "",
	} {
		var got []string
		for _, trip := range read(query).Trips {
			whose := "account"
			if trip.ScopeValue != nil {
				whose = *trip.ScopeValue
			}
			got = append(got, strings.Join([]string{whose, trip.Symbol, trip.Direction, trip.Status, trip.Qty}, " "))
		}
		if line := strings.Join(got, ", "); line != want {
			t.Errorf("%s: %s, want %s", query, line, want)
		}
	}

	var paged []string
	for before := ""; ; {
		page := read("?scope=agent&limit=1" + before)
		for _, trip := range page.Trips {
			paged = append(paged, trip.ID)
		}
		if page.Next == nil {
			break
		}
		before = "&before=" + *page.Next
	}
	var whole []string
	for _, trip := range read("?scope=agent").Trips {
		whole = append(whole, trip.ID)
	}
	if !slices.Equal(paged, whole) || len(whole) != 3 {
		t.Errorf("in pages %v, as a whole %v", paged, whole)
	}

	fills := func(query string) int {
		t.Helper()
		var page struct{ Fills []struct{ Qty, State string } }
		a := friend.do("GET", "/api/fills"+query, "", "X-Account-ID", id).want(t, 200, "")
		if err := json.Unmarshal([]byte(a.text), &page); err != nil {
			t.Fatal(err)
		}
		return len(page.Fills)
	}
	if all, apple, one, none := fills(""), fills("?symbol=AAPL"), fills("?order_id="+orders["AAPLsell2"]), fills("?symbol=TSLA"); all != 4 || apple != 3 || one != 1 || none != 0 {
		t.Errorf("%d fills, %d of AAPL, %d of one order, %d of no symbol", all, apple, one, none)
	}

	for query, code := range map[string]string{
		"/api/trading-positions?scope=person":                  "invalid_scope",
		"/api/trading-positions?scope_value=one":               "invalid_scope",
		"/api/trading-positions?scope=account&scope_value=one": "invalid_scope",
		"/api/trading-positions?status=odd":                    "invalid_status",
		"/api/trading-positions?limit=0":                       "invalid_limit",
		"/api/trading-positions?before=x":                      "invalid_cursor",
		"/api/fills?limit=501":                                 "invalid_limit",
		"/api/fills?before=x":                                  "invalid_cursor",
		"/api/fills?order_id=x":                                "order_id_malformed",
	} {
		u.do("GET", query, "", "X-Account-ID", id).want(t, 400, code)
	}
	for _, path := range []string{"/api/trading-positions", "/api/fills", "/api/fills?order_id=" + orders["AAPLsell2"]} {
		stranger.do("GET", path, "", "X-Account-ID", id).want(t, 403, "account_forbidden")
	}
}
