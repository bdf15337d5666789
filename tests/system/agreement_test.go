package system

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// agree waits until broker and database agree on every account, and fails the
// test with each difference that stays.
func (w *world) agree(all []*chaosAccount, much size) {
	w.t.Helper()
	conn := w.postgres.Conn(w.t, "admin")
	deadline := time.Now().Add(much.patience)
	for _, a := range all {
		a.sync()
		for asked := time.Now(); ; {
			differences := w.differences(conn, a, much.parked)
			if len(differences) == 0 {
				break
			}
			if time.Now().After(deadline) {
				for _, d := range differences {
					w.t.Errorf("%s: %s", a.name, d)
				}
				if slices.ContainsFunc(differences, func(d string) bool { return strings.HasPrefix(d, "the journal") }) {
					w.t.Logf("%s: what the journal waits for:\n%s", a.name, waitedFor(conn, a.id))
				}
				break
			}
			if time.Since(asked) > 5*time.Second { // no stream tells of splits and fees
				a.sync()
				asked = time.Now()
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
}

// waitedFor returns the orders whose fills do not add up, with the fills that are
// recorded of them, and the journal's gaps.
func waitedFor(conn *pgx.Conn, account string) string {
	rows, err := conn.Query(context.Background(), `
		select to_jsonb(o) - 'request' - 'broker_order' - 'others' || jsonb_build_object('fills',
				(select jsonb_agg(to_jsonb(f)) from app.fills f where f.account_id = o.account_id and f.order_id = o.id))
			from app.alpaca_orders o where o.account_id = $1 and o.fills_differ and o.symbol is not null
		union all select to_jsonb(g) from app.journal_gaps g where g.account_id = $1`, account)
	if err != nil {
		panic(err) // the administrator may read everything
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		panic(err)
	}
	return strings.Join(lines, "\n")
}

// sync asks for a reconciliation. One may be under way already.
func (a *chaosAccount) sync() {
	a.send(&http.Client{Timeout: 20 * time.Second}, http.MethodPost, "/api/sync", "", nil)
}

// differences returns everything in which broker and database differ about an
// account, and everything that must not have happened in it.
func (w *world) differences(conn *pgx.Conn, a *chaosAccount, parked bool) []string {
	rows, held := readRows(conn, a.id)
	logged := readLog(conn, a.id)
	there, history := w.sim.Orders(a.seed.KeyID), w.sim.History(a.seed.KeyID)
	found := ordersDiffer(rows, there)
	found = append(found, fillsDiffer(there, w.sim.Executions(a.seed.KeyID))...)
	found = append(found, positionsDiffer(held, w.sim.Positions(a.seed.KeyID))...)
	found = append(found, w.journalDiffers(conn, a)...)
	found = append(found, w.sleevesDiffer(conn, a)...)
	found = append(found, a.guardsPassed(history, rows, logged)...)
	found = append(found, closingsPassed(history, rows, logged)...)
	found = append(found, a.unasked(history, rows, logged)...)
	found = append(found, windDownsLeft(conn, a.id, logged)...)
	found = append(found, intentsDiffer(rows, there, a.intents, a.closeAlls)...)
	if parked {
		for _, r := range rows {
			if r.State == "submitting" {
				found = append(found, fmt.Sprintf("%s is neither placed nor parked", r.ClientOrderID))
			}
		}
	}
	slices.Sort(found)
	return found
}

// row is an order as the database has it. Said has the fields that are compared
// with the broker's.
type row struct {
	ID, ClientOrderID, Key, State string
	Ours                          bool   // it was sent through Paddock
	Leg                           bool   // it is a leg of another order
	ReduceOnly, WindDown          bool   // it is a closing; it belongs to a wind-down
	CloseAll                      string // the key of the request to close all positions that made it, or ""
	CreatedAt                     time.Time
	Said                          map[string]string
}

func readRows(conn *pgx.Conn, account string) (map[string]row, map[string]string) {
	ctx := context.Background()
	all := map[string]row{}
	rows, err := conn.Query(ctx, `select id::text, client_order_id, coalesce(idempotency_key, ''), intent_state,
		request_hash is not null, parent_alpaca_order_id is not null, reduce_only, wind_down_id is not null, coalesce(request->>'close_all', ''), created_at, jsonb_strip_nulls(jsonb_build_object('id', alpaca_order_id, 'status', status, 'symbol', symbol, 'side', side, 'type', type,
			'time_in_force', time_in_force, 'order_class', nullif(order_class, ''), 'qty', trim_scale(qty)::text, 'notional', trim_scale(notional)::text,
			'limit_price', trim_scale(limit_price)::text, 'stop_price', trim_scale(stop_price)::text, 'trail_price', trim_scale(trail_price)::text,
			'trail_percent', trim_scale(trail_percent)::text, 'filled_qty', trim_scale(filled_qty)::text,
			'filled_avg_price', trim_scale(filled_avg_price)::text, 'replaces', replaces, 'replaced_by', replaced_by))
		from app.alpaca_orders where account_id = $1`, account)
	if err != nil {
		panic(err) // the administrator may read everything
	}
	var r row
	if _, err := pgx.ForEachRow(rows, []any{&r.ID, &r.ClientOrderID, &r.Key, &r.State, &r.Ours, &r.Leg, &r.ReduceOnly, &r.WindDown, &r.CloseAll, &r.CreatedAt, &r.Said}, func() error {
		all[r.ClientOrderID] = r
		r.Said = nil
		return nil
	}); err != nil {
		panic(err)
	}
	held := map[string]string{}
	rows, err = conn.Query(ctx, "select symbol, trim_scale(qty)::text from app.alpaca_positions where account_id = $1 and qty <> 0", account)
	if err != nil {
		panic(err)
	}
	var symbol, qty string
	if _, err := pgx.ForEachRow(rows, []any{&symbol, &qty}, func() error { held[symbol] = qty; return nil }); err != nil {
		panic(err)
	}
	return all, held
}

// ordersDiffer compares the database's rows with the broker's orders: each order
// must be one row with the same fields.
func ordersDiffer(rows map[string]row, there []alpacasim.Order) (found []string) {
	seen := map[string]bool{}
	for _, o := range there {
		if seen[o.ClientOrderID] {
			found = append(found, fmt.Sprintf("%s is two orders at the broker", o.ClientOrderID))
		}
		seen[o.ClientOrderID] = true
		r, ok := rows[o.ClientOrderID]
		if !ok {
			found = append(found, fmt.Sprintf("%s (%s, %s) is at the broker and not here", o.ClientOrderID, o.ID, o.Status))
			continue
		}
		said := brokerSays(o)
		if o.Type == "trailing_stop" { // its stop price follows the market, and no update says so
			delete(r.Said, "stop_price")
			delete(said, "stop_price")
		}
		for _, field := range slices.Sorted(maps.Keys(said)) {
			if r.Said[field] != said[field] {
				found = append(found, fmt.Sprintf("%s (%s): %s is %q here and %q at the broker", o.ClientOrderID, o.ID, field, r.Said[field], said[field]))
			}
		}
		for field, here := range r.Said {
			if _, told := said[field]; !told {
				found = append(found, fmt.Sprintf("%s (%s): %s is %q here and absent at the broker", o.ClientOrderID, o.ID, field, here))
			}
		}
		if r.State != "accepted" {
			found = append(found, fmt.Sprintf("%s (%s) is %s here, and at the broker", o.ClientOrderID, o.ID, r.State))
		}
		if !r.Ours && !r.Leg { // the broker itself makes exits and legs
			found = append(found, fmt.Sprintf("%s (%s) was sent by nobody", o.ClientOrderID, o.ID))
		}
	}
	for id, r := range rows {
		if r.State == "accepted" && !seen[id] {
			found = append(found, fmt.Sprintf("%s is accepted here and not at the broker", id))
		}
	}
	return found
}

func brokerSays(o alpacasim.Order) map[string]string {
	said := map[string]string{"id": o.ID, "status": o.Status, "symbol": o.Symbol, "side": o.Side, "type": o.Type, "time_in_force": o.TimeInForce,
		"filled_qty": o.FilledQty.String()}
	if o.OrderClass != "" {
		said["order_class"] = o.OrderClass
	}
	for field, d := range map[string]*decimal.Decimal{"qty": o.Qty, "notional": o.Notional, "limit_price": o.LimitPrice, "stop_price": o.StopPrice,
		"trail_price": o.TrailPrice, "trail_percent": o.TrailPercent, "filled_avg_price": o.FilledAvgPrice} {
		if d != nil {
			said[field] = d.String()
		}
	}
	for field, id := range map[string]*string{"replaces": o.Replaces, "replaced_by": o.ReplacedBy} {
		if id != nil {
			said[field] = *id
		}
	}
	return said
}

// fillsDiffer compares the filled quantity of each of the broker's orders with its
// executions that were not taken back.
func fillsDiffer(there []alpacasim.Order, executions []alpacasim.Execution) (found []string) {
	filled := map[string]decimal.Decimal{}
	for _, x := range executions {
		if !x.Busted {
			filled[x.OrderID] = filled[x.OrderID].Add(x.Qty)
		}
	}
	for _, o := range there {
		if whole := o.OrderClass == "mleg" && o.Symbol == ""; !whole && !filled[o.ID].Equal(o.FilledQty) { // a spread has no executions, its legs have
			found = append(found, fmt.Sprintf("%s (%s): %s is filled, its executions come to %s", o.ClientOrderID, o.ID, o.FilledQty, filled[o.ID]))
		}
	}
	return found
}

func positionsDiffer(held map[string]string, there []alpacasim.Position) (found []string) {
	told := map[string]string{}
	for _, p := range there {
		if !p.Qty.IsZero() {
			told[strings.ReplaceAll(p.Symbol, "/", "")] = p.Qty.String()
		}
	}
	if !maps.Equal(held, told) {
		found = append(found, fmt.Sprintf("it holds %v here and %v at the broker", held, told))
	}
	return found
}

// intentsDiffer returns where an intent does not fit the answer that its sender
// got, where it became more than one order, and which rows are nobody's intent.
func intentsDiffer(rows map[string]row, there []alpacasim.Order, intents []*intent, closeAlls []string) (found []string) {
	atBroker := map[string]bool{}
	for _, o := range there {
		atBroker[o.ClientOrderID] = true
	}
	ofIntent, ofCloseAll := map[string][]row{}, map[string]int{}
	for _, r := range rows {
		switch {
		case r.WindDown: // a closing that the turned switch made: no program sent it
		case r.CloseAll != "":
			if !slices.Contains(closeAlls, r.CloseAll) {
				found = append(found, fmt.Sprintf("%s closes all for %s, which nobody sent", r.ClientOrderID, r.CloseAll))
			}
			symbol := r.CloseAll + " of " + r.Said["symbol"]
			if ofCloseAll[symbol]++; ofCloseAll[symbol] == 2 {
				found = append(found, fmt.Sprintf("%s is more than one closing", symbol))
			}
		case r.Ours:
			name := r.Key
			if name == "" {
				name = r.ClientOrderID
			}
			ofIntent[name] = append(ofIntent[name], r)
		}
	}
	for _, in := range intents {
		name := in.key
		if name == "" {
			name = in.clientOrderID
		}
		mine := ofIntent[name]
		delete(ofIntent, name)
		switch {
		case len(mine) > 1:
			found = append(found, fmt.Sprintf("%s is %d orders here", in.name, len(mine)))
		case len(mine) == 0 && in.id != "":
			found = append(found, fmt.Sprintf("%s was answered order %s, which is not here", in.name, in.id))
		case len(mine) == 0:
			continue // it never got here
		case in.id != "" && mine[0].ID != in.id:
			found = append(found, fmt.Sprintf("%s was answered order %s and is %s", in.name, in.id, mine[0].ID))
		case in.refused && !in.guarded && atBroker[mine[0].ClientOrderID]:
			found = append(found, fmt.Sprintf("%s was answered that it is refused, and is at the broker as %s", in.name, mine[0].ClientOrderID))
		case in.placed && mine[0].State == "accepted" && !atBroker[mine[0].ClientOrderID]:
			found = append(found, fmt.Sprintf("%s was answered that it is placed, and is not at the broker", in.name))
		case mine[0].State == "unknown" && atBroker[mine[0].ClientOrderID]:
			found = append(found, fmt.Sprintf("%s is unknown here, and at the broker", in.name))
		}
	}
	for name := range ofIntent {
		found = append(found, fmt.Sprintf("%s is an order that nobody sent", name))
	}
	return found
}
