package push

import (
	"encoding/json"
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
	Cursor   *int64    `json:"cursor"`
	Snapshot bool      `json:"snapshot"`
}

// message is a server's message.
type message struct {
	Type    string          `json:"type"`
	Account *uuid.UUID      `json:"account_id,omitempty"`
	Cursor  *int64          `json:"cursor,omitempty"`
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

func eventText(account uuid.UUID, e tenant.Event) []byte {
	return message{Type: "event", Account: &account, Cursor: &e.Seq, Kind: e.Kind, At: &e.At, Data: e.Data}.text()
}

func unsubscribed(account uuid.UUID, why tenant.Access) message {
	m := message{Type: "unsubscribed", Account: &account, Code: problem.AccountForbidden, Message: "There is no such account among yours."}
	if why == tenant.CursorExpired {
		m.Code, m.Message = problem.CursorExpired, "Events were dropped before they were read here. Subscribe again: a snapshot comes first."
	}
	return m
}

// Codes with which the server closes a WebSocket, besides the standard ones.
const (
	closeUnauthenticated = 4401 // the session has ended: sign in again
	closeSlowReader      = 4408 // too much was queued for this socket: resume by cursor
	closeTooMany         = 4429 // this user has too many connections
)
