package push

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"paddock/app/ids"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// request is a client's message: subscribe, unsubscribe, watch, unwatch or ping.
// The folder schema describes all messages.
type request struct {
	Type     string    `json:"type"`
	Account  accountID `json:"account_id"`
	Cursor   *cursor   `json:"cursor"`
	Snapshot bool      `json:"snapshot"`
	Symbols  []string  `json:"symbols"`
}

// accountID is an account's id in a request, as it was sent and as it is. The
// latter is zero where that is no id: the error then says which one is meant.
type accountID struct {
	uuid.UUID
	said string
}

// UnmarshalText reads the usual form of a UUID alone, in which messages name it.
func (a *accountID) UnmarshalText(text []byte) error {
	a.said = string(text)
	if read, ok := ids.Parse(a.said); ok {
		a.UUID = read
	}
	return nil
}

// cursor is a request's cursor: a whole number from 0, or what was sent as resume.
type cursor struct {
	tenant.Cursor
	malformed bool
}

// UnmarshalJSON never fails: the error says whose subscription is not made.
func (c *cursor) UnmarshalJSON(text []byte) error {
	read, ok := tenant.ParseCursor(strings.Trim(string(text), `"`))
	*c = cursor{read, !ok || read.Seq < 0}
	return nil
}

// asked returns the cursor, and nil where none was sent.
func (c *cursor) asked() *tenant.Cursor {
	if c == nil {
		return nil
	}
	return &c.Cursor
}

// message is a server's message.
type message struct {
	Type    string          `json:"type"`
	Account any             `json:"account_id,omitempty"` // a UUID, but in an error about what is none
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

// EventText returns the message by which a reader is told of an event, as JSON on one
// line.
func EventText(account uuid.UUID, e tenant.Event) []byte {
	m := message{Type: "event", Account: account, Kind: e.Kind, At: &e.At, Data: e.Data}
	m.setCursor(e.Cursor())
	return m.text()
}

func unsubscribed(account uuid.UUID, why tenant.Access) message {
	m := message{Type: "unsubscribed", Account: account, Code: problem.AccountForbidden, Message: "There is no such account among yours."}
	switch why {
	case tenant.CursorExpired:
		m.Code, m.Message = problem.CursorExpired, "Events were dropped before they were read here. Subscribe again: a snapshot comes first."
	case tenant.CursorAhead:
		m.Code, m.Message = problem.CursorAhead, "The database came back older than it was. Subscribe again with the cursor that you have: a snapshot comes first."
	}
	return m
}

// sessionEnded is why a connection without a session ends.
const sessionEnded = "the session has ended: sign in again"

// Codes with which the server closes a WebSocket, besides the standard ones.
const (
	closeUnauthenticated = 4401 // the session has ended: sign in again
	closeSlowReader      = 4408 // too much was queued for this socket: resume by cursor
	closeTooMany         = 4429 // this user has too many connections
)
