package system

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// turn is one turn of the account's switch, by the machine's clock.
type turn struct {
	reason    string
	to        string // reduce_only or halted
	liquidate bool
	answered  time.Time // from when on it holds
	opened    time.Time // when it was about to be opened again
}

// guardsAnswer is what the API says of the guards and of the newest wind-down.
type guardsAnswer struct {
	Switch   string
	WindDown *struct {
		ID, State, Message string
		Remaining          struct {
			Orders    int
			OnTheWay  int `json:"on_their_way"`
			Positions json.RawMessage
		}
	} `json:"wind_down"`
}

// turnSwitch stops the account in one way or another, waits until what was begun
// has come to an end, and opens it again.
func (a *chaosAccount) turnSwitch(client *http.Client, dice *rand.Rand, name string) {
	a.windingDown.Lock()
	defer a.windingDown.Unlock()
	t := turn{reason: "because of " + name, to: "halted", liquidate: true}
	body := map[string]any{"switch": t.to, "liquidate": true, "reason": t.reason}
	switch dice.IntN(5) {
	case 0:
		t.to, t.liquidate = "reduce_only", false
		body = map[string]any{"switch": t.to, "cancel_orders": dice.IntN(2) == 0, "reason": t.reason}
	case 1:
		t.liquidate = false
		body = map[string]any{"switch": t.to, "reason": t.reason}
	}
	if !a.turnTo(client, dice, name, body) {
		return
	}
	t.answered = time.Now()
	a.awaitWindDown(client, t)
	t.opened = time.Now()
	a.turnTo(client, dice, name+"-open", map[string]any{"switch": "open", "reason": t.reason + ", over"})
	a.mu.Lock()
	a.turns = append(a.turns, t)
	a.mu.Unlock()
}

// turnTo asks until it is answered that the switch is turned. The wish to halt
// needs no broker, so that only a server that is away keeps it from that.
func (a *chaosAccount) turnTo(client *http.Client, dice *rand.Rand, name string, body map[string]any) bool {
	for range 60 {
		status, answer := a.send(client, http.MethodPost, "/api/guards/switch", "key-"+name, body)
		switch status {
		case http.StatusOK, http.StatusAccepted, http.StatusMultiStatus:
			return true
		case 0, http.StatusServiceUnavailable:
		default:
			a.user.w.t.Errorf("%s %s: the switch was answered %d: %.300s", a.name, name, status, answer)
			return false
		}
		time.Sleep(time.Duration(200+dice.IntN(500)) * time.Millisecond)
	}
	a.user.w.t.Errorf("%s %s: the switch cannot be turned", a.name, name)
	return false
}

// windDownPatience is how long a wind-down may take with all faults going on,
// killed servers and orders that must be looked up for a minute among them.
const windDownPatience = 10 * time.Minute

// lostPatience is how long one may wait for orders whose answer was lost, and
// which may trade what is left to be closed. They are given up once the broker
// has not known them for a whole minute in which one server asked: here the
// servers are killed more often than that.
const lostPatience = 10 * time.Second

// awaitWindDown waits until the newest wind-down has come to an end. One that
// is done has left nothing, by the broker's own book; one that is stuck says why.
// One that only undoes what late orders did cancels none that this account had
// before: where those hold what it is to close, it says so and may wait for ever.
func (a *chaosAccount) awaitWindDown(client *http.Client, t turn) {
	var said guardsAnswer
	for deadline := time.Now().Add(windDownPatience); ; time.Sleep(200 * time.Millisecond) {
		status, answer := a.send(client, http.MethodGet, "/api/guards", "", nil)
		if status == http.StatusOK {
			said = guardsAnswer{}
			if err := json.Unmarshal(answer, &said); err != nil {
				a.user.w.t.Errorf("%s: guards: %v", a.name, err)
				return
			}
			if said.WindDown == nil || said.WindDown.State != "running" {
				break
			}
		}
		if w := said.WindDown; w != nil && time.Since(t.answered) > lostPatience && w.Remaining.OnTheWay > 0 && w.Remaining.Orders == 0 {
			return
		}
		if w := said.WindDown; w != nil && !t.liquidate && strings.HasPrefix(w.Message, "Open orders that it does not cancel") {
			return
		}
		if time.Now().After(deadline) {
			a.user.w.t.Errorf("%s: %s: its wind-down is not over: %+v", a.name, t.reason, said.WindDown)
			return
		}
	}
	if said.Switch != t.to {
		a.user.w.t.Errorf("%s: %s: the switch is %s", a.name, t.reason, said.Switch)
	}
	switch {
	case said.WindDown == nil || !t.liquidate:
	case said.WindDown.State == "stuck":
		if said.WindDown.Message == "" {
			a.user.w.t.Errorf("%s: %s: it is stuck and nobody is told why", a.name, t.reason)
		}
	case said.WindDown.State != "done":
		a.user.w.t.Errorf("%s: %s: its wind-down is %s", a.name, t.reason, said.WindDown.State)
	default:
		if left := a.leftAtBroker(); len(left) > 0 {
			a.user.w.t.Errorf("%s: %s: all is said to be closed, and the broker has %v", a.name, t.reason, left)
		}
	}
}

// leftAtBroker is what the account holds and has open, by the broker's own book.
func (a *chaosAccount) leftAtBroker() (left []string) {
	for _, p := range a.user.w.sim.Positions(a.seed.KeyID) {
		left = append(left, fmt.Sprint(p.Qty, " of ", p.Symbol))
	}
	for _, o := range a.user.w.sim.Orders(a.seed.KeyID) {
		if !slices.Contains(overStatuses, o.Status) {
			left = append(left, fmt.Sprint("order ", o.ClientOrderID, " is ", o.Status))
		}
	}
	return left
}

// overStatuses are those of orders that may change no more.
var overStatuses = []string{"filled", "canceled", "expired", "rejected", "replaced"}
