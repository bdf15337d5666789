package system

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"
)

// agentsOfAccount is how many API tokens trade on an account at the same time.
const agentsOfAccount = 5

// agentPatience is how long an agent waits for an answer: longer than a busy machine takes
// for one, so that it is not asked for ever more.
const agentPatience = 30 * time.Second

// fleet is what trades on an account of agents: API tokens, some made of others, and their
// owner, who trades outside of all sleeves and gives words for what waits.
type fleet struct {
	a      *chaosAccount
	n      int
	agents []*chaosAgent
	left   *atomic.Int64 // orders that all fleets may still send
	until  time.Time     // when no order is begun any more

	mu      sync.Mutex
	worded  map[string]bool // approvals for which somebody sent a word for it
	refused map[string]bool // approvals of which a person's refusal was answered with 200
	cash    []cashMove      // what was moved into sleeves and out
	losses  []lossSeen
	waited  int // orders that were answered that they wait for a person
	moved   atomic.Int64
}

// lossSeen is what the account had lost since the last close at a moment.
type lossSeen struct {
	at   time.Time
	loss decimal.Decimal
}

// cashMove is cash that came into a sleeve, at the earliest, or left it, at the latest.
type cashMove struct {
	at     time.Time
	sleeve string
	amount decimal.Decimal
}

// chaosAgent is an API token and the program that has it; parent made it. What is zero
// or empty is no limit.
type chaosAgent struct {
	f         *fleet
	name      string
	id, token string
	parent    *chaosAgent
	sleeve    string // in which it trades
	symbols   []string
	perMinute int
	perDay    int
	notional  decimal.Decimal
	position  decimal.Decimal
	above     *decimal.Decimal // above this an order waits for a person
	loss      decimal.Decimal
	heartbeat time.Duration

	mu    sync.Mutex
	beats [][2]time.Time // when each heartbeat was sent, and by when it was surely dealt with
}

// chain returns the token and those of which it was made.
func (g *chaosAgent) chain() (all []*chaosAgent) {
	for ; g != nil; g = g.parent {
		all = append(all, g)
	}
	return all
}

// agentShares are what agents trade. SPY is the owner's.
var agentShares = []string{"AAPL", "MSFT", "NVDA"}

var agentKind = chaosKind{name: "agents", shares: append([]string{"SPY"}, agentShares...)}

// makeFleet makes the account's tokens.
func (w *world) makeFleet(a *chaosAccount, n int, left *atomic.Int64) *fleet {
	dice := rand.New(rand.NewPCG(uint64(n), 1<<45))
	f := &fleet{a: a, n: n, left: left, worded: map[string]bool{}, refused: map[string]bool{}}
	amount := func(n int) decimal.Decimal { return decimal.NewFromInt(int64(n)) }
	price := func(n int) *decimal.Decimal { d := amount(n); return &d }
	position := amount(30 + dice.IntN(20))
	root := &chaosAgent{name: "A", sleeve: a.sleeves[0], symbols: agentShares, perDay: 150 + dice.IntN(300), notional: amount(4000), position: position}
	lead := &chaosAgent{name: "A1", parent: root, perMinute: 12 + dice.IntN(30), symbols: []string{"AAPL", "MSFT"}, notional: amount(2500)}
	helper := &chaosAgent{name: "A1a", parent: lead, above: price(500 + dice.IntN(400)), notional: amount(9000), perMinute: 8 + dice.IntN(12)}
	second := &chaosAgent{name: "B", sleeve: a.sleeves[1], symbols: []string{"NVDA", "MSFT"}, above: price(1200), perMinute: 30 + dice.IntN(20), position: position}
	watched := &chaosAgent{name: "B1", parent: second, heartbeat: 10 * time.Second, perDay: 60 + dice.IntN(150)}
	if n%4 == 3 {
		watched.loss = amount(40)
	}
	f.agents = []*chaosAgent{root, lead, helper, second, watched}
	for _, g := range f.agents {
		g.f, g.name = f, fmt.Sprintf("f%d-%s", n, g.name)
		f.makeToken(g)
	}
	f.fund(a.sleeves...)
	return f
}

