package system

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// weather starts what happens at the broker to all accounts, until done is
// closed: executions are taken back, shares are split, and the broker's clock
// jumps. No price is corrected: here the stream loses updates, and without one the
// journal may never learn of such a correction (docs/architecture.md).
func (w *world) weather(done <-chan struct{}, all []*chaosAccount, seed uint64) *sync.WaitGroup {
	var going sync.WaitGroup
	for i, each := range []struct {
		pause time.Duration
		do    func(dice *rand.Rand)
	}{
		{2 * time.Second, func(dice *rand.Rand) { w.bust(all[dice.IntN(len(all))], dice) }},
		{5 * time.Second, func() func(dice *rand.Rand) {
			at := 0
			return func(dice *rand.Rand) { at = w.jump(at, dice) }
		}()},
		{8 * time.Second, func() func(dice *rand.Rand) {
			splits := 0
			return func(dice *rand.Rand) {
				if splits++; splits <= 3 { // each split lowers the price, which must not reach zero
					w.split(dice)
				}
			}
		}()},
	} {
		dice := rand.New(rand.NewPCG(seed, 1<<41+uint64(i)))
		going.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(each.pause):
				}
				each.do(dice)
			}
		})
	}
	return &going
}

// killUntil kills the server and starts it again at random times, until done is closed, and
// returns how often it did. In a run with agents every fourth time it is Postgres. It waits
// longer where servers take longer to start: one that is killed before it has begun with its
// work ends no wind-down, however often it is started.
func (w *world) killUntil(done <-chan struct{}, dice *rand.Rand, much size) (kills, restarts int) {
	pause := 6 * time.Second
	if much.fleets > 1 { // longer runs, of which the agents' part is another
		pause = 15 * time.Second
	}
	for n := 1; ; n++ {
		select {
		case <-done:
			return kills, restarts
		case <-time.After(pause + 3*w.lastStart + time.Duration(dice.Int64N(int64(2*pause)))):
		}
		if much.fleets > 0 && n%4 == 2 {
			w.postgres.Server.Kill()
			restarts++
			time.Sleep(time.Duration(dice.Int64N(int64(2 * time.Second))))
			if err := w.postgres.Server.Restart(context.Background()); err != nil {
				w.t.Fatal(err)
			}
			continue
		}
		w.kill()
		kills++
		time.Sleep(time.Duration(dice.Int64N(int64(2 * time.Second))))
		w.start()
	}
}

// bust takes back a random execution of the account, as exchanges do. It does
// nothing during a wind-down, which would otherwise leave a position behind
// through no fault of its own. In accounts with guards it takes back purchases
// only: a bust of a sale enlarges a position, which no guard can prevent. Trades
// of coins stay, because coins cannot be short.
func (w *world) bust(a *chaosAccount, dice *rand.Rand) {
	if !a.windingDown.TryLock() {
		return
	}
	defer a.windingDown.Unlock()
	of := w.sim.Executions(a.seed.KeyID)
	if len(of) == 0 {
		return
	}
	if x := of[dice.IntN(len(of))]; !strings.Contains(x.Symbol, "/") && (a.limits == nil || x.Side == "buy") {
		w.sim.Bust(x.ID)
	}
}

// jump sets the broker's clock five minutes forward or back. at is how far the
// clock is off, in steps of five minutes: -1, 0 or 1. jump returns the new value.
func (w *world) jump(at int, dice *rand.Rand) int {
	if at == 0 {
		at = 1 - 2*dice.IntN(2)
	} else {
		at = 0
	}
	w.sim.SetClock(time.Now().Add(w.ahead + time.Duration(at)*5*time.Minute))
	return at
}

// split splits the shares of AMD two or three for one. It is listed as two
// activities, as Alpaca does.
func (w *world) split(dice *rand.Rand) {
	w.sim.SplitAs("AMD", decimal.NewFromInt(int64(2+dice.IntN(2))),
		alpacasim.SplitShape{Two: true, Apart: time.Duration(dice.IntN(6)) * time.Second, Group: dice.IntN(2) == 0})
}
