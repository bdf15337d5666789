package alpacasim

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// Alpaca's crypto fees of the first tier: a taker pays more than a maker, whose
// order had rested. https://docs.alpaca.markets/docs/crypto-fees
var (
	takerFee = decimal.New(25, -4)
	makerFee = decimal.New(15, -4)
)

// FeeShape is the form of crypto fees in the list of activities.
type FeeShape string

// The forms of fees. In Alpaca's two forms a pair has no slash, and a fee in
// dollars names no symbol.
const (
	FeesPlain  FeeShape = ""       // with the pair and the time of the trade
	FeesAlpaca FeeShape = "alpaca" // as Alpaca sends them now: with created_at
	FeesDated  FeeShape = "dated"  // as Alpaca documents them: with a day and no time
	FeesDaily  FeeShape = "daily"  // as dated, and posted at the end of that day
)

// SetCryptoFees turns Alpaca's crypto fees on or off.
func (s *Sim) SetCryptoFees(on bool) { s.SetCryptoFeesAs(on, FeesPlain) }

// SetCryptoFeesAs is SetCryptoFees with a form.
func (s *Sim) SetCryptoFeesAs(on bool, shape FeeShape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.CryptoFees, s.state.FeeShape = on, shape
	s.saveAll()
}

// chargeCoins charges the fee of a crypto execution, where fees are on: in
// coins for a purchase, in dollars for a sale, both rounded up.
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
		entry.Date = now.In(calendar.NewYork).Format(time.DateOnly)
	}
	if shape == FeesDaily {
		a.Due = append(a.Due, dueActivity{calendar.Midnight(now).AddDate(0, 0, 1), entry})
		s.touch(a)
		return
	}
	s.record(a, entry)
}
