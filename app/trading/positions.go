package trading

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Positions reads the account's positions from the broker, records them where
// the user may do more than read, and returns them in the broker's JSON.
func (s *Service) Positions(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	access, err := s.keys.Open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return nil, err
	}
	positions, err := s.readPositions(ctx, a, access.Client)
	if err != nil {
		return nil, access.Explain(ctx, err)
	}
	return positions.Raw, nil
}

// maxRefreshed bounds how many orders are read one by one where positions
// differ from what is counted.
const maxRefreshed = 20

// openOrdersOfSQL selects the open orders of symbols, by the broker's ids.
const openOrdersOfSQL = `select alpaca_order_id::text from app.alpaca_orders
	where account_id = $1 and app.position_symbol(symbol) = any ($2) and alpaca_order_id is not null
		and not app.is_ended(status)
	order by created_at desc limit $3`

// readPositions reads the account's positions from the broker and records them
// as far as it is certain which fills they include. Where they differ from what
// is counted, and open orders may have been filled unseen, it reads those,
// which counts their fills. Where the mirror remains in doubt, it asks for a
// reconciliation. For a user who may only read it records nothing.
func (s *Service) readPositions(ctx context.Context, a tenant.Admission, client *broker.Client) (broker.PositionsAnswer, error) {
	var asOf time.Time
	var moves []byte
	var records bool
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select clock_timestamp(), app.position_moves($1), private.has_scope('cancel')", a.Account).
			QueryRow(func(row pgx.Row) error { return row.Scan(&asOf, &moves, &records) })
	})
	if err != nil {
		return broker.PositionsAnswer{}, err
	}
	positions, err := client.Positions(ctx)
	if err != nil || !records {
		return positions, err
	}
	var unsettled, orders []string
	versions, keys := s.keys.Proof(a.Account)
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.LockLog()
		b.Queue("select private.record_position_list($1, $2, $3, $4, $5)", versions, keys, []byte(positions.Raw), asOf, moves).
			QueryRow(func(row pgx.Row) error { return row.Scan(&unsettled) })
		b.Queue(askSyncInDoubtSQL, a.Account)
	})
	if err != nil || len(unsettled) == 0 {
		return positions, err
	}
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(openOrdersOfSQL, a.Account, unsettled, maxRefreshed).Query(func(rows pgx.Rows) (err error) {
			orders, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	for _, id := range orders {
		answer, err := client.Order(ctx, id)
		if err != nil {
			s.log.WarnContext(ctx, "an order that may have been filled unseen could not be asked for", "alpaca_order_id", id, "err", err)
			break // the counted quantity remains
		}
		if _, err := s.recordPlaced(ctx, a, Placed{}, answer, nil); err != nil {
			return positions, err
		}
	}
	return positions, err
}

// position returns the broker's position in a symbol, or position_not_found.
func (s *Service) position(ctx context.Context, a tenant.Admission, access credentials.Access, symbol string) (alpaca.Position, error) {
	positions, err := s.readPositions(ctx, a, access.Client)
	if err != nil {
		return alpaca.Position{}, access.Explain(ctx, err)
	}
	at := slices.IndexFunc(positions.Value, func(p alpaca.Position) bool { return sameSymbol(p.Symbol, symbol) })
	if at < 0 {
		return alpaca.Position{}, problem.New(problem.PositionNotFound, "This account holds no position in %s. See GET /api/positions.", symbol)
	}
	return positions.Value[at], nil
}

// rereadPosition reads a position again and returns how much of it to close so
// that left remains. It ends with position_not_found where orders have closed
// as much meanwhile.
func (s *Service) rereadPosition(ctx context.Context, a tenant.Admission, access credentials.Access, before alpaca.Position, left decimal.Decimal) (alpaca.Position, decimal.Decimal, error) {
	now, err := s.position(ctx, a, access, before.Symbol)
	if err != nil && !problem.Is(err, problem.PositionNotFound) {
		return now, decimal.Zero, err
	}
	qty := now.Qty.Abs().Sub(left)
	if err != nil || now.Qty.Sign() != before.Qty.Sign() || !qty.IsPositive() {
		return now, decimal.Zero, problem.New(problem.PositionNotFound,
			"The position in %s was closed by its own orders meanwhile: nothing was left to close. See GET /api/orders.", before.Symbol)
	}
	return now, qty, nil
}

// sameSymbol reports whether a symbol names a position: Alpaca writes a pair of
// currencies with a slash in orders, and without one in positions.
func sameSymbol(held, asked string) bool {
	return broker.PositionSymbol(held) == broker.PositionSymbol(asked)
}
