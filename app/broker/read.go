package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// The forms of the recorded fields of an order.
var orderForms = map[string]form{
	"id": uuidForm, "client_order_id": textForm, "symbol": textForm, "asset_class": textForm, "side": sideForm, "type": textForm, "order_type": textForm,
	"time_in_force": textForm, "order_class": textForm, "position_intent": textForm, "status": textForm,
	"qty": positiveForm, "notional": positiveForm, "filled_qty": notNegativeForm, "filled_avg_price": amountForm, "ratio_qty": positiveForm,
	"limit_price": amountForm, "stop_price": amountForm, "trail_price": amountForm, "trail_percent": amountForm, "hwm": amountForm,
	"extended_hours": boolForm, "replaces": uuidForm, "replaced_by": uuidForm,
	"created_at": timeForm, "updated_at": timeForm, "submitted_at": timeForm, "filled_at": timeForm, "canceled_at": timeForm,
	"expired_at": timeForm, "failed_at": timeForm, "replaced_at": timeForm,
}

// maxClientOrderID is Alpaca's own bound, in characters.
const maxClientOrderID = 128

// closedStatuses are the statuses of an order that cannot change any more.
var closedStatuses = []string{"filled", "canceled", "expired", "rejected", "replaced"}

// unfilledStatuses are those of an order without executions.
var unfilledStatuses = []string{"new", "accepted", "pending_new", "accepted_for_bidding", "held", "rejected"}

// reservedStatuses are statuses of Paddock's own, which mean something else.
var reservedStatuses = []string{"submitting", "unknown"}

// ReadOrder brings an order in Alpaca's JSON into form: each recorded field in
// its form, and null where it cannot be read. It returns nil where too little
// is left to be recorded, and nil with nothing odd for a leg of a multi-leg
// order that has no client_order_id.
func ReadOrder(raw []byte) (json.RawMessage, *Odd) {
	x, err := openItem(raw)
	if err != nil {
		o := unread("order", "", "it is not an object", raw)
		o.Uncounted = true
		return nil, o
	}
	if x.text("client_order_id") == "" && x.text("order_class") == "mleg" && !x.has("legs") {
		return nil, nil
	}
	uncounted, err := x.order()
	id := x.text("id")
	if err != nil {
		o := unread("order", id, strings.Join(append(x.why, err.Error()), "; "), raw)
		o.Uncounted = !slices.Contains(closedStatuses, x.text("status"))
		return nil, o
	}
	clean, odd := x.boundedResult("order", id, raw)
	if odd != nil {
		odd.Uncounted = uncounted || clean == nil && !IsOver(x.text("status"))
	}
	return clean, odd
}

// order brings an order into form, and reports whether it may still be filled
// while its quantity cannot be read. It returns an error where the order must
// not be recorded.
func (x *item) order() (uncounted bool, err error) {
	filled, empty := x.fields["filled_qty"], false
	if text, ok := textOf(filled); len(filled) == 0 || isNull(filled) || ok && text == "" {
		empty = true
	}
	x.applyForms(orderForms)
	if x.text("id") == "" {
		return true, errors.New("id: missing")
	}
	if !empty && !x.has("filled_qty") {
		return true, errors.New("how much of it was filled cannot be told")
	}
	uncounted = x.legs()
	if name := x.text("client_order_id"); name == "" || x.renamed || len([]rune(name)) > maxClientOrderID {
		x.noteOdd("client_order_id", "missing, too long or not to be kept: it goes by the broker's id")
		x.set("client_order_id", x.text("id"))
	}
	x.status()
	if err := x.filled(); err != nil {
		return true, err
	}
	x.times()
	if slices.Contains(closedStatuses, x.text("status")) {
		return false, nil
	}
	if x.text("order_class") == "mleg" {
		return uncounted || !x.has("qty"), nil
	}
	for _, f := range []string{"symbol", "side"} {
		if x.text(f) == "" {
			x.noteOdd(f, "missing")
			uncounted = true
		}
	}
	if !x.has("qty") && !x.has("notional") {
		x.noteOdd("qty", "missing, and notional too")
		uncounted = true
	}
	return uncounted, nil
}

// status derives the status of an order that has none from its times.
func (x *item) status() {
	status := x.text("status")
	if status != "" && !slices.Contains(reservedStatuses, status) {
		return
	}
	x.noteOdd("status", "missing, or a word of Paddock's own")
	status = "accepted" // it may still be filled unless it is known to be over
	for _, end := range []struct{ at, status string }{
		{"filled_at", "filled"}, {"canceled_at", "canceled"}, {"expired_at", "expired"}, {"failed_at", "rejected"}, {"replaced_at", "replaced"},
	} {
		if x.has(end.at) {
			status = end.status
		}
	}
	x.set("status", status)
}

