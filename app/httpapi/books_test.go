package httpapi_test

import (
	"fmt"
	"slices"
	"testing"
)

// Every fill and round trip says which user and which API token sent the order, and each
// has books of its own, which add up to the account's.
func TestBooksByUserAndToken(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada, ben := s.signUp("ada"), s.signUp("ben")
	one := ada.connect("one", s.seeds[0])
	s.grant(one, "ben", "trader")
	agent := ben.agent("agent", "", one)
	market := func(side, qty string) string {
		return fmt.Sprintf(`{"symbol":"AAPL","side":%q,"type":"market","time_in_force":"day","qty":%q}`, side, qty)
	}
	ada.do("POST", "/api/orders", market("buy", "5"), "X-Account-ID", one).want(t, 201, "")
	agent.do("POST", "/api/orders", market("buy", "3"), "X-Account-ID", one).want(t, 201, "")
	s.settle(one)
	agent.do("POST", "/api/orders", market("sell", "3"), "X-Account-ID", one).want(t, 201, "")
	s.settle(one)
	ben.do("POST", "/api/orders", market("buy", "2"), "X-Account-ID", one).want(t, 201, "")
	s.settle(one)

	got := texts(t, s.db, fmt.Sprintf(`select concat_ws(' ', scope, scope_value, direction, trim_scale(sum(entry_qty - exit_qty)), bool_and(closed_at is not null))
		from app.trading_positions where account_id = '%s' group by scope, scope_value, direction order by 1`, one))
	want := []string{"account  long 7 f", "token " + agent.id + " long 0 t", "user " + ada.id() + " long 5 f", "user " + ben.id() + " long 2 f"}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the books are\n%q, want\n%q", got, want)
	}
	if sums := texts(t, s.db, fmt.Sprintf(`select ((select sum(realized_pl) from app.trading_positions where account_id = '%[1]s' and scope = 'user' and scope_value = '%[2]s')
		= (select sum(realized_pl) from app.trading_positions where account_id = '%[1]s' and scope = 'token'))::text`, one, ben.id())); sums[0] != "true" {
		t.Error("what the token realised is not what its user did, who sold nothing otherwise")
	}
	for _, query := range []string{"scope=user&scope_value=" + ben.id(), "scope=token&scope_value=" + agent.id, "scope=token"} {
		if list := ada.do("GET", "/api/trading-positions?"+query, "", "X-Account-ID", one).want(t, 200, ""); list.field(t, "trading_positions") == "[]" {
			t.Errorf("%s finds nothing", query)
		}
	}
	ada.do("GET", "/api/fills", "", "X-Account-ID", one).want(t, 200, "")
	ada.do("GET", "/api/trading-positions?scope=person", "", "X-Account-ID", one).want(t, 400, "invalid_scope")
}
