package trading

import (
	"regexp"

	"paddock/app/problem"
)

// keyText is what the header Idempotency-Key may be.
var keyText = regexp.MustCompile(`^[\x20-\x7e]{0,255}$`)

// checkKey answers invalid_idempotency_key; "" is none and fine.
func checkKey(key string) error {
	if !keyText.MatchString(key) {
		return problem.New(problem.Invalid, "invalid_idempotency_key", "The header Idempotency-Key must be printable ASCII of at most 255 characters, such as a UUID.")
	}
	return nil
}
