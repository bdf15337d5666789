// Package copying has one account's orders copied on others that consented. Who may be copied
// by whom, what a copy is and that there is one at most is decided in Postgres
// (sql/018_copying.sql); package jobs has copies made and sent.
package copying

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"

	"paddock/app/ids"
	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// Service is for requests.
type Service struct{ db *tenant.DB }

// New makes a Service.
func New(db *tenant.DB) *Service { return &Service{db} }

// Offer is that an account's orders may be copied.
type Offer struct {
	Name string `json:"name"` // what followers see of the account
}

// Follow is the consent to copying another account's orders.
type Follow struct {
	Code    string          `json:"copy_code"` // of the offer
	TokenID string          `json:"token_id"`  // an API token of whoever consents, whose limits hold for each copy
	Ratio   *trading.Amount `json:"ratio"`     // of the leader's quantity
}

// codePrefix begins each offer's code, by which a scanner of secrets knows it.
const codePrefix = "pdkcopy_"

// mostRatio is the largest ratio.
var mostRatio = decimal.NewFromInt(1000)

// Copying returns what the account offers, how many follow it, and whom it follows.
func (s *Service) Copying(ctx context.Context, a tenant.Admission) (all json.RawMessage, err error) {
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) { queueCopying(b, &all) })
	return all, err
}

func queueCopying(b *tenant.Batch, into *json.RawMessage) {
	b.Queue("select private.copying_json()").QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

// Made is an offer, with its code, which is shown once.
type Made struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
	Code string    `json:"copy_code"`
}

// MakeOffer offers that the account's orders are copied. It ends with invalid_copying,
// copying_exists, or not_permitted for anybody but an owner.
func (s *Service) MakeOffer(ctx context.Context, a tenant.Admission, o Offer) (Made, error) {
	made := Made{ID: uuid.New(), Name: o.Name, Code: codePrefix + strings.ToLower(rand.Text())}
	if o.Name == "" || strings.TrimSpace(o.Name) != o.Name || utf8.RuneCountInString(o.Name) > 80 || !utf8.ValidString(o.Name) || strings.ContainsRune(o.Name, 0) {
		return Made{}, invalid(`"name" is what followers see of the account: 1 to 80 characters, without spaces around them.`)
	}
	digest := sha256.Sum256([]byte(made.Code))
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.LockLog()
		b.Queue("select private.make_copy_offer($1, $2, $3)", made.ID, made.Name, digest[:])
	})
	return made, explain(err)
}

// EndOffer ends the account's offer, and with it that anybody follows. It returns how many
// did, and ends with copying_not_found.
func (s *Service) EndOffer(ctx context.Context, a tenant.Admission) (followers int, err error) {
	var ended *int
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.LockLog()
		b.Queue("select private.end_copy_offer()").QueryRow(func(row pgx.Row) error { return row.Scan(&ended) })
	})
	switch {
	case err != nil:
		return 0, err
	case ended == nil:
		return 0, problem.New(problem.CopyingNotFound, "This account offers nothing to copy.")
	}
	return *ended, nil
}

// Follow has the orders of the account that offers them under a code copied, and returns what
// Copying does. It ends with invalid_copying, copying_not_found, copying_exists, or
// not_permitted for anybody but an owner.
func (s *Service) Follow(ctx context.Context, a tenant.Admission, f Follow) (all json.RawMessage, err error) {
	token, ok := ids.Parse(f.TokenID)
	if !ok {
		return nil, invalid(`"token_id" must be the id of an API token of yours, a UUID. Make one with POST /api/tokens, with the limits that copies shall have.`)
	}
	if f.Ratio == nil || f.Ratio.CheckSize("ratio") != nil || !f.Ratio.IsPositive() || f.Ratio.GreaterThan(mostRatio) {
		return nil, invalid(`"ratio" is what is ordered for each unit of the leader's: a number above 0 and at most 1000, with at most 18 decimals.`)
	}
	digest := sha256.Sum256([]byte(f.Code))
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.LockLog()
		b.Queue("select private.follow($1, $2, $3, $4)", uuid.New(), digest[:], token, f.Ratio)
		queueCopying(b, &all)
	})
	return all, explain(err)
}

