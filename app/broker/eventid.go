package broker

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// withEventID returns an update with its event_id, and the id. The WebSocket's
// documentation shows updates without one.
func withEventID(update json.RawMessage) (json.RawMessage, string, error) {
	head, ok := readUpdate(update)
	if !ok {
		return nil, "", errors.New("not an update of an order")
	}
	if head.EventID != "" {
		return update, string(head.EventID), nil
	}
	id, err := eventIDOf(head, update)
	if err != nil {
		return nil, "", err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(update, &fields); err != nil {
		return nil, "", fmt.Errorf("read an update: %w", err)
	}
	if fields["event_id"], err = json.Marshal(id); err != nil {
		return nil, "", err
	}
	text, err := json.Marshal(fields)
	return text, id, err
}

// eventIDOf makes the id of an update that has none. The same update always
// gets the same id. It is a ULID of the update's time, as Alpaca's own ids are,
// because ids are compared to decide up to where an account was read, whatever
// the transport. After the time comes a digest of the execution's id, or of the
// whole update where there is none.
func eventIDOf(head updateHead, update []byte) (string, error) {
	var at time.Time
	var err error
	for _, text := range []looseText{head.At, head.Timestamp, head.Order.UpdatedAt} {
		if at, err = time.Parse(time.RFC3339, string(text)); err == nil {
			break
		}
	}
	if err != nil {
		return "", fmt.Errorf("an update without an id has no time: %w", err)
	}
	what := update
	if head.ExecutionID != "" {
		what = fmt.Appendf(nil, "%q %q %q", head.ExecutionID, head.Event, head.Order.ID)
	}
	return ulid(at, sha256.Sum256(what)), nil
}

// ulid writes a time and the first 80 bits of a digest as a ULID: Crockford's
// base 32, ten characters of milliseconds and sixteen more. See
// https://github.com/ulid/spec.
func ulid(at time.Time, digest [sha256.Size]byte) string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var id [26]byte
	ms := uint64(max(at.UnixMilli(), 0))
	for i := 9; i >= 0; i-- {
		id[i] = alphabet[ms&31]
		ms >>= 5
	}
	bits, held, next := uint64(0), 0, 0
	for i := 10; i < 26; i++ {
		for held < 5 {
			bits, held, next = bits<<8|uint64(digest[next]), held+8, next+1
		}
		held -= 5
		id[i] = alphabet[bits>>held&31]
	}
	return string(id[:])
}
