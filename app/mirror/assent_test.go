package mirror_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// twoAccounts are accounts of two users in Paddock that are connected to the
// same Alpaca account.
type twoAccounts struct {
	t        *testing.T
	pg       *pgtest.DB
	app      *tenant.DB
	worker   *tenant.Worker
	accounts [2]uuid.UUID
	holder   uuid.UUID
}

func newSharers(t *testing.T) *twoAccounts {
	pg := pgtest.New(t)
	s := &twoAccounts{t: t, pg: pg, app: tenant.NewDB(pg.Pool(t, "paddock_app"), kit.SilentBell{}), worker: tenant.NewWorker(pg.Pool(t, "paddock_worker"), kit.SilentBell{}),
		accounts: [2]uuid.UUID{uuid.New(), uuid.New()}, holder: uuid.New()}
	var set pgx.Batch
	broker := uuid.New()
	for i, user := range []string{"u1", "u2"} {
		kit.User(t, pg, user)
		set.Queue("insert into app.user_accounts (id, user_id, name, environment, alpaca_account_id) values ($1, $2, $2, 'paper', $3)", s.accounts[i], user, broker)
		set.Queue("insert into app.account_grants (account_id, user_id, role) values ($1, $2, 'owner') on conflict do nothing", s.accounts[i], user)
		set.Queue("with s as (insert into private.signs_of_life (holder, lasts) values ($2, '1 hour')) insert into app.stream_leases (account_id, holder) values ($1, $2)", s.accounts[i], s.holder)
	}
	if err := pg.Conn(t, "admin").SendBatch(t.Context(), &set).Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

// intend inserts an intent into one of the accounts.
func (s *twoAccounts) intend(who int, name string, asked map[string]any) error {
	return s.app.TxNotify(s.t.Context(), tenant.Admission{Token: []string{"token-of-u1", "token-of-u2"}[who], Account: s.accounts[who]}, func(b *tenant.Batch) {
		b.Queue(`insert into app.alpaca_orders (account_id, client_order_id, request_hash, request, submitted_by, orchestrator_agent_id, tag,
				symbol, side, type, time_in_force, qty, notional, limit_price, stop_price, trail_price, trail_percent, order_class, position_intent, extended_hours)
			values ($1, $2, '\x00', $3, private.user_id(), 'the agent', 'the tag', $4, $5, $6, $7, $8::text::numeric, $9::text::numeric, $10::text::numeric,
				$11::text::numeric, $12::text::numeric, $13::text::numeric, coalesce($14, ''), $15, coalesce($16, false))`,
			s.accounts[who], name, mustJSON(asked), asked["symbol"], asked["side"], asked["type"], asked["time_in_force"], asked["qty"], asked["notional"], asked["limit_price"],
			asked["stop_price"], asked["trail_price"], asked["trail_percent"], asked["order_class"], asked["position_intent"], asked["extended_hours"])
	})
}

// record records an order of the broker's in one of the accounts.
func (s *twoAccounts) record(who int, o map[string]any) {
	s.t.Helper()
	s.scan(who, "select (app.record_order($1, $2)).changed::text", mustJSON(o))
}

func (s *twoAccounts) scan(who int, sql string, args ...any) (text string) {
	s.t.Helper()
	lease := tenant.Lease{Account: s.accounts[who], Holder: s.holder, Fence: 1}
	if err := s.worker.TxNotify(s.t.Context(), lease, func(b *tenant.Batch) {
		b.Queue(sql, append([]any{lease.Account}, args...)...).QueryRow(func(row pgx.Row) error { return row.Scan(&text) })
	}); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return text
}

// An order that the broker returns becomes the order of an intent only if it
// has the terms that the intent asks for. Otherwise it is recorded as an order
// that was placed elsewhere.
func TestAnAnswerIsWhatWasSent(t *testing.T) {
	t.Parallel()
	s := newSharers(t)
	limit := map[string]any{"symbol": "AAPL", "side": "buy", "type": "limit", "time_in_force": "day", "qty": "10", "limit_price": "100.5"}
	amount := map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "notional": "500"}
	coin := map[string]any{"symbol": "BTCUSD", "side": "sell", "type": "market", "time_in_force": "gtc", "qty": "0.5"}
	stop := map[string]any{"symbol": "AAPL", "side": "sell", "type": "stop_limit", "time_in_force": "gtc", "qty": "10", "limit_price": "89", "stop_price": "90", "position_intent": "sell_to_close"}
	trail := map[string]any{"symbol": "AAPL", "side": "sell", "type": "trailing_stop", "time_in_force": "gtc", "qty": "10", "trail_price": "2"}
	percent := map[string]any{"symbol": "AAPL", "side": "sell", "type": "trailing_stop", "time_in_force": "gtc", "qty": "10", "trail_percent": "2"}
	late := map[string]any{"symbol": "AAPL", "side": "buy", "type": "limit", "time_in_force": "day", "qty": "10", "limit_price": "100.5", "extended_hours": true}
	lateCoin := map[string]any{"symbol": "BTC/USD", "side": "buy", "type": "limit", "time_in_force": "gtc", "qty": "1", "limit_price": "100.5", "extended_hours": true}
	oco := map[string]any{"symbol": "AAPL", "side": "sell", "type": "limit", "time_in_force": "gtc", "qty": "10", "order_class": "oco",
		"take_profit": map[string]any{"limit_price": "120"}, "stop_loss": map[string]any{"stop_price": "90"}}
	contract := func(strike, side, intent string, ratio any) map[string]any {
		return map[string]any{"symbol": "AAPL261218C00" + strike + "000", "side": side, "position_intent": intent, "ratio_qty": ratio}
	}
	spread := func(legs ...map[string]any) map[string]any {
		return map[string]any{"type": "limit", "time_in_force": "day", "qty": "1", "limit_price": "3", "order_class": "mleg", "legs": legs}
	}
	sides := spread(contract("200", "buy", "", "1"), contract("210", "sell", "", "2"))
	intents := spread(contract("200", "", "buy_to_open", "1"), contract("210", "", "sell_to_open", "2"))
	legs := func(legs ...map[string]any) map[string]any { return map[string]any{"symbol": "", "legs": legs} }
	for name, c := range map[string]struct {
		asked, differs map[string]any
		adopted        bool
	}{
		"a stop":                      {stop, map[string]any{"position_intent": "sell_to_close"}, true},
		"a stop without its intent":   {stop, map[string]any{"position_intent": ""}, true},
		"another stop price":          {stop, map[string]any{"stop_price": "91"}, false},
		"another intent":              {stop, map[string]any{"position_intent": "sell_to_open"}, false},
		"what replaces another order": {stop, map[string]any{"replaces": uuid.NewString()}, false},
		"a trail":                     {trail, map[string]any{"stop_price": "97", "hwm": "99"}, true},
		"another trail":               {trail, map[string]any{"trail_price": "3"}, false},
		"a trail in percent":          {trail, map[string]any{"trail_price": nil, "trail_percent": "2"}, false},
		"percent":                     {percent, map[string]any{"stop_price": "97", "hwm": "99"}, true},
		"another percentage":          {percent, map[string]any{"trail_percent": "2.5"}, false},
		"extended hours":              {late, nil, true},
		"no extended hours":           {late, map[string]any{"extended_hours": false}, false},
		"extended, and not asked for": {limit, map[string]any{"extended_hours": true}, false},
		"hours that are not told":     {late, map[string]any{"extended_hours": nil}, true},
		"a coin's hours":              {lateCoin, map[string]any{"extended_hours": false}, true},
		"an oco":                      {oco, map[string]any{"limit_price": "120.00"}, true},
		"an oco's other gain":         {oco, map[string]any{"limit_price": "121"}, false},
		"no oco":                      {oco, map[string]any{"limit_price": "120", "order_class": "simple"}, false},
		"a spread":                    {sides, legs(contract("210", "sell", "sell_to_open", "2"), contract("200", "buy", "buy_to_open", "1")), true},
		"a spread by its intents":     {intents, legs(contract("200", "buy", "buy_to_open", "1"), contract("210", "sell", "sell_to_open", "2")), true},
		"a flat spread":               {intents, map[string]any{"symbol": "", "legs": nil}, true},
		"a spread's other contract":   {sides, legs(contract("210", "sell", "", "2"), contract("205", "buy", "", "1")), false},
		"a spread's other side":       {sides, legs(contract("210", "buy", "", "2"), contract("200", "buy", "", "1")), false},
		"a side against an intent":    {intents, legs(contract("200", "sell", "", "1"), contract("210", "sell", "", "2")), false},
		"a spread's other intent":     {intents, legs(contract("200", "buy", "buy_to_close", "1"), contract("210", "sell", "sell_to_open", "2")), false},
		"a spread's other ratio":      {sides, legs(contract("210", "sell", "", "3"), contract("200", "buy", "", "1")), false},
		"a leg more":                  {sides, legs(contract("210", "sell", "", "2"), contract("200", "buy", "", "1"), contract("220", "buy", "", "1")), false},
		"a leg fewer":                 {sides, legs(contract("210", "sell", "", "2")), false},

		"as it was sent":         {limit, nil, true},
		"defaults filled in":     {limit, map[string]any{"order_class": "simple", "extended_hours": false, "position_intent": "buy_to_open", "hwm": nil}, true},
		"the quantity's zeros":   {limit, map[string]any{"qty": "10.0"}, true},
		"the price's zeros":      {limit, map[string]any{"limit_price": "100.50"}, true},
		"the symbol's case":      {limit, map[string]any{"symbol": "aapl"}, true},
		"the type's older name":  {limit, map[string]any{"type": nil, "order_type": "limit"}, true},
		"an amount":              {amount, map[string]any{"notional": "500.00", "qty": nil}, true},
		"the quantity it bought": {amount, map[string]any{"qty": "4.9"}, true},
		"a pair's slash":         {coin, map[string]any{"symbol": "BTC/USD"}, true},

		"another symbol":        {limit, map[string]any{"symbol": "MSFT"}, false},
		"another side":          {limit, map[string]any{"side": "sell"}, false},
		"another quantity":      {limit, map[string]any{"qty": "11"}, false},
		"no quantity":           {limit, map[string]any{"qty": nil, "notional": "10"}, false},
		"another price":         {limit, map[string]any{"limit_price": "100.51"}, false},
		"no price":              {limit, map[string]any{"limit_price": nil}, false},
		"another type":          {limit, map[string]any{"type": "stop_limit"}, false},
		"another time in force": {limit, map[string]any{"time_in_force": "gtc"}, false},
		"another class":         {limit, map[string]any{"order_class": "bracket"}, false},
		"another amount":        {amount, map[string]any{"notional": "501"}, false},
		"no amount":             {amount, map[string]any{"notional": nil, "qty": "500"}, false},
		"another pair":          {coin, map[string]any{"symbol": "ETH/USD"}, false},
	} {
		for _, parked := range []bool{false, true} {
			if err := s.intend(0, name+map[bool]string{true: ", parked"}[parked], c.asked); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			id, told := uuid.New(), maps.Clone(c.asked)
			maps.Copy(told, c.differs)
			name, before := name, "submitting"
			if parked {
				name, before = name+", parked", "unknown"
				s.scan(0, "with p as (update app.alpaca_orders set intent_state = 'unknown', status = 'unknown' where account_id = $1 and client_order_id = $2 returning 1) select count(*)::text from p", name)
			}
			maps.Copy(told, map[string]any{"id": id, "client_order_id": name, "asset_class": "us_equity", "status": "new", "filled_qty": "0",
				"created_at": "2026-06-01T14:00:00Z", "submitted_at": "2026-06-01T14:00:00Z", "updated_at": "2026-06-01T14:00:00Z"})
			s.record(0, told)
			s.record(0, told) // a second time, as after a look-up
			got := s.scan(0, `select string_agg(concat_ws('|', case client_order_id when $2 then 'ours' else 'other' end, intent_state, alpaca_order_id = $3,
					submitted_by, orchestrator_agent_id, tag), ' ' order by client_order_id = $2 desc)
				from app.alpaca_orders where account_id = $1 and (client_order_id = $2 or alpaca_order_id = $3)`, name, id)
			want := "ours|accepted|t|u1|the agent|the tag"
			if !c.adopted {
				want = "ours|" + before + "|u1|the agent|the tag other|accepted|t"
			}
			if got != want {
				t.Errorf("%s: %s, not %s", name, got, want)
			}
		}
	}
}

