package destinations

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"paddock/app/tenant"
)

// Sentence tells of an event in plain words, on one line of at most 700 characters.
func Sentence(e tenant.Event) string {
	var d eventData
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return clean(unknownKind(e.Kind), 700)
	}
	return clean(d.sentence(e.Kind), 700)
}

// eventData is what sentences need of the data of events of all kinds.
type eventData struct {
	Event string
	State string // of credentials

	Order     *orderData
	Execution *struct{ Qty, Price string }
	Overshot  string `json:"overshot_qty"`
	Why       string

	Violations []struct{ Message string }
	Request    *orderData
	Switch     string
	Reason     string
	WindDown   *struct {
		State   string
		Message string
	} `json:"wind_down"`
	Name     string
	Closed   bool
	Amount   string
	Active   *bool  `json:"is_active"`
	KeyLast4 string `json:"key_last4"`

	Positions []struct{ Symbol, Qty string }
	Symbol    string
	Journal   string `json:"journal_qty"`
	Broker    string `json:"broker_qty"`
	Read      int64  `json:"orders_read"`
	Added     int64  `json:"orders_added"`

	Count  int
	Levels map[string]int
	Logs   []struct{ Message string }

	Job *struct {
		Request orderData
		Answer  *struct{ Message string }
	}
	Canceled int
	Approval *struct {
		Kind    string
		Request orderData
		Reason  string
		Worth   string
		Words   []struct{ Word, Note string }
		Expires time.Time `json:"expires_at"`
	}

	Limit, Used, Most string
	Sleeve            *string `json:"sleeve_id"`

	summary
}

// orderData is an order, or the request for one.
type orderData struct {
	Symbol, Side, Type, Qty, Notional, Status string
	OrderClass                                string `json:"order_class"`
	LimitPrice                                string `json:"limit_price"`
	StopPrice                                 string `json:"stop_price"`
	FilledQty                                 string `json:"filled_qty"`
	FilledAvgPrice                            string `json:"filled_avg_price"`
	StatusMessage                             string `json:"status_message"`
}

// summary is what a day's summary has.
type summary struct {
	Day          string
	Orders       int
	OrdersFilled int `json:"orders_filled"`
	Executions   int
	Bought, Sold string
	RoundTrips   int    `json:"round_trips_closed"`
	RealizedPL   string `json:"realized_pl"`
	Fees         string
	Refusals     int
	Equity       string
	EquityChange string `json:"equity_change"`
	Agents       []struct {
		Name   string `json:"orchestrator_agent_id"`
		Orders int
	}
}

func (d eventData) sentence(kind string) string {
	switch kind {
	case "order":
		return d.ofOrder()
	case "guard":
		return d.ofGuard()
	case "job":
		return d.ofJob()
	case "approval":
		return d.ofApproval()
	case "position":
		var held []string
		for _, p := range d.Positions {
			held = append(held, p.Qty+" "+p.Symbol)
		}
		return "Positions were found otherwise at Alpaca. Held now: " + cmp.Or(strings.Join(held, ", "), "nothing") + "."
	case "agent_log":
		return d.ofAgents()
	case "account":
		if d.Active != nil && !*d.Active {
			return "The account's settings were changed: it is called " + d.Name + " and is paused."
		}
		return "The account's settings were changed: it is called " + d.Name + "."
	case "credentials":
		switch d.State {
		case "needs_credentials":
			return "Alpaca refuses the account's API keys. Nothing is traded or read until new ones are stored."
		case "deleted":
			return "The account's API keys were deleted."
		}
		return "API keys were stored" + about(" that end with ", d.KeyLast4) + "."
	case "journal":
		if d.Event == "agrees" {
			return "The journal agrees with Alpaca again about " + d.Symbol + "."
		}
		return fmt.Sprintf("The journal holds %s %s and Alpaca %s. No profit is shown of it until they agree.", d.Journal, d.Symbol, d.Broker)
	case "history":
		return fmt.Sprintf("The account's history was imported: %d orders, %d of them new.", d.Read, d.Added)
	case "webhook":
		return "A webhook was switched off, " + offReason(d.Reason) + "."
	case "notice":
		return "A notice was switched off, " + offReason(d.Reason) + "."
	case "limit":
		return d.ofLimit()
	case "stream":
		if d.Event == "live" {
			return "Alpaca's updates come live again."
		}
		return "Alpaca's updates do not come at the moment: fills may be told late." + about(" ", d.Why)
	case "summary":
		return d.ofDay()
	}
	return unknownKind(kind)
}

func unknownKind(kind string) string {
	return "Something happened of the kind " + kind + ", which this version of Paddock cannot tell."
}

func offReason(reason string) string {
	if reason == "no_access" {
		return "because who made it may not read the account any more"
	}
	return "because nothing was taken for three days"
}

