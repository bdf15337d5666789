package tokens

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/ids"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// Service is for requests.
type Service struct {
	db *tenant.DB
	// OnRevoke, unless it is nil, is called after tokens were revoked.
	OnRevoke func()
}

// New makes a Service.
func New(db *tenant.DB) *Service { return &Service{db: db} }

// Request is a token as a client asks for it.
type Request struct {
	Name     string   `json:"name"`
	Accounts []string `json:"accounts"` // their ids
	Scopes   []string `json:"scopes"`
	// PaperOnly says that it reaches no live account, which it does not unless this is
	// false.
	PaperOnly *bool `json:"paper_only,omitempty"`
	// ExpiresAt is 90 days away unless it is set, or where the token that makes it ends.
	ExpiresAt *string `json:"expires_at,omitempty"`
	// Sleeves are the ids of the sleeves in which it trades, one of an account at most. It
	// trades in any, and in none, of an account that none is of.
	Sleeves []string `json:"sleeves,omitempty"`
	// Limits are beside those of each account, the tightest of which holds.
	Limits trading.Limits `json:"limits,omitzero"`
}

// scopes are what a token can be allowed.
var scopes = []string{"read", "trade", "cancel", "log"}

// The bounds of a token's life.
const (
	usualLife   = 90 * 24 * time.Hour
	longestLife = 366 * 24 * time.Hour
)

// wish is a Request that was checked.
type wish struct {
	accounts  []uuid.UUID
	sleeves   []uuid.UUID
	expiresAt *time.Time
	limits    []byte
}

// check returns the request as the database takes it, or invalid_token where a field is
// none that a token can have.
func (r *Request) check(now time.Time) (w wish, err error) {
	for _, text := range r.Accounts {
		id, ok := ids.Parse(text)
		if !ok {
			return w, invalid(`"accounts" must have ids of accounts, which are UUIDs. Copy them from GET /api/accounts.`)
		}
		w.accounts = append(w.accounts, id)
	}
	for _, text := range r.Sleeves {
		id, ok := ids.Parse(text)
		if !ok {
			return w, invalid(`"sleeves" must have ids of sleeves, which are UUIDs. Copy them from GET /api/sleeves.`)
		}
		w.sleeves = append(w.sleeves, id)
	}
	if r.ExpiresAt != nil {
		at, err := time.Parse(time.RFC3339, *r.ExpiresAt)
		if err != nil || !at.After(now) || at.After(now.Add(longestLife)) {
			return w, invalid(`"expires_at" must be a time to come, such as %q, at most 366 days from now.`, now.Add(usualLife).UTC().Format(time.RFC3339))
		}
		w.expiresAt = &at
	}
	switch {
	case r.Name != strings.TrimSpace(r.Name) || r.Name == "" || utf8.RuneCountInString(r.Name) > 80:
		return w, invalid(`"name" must have 1 to 80 characters, without spaces around it. Name who will use the token.`)
	case len(r.Accounts) == 0 || len(r.Accounts) > 100:
		return w, invalid(`"accounts" must have the ids of 1 to 100 accounts. Copy them from GET /api/accounts.`)
	case len(r.Sleeves) > len(r.Accounts):
		return w, invalid(`"sleeves" may have one of each account.`)
	case len(r.Scopes) == 0:
		return w, invalid(`"scopes" must have at least one of %q.`, scopes)
	case r.Limits.BuyBackOvershoot || r.Limits.FourEyes || r.Limits.ApprovalsNeeded != nil || r.Limits.ApprovalSeconds != nil:
		return w, invalid(`"limits" cannot have "buy_back_overshoot", "four_eyes", "approvals_needed" or "approval_seconds", which are the account's alone: PUT /api/guards.`)
	}
	for _, s := range r.Scopes {
		if !slices.Contains(scopes, s) {
			return w, invalid(`"scopes" may have %q.`, scopes)
		}
	}
	if err := r.Limits.Check(); err != nil {
		return w, invalid(`"limits": %s`, problem.Of(err).Message)
	}
	w.limits, err = json.Marshal(r.Limits)
	return w, err
}

