package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/wait"
)

// Bounds of a wind-down.
const (
	// stuckAfter is how many rounds in a row may end with a refusal and without
	// progress before the wind-down is stuck and a person is told. They take
	// some two minutes.
	stuckAfter = 8
	// quickRounds is how many rounds follow each other closely.
	quickRounds = 15
	// tellAfter is how old a wind-down is when its message begins to say what it
	// waits for. It is counted from the turn of the switch, because each round may
	// be one of another server.
	tellAfter = 4 * time.Second
	// resendAfter is how old a closing must be that the broker does not know
	// before it is sent again under its own client_order_id.
	resendAfter = 2 * time.Second
)

// windDown is a wind-down that is running.
type windDown struct {
	ID        uuid.UUID
	Cancel    bool          // cancel all open orders
	Liquidate bool          // close all positions
	Canceled  bool          // all open orders were canceled by one call already
	Suspend   *bool         // what Alpaca's own suspend_trade is set to at the end
	Age       time.Duration // when it was read

	// awaitsOpen means that a closing of an option was refused because its market
	// is closed: Alpaca queues no market orders for options. They are sent when it
	// opens.
	awaitsOpen bool
}

// remaining is what a wind-down has left to do, in the JSON form that users
// see.
type remaining struct {
	Orders    int            `json:"orders"`       // open at the broker, without its own closings
	OnTheWay  int            `json:"on_their_way"` // intents whose answer is missing
	Positions []leftPosition `json:"positions"`
	refused   bool           // the broker refused something in this round
	waiting   bool           // all that is left waits for the market
	inTheWay  bool           // orders that it does not cancel trade a position that is left
}

// leftPosition is a position that is still held.
type leftPosition struct {
	Symbol  string `json:"symbol"`
	Qty     string `json:"qty"`
	Message string `json:"message,omitempty"` // why it is still there
}

func (r *remaining) isEmpty() bool {
	return r.Orders == 0 && r.OnTheWay == 0 && len(r.Positions) == 0
}

// windDown runs one wind-down, with priority over background requests of the
// account.
func (a *account) windDown(ctx context.Context, w windDown) {
	client, err := a.opened.Client(a.m.Broker, a.lease.Account)
	if err != nil {
		a.log.Error("a wind-down has no client of the broker", "err", err)
		return
	}
	foreground := &account{m: a.m, lease: a.lease, log: a.log, opened: a.opened, client: client, gap: a.gap, askedSingly: map[uuid.UUID]bool{}, missing: map[lostIntent]lookUpState{}}
	err = foreground.carryOut(ctx, w)
	if err != nil && ctx.Err() == nil && !a.handleRefusedKeys(ctx, err) {
		a.log.Warn("a wind-down was interrupted; the next look at the leases goes on with it", "err", err)
	}
	signal(a.gap) // so that the mirror agrees with the result
}

// windDownsToRun returns the account's wind-downs that are running.
func (a *account) windDownsToRun(ctx context.Context) (list []windDown) {
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`select id, cancel_orders, liquidate, canceled_at is not null, suspend_trade, clock_timestamp() - asked_at from app.wind_downs
			where account_id = $1 and state = 'running' order by asked_at`, a.lease.Account).Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[windDown])
			return err
		})
	})
	if err != nil && ctx.Err() == nil {
		a.log.Warn("wind-downs could not be read; the next look at the leases finds them", "err", err)
	}
	return list
}

