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
	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Preview is what an order would lead to. Amounts are dollars.
type Preview struct {
	// Allowed reports whether the account's guards accept the order. Alpaca may
	// still refuse it.
	Allowed    bool        `json:"allowed"`
	Violations []Violation `json:"violations"`
	Reducing   *bool       `json:"reducing"` // null where no guard needs it
	// Approval is the word of people for which the order would wait; null for none.
	Approval *Needed `json:"approval"`
	// Prices are the most that a unit of each symbol costs now, where Alpaca
	// has a price.
	Prices map[string]decimal.Decimal `json:"prices"`
	// Held is the position in the symbol; a short position is below 0.
	Held decimal.Decimal `json:"held"`
	// EstimatedCost is what the order costs, below 0 for what it brings in;
	// null where no price is known.
	EstimatedCost *decimal.Decimal `json:"estimated_cost"`
	BuyingPower   BuyingPower      `json:"buying_power"`
	Session       MarketSession    `json:"session"`
	// Collisions are open orders of the other side, because of which Alpaca
	// refuses an order as a possible wash trade.
	Collisions json.RawMessage `json:"collisions"`
	Warnings   []Warning       `json:"warnings"`
}

// BuyingPower is the account's buying power of the kind that the order would
// use.
type BuyingPower struct {
	Kind   string           `json:"kind"` // Alpaca's name: buying_power, options_buying_power or non_marginable_buying_power
	Now    decimal.Decimal  `json:"now"`
	After  *decimal.Decimal `json:"after"` // null where the cost is unknown
	Enough bool             `json:"enough"`
}

// Warning is something worth knowing that does not stop an order here.
type Warning struct {
	Code    problem.Code `json:"code"`
	Message string       `json:"message"`
}

// These statements check the guards, and find collisions, for an order that
// does not exist.
const (
	checkGuardsSQL = `select app.check_guards(app.in_sleeve(jsonb_populate_record(null::app.alpaca_orders, $1))), private.has_scope($2)`
	collisionsSQL  = `select ` + orderColumnsSQL + ` from app.opposing_orders($1, $2, $3)`
)

// Preview returns what Place would lead to, without sending anything: what the
// order would cost, the buying power that is left, the market session, the
// guards' verdict and the open orders with which it collides. It ends as Place
// does where the order is not valid.
func (s *Service) Preview(ctx context.Context, a tenant.Admission, r OrderRequest) (*Preview, error) {
	return s.preview(ctx, a, r, "trade")
}

// preview is Preview for who has a scope.
func (s *Service) preview(ctx context.Context, a tenant.Admission, r OrderRequest, scope string) (*Preview, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	access, err := s.keys.Open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return nil, err
	}
	market, err := fetchMarket(ctx, access.Client.LowPriority(), &r) // people's orders have priority
	if err != nil {
		return nil, access.Explain(ctx, err)
	}
	p := &Preview{Prices: market.inputs.reference, Session: market.marketSession(r.Symbol), Violations: []Violation{}, Warnings: []Warning{}}
	var v verdict
	var may bool
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		if scope == "trade" { // who may only read writes nothing, not even what the account is worth
			b.LockLog()
			s.queueBalance(b, a.Account, market.inputs.account)
		}
		b.Queue(checkGuardsSQL, r.row(a, market.inputs), scope).QueryRow(func(row pgx.Row) error { return row.Scan(&v, &may) })
		b.Queue("select app.held_quantity($1, $2)::text", a.Account, r.Symbol).QueryRow(func(row pgx.Row) error { return row.Scan(&p.Held) })
		b.Queue(collisionsSQL, a.Account, r.Symbol, r.Side).Query(func(rows pgx.Rows) (err error) {
			p.Collisions, err = paging.AppendRows(nil, rows, nil)
			return err
		})
	})
	switch {
	case err != nil:
		return nil, err
	case !may:
		return nil, tenant.NotPermitted(scope)
	case scope == "trade" && len(v.Violations) == 0 && len(v.Needs) > 0:
		return nil, v.needsProblem()
	}
	p.Allowed, p.Reducing = len(v.Violations) == 0, v.Reducing
	p.Approval = v.Approval
	p.Violations = append(p.Violations, v.Violations...)
	p.estimate(&r, market)
	p.warn(&r, market)
	return p, nil
}

