package mirror_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/mirror"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/plainjournal"
)

// journalOf returns the round trips in the database, in the form of package
// plainjournal.
func (w *world) journalOf() []string {
	w.t.Helper()
	rows, err := w.admin.Query(context.Background(), `select scope || ' ' || scope_value || ' ' || symbol, direction, opened_at, closed_at,
			trim_scale(entry_qty)::text, trim_scale(entry_notional)::text, trim_scale(exit_qty)::text, trim_scale(exit_notional)::text,
			trim_scale(max_qty)::text, trim_scale(fees)::text, trim_scale(realized_pl)::text, fills
		from app.trading_positions where account_id = $1`, w.account.Account)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	lines := []string{}
	for rows.Next() {
		var line, direction, in, spent, out, earned, most, fees, profit string
		var opened time.Time
		var closed *time.Time
		var fills int
		if err := rows.Scan(&line, &direction, &opened, &closed, &in, &spent, &out, &earned, &most, &fees, &profit, &fills); err != nil {
			w.t.Fatal(err)
		}
		until := "open"
		if closed != nil {
			until = closed.UTC().Format(time.RFC3339Nano)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s-%s in %s/%s out %s/%s most %s fees %s profit %s fills %d", line, direction,
			opened.UTC().Format(time.RFC3339Nano), until, in, spent, out, earned, most, fees, profit, fills))
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// differences returns the lines that only one of the two lists has.
func differences(got, want []string) string {
	var d strings.Builder
	for _, line := range want {
		if !slices.Contains(got, line) {
			d.WriteString("\n  missing " + line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			d.WriteString("\n  has     " + line)
		}
	}
	if d.Len() == 0 && len(got) != len(want) {
		return fmt.Sprintf("%d lines, want %d", len(got), len(want))
	}
	return d.String()
}

// lease makes the test itself the holder of the account's lease.
func (w *world) lease() tenant.Lease {
	w.t.Helper()
	leases, err := w.worker.Claim(w.t.Context(), uuidOf(1), time.Hour, 10)
	if err != nil || len(leases) != 1 {
		w.t.Fatalf("%v, %v", leases, err)
	}
	return leases[0]
}

// trial is a random history of an account, with the broker's messages about it.
type trial struct {
	*rand.Rand
	executions []*execution
	told       []message
	orders     []*tradedOrder
}

type tradedOrder struct {
	id, symbol, class, side string
	owner                   plainjournal.Owner
	filled                  decimal.Decimal
}

// execution is a trade, and what became of it later.
type execution struct {
	id         string
	order      *tradedOrder
	qty, price decimal.Decimal
	at         time.Time
	event      string     // the event that brought it: fill or trade_correct
	previous   *execution // the execution that it corrects
	bustedAt   time.Time  // when it was busted
	corrected  *execution // the execution that corrects it
}

// message is a message from the broker.
type message struct {
	event string // fill, trade_bust, trade_correct, or activity
	x     *execution
	at    time.Time
	adj   []plainjournal.Adjustment
}

var trialSymbols = []struct{ symbol, class string }{{"AAPL", "us_equity"}, {"BTC/USD", "crypto"}, {"AAPL260116C00200000", "us_option"}}

// newTrial makes a random history of n events.
func newTrial(seed uint64, n int) *trial {
	t := &trial{Rand: rand.New(rand.NewPCG(seed, 0))}
	now := time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC)
	symbols := trialSymbols[:1+t.IntN(len(trialSymbols))]
	for i := range n {
		if t.IntN(5) > 0 { // the others happen at the same time as the event before
			now = now.Add(time.Duration(1+t.IntN(5000)) * time.Millisecond)
		}
		switch dice := t.IntN(20); {
		case dice == 0 && len(t.executions) > 0:
			x := t.executions[t.IntN(len(t.executions))]
			if x.bustedAt.IsZero() && x.corrected == nil {
				x.bustedAt = now
				x.order.filled = x.order.filled.Sub(x.qty)
				t.told = append(t.told, message{event: "trade_bust", x: x, at: now})
			}
		case dice == 1 && len(t.executions) > 0:
			x := t.executions[t.IntN(len(t.executions))]
			if x.bustedAt.IsZero() && x.corrected == nil {
				y := &execution{id: t.id(i), order: x.order, qty: t.quantity(x.order.class), price: t.price(), at: now, event: "trade_correct", previous: x}
				x.corrected = y
				x.order.filled = x.order.filled.Sub(x.qty).Add(y.qty)
				t.executions = append(t.executions, y)
				t.told = append(t.told, message{event: "trade_correct", x: y, at: now})
			}
		case dice == 2:
			t.adjust(i, symbols[t.IntN(len(symbols))].symbol, now)
		default:
			x := &execution{id: t.id(i), order: t.order(i, symbols[t.IntN(len(symbols))]), price: t.price(), at: now, event: "fill"}
			x.qty = t.quantity(x.order.class)
			x.order.filled = x.order.filled.Add(x.qty)
			t.executions = append(t.executions, x)
			t.told = append(t.told, message{event: "fill", x: x, at: now})
		}
	}
	return t
}

// id returns a unique id. Ids do not sort by time.
func (t *trial) id(i int) string { return fmt.Sprintf("%08x-%d", t.Uint32(), i) }

func (t *trial) price() decimal.Decimal { return decimal.New(int64(90_00+t.IntN(20_00)), -2) }

// quantity returns a small quantity, so that positions often close, change
// sides and open.
func (t *trial) quantity(class string) decimal.Decimal {
	if class == "crypto" {
		return decimal.New(int64(1+t.IntN(3_000_000_000)), -9)
	}
	return decimal.NewFromInt(int64(1 + t.IntN(7)))
}

// order returns an order that is to be filled: the last one, if it is of the
// symbol, or a new one.
func (t *trial) order(i int, s struct{ symbol, class string }) *tradedOrder {
	if len(t.orders) > 0 && t.IntN(3) == 0 {
		if o := t.orders[len(t.orders)-1]; o.symbol == s.symbol {
			return o
		}
	}
	o := &tradedOrder{id: fmt.Sprintf("order-%d", i), symbol: s.symbol, class: s.class,
		side: []string{"buy", "sell"}[t.IntN(2)],
		owner: plainjournal.Owner{Agent: []string{"", "one", "two"}[t.IntN(3)], Tag: []string{"", "slow", "fast"}[t.IntN(3)],
			Sleeve: []string{"", uuidOf(71).String(), uuidOf(72).String()}[t.IntN(3)], User: []string{"", "ada", "ben"}[t.IntN(3)],
			Token: []string{"", uuidOf(73).String(), uuidOf(74).String()}[t.IntN(3)]}}
	t.orders = append(t.orders, o)
	return o
}

// adjust adds a split of shares, a fee in coins, or an expiry of contracts to
// the history.
func (t *trial) adjust(i int, symbol string, at time.Time) {
	a := plainjournal.Adjustment{ID: t.id(i), Symbol: symbol, At: at}
	entries := []plainjournal.Adjustment{a}
	switch symbol {
	case "AAPL":
		entries[0].Kind = "SPLIT"
		entries[0].Qty = decimal.NewFromInt(int64(t.IntN(13) - 6))
		if entries[0].Qty.IsZero() {
			entries[0].Qty = decimal.NewFromInt(1)
		}
		if t.IntN(3) == 0 { // a split in one entry, which has the difference
			break
		}
		// This split has two entries: for a symbol that is held or not, in
		// either order, with or without a group, at once or minutes apart with
		// trades in between.
		other := plainjournal.Adjustment{ID: t.id(i) + "b", Kind: "SPLIT", Symbol: symbol, At: at}
		entries[0].Qty, other.Qty = decimal.NewFromInt(-int64(1+t.IntN(4))), decimal.NewFromInt(int64(1+t.IntN(4)))
		if t.IntN(2) == 0 {
			entries[0].Qty, other.Qty = other.Qty, entries[0].Qty
		}
		if t.IntN(3) == 0 {
			entries[0].Group, other.Group = a.ID, a.ID
		}
		if t.IntN(3) > 0 {
			entries[0].Subtype = []string{"FSPLIT", "RSPLIT"}[t.IntN(2)]
			other.Subtype = entries[0].Subtype
		}
		if t.IntN(3) == 0 {
			entries = append(entries, other)
			break
		}
		other.At = at.Add(time.Duration(t.IntN(9*60)) * time.Second)
		t.told = append(t.told, message{event: "activity", at: other.At, adj: []plainjournal.Adjustment{other}})
	case "BTC/USD":
		entries[0].Kind, entries[0].Price = []string{"FEE", "CFEE"}[t.IntN(2)], t.price()
		if len(t.executions) > 0 && t.IntN(2) == 0 {
			entries[0].Price = t.executions[len(t.executions)-1].price
		}
		if t.IntN(2) == 0 {
			entries[0].Net = decimal.New(-int64(1+t.IntN(100)), -2)
		} else {
			entries[0].Qty = decimal.New(-int64(1+t.IntN(10_000_000)), -9)
		}
		if t.IntN(2) == 0 { // a fee with a day and without a time
			entries[0].Day = "2026-06-01"
			entries[0].At = time.Date(2026, 6, 2, 3, 59, 59, 999_999_000, time.UTC)
		}
	default:
		if entries[0].Kind, entries[0].Qty = "OPEXP", decimal.NewFromInt(-1); t.IntN(2) == 0 {
			break
		}
		// An exercise or assignment: the shares come with the contracts, or are told later.
		entries[0].Kind, entries[0].Group = []string{"OPEXC", "OPASN"}[t.IntN(2)], a.ID
		entries[0].Qty = decimal.NewFromInt(int64(t.IntN(7) - 3))
		shares := plainjournal.Adjustment{ID: t.id(i) + "b", Kind: "OPTRD", Symbol: "AAPL", At: at, Group: a.ID, Price: decimal.NewFromInt(200), Qty: entries[0].Qty.Mul(decimal.NewFromInt(-100))}
		if entries = append(entries, shares); t.IntN(2) == 0 {
			t.told = append(t.told, message{event: "activity", at: at, adj: entries[1:]})
			entries = entries[:1]
		}
	}
	t.told = append(t.told, message{event: "activity", at: at, adj: entries})
}

// known returns the fills and adjustments that count after the given messages.
func known(arrived []message) ([]plainjournal.Fill, []plainjournal.Adjustment) {
	there, busted, corrected := map[*execution]time.Time{}, map[*execution]bool{}, map[*execution]bool{}
	var adjustments []plainjournal.Adjustment
	for _, m := range arrived {
		switch m.event {
		case "trade_bust":
			busted[m.x] = true
		case "activity":
			for _, a := range m.adj {
				if !slices.ContainsFunc(adjustments, func(b plainjournal.Adjustment) bool { return a.ID == b.ID }) {
					adjustments = append(adjustments, a)
				}
			}
		default:
			there[m.x] = m.at
			if m.x.previous != nil {
				corrected[m.x.previous] = true
			}
		}
	}
	// A correction gets the time of the execution that it corrects, once that
	// has arrived.
	var place func(x *execution) time.Time
	place = func(x *execution) time.Time {
		if _, arrived := there[x.previous]; x.previous != nil && arrived {
			return place(x.previous)
		}
		return there[x]
	}
	var fills []plainjournal.Fill
	for x := range there {
		if busted[x] || corrected[x] {
			continue
		}
		f := plainjournal.Fill{ID: x.id, Owner: x.order.owner, Symbol: x.order.symbol, Multiplier: 1, At: place(x), Qty: x.qty, Price: x.price}
		if x.order.class == "us_option" {
			f.Multiplier = 100
		}
		if x.order.side == "sell" {
			f.Qty = f.Qty.Neg()
		}
		fills = append(fills, f)
	}
	return fills, adjustments
}

// update returns the message as update number n of the account's stream.
func (m message) update(n int) string {
	o := m.x.order
	more := map[string]any{"execution_id": m.x.id, "qty": m.x.qty, "price": m.x.price}
	switch m.event {
	case "trade_bust":
		more["execution_id"], more["previous_execution_id"] = fmt.Sprint("bust-", m.x.id), m.x.id
	case "trade_correct":
		more["previous_execution_id"] = m.x.previous.id
	}
	return update(fmt.Sprintf("%026d", n), m.event, m.at, map[string]any{
		"client_order_id": o.id, "symbol": o.symbol, "asset_class": o.class, "side": o.side, "status": "partially_filled", "filled_qty": o.filled}, more)
}

// brokerJSON returns an adjustment as Alpaca's JSON has it.
func brokerJSON(a plainjournal.Adjustment) map[string]any {
	told := map[string]any{"id": a.ID, "activity_type": a.Kind, "symbol": strings.ReplaceAll(a.Symbol, "/", ""), "created_at": a.At,
		"qty": a.Qty, "price": a.Price, "net_amount": a.Net, "group_id": a.Group, "status": "executed"}
	if a.Subtype != "" {
		told["activity_sub_type"] = a.Subtype
	}
	if a.Day != "" {
		delete(told, "created_at")
		told["date"] = a.Day
	}
	return told
}

// tell sends a message through the SQL functions that process the broker's
// messages.
func (w *world) tell(l tenant.Lease, n int, m message) error {
	return w.worker.TxNotify(w.t.Context(), l, func(b *tenant.Batch) {
		if m.event == "activity" {
			list := []map[string]any{}
			for _, a := range m.adj {
				list = append(list, brokerJSON(a))
			}
			text, _ := json.Marshal(list) // decimals and times can always be encoded
			b.Queue("select app.record_adjustments($1, $2)", l.Account, text)
			return
		}
		b.Queue("select app.apply_trade_update($1, $2)", l.Account, payload(m.update(n)))
	})
}

// alreadyPlaced has the orders in the database, as if they had been placed in Paddock, with
// their agents, tags and sleeves. What a sleeve may order is not in question here, so
// an order gets its sleeve after the guards have passed it.
func (w *world) alreadyPlaced(all []*tradedOrder) {
	w.t.Helper()
	for i, id := range []uuid.UUID{uuidOf(71), uuidOf(72)} {
		w.exec(`insert into app.sleeves (account_id, id, name, transferred, made_by) values ($1, $2, $3, $4, 'x') on conflict do nothing`,
			w.account.Account, id, fmt.Sprint("sleeve ", i), 1000*i)
	}
	for _, o := range all {
		w.exec(`insert into app.alpaca_orders (account_id, client_order_id, orchestrator_agent_id, tag, submitted_by) values ($1, $2, nullif($3, ''), nullif($4, ''), nullif($5, ''))`,
			w.account.Account, o.id, o.owner.Agent, o.owner.Tag, o.owner.User)
		w.exec(`update app.alpaca_orders set sleeve_id = nullif($3, '')::uuid, token_path = case when $4 <> '' then array[$4::uuid] end where account_id = $1 and client_order_id = $2`,
			w.account.Account, o.id, o.owner.Sleeve, o.owner.Token)
	}
}

// sleevesDiffer returns where the sleeves' sums and positions differ from those of a
// simple computation, and where they and the unassigned are not the account.
func (w *world) sleevesDiffer(arrived []message) string {
	w.t.Helper()
	var found strings.Builder
	fills, adjustments := known(arrived)
	books := plainjournal.Books(fills, adjustments)
	var said struct {
		Sleeves []struct {
			ID, Transferred, Cash, Fees string
			Realized                    string `json:"realized_pl"`
			Positions                   []struct{ Symbol, Qty string }
		}
		Unassigned struct {
			Cash      string
			Positions []struct{ Symbol, Qty string }
		}
	}
	// The broker says what the account's trades come to: their cash, and what is held.
	account, after := books[""], time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	w.exec(`insert into app.account_balances (account_id, equity, last_equity, cash, as_of) values ($1, 0, 0, $2::numeric, $3)
		on conflict (account_id) do update set cash = excluded.cash, as_of = excluded.as_of`, w.account.Account, account.Traded.String(), after)
	w.exec("delete from app.alpaca_positions")
	for symbol, qty := range account.Held {
		w.exec("insert into app.alpaca_positions (account_id, symbol, asset_class, qty, as_of) values ($1, $2, 'x', $3::numeric, now())",
			w.account.Account, strings.ReplaceAll(symbol, "/", ""), qty.String())
	}
	if err := json.Unmarshal([]byte(scan[string](w, "select app.sleeves_json('"+w.account.Account.String()+"')::text")), &said); err != nil {
		w.t.Fatal(err)
	}
	w.exec("delete from app.alpaca_positions")
	w.exec("delete from app.account_balances")
	if !slices.ContainsFunc(adjustments, func(a plainjournal.Adjustment) bool { return strings.HasSuffix(a.Kind, "FEE") }) {
		// Without fees cash is what was bought and sold, whatever round trips there are. The
		// shares of an exercise are told apart from fills, and not whose they are.
		exercised := decimal.Zero
		for _, a := range adjustments {
			if a.Kind == "OPTRD" {
				exercised = exercised.Add(a.Qty.Mul(a.Price))
			}
		}
		for id := range books {
			spent := exercised
			if id != "" && !exercised.IsZero() {
				continue
			}
			for _, f := range fills {
				if id == "" || f.Sleeve == id {
					spent = spent.Add(f.Qty.Mul(f.Price).Mul(decimal.NewFromInt(f.Multiplier)))
				}
			}
			if !spent.Neg().Equal(books[id].Traded) {
				fmt.Fprintf(&found, "\n  the plain book of %q traded %s, and its fills come to %s", id, books[id].Traded, spent.Neg())
			}
		}
	}
	cash, held := amount(said.Unassigned.Cash), map[string]decimal.Decimal{}
	for _, p := range said.Unassigned.Positions {
		held[strings.ReplaceAll(p.Symbol, "/", "")] = amount(p.Qty)
	}
	for _, s := range said.Sleeves {
		want := books[s.ID]
		if traded := amount(s.Cash).Sub(amount(s.Transferred)); !traded.Equal(want.Traded) || !amount(s.Fees).Equal(want.Fees) || !amount(s.Realized).Equal(want.Realized) {
			fmt.Fprintf(&found, "\n  sleeve %s traded %s, fees %s, profit %s: want %s, %s, %s", s.ID, traded, s.Fees, s.Realized, want.Traded, want.Fees, want.Realized)
		}
		if len(s.Positions) != len(want.Held) {
			fmt.Fprintf(&found, "\n  sleeve %s holds %v, want %v", s.ID, s.Positions, want.Held)
		}
		cash = cash.Add(amount(s.Cash))
		for _, p := range s.Positions {
			if !amount(p.Qty).Equal(want.Held[p.Symbol]) {
				fmt.Fprintf(&found, "\n  sleeve %s holds %s of %s, want %s", s.ID, p.Qty, p.Symbol, want.Held[p.Symbol])
			}
			plain := strings.ReplaceAll(p.Symbol, "/", "")
			held[plain] = held[plain].Add(amount(p.Qty))
		}
	}
	if !cash.Equal(account.Traded) {
		fmt.Fprintf(&found, "\n  the parts have %s of cash, and the account %s", cash, account.Traded)
	}
	for symbol, qty := range account.Held {
		plain := strings.ReplaceAll(symbol, "/", "")
		if !held[plain].Equal(qty) {
			fmt.Fprintf(&found, "\n  the parts hold %s of %s, and the account %s", held[plain], symbol, qty)
		}
		delete(held, plain)
	}
	for symbol, qty := range held {
		if !qty.IsZero() {
			fmt.Fprintf(&found, "\n  the parts hold %s of %s, and the account none", qty, symbol)
		}
	}
	return found.String()
}

func amount(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// Whatever is executed, busted, corrected, split, charged or expired, and in
// whatever order and however often it arrives, the journal always equals a
// simple computation from all that has arrived so far: for the account, each
// agent, each tag and each sleeve, to the last digit. So do the sums that each sleeve
// keeps, and sleeves and the unassigned together are the account.
func TestJournalEqualsPlainComputation(t *testing.T) {
	t.Parallel()
	seeds := []uint64{}
	for n := range uint64(12) {
		seeds = append(seeds, n+1)
	}
	if text := os.Getenv("PADDOCK_JOURNAL_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	} else {
		seeds = append(seeds, rand.Uint64N(1<<40)) // and one that differs in each run
	}
	w := newWorld(t)
	for _, seed := range seeds {
		w.forgetTrades()
		l := w.lease()
		h := newTrial(seed, 60)
		w.alreadyPlaced(h.orders)
		order := slices.Clone(h.told)
		if seed%3 != 0 { // otherwise the history arrives in order
			for i := range order {
				j := min(len(order)-1, i+h.IntN(6))
				order[i], order[j] = order[j], order[i]
			}
		}
		if seed%5 == 0 {
			h.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		for i := 0; i < len(order); i += 4 {
			order = append(order, order[i]) // some messages arrive twice
		}
		for i, m := range order {
			if err := w.tell(l, i+1, m); err != nil {
				t.Fatalf("seed %d, message %d (%s): %v", seed, i, m.event, err)
			}
			if i%7 != 0 && i < len(order)-1 {
				continue
			}
			if d := differences(w.journalOf(), plainjournal.Trips(known(order[:i+1]))) + w.sleevesDiffer(order[:i+1]); d != "" {
				t.Fatalf("PADDOCK_JOURNAL_SEED=%d: after message %d (%s at %s):%s", seed, i, m.event, m.at, d)
			}
		}
		// Each order's fills add up to the broker's filled quantity.
		if n := scan[int](w, "select count(*) from app.alpaca_orders where fills_qty <> filled_qty"); n != 0 {
			t.Fatalf("PADDOCK_JOURNAL_SEED=%d: the fills of %d orders do not add up", seed, n)
		}
		// Computed again from the beginning the journal is the same, ids
		// included.
		const all = `select string_agg(p::text, e'\n' order by p.id) from app.trading_positions p`
		before := scan[*string](w, all)
		if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
			for _, s := range trialSymbols {
				b.Queue("select app.recompute_round_trips($1, $2, '-infinity', '')", l.Account, s.symbol)
			}
		}); err != nil {
			t.Fatal(err)
		}
		if d := w.sleevesDiffer(order); d != "" {
			t.Fatalf("PADDOCK_JOURNAL_SEED=%d: computed again:%s", seed, d)
		}
		if after := scan[*string](w, all); (before == nil) != (after == nil) || before != nil && *before != *after {
			t.Fatalf("PADDOCK_JOURNAL_SEED=%d: computed again the journal differs", seed)
		}
	}
}

// Round trips that are computed in parts, as after an import of the history, are in
// the end those of a simple computation, whatever is told between the parts.
func TestRoundTripsAreComputedInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for seed := range uint64(10) {
		w.forgetTrades()
		l := w.lease()
		h := newTrial(seed+100, 60)
		w.alreadyPlaced(h.orders)
		told := 0
		tell := func() {
			if told < len(h.told) {
				told++
				must(t, w.tell(l, told, h.told[told-1]))
			}
		}
		for told < 40 {
			tell()
		}
		for _, s := range trialSymbols {
			w.exec("insert into app.round_trips_due (account_id, symbol, since) values ($1, $2, $3)", l.Account, s.symbol, h.told[h.IntN(40)].at.Add(-time.Hour))
		}
		for more := true; more; {
			must(t, w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
				b.Queue("select app.continue_round_trips($1, $2)", l.Account, 1+seed%6).QueryRow(func(row pgx.Row) error { return row.Scan(&more) })
			}))
			if h.IntN(3) == 0 {
				tell()
			}
		}
		for told < len(h.told) {
			tell()
		}
		if d := differences(w.journalOf(), plainjournal.Trips(known(h.told))) + w.sleevesDiffer(h.told); d != "" {
			t.Fatalf("seed %d:%s", seed, d)
		}
	}
}