// carryOut does one round after another until nothing is left, or the wind-down
// is stuck or was ended by another turn of the switch. It returns an error
// where the keys are refused, the lease is lost or the database is away: the
// next renewal of the leases, here or elsewhere, resumes it.
func (a *account) carryOut(ctx context.Context, w windDown) error {
	fruitless, failed, before := 0, 0, ""
	begun := time.Now().Add(-w.Age)
	for attempt := 0; ; attempt++ {
		left, err := a.windDownRound(ctx, &w)
		if errors.Is(err, errWindDownEnded) {
			return nil
		}
		if broker.IsKind(err, broker.Unauthorized) || problem.Is(err, problem.AccountForbidden) || problem.Is(err, problem.DatabaseUnavailable) || ctx.Err() != nil {
			return err
		}
		state, message := "running", ""
		tell := time.Since(begun) > tellAfter
		outage := isOutage(err)
		if err != nil {
			a.log.Warn("a round of a wind-down failed and is tried again", "wind_down", w.ID, "err", err)
		}
		if !outage {
			failed = 0
		}
		again := err != nil && before != "" // what is left is what was left before
		switch {
		case outage: // an outage ends nothing: try until the broker answers
			failed++
			message = "Alpaca cannot be reached, or has had too many requests. It is tried again until Alpaca answers."
		case err != nil:
			left.refused, message = true, problem.Of(problem.FromBroker(err)).Message
		case left.isEmpty():
			state = "done"
		case left.waiting:
			message = "What is left waits for the market: its closing orders are at Alpaca, or are sent when it opens."
		case tell && left.Orders > 0:
			message = "Alpaca has not canceled all orders yet. It is tried again until they are over."
		case tell && left.OnTheWay > 0:
			message = "Alpaca's answer to some orders is missing. They are looked up until it is known what became of them."
		case tell && left.inTheWay:
			message = "Open orders that it does not cancel trade what is left already. It goes on when they are over: cancel them to go on now."
		}
		text, err := json.Marshal(left)
		if err != nil {
			return err
		}
		if again {
			text = []byte(before)
		}
		if !outage && (string(text) != before || !left.refused) {
			fruitless = 0
		}
		before = string(text)
		if left.refused {
			if fruitless++; fruitless >= stuckAfter {
				state = "stuck"
				if message == "" {
					message = "Alpaca refuses to close what is left: see its reasons. Close it at Alpaca, or turn the switch again to try again."
				}
			}
		}
		still, err := a.windDownProgress(ctx, w, state, message, text)
		if err != nil || !still {
			return err
		}
		pause := a.windDownPause(attempt, max(fruitless, failed), left.waiting || left.inTheWay)
		if attempt > quickRounds {
			pause = max(pause, left.pace())
		}
		if !wait.For(ctx, pause) {
			return ctx.Err()
		}
	}
}

// isOutage reports whether a round ended because the broker gave no answer,
// which says nothing about what was asked.
func isOutage(err error) bool {
	return broker.IsKind(err, broker.Unavailable, broker.RateLimited, broker.Ambiguous, broker.Canceled)
}

// pace is the least time between rounds, by the number of requests in one. Half
// of what Alpaca lets an account ask is left to reconciliations and to
// look-ups, which find out about orders that never arrived. No pause is longer
// than the one between look-ups may be.
func (r remaining) pace() time.Duration {
	const each = 600 * time.Millisecond // 100 a minute
	return min(time.Duration(4+r.Orders+r.OnTheWay+len(r.Positions))*each, 20*time.Second)
}

// windDownPause is the time between two rounds: short while orders are being
// canceled or filled, longer where the broker refuses, and where what is left
// waits for the market or for orders that are not to be canceled.
func (a *account) windDownPause(attempt, fruitless int, waiting bool) time.Duration {
	switch {
	case fruitless > 0:
		return min(a.m.WindDownPause<<(min(fruitless, stuckAfter)-1), 30*time.Second)
	case attempt < quickRounds:
		return 200 * time.Millisecond
	case attempt < 60 || !waiting:
		return 2 * time.Second
	}
	return 30 * time.Second
}

// windDownProgress records what is left, and reports whether the wind-down
// still runs.
func (a *account) windDownProgress(ctx context.Context, w windDown, state, message string, left json.RawMessage) (running bool, err error) {
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select app.record_wind_down_progress($1, $2, $3, nullif($4, ''), $5)", a.lease.Account, w.ID, state, message, left)
		b.Queue("select exists (select from app.wind_downs where account_id = $1 and id = $2 and state = 'running')", a.lease.Account, w.ID).
			QueryRow(func(row pgx.Row) error { return row.Scan(&running) })
	})
	return running, err
}

