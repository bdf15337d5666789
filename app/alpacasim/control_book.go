package alpacasim

import (
	"net/url"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// controlBust takes ?execution_id=.
func (s *Sim) controlBust(q url.Values) string {
	if !s.Bust(q.Get("execution_id")) {
		return "there is no such execution, or it was taken back before"
	}
	return ""
}

// controlCorrect takes ?execution_id=&price=&qty=.
func (s *Sim) controlCorrect(q url.Values) string {
	price, err := decimal.NewFromString(q.Get("price"))
	qty, wrong := decimal.NewFromString(q.Get("qty"))
	if err != nil || wrong != nil || !sensible(price) || !sensible(qty) || !price.IsPositive() || !qty.IsPositive() {
		return "give a price and a qty above 0"
	}
	if !s.Correct(q.Get("execution_id"), price, qty) {
		return "there is no such execution, or it was taken back before"
	}
	return ""
}

func splitShape(q url.Values) (shape SplitShape, wrong string) {
	switch q.Get("shape") {
	case "", "one":
		if q.Has("seconds") || q.Has("group") {
			return shape, "seconds and group are for shape=two"
		}
		return shape, ""
	case "two":
		shape = SplitShape{Two: true, Apart: 5 * time.Second}
	default:
		return shape, "shape must be one or two"
	}
	if text := q.Get("seconds"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 0 || seconds > 3600 {
			return shape, "seconds must be a whole number up to 3600"
		}
		shape.Apart = time.Duration(seconds) * time.Second
	}
	if text := q.Get("group"); text != "" {
		group, err := strconv.ParseBool(text)
		if err != nil {
			return shape, "group must be true or false"
		}
		shape.Group = group
	}
	return shape, ""
}

// controlCorporateAction takes ?symbol=AAPL&kind=split&ratio=2, or
// kind=dividend&amount=0.24 for each share. A split has &shape=one, or two for
// two entries in the list of activities, &seconds=5 apart, with &group=true in
// one group.
func (s *Sim) controlCorporateAction(q url.Values) string {
	var name string
	var do func(symbol string, of decimal.Decimal) bool
	switch q.Get("kind") {
	case "split":
		shape, wrong := splitShape(q)
		if wrong != "" {
			return wrong
		}
		name, do = "ratio", func(symbol string, ratio decimal.Decimal) bool { return s.SplitAs(symbol, ratio, shape) }
	case "dividend":
		name, do = "amount", s.PayDividend
	default:
		return "kind must be split or dividend"
	}
	of, err := decimal.NewFromString(q.Get(name))
	if err != nil || !sensible(of) || !of.IsPositive() {
		return name + " must be above 0"
	}
	if !do(q.Get("symbol"), of) {
		return "no equity of that symbol is traded here"
	}
	return ""
}
