package alpacasim

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/draw"
	"paddock/app/alpacasim/internal/options"
)

// contractJSON returns a contract in Alpaca's JSON.
func (s *Sim) contractJSON(c options.Contract, deliverables bool) map[string]any {
	now, _ := s.present()
	expired := c.Expired(now)
	text := map[string]any{
		"id": assetID(c.Symbol), "symbol": c.Symbol, "name": c.Name(), "status": map[bool]string{true: "inactive", false: "active"}[expired],
		"tradable": !expired, "expiration_date": c.Day(), "root_symbol": c.Root,
		"underlying_symbol": c.Root, "underlying_asset_id": assetID(c.Root), "type": c.Kind, "style": "american",
		"strike_price": c.Strike, "multiplier": "100", "size": "100", "ppind": true,
		"open_interest": strconv.FormatUint(draw.Named(c.Symbol)%5_000, 10),
	}
	for part := range s.hours(calendar.RegularHours).Periods(now.AddDate(0, 0, -15), calendar.Midnight(now).Add(-time.Second), true) {
		date := part.From.In(calendar.NewYork).Format(time.DateOnly)
		text["open_interest_date"], text["close_price_date"] = date, date
		text["close_price"] = decimal.New(s.underlying(c).Tape.ForContract(c).At(part.To), -2)
		break
	}
	if deliverables {
		text["deliverables"] = []map[string]any{{
			"type": "equity", "symbol": c.Root, "asset_id": assetID(c.Root), "amount": "100", "allocation_percentage": "100",
			"settlement_type": "T+1", "settlement_method": "CCC", "delayed_settlement": false,
		}}
	}
	return text
}

// listContracts serves active contracts up to the next weekend, unless asked
// for others.
func (s *Sim) listContracts(w http.ResponseWriter, r *http.Request, _ *account) {
	q := r.URL.Query()
	f, err := options.ParseFilter(q.Get)
	limit := 100
	if text := q.Get("limit"); err == nil && text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 10_000 {
			err = errors.New("limit must be between 1 and 10000")
		}
	}
	var from cursor
	if text := q.Get("page_token"); err == nil && text != "" {
		from, err = parseToken(text)
	}
	status := q.Get("status")
	switch status {
	case "":
		status = "active"
	case "active", "inactive":
	default:
		err = errors.New("status must be active or inactive")
	}
	if err != nil {
		answerRefusal(w, refuse(422, 42210000, "%s", err))
		return
	}
	now, _ := s.present()
	f = f.OrThisWeek(now)
	found := []map[string]any{}
	var next *string
	for _, c := range s.contracts(listed(q.Get("underlying_symbols"))) {
		if c.Expired(now) != (status == "inactive") || !f.Takes(c) || c.Symbol < from.symbol {
			continue
		}
		if len(found) == limit {
			token := cursor{symbol: c.Symbol, at: c.Expires}.token()
			next = &token
			break
		}
		found = append(found, s.contractJSON(c, q.Get("show_deliverables") == "true"))
	}
	answer(w, 200, map[string]any{"option_contracts": found, "next_page_token": next})
}

func (s *Sim) getContract(w http.ResponseWriter, r *http.Request, _ *account) {
	c, ok := s.findContract(r.PathValue("symbol"))
	if !ok {
		answerRefusal(w, refuse(404, 40410000, "contract not found for %s", r.PathValue("symbol")))
		return
	}
	answer(w, 200, s.contractJSON(c, true))
}
