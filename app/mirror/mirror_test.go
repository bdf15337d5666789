package mirror_test

import (
	"context"
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

// At every moment the mirror counts each fill that it knows once, and after an
// undisturbed reconciliation it counts all fills. This holds whatever happens
// to orders, in whatever order and however often updates and answers arrive or
// get lost, whatever happens during a reconciliation, and whatever the broker's
// clock says. The test calls the SQL functions directly.
func TestMirrorCountsEachFillOnce(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	admin := pg.Conn(t, "admin")
	worker := tenant.NewWorker(pg.Pool(t, "paddock_worker"), kit.SilentBell{})
	kit.User(t, pg, "u1")
	for seed := range uint64(8) {
		m := newMirrorModel(t, admin, worker, seed)
		for range 20 {
			m.happen() // before the account is connected
		}
		m.reconcile(false)
		for range 80 {
			m.step()
			m.holdsWhatIsKnown()
		}
		m.reconcile(false)
		m.holdsWhatIsKnown()
		if here, there := m.positionsHere(), m.positionsThere(); here != there {
			t.Fatalf("seed %d: the mirror holds %s and the broker %s\n%s", seed, here, there, m.story())
		}
		if m.scan("select coalesce(bool_or(doubts <> doubts_settled), true)::text from app.stream_cursors where account_id = $1") != "false" {
			t.Fatalf("seed %d: the mirror is in doubt after an undisturbed reconciliation", seed)
		}
	}
}

// mirrorModel is a model of a broker, with its orders and with its messages
// that have not arrived here yet.
type mirrorModel struct {
	t      *testing.T
	dice   *rand.Rand
	seed   uint64
	admin  *pgx.Conn
	worker *tenant.Worker
	lease  tenant.Lease

	at       time.Time
	skew     time.Duration // of the broker's clock
	busts    bool          // whether executions are busted; otherwise the broker's clock jumps
	orders   []*modelOrder
	held     map[string]int
	onTheWay []func() // updates and answers that arrive in any order
	events   int
	log      []string
}

type modelOrder struct {
	ID            string        `json:"id"`
	ClientOrderID string        `json:"client_order_id"`
	Symbol        string        `json:"symbol"`
	AssetClass    string        `json:"asset_class"`
	Side          string        `json:"side"`
	Type          string        `json:"type"`
	TimeInForce   string        `json:"time_in_force"`
	OrderClass    string        `json:"order_class"`
	Qty           int           `json:"qty,string"`
	Ratio         int           `json:"ratio_qty,string"`
	FilledQty     int           `json:"filled_qty,string"`
	FilledAvg     string        `json:"filled_avg_price"`
	Status        string        `json:"status"`
	CreatedAt     time.Time     `json:"created_at"`
	SubmittedAt   time.Time     `json:"submitted_at"`
	UpdatedAt     time.Time     `json:"updated_at"`
	Legs          []*modelOrder `json:"legs"`
}

func newMirrorModel(t *testing.T, admin *pgx.Conn, worker *tenant.Worker, seed uint64) *mirrorModel {
	m := &mirrorModel{
		t: t, dice: rand.New(rand.NewPCG(seed, 15)), seed: seed, admin: admin, worker: worker,
		lease: tenant.Lease{Account: uuid.New(), Holder: uuid.New(), Fence: 1},
		at:    time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC), busts: seed%2 == 0, held: map[string]int{},
	}
	m.skew = []time.Duration{0, -5 * time.Minute, 5 * time.Minute, -2 * time.Second}[seed/2%4]
	var set pgx.Batch
	set.Queue("insert into app.user_accounts (id, user_id, name, environment) values ($1, 'u1', $2, 'paper')", m.lease.Account, m.lease.Account.String())
	set.Queue("with s as (insert into private.signs_of_life (holder, lasts) values ($2, '1 hour')) insert into app.stream_leases (account_id, holder) values ($1, $2)", m.lease.Account, m.lease.Holder)
	if err := admin.SendBatch(t.Context(), &set).Close(); err != nil {
		t.Fatal(err)
	}
	return m
}