// A fill reads the same number of rows however long the account's history is,
// because its computation continues from the open round trip.
func TestFillsCostTheSameForever(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.lease()
	n := 0
	fill := func(around func(b *tenant.Batch)) {
		t.Helper()
		n++
		o := &tradedOrder{id: fmt.Sprint("order-", n), symbol: "AAPL", class: "us_equity", side: "buy", filled: decimal.NewFromInt(1)}
		if n%3 == 0 { // two purchases and then a sale, so that the round trip never ends
			o.side = "sell"
		}
		w.exec(`insert into app.alpaca_orders (account_id, client_order_id, orchestrator_agent_id, tag) values ($1, $2, 'one', 'slow')`, l.Account, o.id)
		x := &execution{id: fmt.Sprint("x", n), order: o, qty: decimal.NewFromInt(1), price: decimal.NewFromInt(100)}
		m := message{event: "fill", x: x, at: time.Date(2026, 6, 1, 14, 0, n, 0, time.UTC)}
		if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
			around(b)
			b.Queue("select app.apply_trade_update($1, $2)", l.Account, payload(m.update(n)))
			around(b)
		}); err != nil {
			t.Fatal(err)
		}
	}
	rowsRead := func() int {
		var counts []int // rows that the transaction had read before the fill, and after it
		w.exec("analyze app.fills, app.trading_positions, app.alpaca_orders, app.journal_adjustments")
		fill(func(b *tenant.Batch) {
			b.Queue(`select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int from pg_stat_xact_user_tables
				where relname in ('fills', 'trading_positions', 'journal_adjustments')`).QueryRow(func(row pgx.Row) error {
				counts = append(counts, 0)
				return row.Scan(&counts[len(counts)-1])
			})
		})
		return counts[1] - counts[0]
	}
	grow := func(by int) {
		for range by {
			fill(func(*tenant.Batch) {})
		}
	}
	grow(100)
	early := rowsRead()
	grow(300)
	if late := rowsRead(); early == 0 || late > early+5 {
		t.Errorf("a fill reads %d rows after 100 others, and %d after 400", early, late)
	}
}

