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

// turn is one turn of the account's switch. Its times are by the machine's clock.
type turn struct {
	reason    string
	to        string // reduce_only or halted
	liquidate bool
	answered  time.Time // the switch was turned by then
	opened    time.Time // just before the switch was opened again
}

// guardsAnswer is the API's answer about the guards and the newest wind-down.
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

// turnSwitch turns the switch in one of several ways, waits until the wind-down
// has ended, and opens the account again.
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

// turnTo repeats the request until the answer says that the switch is turned. That
// needs no broker, so only a server that is down can delay it.
func (a *chaosAccount) turnTo(client *http.Client, dice *rand.Rand, name string, body map[string]any) bool {
	for deadline := time.Now().Add(windDownPatience); time.Now().Before(deadline); {
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

// windDownPatience is how long a wind-down may take with all faults going on. The
// server is killed meanwhile, and some orders must be looked up for a minute.
const windDownPatience = 10 * time.Minute

// lostPatience is how long to wait for a wind-down that only waits for orders whose
// answer was lost, since they may still trade. A server gives such an order up
// once it has asked for a minute and the broker does not know it. Here no server
// lives that long.
const lostPatience = 10 * time.Second

// awaitWindDown waits until the newest wind-down has ended. One that is done must
// have left nothing at the broker, and one that is stuck must say why. A wind-down
// that only undoes late orders does not cancel the account's earlier orders. If
// those hold what it is to close, it says so and may wait for ever: then
// awaitWindDown returns.
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

// leftAtBroker returns the account's positions and open orders at the broker.
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

// overStatuses are the statuses of orders that cannot change any more.
var overStatuses = []string{"filled", "canceled", "expired", "rejected", "replaced"}
