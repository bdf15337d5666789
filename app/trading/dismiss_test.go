package trading_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"paddock/app/problem"
)

// An order with an unknown outcome counts for the guards until it is dismissed.
// Only such an order can be dismissed, and only by somebody who may trade.
func TestDismiss(t *testing.T) {
	d := newDesk(t)
	d.synced()
	d.answers(say(500, `{}`))
	placed, err := d.service.Place(t.Context(), d.owner, "", request(t, buyLimit))
	if err != nil {
		t.Fatal(err)
	}
	id := d.read(placed.Order).ID
	d.guards(`{"max_open_orders":1}`)
	if _, err := d.service.Dismiss(t.Context(), d.owner, id); !problem.Is(err, problem.OrderNotUnknown) {
		t.Errorf("while the order is still looked up: %v", err)
	}
	d.exec(`update app.alpaca_orders set intent_state = 'unknown', status = 'unknown' where id = $1`, id)
	if got := broken(t, place(d, request(t, buyLimit))); fmt.Sprint(got) != "[max_open_orders]" {
		t.Errorf("beside an unknown order another one is refused by %v", got)
	}
	if _, err := d.service.Dismiss(t.Context(), d.viewer, id); !problem.Is(err, problem.NotPermitted) {
		t.Errorf("a viewer: %v", err)
	}
	for range 2 {
		raw, err := d.service.Dismiss(t.Context(), d.owner, id)
		if o := d.read(raw); err != nil || o.State != "dismissed" || o.Status != "rejected" {
			t.Errorf("%s, %v", raw, err)
		}
	}
	d.answers(nil)
	if err := place(d, request(t, buyLimit)); err != nil {
		t.Errorf("once it is dismissed: %v", err)
	}
	if _, err := d.service.Dismiss(t.Context(), d.owner, uuid.New()); !problem.Is(err, problem.OrderNotFound) {
		t.Errorf("an order that is not there: %v", err)
	}
}
