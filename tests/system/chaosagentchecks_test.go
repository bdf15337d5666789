package system

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// fleetPassed reads the broker's record of an account of agents from its beginning and
// returns each order that passed a limit of its token, or of one of which that was made,
// each that was sent without the word that it needed, and each moment at which a sleeve
// had spent or sold more than it had. It shares no calculation with Paddock: from the
// database it takes which request made which order, and when, and its sleeve.
func (f *fleet) fleetPassed(history []alpacasim.Happening, rows map[string]row, sleeves map[string]string) (found []string) {
	passed := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	b := readBook(history, rows)
	sent := f.sentOrders(history, rows)
	cash, held, next := map[string]decimal.Decimal{}, map[[2]string]decimal.Decimal{}, 0
	slices.SortStableFunc(f.cash, func(x, y cashMove) int { return x.at.Compare(y.at) })
	for _, h := range history {
		o, isNew := b.apply(h)
		for ; next < len(f.cash) && f.cash[next].at.Before(h.At); next++ {
			cash[f.cash[next].sleeve] = cash[f.cash[next].sleeve].Add(f.cash[next].amount)
		}
		if o == nil {
			continue
		}
		g := f.agentOf(o.row)
		sleeve := sleeves[o.ID]
		if isNew && g != nil {
			if sleeve != g.sleeve {
				passed("%s of %s is of the sleeve %q and not of %q", o.ClientOrderID, g.name, sleeve, g.sleeve)
			}
			if o.Side == "buy" {
				f.tokensPassed(b, h.At, o, g, sent, passed)
			}
		}
		x := h.Execution
		if x == nil || sleeve == "" {
			continue
		}
		by := x.Qty
		if x.Side == "sell" {
			by = by.Neg()
		}
		place := [2]string{sleeve, x.Symbol}
		cash[sleeve], held[place] = cash[sleeve].Sub(by.Mul(x.Price)), held[place].Add(by)
		if cash[sleeve].IsNegative() {
			passed("a sleeve had %s of cash after %s bought %s of %s at %s", cash[sleeve], o.ClientOrderID, x.Qty, x.Symbol, x.Price)
		}
		if held[place].IsNegative() {
			passed("a sleeve sold %s of %s by %s, of which it held %s", x.Qty, x.Symbol, o.ClientOrderID, held[place].Sub(by))
		}
		if g != nil && x.Side == "buy" {
			f.worthPassed(g, o, o.executed.Div(drift), passed)
		}
	}
	return found
}

// sentOrder of a fleet: when Paddock made it, and by which agent.
type agentsOrder struct {
	at time.Time
	by *chaosAgent
}

// sentOrders returns the orders that the broker has of each token, those of the tokens that
// were made of it included, in the order in which they were made.
func (f *fleet) sentOrders(history []alpacasim.Happening, rows map[string]row) map[*chaosAgent][]agentsOrder {
	sent, seen := map[*chaosAgent][]agentsOrder{}, map[string]bool{}
	for _, h := range history {
		if h.Event != "placed" || seen[h.Order.ID] {
			continue
		}
		seen[h.Order.ID] = true
		r := rows[h.Order.ClientOrderID]
		g := f.agentOf(r)
		for _, t := range g.chain() {
			sent[t] = append(sent[t], agentsOrder{r.CreatedAt, g})
		}
	}
	for _, list := range sent {
		slices.SortFunc(list, func(x, y agentsOrder) int { return x.at.Compare(y.at) })
	}
	return sent
}

