package trading_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// synced records that the mirror has agreed with the broker, as the worker
// does.
func (d *desk) synced() {
	d.t.Helper()
	d.exec(`insert into app.stream_cursors (account_id, agreed_at) values ($1, now() - interval '1 second')`, d.owner.Account)
}

// holds inserts a position into the mirror.
func (d *desk) holds(symbol, qty, price string) {
	d.t.Helper()
	d.exec(`insert into app.alpaca_positions (account_id, symbol, qty, current_price, as_of) values ($1, $2, $3, $4, now())`, d.owner.Account, symbol, qty, price)
}

// has inserts an order of the broker into the mirror, given as in "sell 5 AAPL
// limit 200".
func (d *desk) has(text string) {
	d.t.Helper()
	var side, qty, symbol, kind, price string
	if _, err := fmt.Sscan(text, &side, &qty, &symbol, &kind, &price); err != nil {
		d.t.Fatal(err)
	}
	d.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, alpaca_order_id, status, symbol, side, qty, type, time_in_force, limit_price)
		values ($1, gen_random_uuid()::text, 'accepted', gen_random_uuid(), 'new', $2, $3, $4, $5, 'gtc', $6)`, d.owner.Account, symbol, side, qty, kind, price)
}

func (d *desk) guards(limits string) {
	d.t.Helper()
	var l trading.Limits
	if err := json.Unmarshal([]byte(limits), &l); err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.service.SetGuards(d.t.Context(), d.owner, l); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) turn(to string) {
	d.t.Helper()
	if _, err := d.service.Turn(d.t.Context(), d.owner, "", trading.Switch{To: to, Reason: "a test"}); err != nil {
		d.t.Fatal(err)
	}
}

func request(t *testing.T, body string) trading.OrderRequest {
	t.Helper()
	var r trading.OrderRequest
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// broken returns the guards that a refusal names, and fails the test for any
// other error.
func broken(t *testing.T, err error) (guards []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	p := problem.Of(err)
	if p.Code != problem.GuardRefused {
		t.Errorf("refused with %v", err)
	}
	details, _ := p.Details.(map[string]any)
	violations, _ := details["violations"].([]trading.Violation)
	for _, v := range violations {
		guards = append(guards, v.Guard)
		if v.Limit == nil || len(v.Message) < 20 {
			t.Errorf("%s says neither its limit nor what to do: %+v", v.Guard, v)
		}
	}
	return guards
}

const buyLimit = `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"10","limit_price":"100"}`

// Each guard refuses an order that exceeds its limit and allows one that does
// not, and a preview has the same result as placing. AAPL costs 150.
func TestGuards(t *testing.T) {
	sell := func(qty string) string {
		return `{"symbol":"AAPL","side":"sell","type":"limit","time_in_force":"gtc","qty":"` + qty + `","limit_price":"300"}`
	}
	for name, tt := range map[string]struct {
		limits string
		turn   string
		before func(d *desk)
		order  string
		want   string // the guards that refuse it, "[]" for none
	}{
		"no limits":                   {`{}`, "", nil, buyLimit, "[]"},
		"an order as dear as allowed": {`{"max_order_notional":"1000"}`, "", nil, buyLimit, "[]"},
		"an order too dear":           {`{"max_order_notional":"999.99"}`, "", nil, buyLimit, "[max_order_notional]"},
		"an order too dear by part of a cent": {`{"max_order_notional":"1"}`, "", nil,
			`{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"3","limit_price":"0.3334"}`, "[max_order_notional]"},
		"a position too dear by part of a cent": {`{"max_position_notional":"1"}`, "", nil,
			`{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"3","limit_price":"0.3334"}`, "[max_position_notional]"},
		"a market order too dear": {`{"max_order_notional":"1000"}`, "", nil, `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"10"}`, "[max_order_notional]"},
		"an amount of money":      {`{"max_order_notional":"1000"}`, "", nil, `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","notional":"1000.01"}`, "[max_order_notional]"},
		"a short sale far under its worth": {`{"max_order_notional":"1000"}`, "", nil,
			`{"symbol":"AAPL","side":"sell","type":"limit","time_in_force":"day","qty":"10","limit_price":"0.01"}`, "[max_order_notional]"},
		"a stop that buys over its price": {`{"max_order_notional":"1000"}`, "", nil,
			`{"symbol":"AAPL","side":"buy","type":"stop","time_in_force":"day","qty":"10","stop_price":"1"}`, "[max_order_notional]"},
		"a position as large as allowed":   {`{"max_position_qty":"25"}`, "", func(d *desk) { d.holds("AAPL", "10", "150"); d.has("buy 5 AAPL limit 90") }, buyLimit, "[]"},
		"a position too large":             {`{"max_position_qty":"24.9"}`, "", func(d *desk) { d.holds("AAPL", "10", "150"); d.has("buy 5 AAPL limit 90") }, buyLimit, "[max_position_qty]"},
		"a short position too large":       {`{"max_position_qty":"14"}`, "", func(d *desk) { d.holds("AAPL", "-10", "150") }, sell("5"), "[max_position_qty]"},
		"another symbol's position":        {`{"max_position_qty":"10"}`, "", func(d *desk) { d.holds("TSLA", "10", "150") }, buyLimit, "[]"},
		"a position worth too much":        {`{"max_position_notional":"2999"}`, "", func(d *desk) { d.holds("AAPL", "10", "150") }, buyLimit, "[max_position_notional]"},
		"a position worth enough":          {`{"max_position_notional":"3000"}`, "", func(d *desk) { d.holds("AAPL", "10", "150") }, buyLimit, "[]"},
		"one order too many":               {`{"max_open_orders":1}`, "", func(d *desk) { d.has("buy 5 TSLA limit 90") }, buyLimit, "[max_open_orders]"},
		"a bracket is three":               {`{"max_open_orders":2}`, "", nil, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"100","order_class":"bracket","take_profit":{"limit_price":"200"},"stop_loss":{"stop_price":"50"}}`, "[max_open_orders]"},
		"a symbol that is not allowed":     {`{"allowed_symbols":["TSLA"]}`, "", nil, buyLimit, "[allowed_symbols]"},
		"a symbol that is allowed":         {`{"allowed_symbols":["TSLA","AAPL"]}`, "", nil, buyLimit, "[]"},
		"no symbol is allowed":             {`{"allowed_symbols":[]}`, "", nil, buyLimit, "[allowed_symbols]"},
		"an allowed underlying":            {`{"allowed_symbols":["AAPL"]}`, "", nil, `{"symbol":"AAPL261218C00150000","side":"buy","type":"limit","time_in_force":"day","qty":"1","limit_price":"0.01"}`, "[]"},
		"a side that is not allowed":       {`{"allowed_sides":["buy"]}`, "", nil, sell("1"), "[allowed_sides]"},
		"a loss as large as the limit":     {`{"daily_loss_limit":"0"}`, "", nil, buyLimit, "[daily_loss_limit]"},
		"a loss under the limit":           {`{"daily_loss_limit":"1"}`, "", nil, buyLimit, "[]"},
		"a drawdown as large as the limit": {`{"max_drawdown":"0"}`, "", nil, buyLimit, "[max_drawdown]"},
		"a drawdown under the limit":       {`{"max_drawdown":"1"}`, "", nil, buyLimit, "[]"},
		"no heartbeat yet":                 {`{"heartbeat_seconds":5}`, "", nil, buyLimit, "[heartbeat]"},
		"a heartbeat": {`{"heartbeat_seconds":60}`, "", func(d *desk) {
			d.exec("insert into app.heartbeats (account_id, beaten_at) values ($1, now())", d.owner.Account)
		}, buyLimit, "[]"},
		"several at once": {`{"max_order_notional":"1","max_position_qty":"1","orders_per_day":0,"orders_per_minute":0,"allowed_sides":[]}`, "", nil, buyLimit,
			"[allowed_sides max_position_qty max_order_notional orders_per_minute orders_per_day]"},

		"what closes passes every limit": {`{"max_order_notional":"1","max_position_qty":"1","max_position_notional":"1","max_open_orders":0,"orders_per_day":0,"orders_per_minute":0,"allowed_sides":[],"allowed_symbols":[],"daily_loss_limit":"0","max_drawdown":"0","heartbeat_seconds":5}`,
			"reduce_only", func(d *desk) { d.holds("AAPL", "10", "150") }, sell("10"), "[]"},
		"reduce only: opening":          {`{}`, "reduce_only", nil, buyLimit, "[switch]"},
		"reduce only: a part":           {`{}`, "reduce_only", func(d *desk) { d.holds("AAPL", "10", "150") }, sell("4"), "[]"},
		"reduce only: over zero":        {`{}`, "reduce_only", func(d *desk) { d.holds("AAPL", "10", "150") }, sell("10.5"), "[switch]"},
		"reduce only: sold already":     {`{}`, "reduce_only", func(d *desk) { d.holds("AAPL", "10", "150"); d.has("sell 7 AAPL limit 200") }, sell("4"), "[switch]"},
		"reduce only: the rest":         {`{}`, "reduce_only", func(d *desk) { d.holds("AAPL", "10", "150"); d.has("sell 7 AAPL limit 200") }, sell("3"), "[]"},
		"reduce only: a short one":      {`{}`, "reduce_only", func(d *desk) { d.holds("AAPL", "-10", "150") }, buyLimit, "[]"},
		"reduce only: more of it":       {`{}`, "reduce_only", func(d *desk) { d.holds("AAPL", "10", "150") }, buyLimit, "[switch]"},
		"reduce only: a bracket's exit": {`{}`, "reduce_only", func(d *desk) { d.holds("AAPL", "-10", "150") }, `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"100","order_class":"bracket","take_profit":{"limit_price":"200"},"stop_loss":{"stop_price":"50"}}`, "[switch]"},
		"reduce only: a limit as well":  {`{"allowed_symbols":["TSLA"]}`, "reduce_only", nil, buyLimit, "[allowed_symbols switch]"},
		"halted: closing":               {`{}`, "halted", func(d *desk) { d.holds("AAPL", "10", "150") }, sell("1"), "[switch]"},
		"open again":                    {`{}`, "open", nil, buyLimit, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.sim.SetPrice("AAPL", decimal.NewFromInt(150))
			d.synced()
			if tt.before != nil {
				tt.before(d)
			}
			d.guards(tt.limits)
			if tt.turn != "" {
				d.turn(tt.turn)
			}
			order := request(t, tt.order)
			preview, err := d.service.Preview(t.Context(), d.owner, order)
			if err != nil {
				t.Fatal(err)
			}
			previewed := []string{}
			for _, v := range preview.Violations {
				previewed = append(previewed, v.Guard)
			}
			if fmt.Sprint(previewed) != tt.want || preview.Allowed != (tt.want == "[]") {
				t.Errorf("the preview says %v, allowed %v; want %s", previewed, preview.Allowed, tt.want)
			}
			answers(d)
			_, err = d.service.Place(t.Context(), d.owner, "", order)
			if got := fmt.Sprint(broken(t, err)); got != tt.want {
				t.Errorf("refused by %s, want %s (%v)", got, tt.want, err)
			}
			sent := int64(1)
			if tt.want != "[]" {
				sent = 0
			}
			if n := d.sent.Load(); n != sent {
				t.Errorf("%d orders were sent, want %d", n, sent)
			}
		})
	}
}

// answers makes the broker accept every order, because these tests are about
// the guards.
func answers(d *desk) {
	d.answers(say(200, `{"id":"00000000-0000-4000-8000-00000000000a","client_order_id":"x","status":"new","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`))
}

