package system

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/tests/plainjournal"
)

// journalDiffers compares the journal's round trips, of the account and of each
// agent, tag and sleeve, with those that plainjournal computes from the broker's own
// executions and activities. Times are left out: those in the broker's record and
// in its stream differ by some microseconds.
func (w *world) journalDiffers(conn *pgx.Conn, a *chaosAccount) (found []string) {
	here, there := w.tripsHere(conn, a.id), plainjournal.Timeless(plainjournal.Trips(w.plainFills(conn, a), w.plainAdjustments(a)))
	for _, line := range there {
		if at := slices.Index(here, line); at >= 0 {
			here = slices.Delete(here, at, at+1)
		} else {
			found = append(found, "the journal lacks "+line)
		}
	}
	for _, line := range here {
		found = append(found, "the journal has   "+line)
	}
	if len(found) > 0 {
		found = append(found, w.fillsDiffer(conn, a)...)
	}
	return append(found, w.dayFeesDiffer(conn, a)...)
}

// fillsDiffer returns the executions that only the journal or only the broker has,
// or that stand at times more than a second apart.
func (w *world) fillsDiffer(conn *pgx.Conn, a *chaosAccount) (found []string) {
	type fill struct {
		Order, Side, Qty, Price string
		At                      time.Time
	}
	rows, err := conn.Query(context.Background(), `select alpaca_order_id::text, side, trim_scale(qty)::text, trim_scale(price)::text, at
		from app.fills where account_id = $1 and state = 'live'`, a.id)
	if err != nil {
		panic(err) // the administrator may read everything
	}
	here, err := pgx.CollectRows(rows, pgx.RowToStructByPos[fill])
	if err != nil {
		panic(err)
	}
	for _, x := range w.sim.Executions(a.seed.KeyID) {
		if x.Busted {
			continue
		}
		there := fill{x.OrderID, x.Side, x.Qty.String(), x.Price.String(), x.At}
		at := slices.IndexFunc(here, func(f fill) bool {
			return f.Order == there.Order && f.Side == there.Side && f.Qty == there.Qty && f.Price == there.Price && f.At.Sub(there.At).Abs() <= time.Second
		})
		if at >= 0 {
			here = slices.Delete(here, at, at+1)
		} else {
			found = append(found, fmt.Sprint("the journal lacks the execution ", there))
		}
	}
	for _, f := range here {
		found = append(found, fmt.Sprint("the journal has the execution ", f))
	}
	return found
}

// tripsHere returns the round trips in the database, as plainjournal writes them.
func (w *world) tripsHere(conn *pgx.Conn, account string) (lines []string) {
	rows, err := conn.Query(context.Background(), `select format('%s %s %s %s %s in %s/%s out %s/%s most %s fees %s profit %s fills %s', scope, scope_value, symbol, direction,
			case when closed_at is null then 'open' else '' end,
			trim_scale(entry_qty), trim_scale(entry_notional), trim_scale(exit_qty), trim_scale(exit_notional),
			trim_scale(max_qty), trim_scale(fees), coalesce(trim_scale(realized_pl)::text, 'unknown'), fills)
		from app.trading_positions where account_id = $1`, account)
	if err != nil {
		panic(err) // the administrator may read everything
	}
	lines, err = pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		panic(err)
	}
	return lines
}

// plainFills returns the broker's executions that were not taken back. The agent,
// tag and sleeve of an order come from Paddock, since the broker does not know them.
func (w *world) plainFills(conn *pgx.Conn, a *chaosAccount) (fills []plainjournal.Fill) {
	type owner struct{ ID, Agent, Tag, Sleeve string }
	rows, err := conn.Query(context.Background(), `select alpaca_order_id::text, coalesce(orchestrator_agent_id, ''), coalesce(tag, ''), coalesce(sleeve_id::text, '')
		from app.alpaca_orders where account_id = $1 and alpaca_order_id is not null`, a.id)
	if err != nil {
		panic(err)
	}
	owners, err := pgx.CollectRows(rows, pgx.RowToStructByPos[owner])
	if err != nil {
		panic(err)
	}
	whose := map[string]owner{}
	for _, o := range owners {
		whose[o.ID] = o
	}
	for _, x := range w.sim.Executions(a.seed.KeyID) {
		if x.Busted {
			continue
		}
		f := plainjournal.Fill{ID: x.ID, Symbol: x.Symbol, Agent: whose[x.OrderID].Agent, Tag: whose[x.OrderID].Tag, Sleeve: whose[x.OrderID].Sleeve,
			Multiplier: lotOf(x.Symbol).IntPart(), At: x.At, Qty: x.Qty, Price: x.Price}
		if x.Side == "sell" {
			f.Qty = f.Qty.Neg()
		}
		fills = append(fills, f)
	}
	return fills
}

