package alpacasim

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// account is one customer's account and its book of orders.
type account struct {
	ID              string               `json:"id"`
	Number          string               `json:"number"`
	KeyID           string               `json:"key_id"`
	SecretKey       string               `json:"secret_key"`
	Cash            decimal.Decimal      `json:"cash"`
	Opening         decimal.Decimal      `json:"opening"` // what it began with
	LastEquity      decimal.Decimal      `json:"last_equity"`
	LastMaintenance decimal.Decimal      `json:"last_maintenance"`
	CreatedAt       time.Time            `json:"created_at"`
	Settings        settings             `json:"settings"`
	Positions       map[string]*position `json:"positions"`
	Watchlists      []*watchlist         `json:"watchlists,omitempty"` // oldest first
	Equity          equityBook           `json:"equity"`
	Due             []dueActivity        `json:"due,omitempty"` // in the order in which they were promised

	// These lists only grow: the state file gets what is new in them.
	Orders     []*order     `json:"orders,omitempty"` // oldest first
	Events     []event      `json:"events,omitempty"`
	Executions []*Execution `json:"executions,omitempty"`
	Activities []activity   `json:"activities,omitempty"`

	byID       map[string]*order
	byClientID map[string]*order
	executed   map[string]*Execution // by id
	openList   []*order              // oldest first; closed orders are removed from time to time
	unsaved    unsaved
	history    []Happening
}

// newAccount makes an account. Its id depends on its key alone, so that it is
// the same in every run.
func newAccount(seed AccountSeed, now time.Time) *account {
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte("paddock simulated account "+seed.KeyID))
	a := &account{
		ID: id.String(), Number: "SIM" + hex.EncodeToString(id[:4]), KeyID: seed.KeyID, SecretKey: seed.SecretKey,
		Cash: seed.Cash, Opening: seed.Cash, LastEquity: seed.Cash, CreatedAt: now,
		Settings: defaultSettings(), Positions: map[string]*position{},
	}
	a.index()
	return a
}

// index builds the maps from the lists.
func (a *account) index() {
	a.byID, a.byClientID, a.executed, a.openList = map[string]*order{}, map[string]*order{}, map[string]*Execution{}, nil
	orders := a.Orders
	a.Orders = nil
	for _, o := range orders { // a parent may come after legs that it took over
		a.byID[o.ID] = o
	}
	for _, o := range orders {
		a.add(o)
	}
	for _, x := range a.Executions {
		a.noteExecution(x)
	}
	a.unsaved = unsaved{events: len(a.Events), activities: len(a.Activities)}
}

// add adds an order to the book.
func (a *account) add(o *order) {
	a.Orders = append(a.Orders, o)
	a.byID[o.ID], a.byClientID[o.ClientOrderID] = o, o
	if parent := a.byID[o.Parent]; parent != nil && o.Parent != "" {
		parent.legs = append(parent.legs, o)
	}
	if o.open() {
		a.openList = append(a.openList, o)
	}
}

// openOrders returns the open orders as a new list, oldest first.
func (a *account) openOrders() []*order {
	a.openList = slices.DeleteFunc(a.openList, func(o *order) bool { return !o.open() })
	return slices.Clone(a.openList)
}

// DemoAccounts returns two paper accounts and a live one whose keys depend on
// the seed. Their secrets are not secret: they open nothing but a simulator.
func DemoAccounts(seed int64) []AccountSeed {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	var all []AccountSeed
	for i, prefix := range []string{"PK", "PK", "AK"} {
		sum := sha256.Sum256([]byte{byte(i)})
		r := rand.New(rand.NewPCG(uint64(seed), uint64(sum[0])))
		text := func(prefix string, n int) string {
			b := []byte(prefix)
			for len(b) < n {
				b = append(b, letters[r.IntN(len(letters))])
			}
			return string(b)
		}
		all = append(all, AccountSeed{KeyID: text(prefix, 20), SecretKey: text("", 40), Cash: decimal.NewFromInt(100_000)})
	}
	return all
}
