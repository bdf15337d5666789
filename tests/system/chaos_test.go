package system

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// size is how much TestChaos does.
type size struct {
	accounts, clients, orders int           // clients per account, and orders per client
	fleets, fleetOrders       int           // accounts of agents, and the orders of all of them together
	during                    time.Duration // for which agents begin orders, at most
	kills                     int           // how often the server is killed, at least
	patience                  time.Duration
	parked                    bool // whether to wait until each intent that the broker never got is parked as unknown
}

// chaosSize returns a size that CI has the time for; with PADDOCK_CHAOS=ORDERS one with about
// that many orders; and with PADDOCK_CHAOS_AGENTS=TOKENS as well one in which so many API
// tokens send them, for PADDOCK_CHAOS_DURING at most.
func chaosSize(t *testing.T) size {
	n := positive(t, "PADDOCK_CHAOS", 0)
	if n == 0 {
		return size{accounts: 7, clients: 2, orders: 5, fleets: 1, fleetOrders: 36, during: time.Minute, kills: 2, patience: 2 * time.Minute}
	}
	much := size{accounts: 24, clients: 3, orders: max(1, n/24/3), kills: max(3, n/300), patience: 10 * time.Minute, parked: true, during: 25 * time.Minute}
	if agents := positive(t, "PADDOCK_CHAOS_AGENTS", 0); agents > 0 {
		much.accounts, much.clients, much.orders = 4, 1, max(8, n/800)
		much.fleets, much.fleetOrders, much.kills = (agents+agentsOfAccount-1)/agentsOfAccount, n, max(3, n/2000)
	}
	if text := os.Getenv("PADDOCK_CHAOS_DURING"); text != "" {
		var err error
		if much.during, err = time.ParseDuration(text); err != nil {
			t.Fatal("PADDOCK_CHAOS_DURING must be a time, such as 20m")
		}
	}
	return much
}

// positive returns the whole number in an environment variable, or usual if that is empty.
func positive(t *testing.T, name string, usual int) int {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatal(name + " must be a whole number")
	}
	return n
}

// chaosSeed returns PADDOCK_CHAOS_SEED, or a random seed if that is not set.
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

// Many accounts trade shares, shorts, coins, options and spreads at once, close
// positions that their stop orders close too, and are halted and opened again. The
// broker has every fault and its clock jumps, the server is killed again and
// again, and the client programs repeat each request that got no answer. In the
// end:
//   - Broker and database agree on every order, fill, position and round trip.
//   - No intent became two orders, and every answer was true.
//   - No closing did more than close, and no position is held that nobody asked for.
//   - No guard was passed at any moment, by the broker's own record.
//   - No sleeve was overspent at any moment, and none sold what it did not hold; its sums
//     were those of its transfers and round trips all the time.
//   - No API token passed a limit of its own or of those of which it was made, nothing was sent
//     without the word that it needed, and nobody with the password of paddock_app did more.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	much, seed := chaosSize(t), chaosSeed(t)
	t.Logf("PADDOCK_CHAOS_SEED=%d, %+v", seed, much)
	began := time.Now()
	w := newChaos(t, much, seed)
	w.start()
	all, fleets := w.chaosAccounts(much)
	plain := all[:much.accounts]
	for _, in := range chaosFaults {
		in.N = -1
		w.sim.InjectFor(in)
	}
	w.sim.SetCryptoFeesAs(true, []alpacasim.FeeShape{alpacasim.FeesDated, alpacasim.FeesAlpaca}[seed%2])
	w.sim.SetFillPlan("AMD", 3)
	w.sim.SetFillPlan("MSFT", 2)

	var clients sync.WaitGroup
	for i, a := range plain {
		for j := range much.clients {
			dice := rand.New(rand.NewPCG(seed, uint64(i*100+j)))
			clients.Go(func() { a.trade(dice, fmt.Sprintf("%d-%d", i, j), much.orders, j == 0) })
		}
	}
	for _, f := range fleets {
		ended := f.run(seed)
		clients.Go(func() { <-ended })
	}
	done := make(chan struct{})
	go func() {
		clients.Wait()
		close(done)
	}()
	sleeves := w.watchSleeves(done)
	sums, raw := w.watchSums(done, fleets, rand.New(rand.NewPCG(seed, 1<<43))), w.attackBySQL(done, fleets, rand.New(rand.NewPCG(seed, 1<<44)))
	weather := w.weather(done, plain, seed)
	kills, restarts := w.killUntil(done, rand.New(rand.NewPCG(seed, 1<<40)), much)
	for ; kills < much.kills; kills++ {
		w.kill()
		w.start()
	}
	weather.Wait()
	traded := time.Since(began)

	w.sim.ClearFaults()
	w.sim.CutStreams() // one may be silent until the next reconciliation
	w.agree(all, much)
	looks, overspent := sleeves()
	short, counted := w.sleevesOverspent(all, overspent) // those of agents too
	for _, what := range short {
		t.Error(what)
	}
	named, placed, refused, moved := countSleeves(plain)
	t.Logf("%d orders named a sleeve, of which %d were placed and %d refused by what it had or held; cash was moved %d times; %d looks at the sleeves of %d accounts", named, placed, refused, moved, looks, counted)
	if placed == 0 || refused == 0 || moved == 0 || looks < 3 {
		t.Error("the sleeves did less than they say")
	}
	w.judgeFleets(fleets, sums(), raw(), traded)
	did := countChaos(plain)
	t.Logf("%s; the server was killed %d times and Postgres %d times, and the slowest start took %s; %s", did, kills, restarts, w.slowest.Round(time.Millisecond), time.Since(began).Round(time.Second))
	// On a busy machine accounts are halted for longer, and refuse more orders.
	if did.placed < did.sent/5 || did.refused == 0 || did.turns == 0 || did.closings == 0 {
		t.Errorf("%s: the test did less than it says", did)
	}
	w.stop()
}