// tokensPassed reports each limit of the agent's token, and of those of which it was made,
// that a purchase passes, which was placed at a time.
func (f *fleet) tokensPassed(b *book, at time.Time, o *bookOrder, g *chaosAgent, sent map[*chaosAgent][]agentsOrder, passed func(string, ...any)) {
	name, made := o.ClientOrderID, o.row.CreatedAt
	for _, t := range g.chain() {
		if t.symbols != nil && !slices.Contains(t.symbols, o.Symbol) {
			passed("%s of %s buys %s against %s", name, g.name, o.Symbol, t.name)
		}
		minute, today := 0, 0
		for _, s := range sent[t] {
			if s.at.After(made) {
				break
			}
			// It is counted some time after its own time was set.
			if s.at.After(made.Add(-57 * time.Second)) {
				minute++
			}
			if s.at.In(newYork).Format(time.DateOnly) == made.In(newYork).Format(time.DateOnly) {
				today++
			}
		}
		if t.perMinute > 0 && minute > t.perMinute {
			passed("%s of %s is number %d of its minute, and %s may send %d", name, g.name, minute, t.name, t.perMinute)
		}
		if t.perDay > 0 && today > t.perDay {
			passed("%s of %s is number %d of the day, and %s may send %d", name, g.name, today, t.name, t.perDay)
		}
		if could := b.couldBe(o); t.position.IsPositive() && could.GreaterThan(t.position) {
			passed("with %s of %s the position in %s could be %s, and %s may have %s: at %s %s", name, g.name, o.Symbol, could, t.name, t.position,
				at.Format(time.StampMilli), b.purchases(o.Symbol))
		}
		if t.heartbeat > 0 && !slices.ContainsFunc(t.beats, func(beat [2]time.Time) bool {
			return !beat[0].After(made.Add(time.Second)) && !beat[1].Before(made.Add(-t.heartbeat-time.Second))
		}) {
			passed("%s of %s was made at %s, without a heartbeat of %s for %s", name, g.name, made, t.name, t.heartbeat)
		}
		if t.loss.IsPositive() && f.lostAllAlong(made.Add(-6*time.Second), made, t.loss) {
			passed("%s of %s was made when the account had lost what %s may lose", name, g.name, t.name)
		}
	}
	if o.Type == "limit" && o.Qty != nil {
		f.worthPassed(g, o, o.Qty.Mul(*o.LimitPrice), passed)
	}
	if o.Notional != nil {
		f.worthPassed(g, o, *o.Notional, passed)
	}
}

// worthPassed reports an order that is worth more than its tokens let it be, or so much that
// it needed a person's word which nobody gave.
func (f *fleet) worthPassed(g *chaosAgent, o *bookOrder, worth decimal.Decimal, passed func(string, ...any)) {
	for _, t := range g.chain() {
		if t.notional.IsPositive() && worth.GreaterThan(t.notional) {
			passed("%s of %s is worth %s, and %s may send %s", o.ClientOrderID, g.name, worth, t.name, t.notional)
		}
		if t.above != nil && worth.GreaterThan(*t.above) && (!f.worded[o.row.ID] || f.refused[o.row.ID]) {
			passed("%s of %s is worth %s, which above %s of %s takes a word that nobody gave", o.ClientOrderID, g.name, worth, t.above, t.name)
		}
	}
}

// lostAllAlong reports whether the account had lost so much at each look between two
// times, of which there are some.
func (f *fleet) lostAllAlong(from, to time.Time, limit decimal.Decimal) bool {
	looks := 0
	for _, l := range f.losses {
		if l.at.Before(from) || l.at.After(to) {
			continue
		}
		if looks++; l.loss.LessThan(limit.Add(decimal.NewFromInt(1))) {
			return false
		}
	}
	return looks >= 3
}

// sleevesOf returns the sleeve of each of the account's orders, by the broker's id.
func sleevesOf(conn *pgx.Conn, account string) map[string]string {
	whose := map[string]string{}
	for _, pair := range texts2(conn, "select alpaca_order_id::text, sleeve_id::text from app.alpaca_orders where account_id = $1 and sleeve_id is not null and alpaca_order_id is not null", account) {
		whose[pair[0]] = pair[1]
	}
	return whose
}