// windDownRound cancels orders, reads orders and positions, and closes what can
// be closed. Orders are read before positions: a fill in between is in the
// positions, and its order counts as open until the next round.
func (a *account) windDownRound(ctx context.Context, w *windDown) (left remaining, err error) {
	left.Positions = []leftPosition{}
	if err := a.stillRuns(ctx, *w); err != nil {
		return left, err
	}
	if w.Cancel && !w.Canceled {
		if err := a.client.CancelAllOrders(ctx); err != nil {
			return left, err
		}
		err := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
			b.Queue("update app.wind_downs set canceled_at = clock_timestamp() where account_id = $1 and id = $2", a.lease.Account, w.ID)
		})
		if err != nil {
			return left, err
		}
		w.Canceled = true
	}
	if err := a.settleIntents(ctx, w); err != nil {
		return left, err
	}
	if err := a.readOrders(ctx); err != nil {
		return left, err
	}
	if err := a.cancelLeft(ctx, w, &left); err != nil {
		return left, err
	}
	positions, err := a.readPositions(ctx)
	if err != nil {
		return left, err
	}
	if err := a.closeLeft(ctx, w, &left); err != nil {
		return left, err
	}
	if w.Liquidate {
		a.addUnknownPositions(positions, &left)
	}
	if !left.isEmpty() || w.Suspend == nil {
		return left, nil
	}
	return left, a.suspend(ctx, *w.Suspend)
}

// addUnknownPositions adds positions that the broker holds and the mirror does
// not know, so that they are not reported as closed. A reconciliation records
// them, except those that cannot be read.
func (a *account) addUnknownPositions(positions broker.PositionsAnswer, left *remaining) {
	known := map[string]bool{}
	for _, p := range left.Positions {
		known[p.Symbol] = true
	}
	add := func(p leftPosition) {
		if !known[p.Symbol] {
			known[p.Symbol], left.waiting = true, false
			left.Positions = append(left.Positions, p)
		}
	}
	for _, p := range positions.Value {
		if !p.Qty.IsZero() && !known[broker.PositionSymbol(p.Symbol)] {
			add(leftPosition{Symbol: p.Symbol, Qty: p.Qty.String(), Message: "Alpaca holds it, and it is not known here yet: it is being looked at."})
			signal(a.gap)
		}
	}
	others := !left.isEmpty()
	for _, odd := range positions.Odd {
		if odd.Uncounted {
			add(leftPosition{Symbol: odd.ID, Message: "What Alpaca says of this position cannot be read: close it at Alpaca."})
			left.refused = left.refused || !others // stuck only once nothing else is left
		}
	}
}

// errWindDownEnded means that another turn of the switch ended the wind-down.
var errWindDownEnded = errors.New("the wind-down is over")

// stillRuns returns errWindDownEnded where the switch was turned since the last
// round, which may be half a minute ago, so that no orders are canceled of an
// account that is open again.
func (a *account) stillRuns(ctx context.Context, w windDown) error {
	var running bool
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select exists (select from app.wind_downs where account_id = $1 and id = $2 and state = 'running')", a.lease.Account, w.ID).
			QueryRow(func(row pgx.Row) error { return row.Scan(&running) })
	})
	if err == nil && !running {
		err = errWindDownEnded
	}
	return err
}

