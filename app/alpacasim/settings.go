package alpacasim

// settings are an account's configuration, in Alpaca's JSON.
type settings struct {
	DisableOvernight    bool   `json:"disable_overnight_trading"`
	FractionalTrading   bool   `json:"fractional_trading"`
	MaxMarginMultiplier string `json:"max_margin_multiplier"`
	MaxOptionsLevel     int    `json:"max_options_trading_level"`
	NoShorting          bool   `json:"no_shorting"`
	PTPNoException      bool   `json:"ptp_no_exception_entry"`
	SuspendTrade        bool   `json:"suspend_trade"`
	TradeConfirmEmail   string `json:"trade_confirm_email"`
}

func defaultSettings() settings {
	return settings{FractionalTrading: true, MaxMarginMultiplier: "4", MaxOptionsLevel: 3, TradeConfirmEmail: "all"}
}

func (c settings) check() *refusal {
	switch {
	case c.MaxMarginMultiplier != "1" && c.MaxMarginMultiplier != "2" && c.MaxMarginMultiplier != "4":
		return refuse(422, 42210000, "max_margin_multiplier must be 1, 2 or 4")
	case c.MaxOptionsLevel < 0 || c.MaxOptionsLevel > 3:
		return refuse(422, 42210000, "max_options_trading_level must be between 0 and 3")
	case c.TradeConfirmEmail != "all" && c.TradeConfirmEmail != "none":
		return refuse(422, 42210000, "trade_confirm_email must be all or none")
	}
	return nil
}
