// Package agents stores and lists the log entries that trading agents write
// about their work.
package agents

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/sql/jsonb"
)

// Logs stores and lists agents' logs.
type Logs struct{ db *tenant.DB }

// NewLogs makes Logs.
func NewLogs(db *tenant.DB) *Logs { return &Logs{db: db} }

// Entry is one line of an agent's log.
type Entry struct {
	OrchestratorAgentID string          `json:"orchestrator_agent_id"`
	Level               string          `json:"level"` // debug, info, warn or error
	Message             string          `json:"message"`
	Data                json.RawMessage `json:"data"`
}

// The longest message, in characters, and the largest data, in bytes as it is
// stored and shown: with numbers written without their exponents.
const (
	maxMessage = 10_000
	maxData    = 64 << 10
)

func (e *Entry) check() error {
	invalid := func(sentence string) error { return problem.New(problem.InvalidAgentLog, "%s", sentence) }
	switch e.Level {
	case "debug", "info", "warn", "error":
	default:
		return invalid(`Set "level" to debug, info, warn or error.`)
	}
	if n := utf8.RuneCountInString(e.Message); n < 1 || n > maxMessage {
		return invalid(`Give "message" between 1 and 10,000 characters.`)
	}
	if utf8.RuneCountInString(e.OrchestratorAgentID) > 128 {
		return invalid(`"orchestrator_agent_id" may have 128 characters.`)
	}
	if jsonb.Size(e.Data) > maxData {
		return invalid(`"data" may have 64 KiB, with its numbers written without exponents.`)
	}
	if strings.ContainsRune(e.Message, 0) || strings.ContainsRune(e.OrchestratorAgentID, 0) || bytes.Contains(e.Data, []byte(`\u0000`)) {
		return invalid("NUL characters cannot be stored: leave them out.")
	}
	return nil
}

const (
	logColumnsSQL = `id, user_id, token_id, orchestrator_agent_id, level, message, data, created_at`
	insertLogSQL  = `insert into app.agent_logs (account_id, user_id, orchestrator_agent_id, level, message, data)
		values ($1, private.user_id(), nullif($2, ''), $3, $4, $5) returning ` + logColumnsSQL
	listLogsSQL = `select ` + logColumnsSQL + ` from app.agent_logs
		where account_id = $1 and (created_at, id) < ($2, $3) order by created_at desc, id desc limit $4`
)

// Append stores an entry, makes it an event of the account, and returns it as
// stored. It ends with invalid_agent_log or not_permitted.
func (l *Logs) Append(ctx context.Context, a tenant.Admission, e Entry) ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	var data []byte
	if len(e.Data) > 0 && string(e.Data) != "null" {
		data = e.Data
	}
	var body []byte
	event := map[string]any{"orchestrator_agent_id": e.OrchestratorAgentID, "level": e.Level, "message": e.Message}
	var queued error
	err := l.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue(insertLogSQL, a.Account, e.OrchestratorAgentID, e.Level, e.Message, data).Query(func(rows pgx.Rows) (err error) {
			body, err = paging.AppendRows(nil, rows, nil)
			return err
		})
		queued = b.AppendEvent("agent_log", event)
	})
	if tenant.Unstorable(err) {
		return nil, problem.New(problem.InvalidAgentLog,
			`"data" holds something that cannot be stored: half of a surrogate pair, bytes that are not UTF-8, or a number out of range.`).Because(err)
	}
	if err == nil {
		err = queued
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(bytes.TrimPrefix(body, []byte("[")), []byte("]")), nil
}

// List returns {"agent_logs":[…],"next_cursor":…}, newest first.
func (l *Logs) List(ctx context.Context, a tenant.Admission, page paging.Page) ([]byte, error) {
	logs := page.List("agent_logs", "created_at")
	err := l.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue(listLogsSQL, a.Account, page.At, page.ID, page.Limit+1).Query(logs.Read)
	})
	if err != nil {
		return nil, err
	}
	return logs.JSON(), nil
}
