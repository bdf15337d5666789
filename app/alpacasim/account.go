package alpacasim

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// account is one customer's book.
type account struct {
	ID        string               `json:"id"`
	Number    string               `json:"number"`
	KeyID     string               `json:"key_id"`
	SecretKey string               `json:"secret_key"`
	Cash      decimal.Decimal      `json:"cash"`
	Opening   decimal.Decimal      `json:"opening"`
	CreatedAt time.Time            `json:"created_at"`
	Orders    []*Order             `json:"orders"` // oldest first
	Positions map[string]*position `json:"positions"`
	Events    []event              `json:"events"`
	// Watchlists are oldest first.
	Watchlists []*watchlist `json:"watchlists,omitempty"`
	Equity     equityBook   `json:"equity"`
}

// position is what an account holds of a symbol: a negative quantity is short.
type position struct {
	Symbol string          `json:"symbol"`
	Qty    decimal.Decimal `json:"qty"`
	Avg    decimal.Decimal `json:"avg"`
}

// newAccount makes an account whose id is a function of its key, so that it is
// the same in every run.
func newAccount(seed AccountSeed, now time.Time) *account {
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte("paddock simulated account "+seed.KeyID))
	return &account{
		ID: id.String(), Number: "SIM" + hex.EncodeToString(id[:4]), KeyID: seed.KeyID, SecretKey: seed.SecretKey,
		Cash: seed.Cash, Opening: seed.Cash, CreatedAt: now, Positions: map[string]*position{},
	}
}

func (a *account) openOrders() []*Order {
	var open []*Order
	for _, o := range a.Orders {
		if o.open() {
			open = append(open, o)
		}
	}
	return open
}

// reserved is the money that open buy orders may still need.
func (s *Sim) reserved(a *account) decimal.Decimal {
	sum := decimal.Zero
	for _, o := range a.openOrders() {
		if o.Side == "buy" {
			sum = sum.Add(s.cost(o))
		}
	}
	return sum
}

// cost is what an order's remaining quantity is worth at its limit, or at the
// market.
func (s *Sim) cost(o *Order) decimal.Decimal {
	if o.Notional != nil {
		return *o.Notional
	}
	at := s.state.Prices[o.Symbol].ask()
	if o.LimitPrice != nil {
		at = *o.LimitPrice
	}
	return o.Qty.Sub(o.FilledQty).Mul(at)
}

// trade books an execution: cash, quantity and average price.
func (a *account) trade(symbol string, qty, price decimal.Decimal) *position {
	p := a.Positions[symbol]
	if p == nil {
		p = &position{Symbol: symbol}
		a.Positions[symbol] = p
	}
	a.Cash = a.Cash.Sub(qty.Mul(price))
	after := p.Qty.Add(qty)
	switch {
	case p.Qty.Sign()*qty.Sign() >= 0: // opens or adds
		p.Avg = p.Qty.Mul(p.Avg).Add(qty.Mul(price)).Div(after).Round(6)
	case after.Sign() != 0 && after.Sign() != p.Qty.Sign(): // turns around
		p.Avg = price
	}
	p.Qty = after
	if after.IsZero() {
		delete(a.Positions, symbol)
	}
	return p
}

// DemoAccounts are two paper accounts and a live one whose keys follow from
// the seed. Their secrets are no secret: they open nothing but a simulator.
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
