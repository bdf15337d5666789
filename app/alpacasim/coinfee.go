package alpacasim

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Alpaca's fees of coins, of the first tier: who takes what is offered pays
// more than whose order had rested and was taken.
// https://docs.alpaca.markets/docs/crypto-fees
var (
	takerFee = decimal.New(25, -4)
	makerFee = decimal.New(15, -4)
)

// FeeShape is how fees of coins stand in the list of activities.
type FeeShape string

// Shapes of fees. The two documented ones are as Alpaca writes them: a pair
// has no slash, and a fee in dollars names no symbol.
const (
	FeesPlain  FeeShape = ""       // each names its pair, and the time of its trade
	FeesAlpaca FeeShape = "alpaca" // as newer ones at Alpaca: with created_at
	FeesDated  FeeShape = "dated"  // as in Alpaca's documents: of a day alone
	FeesDaily  FeeShape = "daily"  // the same, posted at the end of that day
)

// SetCryptoFees takes Alpaca's fees of crypto trades, or takes none.
func (s *Sim) SetCryptoFees(on bool) { s.SetCryptoFeesAs(on, FeesPlain) }

// SetCryptoFeesAs is SetCryptoFees, and says in which shape.
func (s *Sim) SetCryptoFeesAs(on bool, shape FeeShape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.CryptoFees, s.state.FeeShape = on, shape
	s.saveAll()
}

// chargeCoins takes the fee of a crypto execution, where fees are taken: of
// what was bought in coins, of what was sold in dollars, both rounded up.
func (s *Sim) chargeCoins(a *account, o *order, x *Execution) {
	if !s.state.CryptoFees || o.AssetClass != "crypto" {
		return
	}
	rate, now := takerFee, s.now()
	if o.Rested {
		rate = makerFee
	}
	entry := activity{ActivityType: "CFEE", Symbol: o.Symbol, Price: &x.Price, Description: "Coin Pair Transaction Fee (Non USD)"}
	if o.Side == "buy" {
		fee := x.Qty.Mul(rate).RoundUp(mostPlaces).Neg()
		a.trade(o.Symbol, fee, decimal.Zero, lot(o.AssetClass))
		entry.Qty = &fee
	} else {
		entry.NetAmount = x.Qty.Mul(x.Price).Mul(rate).RoundUp(2).Neg()
		entry.Description = "Coin Pair Transaction Fee (USD)"
		a.Cash = a.Cash.Add(entry.NetAmount)
	}
	shape := s.state.FeeShape
	if shape != FeesPlain {
		entry.Symbol = strings.ReplaceAll(o.Symbol, "/", "")
		if o.Side == "sell" {
			none := decimal.Zero
			entry.Symbol, entry.Qty, entry.Price = "", &none, nil
		}
	}
	if shape == FeesDated || shape == FeesDaily {
		entry.Date = now.In(newYork).Format(time.DateOnly)
	}
	if shape == FeesDaily {
		a.Due = append(a.Due, dueActivity{midnight(now, newYork).AddDate(0, 0, 1), entry})
		s.touch(a)
		return
	}
	s.record(a, entry)
}
