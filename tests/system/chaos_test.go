package system

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// size is how much chaos there is.
type size struct {
	accounts, clients, orders int // clients an account, and orders of each
	kills                     int // of the server, at least
	patience                  time.Duration
	parked                    bool // wait until what the broker never had is parked as unknown
}

// chaosSize is one that CI has the time for, or, with PADDOCK_CHAOS=ORDERS, one
// of about so many.
func chaosSize(t *testing.T) size {
	text := os.Getenv("PADDOCK_CHAOS")
	if text == "" {
		return size{accounts: 12, clients: 2, orders: 12, kills: 2, patience: time.Minute}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatal("PADDOCK_CHAOS must be a number of orders")
	}
	return size{accounts: 24, clients: 3, orders: max(1, n/24/3), kills: max(3, n/300), patience: 4 * time.Minute, parked: true}
}

// chaosSeed is PADDOCK_CHAOS_SEED, or one by chance.
func chaosSeed(t *testing.T) uint64 {
	if text := os.Getenv("PADDOCK_CHAOS_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal("PADDOCK_CHAOS_SEED must be a whole number")
		}
		return n
	}
	return rand.Uint64() >> 32
}

// Many accounts trade at once, with a broker at which everything goes wrong and
// a server that is killed again and again; their programs repeat what was not
// answered. In the end broker and database agree on every order, fill, position
// and line of the journal, no intent became two orders, what was answered is so,
// and no guard was passed.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	much, seed := chaosSize(t), chaosSeed(t)
	t.Logf("PADDOCK_CHAOS_SEED=%d, %+v", seed, much)
	w := newChaos(t, much, seed)
	w.start()
	var all []*chaosAccount
	users := []*user{w.signUp("ada"), w.signUp("bob"), w.signUp("eve")}
	for i, s := range w.seeds {
		a := &chaosAccount{account: users[i%len(users)].connect(fmt.Sprint("account-", i), s)}
		if i%3 == 0 {
			a.guard(much)
		}
		all = append(all, a)
	}
	for _, in := range chaosFaults {
		in.N = -1
		w.sim.InjectFor(in)
	}

	var clients sync.WaitGroup
	for i, a := range all {
		for j := range much.clients {
			dice := rand.New(rand.NewPCG(seed, uint64(i*100+j)))
			clients.Go(func() { a.trade(dice, fmt.Sprintf("%d-%d", i, j), much.orders) })
		}
	}
	done := make(chan struct{})
	go func() {
		clients.Wait()
		close(done)
	}()
	go w.bust(done, rand.New(rand.NewPCG(seed, 1<<41)))
	kills := w.killUntil(done, rand.New(rand.NewPCG(seed, 1<<40)))
	for ; kills < much.kills; kills++ {
		w.kill()
		w.start()
	}

	w.sim.ClearFaults()
	w.sim.CutStreams() // one may be mute, which only the next reconciliation would end
	w.agree(all, much)
	sent, placed, refused := 0, 0, 0
	for _, a := range all {
		for _, in := range a.intents {
			sent++
			if in.placed {
				placed++
			}
			if in.refused {
				refused++
			}
		}
	}
	t.Logf("%d orders were sent, %d answered as placed and %d as refused; the server was killed %d times", sent, placed, refused, kills)
	if placed < sent/2 || refused == 0 {
		t.Errorf("of %d orders %d were placed and %d refused: the test did less than it says", sent, placed, refused)
	}
	w.stop()
}

// chaosFaults are those that go on all the time.
var chaosFaults = []alpacasim.Injection{
	{Fault: alpacasim.Delay, P: 0.1, Delay: 700 * time.Millisecond},
	{Fault: alpacasim.Drop, P: 0.05},
	{Fault: alpacasim.Fail, P: 0.03},
	{Fault: alpacasim.FailAfter, P: 0.05},
	{Fault: alpacasim.Late, P: 0.1, Delay: 3 * time.Second},
	{Fault: alpacasim.Drop, On: "DELETE", P: 0.1},
	{Fault: alpacasim.FailAfter, On: "DELETE", P: 0.1},
	{Fault: alpacasim.CancelRace, On: "DELETE", P: 0.2},
	{Fault: alpacasim.CancelReject, On: "DELETE", P: 0.1},
	{Fault: alpacasim.Drop, On: "PATCH", P: 0.1},
	{Fault: alpacasim.FailAfter, On: "PATCH", P: 0.1},
	{Fault: alpacasim.Fail, On: "PATCH", P: 0.05},
	{Fault: alpacasim.ReplaceReject, On: "PATCH", P: 0.2},
	{Fault: alpacasim.Cut, P: 0.02},
	{Fault: alpacasim.Mute, P: 0.005},
	{Fault: alpacasim.Duplicate, P: 0.1},
	{Fault: alpacasim.Reorder, P: 0.1},
	{Fault: alpacasim.TooSlow, P: 0.02},
}

func newChaos(t *testing.T, much size, seed uint64) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), binary: program.Binary(t)}
	for i := range much.accounts {
		s := alpacasim.DemoAccounts(int64(seed) + int64(i))[0]
		s.Cash = decimal.NewFromInt(10_000_000)
		w.seeds = append(w.seeds, s)
	}
	w.postgres = pgtest.StartOwn(t)
	w.startBroker()
	return w
}

// killUntil kills the server and starts it again, at times that nobody
// foresees, and says how often.
func (w *world) killUntil(done <-chan struct{}, dice *rand.Rand) (kills int) {
	for {
		select {
		case <-done:
			return kills
		case <-time.After(3*time.Second + time.Duration(dice.Int64N(int64(9*time.Second)))):
		}
		w.kill()
		kills++
		time.Sleep(time.Duration(dice.Int64N(int64(2 * time.Second))))
		w.start()
	}
}

// bust takes back an execution now and then, as exchanges do.
func (w *world) bust(done <-chan struct{}, dice *rand.Rand) {
	for {
		select {
		case <-done:
			return
		case <-time.After(2 * time.Second):
		}
		of := w.sim.Executions(w.seeds[dice.IntN(len(w.seeds))].KeyID)
		if len(of) > 0 {
			w.sim.Bust(of[dice.IntN(len(of))].ID)
		}
	}
}