// sumsDiffer returns where the account's sleeves and what belongs to none are not the
// account, at the cursor that the database is at now, and the cursor. All is read in one
// snapshot, and added up here from the transfers and the executions alone.
func sumsDiffer(ctx context.Context, conn *pgx.Conn, account string) (found []string, cursor int64, err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, 0, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was changed
	var shown []byte
	var balance, reported *decimal.Decimal
	var asOf *time.Time
	if err := tx.QueryRow(ctx, `select h.last_seq, app.sleeves_json(h.account_id), b.cash, b.as_of from app.event_heads h
			left join app.account_balances b on b.account_id = h.account_id where h.account_id = $1`, account).Scan(&cursor, &shown, &balance, &asOf); err != nil {
		return nil, 0, err
	}
	cash, held, all := map[string]decimal.Decimal{}, map[[2]string]decimal.Decimal{}, map[string]decimal.Decimal{}
	reported = balance
	var sleeve, symbol, side, from, to string
	var qty, price, amount decimal.Decimal
	var at, recorded time.Time
	rows, err := tx.Query(ctx, `select coalesce(o.sleeve_id::text, ''), f.symbol, f.side, f.qty, f.price, f.at, f.recorded_at from app.fills f
		join app.alpaca_orders o on o.account_id = f.account_id and o.id = f.order_id where f.account_id = $1 and f.state = 'live'`, account)
	if err != nil {
		return nil, 0, err
	}
	if _, err := pgx.ForEachRow(rows, []any{&sleeve, &symbol, &side, &qty, &price, &at, &recorded}, func() error {
		if side == "sell" {
			qty = qty.Neg()
		}
		cash[sleeve] = cash[sleeve].Sub(qty.Mul(price))
		held[[2]string{sleeve, symbol}] = held[[2]string{sleeve, symbol}].Add(qty)
		all[symbol] = all[symbol].Add(qty)
		if reported != nil && at.After(*asOf) && recorded.After(*asOf) {
			sum := reported.Sub(qty.Mul(price))
			reported = &sum
		}
		return nil
	}); err != nil {
		return nil, 0, err
	}
	rows, err = tx.Query(ctx, "select coalesce(from_sleeve_id::text, ''), coalesce(to_sleeve_id::text, ''), amount from app.sleeve_transfers where account_id = $1", account)
	if err != nil {
		return nil, 0, err
	}
	if _, err := pgx.ForEachRow(rows, []any{&from, &to, &amount}, func() error {
		cash[from], cash[to] = cash[from].Sub(amount), cash[to].Add(amount)
		return nil
	}); err != nil {
		return nil, 0, err
	}
	mirror := map[string]decimal.Decimal{}
	rows, err = tx.Query(ctx, "select symbol, qty from app.alpaca_positions where account_id = $1", account)
	if err != nil {
		return nil, 0, err
	}
	if _, err := pgx.ForEachRow(rows, []any{&symbol, &qty}, func() error { mirror[symbol] = qty; return nil }); err != nil {
		return nil, 0, err
	}
	// What is held, with executions that are not known yet: the stream may have lost some, and
	// the mirror has that the order filled.
	rows, err = tx.Query(ctx, `select sleeve_id::text, symbol, sum(case side when 'sell' then -filled_qty else filled_qty end) from app.alpaca_orders
		where account_id = $1 and sleeve_id is not null and symbol is not null group by 1, 2`, account)
	if err != nil {
		return nil, 0, err
	}
	if _, err := pgx.ForEachRow(rows, []any{&sleeve, &symbol, &qty}, func() error {
		if qty.IsNegative() {
			found = append(found, fmt.Sprintf("at %d a sleeve has sold %s of %s more than it bought", cursor, qty.Neg(), symbol))
		}
		return nil
	}); err != nil {
		return nil, 0, err
	}
	var books sleeveBooks
	if err := json.Unmarshal(shown, &books); err != nil {
		return nil, 0, err
	}
	sum := decimal.Zero
	for _, s := range books.Sleeves {
		sum = sum.Add(s.Cash)
		if !s.Cash.Equal(cash[s.ID]) {
			found = append(found, fmt.Sprintf("at %d a sleeve has %s of cash, and its transfers and executions come to %s", cursor, s.Cash, cash[s.ID]))
		}
		if s.Cash.IsNegative() {
			found = append(found, fmt.Sprintf("at %d a sleeve has %s of cash", cursor, s.Cash))
		}
		there := map[string]decimal.Decimal{}
		for _, p := range s.Positions {
			there[p.Symbol] = p.Qty
		}
		for place, qty := range held {
			if place[0] == s.ID && !qty.Equal(there[place[1]]) {
				found = append(found, fmt.Sprintf("at %d a sleeve has %s of %s, and its executions come to %s", cursor, there[place[1]], place[1], qty))
			}
			if place[0] == s.ID {
				mirror[place[1]] = mirror[place[1]].Sub(there[place[1]])
			}
		}
	}
	if reported != nil && !sum.Add(books.Unassigned.Cash).Equal(*reported) {
		found = append(found, fmt.Sprintf("at %d the sleeves have %s and nobody %s of cash, and the account %s", cursor, sum, books.Unassigned.Cash, reported))
	}
	for _, p := range books.Unassigned.Positions {
		mirror[p.Symbol] = mirror[p.Symbol].Sub(p.Qty)
	}
	for symbol, left := range mirror {
		if !left.IsZero() {
			found = append(found, fmt.Sprintf("at %d sleeves and what belongs to none have %s of %s less than the account", cursor, left, symbol))
		}
	}
	return found, cursor, nil
}