// brokersOwn returns the round trips that follow from the simulator's
// executions, with each order's agent, tag and sleeve from Paddock.
func (w *world) brokersOwn() []string {
	w.t.Helper()
	ids := map[string]string{}
	rows, err := w.admin.Query(context.Background(), "select alpaca_order_id::text, concat_ws('|', coalesce(orchestrator_agent_id, ''), coalesce(tag, ''), coalesce(sleeve_id::text, ''), coalesce(submitted_by, '')) from app.alpaca_orders where alpaca_order_id is not null")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, whose string
		if err := rows.Scan(&id, &whose); err != nil {
			w.t.Fatal(err)
		}
		ids[id] = whose
	}
	var fills []plainjournal.Fill
	for _, x := range w.sim.Executions(w.seed.KeyID) {
		if x.Busted {
			continue
		}
		f := plainjournal.Fill{ID: x.ID, Symbol: x.Symbol, Multiplier: 1, At: x.At.Truncate(time.Microsecond), Qty: x.Qty, Price: x.Price}
		if whose := strings.Split(ids[x.OrderID], "|"); len(whose) == 4 {
			f.Agent, f.Tag, f.Sleeve, f.User = whose[0], whose[1], whose[2], whose[3]
		}
		if len(x.Symbol) > 15 {
			f.Multiplier = 100
		}
		if x.Side == "sell" {
			f.Qty = f.Qty.Neg()
		}
		fills = append(fills, f)
	}
	return plainjournal.Trips(fills, nil)
}