// step does one random step.
func (m *mirrorModel) step() {
	switch n := m.dice.IntN(20); {
	case n < 9:
		m.happen()
	case n < 16 && len(m.onTheWay) > 0:
		i := m.dice.IntN(len(m.onTheWay))
		m.onTheWay[i]()
		if m.dice.IntN(4) > 0 { // otherwise it will arrive again
			m.onTheWay = slices.Delete(m.onTheWay, i, i+1)
		}
	case n < 18:
		m.readAlone()
	case n == 18:
		m.reconcile(true)
	case !m.busts:
		m.skew = time.Duration(m.dice.IntN(601)-300) * time.Second
		m.note("the broker's clock is off by %v", m.skew)
	}
}

// happenBetween makes random events happen between two parts of a
// reconciliation.
func (m *mirrorModel) happenBetween(busy bool) {
	for busy && m.dice.IntN(2) == 0 {
		if m.dice.IntN(3) > 0 || len(m.onTheWay) == 0 {
			m.happen()
			continue
		}
		i := m.dice.IntN(len(m.onTheWay))
		m.onTheWay[i]()
		m.holdsWhatIsKnown()
	}
}

// happen makes one random event happen at the broker.
func (m *mirrorModel) happen() {
	m.at = m.at.Add(time.Millisecond)
	var open, filled []*modelOrder
	for _, o := range m.orders {
		if o.Status == "new" || o.Status == "partially_filled" {
			open = append(open, o)
		}
		if o.FilledQty > 0 && len(o.Legs) == 0 {
			filled = append(filled, o)
		}
	}
	switch n := m.dice.IntN(10); {
	case n < 3 || len(open) == 0:
		m.place()
	case n == 3:
		o := open[m.dice.IntN(len(open))]
		m.tell(o, "canceled", "canceled", 0)
	case n == 4 && m.busts && len(filled) > 0:
		o := filled[m.dice.IntN(len(filled))]
		m.tell(o, "trade_bust", o.Status, -1)
	default:
		o := open[m.dice.IntN(len(open))]
		by := 1 + m.dice.IntN(o.Qty-o.FilledQty)
		event, status := "partial_fill", "partially_filled"
		if o.FilledQty+by == o.Qty {
			event, status = "fill", "filled"
		}
		m.tell(o, event, status, by)
	}
}

func (m *mirrorModel) place() {
	order := func(symbol, side, class string, qty, ratio int) *modelOrder {
		id := uuid.NewSHA1(m.lease.Account, fmt.Append(nil, len(m.orders), symbol)).String()
		return &modelOrder{ID: id, ClientOrderID: "c-" + id, Symbol: symbol, AssetClass: "us_equity", Side: side, Type: "market", TimeInForce: "day",
			OrderClass: class, Qty: qty * ratio, Ratio: ratio, FilledAvg: "10", CreatedAt: m.clock(), SubmittedAt: m.clock()}
	}
	side := []string{"buy", "sell"}[m.dice.IntN(2)]
	o := order([]string{"AAPL", "MSFT", "BTC/USD"}[m.dice.IntN(3)], side, "", 1+m.dice.IntN(9), 1)
	if m.dice.IntN(4) == 0 {
		o = order("", "", "mleg", 1+m.dice.IntN(5), 1)
		o.Legs = []*modelOrder{order("AAPL261218C00150000", "buy", "mleg", o.Qty, 1), order("AAPL261218C00160000", "sell", "mleg", o.Qty, 1+m.dice.IntN(2))}
		if m.dice.IntN(3) == 0 {
			for _, leg := range o.Legs {
				leg.ClientOrderID = "" // a leg that is not an order of its own
			}
		}
	}
	m.orders = append(m.orders, o)
	m.tell(o, "new", "new", 0)
}

func (m *mirrorModel) clock() time.Time { return m.at.Add(m.skew) }

