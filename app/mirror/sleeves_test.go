package mirror_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
)

// sleeveTrial tells the SQL what the broker says, of an account with one sleeve that has
// 10,000.
type sleeveTrial struct {
	*world
	l      tenant.Lease
	sleeve uuid.UUID
	told   int
	at     time.Time
}

func newSleeveTrial(t *testing.T) *sleeveTrial {
	w := newWorld(t)
	s := &sleeveTrial{world: w, l: w.lease(), sleeve: uuidOf(71), at: time.Now().Add(-time.Hour).UTC().Truncate(time.Second)}
	w.exec("insert into app.sleeves (account_id, id, name, transferred, made_by) values ($1, $2, 'mine', 10000, 'x')", w.account.Account, s.sleeve)
	return s
}

// says has the broker's word of an order recorded, as an update of the stream, or with
// "" as what REST answers.
func (s *sleeveTrial) says(event string, order, more map[string]any) {
	s.t.Helper()
	s.told++
	s.at = s.at.Add(time.Second)
	text := payload(update(fmt.Sprintf("%026d", s.told), event, s.at, order, more))
	sql := "select app.apply_trade_update($1, $2)"
	if event == "" {
		sql = "select app.record_order($1, $2::jsonb->'order')"
	}
	s.does(sql, text)
}

func (s *sleeveTrial) does(sql string, args ...any) {
	s.t.Helper()
	must(s.t, s.worker.TxNotify(s.t.Context(), s.l, func(b *tenant.Batch) { b.Queue(sql, append([]any{s.l.Account}, args...)...) }))
}

// owns gives an order to the sleeve, as if it had been placed here, with what it may cost.
func (s *sleeveTrial) owns(clientOrderID string, cost any) {
	s.t.Helper()
	s.exec(`insert into app.alpaca_orders (account_id, client_order_id, alpaca_order_id, intent_state, status, submitted_by, sleeve_id, sleeve_cost)
		values ($1, $2, $3, 'accepted', 'new', 'x', $4, $5::numeric)`, s.l.Account, clientOrderID, uuid.NewSHA1(uuid.Nil, []byte(clientOrderID)), s.sleeve, cost)
}

// want compares what the sleeve holds of a symbol, by its round trips and for the guards,
// what it has traded, and what its orders may still take.
func (s *sleeveTrial) want(what, symbol, booked, held, traded, reserved string) {
	s.t.Helper()
	got := scan[string](s.world, `select concat_ws(' ', coalesce((select trim_scale(sum(entry_qty - exit_qty)) from app.trading_positions
			where account_id = $1 and scope = 'sleeve' and scope_value = $2 and symbol = $3 and closed_at is null), 0),
		trim_scale(app.held_in_sleeves($1, $3, $2::uuid)), trim_scale((select traded from app.sleeves where account_id = $1)), trim_scale(app.reserved_cash($1, $2::uuid)))`,
		s.l.Account, s.sleeve.String(), symbol)
	if want := fmt.Sprint(booked, " ", held, " ", traded, " ", reserved); got != want {
		s.t.Errorf("%s: of %s it has booked, holds, traded and reserved %s; want %s", what, symbol, got, want)
	}
}

// A leg that filled before anybody knew of which order it is sells for that order's sleeve:
// what was booked to nobody is booked again, once the broker says whose it is.
func TestLegThatFilledBeforeItsOrderWasKnown(t *testing.T) {
	t.Parallel()
	s := newSleeveTrial(t)
	s.owns("entry", "1000")
	entry := map[string]any{"client_order_id": "entry", "order_class": "bracket", "status": "filled", "filled_qty": "10", "filled_avg_price": "100"}
	s.says("fill", entry, map[string]any{"execution_id": "in", "qty": "10", "price": "100"})
	leg := map[string]any{"client_order_id": "leg", "side": "sell", "status": "filled", "filled_qty": "10", "filled_avg_price": "90"}
	s.says("fill", leg, map[string]any{"execution_id": "out", "qty": "10", "price": "90"})
	s.want("while the leg is nobody's", "AAPL", "10", "10", "-1000", "0")

	nested := map[string]any{}
	if err := json.Unmarshal(payload(update("x", "fill", s.at, leg, nil)), &nested); err != nil {
		t.Fatal(err)
	}
	entry["legs"] = []any{nested["order"]}
	s.says("", entry, nil)
	s.want("once it is known, and its execution is asked for", "AAPL", "10", "0", "-1000", "0")
	out := scan[uuid.UUID](s.world, "select id from app.alpaca_orders where client_order_id = 'leg'")
	s.does("select app.replace_fills($1, $2, $3)", out, mustJSON([]map[string]any{{"id": "2026::out", "qty": "10", "price": "90", "transaction_time": s.at}}))
	s.want("in the end", "AAPL", "0", "0", "-100", "0")
	if n := scan[int](s.world, "select count(*) from app.fills where account_id = $1 and state = 'live'", s.l.Account); n != 2 {
		t.Errorf("there are %d executions", n)
	}
}

