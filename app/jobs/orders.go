package jobs

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"paddock/app/tenant"
	"paddock/app/trading"
)

// Orders returns the handler of orders that wait to be sent.
func Orders(service *trading.Service) Handler {
	return func(ctx context.Context, a tenant.Admission, job uuid.UUID) Outcome {
		placed, again, err := service.PlaceAccepted(ctx, a, job)
		if err == nil && placed.Job != nil {
			return Outcome{Parked: true}
		}
		status := http.StatusCreated
		if !placed.Known {
			status = http.StatusAccepted
		}
		return Outcome{Status: status, Body: placed.Order, Err: err, Again: again}
	}
}