// filled refuses an order whose filled quantity cannot be read: taken as 0, it
// would undo recorded fills.
func (x *item) filled() error {
	if x.has("filled_qty") {
		return nil
	}
	status := x.text("status")
	switch {
	case status == "filled" && x.has("qty"):
		x.fields["filled_qty"], x.changed = x.fields["qty"], true
	case slices.Contains(unfilledStatuses, status) || status != "filled" && status != "partially_filled" && !x.has("filled_avg_price") && !x.has("filled_at"):
		x.set("filled_qty", "0")
	default:
		return errors.New("filled_qty: missing")
	}
	x.noteOdd("filled_qty", "missing: it follows from the status")
	return nil
}

// times makes sure that an order has the time of its last change, by which
// older states are told from newer ones: the latest of its other times.
func (x *item) times() {
	if x.has("updated_at") {
		return
	}
	var latest time.Time
	for _, f := range []string{"created_at", "submitted_at", "filled_at", "canceled_at", "expired_at", "failed_at", "replaced_at"} {
		if at, err := time.Parse(time.RFC3339, x.text(f)); err == nil && at.After(latest) {
			latest = at
		}
	}
	if latest.IsZero() {
		x.noteOdd("updated_at", "missing")
		return
	}
	if raw, there := x.fields["updated_at"]; there && isNull(raw) && len(x.why) == 0 {
		x.noteOdd("updated_at", "missing")
	}
	x.set("updated_at", latest.UTC().Format(time.RFC3339Nano))
}

// legs brings an order's legs into form, and reports whether one may still be
// filled while its quantity cannot be read.
func (x *item) legs() (uncounted bool) {
	raw, there := x.fields["legs"]
	if !there || isNull(raw) {
		return false
	}
	list, ok := x.legList(raw)
	if !ok {
		x.noteOdd("legs", kindOf(raw))
		x.set("legs", nil)
		return true
	}
	legs := make([]json.RawMessage, 0, len(list))
	changed := false
	for i, raw := range list {
		leg, err := openItem(raw)
		if err != nil {
			x.noteOdd(fmt.Sprintf("leg %d", i+1), "not an object")
			changed, uncounted = true, true
			continue
		}
		if leg.text("client_order_id") == "" { // it is no order itself
			leg.applyForms(orderForms)
			uncounted = uncounted || leg.text("symbol") == "" || leg.text("side") == "" && leg.text("position_intent") == ""
		} else {
			unclear, err := leg.order()
			uncounted = uncounted || unclear
			if err != nil {
				x.noteOdd(fmt.Sprintf("leg %d", i+1), strings.Join(append(leg.why, err.Error()), ", "))
				changed = true
				continue
			}
		}
		clean, odd := leg.result("order", "", raw)
		if odd != nil {
			x.noteOdd(fmt.Sprintf("leg %d", i+1), strings.Join(leg.why, ", "))
		}
		changed = changed || leg.changed
		legs = append(legs, clean)
	}
	if changed {
		x.set("legs", legs)
	}
	return uncounted
}

// legList parses the list of legs. An object counts as the list of its values,
// or as one leg.
func (x *item) legList(raw json.RawMessage) (list []json.RawMessage, ok bool) {
	if json.Unmarshal(raw, &list) == nil {
		return list, true
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		if text, is := textOf(raw); is && text == "" {
			x.noteOdd("legs", "an empty text")
			x.set("legs", nil)
			return nil, true
		}
		return nil, false
	}
	x.noteOdd("legs", "an object")
	if _, one := object["id"]; one {
		list = []json.RawMessage{raw}
	} else {
		for _, name := range sortedKeys(object) {
			list = append(list, object[name])
		}
	}
	x.set("legs", list)
	return list, true
}

// KnownFields returns an order with its recorded fields alone: the others may
// hold what Postgres cannot store.
func KnownFields(order json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(order, &fields) != nil {
		return order
	}
	known := map[string]json.RawMessage{}
	for name, value := range fields {
		if _, is := orderForms[name]; is {
			known[name] = value
		}
	}
	var legs []json.RawMessage
	if json.Unmarshal(fields["legs"], &legs) == nil && legs != nil {
		for i := range legs {
			legs[i] = KnownFields(legs[i])
		}
		if text, err := json.Marshal(legs); err == nil {
			known["legs"] = text
		}
	}
	text, err := json.Marshal(known)
	if err != nil {
		return order
	}
	return text
}

// IsOver reports whether an order with this status cannot change any more.
func IsOver(status string) bool { return slices.Contains(closedStatuses, status) }