// journalBecomesTheBrokers waits until the journal equals the broker's
// executions.
func (w *world) journalBecomesTheBrokers() {
	w.t.Helper()
	d := "?"
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && d != ""; time.Sleep(50 * time.Millisecond) {
		if w.agreed() != nil {
			d = differences(plainjournal.Timeless(w.journalOf()), plainjournal.Timeless(w.brokersOwn()))
		}
	}
	if d != "" {
		w.t.Fatalf("the journal differs from the broker's executions:%s", d)
	}
}

// trade places a market order through Paddock, with an agent and a tag, and
// lets it fill.
func (w *world) trade(symbol, side, qty, agent, tag string) {
	w.t.Helper()
	r := trading.OrderRequest{Symbol: symbol, Side: side, Type: "market", TimeInForce: "day", Qty: &trading.Amount{Decimal: decimal.RequireFromString(qty)},
		OrchestratorAgentID: agent, Tag: tag}
	if placed, err := w.trading().Place(w.t.Context(), w.account, "", r); err != nil || !placed.Known {
		w.t.Fatalf("%s %s %s: %v", side, qty, symbol, err)
	}
	w.sim.Step()
}

// Orders of agents, of people and of programs outside of Paddock are filled, in
// parts and from long to short, and executions are busted and corrected. The
// journal then equals the broker's executions, whether the stream or
// reconciliation brought them.
func TestJournalIsTheBrokersBook(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*world){
		"a stream that tells everything": func(*world) {},
		"no stream at all":               func(w *world) { w.front.streams.Store(404) },
		"a stream that falls silent":     func(w *world) { w.sim.Inject(alpacasim.Mute, 1, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.buy("MSFT", "3", "history") // before the account is connected
			w.sim.Step()
			cut(w)
			w.run(func(c *mirror.Config) { c.Reconcile = 300 * time.Millisecond })
			w.eventually("the first agreement", func() bool { return w.agreed() != nil })
			w.sim.SetFillPlan("AAPL", 3)
			w.trade("AAPL", "buy", "9", "one", "slow")
			w.sim.Step()
			w.sim.Step()
			w.sim.SetFillPlan("AAPL", 0)
			w.trade("AAPL", "sell", "4", "two", "slow")
			w.trade("AAPL", "sell", "5", "one", "")
			w.trade("AAPL", "sell", "10", "one", "") // from long to short, for this agent
			w.buy("AAPL", "10", "outside")
			w.sim.Step()
			w.trade("AAPL", "buy", "2", "two", "fast")
			w.journalBecomesTheBrokers()
			executions := w.sim.Executions(w.seed.KeyID)
			if !w.sim.Bust(executions[len(executions)-1].ID) || !w.sim.Correct(executions[2].ID, decimal.RequireFromString("101.25"), decimal.NewFromInt(2)) {
				t.Fatal("the bust or the correction failed")
			}
			w.journalBecomesTheBrokers()
			w.trade("AAPL", "sell", "1", "one", "slow")
			w.journalBecomesTheBrokers()
			if n := len(w.journalOf()); n < 7 {
				t.Errorf("the journal has only %d round trips", n)
			}
			w.wantNoGap()
		})
	}
}