// sleeveBooks is the answer of GET /api/sleeves.
type sleeveBooks struct {
	Sleeves []struct {
		ID        string
		Cash      decimal.Decimal
		Positions []struct {
			Symbol string
			Qty    decimal.Decimal
		}
	}
	Unassigned struct {
		Cash      decimal.Decimal
		Positions []struct {
			Symbol string
			Qty    decimal.Decimal
		}
	}
}

// watchSums looks at the sums of one account of agents after the other until done is
// closed, and returns at how many cursors it looked.
func (w *world) watchSums(done <-chan struct{}, fleets []*fleet, dice *rand.Rand) func() int64 {
	told := 0
	return repeatBySQL(done, 200*time.Millisecond, w.postgres.AdminURL, func(conn *pgx.Conn) bool {
		f := fleets[dice.IntN(len(fleets))]
		found, _, err := sumsDiffer(context.Background(), conn, f.a.id)
		if err != nil {
			conn.Close(context.Background())
			return false
		}
		for _, what := range found {
			if told++; told < 20 {
				w.t.Errorf("%s: %s", f.a.name, what)
			}
		}
		return true
	})
}

// repeatBySQL does something again and again until done is closed, on a connection to Postgres,
// which is restarted meanwhile. The result waits for the end and returns how often it counted.
func repeatBySQL(done <-chan struct{}, every time.Duration, url string, do func(conn *pgx.Conn) (counts bool)) func() int64 {
	var counted int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var conn *pgx.Conn
		defer func() {
			if conn != nil {
				conn.Close(context.Background())
			}
		}()
		for {
			select {
			case <-done:
				return
			case <-time.After(every):
			}
			if conn == nil || conn.IsClosed() {
				var err error
				if conn, err = pgx.Connect(context.Background(), url); err != nil {
					continue
				}
			}
			if do(conn) {
				counted++
			}
		}
	}()
	return func() int64 {
		<-ended
		return counted
	}
}

