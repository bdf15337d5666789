package push

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// A client says:
//
//	{"type":"subscribe","account_id":"…","cursor":41}   events after 41; without a cursor, from now
//	{"type":"unsubscribe","account_id":"…"}
//	{"type":"ping"}
type request struct {
	Type    string    `json:"type"`
	Account uuid.UUID `json:"account_id"`
	Cursor  *int64    `json:"cursor"`
}

// The server says:
//
//	{"type":"subscribed","account_id":"…","cursor":41}
//	{"type":"subscribed","account_id":"…","cursor":7,"reset":true}      the cursor was ahead of the log: start from 7
//	{"type":"event","account_id":"…","cursor":42,"kind":"order","at":"…","data":{…}}
//	{"type":"unsubscribed","account_id":"…","code":"account_forbidden","message":"…"}
//	{"type":"error","code":"bad_message","message":"…"}
//	{"type":"pong"}
//
// An account's cursors count up by one: a client that sees a gap has missed
// something and subscribes again with the last one it has.
type message struct {
	Type    string          `json:"type"`
	Account *uuid.UUID      `json:"account_id,omitempty"`
	Cursor  *int64          `json:"cursor,omitempty"`
	Reset   bool            `json:"reset,omitempty"`
	Kind    string          `json:"kind,omitempty"`
	At      *time.Time      `json:"at,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Code    string          `json:"code,omitempty"`
	Message string          `json:"message,omitempty"`
}

// Codes with which the server closes a socket, beside the standard ones.
const (
	closeUnauthenticated = 4401 // the session has ended: sign in again
	closeSlowReader      = 4408 // too much waited for this socket: resume by cursor
	closeTooMany         = 4429 // this session has too many sockets
)

// maxRequest is the largest message of a client's, in bytes.
const maxRequest = 4 << 10