// If a split happens between the loss of an order's answer and its look-up, the
// order has another quantity and other prices. It still becomes the order of
// its intent if one split explains the differences. This holds only for a
// client_order_id that Paddock made, which nobody else can have used.
func TestAnOrderIsKnownAfterASplit(t *testing.T) {
	t.Parallel()
	s := newSharers(t)
	market := map[string]any{"symbol": "AMD", "side": "buy", "type": "market", "time_in_force": "day", "qty": "4"}
	limit := map[string]any{"symbol": "AMD", "side": "buy", "type": "limit", "time_in_force": "gtc", "qty": "4", "limit_price": "100"}
	stop := map[string]any{"symbol": "AMD", "side": "sell", "type": "stop_limit", "time_in_force": "gtc", "qty": "4", "limit_price": "89", "stop_price": "90"}
	oco := map[string]any{"symbol": "AMD", "side": "sell", "type": "limit", "time_in_force": "gtc", "qty": "4", "order_class": "oco",
		"take_profit": map[string]any{"limit_price": "120"}, "stop_loss": map[string]any{"stop_price": "90"}}
	amount := map[string]any{"symbol": "AMD", "side": "buy", "type": "market", "time_in_force": "day", "notional": "500"}
	coin := map[string]any{"symbol": "BTC/USD", "side": "buy", "type": "market", "time_in_force": "gtc", "qty": "4"}
	contract := map[string]any{"symbol": "AMD261218C00200000", "side": "buy", "type": "limit", "time_in_force": "day", "qty": "4", "limit_price": "3"}
	for name, c := range map[string]struct {
		asked, differs map[string]any
		class          string
		adopted        bool
	}{
		"three for one":                   {market, map[string]any{"qty": "12"}, "us_equity", true},
		"one for four":                    {market, map[string]any{"qty": "1"}, "us_equity", true},
		"three for two":                   {market, map[string]any{"qty": "6"}, "us_equity", true},
		"a price that moved":              {limit, map[string]any{"qty": "12", "limit_price": "33.3333"}, "us_equity", true},
		"a price in cents":                {limit, map[string]any{"qty": "12", "limit_price": "33.33"}, "us_equity", true},
		"a price that stays":              {limit, map[string]any{"qty": "12"}, "us_equity", true},
		"both prices":                     {stop, map[string]any{"qty": "2", "limit_price": "178", "stop_price": "180"}, "us_equity", true},
		"an oco's gain":                   {oco, map[string]any{"qty": "8", "limit_price": "60"}, "us_equity", true},
		"a price by another split":        {limit, map[string]any{"qty": "12", "limit_price": "50"}, "us_equity", false},
		"a price without its quantity":    {limit, map[string]any{"limit_price": "33.33"}, "us_equity", false},
		"a cent more":                     {limit, map[string]any{"limit_price": "100.01"}, "us_equity", false},
		"an oco's gain by another":        {oco, map[string]any{"qty": "8", "limit_price": "61"}, "us_equity", false},
		"no price":                        {limit, map[string]any{"qty": "12", "limit_price": nil}, "us_equity", false},
		"another side":                    {market, map[string]any{"qty": "12", "side": "sell"}, "us_equity", false},
		"another symbol":                  {market, map[string]any{"qty": "12", "symbol": "NVDA"}, "us_equity", false},
		"another time in force":           {market, map[string]any{"qty": "12", "time_in_force": "gtc"}, "us_equity", false},
		"no quantity":                     {market, map[string]any{"qty": nil, "notional": "12"}, "us_equity", false},
		"another amount":                  {amount, map[string]any{"notional": "1500"}, "us_equity", false},
		"a coin, which is never split":    {coin, map[string]any{"qty": "12"}, "crypto", false},
		"an option, which gets a new one": {contract, map[string]any{"qty": "12"}, "us_option", false},
	} {
		for _, own := range []bool{false, true} { // whether the client chose the client_order_id
			if err := s.intend(0, name, c.asked); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			ours := name + ", by its client's id"
			if !own {
				ours = s.scan(0, "select id::text from app.alpaca_orders where account_id = $1 and client_order_id = $2", name)
			}
			if _, err := s.pg.Conn(t, "admin").Exec(t.Context(), "update app.alpaca_orders set client_order_id = $1 where client_order_id = $2", ours, name); err != nil {
				t.Fatal(err)
			}
			id, told := uuid.New(), maps.Clone(c.asked)
			maps.Copy(told, c.differs)
			maps.Copy(told, map[string]any{"id": id, "client_order_id": ours, "asset_class": c.class, "status": "new", "filled_qty": "0",
				"created_at": "2026-06-01T14:00:00Z", "submitted_at": "2026-06-01T14:00:00Z", "updated_at": "2026-06-02T08:00:00Z"})
			s.record(0, told)
			if got := s.scan(0, "select (alpaca_order_id is not distinct from $3)::text from app.alpaca_orders where account_id = $1 and client_order_id = $2", ours, id); got != fmt.Sprint(c.adopted && !own) {
				t.Errorf("%s: whether it is the intent's order is %s", ours, got)
			}
		}
	}
}