// settleFleet compares a fleet's account with the broker's record, once broker and database
// agree, and returns what differs.
func (f *fleet) settleFleet(conn *pgx.Conn) []string {
	w := f.a.user.w
	rows, _ := readRows(conn, f.a.id)
	found := f.fleetPassed(w.sim.History(f.a.seed.KeyID), rows, sleevesOf(conn, f.a.id))
	differ, _, err := sumsDiffer(context.Background(), conn, f.a.id)
	if err != nil {
		panic(err) // the administrator may read everything
	}
	found = append(found, differ...)

	owner := &chaosAgent{f: f}
	if status, answer := owner.send(http.DefaultClient, http.MethodGet, "/api/account", "", "", nil); status != http.StatusOK { // so that the account's cash is known as it is now
		found = append(found, fmt.Sprintf("the account is answered %d %s", status, answer))
	}
	var books sleeveBooks
	if status, answer := owner.send(http.DefaultClient, http.MethodGet, "/api/sleeves", "", "", nil); status != http.StatusOK || json.Unmarshal(answer, &books) != nil {
		return append(found, fmt.Sprintf("the sleeves are answered %d %s", status, answer))
	}
	cash, held := books.Unassigned.Cash, map[string]decimal.Decimal{}
	for _, s := range books.Sleeves {
		cash = cash.Add(s.Cash)
		for _, p := range s.Positions {
			held[p.Symbol] = held[p.Symbol].Add(p.Qty)
		}
	}
	for _, p := range books.Unassigned.Positions {
		held[p.Symbol] = held[p.Symbol].Add(p.Qty)
	}
	figures, _ := w.sim.Account(f.a.seed.KeyID)
	if !cash.Equal(figures.Cash) {
		found = append(found, fmt.Sprintf("sleeves and what belongs to none have %s of cash, and the broker %s", cash, figures.Cash))
	}
	for _, p := range w.sim.Positions(f.a.seed.KeyID) {
		if !held[p.Symbol].Equal(p.Qty) {
			found = append(found, fmt.Sprintf("sleeves and what belongs to none have %s of %s, and the broker %s", held[p.Symbol], p.Symbol, p.Qty))
		}
		delete(held, p.Symbol)
	}
	for symbol, qty := range held {
		if !qty.IsZero() {
			found = append(found, fmt.Sprintf("sleeves and what belongs to none have %s of %s, and the broker nothing", qty, symbol))
		}
	}
	return found
}

// judgeFleets fails the test with all that is wrong with the fleets, and where they did less
// than the test says. looks is at how many cursors the sums were added up, refused how many
// attacks by SQL were, and traded for how long the fleets traded.
func (w *world) judgeFleets(fleets []*fleet, looks, refused int64, traded time.Duration) {
	conn := w.postgres.Conn(w.t, "admin")
	sent, placed, denied, waited, sure, atBroker, executions, tokens, codes := 0, 0, 0, 0, 0, 0, 0, 0, map[string]int{}
	for _, f := range fleets {
		for _, what := range f.settleFleet(conn) {
			w.t.Errorf("%s: %s", f.a.name, what)
		}
		did := countChaos([]*chaosAccount{f.a})
		sent, placed, denied = sent+did.sent, placed+did.placed, denied+did.refused
		for code, n := range did.codes {
			codes[code] += n
		}
		waited, sure, tokens = waited+f.waited, sure+len(f.worded), tokens+len(f.agents)
		atBroker, executions = atBroker+len(w.sim.Orders(f.a.seed.KeyID)), executions+len(w.sim.Executions(f.a.seed.KeyID))
	}
	w.t.Logf("%d API tokens and %d owners sent %d orders in %s, of which %d were answered as placed and %d as refused %v; the broker has %d orders with %d executions",
		tokens, len(fleets), sent, traded.Round(time.Second), placed, denied, codes, atBroker, executions)
	w.t.Logf("%d orders waited for a person, who approved %d; cash was moved %d times; the sums were added up at %d cursors; %d attacks by SQL were refused", waited, sure, moves(fleets), looks, refused)
	if looks < 3 || refused == 0 || placed < sent/20 || sent > 500 && (denied == 0 || waited == 0 || sure == 0) {
		w.t.Error("the agents did less than the test says")
	}
}

func moves(fleets []*fleet) (n int) {
	for _, f := range fleets {
		for _, m := range f.a.moves {
			if m.id != "" {
				n++
			}
		}
	}
	return n
}