// A refusal by a guard becomes an event and leaves no order, so its
// client_order_id can be used again.
func TestGuardRefusalIsAnEvent(t *testing.T) {
	d := newDesk(t)
	d.synced()
	d.guards(`{"max_order_notional":"1"}`)
	order := request(t, buyLimit)
	order.ClientOrderID = "again"
	if got := broken(t, place(d, order)); len(got) != 1 {
		t.Fatalf("refused by %v", got)
	}
	if got := d.stored("again"); got != "missing" {
		t.Errorf("the order is there: %s", got)
	}
	var data string
	if err := d.pg.Conn(t, "admin").QueryRow(t.Context(), `select data from app.account_events where account_id = $1 and kind = 'guard' order by seq desc limit 1`, d.owner.Account).Scan(&data); err != nil {
		t.Fatal(err)
	}
	var event struct {
		Event       string
		SubmittedBy string `json:"submitted_by"`
		Violations  []trading.Violation
		Request     trading.OrderRequest
	}
	if err := json.Unmarshal([]byte(data), &event); err != nil {
		t.Fatal(err)
	}
	if event.Event != "refused" || event.SubmittedBy != "u1" || len(event.Violations) != 1 || event.Request.ClientOrderID != "again" {
		t.Errorf("the event is %s", data)
	}
	d.guards(`{}`)
	if err := place(d, order); err != nil {
		t.Errorf("once the guard is gone: %v", err)
	}
}

