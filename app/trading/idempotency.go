package trading

import "paddock/app/problem"

// checkKey returns invalid_idempotency_key for a bad key. "" is no key and
// valid.
func checkKey(key string) error {
	if validate.Var(key, "max=255,printascii") != nil {
		return problem.New(problem.InvalidIdempotencyKey, "The header Idempotency-Key must be printable ASCII of at most 255 characters, such as a UUID.")
	}
	return nil
}

// idempotencyKeyReused is the problem of a key that came with another request
// before.
func idempotencyKeyReused() *problem.Problem {
	return problem.New(problem.IdempotencyKeyReused,
		"This Idempotency-Key was sent with another request. Send a new key, or repeat the first request unchanged.")
}
