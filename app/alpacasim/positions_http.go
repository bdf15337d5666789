package alpacasim

import (
	"net/http"

	"github.com/shopspring/decimal"
)

func (s *Sim) positionJSON(p *position) map[string]any {
	a, _ := s.findAsset(p.Symbol)
	now := s.state.Prices[p.Symbol].mid()
	side := "long"
	if p.Qty.IsNegative() {
		side = "short"
	}
	value, basis := p.Qty.Mul(now), p.Qty.Mul(p.Avg)
	profit := value.Sub(basis)
	share := decimal.Zero
	if !basis.IsZero() {
		share = profit.Div(basis.Abs()).Round(8)
	}
	return map[string]any{
		"asset_id": assetID(p.Symbol), "symbol": p.Symbol, "exchange": a.exchange, "asset_class": a.class, "asset_marginable": a.class == "us_equity",
		"qty": p.Qty, "qty_available": p.Qty, "avg_entry_price": p.Avg, "side": side, "market_value": value, "cost_basis": basis,
		"unrealized_pl": profit, "unrealized_plpc": share, "unrealized_intraday_pl": profit, "unrealized_intraday_plpc": share,
		"current_price": now, "lastday_price": decimal.New(a.cents, -2), "change_today": now.Div(decimal.New(a.cents, -2)).Sub(decimal.NewFromInt(1)).Round(8),
	}
}

func (s *Sim) listPositions(w http.ResponseWriter, _ *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		list := []map[string]any{}
		for _, known := range s.assets {
			if p := a.Positions[known.symbol]; p != nil {
				list = append(list, s.positionJSON(p))
			}
		}
		return list, nil
	})
}

func (s *Sim) getPosition(w http.ResponseWriter, r *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		known, _ := s.findAsset(r.PathValue("symbol"))
		if p := a.Positions[known.symbol]; p != nil {
			return s.positionJSON(p), nil
		}
		return nil, refuse(404, 40410000, "position does not exist")
	})
}
