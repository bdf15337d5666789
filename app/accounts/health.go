package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// Health is whether an account's data can be relied on: whether it agreed with
// the broker lately, which is more than whether something is connected.
type Health struct {
	Status   string     `json:"status"` // ok, starting, behind or needs_credentials
	Message  string     `json:"message"`
	AgreedAt *time.Time `json:"agreed_at"`
	Stream   Stream     `json:"stream"`
	Journal  Journal    `json:"journal"`
	// SyncError is why the last reconciliation failed; nil if it did not.
	SyncError   *string    `json:"sync_error"`
	SyncErrorAt *time.Time `json:"sync_error_at"`
	// ClockSkewMS is how far Alpaca's clock is ahead of this server's, in
	// milliseconds; nil before Alpaca has answered.
	ClockSkewMS *int64 `json:"clock_skew_ms"`
	// Odd are items from Alpaca that are not in its documented form, newest
	// first; OddTotal is how many there are.
	Odd      []OddItem `json:"odd"`
	OddTotal int       `json:"odd_total"`
}

// OddItem is an order, a position, an activity or an update in another form
// than the documented one. What can be read of it is recorded.
type OddItem struct {
	What      string    `json:"what"`
	ID        string    `json:"id"`
	Why       string    `json:"why"`
	Item      string    `json:"item"`      // as it came
	Recorded  bool      `json:"recorded"`  // as far as it could be read
	Uncounted bool      `json:"uncounted"` // it is open or held, and its quantity cannot be read
	FirstAt   time.Time `json:"first_at"`
	LastAt    time.Time `json:"last_at"`
}

// Journal is whether the journal holds the quantities that the broker does.
type Journal struct {
	Complete    bool         `json:"complete"`
	Differences []Difference `json:"differences"`
}

// Difference is a symbol of which the journal holds another quantity.
type Difference struct {
	Symbol     string          `json:"symbol"`
	JournalQty decimal.Decimal `json:"journal_qty"`
	BrokerQty  decimal.Decimal `json:"broker_qty"`
	Since      time.Time       `json:"since"`
}

// Stream is how an account's trade updates are read.
type Stream struct {
	Mode          string     `json:"mode"`           // what is set: auto, sse, ws or off
	Kind          *string    `json:"kind"`           // what is connected: sse or ws; nil for none
	UnbrokenSince *time.Time `json:"unbroken_since"` // since when it has sent everything
	Note          *string    `json:"note"`           // why it is not the kind that is set
	LastError     *string    `json:"last_error"`     // why the last one ended
	LastErrorAt   *time.Time `json:"last_error_at"`
}

// The message for each status.
var healthMessages = map[string]string{
	"ok":       "Orders and positions agreed with Alpaca lately.",
	"starting": "Orders and positions have not been read from Alpaca yet. Lists ask Alpaca itself until they are.",
	"behind":   "Orders and positions have not agreed with Alpaca lately. Lists ask Alpaca itself until they do.",
	"uncounted": "Alpaca has an order or a position that cannot be read: see odd. Orders that guards must add up are refused " +
		"with account_not_synced until it is over or can be read. Look at it at Alpaca.",
	"needs_credentials": "This account has no working API keys. Store them with PUT /api/accounts/:id/credentials.",
}

// Health reads how current an account's mirror is and the state of its stream.
func (s *Service) Health(ctx context.Context, a tenant.Admission) (Health, error) {
	var h Health
	var works, fresh, uncounted bool
	var environment string
	err := s.db.Read(ctx, a, func(b *tenant.Batch) {
		h.Odd, h.OddTotal = []OddItem{}, 0
		b.Queue(`select u.stream_mode, coalesce(c.works, false), s.streaming, s.unbroken_since, s.note, s.last_error, s.last_error_at,
				s.agreed_at, app.is_fresh(s.agreed_at, s.unbroken_since, $2), s.sync_error, s.sync_error_at, app.has_uncounted_items(u.id), u.environment
			from app.user_accounts u
			left join app.stream_cursors s on s.account_id = u.id
			left join private.accounts_with_credentials() c on c.account_id = u.id
			where u.id = $1`, a.Account, s.MirrorMaxAge).
			QueryRow(func(row pgx.Row) error {
				return row.Scan(&h.Stream.Mode, &works, &h.Stream.Kind, &h.Stream.UnbrokenSince, &h.Stream.Note,
					&h.Stream.LastError, &h.Stream.LastErrorAt, &h.AgreedAt, &fresh, &h.SyncError, &h.SyncErrorAt, &uncounted, &environment)
			})
		b.Queue(`select what, item_id, why, said, not unread, uncounted, first_at, last_at, count(*) over () from app.odd_items
			where account_id = $1 order by last_at desc, what, item_id limit 20`, a.Account).
			Query(func(rows pgx.Rows) error {
				var o OddItem
				_, err := pgx.ForEachRow(rows, []any{&o.What, &o.ID, &o.Why, &o.Item, &o.Recorded, &o.Uncounted, &o.FirstAt, &o.LastAt, &h.OddTotal}, func() error {
					o.FirstAt, o.LastAt = o.FirstAt.UTC(), o.LastAt.UTC()
					h.Odd = append(h.Odd, o)
					return nil
				})
				return err
			})
		b.Queue(`select symbol, trim_scale(journal_qty)::text, trim_scale(broker_qty)::text, since from app.journal_gaps where account_id = $1 order by symbol`, a.Account).
			Query(func(rows pgx.Rows) (err error) {
				h.Journal.Differences, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Difference])
				return err
			})
	})
	if skew, known := s.broker.ClockSkew(broker.Environment(environment)); known {
		ms := skew.Milliseconds()
		h.ClockSkewMS = &ms
	}
	for _, t := range []*time.Time{h.SyncErrorAt, h.AgreedAt, h.Stream.UnbrokenSince, h.Stream.LastErrorAt} {
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
		h.Status = "needs_credentials"
	case fresh:
		h.Status = "ok"
	case h.AgreedAt == nil:
		h.Status = "starting"
	default:
		h.Status = "behind"
	}
	h.Message = healthMessages[h.Status]
	if works && h.SyncError != nil && !fresh {
		h.Message += " " + *h.SyncError
	}
	if works && uncounted {
		h.Message += " " + healthMessages["uncounted"]
	}
	return h, toProblem(err)
}