// Two accounts in Paddock share one Alpaca account. If one has used a
// client_order_id, an order of the other under it is refused before it is sent.
// An order of one account is recorded in the other as placed elsewhere.
func TestAnOrderNameIsOneAccounts(t *testing.T) {
	t.Parallel()
	s := newSharers(t)
	asked := map[string]any{"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "10"}
	if err := s.intend(0, "mine", asked); err != nil {
		t.Fatal(err)
	}
	if err := s.intend(1, "mine", asked); tenant.SQLState(err) != "PD410" {
		t.Errorf("the second account's order under the same client_order_id: %v", err)
	}
	if err := s.intend(1, "other", asked); err != nil {
		t.Errorf("an order under another client_order_id: %v", err)
	}
	told := map[string]any{"id": uuid.New(), "client_order_id": "mine", "asset_class": "us_equity", "status": "new", "filled_qty": "0",
		"created_at": "2026-06-01T14:00:00Z", "updated_at": "2026-06-01T14:00:00Z"}
	maps.Copy(told, asked)
	for who, want := range []string{"accepted|u1|the agent|the tag", "accepted"} {
		s.record(who, told)
		got := s.scan(who, "select concat_ws('|', intent_state, submitted_by, orchestrator_agent_id, tag) from app.alpaca_orders where account_id = $1 and alpaca_order_id = $2", told["id"])
		if got != want {
			t.Errorf("account %d has %s, want %s", who, got, want)
		}
	}
}

// A replacement becomes the order of its intent if it replaces the right order,
// even if other terms differ. An intent that the broker refused stays refused,
// whoever uses its client_order_id afterwards.
func TestWhatAnIntentIsKnownBy(t *testing.T) {
	t.Parallel()
	s := newSharers(t)
	old := uuid.New()
	asked := map[string]any{"symbol": "AAPL", "side": "buy", "type": "limit", "time_in_force": "day", "qty": "10", "limit_price": "100.5"}
	for name, c := range map[string]struct {
		change  string // made to the intent
		differs map[string]any
		adopted bool
	}{
		"a replacement":                          {"action = 'replace', replaces = $2", map[string]any{"replaces": old}, true},
		"a replacement of what was left":         {"action = 'replace', replaces = $2", map[string]any{"replaces": old, "qty": "6", "time_in_force": "gtc"}, true},
		"a replacement of another order":         {"action = 'replace', replaces = $2", map[string]any{"replaces": uuid.New()}, false},
		"no replacement":                         {"action = 'replace', replaces = $2", nil, false},
		"a replacement on the other side":        {"action = 'replace', replaces = $2", map[string]any{"replaces": old, "side": "sell"}, false},
		"a replacement in another symbol":        {"action = 'replace', replaces = $2", map[string]any{"replaces": old, "symbol": "MSFT"}, false},
		"an order where the intent was refused":  {"intent_state = 'rejected', status = 'rejected', replaces = null where $2::uuid is not null and client_order_id = $1", nil, false},
		"an order where it was sent just before": {"replaces = null where $2::uuid is not null and client_order_id = $1", nil, true},
	} {
		if err := s.intend(0, name, asked); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(c.change, " where ") {
			c.change += " where client_order_id = $1"
		}
		if _, err := s.pg.Conn(t, "admin").Exec(t.Context(), "update app.alpaca_orders set "+c.change, name, old); err != nil {
			t.Fatal(err)
		}
		id, told := uuid.New(), maps.Clone(asked)
		maps.Copy(told, map[string]any{"id": id, "client_order_id": name, "asset_class": "us_equity", "status": "new", "filled_qty": "0",
			"created_at": "2026-06-01T14:00:00Z", "submitted_at": "2026-06-01T14:00:00Z", "updated_at": "2026-06-01T14:00:00Z"})
		maps.Copy(told, c.differs)
		s.record(0, told)
		if got := s.scan(0, "select (client_order_id = $3)::text from app.alpaca_orders where account_id = $1 and alpaca_order_id = $2", id, name); (got == "true") != c.adopted {
			t.Errorf("%s: it is the intent's: %s, want %v", name, got, c.adopted)
		}
	}
}

// If two accounts on one Alpaca account use one client_order_id at the same
// time, the second waits for the end of the first one's transaction, and is
// then refused.
func TestAnOrderNameIsClaimedOnce(t *testing.T) {
	t.Parallel()
	s := newSharers(t)
	claim := func(who int) (pgx.Tx, func() error) {
		t.Helper()
		tx, err := s.pg.Conn(t, "paddock_app").Begin(t.Context())
		if err == nil {
			_, err = tx.Exec(t.Context(), "select private.admit($1, $2)", []string{"token-of-u1", "token-of-u2"}[who], s.accounts[who])
		}
		if err != nil {
			t.Fatal(err)
		}
		return tx, func() error {
			_, err := tx.Exec(context.Background(), `insert into app.alpaca_orders (account_id, client_order_id, request_hash, submitted_by, symbol, side, type, time_in_force, qty)
				values ($1, 'one name', '\x00', private.user_id(), 'AAPL', 'buy', 'market', 'day', 1)`, s.accounts[who])
			return err
		}
	}
	first, insert := claim(0)
	if err := insert(); err != nil {
		t.Fatal(err)
	}
	second, insert := claim(1)
	answered := make(chan error, 1)
	go func() { answered <- insert() }()
	admin, pid := s.pg.Conn(t, "admin"), second.Conn().PgConn().PID()
	for waits := false; !waits && len(answered) == 0; {
		if err := admin.QueryRow(t.Context(), "select exists (select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock')", pid).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; tenant.SQLState(err) != "PD410" {
		t.Errorf("the second account got %v", err)
	}
	_ = second.Rollback(t.Context())
}