// suspend sets Alpaca's own suspend_trade.
func (a *account) suspend(ctx context.Context, on bool) error {
	answer, err := a.client.Relay(ctx, broker.SuspendTrade(on))
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// settleIntents looks up intents whose answer is missing. A closing that the
// broker does not know is sent again under its own client_order_id, which
// Alpaca accepts once, so that whichever of the two arrives first is the only
// one. This is done with the wind-down's own closings, and with a person's
// where all positions are to be closed. Otherwise nothing that a person asked
// for before the halt is sent after it.
func (a *account) settleIntents(ctx context.Context, w *windDown) error {
	var intents []closing
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`select `+closingColumnsSQL+` from app.alpaca_orders where account_id = $1 and intent_state = 'submitting'
			and updated_at < clock_timestamp() - interval '300 milliseconds' order by created_at limit 100`, a.lease.Account).
			Query(func(rows pgx.Rows) (err error) {
				intents, err = pgx.CollectRows(rows, pgx.RowToStructByPos[closing])
				return err
			})
	})
	if err != nil {
		return err
	}
	for _, in := range intents {
		answer, err := a.client.OrderByClientOrderID(ctx, in.ClientOrderID)
		switch {
		case err == nil:
			err = a.recordAnswer(ctx, answer, "reconciled")
			if unrecordable(err) {
				a.log.Error("a lost order cannot be recorded and stays unclear", "order", in.ID, "err", err)
				continue
			}
		case broker.IsKind(err, broker.NotFound) && in.mayResend(w) && in.Age > resendAfter:
			err = a.resend(ctx, in)
		case broker.IsKind(err, broker.NotFound):
			err = a.notFound(ctx, lostIntent{ID: in.ID, ClientOrderID: in.ClientOrderID, Since: in.Since})
		case broker.IsKind(err, broker.Invalid, broker.Forbidden):
			err = nil
		default:
			clear(a.missing) // the broker is away: start the windows again
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// closing is a closing order as it is sent to the broker.
type closing struct {
	ID             uuid.UUID
	ClientOrderID  string
	Symbol         string
	Side           string
	TimeInForce    string
	PositionIntent string
	Qty            decimal.Decimal
	Closes         bool       // it is a closing, and not a replacement of one
	WindDown       *uuid.UUID // that made it; nil for a person's
	Age            time.Duration
	Since          time.Time // when it was last sent
}

// mayResend reports whether a wind-down may send the closing again.
func (c closing) mayResend(w *windDown) bool {
	return c.Closes && (w.Liquidate || c.WindDown != nil && *c.WindDown == w.ID)
}

// closingColumnsSQL are a closing's columns of app.alpaca_orders.
const closingColumnsSQL = `id, client_order_id, coalesce(symbol, ''), coalesce(side, ''), time_in_force, coalesce(position_intent, ''),
	coalesce(qty, 0), reduce_only and action = 'place', wind_down_id, clock_timestamp() - created_at, updated_at`

// order returns the closing in the form of the broker's API.
func (c closing) order() alpaca.PlaceOrderRequest {
	return alpaca.PlaceOrderRequest{
		Symbol: c.Symbol, Qty: &c.Qty, Side: alpaca.Side(c.Side), Type: alpaca.Market, TimeInForce: alpaca.TimeInForce(c.TimeInForce),
		PositionIntent: alpaca.PositionIntent(c.PositionIntent), ClientOrderID: c.ClientOrderID,
	}
}

// send sends a closing for the first time and records the answer. It returns why
// the broker refused it, "" where it did not.
func (a *account) send(ctx context.Context, c closing) (refused string, err error) {
	answer, err := a.client.PlaceOrder(ctx, c.order())
	if err == nil {
		return "", a.recordAnswer(ctx, answer, "accepted")
	}
	refusal := refusalOf(err)
	if refusal == nil {
		return "", nil // the next round looks it up
	}
	state, reason := "unsent", problem.Of(problem.FromBroker(err)).Message
	switch refusal.Kind {
	case broker.Invalid, broker.Forbidden, broker.NotFound:
		state, reason = "rejected", refusal.Message
	}
	recorded := a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select app.record_refusal($1, $2, $3, $4, $5, $6, $7)", a.lease.Account, c.ID, state, reason, refusal.Code, refusal.RequestID, refusal.MoreJSON())
	})
	if recorded == nil && state == "unsent" {
		return reason, err // nothing else would arrive either
	}
	return reason, recorded
}