// words says what an order is: buy 10 AAPL, limit 187.20.
func (o orderData) words() string {
	text := cmp.Or(o.Side, "trade") + " "
	switch {
	case o.Qty != "":
		text += o.Qty + " " + cmp.Or(o.Symbol, "of a multi-leg order")
	case o.Notional != "":
		text += cmp.Or(o.Symbol, "something") + " for $" + o.Notional
	default:
		text += cmp.Or(o.Symbol, "by a multi-leg order")
	}
	return text + about(", limit ", o.LimitPrice) + about(", stop ", o.StopPrice)
}

// done says what of an order has filled: bought 10 AAPL at 187.23.
func (o orderData) done() string {
	verb := map[string]string{"buy": "bought", "sell": "sold"}[o.Side]
	return strings.TrimSpace(cmp.Or(verb, "traded")+" "+o.FilledQty) + " " + cmp.Or(o.Symbol, "of a multi-leg order") + about(" at ", o.FilledAvgPrice)
}

// isPart reports whether less than the whole order has filled.
func (o orderData) isPart() bool { return o.Status != "filled" && o.Qty != "" && o.Qty != o.FilledQty }

// orderWords are what happened to an order, before what it is.
var orderWords = map[string]string{
	"submitting": "Sent", "accepted": "Accepted", "new": "At the market", "pending_new": "Accepted", "held": "Held back by Alpaca",
	"canceled": "Canceled", "pending_cancel": "Being canceled", "expired": "Expired", "replaced": "Replaced", "pending_replace": "Being replaced",
	"done_for_day": "Done for the day", "stopped": "Stopped at the market", "suspended": "Suspended by the market", "calculated": "Being settled",
	"restated": "Changed by Alpaca", "order_cancel_rejected": "Not canceled, because Alpaca refused to", "order_replace_rejected": "Not replaced, because Alpaca refused to",
	"dismissed": "Seen by a person to never have been placed",
}

func (d eventData) ofOrder() string {
	if d.Order == nil {
		return "Alpaca sent something of an order that cannot be read. Look at the account's health." + about(" ", d.Why)
	}
	o := *d.Order
	if o.FilledQty == "" || o.FilledQty == "0" {
		if x := d.Execution; x != nil {
			o.FilledQty, o.FilledAvgPrice = x.Qty, x.Price
		}
	}
	switch d.Event {
	case "fill", "partial_fill":
		if o.isPart() {
			return fmt.Sprintf("Filled in part: %s, of %s ordered", o.done(), o.Qty)
		}
		return "Filled: " + o.done()
	case "trade_bust":
		return "An execution was taken back by the exchange: " + o.words() + ". Filled now: " + cmp.Or(o.FilledQty, "nothing")
	case "trade_correct":
		return "An execution was corrected by the exchange: " + o.done()
	case "rejected":
		return "Refused by Alpaca: " + o.words() + about(". ", o.StatusMessage)
	case "unknown":
		return "Nobody knows whether this order was placed: " + o.words() + ". Look at Alpaca, and dismiss it if it was not."
	case "overshot":
		return "A closing has traded more than was held: " + cmp.Or(d.Overshot, "some") + " " + o.Symbol + " too much"
	case "reconciled":
		if o.Status == "filled" || o.Status == "partially_filled" {
			if o.isPart() {
				return fmt.Sprintf("Found filled in part at Alpaca: %s, of %s ordered", o.done(), o.Qty)
			}
			return "Found filled at Alpaca: " + o.done()
		}
		return "Found at Alpaca: " + o.words() + about(", now ", spaced(o.Status))
	}
	return cmp.Or(orderWords[d.Event], "Order "+spaced(d.Event)) + ": " + o.words()
}

func (d eventData) ofGuard() string {
	switch d.Event {
	case "refused":
		text := "Refused by the guards"
		if d.Request != nil {
			text += ": " + d.Request.words()
		}
		text += "."
		for _, v := range d.Violations {
			text += " " + v.Message
		}
		return text
	case "changed":
		return "The account's limits were changed."
	case "switch":
		switch d.Switch {
		case "halted":
			return "Trading is halted" + about(": ", d.Reason) + "."
		case "reduce_only":
			return "Only orders that make positions smaller are let through now" + about(": ", d.Reason) + "."
		}
		return "Trading is open again" + about(": ", d.Reason) + "."
	case "sleeve":
		switch {
		case d.Closed:
			return "A sleeve was closed."
		case d.Switch != "":
			return "A sleeve" + about(", ", d.Name) + " is now " + spaced(d.Switch) + "."
		}
		return "A sleeve was made or changed" + about(": ", d.Name) + "."
	case "sleeve_transfer":
		return "$" + d.Amount + " moved between sleeves."
	case "wind_down":
		if d.WindDown != nil {
			switch d.WindDown.State {
			case "stuck":
				return "A wind-down is stuck and needs a person" + about(": ", d.WindDown.Message)
			case "done":
				return "The wind-down is done: orders and positions are as was asked for."
			case "superseded":
				return "The wind-down ended, because the switch was turned again."
			}
		}
		return "The account is being wound down."
	}
	return "Something happened to the account's guards: " + spaced(d.Event) + "."
}

