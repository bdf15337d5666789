// Package ids reads the ids that clients send: of accounts, orders, sleeves and API
// tokens.
package ids

import "github.com/google/uuid"

// Parse parses a UUID in its usual form, of 36 characters, and reports whether it is one
// that can name something. The zero UUID cannot: further in it means that there is none.
func Parse(text string) (uuid.UUID, bool) {
	if len(text) != 36 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(text)
	return id, err == nil && id != uuid.Nil
}
