package trading_test

import (
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
		code    string
	}{
		"another quantity":                 {"key 1", "", 2, "idempotency_key_reused"},
		"an id beside a key that had none": {"key 1", "a", 1, "idempotency_key_reused"},
		"a key that is too long":           {strings.Repeat("x", 256), "", 1, "invalid_idempotency_key"},
		"a key that is not text":           {"a\nb", "", 1, "invalid_idempotency_key"},
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

// A key whose order surely never reached the broker sends it, under the same
// client_order_id as the first time: were the first one there after all, the
// broker would refuse the second.
func TestKeyIsSentAgainUnderItsFirstID(t *testing.T) {
	d := newDesk(t)
	d.answers(say(429, `{"code":42910000,"message":"too many requests"}`))
	if _, err := d.service.Place(t.Context(), d.owner, "key", market("", 1)); !problem.Is(err, "broker_rate_limited") {
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
