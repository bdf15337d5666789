// Package approvals lists what waits for a person's word, and records what people say of
// it. Which orders and changes wait, who may approve them and whether an approval still
// holds is decided in Postgres.
package approvals

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// Service is for requests.
type Service struct {
	db      *tenant.DB
	trading *trading.Service
}

// New makes a Service.
func New(db *tenant.DB, trading *trading.Service) *Service { return &Service{db, trading} }

// Word is what a person says of an approval.
type Word struct {
	// Digest is that of the approval as they saw it. Their word is for nothing else.
	Digest string `json:"digest"`
	// MaxPriceMove is by how many percent a price may have moved, either way, since the
	// order was proposed; 1 unless it is set.
	MaxPriceMove *trading.Amount `json:"max_price_move,omitempty"`
	Note         string          `json:"note,omitempty"`
}

// usualPriceMove is the MaxPriceMove of a word that has none, in percent.
var usualPriceMove = decimal.NewFromInt(1)

// check returns the digest and the move, or invalid_approval.
func (w *Word) check() (digest []byte, move decimal.Decimal, err error) {
	digest, err = hex.DecodeString(w.Digest)
	move = usualPriceMove
	if w.MaxPriceMove != nil {
		move = w.MaxPriceMove.Decimal
	}
	switch {
	case err != nil || len(digest) != 32:
		return nil, move, invalid(`"digest" must be that of the approval, 64 hexadecimal digits. Copy it from GET /api/approvals/:id.`)
	case move.IsNegative() || move.GreaterThan(decimal.NewFromInt(100)) || !move.Equal(move.Truncate(4)):
		return nil, move, invalid(`"max_price_move" must be percent from 0 to 100, with at most four decimals.`)
	case utf8.RuneCountInString(w.Note) > 500 || !utf8.ValidString(w.Note) || strings.ContainsRune(w.Note, 0):
		return nil, move, invalid(`"note" must be plain text of at most 500 characters.`)
	}
	return digest, move, nil
}

// Approve records that the admitted user approves, and returns the approval. With the
// last word that it needs, an order is sent, within a second. It ends with
// invalid_approval, approval_not_found, approval_decided, approval_changed, own_approval,
// or a problem of the admission.
func (s *Service) Approve(ctx context.Context, a tenant.Admission, id uuid.UUID, w Word) (json.RawMessage, error) {
	return s.say(ctx, a, id, "approve", w)
}

// Refuse records that the admitted user refuses, which ends the approval, and returns it.
// It ends as Approve does, but with one's own.
func (s *Service) Refuse(ctx context.Context, a tenant.Admission, id uuid.UUID, w Word) (json.RawMessage, error) {
	return s.say(ctx, a, id, "refuse", w)
}

func (s *Service) say(ctx context.Context, a tenant.Admission, id uuid.UUID, word string, w Word) (approval json.RawMessage, err error) {
	digest, move, err := w.check()
	if err != nil {
		return nil, err
	}
	var found bool
	err = s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.give_word($1, $2, $3, $4, nullif($5, ''))", id, digest, word, move.String(), w.Note).
			QueryRow(func(row pgx.Row) error { return row.Scan(&found) })
		queueApproval(b, a, id, &approval)
	})
	if err == nil && !found {
		err = notFound()
	}
	return approval, err
}

// Get returns an approval. It ends with approval_not_found.
func (s *Service) Get(ctx context.Context, a tenant.Admission, id uuid.UUID) (approval json.RawMessage, err error) {
	err = s.db.Read(ctx, a, func(b *tenant.Batch) { queueApproval(b, a, id, &approval) })
	if err == nil && approval == nil {
		err = notFound()
	}
	return approval, err
}

func queueApproval(b *tenant.Batch, a tenant.Admission, id uuid.UUID, into *json.RawMessage) {
	b.Queue("select app.approval_json($1, $2)", a.Account, id).QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}

