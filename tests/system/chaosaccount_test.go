package system

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"
)

// chaosKind is what an account trades. Every fourth account is of the same kind.
type chaosKind struct {
	name    string
	shares  []string // bought, and sold again
	exits   []string // bought with exits; the broker takes no simple order beside these
	shorts  []string // sold short
	coins   []string
	options bool // contracts are bought, and exercised
	spreads bool
	limits  func(much size) *limits // nil for no guards
}

var chaosKinds = []chaosKind{
	{name: "narrow", shares: []string{"AAPL", "MSFT", "SPY"}, exits: []string{"NVDA", "TSLA"}, coins: []string{"BTC/USD"}, limits: narrowLimits},
	{name: "options", shares: []string{"AAPL", "AMD"}, exits: []string{"NVDA"}, options: true, spreads: true},
	{name: "strict", shares: []string{"AAPL", "SPY"}, exits: []string{"TSLA"}, shorts: []string{"QQQ"}, coins: []string{"BTC/USD", "ETH/USD"}, options: true, limits: strictLimits},
	{name: "shorts", shares: []string{"MSFT"}, exits: []string{"TSLA"}, shorts: []string{"AMD", "QQQ"}, coins: []string{"ETH/USD"}},
}

// chaosAccount is an account and all that its programs sent.
type chaosAccount struct {
	*account
	kind   chaosKind
	limits *limits  // nil for none
	tokens []string // with which its programs sign in by turns; none for their user's session
	next   atomic.Int64

	sleeves []string // their ids

	windingDown sync.Mutex // held from the turning of the switch until it is opened again

	mu        sync.Mutex
	intents   []*intent
	closeAlls []string // keys
	moves     []*sleeveMove
	turns     []turn
	exercised int
}

// chaosAccounts signs users up and connects the accounts, those of agents last.
func (w *world) chaosAccounts(much size) (all []*chaosAccount, fleets []*fleet) {
	var left atomic.Int64
	left.Store(int64(much.fleetOrders))
	users := []*user{w.signUp("ada"), w.signUp("bob"), w.signUp("eve")}
	for i, s := range w.seeds {
		kind := chaosKinds[i%len(chaosKinds)]
		if i >= much.accounts {
			kind = agentKind
		}
		a := &chaosAccount{kind: kind, account: users[i%len(users)].connect(fmt.Sprint("account-", i, "-", kind.name), s)}
		a.makeSleeves()
		if i < much.accounts {
			a.askTooMuch()
		}
		if kind.limits != nil {
			a.guard(kind.limits(much), i%8 >= 4)
		}
		all = append(all, a)
		if i >= much.accounts {
			fleets = append(fleets, w.makeFleet(a, i-much.accounts, &left))
		}
	}
	for _, f := range fleets {
		f.until = time.Now().Add(much.during)
	}
	return all, fleets
}

// readClock sets w.ahead: how far the broker's clock is ahead of this machine's.
func (w *world) readClock() {
	var clock struct{ Timestamp time.Time }
	if err := json.Unmarshal(w.askBroker(w.seeds[0].KeyID, w.seeds[0].SecretKey, "/v2/clock"), &clock); err != nil {
		w.t.Fatal(err)
	}
	w.ahead = time.Until(clock.Timestamp)
}

// findContracts sets w.contracts to option contracts of AAPL that expire in some
// weeks.
func (w *world) findContracts() {
	w.readClock()
	for _, kind := range []string{"call", "put"} {
		first := time.Now().Add(w.ahead).AddDate(0, 0, 15).Format(time.DateOnly)
		answer := w.askBroker(w.seeds[0].KeyID, w.seeds[0].SecretKey, fmt.Sprintf("/v2/options/contracts?underlying_symbols=AAPL&type=%s"+
			"&expiration_date_gte=%s&expiration_date_lte=2099-01-01&strike_price_gte=180&strike_price_lte=200&limit=3", kind, first))
		var list struct {
			Contracts []struct{ Symbol string } `json:"option_contracts"`
		}
		if err := json.Unmarshal(answer, &list); err != nil || len(list.Contracts) != 3 {
			w.t.Fatalf("contracts of AAPL: %s (%v)", answer, err)
		}
		for _, c := range list.Contracts {
			w.contracts = append(w.contracts, c.Symbol)
		}
	}
}

// askBroker makes a GET request to the broker itself and returns the body.
func (w *world) askBroker(keyID, secret, path string) []byte {
	request, err := http.NewRequest(http.MethodGet, w.broker.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("APCA-API-KEY-ID", keyID)
	request.Header.Set("APCA-API-SECRET-KEY", secret)
	return readAll(w.t, request)
}

// held returns what the account holds of a symbol at the broker.
func (a *chaosAccount) held(symbol string) decimal.Decimal {
	for _, p := range a.user.w.sim.Positions(a.seed.KeyID) {
		if p.Symbol == symbol {
			return p.Qty
		}
	}
	return decimal.Zero
}
