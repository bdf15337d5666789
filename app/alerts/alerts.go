// Package alerts takes the alerts of charting services such as TradingView, which send a
// body of one's own to a URL and nothing else, and has their orders sent like others: by
// an API token of their own, under its limits, one after the other, and through the same
// approvals. It keeps what each alert led to.
package alerts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/ids"
	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/tokens"
	"paddock/app/trading"
)

// Service is for requests.
type Service struct {
	db      *tenant.DB
	trading *trading.Service
}

// New makes a Service.
func New(db *tenant.DB, trading *trading.Service) *Service { return &Service{db, trading} }

// Alert is what a charting service sends.
type Alert struct {
	// Token is an API token that may trade. It is in the body because these services
	// send no header of one's own, and is not kept.
	Token     string `json:"token"`
	AccountID string `json:"account_id"`
	// ID tells an alert from others of its token; without it the whole alert does.
	ID string `json:"id,omitempty"`
	// Time is when it was sent, in RFC 3339. One that is older than Window is refused.
	Time   string               `json:"time"`
	Source string               `json:"source,omitempty"` // what sent it, for people
	Order  trading.OrderRequest `json:"order"`
}

// Window is how old an alert may be, and how far ahead of the clock here.
const Window = 5 * time.Minute

// Admission returns who an alert comes from. It ends with unauthenticated or
// account_malformed.
func (a *Alert) Admission() (tenant.Admission, error) {
	if !tokens.IsToken(a.Token) {
		return tenant.Admission{}, problem.New(problem.Unauthenticated, `"token" must be an API token, whole, that may trade. Make one with POST /api/tokens.`)
	}
	account, ok := ids.Parse(a.AccountID)
	if !ok {
		return tenant.Admission{}, problem.New(problem.AccountMalformed, `"account_id" must be the account's id, a UUID. Copy it from GET /api/accounts.`)
	}
	return tenant.Admission{Token: a.Token, Account: account}, nil
}