// tell changes an order, and puts an update of the stream and an answer of the
// broker about it on their way. Either may get lost.
func (m *mirrorModel) tell(o *modelOrder, event, status string, by int) {
	lines := []*modelOrder{o}
	if len(o.Legs) > 0 {
		lines = o.Legs
		o.FilledQty, o.Status, o.UpdatedAt = o.FilledQty+by, status, m.clock()
	}
	for _, line := range lines {
		moved := by * line.Ratio
		line.FilledQty, line.Status, line.UpdatedAt = line.FilledQty+moved, status, m.clock()
		if line.Side == "sell" {
			moved = -moved
		}
		if line.Symbol != "" {
			m.held[strings.ReplaceAll(line.Symbol, "/", "")] += moved
		}
	}
	m.events++
	m.note("%s %s %s %s %d/%d", event, o.ID[:4], o.Symbol, o.Side, o.FilledQty, o.Qty)
	update := map[string]any{"event_id": fmt.Sprintf("event-%05d", m.events), "event": event, "execution_id": fmt.Sprint("x", m.events), "at": m.clock(), "order": o}
	if by != 0 && o.Symbol != "" {
		update["qty"], update["price"], update["position_qty"] = fmt.Sprint(max(by, -by)), "10", fmt.Sprint(m.held[strings.ReplaceAll(o.Symbol, "/", "")])
	}
	text, answer, what := mustJSON(update), mustJSON(o), fmt.Sprintf("%s %d", o.ID[:4], o.FilledQty)
	if m.dice.IntN(3) > 0 {
		m.onTheWay = append(m.onTheWay, func() {
			m.note("the stream tells %s", what)
			m.write("select app.apply_trade_update($1, $2)", text)
		})
	}
	if m.dice.IntN(3) == 0 {
		m.onTheWay = append(m.onTheWay, func() {
			m.note("an answer tells %s", what)
			m.write("select app.record_order($1, $2)", answer)
		})
	}
}

// list returns the broker's orders, and their filled quantities by id.
func (m *mirrorModel) list() (raw [][]byte, filled []byte) {
	quantities := map[string]string{}
	for _, o := range m.orders {
		raw = append(raw, mustJSON(o))
		for _, line := range append([]*modelOrder{o}, o.Legs...) {
			if line.ClientOrderID != "" {
				quantities[line.ID] = fmt.Sprint(line.FilledQty)
			}
		}
	}
	return raw, mustJSON(quantities)
}

func (m *mirrorModel) positions() []byte {
	list := []map[string]string{}
	for symbol, qty := range m.held {
		if qty != 0 {
			list = append(list, map[string]string{"symbol": symbol, "qty": fmt.Sprint(qty), "asset_class": "us_equity"})
		}
	}
	return mustJSON(list)
}

// reconcile makes the SQL calls of a reconciliation. With busy, random events
// happen between them.
func (m *mirrorModel) reconcile(busy bool) {
	m.note("a reconciliation begins")
	orders, before := m.list()
	m.happenBetween(busy)
	m.record(orders)
	m.happenBetween(busy)
	doubts := m.scan("select coalesce(max(doubts), 0)::text from app.stream_cursors where account_id = $1")
	moves := m.scan("select app.position_moves($1)::text")
	m.happenBetween(busy)
	positions := m.positions()
	m.happenBetween(busy)
	orders, after := m.list()
	m.happenBetween(busy)
	m.record(orders)
	m.happenBetween(busy)
	unsettled := m.scan(`select array_to_string(unsettled, ' ') from app.reconcile_positions($1, $2, now(), $3, $4, $5)`, positions, moves, before, after)
	m.note("a reconciliation leaves %q unsettled", unsettled)
	if unsettled != "" {
		if !busy {
			m.t.Fatalf("seed %d: without other events %s is unsettled\n%s", m.seed, unsettled, m.story())
		}
		return
	}
	m.write(`insert into app.stream_cursors as c (account_id, agreed_at, doubts_settled) values ($1, now(), $2::text::bigint)
		on conflict (account_id) do update set agreed_at = now(), doubts_settled = excluded.doubts_settled`, doubts)
}

