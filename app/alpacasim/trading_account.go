package alpacasim

import (
	"net/http"
	"time"

	"paddock/app/alpacasim/internal/calendar"
)

func (s *Sim) getAccount(w http.ResponseWriter, _ *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		f := s.reckon(a)
		return map[string]any{
			"id": a.ID, "account_number": a.Number, "status": "ACTIVE", "crypto_status": "ACTIVE", "currency": "USD",
			"buying_power": f.buyingPower, "regt_buying_power": f.regT, "effective_buying_power": f.buyingPower,
			"non_marginable_buying_power": f.nonMarginable, "options_buying_power": f.nonMarginable,
			"options_approved_level": 3, "options_trading_level": a.Settings.MaxOptionsLevel,
			"cash": a.Cash, "accrued_fees": "0", "pending_transfer_in": "0", "pending_transfer_out": "0", "pending_reg_taf_fees": "0",
			"portfolio_value": f.equity, "equity": f.equity, "last_equity": a.LastEquity, "intraday_adjustments": "0",
			"balance_asof":      s.state.LastClose.In(calendar.NewYork).Format(time.DateOnly),
			"long_market_value": f.long, "short_market_value": f.short, "position_market_value": f.long.Add(f.short),
			"initial_margin": f.initial, "maintenance_margin": f.maintenance, "last_maintenance_margin": a.LastMaintenance, "sma": f.equity.Sub(f.initial),
			"multiplier": f.multiplier, "shorting_enabled": !a.Settings.NoShorting && f.equity.GreaterThanOrEqual(marginEquity),
			"trading_blocked": false, "transfers_blocked": false, "account_blocked": false, "trade_suspended_by_user": a.Settings.SuspendTrade,
			"created_at": a.CreatedAt, "crypto_tier": 1,
		}, nil
	})
}

func (s *Sim) getSettings(w http.ResponseWriter, _ *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) { return a.Settings, nil })
}

func (s *Sim) patchSettings(w http.ResponseWriter, r *http.Request, a *account) {
	s.change(w, r, a, func(decode func(any) *refusal) (int, any, *refusal) {
		to := a.Settings
		if bad := decode(&to); bad != nil {
			return 0, nil, bad
		}
		if to.TradeConfirmEmail == "" { // the official SDK sends "" for a field that it does not change
			to.TradeConfirmEmail = a.Settings.TradeConfirmEmail
		}
		if bad := to.check(); bad != nil {
			return 0, nil, bad
		}
		a.Settings = to
		s.touch(a)
		return 200, to, nil
	})
}
