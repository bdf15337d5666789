package broker

import (
	"fmt"
	"log/slog"
)

const redacted = "[REDACTED]"

// Secret is a text that prints as [REDACTED] everywhere: fmt, slog and JSON.
// Only Reveal returns its value.
//
// fmt calls no method of a value in an unexported field, and prints its
// contents. Secret is a pointer, so that fmt prints an address there.
type Secret struct{ text *string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text. Use it for a request's header, or to derive a key,
// and for nothing else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String returns [REDACTED].
func (s Secret) String() string { return redacted }

// Format writes [REDACTED], whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText returns [REDACTED], for JSON and every other encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns [REDACTED], for slog.
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
