package trading

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/ids"
	"paddock/app/paging"
	"paddock/app/problem"
)

// OrderList is what a list of orders contains: Alpaca's own filters, and the
// page.
type OrderList struct {
	Status       string     // open, closed or all
	After, Until *time.Time // bounds of the submission time, exclusive; nil is no bound
	Ascending    bool       // oldest first
	Nested       bool       // legs under the order that they belong to
	Symbols      []string   // in the form of positions; nil is any
	Side         string     // buy or sell; "" is any
	Classes      []string   // asset classes, in Alpaca's terms; nil is any
	Sleeve       *uuid.UUID // of this sleeve, uuid.Nil for none; nil is any
	// The orders before, or after, this one (the anchor), by our id or the
	// broker's.
	BeforeOrder, AfterOrder uuid.UUID
	Page                    paging.Page
	Continued               bool      // not the first page
	AtBroker                bool      // the list began with the broker, and goes on there
	From                    uuid.UUID // the broker's order after which the page begins

	anchor *sortKey  // position of the anchor, once it is known
	stop   uuid.UUID // the broker's order at which the list ends, and which is not in it; uuid.Nil for none
}

// ListParameters are the query parameters that ParseOrderList reads.
var ListParameters = []string{"status", "limit", "after", "until", "direction", "nested", "symbols", "side", "asset_class", "sleeve_id", "before",
	"before_order_id", "after_order_id"}

// maxSymbols bounds a filter by symbols.
const maxSymbols = 500

