package trading

import (
	"context"
	"encoding/json"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"golang.org/x/sync/errgroup"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Preview is what an order would come to. Amounts are dollars.
type Preview struct {
	// Allowed tells whether the account's guards let the order through. Alpaca
	// may still refuse it.
	Allowed    bool        `json:"allowed"`
	Violations []Violation `json:"violations"`
	Reducing   *bool       `json:"reducing"` // null where no guard had to know
	// Prices are what a unit of each symbol costs now at the most, where Alpaca
	// tells.
	Prices map[string]decimal.Decimal `json:"prices"`
	// Held is the position in the symbol; below 0 it is short.
	Held decimal.Decimal `json:"held"`
	// EstimatedCost is what the order takes, and below 0 what it brings in; null
	// where no price is known.
	EstimatedCost *decimal.Decimal `json:"estimated_cost"`
	BuyingPower   BuyingPower      `json:"buying_power"`
	Session       Session          `json:"session"`
	// Collisions are open orders of the other side, with which Alpaca refuses
	// an order as a would-be wash trade.
	Collisions json.RawMessage `json:"collisions"`
	Warnings   []Warning       `json:"warnings"`
}

// BuyingPower is the account's, of the kind that the order would use.
type BuyingPower struct {
	Kind   string           `json:"kind"` // Alpaca's name: buying_power, options_buying_power or non_marginable_buying_power
	Now    decimal.Decimal  `json:"now"`
	After  *decimal.Decimal `json:"after"` // null where the cost is not known
	Enough bool             `json:"enough"`
}

// Warning is what does not stop an order here, but is worth knowing.
type Warning struct {
	Code    problem.Code `json:"code"`
	Message string       `json:"message"`
}

// previewVerdict asks the guards about an order that is not there.
const (
	previewVerdict = `select app.check_guards(jsonb_populate_record(null::app.alpaca_orders, $1)), private.has_scope('trade')`
	collisions     = `select ` + orderColumns + ` from app.opposing_orders($1, $2, $3)`
)

// Preview answers what Place would, without sending anything: what the order
// would cost, what of the buying power is left, which session it meets, what
// the guards say and which open orders it collides with. It ends as Place does
// where the order is not valid.
func (s *Service) Preview(ctx context.Context, a tenant.Admission, r OrderRequest) (*Preview, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	client, opened, err := s.open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return nil, err
	}
	market, err := look(ctx, client.LowPriority(), &r) // orders come first
	if err != nil {
		return nil, s.refused(ctx, a, opened, err)
	}
	p := &Preview{Prices: market.facts.reference, Session: market.session(r.Symbol), Violations: []Violation{}, Warnings: []Warning{}}
	var v verdict
	var may bool
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.LockLog()
		market.facts.queue(b, a.Account)
		b.Queue(previewVerdict, r.row(a, market.facts)).QueryRow(func(row pgx.Row) error { return row.Scan(&v, &may) })
		b.Queue("select app.held_quantity($1, $2)::text", a.Account, r.Symbol).QueryRow(func(row pgx.Row) error { return row.Scan(&p.Held) })
		b.Queue(collisions, a.Account, r.Symbol, r.Side).Query(func(rows pgx.Rows) (err error) {
			p.Collisions, err = tenant.AppendRows(nil, rows, nil)
			return err
		})
	})
	switch {
	case err != nil:
		return nil, err
	case !may:
		return nil, notPermitted("trade")
	case len(v.Violations) == 0 && len(v.Needs) > 0:
		return nil, v.unanswered()
	}
	p.Allowed, p.Reducing = len(v.Violations) == 0, v.Reducing
	p.Violations = append(p.Violations, v.Violations...)
	p.estimate(&r, market)
	p.warn(&r, market)
	return p, nil
}

// symbols are all that the order trades.
func (r *OrderRequest) symbols() []string {
	if r.OrderClass != "mleg" {
		return []string{r.Symbol}
	}
	var all []string
	for _, leg := range r.Legs {
		all = append(all, leg.Symbol)
	}
	return all
}

// row is the order as the guards would meet it.
func (r *OrderRequest) row(a tenant.Admission, f facts) []byte {
	request, _ := r.text()
	row := map[string]any{
		"account_id": a.Account, "client_order_id": "preview", "action": "place", "symbol": nullable(r.Symbol), "side": nullable(r.Side), "type": r.Type,
		"time_in_force": r.TimeInForce, "order_class": r.OrderClass, "qty": r.Qty, "notional": r.Notional, "limit_price": r.LimitPrice,
		"stop_price": r.StopPrice, "trail_price": r.TrailPrice, "trail_percent": r.TrailPercent, "filled_qty": "0", "request": json.RawMessage(request),
	}
	if prices := f.prices(); prices != nil {
		row["reference_prices"] = json.RawMessage(prices)
	}
	text, err := json.Marshal(row)
	if err != nil {
		panic(err) // strings and decimals always marshal
	}
	return text
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// market is what the broker says of an order's surroundings.
type market struct {
	facts   facts
	account worth
	clock   *alpaca.Clock
	day     json.RawMessage // today's trading day, if it is one
	asset   *alpaca.Asset   // nil for several, or one that Alpaca does not know
}

// worth is what the account may spend, of which the SDK knows but a part.
type worth struct {
	BuyingPower   decimal.Decimal `json:"buying_power"`
	Options       decimal.Decimal `json:"options_buying_power"`
	NonMarginable decimal.Decimal `json:"non_marginable_buying_power"`
}

// look asks all of it at once.
func look(ctx context.Context, client *broker.Client, r *OrderRequest) (m market, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		asked := time.Now()
		account, err := client.Account(ctx)
		if err != nil {
			return err
		}
		m.facts.account = balanceOf(account, asked)
		return json.Unmarshal(account.Raw, &m.account)
	})
	group.Go(func() (err error) {
		m.facts.reference, err = client.Prices(ctx, r.symbols())
		return err
	})
	group.Go(func() error {
		clock, err := client.Clock(ctx)
		if err != nil {
			return err
		}
		m.clock = clock.Value
		day, err := client.CalendarDay(ctx, clock.Value.Timestamp)
		m.day = day.Raw
		return err
	})
	if r.OrderClass != "mleg" {
		group.Go(func() error {
			asset, err := client.Asset(ctx, r.Symbol)
			m.asset = asset.Value
			if unknown(err) {
				return nil
			}
			return err
		})
	}
	return m, group.Wait()
}
