package alpacasim

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
)

// activity is an event of an account other than a trade, in Alpaca's JSON.
type activity struct {
	ID             string           `json:"id"`
	ActivityType   string           `json:"activity_type"`
	SubType        string           `json:"activity_sub_type,omitempty"`
	Date           string           `json:"date"`
	CreatedAt      time.Time        `json:"created_at,omitzero"`
	Symbol         string           `json:"symbol,omitempty"`
	Qty            *decimal.Decimal `json:"qty,omitempty"`
	Price          *decimal.Decimal `json:"price,omitempty"`
	PerShareAmount *decimal.Decimal `json:"per_share_amount,omitempty"`
	NetAmount      decimal.Decimal  `json:"net_amount"`
	Description    string           `json:"description,omitempty"`
	GroupID        string           `json:"group_id,omitempty"`
	Currency       string           `json:"currency"`
	Status         string           `json:"status"`

	Posted time.Time `json:"sim_posted,omitzero"` // when it has no CreatedAt
}

// at is the time by which activities are ordered.
func (a *activity) at() time.Time {
	if a.Posted.IsZero() {
		return a.CreatedAt
	}
	return a.Posted
}

// wire returns the activity as responses have it.
func (a activity) wire() activity {
	a.Posted = time.Time{}
	return a
}

// dueActivity is an activity that is posted later.
type dueActivity struct {
	At       time.Time `json:"at"`
	Activity activity  `json:"activity"`
}

// postDue posts the activities whose time has come.
func (s *Sim) postDue(a *account) {
	var left []dueActivity
	for _, due := range a.Due {
		if s.now().Before(due.At) {
			left = append(left, due)
			continue
		}
		s.record(a, due.Activity)
	}
	a.Due = left
}

// tradeActivity is an execution in the list of activities.
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
	digits := []byte(at.In(calendar.NewYork).Format("20060102150405.000"))
	return string(append(digits[:14], digits[15:]...)) + "::" + id
}

// record adds an activity to the account, with the present time.
func (s *Sim) record(a *account, entry activity) {
	now := s.now()
	if entry.Date == "" {
		entry.ID, entry.CreatedAt, entry.Date = activityID(now, s.newID()), now, now.In(calendar.NewYork).Format(time.DateOnly)
	} else { // it has a day and no time
		entry.ID, entry.Posted = strings.ReplaceAll(entry.Date, "-", "")+"000000000::"+s.newID(), now
	}
	entry.Currency, entry.Status = "USD", "executed"
	a.Activities = append(a.Activities, entry)
	s.happened(a, entry.ActivityType, nil, nil, "")
	s.touch(a)
}