// check completes the order, and ends with invalid_alert.
func (a *Alert) check(now time.Time) (at time.Time, err error) {
	at, err = time.Parse(time.RFC3339, a.Time)
	switch {
	case err != nil:
		return at, invalid(`"time" must be when the alert was sent, such as %q: TradingView puts it there for {{timenow}}.`, now.UTC().Format(time.RFC3339))
	case now.Sub(at) > Window || at.Sub(now) > Window:
		return at, problem.New(problem.AlertTooOld, "The alert is of %s, and it is %s: one that is more than five minutes off is not carried out. Check the clock that writes \"time\".",
			at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case utf8.RuneCountInString(a.ID) > 200 || utf8.RuneCountInString(a.Source) > 80 || strings.ContainsRune(a.ID+a.Source, 0):
		return at, invalid(`"id" may have 200 characters and "source" 80.`)
	case a.Order.ClientOrderID != "":
		return at, invalid(`"order" takes no client_order_id: "id" tells the alert from others.`)
	}
	if a.Order.Type == "" {
		a.Order.Type = "market"
	}
	if a.Order.TimeInForce == "" {
		a.Order.TimeInForce = "day"
		if strings.Contains(a.Order.Symbol, "/") {
			a.Order.TimeInForce = "gtc" // coins have no day
		}
	}
	if a.Order.Reason == "" && a.Source != "" {
		a.Order.Reason = "alert of " + a.Source
	}
	return at, nil
}

// key returns by what an alert is known again, and its order's idempotency key.
func (a *Alert) key() (id, key string) {
	kept := *a
	kept.Token = ""
	text, err := json.Marshal(kept)
	if err != nil {
		panic(err) // cannot happen: strings and decimals always marshal
	}
	if id = a.ID; id == "" {
		sum := sha256.Sum256(text)
		id = hex.EncodeToString(sum[:])
	}
	sum := sha256.Sum256([]byte(a.Token + "\x00" + id)) // other tokens have other ids
	return id, "alert-" + hex.EncodeToString(sum[:16])
}

const (
	insertAlertSQL = `insert into app.alerts (account_id, id, token_id, alert_id, source, sent_at, request, job_id, code, message)
		values ($1, $2, private.token_id(), $3, nullif($4, ''), $5, $6, $7, nullif($8, ''), nullif($9, ''))`
	// An alert's outcome is that of its job, or of the order that has the job's id.
	alertColumnsSQL = `a.id, a.token_id, a.alert_id, a.source, a.sent_at, a.received_at, a.request, a.job_id, a.code, a.message,
		case when a.code is not null then 'refused' else coalesce(j.state, case when o.id is not null then 'done' end) end as state,
		coalesce(j.answer->>'code', a.code) as refused_by, o.status as order_status`
	fromAlertsSQL = ` from app.alerts a left join app.jobs j on j.account_id = a.account_id and j.id = a.job_id
		left join app.alpaca_orders o on o.account_id = a.account_id and o.id = a.job_id`
	firstAlertSQL = `select ` + alertColumnsSQL + fromAlertsSQL + ` where a.account_id = $1 and a.token_id = private.token_id() and a.alert_id = $2`
	listAlertsSQL = `select ` + alertColumnsSQL + fromAlertsSQL + ` where a.account_id = $1 and (a.received_at, a.id) < ($2, $3) order by a.received_at desc, a.id desc limit $4`
)

// Take has the order of an alert sent, once, and returns what the list has of it. The
// same alert again is answered with the first, and sends nothing. A refusal is kept as
// well. It ends with invalid_alert, alert_too_old, or as trading.Accept does.
func (s *Service) Take(ctx context.Context, a tenant.Admission, alert Alert) (json.RawMessage, error) {
	id, key := alert.key()
	at, refused := alert.check(time.Now())
	if refused == nil {
		_, refused = s.trading.AcceptWith(ctx, a, key, alert.Order, func(b *tenant.Batch, job uuid.UUID) {
			queue(b, a, alert, id, at, &job, nil)
		})
		if refused == nil || tenant.UniqueViolation(refused) == "alerts_alert_idx" {
			return s.first(ctx, a, id)
		}
	}
	why := problem.Of(refused)
	switch why.Kind() {
	case problem.KindInternal, problem.KindUnavailable, problem.KindUnauthenticated, problem.KindForbidden:
		return nil, refused
	}
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) { queue(b, a, alert, id, at, nil, why) })
	if err != nil && tenant.UniqueViolation(err) == "" {
		return nil, err
	}
	return nil, refused
}

// queue keeps an alert, with its job or why it was refused.
func queue(b *tenant.Batch, a tenant.Admission, alert Alert, id string, at time.Time, job *uuid.UUID, refused *problem.Problem) {
	request, err := json.Marshal(alert.Order)
	if err != nil {
		panic(err) // cannot happen: strings and decimals always marshal
	}
	var sent *time.Time
	if !at.IsZero() {
		sent = &at
	}
	var code, message string
	if refused != nil {
		code, message = refused.Code.String(), refused.Message
		id = uuid.NewString() // it may be sent again, mended
	}
	b.Queue(insertAlertSQL, a.Account, uuid.New(), id, alert.Source, sent, request, job, code, message)
}

// first returns the alert that has this id.
func (s *Service) first(ctx context.Context, a tenant.Admission, id string) (json.RawMessage, error) {
	var text []byte
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue(firstAlertSQL, a.Account, id).Query(func(rows pgx.Rows) (err error) {
			text, err = paging.AppendRows(nil, rows, nil)
			return err
		})
	})
	if err == nil && len(text) <= 2 {
		err = errors.New("an alert that was just kept is not there")
	}
	if err != nil {
		return nil, err
	}
	return text[1 : len(text)-1], nil
}

// List returns {"alerts":[…],"next_cursor":…}, newest first, with what became of each.
func (s *Service) List(ctx context.Context, a tenant.Admission, page paging.Page) ([]byte, error) {
	list := page.List("alerts", "received_at")
	err := s.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue(listAlertsSQL, a.Account, page.At, page.ID, page.Limit+1).Query(list.Read)
	})
	if err != nil {
		return nil, err
	}
	return list.JSON(), nil
}

func invalid(format string, args ...any) error {
	return problem.New(problem.InvalidAlert, format, args...)
}