// An order that somebody put at Alpaca in the place of a sleeve's takes from the sleeve's
// cash what it may cost, so that the same cash is not spent a second time here.
func TestReplacementFromElsewhereIsReserved(t *testing.T) {
	t.Parallel()
	s := newSleeveTrial(t)
	s.owns("mine", "1000")
	id := scan[string](s.world, "select $1::text", uuid.NewSHA1(uuid.Nil, []byte("mine")))
	limit := map[string]any{"client_order_id": "mine", "type": "limit", "limit_price": "100"}
	s.says("new", limit, nil)
	s.want("at first", "AAPL", "0", "0", "0", "1000")
	s.says("replaced", map[string]any{"client_order_id": "mine", "type": "limit", "limit_price": "100", "status": "replaced"}, nil)
	other := map[string]any{"client_order_id": "elsewhere", "type": "limit", "limit_price": "120", "qty": "15", "replaces": id}
	s.says("new", other, nil)
	s.want("replaced elsewhere", "AAPL", "0", "0", "0", "1800")

	// A market order has no price of its own: it may cost what that before it did, for each.
	s.owns("market", "500")
	s.says("new", map[string]any{"client_order_id": "market", "qty": "5"}, nil)
	s.says("replaced", map[string]any{"client_order_id": "market", "qty": "5", "status": "replaced"}, nil)
	s.says("new", map[string]any{"client_order_id": "elsewhere too", "qty": "7", "replaces": uuid.NewSHA1(uuid.Nil, []byte("market")).String()}, nil)
	s.want("with a market order", "AAPL", "0", "0", "0", "2500")
}

// A replacement that is recorded before the order that it replaces gets that one's sleeve
// with the next word of it, and what it traded until then is booked to the sleeve.
func TestReplacementThatIsKnownFirst(t *testing.T) {
	t.Parallel()
	s := newSleeveTrial(t)
	s.owns("mine", "1000")
	s.exec("update app.alpaca_orders set alpaca_order_id = null") // its answer has not come yet
	other := map[string]any{"client_order_id": "elsewhere", "type": "limit", "limit_price": "100", "qty": "10", "filled_qty": "4", "filled_avg_price": "100",
		"status": "partially_filled", "replaces": uuid.NewSHA1(uuid.Nil, []byte("mine")).String()}
	s.says("partial_fill", other, map[string]any{"execution_id": "a", "qty": "4", "price": "100"})
	s.exec("update app.alpaca_orders set alpaca_order_id = $1 where client_order_id = 'mine'", uuid.NewSHA1(uuid.Nil, []byte("mine")))
	s.says("replaced", map[string]any{"client_order_id": "mine", "type": "limit", "limit_price": "100", "status": "replaced"}, nil)
	other["filled_qty"] = "6"
	s.says("partial_fill", other, map[string]any{"execution_id": "b", "qty": "2", "price": "100"})
	s.want("with the next execution", "AAPL", "2", "6", "-200", "800")
	id := scan[uuid.UUID](s.world, "select id from app.alpaca_orders where client_order_id = 'elsewhere'")
	s.does("select app.replace_fills($1, $2, $3)", id, mustJSON([]map[string]any{{"id": "2026::a", "qty": "4", "price": "100", "transaction_time": s.at.Add(-2 * time.Second)},
		{"id": "2026::b", "qty": "2", "price": "100", "transaction_time": s.at}}))
	s.want("in the end", "AAPL", "6", "6", "-600", "400")
}

