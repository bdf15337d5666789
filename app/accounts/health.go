package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/tenant"
)

// Health is whether an account's data can be relied on: whether it agreed with
// the broker lately, and not whether something is connected.
type Health struct {
	Status   string     `json:"status"` // ok, starting, behind or needs_credentials
	Message  string     `json:"message"`
	AgreedAt *time.Time `json:"agreed_at"`
	Stream   Stream     `json:"stream"`
	Journal  Journal    `json:"journal"`
}

// Journal is whether the journal holds what the broker does.
type Journal struct {
	Complete    bool         `json:"complete"`
	Differences []Difference `json:"differences"`
}

// Difference is a symbol of which the journal holds more or less.
type Difference struct {
	Symbol     string          `json:"symbol"`
	JournalQty decimal.Decimal `json:"journal_qty"`
	BrokerQty  decimal.Decimal `json:"broker_qty"`
	Since      time.Time       `json:"since"`
}

// Stream is how an account's trade updates are read.
type Stream struct {
	Mode          string     `json:"mode"`           // what is asked for: auto, sse, ws or off
	Kind          *string    `json:"kind"`           // what is up: sse or ws; nil for none
	UnbrokenSince *time.Time `json:"unbroken_since"` // from when on it has told everything
	Note          *string    `json:"note"`           // why it is not the kind that was asked for
	LastError     *string    `json:"last_error"`     // why the last one ended
	LastErrorAt   *time.Time `json:"last_error_at"`
}

// What is said of each status.
var healthMessages = map[string]string{
	"ok":                 "Orders and positions agreed with Alpaca lately.",
	"starting":           "Orders and positions have not been read from Alpaca yet. Lists ask Alpaca itself until they are.",
	"behind":             "Orders and positions have not agreed with Alpaca lately. Lists ask Alpaca itself until they do.",
	CodeNeedsCredentials: "This account has no working API keys. Store them with PUT /api/accounts/:id/credentials.",
}

// Health answers how fresh the mirror of an account is and what its stream does.
func (s *Service) Health(ctx context.Context, a tenant.Admission) (Health, error) {
	var h Health
	var works, fresh bool
	err := s.db.Do(ctx, a, func(b *tenant.Batch) {
		b.Queue(`select u.stream_mode, coalesce(c.works, false), s.streaming, s.unbroken_since, s.note, s.last_error, s.last_error_at,
				s.agreed_at, app.is_fresh(s.agreed_at, s.unbroken_since, $2)
			from app.user_accounts u
			left join app.stream_cursors s on s.account_id = u.id
			left join private.accounts_with_credentials() c on c.account_id = u.id
			where u.id = $1`, a.Account, s.MirrorMaxAge).
			QueryRow(func(row pgx.Row) error {
				return row.Scan(&h.Stream.Mode, &works, &h.Stream.Kind, &h.Stream.UnbrokenSince, &h.Stream.Note,
					&h.Stream.LastError, &h.Stream.LastErrorAt, &h.AgreedAt, &fresh)
			})
		b.Queue(`select symbol, trim_scale(journal_qty)::text, trim_scale(broker_qty)::text, since from app.journal_gaps where account_id = $1 order by symbol`, a.Account).
			Query(func(rows pgx.Rows) (err error) {
				h.Journal.Differences, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Difference])
				return err
			})
	})
	for _, t := range []*time.Time{h.AgreedAt, h.Stream.UnbrokenSince, h.Stream.LastErrorAt} {
		if t != nil {
			*t = t.UTC()
		}
	}
	for i, d := range h.Journal.Differences {
		h.Journal.Differences[i].Since = d.Since.UTC()
	}
	h.Journal.Complete = len(h.Journal.Differences) == 0
	switch {
	case !works:
		h.Status = CodeNeedsCredentials
	case fresh:
		h.Status = "ok"
	case h.AgreedAt == nil:
		h.Status = "starting"
	default:
		h.Status = "behind"
	}
	h.Message = healthMessages[h.Status]
	return h, explain(err)
}
