package broker

import (
	"fmt"
	"log/slog"
)

const redacted = "[REDACTED]"

// Secret is a text that prints as [REDACTED] wherever it may end up: fmt,
// slog and JSON alike. Reveal is the one way to its value.
//
// fmt calls no method of a value in an unexported field, and prints what it
// finds there: hence the pointer, of which it shows the address alone.
type Secret struct{ text *string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal answers the text itself. Its result goes into a request's header, or
// a key is derived from it, and nowhere else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String answers [REDACTED].
func (s Secret) String() string { return redacted }

// Format writes [REDACTED], whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText answers [REDACTED], for JSON and every other encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue answers [REDACTED], for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Credentials are an Alpaca API key. Both parts are secret.
type Credentials struct{ KeyID, SecretKey Secret }

// Environment is which of Alpaca's two trading systems an account is on.
type Environment string

// The environments.
const (
	Paper Environment = "paper"
	Live  Environment = "live"
)
