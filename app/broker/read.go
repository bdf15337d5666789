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

// What the fields of an order hold, those that are recorded.
var orderForms = map[string]form{
	"id": anID, "client_order_id": aText, "symbol": aText, "asset_class": aText, "side": aSide, "type": aText, "order_type": aText,
	"time_in_force": aText, "order_class": aText, "position_intent": aText, "status": aText,
	"qty": positive, "notional": positive, "filled_qty": notNegative, "filled_avg_price": anAmount, "ratio_qty": positive,
	"limit_price": anAmount, "stop_price": anAmount, "trail_price": anAmount, "trail_percent": anAmount, "hwm": anAmount,
	"extended_hours": aFlag, "replaces": anID, "replaced_by": anID,
	"created_at": aMoment, "updated_at": aMoment, "submitted_at": aMoment, "filled_at": aMoment, "canceled_at": aMoment,
	"expired_at": aMoment, "failed_at": aMoment, "replaced_at": aMoment,
}

// maxClientOrderID is Alpaca's own bound, in characters.
const maxClientOrderID = 128

// over are the statuses of an order that nothing more can become of.
var over = []string{"filled", "canceled", "expired", "rejected", "replaced"}

// untouched are those of an order that nothing has been executed of.
var untouched = []string{"new", "accepted", "pending_new", "accepted_for_bidding", "held", "rejected"}

// ourWords are statuses that Paddock gives, so that they mean something else.
var ourWords = []string{"submitting", "unknown"}

// ReadOrder reads an order as Alpaca writes it: each field in its form, and null
// where it cannot be read. It is nil where not enough is left of it to be
// recorded, and nil without anything odd where it is a leg of a multi-leg order
// that has no name of its own.
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
		o.Uncounted = !slices.Contains(over, x.text("status"))
		return nil, o
	}
	clean, odd := x.end("order", id, raw)
	if odd != nil {
		odd.Uncounted = uncounted
	}
	return clean, odd
}

// order brings an order into form, and says whether it may still be filled and
// how much of what cannot be told. It ends with an error where it must not be
// recorded.
func (x *item) order() (uncounted bool, err error) {
	filled, empty := x.fields["filled_qty"], false
	if text, ok := textOf(filled); len(filled) == 0 || isNull(filled) || ok && text == "" {
		empty = true
	}
	x.form(orderForms)
	if x.text("id") == "" {
		return true, errors.New("id: missing")
	}
	if !empty && !x.has("filled_qty") {
		return true, errors.New("how much of it was filled cannot be told")
	}
	uncounted = x.legs()
	if name := x.text("client_order_id"); name == "" || x.renamed || len([]rune(name)) > maxClientOrderID {
		x.odd("client_order_id", "missing, too long or not to be kept: it goes by the broker's id")
		x.set("client_order_id", x.text("id"))
	}
	x.status()
	if err := x.filled(); err != nil {
		return true, err
	}
	x.times()
	if slices.Contains(over, x.text("status")) {
		return false, nil
	}
	if x.text("order_class") == "mleg" {
		return uncounted || !x.has("qty"), nil
	}
	for _, f := range []string{"symbol", "side"} {
		if x.text(f) == "" {
			x.odd(f, "missing")
			uncounted = true
		}
	}
	if !x.has("qty") && !x.has("notional") {
		x.odd("qty", "missing, and notional too")
		uncounted = true
	}
	return uncounted, nil
}

// status makes a status of its times for an order that has none.
func (x *item) status() {
	status := x.text("status")
	if status != "" && !slices.Contains(ourWords, status) {
		return
	}
	x.odd("status", "missing, or a word of Paddock's own")
	status = "accepted" // whatever is not known to be over may still be filled
	for _, end := range []struct{ at, status string }{
		{"filled_at", "filled"}, {"canceled_at", "canceled"}, {"expired_at", "expired"}, {"failed_at", "rejected"}, {"replaced_at", "replaced"},
	} {
		if x.has(end.at) {
			status = end.status
		}
	}
	x.set("status", status)
}

// filled refuses an order of which nobody can tell how much was filled: taken
// for nothing, it would take back what is known.
func (x *item) filled() error {
	if x.has("filled_qty") {
		return nil
	}
	status := x.text("status")
	switch {
	case status == "filled" && x.has("qty"):
		x.fields["filled_qty"], x.changed = x.fields["qty"], true
	case slices.Contains(untouched, status) || status != "filled" && status != "partially_filled" && !x.has("filled_avg_price") && !x.has("filled_at"):
		x.set("filled_qty", "0")
	default:
		return errors.New("filled_qty: missing")
	}
	x.odd("filled_qty", "missing: it follows from the status")
	return nil
}

// times sees to it that an order has a time of its last change, by which older
// descriptions are told from newer ones: the latest of its others.
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
		x.odd("updated_at", "missing")
		return
	}
	if raw, there := x.fields["updated_at"]; there && isNull(raw) && len(x.why) == 0 {
		x.odd("updated_at", "missing")
	}
	x.set("updated_at", latest.UTC().Format(time.RFC3339Nano))
}

