// Package activities writes what Alpaca has booked on an account, such as executions,
// deposits, dividends and fees, as a table. Alpaca keeps the list, and gives a hundred
// of them at a time.
package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/export"
	"paddock/app/passthrough"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Activities exports activities.
type Activities struct {
	db    *tenant.DB
	relay *passthrough.Relay
}

// New makes an Activities.
func New(db *tenant.DB, relay *passthrough.Relay) *Activities { return &Activities{db, relay} }

// columns are the fields of Alpaca's activities, those of executions and of all others.
var columns = []string{"id", "activity_type", "activity_sub_type", "date", "transaction_time", "created_at", "status", "symbol", "cusip", "side", "qty", "price",
	"net_amount", "per_share_amount", "currency", "type", "order_id", "order_status", "cum_qty", "leaves_qty", "group_id", "description"}

// maxWait bounds how long a page waits for requests that Alpaca allows again.
const maxWait = 2 * time.Minute

// Export returns the table of all activities that Alpaca's own filters select, in
// Alpaca's order. Each page is a request to Alpaca; where the account has none left, the
// table goes on a little later. It ends with what a call that is passed through ends with.
func (x *Activities) Export(ctx context.Context, a tenant.Admission, filters url.Values) (*export.Table, error) {
	q := maps.Clone(filters)
	q.Set("page_size", strconv.Itoa(broker.ActivityPage))
	begun := false
	table, err := export.Begin(ctx, func(ctx context.Context) (p export.Page, err error) {
		read := x.page
		if begun {
			read = x.pageInTime
		}
		rows, last, err := read(ctx, a, q)
		if err != nil {
			return p, err
		}
		if begun && last == q.Get("page_token") {
			return p, errors.New("the broker's pages of activities do not go on")
		}
		begun = true
		q.Set("page_token", last)
		return export.Page{Columns: columns, Rows: rows, More: len(rows) == broker.ActivityPage}, nil
	})
	if err != nil {
		return nil, err
	}
	file := export.File{What: "activities", From: timeOf(q.Get("after")), To: timeOf(q.Get("until"))}
	err = x.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue(export.AccountNameSQL, a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&file.Account) })
	})
	if err != nil {
		return nil, err
	}
	table.Name = file.Name(time.Now())
	return table, nil
}

// pageInTime reads a page, and waits while the account has no requests left.
func (x *Activities) pageInTime(ctx context.Context, a tenant.Admission, q url.Values) (rows [][]string, last string, err error) {
	until := time.Now().Add(maxWait)
	for {
		rows, last, err = x.page(ctx, a, q)
		var p *problem.Problem
		if !errors.As(err, &p) || p.Code != problem.BrokerRateLimited || time.Now().After(until) {
			return rows, last, err
		}
		timer := time.NewTimer(max(p.RetryAfter, time.Second))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, "", ctx.Err()
		}
	}
}

// page reads a page of Alpaca's list, and returns the id of its last row.
func (x *Activities) page(ctx context.Context, a tenant.Admission, q url.Values) (rows [][]string, last string, err error) {
	call := passthrough.Call{Scope: "read", Request: broker.Request{Method: http.MethodGet, Path: []string{"v2", "account", "activities"}, Query: q, Kind: "v2/account"}}
	answer, err := x.relay.Do(ctx, a, call)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	var list []map[string]json.RawMessage
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		var broken *broker.Error
		if errors.As(err, &broken) {
			return nil, "", call.Explain(err)
		}
		return nil, "", fmt.Errorf("read the broker's list of activities: %w", err)
	}
	for _, activity := range list {
		row := make([]string, len(columns))
		for i, column := range columns {
			row[i] = textOf(activity[column])
		}
		rows, last = append(rows, row), textOf(activity["id"])
	}
	return rows, last, nil
}

// textOf returns a field as text, digit by digit as it came.
func textOf(value json.RawMessage) string {
	var text string
	switch {
	case value == nil, string(value) == "null":
		return ""
	case json.Unmarshal(value, &text) == nil:
		return text
	}
	return string(value)
}

// timeOf reads a bound, for the name of the file; nil where there is none.
func timeOf(text string) *time.Time {
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return &t
		}
	}
	return nil
}