// Preview returns what the order of an approval would lead to now. It ends with
// approval_not_found, also for that of a change, or as trading.Preview does.
func (s *Service) Preview(ctx context.Context, a tenant.Admission, id uuid.UUID) (*trading.Preview, error) {
	text, err := s.Get(ctx, a, id)
	if err != nil {
		return nil, err
	}
	var approval struct {
		Kind    string          `json:"kind"`
		Request json.RawMessage `json:"request"`
	}
	if err := json.Unmarshal(text, &approval); err != nil {
		return nil, err
	}
	if approval.Kind != "order" {
		return nil, problem.New(problem.ApprovalNotFound, "This approval is for a change of the account and not for an order, so that there is nothing to preview.")
	}
	return s.trading.PreviewProposed(ctx, a, approval.Request)
}

const (
	listSQL = `select id, proposed_at, app.approval_json(account_id, id) - '{id,proposed_at}'::text[] as "*" from app.approvals where account_id = $1 and (proposed_at, id) < ($2, $3)`
	// proposedChangeSQL is the approval that waits for a change of the admitted user's.
	proposedChangeSQL = `select app.approval_json(account_id, id) from app.approvals
		where account_id = $1 and kind = $2 and request = $3 and proposed_by = private.user_id() and state = 'pending' order by proposed_at desc limit 1`
	newestSQL = ` order by proposed_at desc, id desc limit $4`
)

// states are those that a list can be of. What has expired is so before it is written.
var states = map[string]string{
	"":          listSQL + newestSQL,
	"pending":   listSQL + ` and state = 'pending' and expires_at > now()` + newestSQL,
	"approved":  listSQL + ` and state = 'approved'` + newestSQL,
	"used":      listSQL + ` and state = 'used'` + newestSQL,
	"refused":   listSQL + ` and state = 'refused'` + newestSQL,
	"expired":   listSQL + ` and (state = 'expired' or state = 'pending' and expires_at <= now())` + newestSQL,
	"withdrawn": listSQL + ` and state = 'withdrawn'` + newestSQL,
	"void":      listSQL + ` and state = 'void'` + newestSQL,
	"failed":    listSQL + ` and state = 'failed'` + newestSQL,
}

// List returns {"approvals":[…],"next_cursor":…}, newest first, of one state unless it is
// "".
func (s *Service) List(ctx context.Context, a tenant.Admission, state string, page paging.Page) ([]byte, error) {
	query, is := states[state]
	if !is {
		return nil, problem.New(problem.InvalidQuery, `Set "state" to pending, approved, used, refused, expired, withdrawn, void or failed.`)
	}
	list := page.List("approvals", "proposed_at")
	err := s.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue(query, a.Account, page.At, page.ID, page.Limit+1).Query(list.Read)
	})
	if err != nil {
		return nil, err
	}
	return list.JSON(), nil
}

// Propose asks for another person's word for the change that err, an approval_needed,
// says is needed, and returns err with the approval in its details.
func (s *Service) Propose(ctx context.Context, a tenant.Admission, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "PD457" {
		return err
	}
	var needed struct {
		Kind   string          `json:"kind"`
		Change json.RawMessage `json:"change"`
	}
	if bad := json.Unmarshal([]byte(pg.Detail), &needed); bad != nil {
		return bad
	}
	var approval json.RawMessage
	failed := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.propose_change($1, $2, $3)", uuid.New(), needed.Kind, needed.Change)
		b.Queue(proposedChangeSQL, a.Account, needed.Kind, needed.Change).QueryRow(func(row pgx.Row) error { return row.Scan(&approval) })
	})
	if failed != nil {
		return failed
	}
	p := *problem.Of(err)
	p.Details = map[string]any{"approval": approval}
	return &p
}

func notFound() error {
	return problem.New(problem.ApprovalNotFound, "This account has no approval of this id. Copy it from GET /api/approvals.")
}

func invalid(format string, args ...any) error {
	return problem.New(problem.InvalidApproval, format, args...)
}
