package alpacasim

import (
	"net/http"

	"github.com/shopspring/decimal"
)

func (s *Sim) getAccount(w http.ResponseWriter, _ *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		long, short := decimal.Zero, decimal.Zero
		for symbol, p := range a.Positions {
			value := p.Qty.Mul(s.state.Prices[symbol].mid())
			if value.IsNegative() {
				short = short.Add(value)
			} else {
				long = long.Add(value)
			}
		}
		equity := a.Cash.Add(long).Add(short)
		power := a.Cash.Sub(s.reserved(a))
		return map[string]any{
			"id": a.ID, "account_number": a.Number, "status": "ACTIVE", "crypto_status": "ACTIVE", "currency": "USD",
			"buying_power": power, "regt_buying_power": power, "daytrading_buying_power": "0", "effective_buying_power": power,
			"non_marginable_buying_power": power, "cash": a.Cash, "accrued_fees": "0", "portfolio_value": equity,
			"trading_blocked": false, "transfers_blocked": false, "account_blocked": false, "shorting_enabled": true,
			"trade_suspended_by_user": false, "created_at": a.CreatedAt, "multiplier": "1", "equity": equity,
			"last_equity": a.Opening, "long_market_value": long, "short_market_value": short, "position_market_value": long.Add(short),
			"initial_margin": "0", "maintenance_margin": "0", "last_maintenance_margin": "0", "sma": "0", "crypto_tier": 0,
		}, nil
	})
}
