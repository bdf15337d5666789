package sleeves

import (
	"context"
	"encoding/json"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/ids"
	"paddock/app/optional"
	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// Transfer is cash that is moved between two sleeves, or between one and what belongs to
// none.
type Transfer struct {
	// Null, or left out: what belongs to no sleeve.
	From   optional.Field[*string] `json:"from_sleeve_id"`
	To     optional.Field[*string] `json:"to_sleeve_id"`
	Amount *trading.Amount         `json:"amount"` // dollars
	Note   string                  `json:"note,omitempty"`
}

// check returns the two sleeves, or invalid_sleeve.
func (t *Transfer) check() (from, to *uuid.UUID, err error) {
	if from, err = parseSleeve(t.From.Value); err != nil {
		return nil, nil, err
	}
	if to, err = parseSleeve(t.To.Value); err != nil {
		return nil, nil, err
	}
	switch {
	case from == nil && to == nil || from != nil && to != nil && *from == *to:
		return nil, nil, invalid(`"from_sleeve_id" and "to_sleeve_id" must name two places: two sleeves, or one of them null for the cash that belongs to none.`)
	case t.Amount == nil || !t.Amount.IsPositive() || !cents(t.Amount.Decimal):
		return nil, nil, invalid(`"amount" must be dollars above 0, with at most two decimals.`)
	case utf8.RuneCountInString(t.Note) > 500:
		return nil, nil, invalid(`"note" must be a text of at most 500 characters.`)
	}
	if err := t.Amount.CheckSize("amount"); err != nil {
		return nil, nil, invalid("%s", problem.Of(err).Message)
	}
	return from, to, nil
}

func parseSleeve(text *string) (*uuid.UUID, error) {
	if text == nil {
		return nil, nil
	}
	id, ok := ids.Parse(*text)
	if !ok {
		return nil, invalid("A sleeve's id is a UUID. Copy it from GET /api/sleeves.")
	}
	return &id, nil
}

const moveSQL = `select jsonb_build_object('id', t.id, 'from_sleeve_id', t.from_sleeve_id, 'to_sleeve_id', t.to_sleeve_id, 'amount', t.amount::text,
	'note', t.note, 'made_by', t.made_by, 'made_at', app.rfc3339(t.made_at))
	from private.move_cash($1, $2, $3, $4, nullif($5, ''), nullif($6, '')) t`

// Move moves cash, once for a key ("" for none), and returns the transfer. It ends with
// invalid_sleeve, sleeve_not_found, not_enough_cash, idempotency_key_reused,
// step_up_required, a problem of the broker, or one of the admission.
func (s *Service) Move(ctx context.Context, a tenant.Admission, key string, t Transfer) (json.RawMessage, error) {
	from, to, err := t.check()
	if err != nil {
		return nil, err
	}
	if err := trading.CheckKey(key); err != nil {
		return nil, err
	}
	if from == nil {
		if _, err := s.readBalance(ctx, a); err != nil {
			return nil, err
		}
	}
	var made json.RawMessage
	err = s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(moveSQL, uuid.New(), from, to, t.Amount.String(), t.Note, key).QueryRow(func(row pgx.Row) error { return row.Scan(&made) })
	})
	if tenant.SQLState(err) == "PD409" {
		return nil, problem.New(problem.IdempotencyKeyReused, "This Idempotency-Key was sent with another transfer. Use a new key for a new one.").Because(err)
	}
	return made, err
}

const transferColumnsSQL = `id, from_sleeve_id, to_sleeve_id, amount::text, note, made_by, made_at`

// Transfers returns {"sleeve_transfers":[…],"next_cursor":…}, newest first.
func (s *Service) Transfers(ctx context.Context, a tenant.Admission, page paging.Page) ([]byte, error) {
	list := page.List("sleeve_transfers", "made_at")
	err := s.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue(`select `+transferColumnsSQL+` from app.sleeve_transfers where account_id = $1 and (made_at, id) < ($2, $3)
			order by made_at desc, id desc limit $4`, a.Account, page.At, page.ID, page.Limit+1).Query(list.Read)
	})
	if err != nil {
		return nil, err
	}
	return list.JSON(), nil
}