// PreviewProposed returns what the request of an approval, an order or the replacement of
// one, would lead to now. The guards' verdict is that for who asks. It is for everybody
// who may read.
func (s *Service) PreviewProposed(ctx context.Context, a tenant.Admission, request json.RawMessage) (*Preview, error) {
	order, err := s.accepted(ctx, a, request)
	if err != nil {
		return nil, err
	}
	if change, is := order.(*replacement); is {
		order, err = change.becomes()
		if err != nil {
			return nil, err
		}
	}
	return s.preview(ctx, a, *order.(*OrderRequest), "read")
}

// symbols returns all symbols that the order trades.
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

// row returns the order as a row for the guards.
func (r *OrderRequest) row(a tenant.Admission, f guardInputs) []byte {
	request, _ := requestText(r)
	row := map[string]any{
		"account_id": a.Account, "client_order_id": "preview", "action": "place", "symbol": nullable(r.Symbol), "side": nullable(r.Side), "type": r.Type,
		"time_in_force": r.TimeInForce, "order_class": r.OrderClass, "qty": r.Qty, "notional": r.Notional, "limit_price": r.LimitPrice,
		"sleeve_id": nullable(r.SleeveID), "stop_price": r.StopPrice, "trail_price": r.TrailPrice, "trail_percent": r.TrailPercent, "filled_qty": "0", "request": json.RawMessage(request),
	}
	if prices := f.prices(); prices != nil {
		row["reference_prices"] = json.RawMessage(prices)
	}
	text, err := json.Marshal(row)
	if err != nil {
		panic(err) // cannot happen: strings and decimals always marshal
	}
	return text
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// market is what the broker says about an order's market and account.
type market struct {
	inputs  guardInputs
	account accountBuyingPower
	clock   *alpaca.Clock
	day     json.RawMessage // today's trading day, if it is one
	asset   *alpaca.Asset   // nil for several, or where Alpaca does not know it
}

// accountBuyingPower has the account's buying powers, some of which the SDK
// does not know; 0 where the broker's answer has none that can be read.
type accountBuyingPower struct{ BuyingPower, Options, NonMarginable decimal.Decimal }

func buyingPowersOf(account broker.AccountAnswer) (p accountBuyingPower) {
	p.BuyingPower, _ = broker.Amount(account.Raw, "buying_power")
	p.Options, _ = broker.Amount(account.Raw, "options_buying_power")
	p.NonMarginable, _ = broker.Amount(account.Raw, "non_marginable_buying_power")
	return p
}

// fetchMarket asks the broker for all of it at the same time.
func fetchMarket(ctx context.Context, client *broker.Client, r *OrderRequest) (m market, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		asked := time.Now()
		account, err := client.Account(ctx)
		if err != nil {
			return err
		}
		m.inputs.account = balanceOf(account, asked)
		m.account = buyingPowersOf(account)
		return nil
	})
	group.Go(func() (err error) {
		m.inputs.reference, err = client.Prices(ctx, r.symbols())
		return err
	})
	group.Go(func() error {
		clock, err := client.Clock(ctx)
		if err != nil {
			return err
		}
		m.clock = clock.Value
		day, err := client.KeptCalendarDay(ctx, clock.Value.Timestamp)
		m.day = day.Raw
		return err
	})
	if r.OrderClass != "mleg" {
		group.Go(func() error {
			asset, err := client.KeptAsset(ctx, r.Symbol)
			m.asset = asset.Value
			if broker.IsKind(err, broker.NotFound) {
				return nil
			}
			return err
		})
	}
	return m, group.Wait()
}
