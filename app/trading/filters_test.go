package trading_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"paddock/app/accounts"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
)

const filterSleeve = "00000000-0000-7000-8000-0000000000aa"

// listedOrders are orders that differ in what a list can be narrowed to; the first is the oldest.
func (d *desk) listedOrders(account uuid.UUID) {
	d.t.Helper()
	d.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, alpaca_order_id, symbol, side, type, time_in_force, tag,
			orchestrator_agent_id, filled_qty, created_at)
		select $1, client, 'accepted', status, gen_random_uuid(), symbol, side, type, force, tag, agent, filled, timestamptz '2026-11-01T12:00:00Z' + n * interval '1 day'
		from (values
			(0, 'alpha-1', 'filled', 'AAPL', 'buy', 'limit', 'day', 'swing', 'one', 1),
			(1, 'alpha-2', 'canceled', 'AAPL', 'sell', 'limit', 'gtc', 'swing', 'two', 2),
			(2, 'beta-1', 'new', 'BTC/USD', 'buy', 'market', 'gtc', null, 'one', 0),
			(3, 'Beta-2', 'rejected', 'MSFT', 'buy', 'stop', 'day', 'day', null, 0),
			(4, 'a%_\', 'partially_filled', 'TSLA', 'sell', 'market', 'ioc', null, null, 1),
			(5, 'ALPHA-3', 'expired', 'AMD', 'buy', 'trailing_stop', 'day', 'Swing', null, 0)
		) o (n, client, status, symbol, side, type, force, tag, agent, filled)`, account)
}

// Each filter of a list passes exactly the orders that it is about, alone, together with others
// and page by page, in both directions.
func TestFiltersOfOrders(t *testing.T) {
	d := newDesk(t)
	d.synced()
	d.exec(`insert into app.sleeves (account_id, id, name, made_by) values ($1, $2, 'mine', 'u1')`, d.owner.Account, filterSleeve)
	d.listedOrders(d.owner.Account)
	d.exec("update app.alpaca_orders set sleeve_id = $2 where account_id = $1 and client_order_id in ('alpha-1', 'beta-1')", d.owner.Account, filterSleeve)
	for query, want := range map[string]string{
		"":                              "ALPHA-3 a%_\\ Beta-2 beta-1 alpha-2 alpha-1",
		"status=open":                   "a%_\\ beta-1",
		"status=filled":                 "a%_\\ alpha-2 alpha-1",
		"status=refused":                "Beta-2",
		"status=closed&type=limit":      "alpha-2 alpha-1",
		"status=open&time_in_force=gtc": "beta-1",
		"type=market":                   "a%_\\ beta-1",
		"time_in_force=gtc":             "beta-1 alpha-2",
		"tag=swing":                     "alpha-2 alpha-1",
		"tag=swing&side=sell":           "alpha-2",
		"orchestrator_agent_id=one":     "beta-1 alpha-1",
		"sleeve_id=" + filterSleeve:     "beta-1 alpha-1",
		"sleeve_id=none":                "ALPHA-3 a%_\\ Beta-2 alpha-2",
		"symbols=AAPL":                  "alpha-2 alpha-1",
		"symbols=btcusd":                "beta-1",
		"symbols=BTC/USD":               "beta-1",
		"symbols=AAPL,MSFT&type=stop":   "Beta-2",
		"text=alpha":                    "alpha-2 alpha-1",
		"text=a":                        "ALPHA-3 a%_\\ alpha-2 alpha-1", // a symbol in any letters, an id in its own
		"text=a%25":                     "a%_\\",                         // no pattern
		"text=btcusd":                   "beta-1",
		"text=Beta":                     "Beta-2",
		"text=alpha&status=filled&tag=swing&symbols=AAPL&type=limit&time_in_force=day&orchestrator_agent_id=one&side=buy": "alpha-1",
		"created_since=2026-11-04T12:00:00Z&created_until=2026-11-05":                                                     "Beta-2",
		"created_until=2026-11-02T12:00:00Z":                                                                              "alpha-1",
		"tag=nobody":                                                                                                      "",
	} {
		for _, direction := range []string{"desc", "asc"} {
			if got := d.clients(query+"&limit=1&direction="+direction, d.owner); got != ordered(want, direction) {
				t.Errorf("%q, %s, is %q, want %q", query, direction, got, ordered(want, direction))
			}
		}
	}
}

func ordered(clients, direction string) string {
	list := strings.Fields(clients)
	if direction == "asc" {
		slices.Reverse(list)
	}
	return strings.Join(list, " ")
}

// clients returns the client_order_ids of a list, which is read page by page.
func (d *desk) clients(query string, a tenant.Admission) string {
	d.t.Helper()
	var all []string
	for before := ""; ; {
		q, err := url.ParseQuery(query)
		if err != nil {
			d.t.Fatal(err)
		}
		q.Set("before", before)
		list, err := trading.ParseOrderList(q)
		if err != nil {
			d.t.Fatal(err)
		}
		body, err := d.service.Orders(d.t.Context(), a, &list)
		if err != nil {
			d.t.Fatal(err)
		}
		page := fields(d.t, body)
		for _, o := range page["orders"].([]any) {
			all = append(all, o.(map[string]any)["client_order_id"].(string))
		}
		if page["next_cursor"] == nil {
			return strings.Join(all, " ")
		}
		before = page["next_cursor"].(string)
	}
}

// Whatever a list is narrowed to, it has orders of its own account alone: another tenant's with
// the same tag, agent, sleeve, symbol and ids are no part of it.
func TestFiltersStayInTheirAccount(t *testing.T) {
	d := newDesk(t)
	stranger := kit.User(t, d.pg, "eve")
	b, keys := kit.Broker(t, d.server.URL), kit.Keys(t)
	made, err := accounts.New(tenant.NewDB(d.pg.Pool(t, "paddock_app"), kit.SilentBell{}), keys, b).Create(t.Context(), stranger, "hers", "paper")
	if err != nil {
		t.Fatal(err)
	}
	d.listedOrders(d.owner.Account)
	eve := tenant.Admission{Token: stranger, Account: made.ID}
	for _, query := range []string{"status=all", "status=open", "status=filled", "status=refused", "type=limit", "time_in_force=day", "tag=swing", "orchestrator_agent_id=one",
		"sleeve_id=none", "symbols=AAPL", "text=a", "created_since=2020-01-01", "tag=swing&text=alpha&type=limit"} {
		if got := d.clients(query, eve); got != "" {
			t.Errorf("%s has %q of another account", query, got)
		}
	}
}

// A list by what Alpaca does not know is the mirror's where that is behind, too, and says since when.
func TestFiltersThatAlpacaLacks(t *testing.T) {
	d := newDesk(t) // its mirror never agreed
	d.listedOrders(d.owner.Account)
	for _, query := range []string{"status=filled", "status=refused", "type=limit", "time_in_force=day", "tag=swing", "orchestrator_agent_id=one", "text=a", "created_since=2026-01-01", "created_until=2027-01-01"} {
		if body := string(d.page(query)); !strings.Contains(body, `"as_of":null,"source":"mirror"`) {
			t.Errorf("%s is answered with %.200s", query, body)
		}
		q, err := url.ParseQuery(query + "&before=" + strings.Repeat("A", 54))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trading.ParseOrderList(q); !problem.Is(err, problem.InvalidCursor) {
			t.Errorf("%s goes on with a cursor of Alpaca's list: %v", query, err)
		}
	}
}

// Each filter is answered by an index in the order of lists, so that a page costs what it shows,
// and not what the account has.
func TestEachFilterHasItsIndex(t *testing.T) {
	d := newDesk(t)
	d.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, alpaca_order_id, created_at, symbol, side, type, time_in_force, tag,
			orchestrator_agent_id, sleeve_id, filled_qty)
		select $1, 'order-' || n, 'accepted', case when n % 500 = 0 then 'new' when n % 50 = 0 then 'rejected' else 'canceled' end, gen_random_uuid(), now() - n * interval '1 minute',
			'S' || n % 7, 'buy', case n % 9 when 0 then 'stop' else 'limit' end, case n % 9 when 0 then 'gtc' else 'day' end, case when n % 3 = 0 then 'tag-' || n % 11 end,
			case when n % 3 = 0 then 'agent-' || n % 11 end, null, case when n % 40 = 0 then 1 else 0 end
		from generate_series(1, 5000) n`, d.owner.Account)
	d.exec("vacuum analyze app.alpaca_orders")
	for _, c := range []struct {
		query   string
		args    []string
		indexes []string
		sorted  bool
	}{
		{"tag=tag-3", []string{"'tag-3'"}, []string{"filter_tag"}, false},
		{"orchestrator_agent_id=agent-3", []string{"'agent-3'"}, []string{"filter_agent"}, false},
		{"sleeve_id=" + filterSleeve, []string{"'" + filterSleeve + "'"}, []string{"alpaca_orders_sleeve_idx"}, false},
		{"symbols=S1", []string{"null", "null", "null", "null", "null", "'S1'"}, []string{"filter_symbol"}, false},
		{"type=stop", []string{"'stop'"}, []string{"filter_type"}, false},
		{"time_in_force=gtc", []string{"'gtc'"}, []string{"filter_force"}, false},
		{"status=filled", nil, []string{"filter_filled"}, false},
		{"status=refused", nil, []string{"filter_refused"}, false},
		{"tag=tag-3&type=stop&status=filled", []string{"'tag-3'", "'stop'"}, []string{"filter_tag"}, false},
		{"status=open&tag=tag-3", []string{"'tag-3'"}, []string{"alpaca_orders_open_idx"}, false},
		{"created_since=2026-01-01&created_until=2026-01-02", []string{"now()", "now()"}, []string{"alpaca_orders_newest_idx"}, false},
		{"text=order-12", []string{"'order-12'", "'order-13'", "'ORDER-12'", "'ORDER-13'"}, []string{"filter_client", "filter_symbol"}, true},
	} {
		q, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		for _, direction := range []string{"desc", "asc"} {
			q.Set("direction", direction)
			list, err := trading.ParseOrderList(q)
			if err != nil {
				t.Fatal(err)
			}
			plan := d.plan(list.Statement(), c.args...)
			for _, index := range c.indexes {
				if !strings.Contains(plan, index) {
					t.Errorf("%s, %s, is not answered by %s:\n%s", c.query, direction, index, plan)
				}
			}
			if strings.Contains(plan, "Sort") != c.sorted || strings.Contains(plan, "Seq Scan") {
				t.Errorf("%s, %s, runs as\n%s", c.query, direction, plan)
			}
		}
	}
}