// If the last execution of a closed round trip is busted, the round trip is
// open again under the same id. A correction changes its averages.
func TestBustReopensATrip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run()
	w.awaitStream()
	w.trade("AAPL", "buy", "2", "", "")
	w.trade("AAPL", "sell", "2", "", "")
	const trip = `select coalesce((select id::text || ' ' || (closed_at is null) from app.trading_positions where account_id = $1 and scope = 'account'), '')`
	w.eventually("the close", func() bool { return strings.HasSuffix(scan[string](w, trip, w.account.Account), " false") })
	closed := scan[string](w, trip, w.account.Account)
	executions := w.sim.Executions(w.seed.KeyID)
	w.sim.Bust(executions[1].ID)
	w.eventually("the trip to open again", func() bool {
		return scan[string](w, trip, w.account.Account) == strings.TrimSuffix(closed, "false")+"true"
	})
	w.sim.Correct(executions[0].ID, decimal.NewFromInt(50), decimal.NewFromInt(1))
	w.eventually("the correction", func() bool {
		return scan[bool](w, `select entry_qty = 1 and entry_notional = 50 and realized_pl = 0 from app.trading_positions where account_id = $1 and scope = 'account'`, w.account.Account)
	})
	if n := scan[int](w, "select count(*) from app.trading_positions where account_id = $1 and scope = 'account'", w.account.Account); n != 1 {
		t.Errorf("there are %d trips, want 1", n)
	}
}