func (d eventData) ofJob() string {
	if d.Job == nil {
		return fmt.Sprintf("%d orders that waited to be sent were canceled.", d.Canceled)
	}
	order := d.Job.Request.words()
	switch d.Event {
	case "failed":
		text := "An order that waited was not sent: " + order + "."
		if d.Job.Answer != nil {
			text += about(" ", d.Job.Answer.Message)
		}
		return text
	case "canceled":
		return "An order that waited was canceled: " + order
	}
	return "An order that waited was sent: " + order
}

func (d eventData) ofApproval() string {
	a := d.Approval
	if a == nil {
		return "Something happened to an approval: " + spaced(d.Event) + "."
	}
	what := "an order: " + a.Request.words() + about(", worth $", a.Worth)
	if a.Kind != "order" {
		what = "a change of the account's " + map[string]string{
			"guards": "limits", "switch": "switch", "sleeve": "sleeves", "cash": "sleeves' cash", "grant": "users", "credentials": "API keys",
		}[a.Kind]
	}
	var note string
	if len(a.Words) > 0 {
		note = about(". Note: ", a.Words[len(a.Words)-1].Note)
	}
	switch d.Event {
	case "pending":
		return "Waits for approval until " + a.Expires.UTC().Format("2 Jan 15:04") + " UTC, " + what + about(". Why: ", a.Reason)
	case "word":
		return "Approved by one, and waits for others, " + what + note
	case "approved":
		return "Approved, " + what + note
	case "used":
		return "Approved and done, " + what
	case "refused":
		return "Refused by a person, " + what + note
	case "expired":
		return "Nobody approved in time " + what
	case "withdrawn":
		return "Withdrawn before it was approved, " + what
	}
	return "Approved and not done, because something has changed meanwhile, " + what
}

func (d eventData) ofAgents() string {
	lines := "a line"
	if d.Count != 1 {
		lines = fmt.Sprintf("%d lines", d.Count)
	}
	if bad := d.Levels["error"]; bad > 0 {
		lines += fmt.Sprintf(", %d of them errors", bad)
	}
	text := "Agents logged " + lines
	if n := len(d.Logs); n > 0 {
		text += ". The last: " + d.Logs[n-1].Message
	}
	return text
}

// limitWords name limits of which most is used.
var limitWords = map[string]string{
	"orders_per_day": "orders of a day", "daily_loss_limit": "loss of a day", "max_drawdown": "loss since the high-water mark",
	"max_position_qty": "quantity of a position", "max_position_notional": "worth of a position", "max_open_orders": "open orders",
	"sleeve_cash": "cash of a sleeve", "sleeve_max_drawdown": "loss of a sleeve since its high-water mark",
}

func (d eventData) ofLimit() string {
	of := ""
	if d.Symbol != "" {
		of = " in " + d.Symbol
	}
	return fmt.Sprintf("Most of a limit is used, the %s%s: %s of %s.", cmp.Or(limitWords[d.Limit], spaced(d.Limit)), of, d.Used, d.Most)
}

func (d eventData) ofDay() string {
	s := d.summary
	text := fmt.Sprintf("The day until %s: %s, %d filled", s.Day, counted(s.Orders, "order"), s.OrdersFilled)
	if s.Executions > 0 {
		text += fmt.Sprintf("; bought for $%s and sold for $%s", s.Bought, s.Sold)
	}
	text += fmt.Sprintf("; %s closed with $%s, fees $%s", counted(s.RoundTrips, "round trip"), s.RealizedPL, s.Fees)
	if s.Refusals > 0 {
		text += "; " + counted(s.Refusals, "refusal")
	}
	if s.Equity != "" {
		text += "; worth $" + s.Equity + about(", a change of $", s.EquityChange)
	}
	for i, a := range s.Agents {
		if i == 0 {
			text += "; by agent"
		} else {
			text += ","
		}
		text += fmt.Sprintf(" %s %d", a.Name, a.Orders)
	}
	return text + "."
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// about returns text behind before, and nothing where there is no text.
func about(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// spaced writes a word of the API as people do.
func spaced(word string) string { return strings.ReplaceAll(word, "_", " ") }

// clean returns a text of the broker's, of users or of agents on one line, without
// characters that are not seen, and cut where it is longer than most characters.
func clean(text string, most int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
	}), " ")
	if runes := []rune(text); len(runes) > most {
		return strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return text
}