// resend sends a closing again that the broker does not know yet. A refusal says
// nothing about the first time, which may still be on its way: the closing is
// given up only when it was looked up in vain for as long as any lost order.
func (a *account) resend(ctx context.Context, c closing) error {
	answer, err := a.client.PlaceOrder(ctx, c.order())
	switch {
	case err == nil:
		return a.recordAnswer(ctx, answer, "accepted")
	case refusalOf(err) == nil:
		return nil // the next round looks it up
	case broker.IsKind(err, broker.Invalid, broker.Forbidden, broker.NotFound):
		return a.notFound(ctx, lostIntent{ID: c.ID, ClientOrderID: c.ClientOrderID, Since: c.Since})
	}
	return err // nothing else would arrive either
}

// refusalOf returns why a closing was not placed; nil where it may be at the
// broker: its answer was lost, or its client_order_id is taken, which only this
// order has.
func refusalOf(err error) *broker.Error {
	refusal := broker.Refusal(err)
	if refusal != nil && strings.Contains(refusal.Message, "client_order_id") {
		return nil
	}
	return refusal
}

// recordAnswer records an order as the broker answered it, as an event of the
// given name.
func (a *account) recordAnswer(ctx context.Context, answer broker.OrderAnswer, event string) error {
	return a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		queueOrderEvent(b, a.lease, answer.Raw, event, answer.RequestID)
	})
}

// readOrders records the state of orders at the broker: the open ones, and
// those that are open here and not listed there.
func (a *account) readOrders(ctx context.Context) error {
	a.odd = nil
	clear(a.askedSingly) // each round asks again
	var openHere []uuid.UUID
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) { queueOpenOrders(b, a.lease.Account, &openHere) })
	if err != nil {
		return err
	}
	orders, _, err := a.pages(ctx, url.Values{"status": {"open"}}, time.Time{}, allPages)
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, o := range orders {
		listed[o.id] = true
	}
	missing := func() (n int) {
		for _, id := range openHere {
			if !listed[id.String()] {
				n++
			}
		}
		return n
	}
	if missing() > 3 { // one page costs less than asking for each
		newest, _, err := a.pages(ctx, url.Values{"status": {"all"}, "nested": {"true"}}, time.Time{}, 2)
		if err != nil {
			return err
		}
		for _, o := range newest {
			if !listed[o.id] {
				listed[o.id] = true
				orders = append(orders, o)
			}
		}
	}
	ended, err := a.readEnded(ctx, openHere, orders)
	if err != nil {
		return err
	}
	var d differences
	return a.recordAll(ctx, append(orders, ended...), "reconciled", &d)
}

// readPositions reads and records the broker's positions.
func (a *account) readPositions(ctx context.Context) (positions broker.PositionsAnswer, err error) {
	var asOf time.Time
	var moves []byte
	err = a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue("select clock_timestamp(), app.position_moves($1)", a.lease.Account).
			QueryRow(func(row pgx.Row) error { return row.Scan(&asOf, &moves) })
	})
	if err != nil {
		return positions, err
	}
	if positions, err = a.client.Positions(ctx); err != nil {
		return positions, err
	}
	return positions, a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`select private.append_event('position', jsonb_build_object('positions', $2::jsonb), null)
			where app.record_positions($1, $2, $3, $4)`, a.lease.Account, []byte(positions.Raw), asOf, moves)
	})
}

// cancelLeft cancels, one by one, orders that the one call for all did not:
// those that appeared since, or, where only orders on their way are to be
// canceled, those.
func (a *account) cancelLeft(ctx context.Context, w *windDown, left *remaining) error {
	var open []uuid.UUID
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`select o.alpaca_order_id from app.wind_downs w
			join app.alpaca_orders o on o.account_id = w.account_id
			left join app.alpaca_orders entry on entry.account_id = o.account_id and entry.alpaca_order_id = o.parent_alpaca_order_id
			where w.account_id = $1 and w.id = $2 and o.alpaca_order_id is not null
				and not app.is_ended(o.status)
				and not exists (select from app.wind_downs own where own.account_id = o.account_id and own.id = o.wind_down_id and own.state = 'running')
				and coalesce(entry.order_class, '') <> 'mleg'
				and (w.cancel_orders or o.id = any (w.on_their_way) or entry.id = any (w.on_their_way))`, a.lease.Account, w.ID).
			Query(func(rows pgx.Rows) (err error) {
				open, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
				return err
			})
		b.Queue("select app.unanswered_intent_count($1, $2)", a.lease.Account, w.ID).
			QueryRow(func(row pgx.Row) error { return row.Scan(&left.OnTheWay) })
	})
	if err != nil {
		return err
	}
	left.Orders = len(open)
	for i, id := range open {
		if i >= maxLookUps {
			break
		}
		// An order that cannot be canceled any more is over, or soon will be.
		if err := a.client.CancelOrder(ctx, id.String()); err != nil && !broker.IsKind(err, broker.Invalid, broker.NotFound) {
			return err
		}
	}
	return nil
}