// Splits, fees in coins and expiries are read from the list of activities, once
// each and in every documented form. The journal then has what the broker
// holds.
func TestActivitiesChangeTheJournal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		split   alpacasim.SplitShape
		fees    alpacasim.FeeShape
		entries int
	}{
		"one entry, a fee with its time":   {alpacasim.SplitShape{}, alpacasim.FeesPlain, 2},
		"two entries at once":              {alpacasim.SplitShape{Two: true}, alpacasim.FeesAlpaca, 3},
		"two of a group, a fee by its day": {alpacasim.SplitShape{Two: true, Apart: 100 * time.Millisecond, Group: true}, alpacasim.FeesDated, 3},
		"two apart, a fee by its day":      {alpacasim.SplitShape{Two: true, Apart: 300 * time.Millisecond}, alpacasim.FeesDated, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.sim.SetCryptoFeesAs(true, tt.fees)
			w.run(func(c *mirror.Config) { c.Reconcile = 200 * time.Millisecond })
			w.eventually("the first agreement", func() bool { return w.agreed() != nil })
			w.trade("AAPL", "buy", "4", "one", "")
			w.trade("AAPL", "sell", "1", "two", "")
			w.sim.SplitAs("AAPL", decimal.NewFromInt(2), tt.split)
			half := decimal.RequireFromString("0.5")
			if _, err := w.outside.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "BTC/USD", Qty: &half, Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.GTC}); err != nil {
				t.Fatal(err)
			}
			w.sim.Step()
			held := func(symbol string) string {
				return scan[string](w, `select coalesce((select trim_scale(entry_qty - exit_qty)::text from app.trading_positions
					where account_id = $1 and scope = 'account' and symbol = $2 and closed_at is null), '')`, w.account.Account, symbol)
			}
			broker := func(symbol string) string {
				for _, p := range w.sim.Positions(w.seed.KeyID) {
					if strings.ReplaceAll(p.Symbol, "/", "") == strings.ReplaceAll(symbol, "/", "") {
						return p.Qty.String()
					}
				}
				return "nothing"
			}
			for _, symbol := range []string{"AAPL", "BTC/USD"} {
				w.eventually("the journal to hold what the broker does of "+symbol, func() bool {
					w.sim.Step() // activities with a delay are posted when the market moves
					return held(symbol) == broker(symbol)
				})
			}
			if held("AAPL") != "6" || held("BTC/USD") != "0.49875" {
				t.Errorf("held are %s and %s", held("AAPL"), held("BTC/USD"))
			}
			if got := scan[string](w, `select string_agg(scope_value || ' ' || trim_scale(entry_qty - exit_qty), ', ' order by scope_value) from app.trading_positions
				where account_id = $1 and scope = 'agent' and symbol = 'AAPL'`, w.account.Account); got != "one 8, two 2" {
				t.Errorf("the agents hold %s", got)
			}
			if !scan[bool](w, `select fees = 0.00125 * entry_notional / entry_qty and realized_pl = 0 from app.trading_positions where account_id = $1 and symbol = 'BTC/USD'`, w.account.Account) {
				t.Error("the fee in coins is not valued at what the coins cost")
			}
			before, n := w.agreed(), scan[int](w, "select count(*) from app.journal_adjustments where account_id = $1", w.account.Account)
			w.eventually("two more reconciliations", func() bool { return w.agreed().After(before.Add(500 * time.Millisecond)) })
			if held("AAPL") != "6" || n != tt.entries || scan[int](w, "select count(*) from app.journal_adjustments where account_id = $1", w.account.Account) != n {
				t.Errorf("an activity was applied again: %s, of %d", held("AAPL"), n)
			}
		})
	}
}