func place(d *desk, r trading.OrderRequest) error {
	_, err := d.service.Place(d.t.Context(), d.owner, "", r)
	return err
}

// A retry gets the result of the first request, even if the guards would refuse
// the order by now.
func TestRetryPassesGuards(t *testing.T) {
	d := newDesk(t)
	d.synced()
	order := request(t, buyLimit)
	order.ClientOrderID = "first"
	if err := place(d, order); err != nil {
		t.Fatal(err)
	}
	d.turn("halted")
	if err := place(d, order); err != nil {
		t.Errorf("its retry: %v", err)
	}
	if n := d.sent.Load(); n != 1 {
		t.Errorf("%d orders were sent", n)
	}
	// An order that never arrived is sent by its retry, so the guards are
	// checked again.
	d.turn("open")
	order.ClientOrderID = "second"
	d.answers(say(429, `{"code":42910000,"message":"too many requests"}`))
	if err := place(d, order); !problem.Is(err, problem.BrokerRateLimited) {
		t.Fatal(err)
	}
	d.answers(nil)
	d.turn("halted")
	if got := broken(t, place(d, order)); len(got) != 1 {
		t.Errorf("the retry of what was never sent is refused by %v", got)
	}
}

// If a hundred orders are placed at once and the limit allows ten, ten are
// placed. This holds for each guard that counts or adds up.
func TestGuardsUnderConcurrency(t *testing.T) {
	for name, limits := range map[string]string{
		"orders a minute":   `{"orders_per_minute":10}`,
		"orders a day":      `{"orders_per_day":10}`,
		"open orders":       `{"max_open_orders":10}`,
		"position":          `{"max_position_qty":"10"}`,
		"position's worth":  `{"max_position_notional":"1000"}`,
		"all of them":       `{"orders_per_minute":10,"orders_per_day":10,"max_open_orders":10,"max_position_qty":"10","max_position_notional":"1000"}`,
		"with lost answers": `{"max_position_qty":"10"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synced()
			d.exec("update app.stream_cursors set max_age = '1 hour'") // a hundred orders may take a minute on a slow machine
			d.guards(limits)
			lost := name == "with lost answers"
			if lost {
				d.answers(say(500, `{}`))
			}
			var placed atomic.Int64
			var placing sync.WaitGroup
			for range 100 {
				placing.Go(func() {
					order := request(t, buyLimit)
					order.Qty = &trading.Amount{Decimal: decimal.NewFromInt(1)}
					if err := place(d, order); err == nil {
						placed.Add(1)
					} else if len(broken(t, err)) == 0 {
						t.Error(err)
					}
				})
			}
			placing.Wait()
			if n, sent, book := placed.Load(), d.sent.Load(), len(d.sim.Orders(d.seed.KeyID)); n != 10 || sent != 10 || !lost && book != 10 {
				t.Errorf("%d were placed, %d sent, and the broker has %d; want 10", n, sent, book)
			}
		})
	}
}

// Only the owner may change limits and open the switch. A trader may make the
// switch stricter, and a viewer may do nothing.
func TestWhoTurnsTheSwitch(t *testing.T) {
	d := newDesk(t)
	d.synced()
	d.exec(`update app.account_grants set role = 'trader' where user_id = 'u2'`)
	trader := d.viewer
	turn := func(a tenant.Admission, to string) error {
		_, err := d.service.Turn(t.Context(), a, "", trading.Switch{To: to})
		return err
	}
	if err := turn(trader, "reduce_only"); err != nil {
		t.Errorf("a trader makes it stricter: %v", err)
	}
	if err := turn(trader, "halted"); err != nil {
		t.Errorf("a trader makes it stricter: %v", err)
	}
	for _, to := range []string{"open", "reduce_only"} {
		if err := turn(trader, to); !problem.Is(err, problem.NotPermitted) {
			t.Errorf("a trader turns it to %s: %v", to, err)
		}
	}
	yes := true
	if _, err := d.service.Turn(t.Context(), trader, "", trading.Switch{To: "halted", SuspendTrade: &yes}); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a trader sets Alpaca's own switch: %v", err)
	}
	if _, err := d.service.SetGuards(t.Context(), trader, trading.Limits{}); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a trader changes limits: %v", err)
	}
	if err := turn(d.owner, "open"); err != nil {
		t.Errorf("the owner opens it: %v", err)
	}
	d.exec(`update app.account_grants set role = 'viewer' where user_id = 'u2'`)
	if err := turn(d.viewer, "halted"); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer turns it: %v", err)
	}
	d.exec(`update app.user_accounts set is_active = false`)
	d.exec(`update app.account_grants set role = 'trader' where user_id = 'u2'`)
	if err := turn(trader, "halted"); err != nil {
		t.Errorf("a trader of a paused account stops it: %v", err)
	}
}

// Before the mirror has agreed with the broker for the first time, guards
// cannot be checked, and nothing is sent. Without guards an order is sent at
// once.
func TestGuardsWaitForTheMirror(t *testing.T) {
	d := newDesk(t)
	if err := place(d, request(t, buyLimit)); err != nil {
		t.Errorf("without guards: %v", err)
	}
	d.guards(`{"max_position_qty":"100"}`)
	if err := place(d, request(t, buyLimit)); !problem.Is(err, problem.AccountNotSynced) {
		t.Errorf("%v", err)
	}
	d.turn("halted")
	if got := broken(t, place(d, request(t, buyLimit))); fmt.Sprint(got) != "[switch]" {
		t.Errorf("halted: refused by %v", got)
	}
}

// While what the guards need is fetched, they may come to need more: here the
// mirror agrees for the first time, and then they need a price. The order is
// not refused for that.
func TestGuardsAskForWhatIsNew(t *testing.T) {
	d := newDesk(t)
	d.guards(`{"max_order_notional":"2000"}`)
	// Between the two checks of the guards the keys are decrypted, which adds a
	// row to the audit log and so calls this function.
	d.exec(`create function public.agree() returns trigger language plpgsql security definer as
		'begin insert into app.stream_cursors (account_id, agreed_at) values (new.account_id, now()) on conflict do nothing; return null; end'`)
	d.exec(`create trigger agree after insert on app.audit_log for each row execute function public.agree()`)
	if err := place(d, market("a", 10)); err != nil {
		t.Errorf("refused: %v", err)
	}
}

// An order waits for the account's first reconciliation, and for another one if
// the mirror comes into doubt before the order is inserted. A fill may arrive
// at any time and is no reason to refuse an order.
func TestOrdersWaitUntilTheMirrorIsCurrent(t *testing.T) {
	d := newDesk(t)
	d.guards(`{"max_position_qty":"100"}`)
	d.exec(`create function public.reconcile() returns trigger language plpgsql security definer as
		'begin
			insert into app.stream_cursors as c (account_id, agreed_at) values (new.account_id, now())
				on conflict (account_id) do update set doubts_settled = c.doubts;
			update app.syncs set answered = asked, answered_at = now(), answer = jsonb_build_object() where account_id = new.account_id;
			return null;
		end'`)
	d.exec(`create trigger reconcile after insert or update on app.syncs for each row when (pg_trigger_depth() = 0) execute function public.reconcile()`)
	// Each time the keys are decrypted, which happens after the wait, the
	// mirror comes into doubt.
	d.exec(`create table public.doubts (n int); insert into public.doubts values (2)`)
	d.exec(`create function public.doubt() returns trigger language plpgsql security definer as
		'begin
			update public.doubts set n = n - 1;
			update app.stream_cursors set doubts = doubts + 1 where account_id = new.account_id and (select n >= 0 from public.doubts);
			return null;
		end'`)
	d.exec(`create trigger doubt after insert on app.audit_log for each row execute function public.doubt()`)
	if err := place(d, request(t, buyLimit)); err != nil {
		t.Errorf("refused: %v", err)
	}
	var asked int
	if err := d.pg.Conn(t, "admin").QueryRow(t.Context(), `select asked from app.syncs`).Scan(&asked); err != nil || asked != 3 {
		t.Errorf("requested %d reconciliations (%v), want the first and one for each of two doubts", asked, err)
	}
}

// Lists and guards count the same orders as open, for every status.
func TestOpenIsOneThing(t *testing.T) {
	statuses := []string{"new", "accepted", "pending_new", "partially_filled", "held", "done_for_day", "pending_cancel", "pending_replace", "stopped",
		"suspended", "calculated", "accepted_for_bidding", "invented_later", "filled", "canceled", "expired", "rejected", "replaced"}
	over := statuses[slices.Index(statuses, "filled"):]
	d := newDesk(t)
	d.synced()
	ask := func() (open, closed []string, counted int) {
		t.Helper()
		for _, o := range d.list("status=open&limit=500").Orders {
			open = append(open, o.Status)
		}
		for _, o := range d.list("status=closed&limit=500").Orders {
			closed = append(closed, o.Status)
		}
		guards, err := d.service.Guards(t.Context(), d.owner)
		var said struct {
			Usage struct {
				Open int `json:"open_orders"`
			}
		}
		if err != nil || json.Unmarshal(guards, &said) != nil {
			t.Fatalf("%s: %v", guards, err)
		}
		return open, closed, said.Usage.Open
	}
	for _, status := range statuses {
		d.exec("delete from app.alpaca_orders where account_id = $1", d.owner.Account)
		d.guards(`{}`)
		d.has("buy 1 AAPL limit 50")
		d.exec("update app.alpaca_orders set status = $2 where account_id = $1", d.owner.Account, status)
		open, closed, counted := ask()
		if isOver := slices.Contains(over, status); len(open) != counted || isOver != (counted == 0) || isOver != (len(closed) == 1) {
			t.Errorf("%s: %v are listed open, %v closed, and %d counted", status, open, closed, counted)
		}
		d.guards(`{"max_open_orders":1}`)
		_, err := d.service.Place(t.Context(), d.owner, "", request(t, `{"symbol":"MSFT","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`))
		if refused := problem.Is(err, problem.GuardRefused); refused != (counted == 1) {
			t.Errorf("%s: the next order is refused: %v, %v", status, refused, err)
		}
	}
	// An order with an unknown outcome has no status of Alpaca's, and counts as
	// open.
	d.exec("delete from app.alpaca_orders where account_id = $1", d.owner.Account)
	d.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, symbol, side, qty, type, time_in_force)
		values ($1, 'lost', 'unknown', 'unknown', 'AAPL', 'buy', 1, 'market', 'day')`, d.owner.Account)
	if open, closed, counted := ask(); len(open) != 1 || len(closed) != 0 || counted != 1 {
		t.Errorf("unknown: %v are listed open, %v closed, and %d counted", open, closed, counted)
	}
}

// The orders of a day are counted as they are sent, and not read: a count that says what
// the orders say, whatever becomes of them. A retry of one that exists adds none, one
// that never arrived is none, and one that is sent again counts once.
func TestOrdersOfTheDayAreCounted(t *testing.T) {
	d := newDesk(t)
	d.synced()
	scan := d.scanner()
	counted := func(what string, want int) {
		t.Helper()
		var count, orders int
		scan(&count, "select coalesce(sum(sent), 0) from app.order_counts where account_id = $1", d.owner.Account)
		scan(&orders, "select count(*) from app.alpaca_orders where account_id = $1 and request_hash is not null and intent_state <> 'unsent'", d.owner.Account)
		if count != want || orders != want {
			t.Errorf("%s: counted are %d, and there are %d; want %d", what, count, orders, want)
		}
	}
	order := func(id string) trading.OrderRequest {
		o := request(t, buyLimit)
		o.ClientOrderID = id
		return o
	}
	send := func(id string, arrives bool) {
		t.Helper()
		if err := place(d, order(id)); (err == nil) != arrives {
			t.Fatalf("%s: %v", id, err)
		}
	}
	send("one", true)
	counted("one order", 1)
	send("one", true)
	counted("its retry", 1)
	d.answers(say(429, `{"code":42910000,"message":"too many requests"}`))
	send("two", false)
	counted("one that never arrived", 1)
	d.answers(nil)
	send("two", true)
	counted("which is sent again", 2)
	d.exec("update app.alpaca_orders set intent_state = 'unsent' where account_id = $1 and client_order_id = 'two'", d.owner.Account)
	d.exec("update app.alpaca_orders set intent_state = 'accepted' where account_id = $1 and client_order_id = 'two'", d.owner.Account)
	counted("which was found at the broker after all", 2)
	// Those of the days before do not count against a limit.
	d.exec("update app.order_counts set day = day - 1 where account_id = $1", d.owner.Account)
	d.guards(`{"orders_per_day":1}`)
	send("three", true)
	if got := fmt.Sprint(broken(t, place(d, order("four")))); got != "[orders_per_day]" {
		t.Errorf("the second order of the day was refused by %s", got)
	}
	// Rows of one statement are counted by each other.
	d.guards(`{"orders_per_day":3}`)
	tx, err := d.pg.Conn(t, "paddock_app").Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), "select private.admit($1, $2)", d.owner.Token, d.owner.Account)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(t.Context(), `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, request_hash, symbol, side, type, time_in_force, qty, limit_price)
		select $1, 'of-' || n, 'u1', '\x00', 'AAPL', 'buy', 'limit', 'day', 1, 1 from generate_series(1, 3) n`, d.owner.Account)
	if tenant.SQLState(err) != "PD422" {
		t.Errorf("three orders where two are left: %v", err)
	}
}

// scanner returns a function that reads a row as the server's administrator.
func (d *desk) scanner() func(into any, sql string, args ...any) {
	admin := d.pg.Conn(d.t, "admin")
	return func(into any, sql string, args ...any) {
		d.t.Helper()
		if err := admin.QueryRow(d.t.Context(), sql, args...).Scan(into); err != nil {
			d.t.Fatal(err)
		}
	}
}

// When keys were last used is noted once a minute, and in the audit each time.
func TestUseOfKeysIsNotedOnceAMinute(t *testing.T) {
	d := newDesk(t)
	scan := d.scanner()
	use := func() (at time.Time) {
		t.Helper()
		if _, err := d.service.BrokerAccount(t.Context(), d.owner); err != nil {
			t.Fatal(err)
		}
		scan(&at, "select last_decrypted_at from private.user_credentials where account_id = $1", d.owner.Account)
		return at
	}
	var before, after int
	const audited = "select count(*) from app.audit_log where account_id = $1 and action = 'credentials.decrypt'"
	first := use()
	scan(&before, audited, d.owner.Account)
	if again := use(); !again.Equal(first) {
		t.Errorf("noted at %s and again at %s", first, again)
	}
	d.exec("update private.user_credentials set last_decrypted_at = last_decrypted_at - interval '2 minutes'")
	if later := use(); later.Before(first) {
		t.Errorf("after two minutes it is still %s", later)
	}
	if scan(&after, audited, d.owner.Account); after != before+2 {
		t.Errorf("two uses have %d rows in the audit", after-before)
	}
}
