package system

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// sleeveMove is a transfer of cash that a program asked for.
type sleeveMove struct{ key, id string } // the transfer's id, once an answer said it

// makeSleeves gives the account two sleeves, with cash for some orders each.
func (a *chaosAccount) makeSleeves() {
	t := a.user.w.t
	t.Helper()
	for _, name := range []string{"one", "two"} {
		status, answer := a.send(http.DefaultClient, http.MethodPost, "/api/sleeves", "", map[string]any{"name": name})
		var made struct{ ID string }
		if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusCreated {
			t.Fatalf("make a sleeve: %d %s (%v)", status, answer, err)
		}
		a.sleeves = append(a.sleeves, made.ID)
		if status, answer := a.send(http.DefaultClient, http.MethodPost, "/api/sleeve-transfers", "", map[string]any{"to_sleeve_id": made.ID, "amount": "15000"}); status != http.StatusCreated {
			t.Fatalf("move cash: %d %s", status, answer)
		}
	}
}

// askTooMuch sends an order that its sleeve cannot pay for. Of the random ones, where they are
// few, there may be none.
func (a *chaosAccount) askTooMuch() {
	t := a.user.w.t
	t.Helper()
	symbol := a.kind.shares[0]
	in := &intent{name: "too-much", method: http.MethodPost, path: "/api/orders", key: "key-too-much",
		body: simple(symbol, "buy", "1000", "type", "limit", "limit_price", at(symbol, 0.9), "sleeve_id", a.sleeves[0])}
	a.keep(in)
	if a.try(http.DefaultClient, in); !in.refused {
		t.Fatalf("%s: a sleeve was not asked for too much: %+v", a.name, in)
	}
}

// inSleeve has half of the orders that a sleeve can take name one.
func (a *chaosAccount) inSleeve(dice *rand.Rand, body map[string]any) {
	if dice.IntN(2) == 0 && body["order_class"] != "mleg" && body["position_intent"] != "sell_to_open" {
		body["sleeve_id"] = one(dice, a.sleeves)
	}
}

// moveCash moves cash between the sleeves, and between them and what belongs to none. It
// sends the request until it is answered, and now and then once more.
func (a *chaosAccount) moveCash(client *http.Client, dice *rand.Rand, name string) {
	places := append([]string{""}, a.sleeves...)
	dice.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
	body := map[string]any{"amount": fmt.Sprintf("%d.%02d", 1+dice.IntN(4000), dice.IntN(100))}
	for i, field := range []string{"from_sleeve_id", "to_sleeve_id"} {
		if places[i] != "" {
			body[field] = places[i]
		}
	}
	m, again := &sleeveMove{key: "key-" + name}, dice.IntN(2) == 0
	a.mu.Lock()
	a.moves = append(a.moves, m)
	a.mu.Unlock()
	for range 8 {
		status, answer := a.send(client, http.MethodPost, "/api/sleeve-transfers", m.key, body)
		var said struct{ ID, Code string }
		if status != 0 {
			if err := json.Unmarshal(answer, &said); err != nil {
				a.user.w.t.Errorf("%s %s: the answer %d is no JSON", a.name, name, status)
			}
		}
		switch {
		case status == http.StatusCreated && m.id != "" && m.id != said.ID:
			a.user.w.t.Errorf("%s %s: one request moved cash twice, as %s and %s", a.name, name, m.id, said.ID)
		case status == http.StatusCreated:
			m.id = said.ID
		case status == http.StatusConflict && said.Code == "not_enough_cash" && m.id == "":
			return
		case status == 0 || status == http.StatusTooManyRequests || status >= 500:
		default:
			a.user.w.t.Errorf("%s %s: to move cash was answered %d: %.300s", a.name, name, status, answer)
			return
		}
		if m.id != "" && !again {
			return
		}
		again = again && m.id == ""
		time.Sleep(time.Duration(100+dice.IntN(700)) * time.Millisecond)
	}
}