// brokerActivity is an activity as the broker lists it.
type brokerActivity struct {
	ID        string          `json:"id"`
	Kind      string          `json:"activity_type"`
	Subtype   string          `json:"activity_sub_type"`
	Date      string          `json:"date"`
	CreatedAt time.Time       `json:"created_at"`
	Symbol    string          `json:"symbol"`
	Group     string          `json:"group_id"`
	Qty       decimal.Decimal `json:"qty"`
	Price     decimal.Decimal `json:"price"`
	Net       decimal.Decimal `json:"net_amount"`
}

// activities returns the account's activities at the broker besides executions.
func (w *world) activities(a *chaosAccount) (all []brokerActivity) {
	token := ""
	for {
		var page []brokerActivity
		if err := json.Unmarshal(w.askBroker(a.seed.KeyID, a.seed.SecretKey, "/v2/account/activities?category=non_trade_activity&page_size=100&page_token="+token), &page); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, page...)
		if len(page) < 100 {
			return all
		}
		token = page[99].ID
	}
}

// plainAdjustments returns the activities as plainjournal takes them. One with a
// day and no time is put at the end of that day in New York.
func (w *world) plainAdjustments(a *chaosAccount) (all []plainjournal.Adjustment) {
	for _, x := range w.activities(a) {
		adjustment := plainjournal.Adjustment{ID: x.ID, Kind: x.Kind, Subtype: x.Subtype, Group: x.Group, Symbol: x.Symbol, At: x.CreatedAt, Qty: x.Qty, Price: x.Price, Net: x.Net}
		if slices.Contains([]string{"BTCUSD", "ETHUSD"}, x.Symbol) { // activities have no slash
			adjustment.Symbol = strings.TrimSuffix(x.Symbol, "USD") + "/USD"
		}
		if x.CreatedAt.IsZero() {
			adjustment.Day, adjustment.At = x.Date, endOfDay(x.Date)
		}
		all = append(all, adjustment)
	}
	return all
}

func endOfDay(date string) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, date, newYork)
	if err != nil {
		panic(err) // the simulator writes days in this form
	}
	return day.AddDate(0, 0, 1).Add(-time.Microsecond)
}

// dayFeesDiffer compares the fees of each day, and the splits, that the database
// has with what the broker lists.
func (w *world) dayFeesDiffer(conn *pgx.Conn, a *chaosAccount) (found []string) {
	there := map[string]decimal.Decimal{}
	for _, x := range w.activities(a) {
		if day := x.Date; slices.Contains([]string{"CFEE", "FEE", "SPLIT"}, x.Kind) {
			there[x.Kind+" of "+day+" in money"] = there[x.Kind+" of "+day+" in money"].Add(x.Net)
			there[x.Kind+" of "+day+" in units of "+x.Symbol] = there[x.Kind+" of "+day+" in units of "+x.Symbol].Add(x.Qty)
		}
	}
	rows, err := conn.Query(context.Background(), `select kind || ' of ' || day || ' in ' || what.name, what.amount::text from app.journal_adjustments j
		cross join lateral (values ('money', net_amount), ('units of ' || coalesce(symbol, ''), coalesce(qty, 0))) what (name, amount)
		where account_id = $1 and kind in ('CFEE', 'FEE', 'SPLIT')`, a.id)
	if err != nil {
		panic(err)
	}
	here := map[string]decimal.Decimal{}
	var name, amount string
	if _, err := pgx.ForEachRow(rows, []any{&name, &amount}, func() error {
		here[name] = here[name].Add(decimal.RequireFromString(amount))
		return nil
	}); err != nil {
		panic(err)
	}
	for name := range there {
		if !here[name].Equal(there[name]) {
			found = append(found, fmt.Sprintf("%s is %s here and %s at the broker", name, here[name], there[name]))
		}
	}
	for name := range here {
		if _, told := there[name]; !told {
			found = append(found, fmt.Sprintf("%s is %s here and nothing at the broker", name, here[name]))
		}
	}
	return found
}
