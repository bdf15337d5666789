package system

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// intent is an order as a program wants it, and the answers that it got.
type intent struct {
	name          string
	method, path  string
	key           string         // its Idempotency-Key, or ""
	clientOrderID string         // the client_order_id that it sends, or ""
	body          map[string]any // the same at each try
	id            string         // the order's id in an answer, or ""
	placed        bool           // an answer said that it is placed
	refused       bool           // an answer said that the broker or Paddock refuses it
	refusal       string         // the text of that answer
	guarded       bool           // the account's guards refused it, which may let it through later
	unclear       bool           // an answer said that nobody knows whether it was placed
	closes        bool           // it is a closing
}

func (in *intent) definite() bool { return in.placed || in.refused || in.unclear }

// trade sends orders, one after the other, and cancels, replaces and closes some.
// If turns is true, it also turns the account's switch now and then.
func (a *chaosAccount) trade(dice *rand.Rand, name string, orders int, turns bool) {
	client := &http.Client{Timeout: 8 * time.Second}
	for i := range orders {
		in := a.newIntent(dice, fmt.Sprintf("%s-%d", name, i))
		a.keep(in)
		again := dice.IntN(4) == 0 // some requests are repeated although they were answered
		for range 15 {
			a.try(client, in)
			if in.definite() && !again {
				break
			}
			again = again && !in.definite()
			time.Sleep(time.Duration(100+dice.IntN(700)) * time.Millisecond)
		}
		chance := dice.IntN(20)
		if in.refused && strings.Contains(in.refusal, `"switch"`) && !turns {
			// Wait, so that the account may be open again: else little would be
			// traded.
			time.Sleep(time.Duration(1000+dice.IntN(4000)) * time.Millisecond)
			if dice.IntN(4) > 0 {
				chance = 20
			}
		}
		switch {
		case in.id != "" && chance < 3:
			// The broker may refuse to cancel it, so the answer is not checked.
			a.send(client, http.MethodDelete, "/api/orders/"+in.id, "", nil)
		case in.id != "" && chance < 7:
			a.follow(client, dice, &intent{name: in.name + "-next", method: http.MethodPatch, path: "/api/orders/" + in.id, key: "key-" + in.name + "-next",
				body: map[string]any{"qty": fmt.Sprint(10 + dice.IntN(9))}})
		case chance < 10 && a.kind.options && dice.IntN(2) == 0:
			a.exercise(client, dice)
		case chance < 10:
			a.follow(client, dice, a.newClosing(dice, in.name+"-close", a.heldSomewhere(dice)))
		case chance < 12:
			a.closeTwice(client, dice, in.name+"-twice")
		case chance < 15:
			a.closeAgainstStop(client, dice, in.name+"-against")
		case chance < 16:
			a.closeAll(client, dice, in.name+"-all")
		case chance < 20 && a.kind.options:
			a.exercise(client, dice)
		}
		if dice.IntN(4) == 0 {
			a.moveCash(client, dice, in.name+"-cash")
		}
		if turns && (i == orders/2 || dice.IntN(10) == 0) {
			a.turnSwitch(client, dice, in.name+"-turn")
		}
		time.Sleep(time.Duration(dice.IntN(400)) * time.Millisecond)
	}
}

func (a *chaosAccount) keep(in *intent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.intents = append(a.intents, in)
}

// follow sends an intent up to eight times, until it gets a definite answer.
func (a *chaosAccount) follow(client *http.Client, dice *rand.Rand, in *intent) {
	a.keep(in)
	for range 8 {
		if a.try(client, in); in.definite() {
			return
		}
		time.Sleep(time.Duration(100+dice.IntN(700)) * time.Millisecond)
	}
}

// try sends an intent once and records the answer. It fails the test if the answer
// contradicts an earlier one.
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
		if said.Code == "order_unknown" {
			in.unclear = true
			return
		}
		if said.Code == "retry_refused" { // an earlier try, which nobody waited for, was refused meanwhile; this one sent nothing
			return
		}
		if in.method == http.MethodPost && status != http.StatusUnprocessableEntity {
			a.user.w.t.Errorf("%s %s: answered %d: %.300s", a.name, in.name, status, answer)
		}
		if in.placed {
			a.user.w.t.Errorf("%s %s: placed, and later refused", a.name, in.name)
		}
		in.refused, in.guarded, in.refusal = true, said.Code == "guard_refused" || said.Code == "price_unknown", fmt.Sprintf("%.600s", answer)
	case 0, http.StatusTooManyRequests, http.StatusServiceUnavailable: // try again
	default:
		a.user.w.t.Errorf("%s %s: answered %d: %.300s", a.name, in.name, status, answer)
		in.refused = true
	}
}

// send makes a request for the account and returns status and body. The status is
// 0 if no whole response came.
func (a *chaosAccount) send(client *http.Client, method, path, key string, body map[string]any) (int, []byte) {
	token := ""
	if n := int64(len(a.tokens)); n > 0 && !strings.HasPrefix(path, "/api/guards") && !strings.HasPrefix(path, "/api/sleeve") { // to open the switch and to move cash takes a session
		token = a.tokens[a.next.Add(1)%n]
	}
	return a.sendBy(token, client, method, path, key, "", body)
}

// sendBy makes a request for the account by an API token, or in its owner's session if that
// is "", and returns status and body. The status is 0 if no whole response came.
func (a *account) sendBy(token string, client *http.Client, method, path, key, prefer string, body map[string]any) (int, []byte) {
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
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	} else {
		request.Header.Set("Cookie", a.user.cookieHeader())
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "X-Account-ID": a.id, "Idempotency-Key": key, "Prefer": prefer} {
		if value != "" {
			request.Header.Set(name, value)
		}
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

// readAll returns the body of a request that must succeed.
func readAll(t *testing.T, request *http.Request) []byte {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s (%v)", request.URL, response.StatusCode, text, err)
	}
	return text
}
