package system

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// chaosAccount is an account, and all that its programs sent.
type chaosAccount struct {
	*account
	limits *limits // nil for none

	mu      sync.Mutex
	intents []*intent
}

// intent is an order as a program wants it, and what it has been answered.
type intent struct {
	name          string
	method, path  string
	key           string         // its Idempotency-Key, or ""
	clientOrderID string         // its own, or ""
	body          map[string]any // the same at each try
	id            string         // of the order that it was answered
	placed        bool           // it was answered 201
	refused       bool           // it was answered that the broker, or Paddock, refuses it
	refusal       string         // in its own words
	guarded       bool           // by the account's guards, which may let it through later
}

func (in *intent) definite() bool { return in.placed || in.refused }

// trade sends orders, one after the other, and cancels some.
func (a *chaosAccount) trade(dice *rand.Rand, name string, orders int) {
	client := &http.Client{Timeout: 8 * time.Second}
	for i := range orders {
		in := newIntent(dice, fmt.Sprintf("%s-%d", name, i))
		a.mu.Lock()
		a.intents = append(a.intents, in)
		a.mu.Unlock()
		again := dice.IntN(4) == 0 // some ask once more than they need
		for range 15 {
			a.try(client, in)
			if in.definite() && !again {
				break
			}
			again = again && !in.definite()
			time.Sleep(time.Duration(100+dice.IntN(700)) * time.Millisecond)
		}
		switch chance := dice.IntN(12); {
		case in.id != "" && chance < 3:
			// Whether that is granted is the broker's to say.
			a.send(client, http.MethodDelete, "/api/orders/"+in.id, "", nil)
		case in.id != "" && chance < 6:
			a.follow(client, dice, &intent{name: in.name + "-next", method: http.MethodPatch, path: "/api/orders/" + in.id, key: "key-" + in.name + "-next",
				body: map[string]any{"qty": fmt.Sprint(10 + dice.IntN(9))}})
		case chance == 6:
			a.follow(client, dice, &intent{name: in.name + "-close", method: http.MethodDelete, key: "key-" + in.name + "-close",
				path: "/api/positions/" + []string{"AAPL", "MSFT", "SPY", "BTCUSD"}[dice.IntN(4)] + "?percentage=50&cancel_orders=" + fmt.Sprint(dice.IntN(2) == 0)})
		}
		time.Sleep(time.Duration(dice.IntN(400)) * time.Millisecond)
	}
}

// follow sends an intent that follows from another one.
func (a *chaosAccount) follow(client *http.Client, dice *rand.Rand, in *intent) {
	a.mu.Lock()
	a.intents = append(a.intents, in)
	a.mu.Unlock()
	for range 8 {
		if a.try(client, in); in.definite() {
			return
		}
		time.Sleep(time.Duration(100+dice.IntN(700)) * time.Millisecond)
	}
}

// try sends an intent once. An answer that contradicts an earlier one is an error.
func (a *chaosAccount) try(client *http.Client, in *intent) {
	status, answer := a.send(client, in.method, in.path, in.key, in.body)
	var said struct {
		ID   string `json:"id"`
		Code string `json:"code"`
	}
	if status != 0 && json.Unmarshal(answer, &said) != nil {
		a.user.w.t.Errorf("%s %s: the answer %d is no JSON", a.name, in.name, status)
	}
	switch status {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted:
		if in.id != "" && in.id != said.ID {
			a.user.w.t.Errorf("%s %s: answered order %s, and later order %s", a.name, in.name, in.id, said.ID)
		}
		if in.refused && !in.guarded {
			a.user.w.t.Errorf("%s %s: refused with %s, and later answered %d %.600s", a.name, in.name, in.refusal, status, answer)
		}
		in.id, in.refused = said.ID, false
		in.placed = in.placed || status != http.StatusAccepted
	case http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusConflict:
		if in.method == http.MethodPost && status != http.StatusUnprocessableEntity {
			a.user.w.t.Errorf("%s %s: answered %d: %.300s", a.name, in.name, status, answer)
		}
		if in.placed {
			a.user.w.t.Errorf("%s %s: placed, and later refused", a.name, in.name)
		}
		in.refused, in.guarded, in.refusal = true, said.Code == "guard_refused", fmt.Sprintf("%.600s", answer)
	case 0, http.StatusTooManyRequests, http.StatusServiceUnavailable: // try again
	default:
		a.user.w.t.Errorf("%s %s: answered %d: %.300s", a.name, in.name, status, answer)
		in.refused = true
	}
}

