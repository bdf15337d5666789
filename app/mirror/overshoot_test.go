package mirror_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// A closing that traded more than was held becomes an event with the excess
// quantity. The order in which updates arrive does not matter, because the
// broker's own times say which fill came first.
func TestAnOvershootIsFoundWhateverIsToldFirst(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	admin := pg.Conn(t, "admin")
	worker := tenant.NewWorker(pg.Pool(t, "paddock_worker"), kit.SilentBell{})
	kit.User(t, pg, "u1")
	type fill struct {
		closing bool
		qty     int
		second  int  // when it was filled, by the broker's clock
		bust    bool // instead of a fill, the quantity is busted of the order that made the position
		list    bool // instead of a fill, a list of positions has the quantity on the closing's side
	}
	closing := fill{closing: true, qty: 10, second: 30}
	for name, c := range map[string]struct {
		told []fill
		want string // the quantities of the events, in their order
	}{
		"the closing fills last and is told last":  {[]fill{{qty: 10, second: 20}, closing}, "10"},
		"the closing fills last and is told first": {[]fill{closing, {qty: 10, second: 20}}, "10"},
		"a part of it":                                                  {[]fill{closing, {qty: 4, second: 20}}, "4"},
		"more than it traded":                                           {[]fill{closing, {qty: 25, second: 20}}, "10"},
		"it is told between two":                                        {[]fill{{qty: 4, second: 10}, closing, {qty: 3, second: 20}}, "4, 3"},
		"two that come to more than it traded":                          {[]fill{closing, {qty: 7, second: 10}, {qty: 7, second: 20}}, "7, 3"},
		"in the same second":                                            {[]fill{closing, {qty: 10, second: 30}}, "10"},
		"the position is taken back before and told after":              {[]fill{closing, {qty: 10, second: 20, bust: true}}, "10"},
		"a part of it is taken back before and told after":              {[]fill{closing, {qty: 3, second: 20, bust: true}}, "3"},
		"the position is taken back before, and told before":            {[]fill{{qty: 10, second: 20, bust: true}, closing}, "10"},
		"a list has what was taken back before it is told":              {[]fill{closing, {qty: 10, list: true}, {qty: 10, second: 20, bust: true}}, "10"},
		"a list has the part that was taken back before it is told":     {[]fill{closing, {qty: 4, list: true}, {qty: 4, second: 20, bust: true}}, "4"},
		"a list has a part of what was taken back, and then it is told": {[]fill{closing, {qty: 4, list: true}, {qty: 7, second: 20, bust: true}}, "7"},
		"a list has what an order did that is told afterwards":          {[]fill{closing, {qty: 10, list: true}, {qty: 10, second: 20}}, "10"},
		"a list has what was taken back after the closing":              {[]fill{closing, {qty: 10, list: true}, {qty: 10, second: 40, bust: true}}, ""},
		"the position is taken back after":                              {[]fill{closing, {qty: 10, second: 40, bust: true}}, ""},
		"the closing fills first":                                       {[]fill{closing, {qty: 10, second: 40}}, ""},
		"the closing fills first and is told second":                    {[]fill{{qty: 4, second: 40}, {closing: true, qty: 6, second: 30}}, ""},
	} {
		for _, side := range []string{"buy", "sell"} {
			t.Run(name+", "+side, func(t *testing.T) {
				m := newMirrorModel(t, admin, worker, 0)
				for _, sql := range []string{
					"insert into app.stream_cursors (account_id, agreed_at) values ($1, now())",
					"insert into app.alpaca_positions (account_id, symbol, asset_class, qty, as_of) values ($1, 'AAPL', 'us_equity', 0, now())",
				} {
					if _, err := admin.Exec(t.Context(), sql, m.lease.Account); err != nil {
						t.Fatal(err)
					}
				}
				record := func(id, name, side string, qty, filled, second int) {
					m.write("select app.record_order($1, $2)", fmt.Sprintf(`{"id":%q,"client_order_id":%q,"symbol":"AAPL","asset_class":"us_equity","side":%q,
						"type":"market","time_in_force":"day","qty":"%d","filled_qty":"%d","filled_avg_price":"10","status":"filled",
						"created_at":"2026-06-01T14:00:00Z","submitted_at":"2026-06-01T14:00:00Z","filled_at":"2026-06-01T14:00:%02[6]dZ","updated_at":"2026-06-01T14:00:%02[6]dZ"}`,
						id, name, side, qty, filled, second))
				}
				opening, opens := uuid.NewString(), map[string]string{"buy": "sell", "sell": "buy"}[side]
				record(opening, "opening-"+m.lease.Account.String(), opens, 10, 10, 1)
				held := -10 // on the closing's side
				for i, f := range c.told {
					name := fmt.Sprintf("%s-%d", m.lease.Account, i)
					if f.list {
						m.write("select app.reconcile_positions($1, $2, now(), app.position_moves($1), '{}', '{}')",
							fmt.Sprintf(`[{"symbol":"AAPL","asset_class":"us_equity","qty":"%d"}]`, f.qty*map[string]int{"buy": 1, "sell": -1}[side]))
						continue
					}
					held += f.qty
					if f.bust {
						record(opening, "opening-"+m.lease.Account.String(), opens, 10, 10-f.qty, f.second)
						continue
					}
					if f.closing {
						// The closing was allowed when the position was there.
						// To insert it now the triggers are switched off.
						if _, err := admin.Exec(t.Context(), fmt.Sprintf(`set session_replication_role = replica;
							insert into app.alpaca_orders (account_id, client_order_id, request_hash, request, symbol, side, type, time_in_force, qty, reduce_only, submitted_by)
								values ('%s', '%s', '\x00', '{}', 'AAPL', '%s', 'market', 'day', %d, true, 'u1');
							reset session_replication_role`, m.lease.Account, name, side, f.qty)); err != nil {
							t.Fatal(err)
						}
					}
					record(uuid.NewString(), name, side, f.qty, f.qty, f.second)
				}
				got := m.scan(`select coalesce(string_agg(data->>'overshot_qty', ', ' order by seq), '') from app.account_events
					where account_id = $1 and data->>'event' = 'overshot'`)
				if got != c.want {
					t.Errorf("the events have the quantities %q, want %q", got, c.want)
				}
				if got, want := m.scan("select app.held_quantity($1, 'AAPL')::text"), fmt.Sprint(held*map[string]int{"buy": 1, "sell": -1}[side]); got != want {
					t.Errorf("the mirror holds %s, want %s", got, want)
				}
			})
		}
	}
}
