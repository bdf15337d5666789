package alpacasim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// assetJSON is an asset in Alpaca's JSON. Alpaca plans to remove easy_to_borrow
// and maintenance_margin_requirement (2026); every client still reads them.
type assetJSON struct {
	ID                string   `json:"id"`
	Class             string   `json:"class"`
	Exchange          string   `json:"exchange"`
	Symbol            string   `json:"symbol"`
	Name              string   `json:"name"`
	Status            string   `json:"status"`
	Tradable          bool     `json:"tradable"`
	Marginable        bool     `json:"marginable"`
	MaintenanceMargin int      `json:"maintenance_margin_requirement"` // percent
	MarginLong        string   `json:"margin_requirement_long"`
	MarginShort       string   `json:"margin_requirement_short"`
	Shortable         bool     `json:"shortable"`
	EasyToBorrow      bool     `json:"easy_to_borrow"`
	BorrowStatus      string   `json:"borrow_status,omitempty"`
	Fractionable      bool     `json:"fractionable"`
	Attributes        []string `json:"attributes"`
	MinOrderSize      string   `json:"min_order_size,omitempty"`
	MinTradeIncrement string   `json:"min_trade_increment,omitempty"`
	PriceIncrement    string   `json:"price_increment,omitempty"`
}

func (a asset) json() assetJSON {
	share := a.class == "us_equity"
	text := assetJSON{
		ID: assetID(a.symbol), Class: a.class, Exchange: a.exchange, Symbol: a.symbol, Name: a.name, Status: "active",
		Tradable: !a.inactive, Marginable: share && !a.inactive, MaintenanceMargin: 100, MarginLong: "100", MarginShort: "100",
		Shortable: share && !a.noShort, EasyToBorrow: share && !a.noShort, Fractionable: !a.noFraction, Attributes: []string{},
	}
	if a.inactive {
		text.Status = "inactive"
	}
	if a.attributes != nil {
		text.Attributes = a.attributes
	}
	if share {
		text.BorrowStatus = map[bool]string{true: "easy_to_borrow", false: "hard_to_borrow"}[text.EasyToBorrow]
		if text.Marginable {
			text.MaintenanceMargin, text.MarginLong, text.MarginShort = 30, "30", "30"
		}
		return text
	}
	// A dollar's worth is the least that is traded, in steps of a billionth.
	text.MinOrderSize = decimal.New(100, 0).Div(decimal.New(a.cents, 0)).Round(9).String()
	text.MinTradeIncrement, text.PriceIncrement = "0.000000001", "0.01"
	return text
}

func (s *Sim) listAssets(w http.ResponseWriter, r *http.Request, _ *account) {
	q := r.URL.Query()
	all := []assetJSON{}
	for _, a := range s.assets {
		text := a.json()
		if wants(q.Get("status"), text.Status) && wants(q.Get("asset_class"), a.class) && wants(q.Get("exchange"), a.exchange) && hasOneOf(q.Get("attributes"), a.attributes) {
			all = append(all, text)
		}
	}
	answer(w, 200, all)
}

// wants reports whether a filter allows a value; an empty filter allows all.
func wants(filter, value string) bool {
	return filter == "" || slices.Contains(listed(strings.ToLower(filter)), strings.ToLower(value))
}

func hasOneOf(filter string, attributes []string) bool {
	return filter == "" || slices.ContainsFunc(attributes, func(a string) bool { return wants(filter, a) })
}

func (s *Sim) getAsset(w http.ResponseWriter, r *http.Request, _ *account) {
	a, ok := s.findAsset(r.PathValue("symbol"))
	if !ok {
		answerRefusal(w, refuse(404, 40410000, "asset not found for %s", r.PathValue("symbol")))
		return
	}
	answer(w, 200, a.json())
}