// Unfollow ends that the account follows another. It ends with copying_not_found.
func (s *Service) Unfollow(ctx context.Context, a tenant.Admission, id uuid.UUID) error {
	var followed bool
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.LockLog()
		b.Queue("select private.unfollow($1)", id).QueryRow(func(row pgx.Row) error { return row.Scan(&followed) })
	})
	if err == nil && !followed {
		err = problem.New(problem.CopyingNotFound, "This account follows nobody by this id, or not any more. See GET /api/copying.")
	}
	return err
}

const (
	listCopiesSQL = `select c.id, c.follow_id, c.action, c.symbol, c.side, c.state, c.reason, c.led_at, c.leader_filled_at, trim_scale(c.leader_price)::text as leader_price,
			case when o.id is not null then c.id end as order_id, o.status as order_status, o.created_at as sent_at, o.filled_at,
			trim_scale(coalesce(o.qty, o.notional))::text as amount, trim_scale(o.filled_qty)::text as filled_qty, trim_scale(o.filled_avg_price)::text as filled_avg_price,
			round(extract(epoch from o.created_at - c.led_at) * 1000)::bigint as lag_ms
		from app.copies c left join app.alpaca_orders o on o.account_id = c.account_id and o.id = c.id
		where c.account_id = $1 and (c.led_at, c.id) < ($2, $3) order by c.led_at desc, c.id desc limit $4`
	listLedSQL = `select id, symbol, side, led_at, trim_scale(price)::text as price, copies, sent, filled, skipped, lag_ms::bigint as lag_ms, trim_scale(copies_price)::text as copies_price
		from private.list_led_orders($1, $2, $3)`
)

// Copies returns {"copies":[…],"next_cursor":…}: what was copied on the account, newest
// first.
func (s *Service) Copies(ctx context.Context, a tenant.Admission, page paging.Page) ([]byte, error) {
	list := page.List("copies", "led_at")
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(listCopiesSQL, a.Account, page.At, page.ID, page.Limit+1).Query(list.Read)
	})
	if err != nil {
		return nil, err
	}
	return list.JSON(), nil
}

// Led returns {"led":[…],"next_cursor":…}: the account's orders that were copied, newest
// first, with how the copies of each went together.
func (s *Service) Led(ctx context.Context, a tenant.Admission, page paging.Page) ([]byte, error) {
	list := page.List("led", "led_at")
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) { b.Queue(listLedSQL, page.At, page.ID, page.Limit+1).Query(list.Read) })
	if err != nil {
		return nil, err
	}
	return list.JSON(), nil
}

// explain turns the refusals of the functions into problems.
func explain(err error) error {
	var pg *pgconn.PgError
	if tenant.UniqueViolation(err) != "" { // the token was taken for another account at the same moment
		return problem.New(problem.CopyingExists, "There is one already: see GET /api/copying, and end it first.").Because(err)
	}
	if !errors.As(err, &pg) || pg.Code != "PD470" {
		return err
	}
	switch pg.Detail {
	case "code":
		return problem.New(problem.CopyingNotFound, "There is no offer under this code, or it has ended. Ask whoever gave it to you.").Because(pg)
	case "twice":
		return problem.New(problem.CopyingExists, "There is one already: see GET /api/copying, and end it first.").Because(pg)
	case "many":
		return problem.New(problem.CopyingExists, "A hundred accounts follow this one already, which is as many as may.").Because(pg)
	case "self":
		return invalid("An account does not follow itself.").Because(pg)
	case "paper":
		return invalid("Only paper accounts are copied, and copy.").Because(pg)
	}
	return invalid(`"token_id" must be an API token of your own that holds, may trade, is for paper accounts alone (paper_only), reaches this account, and serves no other follow.`).Because(pg)
}

func invalid(format string, args ...any) *problem.Problem {
	return problem.New(problem.InvalidCopying, format, args...)
}