// A contract counts as a hundred shares, each leg of an order is filled by
// itself, and exercise and expiry end a position. After each step the journal's
// sums equal the change of the broker's cash.
func TestOptionsInTheJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(func(c *mirror.Config) { c.Reconcile = 200 * time.Millisecond })
	w.eventually("the first agreement", func() bool { return w.agreed() != nil })
	cash := func() decimal.Decimal { f, _ := w.sim.Account(w.seed.KeyID); return f.Cash }
	start := cash()
	agrees := func(what string, trips int) {
		t.Helper()
		w.eventually("the journal after "+what, func() bool {
			moved := cash().Sub(start)
			return scan[bool](w, `select count(*) = $2 and coalesce(sum(multiplier * (exit_notional - entry_notional) * case direction when 'long' then 1 else -1 end - fees), 0) = $3::text::numeric
				from app.trading_positions where account_id = $1 and scope = 'account'`, w.account.Account, trips, moved.String())
		})
	}
	now, err := w.outside.GetClock()
	if err != nil {
		t.Fatal(err)
	}
	days := func(n int) civil.Date { return civil.DateOf(now.Timestamp).AddDays(n) } // so that no contract expires during the test
	contracts, err := w.outside.GetOptionContracts(alpaca.GetOptionContractsRequest{
		UnderlyingSymbols: "AAPL", Type: alpaca.OptionTypeCall, ExpirationDateGTE: days(3), ExpirationDateLTE: days(12), TotalLimit: 2,
	})
	if err != nil || len(contracts) != 2 || contracts[0].ExpirationDate != contracts[1].ExpirationDate {
		t.Fatalf("contracts: %+v, %v", contracts, err)
	}
	low, high := contracts[0].Symbol, contracts[1].Symbol
	one, dear := decimal.NewFromInt(1), decimal.NewFromInt(900)
	if _, err := w.outside.PlaceOrder(alpaca.PlaceOrderRequest{OrderClass: alpaca.MLeg, Type: alpaca.Limit, TimeInForce: alpaca.Day, Qty: &one, LimitPrice: &dear, Legs: []alpaca.Leg{
		{Symbol: low, RatioQty: decimal.NewFromInt(3), Side: alpaca.Buy, PositionIntent: alpaca.BuyToOpen},
		{Symbol: high, RatioQty: one, Side: alpaca.Buy, PositionIntent: alpaca.BuyToOpen}}}); err != nil {
		t.Fatal(err)
	}
	w.sim.Step()
	agrees("an order of two legs", 2)
	w.trade(low, "sell", "1", "one", "")
	agrees("a sale of one of three", 2)

	request := httptest.NewRequest("POST", "/v2/positions/"+low+"/exercise", nil)
	request.Header.Set("APCA-API-KEY-ID", w.seed.KeyID)
	request.Header.Set("APCA-API-SECRET-KEY", w.seed.SecretKey)
	answer := httptest.NewRecorder()
	if w.sim.Handler().ServeHTTP(answer, request); answer.Code != 200 {
		t.Fatalf("exercise: %d %s", answer.Code, answer.Body)
	}
	agrees("an exercise, which buys shares", 3)
	w.sim.SetPrice("AAPL", decimal.NewFromInt(1)) // so that the remaining contracts expire worthless
	w.sim.SetClock(contracts[1].ExpirationDate.In(time.UTC).AddDate(0, 0, 4))
	w.sim.Step()
	w.eventually("the expired contract to be closed", func() bool {
		return scan[string](w, `select string_agg((closed_at is null) || ' ' || trim_scale(multiplier), ', ' order by opened_at, symbol) from app.trading_positions
			where account_id = $1 and scope = 'account'`, w.account.Account) == "false 100, false 100, true 1"
	})
	agrees("an expiry", 3)
}

