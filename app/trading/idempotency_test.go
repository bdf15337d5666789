package trading_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"paddock/app/problem"
)

// One Idempotency-Key is at most one order, however often and however fast it
// is sent; with another request it is refused, and nothing is sent.
func TestOneKeyIsOneOrder(t *testing.T) {
	d := newDesk(t)
	var placing sync.WaitGroup
	for range 10 {
		placing.Go(func() {
			if _, err := d.service.Place(t.Context(), d.owner, "key 1", market("", 1)); err != nil {
				t.Error(err)
			}
		})
	}
	placing.Wait()
	if n := d.sent.Load(); n != 1 {
		t.Errorf("%d orders were sent", n)
	}
	for name, r := range map[string]struct {
		key, id string
		qty     int64
		code    problem.Code
	}{
		"another quantity":                 {"key 1", "", 2, problem.IdempotencyKeyReused},
		"an id beside a key that had none": {"key 1", "a", 1, problem.IdempotencyKeyReused},
		"a key that is too long":           {strings.Repeat("x", 256), "", 1, problem.InvalidIdempotencyKey},
		"a key that is not text":           {"a\nb", "", 1, problem.InvalidIdempotencyKey},
	} {
		if _, err := d.service.Place(t.Context(), d.owner, r.key, market(r.id, r.qty)); !problem.Is(err, r.code) {
			t.Errorf("%s: %v, want %s", name, err, r.code)
		}
	}
	if n := d.sent.Load(); n != 1 {
		t.Errorf("%d orders were sent", n)
	}
	for _, key := range []string{"key 2", ""} {
		if _, err := d.service.Place(t.Context(), d.owner, key, market("", 1)); err != nil {
			t.Error(err)
		}
	}
	if n := d.sent.Load(); n != 3 {
		t.Errorf("%d orders were sent, want 3", n)
	}
}

// A key whose order surely never reached the broker sends it again under the
// same client_order_id: if the first had arrived after all, the broker would
// refuse the second.
func TestKeyIsSentAgainUnderItsFirstID(t *testing.T) {
	d := newDesk(t)
	d.answers(say(429, `{"code":42910000,"message":"too many requests"}`))
	if _, err := d.service.Place(t.Context(), d.owner, "key", market("", 1)); !problem.Is(err, problem.BrokerRateLimited) {
		t.Fatal(err)
	}
	var first string
	admin := d.pg.Conn(t, "admin")
	if err := admin.QueryRow(t.Context(), "select client_order_id from app.alpaca_orders where account_id = $1", d.owner.Account).Scan(&first); err != nil {
		t.Fatal(err)
	}
	d.answers(nil)
	if placed, err := d.service.Place(t.Context(), d.owner, "key", market("", 1)); err != nil || !placed.Known {
		t.Fatalf("%s (%v)", placed.Order, err)
	}
	book := d.sim.Orders(d.seed.KeyID)
	if len(book) != 1 || book[0].ClientOrderID != first {
		t.Errorf("the broker has %+v, want one order under %s", book, first)
	}
}

// The retry of an order whose outcome is unknown, or that was dismissed, does
// not say that it was placed, by its id or its key, and sends nothing.
func TestRetryOfWhatIsUnclear(t *testing.T) {
	d := newDesk(t)
	d.answers(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for _, order := range []struct{ key, id string }{{"", "a"}, {"key", ""}} {
		sent := d.sent.Load()
		lost, err := d.service.Place(t.Context(), d.owner, order.key, market(order.id, 1))
		if err != nil || lost.Known {
			t.Fatalf("%s (%v)", lost.Order, err)
		}
		id := d.read(lost.Order).ID
		for _, state := range []string{"unknown", "dismissed"} {
			if state == "unknown" {
				d.exec(`update app.alpaca_orders set intent_state = 'unknown', status = 'unknown' where id = $1`, id)
			} else if _, err := d.service.Dismiss(t.Context(), d.owner, id); err != nil {
				t.Fatal(err)
			}
			_, err := d.service.Place(t.Context(), d.owner, order.key, market(order.id, 1))
			p := problem.Of(err)
			details, _ := p.Details.(map[string]any)
			raw, _ := details["order"].(json.RawMessage)
			if p.Kind() != problem.KindConflict || p.Code.String() != "order_"+state || details["intent_state"] != state || d.read(raw).ID != id || d.read(raw).State != state {
				t.Errorf("%s, by %v: %v with %v", state, order, err, p.Details)
			}
		}
		if n := d.sent.Load() - sent; n != 1 {
			t.Errorf("%d orders were sent", n)
		}
	}
}