func (m *mirrorModel) record(orders [][]byte) {
	for _, o := range orders {
		m.write("select app.reconcile_order($1, $2, 'reconciled')", o)
	}
}

// readAlone makes the SQL calls of a request for positions.
func (m *mirrorModel) readAlone() {
	moves := m.scan("select app.position_moves($1)::text")
	m.happenBetween(true)
	positions := m.positions()
	m.happenBetween(true)
	m.write("select app.record_positions($1, $2, now(), $3)", positions, moves)
	m.note("positions are read alone: %s", positions)
}

// holdsWhatIsKnown fails unless the positions equal the fills of the recorded
// orders. Positions that a request read may be ahead of the orders, but then
// the mirror must be in doubt.
func (m *mirrorModel) holdsWhatIsKnown() {
	m.t.Helper()
	wrong := m.scan(`with lines as (
			select app.position_symbol(o.symbol) as symbol, o.filled_qty * case o.side when 'sell' then -1 else 1 end as qty
			from app.alpaca_orders o where o.account_id = $1 and o.symbol is not null
			union all
			select leg->>'symbol', o.filled_qty * (leg->>'ratio_qty')::numeric * case leg->>'side' when 'sell' then -1 else 1 end
			from app.alpaca_orders o cross join lateral jsonb_array_elements(o.broker_order->'legs') leg
			where o.account_id = $1 and jsonb_typeof(o.broker_order->'legs') = 'array' and leg->>'client_order_id' = ''
		), known as (select symbol, sum(qty) as qty from lines group by symbol)
		select coalesce(string_agg(format('%s: %s is held, %s is known, %s is not counted', symbol, p.qty, k.qty, p.uncounted), ', '), '')
		from known k full join (select * from app.alpaca_positions where account_id = $1) p using (symbol)
		where coalesce(k.qty, 0) <> coalesce(p.qty - p.uncounted, 0)
			or p.uncounted <> 0 and not exists (select from app.stream_cursors c where c.account_id = $1 and c.doubts > c.doubts_settled)`)
	if wrong != "" {
		m.t.Fatalf("seed %d: %s\n%s", m.seed, wrong, m.story())
	}
}

func (m *mirrorModel) positionsHere() string {
	return m.scan("select coalesce(string_agg(symbol || ' ' || trim_scale(qty), ', ' order by symbol), '') from app.alpaca_positions where account_id = $1 and qty <> 0")
}

func (m *mirrorModel) positionsThere() string {
	var all []string
	for symbol, qty := range m.held {
		if qty != 0 {
			all = append(all, fmt.Sprint(symbol, " ", qty))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func (m *mirrorModel) write(sql string, args ...any) {
	m.t.Helper()
	err := m.worker.TxNotify(context.Background(), m.lease, func(b *tenant.Batch) { b.Queue(sql, append([]any{m.lease.Account}, args...)...) })
	if err != nil {
		m.t.Fatalf("seed %d: %s: %v\n%s", m.seed, sql, err, m.story())
	}
}

func (m *mirrorModel) scan(sql string, args ...any) (text string) {
	m.t.Helper()
	err := m.worker.TxNotify(context.Background(), m.lease, func(b *tenant.Batch) {
		b.Queue(sql, append([]any{m.lease.Account}, args...)...).QueryRow(func(row pgx.Row) error { return row.Scan(&text) })
	})
	if err != nil {
		m.t.Fatalf("seed %d: %s: %v\n%s", m.seed, sql, err, m.story())
	}
	return text
}

func (m *mirrorModel) note(format string, args ...any) {
	m.log = append(m.log, fmt.Sprintf(format, args...))
}

func (m *mirrorModel) story() string { return strings.Join(m.log[max(0, len(m.log)-40):], "\n") }