// fund keeps what makeSleeves moved into the sleeves.
func (f *fleet) fund(sleeves ...string) {
	for _, s := range sleeves {
		f.cash = append(f.cash, cashMove{sleeve: s, amount: decimal.NewFromInt(15000)})
	}
}

// makeToken makes an agent's token, by its parent's or by the user's session.
func (f *fleet) makeToken(g *chaosAgent) {
	t := f.a.user.w.t
	t.Helper()
	limits := map[string]any{}
	for name, n := range map[string]int{"orders_per_minute": g.perMinute, "orders_per_day": g.perDay, "heartbeat_seconds": int(g.heartbeat.Seconds())} {
		if n > 0 {
			limits[name] = n
		}
	}
	for name, d := range map[string]decimal.Decimal{"max_order_notional": g.notional, "max_position_qty": g.position, "daily_loss_limit": g.loss} {
		if d.IsPositive() {
			limits[name] = d.String()
		}
	}
	if g.above != nil {
		limits["approval_above"] = g.above.String()
	}
	if g.symbols != nil {
		limits["allowed_symbols"] = g.symbols
	}
	body := map[string]any{"name": g.name, "accounts": []string{f.a.id}, "scopes": []string{"trade", "log"}, "limits": limits}
	if g.sleeve != "" {
		body["sleeves"] = []string{g.sleeve}
	}
	by := &chaosAgent{f: f}
	if g.parent != nil {
		by = g.parent
		if g.sleeve == "" {
			g.sleeve = g.parent.sleeve
		}
	}
	status, answer := by.send(http.DefaultClient, http.MethodPost, "/api/tokens", "", "", body)
	var made struct{ ID, Token string }
	if err := json.Unmarshal(answer, &made); err != nil || status != http.StatusCreated {
		t.Fatalf("make the token %s: %d %s (%v)", g.name, status, answer, err)
	}
	g.id, g.token = made.ID, made.Token
}

// send makes a request with the agent's token, or in its owner's session if it has none,
// and returns status and body. The status is 0 if no whole response came.
func (g *chaosAgent) send(client *http.Client, method, path, key, prefer string, body map[string]any) (int, []byte) {
	return g.f.a.sendBy(g.token, client, method, path, key, prefer, body)
}

