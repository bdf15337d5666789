// Package audit reads the audit: who did what on an account, and what happened to
// a user's sign-in. Given an admission and a filter, it returns a page as JSON or
// writes all of it as JSON Lines or CSV. The rows are written by the database
// alone, in the transaction that does the thing: see private.audit.
package audit

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Audit reads the audit.
type Audit struct{ db *tenant.DB }

// New makes an Audit.
func New(db *tenant.DB) *Audit { return &Audit{db} }

// Filter selects rows. Empty fields do not filter.
type Filter struct {
	Action    string // an action such as order.cancel, or what stands before its dot: order
	Without   string // actions that are left out, between commas
	Actor     string // a user's id, or an operator's or a reporting login's name
	RequestID string
	Since     string // RFC 3339; rows from then on
	Until     string // RFC 3339; rows before then
}

// selection is a filter that was checked, as the query takes it.
type selection struct {
	Action    string    `json:"action,omitempty"`
	Without   []string  `json:"without,omitempty"`
	Actor     string    `json:"actor,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Since     time.Time `json:"since,omitzero"`
}

// check returns the filter as the query takes it, and the page that begins at its
// end.
func (f Filter) check(page paging.Page) (selection, paging.Page, error) {
	s := selection{Action: f.Action, Actor: f.Actor, RequestID: f.RequestID}
	if f.Without != "" {
		s.Without = strings.Split(f.Without, ",")
	}
	var until time.Time
	var err error
	if s.Since, err = parseTime("since", f.Since); err == nil {
		until, err = parseTime("until", f.Until)
	}
	if !until.IsZero() && until.Before(page.At) {
		page.At, page.ID = until, uuid.Nil // no row has this id
	}
	return s, page, err
}

func parseTime(name, text string) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	if t, err = time.Parse(time.RFC3339, text); err != nil || t.Year() < 1 {
		return t, problem.New(problem.InvalidQuery, `Give %q as a time such as 2026-01-31T00:00:00Z.`, name)
	}
	return t.UTC(), nil
}

const (
	columnsSQL = `select id, at, kind, actor, session_id, request_id, address, request, action, detail from app.`
	filterSQL  = ` and (at, id) < ($2, $3) and at >= case when $4::jsonb->>'since' is null then '-infinity' else ($4::jsonb->>'since')::timestamptz end
		and ($4->>'action' is null or action = $4->>'action' or split_part(action, '.', 1) = $4->>'action')
		and ($4->>'actor' is null or actor = $4->>'actor') and ($4->>'request_id' is null or request_id = $4->>'request_id')
		and not coalesce($4->'without' ? action, false)
		order by at desc, id desc limit $5`

	ofAccountSQL = columnsSQL + `audit_log where account_id = $1` + filterSQL
	ofUserSQL    = columnsSQL + `user_audit_log where user_id = private.user_id() and $1::uuid is null` + filterSQL
)

// queue adds the statement that reads a page and hands its rows to read. An
// admission to an account reads that account's audit, and one without an account
// the user's own.
func (s selection) queue(b *tenant.Batch, a tenant.Admission, page paging.Page, read func(pgx.Rows) error) {
	if a.IsOfUser() {
		b.Queue(ofUserSQL, nil, page.At, page.ID, s, page.Limit+1).Query(read)
		return
	}
	// It is asked beside the policy, so that somebody who may not read the audit is
	// told so, and is not shown an empty one.
	b.Queue("select private.has_scope('manage')").QueryRow(func(row pgx.Row) error {
		var may bool
		err := row.Scan(&may)
		if err == nil && !may {
			err = tenant.NotPermitted("manage")
		}
		return err
	})
	b.Queue(ofAccountSQL, a.Account, page.At, page.ID, s, page.Limit+1).Query(read)
}

// List returns {"audit":[…],"next_cursor":…}, newest first. It ends with
// invalid_query or not_permitted.
func (l *Audit) List(ctx context.Context, a tenant.Admission, f Filter, page paging.Page) ([]byte, error) {
	s, page, err := f.check(page)
	if err != nil {
		return nil, err
	}
	list := page.List("audit", "at")
	err = l.db.Read(ctx, a, func(b *tenant.Batch) { s.queue(b, a, page, list.Read) })
	if err != nil {
		return nil, err
	}
	return list.JSON(), nil
}
