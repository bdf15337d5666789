package system

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
)

// weather is what happens to all at the broker, until done: executions are
// taken back, shares are split, and its clock jumps. No price is corrected: of
// that alone the journal does not learn where no stream tells of it
// (docs/architecture.md), and here updates get lost.
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
				if splits++; splits <= 3 { // or its shares cost nothing in the end
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

// killUntil kills the server and starts it again, at times that nobody
// foresees, and says how often.
func (w *world) killUntil(done <-chan struct{}, dice *rand.Rand) (kills int) {
	for {
		select {
		case <-done:
			return kills
		case <-time.After(6*time.Second + time.Duration(dice.Int64N(int64(12*time.Second)))):
		}
		w.kill()
		kills++
		time.Sleep(time.Duration(dice.Int64N(int64(2 * time.Second))))
		w.start()
	}
}

// bust takes back an execution, as exchanges do: of an account that is not being
// wound down, for what comes back after that is nobody's fault. Of accounts with
// guards only what made a position is taken back: that it gets larger by the
// exchange's doing, no guard can prevent. Trades of coins, which cannot be short,
// are final.
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

// jump sets the broker's clock five minutes forth or back. It is never further
// than that from where it would be, and returns where it is, in fives of minutes.
func (w *world) jump(at int, dice *rand.Rand) int {
	if at == 0 {
		at = 1 - 2*dice.IntN(2)
	} else {
		at = 0
	}
	w.sim.SetClock(time.Now().Add(w.ahead + time.Duration(at)*5*time.Minute))
	return at
}

// split makes more of each share of AMD, and says so in two entries as Alpaca
// does.
func (w *world) split(dice *rand.Rand) {
	w.sim.SplitAs("AMD", decimal.NewFromInt(int64(2+dice.IntN(2))),
		alpacasim.SplitShape{Two: true, Apart: time.Duration(dice.IntN(6)) * time.Second, Group: dice.IntN(2) == 0})
}