// legs brings an order's legs into form, and says whether one may still be
// filled and how much of what cannot be told.
func (x *item) legs() (uncounted bool) {
	raw, there := x.fields["legs"]
	if !there || isNull(raw) {
		return false
	}
	list, ok := x.legList(raw)
	if !ok {
		x.odd("legs", kindOf(raw))
		x.set("legs", nil)
		return true
	}
	legs := make([]json.RawMessage, 0, len(list))
	changed := false
	for i, raw := range list {
		leg, err := openItem(raw)
		if err != nil {
			x.odd(fmt.Sprintf("leg %d", i+1), "not an object")
			changed, uncounted = true, true
			continue
		}
		if leg.text("client_order_id") == "" { // it is no order of its own
			leg.form(orderForms)
			uncounted = uncounted || leg.text("symbol") == "" || leg.text("side") == "" && leg.text("position_intent") == ""
		} else {
			unclear, err := leg.order()
			uncounted = uncounted || unclear
			if err != nil {
				x.odd(fmt.Sprintf("leg %d", i+1), strings.Join(append(leg.why, err.Error()), ", "))
				changed = true
				continue
			}
		}
		clean, odd := leg.end("order", "", raw)
		if odd != nil {
			x.odd(fmt.Sprintf("leg %d", i+1), strings.Join(leg.why, ", "))
		}
		changed = changed || leg.changed
		legs = append(legs, clean)
	}
	if changed {
		x.set("legs", legs)
	}
	return uncounted
}

// legList reads the list of legs: an object is the list of what is in it, or
// one leg.
func (x *item) legList(raw json.RawMessage) (list []json.RawMessage, ok bool) {
	if json.Unmarshal(raw, &list) == nil {
		return list, true
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		if text, is := textOf(raw); is && text == "" {
			x.odd("legs", "an empty text")
			x.set("legs", nil)
			return nil, true
		}
		return nil, false
	}
	x.odd("legs", "an object")
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

// KnownFields is an order with nothing but the fields that are recorded: what
// Postgres cannot keep may stand in the others.
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

// IsOver says whether nothing more can become of an order of this status.
func IsOver(status string) bool { return slices.Contains(over, status) }

// What the fields of a position hold, those that are recorded.
var positionForms = map[string]form{
	"symbol": aText, "asset_id": anID, "asset_class": aText, "exchange": aText, "qty": anAmount, "avg_entry_price": anAmount,
	"cost_basis": anAmount, "market_value": anAmount, "current_price": anAmount, "unrealized_pl": anAmount,
}

// ReadPosition reads a position as ReadOrder reads an order. One whose quantity
// cannot be read is there without it.
func ReadPosition(raw []byte) (json.RawMessage, *Odd) {
	x, err := openItem(raw)
	if err != nil {
		o := unread("position", "", "it is not an object", raw)
		o.Uncounted = true
		return json.RawMessage("{}"), o // that there is one must not be lost
	}
	x.form(positionForms)
	symbol := x.text("symbol")
	uncounted := symbol == "" || !x.has("qty")
	if symbol == "" {
		x.odd("symbol", "missing")
	}
	if !x.has("qty") {
		x.odd("qty", "missing")
	}
	clean, odd := x.end("position", symbol, raw)
	if odd != nil {
		odd.Uncounted = uncounted
		odd.Unread = uncounted
	}
	return clean, odd
}

// What the fields of an activity hold, those that are recorded.
var activityForms = map[string]form{
	"id": aText, "activity_type": aText, "symbol": aText, "order_id": aText, "status": aText, "group_id": aText, "description": aText,
	"qty": anAmount, "price": anAmount, "net_amount": anAmount, "per_share_amount": anAmount, "cum_qty": anAmount, "leaves_qty": anAmount,
	"transaction_time": aMoment, "created_at": aMoment, "date": aDay,
}

// ReadActivity reads an activity as ReadOrder reads an order.
func ReadActivity(raw []byte) (json.RawMessage, *Odd) {
	x, err := openItem(raw)
	if err != nil {
		return nil, unread("activity", "", "it is not an object", raw)
	}
	x.form(activityForms)
	if x.text("id") == "" {
		return nil, unread("activity", "", strings.Join(append(x.why, "id: missing"), "; "), raw)
	}
	return x.end("activity", x.text("id"), raw)
}

// What the fields of a trade update hold, and of its legs' executions.
var updateForms = map[string]form{
	"event_id": aText, "event": aText, "execution_id": aText, "previous_execution_id": aText, "order_id": anID, "at": aMoment,
	"timestamp": aMoment, "price": anAmount, "qty": anAmount, "position_qty": anAmount,
}

// ReadUpdate reads a trade update, with its order, as ReadOrder reads an order.
func ReadUpdate(raw []byte) (json.RawMessage, *Odd) {
	x, err := openItem(raw)
	if err != nil {
		return nil, unread("update", "", "it is not an object", raw)
	}
	x.form(updateForms)
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
		x.odd("order", odd.Why)
		x.fields["order"], x.changed = order, true
	}
	if legs, there := x.fields["legs"]; there && !isNull(legs) {
		x.executions(legs)
	}
	return x.end("update", id, raw)
}

// executions brings what an update says of its order's legs into form.
func (x *item) executions(raw json.RawMessage) {
	var list, clean []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		x.odd("legs", kindOf(raw))
		x.set("legs", nil)
		return
	}
	changed := false
	for i, raw := range list {
		leg, err := openItem(raw)
		if err != nil {
			x.odd(fmt.Sprintf("leg %d", i+1), "not an object")
			changed = true
			continue
		}
		leg.form(updateForms)
		text, odd := leg.end("", "", raw)
		if odd != nil {
			x.odd(fmt.Sprintf("leg %d", i+1), strings.Join(leg.why, ", "))
		}
		changed = changed || leg.changed
		clean = append(clean, text)
	}
	if changed {
		x.set("legs", clean)
	}
}

// Amount is the decimal number in a field of an object that Alpaca wrote, and
// whether there is one: null, missing and unreadable are no 0.
func Amount(object json.RawMessage, field string) (decimal.Decimal, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(object, &fields) != nil {
		return decimal.Zero, false
	}
	raw, there := fields[field]
	if !there || isNull(raw) {
		return decimal.Zero, false
	}
	if _, holds := anAmount(raw); holds != "" {
		return decimal.Zero, false
	}
	text, _ := textOf(raw)
	return decimal.RequireFromString(text), true
}
