package alpacasim

import (
	"time"

	"github.com/shopspring/decimal"
)

// activity is what happened to an account but for trading, as Alpaca writes it.
type activity struct {
	ID             string           `json:"id"`
	ActivityType   string           `json:"activity_type"`
	SubType        string           `json:"activity_sub_type,omitempty"`
	Date           string           `json:"date"`
	CreatedAt      time.Time        `json:"created_at"`
	Symbol         string           `json:"symbol,omitempty"`
	Qty            *decimal.Decimal `json:"qty,omitempty"`
	Price          *decimal.Decimal `json:"price,omitempty"`
	PerShareAmount *decimal.Decimal `json:"per_share_amount,omitempty"`
	NetAmount      decimal.Decimal  `json:"net_amount"`
	Description    string           `json:"description,omitempty"`
	GroupID        string           `json:"group_id,omitempty"`
	Currency       string           `json:"currency"`
	Status         string           `json:"status"`
}

// tradeActivity is an execution as the list of activities shows it.
type tradeActivity struct {
	ID              string          `json:"id"`
	ActivityType    string          `json:"activity_type"`
	TransactionTime time.Time       `json:"transaction_time"`
	Type            string          `json:"type"`
	Price           decimal.Decimal `json:"price"`
	Qty             decimal.Decimal `json:"qty"`
	Side            string          `json:"side"`
	Symbol          string          `json:"symbol"`
	LeavesQty       decimal.Decimal `json:"leaves_qty"`
	OrderID         string          `json:"order_id"`
	CumQty          decimal.Decimal `json:"cum_qty"`
	OrderStatus     string          `json:"order_status"`
}

func (x *Execution) activity() tradeActivity {
	return tradeActivity{
		ID: activityID(x.At, x.ID), ActivityType: "FILL", TransactionTime: x.At, Type: x.Type, Price: x.Price, Qty: x.Qty, Side: x.Side,
		Symbol: x.Symbol, LeavesQty: x.LeavesQty, OrderID: x.OrderID, CumQty: x.CumQty, OrderStatus: x.OrderStatus,
	}
}

// activityID begins with New York's time to the millisecond.
func activityID(at time.Time, id string) string {
	digits := []byte(at.In(newYork).Format("20060102150405.000"))
	return string(append(digits[:14], digits[15:]...)) + "::" + id
}

// record adds an activity to the account's, as of now.
func (s *Sim) record(a *account, entry activity) {
	now := s.now()
	entry.ID, entry.CreatedAt, entry.Date = activityID(now, s.newID()), now, now.In(newYork).Format(time.DateOnly)
	entry.Currency, entry.Status = "USD", "executed"
	a.Activities = append(a.Activities, entry)
	s.touch(a)
}

// coinFee is Alpaca's fee of the first tier for taking:
// https://docs.alpaca.markets/docs/crypto-fees.
var coinFee = decimal.New(25, -4)

// chargeCoins takes the fee of a crypto execution, where fees are taken: of
// what was bought in coins, of what was sold in dollars.
func (s *Sim) chargeCoins(a *account, o *order, x *Execution) {
	if !s.state.CryptoFees || o.AssetClass != "crypto" {
		return
	}
	entry := activity{ActivityType: "CFEE", Symbol: o.Symbol, Price: &x.Price, Description: "Coin Pair Transaction Fee"}
	if o.Side == "buy" {
		fee := x.Qty.Mul(coinFee).Truncate(9).Neg()
		a.trade(o.Symbol, fee, decimal.Zero, lot(o.AssetClass))
		entry.Qty = &fee
	} else {
		entry.NetAmount = x.Qty.Mul(x.Price).Mul(coinFee).Round(2).Neg()
		a.Cash = a.Cash.Add(entry.NetAmount)
	}
	s.record(a, entry)
}
