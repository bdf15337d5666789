package mirror_test

import (
	"encoding/json"
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

// Updates and answers about orders may arrive in any order and any number of
// times. Each order must end in its newest state, each position as its newest
// update says, and each update must be in the log once. Nothing that a broker
// may send raises an error.
//
// history has one byte for each event at the broker. telling decides how the
// events arrive: 0 is the stream's own order, with answers that may be ahead of
// it, and any other number shuffles everything.
func FuzzDescriptions(f *testing.F) {
	const place, part, fill, cancel, replace, bust, end = 0, 1, 3, 4, 5, 6, 7
	for _, history := range [][]byte{
		{place, fill}, {place, part, cancel}, {place, part, part | 1<<5, fill}, {place, part, replace, fill | 1<<3},
		{place, fill, bust | 2<<5}, {place, place | 1<<3, place | 2<<3, part, part | 1<<3, fill | 2<<3, cancel, end | 1<<3},
		{place, fill, place | 2<<3, fill | 1<<3, bust, bust | 1<<3}, {place, replace, replace | 1<<3, part | 2<<3, bust | 2<<3, end | 2<<3},
	} {
		for telling := range uint64(4) {
			f.Add(history, telling)
		}
	}

	pg := pgtest.New(f)
	admin := pg.Conn(f, "admin")
	worker := tenant.NewWorker(pg.Pool(f, "paddock_worker"), kit.SilentBell{})
	kit.User(f, pg, "u1")
	f.Fuzz(func(t *testing.T, history []byte, telling uint64) {
		b := newBook()
		for _, event := range history[:min(len(history), 24)] {
			b.happen(event)
		}
		if len(b.told) == 0 {
			return
		}
		lease := tenant.Lease{Account: uuid.New(), Holder: uuid.New(), Fence: 1}
		var set pgx.Batch
		set.Queue("insert into app.user_accounts (id, user_id, name, environment) values ($1, 'u1', $2, 'paper')", lease.Account, lease.Account.String())
		set.Queue("with s as (insert into private.signs_of_life (holder, lasts) values ($2, '1 hour')) insert into app.stream_leases (account_id, holder) values ($1, $2)", lease.Account, lease.Holder)
		if telling == 0 { // answers to requests change positions only after the first reconciliation
			set.Queue("insert into app.stream_cursors (account_id, agreed_at) values ($1, $2)", lease.Account, b.told[0].At.Add(-time.Hour))
		}
		if err := admin.SendBatch(t.Context(), &set).Close(); err != nil {
			t.Fatal(err)
		}
		if err := worker.TxNotify(t.Context(), lease, func(batch *tenant.Batch) { b.tell(batch, lease.Account, telling) }); err != nil {
			t.Fatalf("%s\n%v", b.story(), err)
		}
		for what, check := range map[string]struct{ query, want string }{
			"orders": {`select string_agg(concat_ws(' ', client_order_id, status, trim_scale(qty), trim_scale(filled_qty), trim_scale(filled_avg_price), replaces, replaced_by), E'\n'
				order by client_order_id) from app.alpaca_orders where account_id = $1`, b.orders()},
			"positions": {`select coalesce(string_agg(symbol || ' ' || trim_scale(qty), E'\n' order by symbol), '') from app.alpaca_positions where account_id = $1`, b.positions()},
			"log":       {`select string_agg(broker_event_id, ' ' order by broker_event_id) from app.account_events where account_id = $1`, b.eventIDs()},
			"numbers":   {`select string_agg(seq::text, ' ' order by seq) from app.account_events where account_id = $1`, upTo(len(b.told))},
			"cursor":    {`select last_event_id from app.stream_cursors where account_id = $1`, b.told[len(b.told)-1].EventID},
		} {
			var got string
			if err := admin.QueryRow(t.Context(), check.query, lease.Account).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != check.want {
				t.Errorf("%s\nthe %s are\n%s\nwant\n%s", b.story(), what, got, check.want)
			}
		}
	})
}

// book is a small model of a broker's orders and positions, with whole
// quantities and one price.
type book struct {
	at    time.Time
	all   []*bookOrder
	held  map[string]int
	moved map[string]bool // the symbols that were traded
	told  []bookUpdate
}

type bookOrder struct {
	ID            string    `json:"id"`
	ClientOrderID string    `json:"client_order_id"`
	Symbol        string    `json:"symbol"`
	AssetClass    string    `json:"asset_class"`
	Side          string    `json:"side"`
	Type          string    `json:"type"`
	TimeInForce   string    `json:"time_in_force"`
	Qty           int       `json:"qty,string"`
	FilledQty     int       `json:"filled_qty,string"`
	FilledAvg     *string   `json:"filled_avg_price"`
	Status        string    `json:"status"`
	Replaces      *string   `json:"replaces"`
	ReplacedBy    *string   `json:"replaced_by"`
	CreatedAt     time.Time `json:"created_at"`
	SubmittedAt   time.Time `json:"submitted_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

type bookUpdate struct {
	EventID     string    `json:"event_id"`
	Event       string    `json:"event"`
	ExecutionID string    `json:"execution_id"`
	At          time.Time `json:"at"`
	Qty         *string   `json:"qty,omitempty"`
	Price       *string   `json:"price,omitempty"`
	PositionQty *string   `json:"position_qty,omitempty"`
	Order       bookOrder `json:"order"`
}

func newBook() *book {
	return &book{at: time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC), held: map[string]int{}, moved: map[string]bool{}}
}

// happen turns a byte into the next event. Its three lowest bits say which
// event, the next two which order (or which kind of order), and the others give
// a quantity.
func (b *book) happen(event byte) {
	kind, which, qty := event&7, int(event>>3)&3, 1+int(event>>5)
	if kind == 0 && len(b.all) < 8 {
		b.place([]string{"AAPL", "MSFT"}[which&1], []string{"buy", "sell"}[which>>1], 8, nil)
	}
	if kind == 0 || len(b.all) == 0 {
		return
	}
	o := b.all[which%len(b.all)]
	open := o.Status == "new" || o.Status == "partially_filled"
	switch {
	case kind <= 2 && open && o.FilledQty+qty < o.Qty:
		b.trade(o, "partial_fill", "partially_filled", qty)
	case kind <= 3 && open:
		b.trade(o, "fill", "filled", o.Qty-o.FilledQty)
	case kind == 4 && open:
		b.say(o, "canceled", "canceled", 0)
	case kind == 5 && open && len(b.all) < 8:
		next := b.place(o.Symbol, o.Side, o.Qty-o.FilledQty, o)
		o.ReplacedBy = &next.ID
		b.say(o, "replaced", "replaced", 0)
	case kind == 6 && o.FilledQty > 0:
		b.trade(o, "trade_bust", o.Status, -min(qty, o.FilledQty))
	case kind == 7 && open:
		b.say(o, "expired", "expired", 0)
	}
}

func (b *book) place(symbol, side string, qty int, replaces *bookOrder) *bookOrder {
	n := len(b.all)
	o := &bookOrder{ID: uuidOf(byte(n)).String(), ClientOrderID: fmt.Sprint("order-", n), Symbol: symbol, AssetClass: "us_equity", Side: side,
		Type: "market", TimeInForce: "day", Qty: qty, CreatedAt: b.at, SubmittedAt: b.at}
	if replaces != nil {
		o.Replaces = &replaces.ID
	}
	b.all = append(b.all, o)
	b.say(o, "new", "new", 0)
	return o
}

func (b *book) trade(o *bookOrder, event, status string, by int) {
	o.FilledQty += by
	price := "100.25"
	if o.FilledAvg = &price; o.FilledQty == 0 {
		o.FilledAvg = nil
	}
	if o.Side == "sell" {
		by = -by
	}
	b.held[o.Symbol] += by
	b.moved[o.Symbol] = true
	b.say(o, event, status, by)
}

// say records an update of an order. If by is 0 the update has no execution and
// no position.
func (b *book) say(o *bookOrder, event, status string, by int) {
	b.at = b.at.Add(time.Millisecond)
	o.Status, o.UpdatedAt = status, b.at
	u := bookUpdate{EventID: fmt.Sprintf("event-%03d", len(b.told)), Event: event, ExecutionID: fmt.Sprint("execution-", len(b.told)), At: b.at, Order: *o}
	if by != 0 {
		qty, price, held := fmt.Sprint(max(by, -by)), "100.25", fmt.Sprint(b.held[o.Symbol])
		u.Qty, u.Price, u.PositionQty = &qty, &price, &held
	}
	b.told = append(b.told, u)
}

// tell queues each update at least once and some orders as answers of the
// broker, shuffled.
func (b *book) tell(batch *tenant.Batch, account uuid.UUID, telling uint64) {
	dice := rand.New(rand.NewPCG(telling, 1))
	if telling == 0 {
		b.tellAhead(batch, account, dice)
		return
	}
	var statements []func()
	for _, u := range b.told {
		update, order := mustJSON(u), mustJSON(u.Order)
		for range 1 + dice.IntN(2) {
			statements = append(statements, func() { batch.Queue("select app.apply_trade_update($1, $2)", account, update) })
		}
		for range dice.IntN(3) {
			statements = append(statements, func() { batch.Queue("select app.record_order($1, $2, 'request')", account, order) })
		}
	}
	dice.Shuffle(len(statements), func(i, j int) { statements[i], statements[j] = statements[j], statements[i] })
	for _, queue := range statements {
		queue()
	}
}

// tellAhead queues the updates in their order, and before each some answers
// that are up to two events ahead.
func (b *book) tellAhead(batch *tenant.Batch, account uuid.UUID, dice *rand.Rand) {
	for i, u := range b.told {
		for range dice.IntN(3) {
			ahead := b.told[min(i+dice.IntN(3), len(b.told)-1)]
			batch.Queue("select app.record_order($1, $2, 'request')", account, mustJSON(ahead.Order))
		}
		batch.Queue("select app.apply_trade_update($1, $2)", account, mustJSON(u))
	}
}

func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // cannot happen: plain structs always marshal
	}
	return text
}

func (b *book) orders() string {
	var lines []string
	for _, o := range b.all {
		line := fmt.Sprint(o.ClientOrderID, " ", o.Status, " ", o.Qty, " ", o.FilledQty)
		for _, more := range []*string{o.FilledAvg, o.Replaces, o.ReplacedBy} {
			if more != nil {
				line += " " + *more
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (b *book) positions() string {
	var lines []string
	for symbol := range b.moved {
		lines = append(lines, fmt.Sprint(symbol, " ", b.held[symbol]))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (b *book) eventIDs() string {
	var ids []string
	for _, u := range b.told {
		ids = append(ids, u.EventID)
	}
	return strings.Join(ids, " ")
}

// story lists the events, for the message of a failure.
func (b *book) story() string {
	var lines []string
	for _, u := range b.told {
		lines = append(lines, fmt.Sprintf("%s %s %s %d/%d", u.EventID, u.Order.ClientOrderID, u.Event, u.Order.FilledQty, u.Order.Qty))
	}
	return strings.Join(lines, "\n")
}

func upTo(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(i+1))
	}
	return strings.Join(all, " ")
}