// overspentSQL finds each sleeve whose sums are not what its transfers and round trips say,
// or that has less cash than nothing, or than its open orders may take, in one snapshot, with
// what its orders and the last that happened to it were then.
const overspentSQL = `select s.account_id::text, concat_ws(' ', s.id, trim_scale(s.cash), 'less', trim_scale(r.reserved),
			case when s.cash < r.reserved then (select string_agg(concat_ws(' ', E'\n  order', o.client_order_id, o.action, o.intent_state, o.status, o.type, o.symbol, o.qty, o.notional, o.limit_price,
					'filled', o.filled_qty, o.filled_avg_price, 'booked', o.fills_qty, o.fills_avg_price, 'cost', o.sleeve_cost, o.alpaca_order_id, 'replaces', o.replaces, 'by', o.replaced_by, o.reference_prices, o.updated_at::time), '' order by o.updated_at)
				from app.alpaca_orders o where o.account_id = s.account_id and o.sleeve_id = s.id and o.side = 'buy' and (o.is_open or o.fills_differ or o.updated_at > clock_timestamp() - interval '10 seconds')) end,
			case when s.cash < r.reserved then (select string_agg(concat_ws(' ', E'\n  transfer', x.from_sleeve_id, x.to_sleeve_id, x.amount, x.made_at::time), '' order by x.made_at)
				from app.sleeve_transfers x where x.account_id = s.account_id and s.id in (x.from_sleeve_id, x.to_sleeve_id) and x.made_at > clock_timestamp() - interval '10 seconds') end,
			case when s.cash < r.reserved then (select string_agg(concat_ws(' ', E'\n  event', e.seq, e.at::time, e.kind, e.data->>'event', e.data->'order'->>'client_order_id', e.data->'order'->>'status', e.data->'order'->>'filled_qty', left(e.data->>'execution', 300)), '' order by e.seq)
				from app.account_events e where e.account_id = s.account_id and e.at > clock_timestamp() - interval '10 seconds') end),
		s.cash < 0 or s.cash < r.reserved,
		s.transferred <> (select coalesce(sum(case x.to_sleeve_id when s.id then x.amount else -x.amount end), 0) from app.sleeve_transfers x
				where x.account_id = s.account_id and s.id in (x.from_sleeve_id, x.to_sleeve_id))
			or (s.traded, s.fees, s.realized_pl) is distinct from (select (coalesce(sum(t.multiplier * (t.exit_notional - t.entry_notional) * case t.direction when 'long' then 1 else -1 end - t.fees), 0),
				coalesce(sum(t.fees), 0), coalesce(sum(t.realized_pl), 0))
				from app.trading_positions t where t.account_id = s.account_id and t.scope = 'sleeve' and t.scope_value = s.id::text)
	from app.sleeves s cross join lateral (select app.reserved_cash(s.account_id, s.id) as reserved) r`

// watchSleeves looks at every sleeve again and again until done is closed, and returns, by
// account, what was found of overspending. It fails the test where sums are wrong.
func (w *world) watchSleeves(done <-chan struct{}) func() (looks int, overspent map[string][]string) {
	looks, overspent, ended := 0, map[string][]string{}, make(chan struct{})
	var conn *pgx.Conn
	look := func() {
		if conn == nil || conn.IsClosed() { // Postgres is restarted meanwhile
			var err error
			if conn, err = pgx.Connect(context.Background(), w.postgres.AdminURL); err != nil {
				return
			}
		}
		rows, err := conn.Query(context.Background(), overspentSQL)
		if err != nil {
			conn.Close(context.Background())
			return
		}
		var account, figures string
		var less, wrong bool
		found := map[string]string{}
		if _, err := pgx.ForEachRow(rows, []any{&account, &figures, &less, &wrong}, func() error {
			if wrong {
				w.t.Errorf("the sums of a sleeve are not those of its transfers and round trips: %s", figures)
			}
			if less {
				found[account] = figures
			}
			return nil
		}); err != nil {
			conn.Close(context.Background())
			return
		}
		for account, figures := range found {
			overspent[account] = append(overspent[account], figures)
		}
		looks++
	}
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Second):
				look()
			}
		}
	}()
	return func() (int, map[string][]string) {
		<-ended
		look()
		if conn != nil {
			conn.Close(context.Background())
		}
		return looks, overspent
	}
}