// counted has the numbers of what the programs did and of the answers they got.
type counted struct {
	sent, placed, refused, closings, closeAlls, turns, exercises int
	codes                                                        map[string]int // of the refusals
}

func (c counted) String() string {
	return fmt.Sprintf("%d orders were sent (%d of them closings), %d answered as placed and %d as refused %v, %d times all was closed, %d times the switch turned, %d times exercised",
		c.sent, c.closings, c.placed, c.refused, c.codes, c.closeAlls, c.turns, c.exercises)
}

func countChaos(all []*chaosAccount) (c counted) {
	c.codes = map[string]int{}
	for _, a := range all {
		for _, in := range a.intents {
			c.sent++
			if in.placed {
				c.placed++
			}
			if in.refused {
				c.refused++
				c.codes[refusalCode(in.refusal)]++
			}
			if in.closes {
				c.closings++
			}
		}
		c.closeAlls += len(a.closeAlls)
		c.turns += len(a.turns)
		c.exercises += a.exercised
	}
	return c
}

// refusalCode returns the code of a refusal, followed by Alpaca's code if Alpaca
// refused, and by the names of the guards if these refused.
func refusalCode(answer string) string {
	code, broker, guards := codePart.FindStringSubmatch(answer), brokerPart.FindStringSubmatch(answer), []string{}
	for _, m := range guardPart.FindAllStringSubmatch(answer, -1) {
		guards = append(guards, m[1])
	}
	if code == nil {
		return answer
	}
	said := code[1]
	if broker != nil {
		said += "/" + broker[1]
	}
	return strings.Join(append([]string{said}, slices.Compact(guards)...), "/")
}

var (
	codePart   = regexp.MustCompile(`"code":\s*"([a-z_]+)"`)
	brokerPart = regexp.MustCompile(`"code":\s*([0-9]+)`)
	guardPart  = regexp.MustCompile(`"guard":\s*"([a-z_]+)"`)
)

// chaosFaults are the broker's faults that go on all the time.
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
	{Fault: alpacasim.Lose, P: 0.02},
	{Fault: alpacasim.Burst, P: 0.02, Delay: time.Second},
	{Fault: alpacasim.TooSlow, P: 0.02},
}

func newChaos(t *testing.T, much size, seed uint64) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), binary: program.Binary(t)}
	for i := range much.accounts + much.fleets {
		s := alpacasim.DemoAccounts(int64(seed) + int64(i))[0]
		s.Cash = decimal.NewFromInt(10_000_000)
		w.seeds = append(w.seeds, s)
	}
	w.postgres = pgtest.StartOwn(t)
	w.keepsHistory = true
	w.startBroker()
	w.findContracts()
	return w
}
