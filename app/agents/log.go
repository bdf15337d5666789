// Package agents stores and lists the lines of the logs that trading agents write
// about their work.
package agents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/ids"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/sql/jsonb"
)

// Logs stores and lists agents' logs.
type Logs struct{ db *tenant.DB }

// NewLogs makes Logs.
func NewLogs(db *tenant.DB) *Logs { return &Logs{db: db} }

// Line is one line of an agent's log.
type Line struct {
	OrchestratorAgentID string          `json:"orchestrator_agent_id"`
	Level               string          `json:"level"` // debug, info, warn or error
	Message             string          `json:"message"`
	Data                json.RawMessage `json:"data"`
	OrderID             string          `json:"order_id"` // of an order of this account; "" for none
	At                  string          `json:"at"`       // RFC 3339, by the agent's clock; "" for when it comes
}

// The most lines of a request, the longest message, in characters, and the largest
// data, in bytes as it is stored and shown: with numbers written without their exponents.
const (
	maxLines   = 1_000
	maxMessage = 10_000
	maxData    = 64 << 10
)

// levels are the levels of lines, from the least.
var levels = []string{"debug", "info", "warn", "error"}

// wrongLine is the problem of a field of the line at a place of the request.
func wrongLine(index int, field, sentence string) *problem.Problem {
	p := problem.New(problem.InvalidAgentLog, "logs[%d]: %s", index, sentence)
	p.Details = map[string]any{"index": index, "field": field}
	return p
}

// check returns the line's order and time, nil where it has none.
func (l *Line) check(index int) (order *uuid.UUID, at *time.Time, err error) {
	wrong := func(field, sentence string) (*uuid.UUID, *time.Time, error) {
		return nil, nil, wrongLine(index, field, sentence)
	}
	switch l.Level {
	case "debug", "info", "warn", "error":
	default:
		return wrong("level", `Set "level" to debug, info, warn or error.`)
	}
	if n := utf8.RuneCountInString(l.Message); n < 1 || n > maxMessage {
		return wrong("message", `Give "message" between 1 and 10,000 characters.`)
	}
	if utf8.RuneCountInString(l.OrchestratorAgentID) > 128 {
		return wrong("orchestrator_agent_id", `"orchestrator_agent_id" may have 128 characters.`)
	}
	if jsonb.Size(l.Data) > maxData {
		return wrong("data", `"data" may have 64 KiB, with its numbers written without exponents.`)
	}
	const noNUL = "NUL characters cannot be stored: leave them out."
	switch {
	case strings.ContainsRune(l.Message, 0):
		return wrong("message", noNUL)
	case strings.ContainsRune(l.OrchestratorAgentID, 0):
		return wrong("orchestrator_agent_id", noNUL)
	case bytes.Contains(l.Data, []byte(`\u0000`)):
		return wrong("data", noNUL)
	}
	if l.OrderID != "" {
		id, ok := ids.Parse(l.OrderID)
		if !ok {
			return wrong("order_id", `"order_id" is not a UUID. Copy it from GET /api/orders, or leave it out.`)
		}
		order = &id
	}
	if l.At != "" {
		t, err := time.Parse(time.RFC3339, l.At)
		if err != nil {
			return wrong("at", `Give "at" as a time such as 2026-01-31T12:00:00.123Z, or leave it out.`)
		}
		at = &t
	}
	return order, at, nil
}

const appendLogsSQL = `select lines, first_at, last_at from app.append_agent_logs($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[],
	$6::jsonb[], $7::uuid[], $8, $9)`

// Stored is what came of a request.
type Stored struct {
	Count   int    `json:"count"`
	FirstAt string `json:"first_at"` // the time of the earliest line
	LastAt  string `json:"last_at"`  // the time of the latest line
}

// Append stores all of the lines or none, and makes one event of them. A request with
// the key of an earlier one, and its lines, stores nothing and has that one's answer; "" is no
// key. It ends with invalid_agent_log, idempotency_key_reused, too_much_stored or not_permitted.
func (l *Logs) Append(ctx context.Context, a tenant.Admission, key string, lines []Line) (Stored, error) {
	if n := len(lines); n < 1 || n > maxLines {
		return Stored{}, problem.New(problem.InvalidAgentLog, `Give "logs" as a list of 1 to 1,000 lines.`)
	}
	n := len(lines)
	ids, ats, orders := make([]uuid.UUID, n), make([]*time.Time, n), make([]*uuid.UUID, n)
	agents, of, messages, data := make([]string, n), make([]string, n), make([]string, n), make([]*string, n)
	for i := range lines {
		line := &lines[i]
		var err error
		if orders[i], ats[i], err = line.check(i); err != nil {
			return Stored{}, err
		}
		// These ids grow, so that lines of one time stay in their order.
		if ids[i], err = uuid.NewV7(); err != nil {
			return Stored{}, fmt.Errorf("make an id: %w", err)
		}
		agents[i], of[i], messages[i] = line.OrchestratorAgentID, line.Level, line.Message
		if text := string(line.Data); text != "" && text != "null" {
			data[i] = &text
		}
	}
	var hash []byte
	if key != "" {
		text, err := json.Marshal(lines)
		if err != nil {
			return Stored{}, fmt.Errorf("write the lines as JSON: %w", err)
		}
		sum := sha256.Sum256(text)
		hash = sum[:]
	}
	var stored Stored
	err := l.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(appendLogsSQL, ids, ats, agents, of, messages, data, orders, key, hash).QueryRow(func(row pgx.Row) error {
			var first, last time.Time
			err := row.Scan(&stored.Count, &first, &last)
			stored.FirstAt, stored.LastAt = textOf(first), textOf(last)
			return err
		})
	})
	if err != nil {
		return Stored{}, explain(err)
	}
	return stored, nil
}

// textOf writes a time as lists have it.
func textOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// explain returns the problem that the database found in a line, which its error's
// detail names.
func explain(err error) error {
	if tenant.Unstorable(err) {
		return problem.New(problem.InvalidAgentLog,
			`The "data" of a line holds something that cannot be stored: half of a surrogate pair, bytes that are not UTF-8, or a number out of range.`).Because(err)
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	index, _ := strconv.Atoi(pg.Detail)
	switch pg.Code {
	case "PD460":
		return problem.New(problem.IdempotencyKeyReused,
			"This Idempotency-Key was sent with other lines. Send a new key, or repeat the first request unchanged.").Because(err)
	case "PD461":
		return wrongLine(index, "at", `"at" is further back than logs are kept here. Leave such lines out.`).Because(err)
	case "PD462":
		return wrongLine(index, "at", `"at" is in the future. Set your clock, or leave "at" out.`).Because(err)
	case "PD463":
		return wrongLine(index, "order_id", `This account has no such order. Copy "order_id" from GET /api/orders, or leave it out.`).Because(err)
	}
	return err
}
