package push

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/tenant"
)

// request is a client's message: subscribe, unsubscribe or ping. The folder
// schema describes all messages.
type request struct {
	Type     string    `json:"type"`
	Account  uuid.UUID `json:"account_id"`
	Cursor   *cursor   `json:"cursor"`
	Snapshot bool      `json:"snapshot"`
}

// cursor is a request's cursor: a number, or a message's resume.
type cursor tenant.Cursor

// UnmarshalJSON reads a whole number from 0, or what was sent as resume.
func (c *cursor) UnmarshalJSON(text []byte) error {
	read, ok := tenant.ParseCursor(strings.Trim(string(text), `"`))
	if !ok || read.Seq < 0 {
		return errors.New("not a cursor")
	}
	*c = cursor(read)
	return nil
}

// message is a server's message.
type message struct {
	Type    string          `json:"type"`
	Account *uuid.UUID      `json:"account_id,omitempty"`
	Cursor  *int64          `json:"cursor,omitempty"`
	Resume  string          `json:"resume,omitempty"` // the cursor with its mark
	Reset   bool            `json:"reset,omitempty"`
	Kind    string          `json:"kind,omitempty"`
	At      *time.Time      `json:"at,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Code    problem.Code    `json:"code,omitzero"`
	Message string          `json:"message,omitempty"`
}

// text is the message as JSON on one line, for clients that read lines.
func (m message) text() []byte {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // cannot happen: plain fields and the database's JSON always marshal
	}
	return append(text, '\n')
}

// setCursor sets the cursor, by itself and with its mark.
func (m *message) setCursor(c tenant.Cursor) { m.Cursor, m.Resume = &c.Seq, c.String() }

func eventText(account uuid.UUID, e tenant.Event) []byte {
	m := message{Type: "event", Account: &account, Kind: e.Kind, At: &e.At, Data: e.Data}
	m.setCursor(e.Cursor())
	return m.text()
}

func unsubscribed(account uuid.UUID, why tenant.Access) message {
	m := message{Type: "unsubscribed", Account: &account, Code: problem.AccountForbidden, Message: "There is no such account among yours."}
	switch why {
	case tenant.CursorExpired:
		m.Code, m.Message = problem.CursorExpired, "Events were dropped before they were read here. Subscribe again: a snapshot comes first."
	case tenant.CursorAhead:
		m.Code, m.Message = problem.CursorAhead, "The database came back older than it was. Subscribe again with the cursor that you have: a snapshot comes first."
	}
	return m
}

// Codes with which the server closes a WebSocket, besides the standard ones.
const (
	closeUnauthenticated = 4401 // the session has ended: sign in again
	closeSlowReader      = 4408 // too much was queued for this socket: resume by cursor
	closeTooMany         = 4429 // this user has too many connections
)