func invalid(format string, args ...any) error {
	return problem.New(problem.InvalidToken, format, args...)
}

// Make makes a token and returns it as List does, with the token itself, which is never
// shown again. Asked for with a token, it makes a narrower one. It ends with
// invalid_token, token_too_wide, too_many_tokens, step_up_required, or a problem of the
// admission.
func (s *Service) Make(ctx context.Context, a tenant.Admission, r Request) (json.RawMessage, error) {
	w, err := r.check(time.Now())
	if err != nil {
		return nil, err
	}
	paperOnly := r.PaperOnly == nil || *r.PaperOnly
	token, id := newToken(), uuid.New()
	var made json.RawMessage
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.make_token($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", id, r.Name, digest(token), hint(token), r.Scopes, w.accounts,
			paperOnly, w.expiresAt, usualLife, w.limits, w.sleeves)
		b.Queue("select * from private.list_tokens($1)", id).QueryRow(func(row pgx.Row) error { return row.Scan(&made) })
	})
	if err != nil {
		return nil, err
	}
	var shown map[string]json.RawMessage
	if err := json.Unmarshal(made, &shown); err != nil {
		return nil, err
	}
	if shown["token"], err = json.Marshal(token); err != nil {
		return nil, err
	}
	return json.Marshal(shown)
}

// List returns {"tokens":[…]}, newest first: the user's, or with a token itself and those
// that were made of it.
func (s *Service) List(ctx context.Context, a tenant.Admission) ([]byte, error) {
	all := []json.RawMessage{}
	err := s.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue("select * from private.list_tokens()").Query(func(rows pgx.Rows) (err error) {
			all, err = pgx.CollectRows(rows, pgx.RowTo[json.RawMessage])
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"tokens": all})
}

// Current returns the token that asks, and the accounts that it reaches. It ends with
// token_not_found where a session asks.
func (s *Service) Current(ctx context.Context, a tenant.Admission) (json.RawMessage, error) {
	var current json.RawMessage
	err := s.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.current_token()").QueryRow(func(row pgx.Row) error { return row.Scan(&current) })
	})
	if err == nil && current == nil {
		err = problem.New(problem.TokenNotFound, "This request was not sent with an API token, but in a session. Send one as Authorization: Bearer.")
	}
	return current, err
}

// Reset lets a token go on that refusals in a row have stopped, and returns it as List
// does. It ends with token_not_found where the user has none of the id that holds,
// step_up_required, or not_permitted where it is asked for with a token.
func (s *Service) Reset(ctx context.Context, a tenant.Admission, id uuid.UUID) (shown json.RawMessage, err error) {
	var reset bool
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.reset_token($1)", id).QueryRow(func(row pgx.Row) error { return row.Scan(&reset) })
		b.Queue("select coalesce((select private.list_tokens($1)), 'null')", id).QueryRow(func(row pgx.Row) error { return row.Scan(&shown) })
	})
	if err == nil && !reset {
		err = notFound()
	}
	return shown, err
}

// notFound is the problem of an id that is of no token that holds.
func notFound() error {
	return problem.New(problem.TokenNotFound, "You have no API token of this id that holds. Copy it from GET /api/tokens.")
}

// Revoke ends a token and all that were made of it, and returns the ids of these. It ends
// with token_not_found where there is none that holds, or none that may be ended so.
func (s *Service) Revoke(ctx context.Context, a tenant.Admission, id uuid.UUID) (revoked []uuid.UUID, err error) {
	err = s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.revoke_token($1)", id).QueryRow(func(row pgx.Row) error { return row.Scan(&revoked) })
	})
	if err == nil && len(revoked) > 0 && s.OnRevoke != nil {
		s.OnRevoke()
	}
	if err == nil && len(revoked) == 0 {
		err = notFound()
	}
	return revoked, err
}