// send answers status 0 where no whole answer came.
func (a *chaosAccount) send(client *http.Client, method, path, key string, body map[string]any) (int, []byte) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			panic(err) // maps of texts always marshal
		}
	}
	request, err := http.NewRequest(method, "http://"+a.user.w.addr+path, bytes.NewReader(text))
	if err != nil {
		panic(err) // the address is our own
	}
	request.Header.Set("Cookie", a.user.cookieHeader())
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Account-ID", a.id)
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil
	}
	return response.StatusCode, answer
}

// opening are the simulator's opening prices in dollars, which wander little.
// The exits of orders in NVDA and TSLA stay open, beside which the broker takes
// no simple order to buy.
var opening = map[string]float64{"AAPL": 190, "MSFT": 420, "SPY": 550, "NVDA": 125, "TSLA": 240}

// newIntent makes an order of some type, class and time in force, named by its
// client_order_id, by an Idempotency-Key or by both.
func newIntent(dice *rand.Rand, name string) *intent {
	kind, symbol := dice.IntN(12), []string{"AAPL", "MSFT", "SPY"}[dice.IntN(3)]
	if kind == 7 || kind == 8 {
		symbol = []string{"NVDA", "TSLA"}[dice.IntN(2)]
	}
	at := func(factor float64) string { return fmt.Sprintf("%.2f", opening[symbol]*factor) }
	body := map[string]any{"symbol": symbol, "side": "buy", "type": "market", "time_in_force": "day", "qty": fmt.Sprint(1 + dice.IntN(9))}
	with := func(more map[string]any) {
		for name, value := range more {
			body[name] = value
		}
	}
	switch kind {
	case 0, 1:
		with(map[string]any{"type": "limit", "limit_price": at(1.05)})
	case 2:
		with(map[string]any{"type": "limit", "limit_price": at(0.9), "time_in_force": "gtc"})
	case 3:
		with(map[string]any{"type": "limit", "limit_price": at(0.8 + 0.4*float64(dice.IntN(2))), "time_in_force": []string{"ioc", "fok"}[dice.IntN(2)]})
	case 4:
		with(map[string]any{"type": "stop", "stop_price": at(1.001), "time_in_force": "gtc"})
	case 5:
		with(map[string]any{"type": "stop_limit", "stop_price": at(1.1), "limit_price": at(1.2)})
	case 6:
		with(map[string]any{"type": "trailing_stop", "trail_percent": "1", "time_in_force": "gtc"})
	case 7:
		with(map[string]any{"order_class": "bracket", "time_in_force": "gtc", "take_profit": map[string]string{"limit_price": at(1.2)},
			"stop_loss": map[string]string{"stop_price": at(0.8)}})
	case 8:
		with(map[string]any{"order_class": "oto", "stop_loss": map[string]string{"stop_price": at(0.8), "limit_price": at(0.79)}})
	case 9:
		delete(body, "qty")
		with(map[string]any{"notional": "123.45"})
	case 10:
		with(map[string]any{"symbol": "BTC/USD", "time_in_force": "gtc", "qty": "0.0123"})
	case 11:
		with(map[string]any{"type": "limit", "limit_price": at(1) + "1"}) // too fine a price: refused
	}
	in := &intent{name: name, method: http.MethodPost, path: "/api/orders", body: body}
	named := dice.IntN(3)
	if named != 0 {
		in.key = "key-" + name
	}
	if named != 1 {
		in.clientOrderID = "order-" + name
		body["client_order_id"] = in.clientOrderID
	}
	return in
}
