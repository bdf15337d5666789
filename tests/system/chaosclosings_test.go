package system

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// heldSomewhere returns a symbol that the account holds or may hold.
func (a *chaosAccount) heldSomewhere(dice *rand.Rand) string {
	if held := a.user.w.sim.Positions(a.seed.KeyID); len(held) > 0 && dice.IntN(5) > 0 {
		return held[dice.IntN(len(held))].Symbol
	}
	return one(dice, a.kind.shares)
}

// newClosing returns a request that closes a position: all of it, a part, or maybe
// more than is held.
func (a *chaosAccount) newClosing(dice *rand.Rand, name, symbol string) *intent {
	how := "cancel_orders=" + fmt.Sprint(dice.IntN(3) > 0)
	switch dice.IntN(4) {
	case 0:
		how += "&percentage=" + one(dice, []string{"50", "33.3", "100"})
	case 1:
		how += "&qty=" + fmt.Sprint(1+dice.IntN(4))
	}
	if dice.IntN(3) == 0 {
		how += "&sleeve_id=" + one(dice, a.sleeves)
	}
	return &intent{name: name, method: http.MethodDelete, key: "key-" + name, closes: true,
		path: "/api/positions/" + url.PathEscape(strings.ReplaceAll(symbol, "/", "")) + "?" + how}
}

// closeTwice closes one position with two requests at the same time.
func (a *chaosAccount) closeTwice(client *http.Client, dice *rand.Rand, name string) {
	symbol := a.heldSomewhere(dice)
	var both sync.WaitGroup
	for i := range 2 {
		in, own := a.newClosing(dice, fmt.Sprintf("%s-%d", name, i), symbol), rand.New(rand.NewPCG(dice.Uint64(), 0))
		both.Go(func() { a.follow(client, own, in) })
	}
	both.Wait()
}

// closeAgainstStop places a stop order that the market is about to reach, and closes
// the position soon after.
func (a *chaosAccount) closeAgainstStop(client *http.Client, dice *rand.Rand, name string) {
	symbol := one(dice, a.kind.shares)
	held := a.held(symbol)
	if !held.IsPositive() || !held.IsInteger() || symbol == "AMD" {
		return
	}
	stop := simple(symbol, "sell", held.String(), "type", "stop", "stop_price", at(symbol, 1.03), "time_in_force", "gtc", "position_intent", "sell_to_close")
	if dice.IntN(2) == 0 {
		stop["type"], stop["trail_percent"] = "trailing_stop", "0.1"
		delete(stop, "stop_price")
	}
	a.follow(client, dice, &intent{name: name + "-stop", method: http.MethodPost, path: "/api/orders", key: "key-" + name + "-stop", body: stop})
	time.Sleep(time.Duration(dice.IntN(150)) * time.Millisecond)
	a.follow(client, dice, a.newClosing(dice, name+"-close", symbol))
}

// closeAll closes every position. It repeats the request, whose answer must stay
// the same.
func (a *chaosAccount) closeAll(client *http.Client, dice *rand.Rand, name string) {
	key := "key-" + name
	a.mu.Lock()
	a.closeAlls = append(a.closeAlls, key)
	a.mu.Unlock()
	first, tries, path := "", 0, "/api/positions?cancel_orders="+fmt.Sprint(dice.IntN(4) > 0)
	for range 10 {
		status, answer := a.send(client, http.MethodDelete, path, key, nil)
		switch status {
		case http.StatusMultiStatus:
			if first != "" && !sameJSON(first, string(answer)) {
				a.user.w.t.Errorf("%s %s: all was closed with the answer %s, and its retry with %s", a.name, name, first, answer)
			}
			first = string(answer)
		case 0, http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusUnprocessableEntity:
		default:
			a.user.w.t.Errorf("%s %s: to close all was answered %d: %.300s", a.name, name, status, answer)
			return
		}
		if tries++; first != "" && tries > 1+dice.IntN(2) || status == http.StatusUnprocessableEntity {
			return
		}
		time.Sleep(time.Duration(100+dice.IntN(900)) * time.Millisecond)
	}
}

// exercise exercises a call that is held. The request is not repeated: that might
// exercise calls that were bought since.
func (a *chaosAccount) exercise(client *http.Client, dice *rand.Rand) {
	calls := slices.DeleteFunc(slices.Clone(a.user.w.contracts[:len(a.user.w.contracts)/2]), func(c string) bool { return !a.held(c).IsPositive() })
	if len(calls) == 0 {
		return
	}
	contract := one(dice, calls)
	switch status, answer := a.send(client, http.MethodPost, "/api/positions/"+contract+"/exercise", "", nil); status {
	case http.StatusOK:
		a.mu.Lock()
		a.exercised++
		a.mu.Unlock()
	case 0, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable:
	default:
		a.user.w.t.Errorf("%s: to exercise %s was answered %d: %.300s", a.name, contract, status, answer)
	}
}