// closeLeft sends a closing order for each position that is to be closed and
// that no other order closes already.
func (a *account) closeLeft(ctx context.Context, w *windDown, left *remaining) error {
	type position struct {
		Symbol, Qty, Side string
		Closes            decimal.Decimal
		Reason            string // why the broker refused its last closing
		Waits             bool   // the broker has a closing of it
	}
	var positions []position
	err := a.m.Worker.Tx(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`select symbol, held::text, side, qty, coalesce(refused, ''), waits from app.closings_to_make($1, $2) order by symbol`,
			a.lease.Account, w.ID).Query(func(rows pgx.Rows) (err error) {
			positions, err = pgx.CollectRows(rows, pgx.RowToStructByPos[position])
			return err
		})
	})
	if err != nil {
		return err
	}
	if w.awaitsOpen {
		if w.awaitsOpen, err = a.isMarketClosed(ctx); err != nil {
			return err
		}
	}
	left.waiting = len(positions) > 0 && left.Orders == 0 && left.OnTheWay == 0
	for _, p := range positions {
		still := leftPosition{Symbol: p.Symbol, Qty: p.Qty, Message: p.Reason}
		option := broker.IsOption(p.Symbol)
		if p.Closes.IsPositive() && !(option && w.awaitsOpen) {
			if still.Message, err = a.close(ctx, w, p.Symbol, p.Side, p.Closes); err != nil {
				return err
			}
			if still.Message != "" && option {
				if w.awaitsOpen, err = a.isMarketClosed(ctx); err != nil {
					return err
				}
			}
			left.refused = left.refused || still.Message != "" && !(option && w.awaitsOpen)
		}
		if !p.Closes.IsPositive() && !p.Waits && still.Message == "" {
			still.Message = othersTrade(p.Symbol) + " It is closed when they are over."
			left.inTheWay = true
		}
		if option && w.awaitsOpen && !p.Waits {
			still.Message += ". It is sent again when the market opens."
		}
		left.waiting = left.waiting && (p.Waits || option && w.awaitsOpen)
		left.Positions = append(left.Positions, still)
	}
	return nil
}

// isMarketClosed reports whether the market of shares and options is closed, by
// the broker's clock.
func (a *account) isMarketClosed(ctx context.Context) (bool, error) {
	clock, err := a.client.Clock(ctx)
	return err == nil && !clock.Value.IsOpen, err
}

// othersTrade is why a position cannot be closed now.
func othersTrade(symbol string) string {
	return fmt.Sprintf("Orders that are open or on their way trade %s already.", symbol)
}

// close makes a closing and sends it. It returns why it was refused.
func (a *account) close(ctx context.Context, w *windDown, symbol, side string, qty decimal.Decimal) (refused string, err error) {
	var made []closing
	err = a.m.Worker.TxNotify(ctx, a.lease, func(b *tenant.Batch) {
		b.Queue(`select `+closingColumnsSQL+` from app.make_closing($1, $2, $3, $4, $5) where id is not null`, a.lease.Account, w.ID, symbol, side, qty.String()).
			Query(func(rows pgx.Rows) (err error) {
				made, err = pgx.CollectRows(rows, pgx.RowToStructByPos[closing])
				return err
			})
	})
	if tenant.SQLState(err) == "PD422" {
		return othersTrade(symbol), nil
	}
	if err != nil || len(made) == 0 {
		return "", err
	}
	return a.send(ctx, made[0])
}