// A fill that was recorded from an activity and arrives over the stream later
// stays one fill. A bust finds it by the stream's id.
func TestStreamClaimsFillsOfActivities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.lease()
	at := time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC)
	order := map[string]any{"client_order_id": "a", "status": "filled", "filled_qty": "10"}
	tell := func(id, event string, more map[string]any) {
		t.Helper()
		if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
			b.Queue("select app.apply_trade_update($1, $2)", l.Account, payload(update(id, event, at, order, more)))
		}); err != nil {
			t.Fatal(err)
		}
	}
	fills := func() string {
		return scan[string](w, "select coalesce(string_agg(execution_id || ' ' || state || ' ' || source, ', ' order by execution_id), '') from app.fills where account_id = $1", l.Account)
	}
	replace := func(list string) (settled bool) {
		t.Helper()
		id := scan[uuid.UUID](w, "select id from app.alpaca_orders where client_order_id = 'a'")
		if err := w.worker.TxNotify(t.Context(), l, func(b *tenant.Batch) {
			b.Queue("select app.replace_fills($1, $2, $3)", l.Account, id, []byte(list)).QueryRow(func(row pgx.Row) error { return row.Scan(&settled) })
		}); err != nil {
			t.Fatal(err)
		}
		return settled
	}
	tell("01A", "accepted", nil)
	const part = `{"id": "1::u", "qty": "4", "price": "5", "transaction_time": "2026-06-01T14:00:00Z"}`
	if replace("["+part+"]") || fills() != "" {
		t.Errorf("a list that does not add up changed the fills to %s", fills())
	}
	if !replace("["+part+`, {"id": "2::v", "qty": "6", "price": "7", "transaction_time": "2026-06-01T14:00:01Z"}]`) || fills() != "1::u live activities, 2::v live activities" {
		t.Errorf("the fills are %s", fills())
	}
	tell("01B", "partial_fill", map[string]any{"execution_id": "x", "qty": "6", "price": "7"})
	tell("01C", "partial_fill", map[string]any{"execution_id": "x", "qty": "6", "price": "7"}) // the same execution in another event
	if got := fills(); got != "1::u live activities, x live stream" {
		t.Errorf("after the stream's update the fills are %s", got)
	}
	order["filled_qty"] = "4"
	tell("01D", "trade_bust", map[string]any{"previous_execution_id": "x"})
	if got := fills(); got != "1::u live activities, x busted stream" {
		t.Errorf("after the bust the fills are %s", got)
	}
	if got := w.journalOf(); len(got) != 1 || !strings.Contains(got[0], "in 4/20 ") {
		t.Errorf("the journal is %s", got)
	}
}
