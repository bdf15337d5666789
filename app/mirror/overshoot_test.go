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
		back    bool // the fill is on the other side: it trades the position back
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
		"two closings, and the cause is told after both":                {[]fill{{closing: true, qty: 4, second: 30}, {closing: true, qty: 6, second: 31}, {qty: 10, second: 20}}, "6, 4"},
		"two closings, of which the first had enough to close":          {[]fill{{closing: true, qty: 4, second: 30}, {closing: true, qty: 6, second: 31}, {qty: 5, second: 20}}, "5"},
		"the cause is told when the position was traded back":           {[]fill{closing, {qty: 25, second: 40, back: true}, {qty: 10, second: 20}}, "10"},
		"the closing is told when the position was traded back":         {[]fill{{qty: 10, second: 20}, {qty: 25, second: 40, back: true}, closing}, "10"},
		"what is taken back is told when the position was traded back":  {[]fill{closing, {qty: 25, second: 40, back: true}, {qty: 10, second: 20, bust: true}}, "10"},
		"the cause is told after an order that was meant to go beyond":  {[]fill{closing, {qty: 10, second: 40}, {qty: 3, second: 20}}, "3"},
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
					m.write(fmt.Sprintf("select app.record_order($1, $2, p_takes_back => %v)", filled < qty), fmt.Sprintf(`{"id":%q,"client_order_id":%q,"symbol":"AAPL","asset_class":"us_equity","side":%q,
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
					if f.back {
						held -= f.qty
						record(uuid.NewString(), name, opens, f.qty, f.qty, f.second)
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

// The broker says with each fill which position it left behind. So a closing that
// went beyond an empty one is told of as it fills, whatever the broker's clock
// says, and once: also when the cause is told later.
func TestAClosingsFillTellsOfItsOvershoot(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	admin := pg.Conn(t, "admin")
	worker := tenant.NewWorker(pg.Pool(t, "paddock_worker"), kit.SilentBell{})
	kit.User(t, pg, "u1")
	for name, c := range map[string]struct {
		left  []int // the position that each of the closing's fills of 5 left behind
		cause int   // how much of the opening is taken back and told afterwards
		at    int   // the second of that, by a clock that may have been set back
		want  string
	}{
		"both fills had enough":                           {[]int{5, 0}, 0, 0, ""},
		"both went beyond":                                {[]int{-5, -10}, 10, 20, "5, 5"},
		"both went beyond, and the clock was set forward": {[]int{-5, -10}, 10, 59, "5, 5"},
		"the second went beyond":                          {[]int{0, -5}, 5, 59, "5"},
		"a part of the second went beyond":                {[]int{3, -2}, 2, 59, "2"},
		"more is told than was known":                     {[]int{0, -5}, 10, 20, "5, 5"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMirrorModel(t, admin, worker, 0)
			account := m.lease.Account
			if _, err := admin.Exec(t.Context(), fmt.Sprintf(`insert into app.stream_cursors (account_id, agreed_at) values ('%[1]s', now());
				insert into app.alpaca_positions (account_id, symbol, asset_class, qty, as_of) values ('%[1]s', 'AAPL', 'us_equity', 0, now());
				set session_replication_role = replica;
				insert into app.alpaca_orders (account_id, client_order_id, request_hash, request, symbol, side, type, time_in_force, qty, reduce_only, submitted_by)
					values ('%[1]s', 'closing-of-%[1]s', '\x00', '{}', 'AAPL', 'sell', 'market', 'day', 10, true, 'u1');
				reset session_replication_role`, account)); err != nil {
				t.Fatal(err)
			}
			order := func(id, name, side string, filled, second int) string {
				return fmt.Sprintf(`{"id":%q,"client_order_id":"%s-of-%s","symbol":"AAPL","asset_class":"us_equity","side":%q,"type":"market","time_in_force":"day","qty":"10",
					"filled_qty":"%d","filled_avg_price":"10","status":%q,"created_at":"2026-06-01T14:00:00Z","submitted_at":"2026-06-01T14:00:00Z",
					"updated_at":"2026-06-01T14:00:%02dZ"}`, id, name, account, side, filled, map[bool]string{true: "filled", false: "partially_filled"}[filled == 10], second)
			}
			opening, closing := uuid.NewString(), uuid.NewString()
			m.write("select app.record_order($1, $2)", order(opening, "opening", "buy", 10, 1))
			for i, left := range c.left {
				m.write("select app.apply_trade_update($1, $2)", fmt.Sprintf(`{"event":"partial_fill","event_id":"e%[1]d-%[2]s","execution_id":"x%[1]d","qty":"5","price":"10","position_qty":"%[3]d",
					"at":"2026-06-01T14:00:%02[4]dZ","timestamp":"2026-06-01T14:00:%02[4]dZ","order":%[5]s}`, i, account, left, 30+i, order(closing, "closing", "sell", 5*(i+1), 30+i)))
			}
			if c.cause > 0 {
				m.write("select app.record_order($1, $2, p_takes_back => true)", order(opening, "opening", "buy", 10-c.cause, c.at))
			}
			got := m.scan(`select coalesce(string_agg(data->>'overshot_qty', ', ' order by seq), '') from app.account_events
				where account_id = $1 and data->>'event' = 'overshot'`)
			if got != c.want {
				t.Errorf("the events have the quantities %q, want %q", got, c.want)
			}
		})
	}
}