// sleevesOverspent returns each sleeve that once had less cash than its orders could take.
// What no order decides may cost it that: a sale that was taken back, and the shares of an
// exercise. Accounts in which that happened do not count; it returns how many do.
func (w *world) sleevesOverspent(all []*chaosAccount, overspent map[string][]string) (found []string, counted int) {
	for _, a := range all {
		bustedSale := slices.ContainsFunc(w.sim.Executions(a.seed.KeyID), func(x alpacasim.Execution) bool { return x.Busted && x.Side == "sell" })
		if bustedSale || a.exercised > 0 {
			continue
		}
		counted++
		if had := overspent[a.id]; len(had) > 0 {
			found = append(found, fmt.Sprintf("%s: a sleeve had too little cash in %d of the looks, first %s", a.name, len(had), had[0]))
		}
	}
	return found, counted
}

// sleevesDiffer returns what sleeves sold that they did not hold, by the broker's own
// executions, and each move of cash that was answered and is not there once. Symbols in
// which an execution was taken back, shares were split or came by an exercise do not count.
func (w *world) sleevesDiffer(conn *pgx.Conn, a *chaosAccount) (found []string) {
	whose := map[string]string{}
	for _, pair := range texts2(conn, "select alpaca_order_id::text, sleeve_id::text from app.alpaca_orders where account_id = $1 and sleeve_id is not null and alpaca_order_id is not null", a.id) {
		whose[pair[0]] = pair[1]
	}
	held, spoiled := map[[2]string]decimal.Decimal{}, map[string]bool{"AMD": true}
	if a.exercised > 0 {
		spoiled["AAPL"] = true
	}
	executions := w.sim.Executions(a.seed.KeyID)
	for _, x := range executions {
		spoiled[x.Symbol] = spoiled[x.Symbol] || x.Busted
	}
	for _, x := range executions {
		sleeve := whose[x.OrderID]
		if sleeve == "" || spoiled[x.Symbol] {
			continue
		}
		by := x.Qty
		if x.Side == "sell" {
			by = by.Neg()
		}
		place := [2]string{sleeve, x.Symbol}
		if held[place] = held[place].Add(by); held[place].IsNegative() {
			found = append(found, fmt.Sprintf("a sleeve sold %s of %s of which it held %s", x.Qty, x.Symbol, held[place].Sub(by)))
		}
	}
	made := map[string]string{}
	for _, pair := range texts2(conn, "select idempotency_key, id::text from app.sleeve_transfers where account_id = $1 and idempotency_key is not null", a.id) {
		made[pair[0]] = pair[1]
	}
	for _, m := range a.moves {
		if m.id != "" && made[m.key] != m.id {
			found = append(found, fmt.Sprintf("cash was said to be moved as %s, and the transfer is %q", m.id, made[m.key]))
		}
	}
	return found
}

// texts2 returns the two columns of a query about an account.
func texts2(conn *pgx.Conn, query, account string) [][2]string {
	rows, err := conn.Query(context.Background(), query, account)
	if err != nil {
		panic(err) // the administrator may read everything
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (pair [2]string, err error) { return pair, row.Scan(&pair[0], &pair[1]) })
	if err != nil {
		panic(err)
	}
	return all
}

// countSleeves returns how many orders named a sleeve, how many of these were placed, how
// many were refused by what it has or holds, and how often cash was moved.
func countSleeves(all []*chaosAccount) (named, placed, refused, moved int) {
	for _, a := range all {
		for _, in := range a.intents {
			if _, names := in.body["sleeve_id"]; !names {
				continue
			}
			named++
			if in.placed {
				placed++
			}
			if in.refused && (strings.Contains(in.refusal, `"sleeve_cash"`) || strings.Contains(in.refusal, `"sleeve_position"`)) {
				refused++
			}
		}
		for _, m := range a.moves {
			if m.id != "" {
				moved++
			}
		}
	}
	return named, placed, refused, moved
}