// What the broker took back of a buy cannot be sold any more, though it does not say yet
// which execution that was.
func TestSleeveDoesNotHoldWhatWasTakenBack(t *testing.T) {
	t.Parallel()
	s := newSleeveTrial(t)
	s.owns("mine", "1000")
	s.says("fill", map[string]any{"client_order_id": "mine", "status": "filled", "filled_qty": "10", "filled_avg_price": "100"}, map[string]any{"execution_id": "a", "qty": "10", "price": "100"})
	s.want("bought", "AAPL", "10", "10", "-1000", "0")
	s.says("trade_bust", map[string]any{"client_order_id": "mine", "status": "canceled", "filled_qty": "4", "filled_avg_price": "100"}, map[string]any{"qty": "6", "execution_id": "b"})
	s.want("six were taken back", "AAPL", "10", "4", "-1000", "0")
}

// What was traded and known before the broker was asked for the account's cash is in it
// already, however far its clock is ahead of ours.
func TestAccountCashCountsATradeOnce(t *testing.T) {
	t.Parallel()
	s := newSleeveTrial(t)
	s.at = time.Now().Add(5 * time.Minute).UTC() // the broker's clock
	s.says("fill", map[string]any{"client_order_id": "before", "side": "sell", "status": "filled", "filled_qty": "10", "filled_avg_price": "100"}, map[string]any{"execution_id": "a", "qty": "10", "price": "100"})
	s.exec("insert into app.account_balances (account_id, equity, last_equity, cash, as_of) values ($1, 0, 0, 6000, clock_timestamp())", s.l.Account)
	cash := func() string {
		return scan[string](s.world, "select trim_scale(app.account_cash($1))::text", s.l.Account)
	}
	if got := cash(); got != "6000" {
		t.Errorf("the account has %s", got)
	}
	s.says("fill", map[string]any{"client_order_id": "after", "side": "sell", "status": "filled", "filled_qty": "1", "filled_avg_price": "100"}, map[string]any{"execution_id": "b", "qty": "1", "price": "100"})
	if got := cash(); got != "6100" {
		t.Errorf("with another sale it has %s", got)
	}
}

// The shares of an exercise belong to whom the contracts belonged, whoever else holds such
// shares, and whichever of the two the broker tells first.
func TestSharesOfAnExerciseGoWithTheContracts(t *testing.T) {
	t.Parallel()
	const contract = "AAPL260116C00200000"
	for name, c := range map[string]struct {
		ofSleeve     bool // the contract, and not the shares that were there before
		group        string
		sharesFirst  bool
		held, traded string
	}{
		"of none":                    {false, "g", false, "10", "-1000"},
		"of none without a group":    {false, "", false, "10", "-1000"},
		"of the sleeve":              {true, "g", false, "100", "-20200"},
		"of the sleeve, told behind": {true, "g", true, "100", "-20200"},
		"of the sleeve by its day":   {true, "", true, "100", "-20200"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSleeveTrial(t)
			bought := func(id, symbol, class, qty, price string, ofSleeve bool) {
				if ofSleeve {
					s.owns(id, "0")
				}
				s.says("fill", map[string]any{"client_order_id": id, "symbol": symbol, "asset_class": class, "status": "filled", "qty": qty, "filled_qty": qty, "filled_avg_price": price},
					map[string]any{"execution_id": id, "qty": qty, "price": price})
			}
			bought("shares", "AAPL", "us_equity", "10", "100", !c.ofSleeve)
			bought("contract", contract, "us_option", "1", "2", c.ofSleeve)
			at := s.at.Add(time.Minute)
			gone := map[string]any{"id": "a", "activity_type": "OPEXC", "symbol": contract, "qty": "-1", "created_at": at, "group_id": c.group}
			came := map[string]any{"id": "b", "activity_type": "OPTRD", "symbol": "AAPL", "qty": "100", "price": "200", "net_amount": "-20000", "created_at": at, "group_id": c.group}
			told := [][]map[string]any{{gone, came}}
			if c.sharesFirst {
				told = [][]map[string]any{{came}, {gone}}
			}
			for _, list := range told {
				s.does("select app.record_adjustments($1, $2)", mustJSON(list))
			}
			s.want(name, "AAPL", c.held, c.held, c.traded, "0")
			s.want(name, contract, "0", "0", c.traded, "0")
			// Its executions are told anew: all is computed from the beginning.
			s.does("select app.recompute_round_trips($1, $2, '-infinity', '')", contract)
			s.want(name+", again", "AAPL", c.held, c.held, c.traded, "0")
		})
	}
}
