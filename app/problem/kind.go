package problem

import "net/http"

// Kind is what sort of thing went wrong. It decides the HTTP status.
type Kind int

// The kinds of problem.
const (
	KindInternal Kind = iota
	KindInvalid
	KindUnauthenticated
	KindForbidden
	KindNotFound
	KindMethod
	KindConflict
	KindGone
	KindTooLarge
	KindUnsupported
	KindUnprocessable
	KindUpgrade
	KindTooMany
	KindUnavailable
)

var statuses = map[Kind]int{
	KindInternal:        http.StatusInternalServerError,
	KindInvalid:         http.StatusBadRequest,
	KindUnauthenticated: http.StatusUnauthorized,
	KindForbidden:       http.StatusForbidden,
	KindNotFound:        http.StatusNotFound,
	KindMethod:          http.StatusMethodNotAllowed,
	KindConflict:        http.StatusConflict,
	KindGone:            http.StatusGone,
	KindTooLarge:        http.StatusRequestEntityTooLarge,
	KindUnsupported:     http.StatusUnsupportedMediaType,
	KindUnprocessable:   http.StatusUnprocessableEntity,
	KindUpgrade:         http.StatusUpgradeRequired,
	KindTooMany:         http.StatusTooManyRequests,
	KindUnavailable:     http.StatusServiceUnavailable,
}

// Status returns the HTTP status of the kind.
func (k Kind) Status() int { return statuses[k] }
