package mirror_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// While an account may only reduce, the orders that may still trade never add
// up to more than the position that they reduce. For closings this holds
// whatever the switch is. It holds whatever happens to the orders. The test
// calls the SQL functions directly.
func TestReduceOnlyNeverOpens(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	admin := pg.Conn(t, "admin")
	worker, app := tenant.NewWorker(pg.Pool(t, "paddock_worker"), kit.SilentBell{}), tenant.NewDB(pg.Pool(t, "paddock_app"), kit.SilentBell{})
	kit.User(t, pg, "u1")
	for seed := range uint64(6) {
		for _, only := range []bool{true, false} {
			newReduceModel(t, admin, worker, app, seed, only).run()
		}
	}
}

// reduceModel is a model of an account's positions and of its orders that may
// still trade.
type reduceModel struct {
	*mirrorModel
	app      *tenant.DB
	only     bool // whether the switch is reduce_only and not open
	position map[string]int
	placed   []*reduceOrder
	counter  int
	refused  int
	taken    int
}

type reduceOrder struct {
	id, broker      uuid.UUID
	symbol, side    string
	qty, filled     int
	state           string // sent, unknown, unsent, open or over
	closing, shared bool   // shared: another order may have traded the position that it is to reduce
	replaces        *reduceOrder
	filledThen      int // the filled quantity of the replaced order when this one was sent
	clientOrderID   string
}

func (o *reduceOrder) mayTrade() bool {
	return o.state == "sent" || o.state == "unknown" || o.state == "open"
}