// run starts what the account's agents and their owner do. The result is closed when the
// agents have ended.
func (f *fleet) run(seed uint64) <-chan struct{} {
	done := make(chan struct{})
	var agents, others sync.WaitGroup
	dice := func(i int) *rand.Rand { return rand.New(rand.NewPCG(seed, 1<<42+uint64(100*f.n+i))) }
	owner := &chaosAgent{f: f, name: fmt.Sprintf("f%d-owner", f.n)}
	for i, g := range append([]*chaosAgent{owner}, f.agents...) {
		agents.Go(func() { g.trade(dice(i), g == owner) })
	}
	for i, each := range []struct {
		pause time.Duration
		do    func(*chaosAgent, *rand.Rand)
	}{{700 * time.Millisecond, f.decide}, {3 * time.Second, f.move}, {time.Second, f.seeLoss}} {
		others.Go(func() {
			own := dice(50 + i)
			for {
				select {
				case <-done:
					return
				case <-time.After(each.pause):
					each.do(owner, own)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		agents.Wait()
		close(done)
		others.Wait()
		close(ended)
	}()
	return ended
}

// trade sends orders until there are no more to send.
func (g *chaosAgent) trade(dice *rand.Rand, owner bool) {
	client := &http.Client{Timeout: agentPatience}
	silent := time.Time{} // until then no heartbeat is sent
	for i := 0; g.f.left.Add(-1) >= 0 && time.Now().Before(g.f.until); i++ {
		if g.heartbeat > 0 && time.Now().After(silent) {
			if g.beat(client); dice.IntN(25) == 0 {
				silent = time.Now().Add(2 * g.heartbeat)
			}
		}
		in, prefer := g.newIntent(dice, fmt.Sprintf("%s-%d", g.name, i), owner)
		g.f.a.keep(in)
		g.follow(client, dice, in, prefer)
		if in.id == "" {
			continue
		}
		switch chance := dice.IntN(20); {
		case chance < 3:
			g.send(client, http.MethodDelete, "/api/orders/"+in.id, "", "", nil) // the broker may refuse
		case chance < 7:
			next := &intent{name: in.name + "-next", method: http.MethodPatch, path: "/api/orders/" + in.id, key: "key-" + in.name + "-next",
				body: map[string]any{"qty": few(dice)}}
			g.f.a.keep(next)
			g.follow(client, dice, next, "")
		}
	}
}

// newIntent returns a random order of the agent's or of the owner's, and the header
// Prefer with which it is sent.
func (g *chaosAgent) newIntent(dice *rand.Rand, name string, owner bool) (in *intent, prefer string) {
	shares := g.symbols
	for p := g; shares == nil && p != nil; p = p.parent {
		shares = p.symbols
	}
	if owner {
		shares = []string{"SPY"}
	}
	symbol := one(dice, shares)
	if dice.IntN(25) == 0 {
		symbol = one(dice, agentKind.shares) // which it may not buy, mostly
		if owner {
			symbol = "SPY" // nothing stops the owner from buying what the agents' limits of positions are for
		}
	}
	in = &intent{name: name, method: http.MethodPost, path: "/api/orders"}
	key, named := "key-"+name, dice.IntN(3)
	switch kind := dice.IntN(20); {
	case kind < 2: // a closing of all, or of a part
		in = g.f.a.newClosing(dice, name, one(dice, agentShares))
		if !owner {
			in.path, _, _ = strings.Cut(in.path, "&sleeve_id=")
		}
		return in, ""
	case kind < 6: // more than its sleeve holds, now and then, and the owner what sleeves hold
		if owner && dice.IntN(2) == 0 {
			symbol = one(dice, agentShares)
		}
		in.body = simple(symbol, "sell", few(dice), "position_intent", "sell_to_close")
		if dice.IntN(4) == 0 {
			in.body["type"], in.body["limit_price"], in.body["time_in_force"] = "limit", at(symbol, 1.05), "gtc"
		}
	case kind < 8:
		in.body = simple(symbol, "buy", few(dice), "type", "limit", "limit_price", at(symbol, 0.8), "time_in_force", "gtc")
	case kind < 11:
		in.body = simple(symbol, "buy", few(dice), "type", "limit", "limit_price", at(symbol, 1.05))
	case kind < 13:
		in.body = simple(symbol, "buy", "", "notional", fmt.Sprintf("%d.%02d", 50+dice.IntN(900), dice.IntN(100)))
		delete(in.body, "qty")
	default:
		in.body = simple(symbol, "buy", few(dice))
	}
	if owner && dice.IntN(8) == 0 && in.body["side"] == "sell" {
		in.body["sleeve_id"] = one(dice, g.f.a.sleeves)
	}
	if !owner && dice.IntN(10) == 0 {
		in.body["sleeve_id"] = one(dice, g.f.a.sleeves) // which may not be its own
	}
	if named != 0 {
		in.key = key
	}
	if named != 1 {
		in.clientOrderID = "order-" + name
		in.body["client_order_id"] = in.clientOrderID
	}
	if dice.IntN(3) == 0 {
		in.body["orchestrator_agent_id"], in.body["tag"], in.body["reason"] = g.name, one(dice, []string{"slow", "fast"}), "because"
	}
	if dice.IntN(8) == 0 {
		prefer = "respond-async"
	}
	return in, prefer
}

// follow sends an intent until its answer is definite, or it waits for a person's word: then
// it is sent some more times, is maybe withdrawn, and left.
func (g *chaosAgent) follow(client *http.Client, dice *rand.Rand, in *intent, prefer string) {
	again := dice.IntN(5) == 0 // some requests are repeated although they were answered
	waits := 0
	for range 15 {
		waiting, job := g.try(client, in, prefer)
		if waiting {
			if waits++; waits == 1 {
				g.f.mu.Lock()
				g.f.waited++
				g.f.mu.Unlock()
			}
			if waits > 4 {
				if dice.IntN(3) == 0 {
					g.send(client, http.MethodDelete, "/api/jobs/"+job, "", "", nil)
				}
				return
			}
		}
		if in.definite() && !again {
			return
		}
		again = again && !in.definite()
		time.Sleep(time.Duration(50+dice.IntN(500)) * time.Millisecond)
	}
}

// try sends an intent once and records the answer. It fails the test if the answer
// contradicts an earlier one. It returns whether a job waits, and its id.
func (g *chaosAgent) try(client *http.Client, in *intent, prefer string) (waiting bool, job string) {
	status, answer := g.send(client, in.method, in.path, in.key, prefer, in.body)
	w := g.f.a.user.w
	var said struct{ ID, Code, Kind, State string }
	if status != 0 && json.Unmarshal(answer, &said) != nil {
		w.t.Errorf("%s: the answer %d is no JSON: %.300s", in.name, status, answer)
	}
	switch {
	case status == 0, status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
	case status == http.StatusAccepted && said.Kind == "order" && said.State != "": // a job: it waits for its turn, or for a person
		return said.State == "pending_approval", said.ID
	case status/100 == 2:
		if in.id != "" && in.id != said.ID {
			w.t.Errorf("%s: answered order %s, and later order %s", in.name, in.id, said.ID)
		}
		if in.refused && !in.guarded && status != http.StatusAccepted {
			w.t.Errorf("%s: refused with %s, and later answered %d %.600s", in.name, in.refusal, status, answer)
		}
		// A refusal of the broker's that could not be recorded, because Postgres was away, is looked
		// up, and 202 meanwhile: then it is still one, and must not be at the broker in the end.
		in.id, in.refused = said.ID, in.refused && !in.guarded
		in.placed = in.placed || status != http.StatusAccepted
	case said.Code == "order_unknown":
		in.unclear = true
	case said.Code == "retry_refused": // an earlier try, which nobody waited for, was refused meanwhile
	case said.Code == "approval_void", said.Code == "approval_expired", said.Code == "order_canceled", said.Code == "canceled", said.Code == "job_canceled", said.Code == "withdrawn":
		in.refused, in.guarded, in.refusal = true, true, said.Code
	case status == http.StatusUnprocessableEntity, status == http.StatusNotFound, status == http.StatusConflict:
		if in.method == http.MethodPost && status != http.StatusUnprocessableEntity {
			w.t.Errorf("%s: answered %d: %.300s", in.name, status, answer)
		}
		if in.placed {
			w.t.Errorf("%s: placed, and later refused: %.300s", in.name, answer)
		}
		in.refused, in.refusal = true, fmt.Sprintf("%.600s", answer)
		in.guarded = in.closes || said.Code == "guard_refused" || said.Code == "price_unknown" || said.Code == "approval_refused" // what there is to close may come
	default:
		w.t.Errorf("%s: answered %d: %.300s", in.name, status, answer)
		in.refused = true
	}
	return false, ""
}

// beat sends a heartbeat.
func (g *chaosAgent) beat(client *http.Client) {
	began := time.Now()
	g.mu.Lock()
	g.beats = append(g.beats, [2]time.Time{began, began.Add(agentPatience + 15*time.Second)}) // if no answer comes, it may still be on its way
	i := len(g.beats) - 1
	g.mu.Unlock()
	if status, _ := g.send(client, http.MethodPost, "/api/heartbeat", "", "", nil); status != 0 {
		g.mu.Lock()
		g.beats[i][1] = time.Now()
		g.mu.Unlock()
	}
}

// decide gives the owner's word for some of what waits, and against some.
func (f *fleet) decide(owner *chaosAgent, dice *rand.Rand) {
	client := &http.Client{Timeout: agentPatience}
	status, answer := owner.send(client, http.MethodGet, "/api/approvals?state=pending&limit=50", "", "", nil)
	var list struct {
		Approvals []struct{ ID, Digest string }
	}
	if status != http.StatusOK || json.Unmarshal(answer, &list) != nil {
		return
	}
	for _, a := range list.Approvals {
		chance := dice.IntN(20)
		switch {
		case chance < 9:
			f.mu.Lock()
			f.worded[a.ID] = true
			f.mu.Unlock()
			owner.send(client, http.MethodPost, "/api/approvals/"+a.ID+"/approve", "", "", map[string]any{"digest": a.Digest, "max_price_move": "5"})
		case chance < 14:
			if status, _ := owner.send(client, http.MethodPost, "/api/approvals/"+a.ID+"/refuse", "", "", map[string]any{"digest": a.Digest}); status == http.StatusOK {
				f.mu.Lock()
				f.refused[a.ID] = true
				f.mu.Unlock()
			}
		}
	}
}

// move moves cash into a sleeve or out, or from one to the other.
func (f *fleet) move(owner *chaosAgent, dice *rand.Rand) {
	places := append([]string{""}, f.a.sleeves...)
	dice.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
	amount := decimal.New(int64(100+dice.IntN(150_000)), -2)
	body := map[string]any{"amount": amount.String()}
	for i, field := range []string{"from_sleeve_id", "to_sleeve_id"} {
		if places[i] != "" {
			body[field] = places[i]
		}
	}
	m, began := &sleeveMove{key: fmt.Sprintf("move-%d-%d", f.n, f.moved.Add(1))}, time.Now()
	f.a.mu.Lock()
	f.a.moves = append(f.a.moves, m)
	f.a.mu.Unlock()
	for deadline := time.Now().Add(windDownPatience); time.Now().Before(deadline); { // until it is known whether it was done
		status, answer := owner.send(&http.Client{Timeout: agentPatience}, http.MethodPost, "/api/sleeve-transfers", m.key, "", body)
		var said struct{ ID, Code string }
		if status != 0 && json.Unmarshal(answer, &said) != nil {
			f.a.user.w.t.Errorf("%s: to move cash was answered %d and no JSON", m.key, status)
		}
		switch {
		case status == http.StatusCreated:
			m.id = said.ID
			f.mu.Lock()
			for i, sign := range []int64{-1, 1} {
				at := time.Now()
				if sign > 0 {
					at = began
				}
				if places[i] != "" {
					f.cash = append(f.cash, cashMove{at, places[i], amount.Mul(decimal.NewFromInt(sign))})
				}
			}
			f.mu.Unlock()
			return
		case status == http.StatusConflict && said.Code == "not_enough_cash":
			return
		case status == 0 || status == http.StatusTooManyRequests || status >= 500:
			time.Sleep(300 * time.Millisecond)
		default:
			f.a.user.w.t.Errorf("%s: to move cash was answered %d: %.300s", m.key, status, answer)
			return
		}
	}
	f.a.user.w.t.Errorf("%s: nobody says whether cash was moved", m.key)
}

// seeLoss keeps what the account has lost by now.
func (f *fleet) seeLoss(*chaosAgent, *rand.Rand) {
	if figures, ok := f.a.user.w.sim.Account(f.a.seed.KeyID); ok {
		f.mu.Lock()
		f.losses = append(f.losses, lossSeen{time.Now(), figures.LastEquity.Sub(figures.Equity)})
		f.mu.Unlock()
	}
}

// agentOf returns the agent whose order a row is: nil for the owner's and those of
// nobody.
func (f *fleet) agentOf(r row) *chaosAgent {
	name := strings.TrimPrefix(strings.TrimPrefix(r.Key, "key-"), "order-")
	if r.Key == "" {
		name = strings.TrimPrefix(r.ClientOrderID, "order-")
	}
	i := slices.IndexFunc(f.agents, func(g *chaosAgent) bool { return strings.HasPrefix(name, g.name+"-") })
	if i < 0 {
		return nil
	}
	return f.agents[i]
}
