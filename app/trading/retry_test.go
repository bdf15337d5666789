package trading_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/trading"
)

// An Idempotency-Key becomes at most one order, however often and however fast
// it is sent. With a different request the key is refused, and nothing is sent.
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

// A client that gave up waiting for its request may send it again. If the retry
// is refused, the client was told that nothing is placed. So the first request,
// which was still waiting for what a guard needs, must place nothing either. A
// later request may.
func TestWhatARetryWasRefusedIsNotPlaced(t *testing.T) {
	limit := func(d *desk, shares string) {
		d.guards(`{"daily_loss_limit":"1000000","max_position_qty":"` + shares + `"}`)
	}
	for name, c := range map[string]struct {
		key, id   string
		as        string // the key of the retry, if it differs
		viewer    bool   // the retry is sent by somebody who may not trade
		replaces  bool
		stillSent bool
	}{
		"by its key":                    {key: "key"},
		"by its client_order_id":        {id: "id"},
		"by both":                       {key: "key", id: "id"},
		"a replacement":                 {key: "key", replaces: true},
		"a replacement's own id":        {id: "id", replaces: true},
		"without a name":                {stillSent: true},
		"under another key":             {key: "key", as: "another", stillSent: true},
		"by somebody who may not trade": {key: "key", id: "id", viewer: true, stillSent: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.sim.SetAlwaysOpen(true)
			send := func(who tenant.Admission, key string) (trading.Placed, error) {
				return d.service.Place(t.Context(), who, key, market(c.id, 5))
			}
			if c.replaces {
				old := d.resting("old", "1", "1")
				send = func(who tenant.Admission, key string) (trading.Placed, error) {
					return d.service.Replace(t.Context(), who, old.ID, key, trading.Replacement{ClientOrderID: c.id, Qty: trading.ParseAmount("5")})
				}
			}
			d.synced()
			limit(d, "100")
			before, asked := len(d.sim.Orders(d.seed.KeyID)), false
			var once sync.Once
			d.watch = func(r *http.Request) {
				if r.URL.Path != "/v2/account" {
					return
				}
				once.Do(func() {
					d.watch, asked = nil, true
					limit(d, "1")
					who, key := d.owner, c.key
					if c.viewer {
						who = d.viewer
					}
					if c.as != "" {
						key = c.as
					}
					if _, err := send(who, key); !problem.Is(err, problem.GuardRefused) {
						t.Errorf("the retry: %v", err)
					}
					limit(d, "100")
				})
			}
			_, err := send(d.owner, c.key)
			if !asked {
				t.Error("the first request did not read the account")
			}
			if c.stillSent {
				if err != nil {
					t.Errorf("the first request: %v", err)
				}
				return
			}
			if n := len(d.sim.Orders(d.seed.KeyID)); !problem.Is(err, problem.RetryRefused) || n != before {
				t.Errorf("the first request: %v, and Alpaca has %d orders, not %d", err, n, before)
			}
			if placed, err := send(d.owner, c.key); err != nil || !placed.Known {
				t.Errorf("a later retry: %v", err)
			}
		})
	}
}

// If an order surely never reached the broker, a request with the same key
// sends it again under the same client_order_id. Should the first one have
// arrived after all, the broker would refuse the second.
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

// The retry of an order whose outcome is unknown, or that was dismissed, sends
// nothing and does not claim that the order is placed. This holds for retries
// by client_order_id and by key.
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