func newReduceModel(t *testing.T, admin *pgx.Conn, worker *tenant.Worker, app *tenant.DB, seed uint64, only bool) *reduceModel {
	m := &reduceModel{mirrorModel: newMirrorModel(t, admin, worker, seed), app: app, only: only, position: map[string]int{"AAPL": 60, "MSFT": -60, "TSLA": 0}}
	m.dice = rand.New(rand.NewPCG(seed, 4))
	var set pgx.Batch
	set.Queue("insert into app.account_grants (account_id, user_id, role) values ($1, 'u1', 'owner') on conflict do nothing", m.lease.Account)
	set.Queue("insert into app.stream_cursors (account_id, agreed_at, max_age) values ($1, now(), interval '1 hour')", m.lease.Account)
	for symbol, qty := range m.position {
		if qty != 0 {
			set.Queue("insert into app.alpaca_positions (account_id, symbol, asset_class, qty, as_of) values ($1, $2, 'us_equity', $3, now())", m.lease.Account, symbol, qty)
		}
	}
	if err := admin.SendBatch(t.Context(), &set).Close(); err != nil {
		t.Fatal(err)
	}
	if only {
		if err := m.ask("select private.set_switch('reduce_only', 'a test')"); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func (m *reduceModel) run() {
	m.t.Helper()
	for range 120 {
		m.step()
		m.holds()
	}
	m.t.Logf("seed %d, reduce_only %v: %d orders were allowed, %d refused", m.seed, m.only, m.taken, m.refused)
	if m.taken == 0 || m.refused == 0 {
		m.t.Errorf("seed %d: no order was allowed, or none was refused", m.seed)
	}
}

func (m *reduceModel) step() {
	if len(m.placed) > 0 && m.dice.IntN(3) > 0 {
		m.goesOn(m.placed[m.dice.IntN(len(m.placed))])
		return
	}
	symbol := []string{"AAPL", "AAPL", "MSFT", "MSFT", "TSLA"}[m.dice.IntN(5)]
	if m.dice.IntN(6) == 0 && m.position[symbol] != 0 { // a trade outside of Paddock
		o := &reduceOrder{broker: uuid.New(), symbol: symbol, side: "buy", qty: 1 + m.dice.IntN(40), state: "open"}
		if m.position[symbol] < 0 {
			o.side = "sell"
		}
		o.clientOrderID = o.broker.String()
		m.fill(o, o.qty)
		return
	}
	o := &reduceOrder{id: uuid.New(), broker: uuid.New(), symbol: symbol, side: []string{"buy", "sell"}[m.dice.IntN(2)],
		qty: 1 + m.dice.IntN(40), closing: m.dice.IntN(2) == 0}
	if m.dice.IntN(10) == 0 {
		o.qty += 200
	}
	o.clientOrderID = o.id.String()
	m.send(o)
}

// goesOn makes the next event of an order happen.
func (m *reduceModel) goesOn(o *reduceOrder) {
	n := m.dice.IntN(6)
	switch {
	case o.state == "unsent":
		m.send(o)
	case o.state == "sent" && n == 0:
		m.write("update app.alpaca_orders set intent_state = 'unknown', status = 'unknown' where account_id = $1 and id = $2 and intent_state = 'submitting'", o.id)
		o.state = "unknown"
	case o.state == "sent" && n == 1:
		m.write("select app.record_refusal($1, $2, 'rejected', 'no', null, null)", o.id)
		o.state = "over"
	case o.state == "sent" && n == 2 && o.replaces == nil:
		m.write("select app.record_refusal($1, $2, 'unsent', 'no', null, null)", o.id)
		o.state = "unsent"
	case o.state == "sent" || o.state == "unknown":
		if r := o.replaces; r != nil {
			// The broker gives a replacement the whole quantity that was asked
			// for. It would be too much if the replaced order fills while the
			// replacement is on its way, so in this model such a replacement
			// never arrives.
			if r.state != "open" || r.filled > o.filledThen {
				return
			}
			r.state = "over"
			o.state = "open"
			m.tellOf(o, "new", "new", 0)
			m.tellOf(r, "replaced", "replaced", 0)
			return
		}
		o.state = "open"
		m.tellOf(o, "new", "new", 0)
	case o.state == "open" && n == 0:
		o.state = "over"
		m.tellOf(o, "canceled", "canceled", 0)
	case o.state == "open" && n == 1 && !m.isBeingReplaced(o):
		m.send(&reduceOrder{id: uuid.New(), broker: uuid.New(), symbol: o.symbol, side: o.side, qty: 1 + m.dice.IntN(60), closing: o.closing, replaces: o, filledThen: o.filled})
	case o.state == "open":
		m.fill(o, 1+m.dice.IntN(o.qty-o.filled))
	}
}

func (m *reduceModel) isBeingReplaced(o *reduceOrder) bool {
	return slices.ContainsFunc(m.placed, func(r *reduceOrder) bool { return r.replaces == o && r.mayTrade() })
}

func (m *reduceModel) fill(o *reduceOrder, by int) {
	before := m.position[o.symbol]
	signed := by
	if o.side == "sell" {
		signed = -by
	}
	m.position[o.symbol] += signed
	if after := m.position[o.symbol]; o.closing && !o.shared && max(after, -after) > max(before, -before) {
		m.t.Fatalf("seed %d: a closing alone took %s from %d to %d\n%s", m.seed, o.symbol, before, after, m.story())
	}
	for _, other := range m.placed {
		other.shared = other.shared || other.symbol == o.symbol && other.side == o.side && !o.closing
	}
	o.filled += by
	event, status := "partial_fill", "partially_filled"
	if o.filled == o.qty {
		event, status, o.state = "fill", "filled", "over"
	}
	m.tellOf(o, event, status, by)
}

// tellOf records what happened to an order, as an update or as an answer.
func (m *reduceModel) tellOf(o *reduceOrder, event, status string, by int) {
	m.counter++
	m.at = m.at.Add(time.Millisecond)
	m.note("%s %s %s %d/%d", event, o.side, o.symbol, o.filled, o.qty)
	told := map[string]any{"id": o.broker, "client_order_id": o.clientOrderID, "symbol": o.symbol, "asset_class": "us_equity", "side": o.side, "type": "market",
		"time_in_force": "day", "order_class": "", "qty": fmt.Sprint(o.qty), "filled_qty": fmt.Sprint(o.filled), "filled_avg_price": "10", "status": status,
		"created_at": m.at, "submitted_at": m.at, "updated_at": m.at}
	if o.replaces != nil {
		told["replaces"] = o.replaces.broker
	}
	if m.dice.IntN(2) == 0 {
		m.write("select app.record_order($1, $2)", mustJSON(told))
		return
	}
	update := map[string]any{"event_id": fmt.Sprintf("event-%05d", m.counter), "event": event, "execution_id": fmt.Sprint("x", m.counter), "at": m.at, "order": told}
	if by > 0 {
		update["qty"], update["price"] = fmt.Sprint(by), "10"
	}
	m.write("select app.apply_trade_update($1, $2)", mustJSON(update))
}

// send inserts an order or sends it again, and compares the result with what
// the model allows.
func (m *reduceModel) send(o *reduceOrder) {
	m.t.Helper()
	m.note("asked: %s %d %s, closing %v, replacement %v, state %q", o.side, o.qty, o.symbol, o.closing, o.replaces != nil, o.state)
	var err error
	if o.state == "unsent" {
		err = m.ask("update app.alpaca_orders set intent_state = 'submitting', status = 'submitting' where account_id = $1 and id = $2", m.lease.Account, o.id)
	} else {
		action, replaces := "place", (*uuid.UUID)(nil)
		if o.replaces != nil {
			action, replaces = "replace", &o.replaces.broker
		}
		if o.clientOrderID == "" {
			o.clientOrderID = o.id.String()
		}
		err = m.ask(`insert into app.alpaca_orders (account_id, id, client_order_id, request_hash, request, submitted_by, symbol, side, type, time_in_force, qty, reduce_only, action, replaces)
			values ($1, $2, $3, '\x00', '{}', private.user_id(), $4, $5, 'market', 'day', $6, $7, $8, $9)`,
			m.lease.Account, o.id, o.clientOrderID, o.symbol, o.side, o.qty, o.closing, action, replaces)
	}
	allowed := !m.only && !o.closing || o.qty <= m.closable(o.symbol, o.side, o.replaces)
	switch {
	case err == nil && allowed:
		m.taken++
		if o.state != "unsent" {
			m.placed = append(m.placed, o)
		}
		o.state = "sent"
		o.shared = o.replaces != nil // the replaced order may fill first
	case err != nil && !allowed && tenant.SQLState(err) == "PD422":
		m.refused++
	default:
		m.t.Fatalf("seed %d, reduce_only %v: the model allows it: %v, and the result is %v\n%s", m.seed, m.only, allowed, err, m.story())
	}
}

// closable returns the quantity that a new order of this side may close: the
// position that it would reduce, less what other orders may still trade against
// it.
func (m *reduceModel) closable(symbol, side string, without *reduceOrder) int {
	held := m.position[symbol]
	if side == "buy" {
		held = -held
	}
	return max(0, held-m.mayTrade(symbol, side, without, false))
}

// mayTrade adds up what orders of one side may still trade. Of an order and its
// replacement the larger quantity counts, and all of the replacement's,
// whatever the replaced order has filled. With exactly, a replacement on its
// way does not count if the replaced order has filled more since.
func (m *reduceModel) mayTrade(symbol, side string, without *reduceOrder, exactly bool) (sum int) {
	family := map[*reduceOrder]int{}
	for _, o := range m.placed {
		if o.symbol != symbol || o.side != side || !o.mayTrade() {
			continue
		}
		if exactly && o.state != "open" && o.replaces != nil && (o.replaces.filled > o.filledThen || o.replaces.state != "open") {
			continue
		}
		head := o
		if o.replaces != nil && o.replaces.state == "open" {
			head = o.replaces
		}
		if head == without {
			continue // an order can have one replacement at a time
		}
		family[head] = max(family[head], o.qty-o.filled)
	}
	for _, qty := range family {
		sum += qty
	}
	return sum
}

func (m *reduceModel) holds() {
	m.t.Helper()
	for symbol, held := range m.position {
		if here := m.scan("select trim_scale(app.held_quantity($1, $2))::text", symbol); here != fmt.Sprint(held) {
			m.t.Fatalf("seed %d: the mirror holds %s of %s and the model %d\n%s", m.seed, here, symbol, held, m.story())
		}
		buys, sells := m.mayTrade(symbol, "buy", nil, true), m.mayTrade(symbol, "sell", nil, true)
		if m.only && (sells > max(0, held) || buys > max(0, -held)) {
			m.t.Fatalf("seed %d: of %s %d is held, and orders may buy %d and sell %d\n%s", m.seed, symbol, held, buys, sells, m.story())
		}
	}
}

// ask runs a statement in a request of the account's owner.
func (m *reduceModel) ask(sql string, args ...any) error {
	return m.app.TxNotify(m.t.Context(), tenant.Admission{Token: "token-of-u1", Account: m.lease.Account}, func(b *tenant.Batch) { b.Queue(strings.TrimSpace(sql), args...) })
}