var (
	symbolForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./_-]{0,31}$`)
	classForm  = regexp.MustCompile(`^[a-z_]{1,32}$`)
)

// ParseOrderList parses a client's query, of which ListParameters are read. It
// ends with invalid_status, invalid_limit, invalid_cursor or invalid_query.
func ParseOrderList(q url.Values) (OrderList, error) {
	l := OrderList{Status: "all"}
	if status := q.Get("status"); status != "" {
		l.Status = status
	}
	if !slices.Contains([]string{"open", "closed", "all"}, l.Status) {
		return l, problem.New(problem.InvalidStatus, `Set "status" to open, closed or all.`)
	}
	var err error
	place, from, atBroker := parseBrokerCursor(q.Get("before"))
	l.From, l.AtBroker, l.Continued = from, atBroker, place != ""
	if l.Page, err = paging.Parse(q.Get("limit"), place); err != nil {
		return l, err
	}
	switch q.Get("direction") {
	case "", "desc":
	case "asc":
		if l.Ascending = true; q.Get("before") == "" {
			l.Page.At, l.Page.ID = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), uuid.Nil
		}
	default:
		return l, invalidQuery("direction", "asc or desc")
	}
	if text := q.Get("nested"); text != "" {
		if l.Nested, err = strconv.ParseBool(text); err != nil {
			return l, invalidQuery("nested", "true or false")
		}
	}
	if l.Side = q.Get("side"); l.Side != "" && l.Side != "buy" && l.Side != "sell" {
		return l, invalidQuery("side", "buy or sell")
	}
	if l.After, err = timeParameter(q, "after"); err != nil {
		return l, err
	}
	if l.Until, err = timeParameter(q, "until"); err != nil {
		return l, err
	}
	if l.BeforeOrder, err = orderParameter(q, "before_order_id"); err != nil {
		return l, err
	}
	if l.AfterOrder, err = orderParameter(q, "after_order_id"); err != nil {
		return l, err
	}
	switch {
	case l.BeforeOrder != uuid.Nil && l.AfterOrder != uuid.Nil:
		return l, problem.New(problem.InvalidQuery, `Give either "before_order_id" or "after_order_id", and not both.`)
	case l.anchorID() != uuid.Nil && (l.After != nil || l.Until != nil):
		return l, problem.New(problem.InvalidQuery, `"before_order_id" and "after_order_id" do not go with "after" and "until".`)
	}
	if l.Symbols = splitCommas(q.Get("symbols")); len(l.Symbols) > maxSymbols || !all(l.Symbols, symbolForm) {
		return l, invalidQuery("symbols", "at most 500 symbols between commas, such as AAPL,BTC/USD")
	}
	for i := range l.Symbols {
		l.Symbols[i] = broker.PositionSymbol(l.Symbols[i]) // Alpaca accepts this form here too
	}
	if l.Classes = splitCommas(q.Get("asset_class")); !all(l.Classes, classForm) {
		return l, invalidQuery("asset_class", "classes between commas, such as us_equity,crypto")
	}
	if slices.Contains(l.Classes, "all") {
		l.Classes = nil
	}
	if text := q.Get("sleeve_id"); text == "none" {
		l.Sleeve = new(uuid.UUID)
	} else if text != "" {
		id, ok := ids.Parse(text)
		if !ok {
			return l, invalidQuery("sleeve_id", "the id of a sleeve, a UUID, or to none")
		}
		l.Sleeve = &id
	}
	if l.Sleeve != nil && l.AtBroker {
		return l, problem.New(problem.InvalidCursor, `This cursor is of a list without "sleeve_id". Begin without "before".`)
	}
	return l, nil
}

// sortKey is the position of an order in a list.
type sortKey struct {
	at        time.Time
	id        uuid.UUID
	submitted time.Time
	atBroker  *uuid.UUID // the broker's id
}

// anchorID returns the order before or after which orders are listed; uuid.Nil
// for none.
func (l OrderList) anchorID() uuid.UUID {
	if l.BeforeOrder != uuid.Nil {
		return l.BeforeOrder
	}
	return l.AfterOrder
}

// timeParameter reads a parameter in RFC 3339, or a day, which begins at
// midnight UTC; nil where there is none.
func timeParameter(q url.Values, name string) (*time.Time, error) {
	text := q.Get(name)
	if text == "" {
		return nil, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t, err = time.Parse(time.DateOnly, text)
	}
	if err != nil {
		return nil, invalidQuery(name, "a time such as 2026-11-25T14:30:00Z, or a day such as 2026-11-25")
	}
	return &t, nil
}

// orderParameter reads a parameter that is an order's id; uuid.Nil where there
// is none.
func orderParameter(q url.Values, name string) (uuid.UUID, error) {
	text := q.Get(name)
	if text == "" {
		return uuid.Nil, nil
	}
	id, ok := ids.Parse(text)
	if !ok {
		return uuid.Nil, invalidQuery(name, "the id of an order, a UUID")
	}
	return id, nil
}

// splitCommas splits at commas; nil for "".
func splitCommas(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func all(list []string, form *regexp.Regexp) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !form.MatchString(s) })
}

// forBroker returns the query for a page of the list in Alpaca's own
// parameters: of limit orders, and after one of them, which Alpaca accepts only
// without times.
func (l OrderList) forBroker(from uuid.UUID, limit int) url.Values {
	q := url.Values{"status": {l.Status}, "limit": {strconv.Itoa(limit)}, "direction": {"desc"}, "nested": {strconv.FormatBool(l.Nested)}}
	if l.Ascending {
		q.Set("direction", "asc")
	}
	switch {
	case from != uuid.Nil && l.Ascending:
		q.Set("after_order_id", from.String())
	case from != uuid.Nil:
		q.Set("before_order_id", from.String())
	default:
		for name, at := range map[string]*time.Time{"after": l.After, "until": l.Until} {
			if at != nil {
				q.Set(name, at.UTC().Format(time.RFC3339Nano))
			}
		}
	}
	for name, list := range map[string][]string{"symbols": l.Symbols, "asset_class": l.Classes} {
		if len(list) > 0 {
			q.Set(name, strings.Join(list, ","))
		}
	}
	if l.Side != "" {
		q.Set("side", l.Side)
	}
	return q
}

func invalidQuery(name, want string) error {
	return problem.New(problem.InvalidQuery, "Set %q to %s, or leave it out.", name, want)
}