// The forms of the recorded fields of a position.
var positionForms = map[string]form{
	"symbol": textForm, "asset_id": uuidForm, "asset_class": textForm, "exchange": textForm, "qty": amountForm, "avg_entry_price": amountForm,
	"cost_basis": amountForm, "market_value": amountForm, "current_price": amountForm, "unrealized_pl": amountForm,
}

// ReadPosition brings a position into form, as ReadOrder does an order. One
// whose quantity cannot be read is returned without it.
func ReadPosition(raw []byte) (json.RawMessage, *Odd) {
	x, err := openItem(raw)
	if err != nil {
		o := unread("position", "", "it is not an object", raw)
		o.Uncounted = true
		return json.RawMessage("{}"), o // there is a position, and that must not be lost
	}
	x.applyForms(positionForms)
	symbol := x.text("symbol")
	uncounted := symbol == "" || !x.has("qty")
	if symbol == "" {
		x.noteOdd("symbol", "missing")
	}
	if !x.has("qty") {
		x.noteOdd("qty", "missing")
	}
	clean, odd := x.boundedResult("position", symbol, raw)
	if clean == nil {
		odd.Uncounted = true
		return json.RawMessage("{}"), odd
	}
	if odd != nil {
		odd.Uncounted = uncounted
		odd.Unread = uncounted
	}
	return clean, odd
}

// The forms of the recorded fields of an activity.
var activityForms = map[string]form{
	"id": textForm, "activity_type": textForm, "symbol": textForm, "order_id": textForm, "status": textForm, "group_id": textForm, "description": textForm,
	"qty": amountForm, "price": amountForm, "net_amount": amountForm, "per_share_amount": amountForm, "cum_qty": amountForm, "leaves_qty": amountForm,
	"transaction_time": timeForm, "created_at": timeForm, "date": dateForm,
}

// ReadActivity brings an activity into form, as ReadOrder does an order.
func ReadActivity(raw []byte) (json.RawMessage, *Odd) {
	x, err := openItem(raw)
	if err != nil {
		return nil, unread("activity", "", "it is not an object", raw)
	}
	x.applyForms(activityForms)
	if x.text("id") == "" {
		return nil, unread("activity", "", strings.Join(append(x.why, "id: missing"), "; "), raw)
	}
	return x.boundedResult("activity", x.text("id"), raw)
}

// The forms of the fields of a trade update, and of its legs' executions.
var updateForms = map[string]form{
	"event_id": textForm, "event": textForm, "execution_id": textForm, "previous_execution_id": textForm, "order_id": uuidForm, "at": timeForm,
	"timestamp": timeForm, "price": amountForm, "qty": amountForm, "position_qty": amountForm,
}

// ReadUpdate brings a trade update, with its order, into form, as ReadOrder
// does an order.
func ReadUpdate(raw []byte) (json.RawMessage, *Odd) {
	x, err := openItem(raw)
	if err != nil {
		return nil, unread("update", "", "it is not an object", raw)
	}
	x.applyForms(updateForms)
	id := x.text("event_id")
	order, odd := ReadOrder(x.fields["order"])
	if order == nil {
		why := "order: it has no name of its own"
		if odd != nil {
			why = "order: " + odd.Why
		}
		return nil, unread("update", id, strings.Join(append(x.why, why), "; "), raw)
	}
	if odd != nil {
		x.noteOdd("order", odd.Why)
		x.fields["order"], x.changed = order, true
	}
	if legs, there := x.fields["legs"]; there && !isNull(legs) {
		x.executions(legs)
	}
	return x.boundedResult("update", id, raw)
}

// executions brings an update's list of leg executions into form.
func (x *item) executions(raw json.RawMessage) {
	var list, clean []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		x.noteOdd("legs", kindOf(raw))
		x.set("legs", nil)
		return
	}
	changed := false
	for i, raw := range list {
		leg, err := openItem(raw)
		if err != nil {
			x.noteOdd(fmt.Sprintf("leg %d", i+1), "not an object")
			changed = true
			continue
		}
		leg.applyForms(updateForms)
		text, odd := leg.result("", "", raw)
		if odd != nil {
			x.noteOdd(fmt.Sprintf("leg %d", i+1), strings.Join(leg.why, ", "))
		}
		changed = changed || leg.changed
		clean = append(clean, text)
	}
	if changed {
		x.set("legs", clean)
	}
}

// Amount returns the decimal number in a field of Alpaca's JSON, and whether
// there is one: null, missing and unreadable are not 0.
func Amount(object json.RawMessage, field string) (decimal.Decimal, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(object, &fields) != nil {
		return decimal.Zero, false
	}
	raw, there := fields[field]
	if !there || isNull(raw) {
		return decimal.Zero, false
	}
	if _, holds := amountForm(raw); holds != "" {
		return decimal.Zero, false
	}
	text, _ := textOf(raw)
	return decimal.RequireFromString(text), true
}
