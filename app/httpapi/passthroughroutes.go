package httpapi

import "strings"

// Parameters that several endpoints share.
const (
	rangeParameters  = "start end limit page_token sort"
	stockParameters  = " asof feed currency"
	latestParameters = "feed currency"
)

// passThroughRoutes are the endpoints of Alpaca that are passed through: these,
// and no others. A path that is not here cannot be reached, in particular none
// that moves money or coins out of an account (wallets, transfers, whitelists).
//
// Paths and parameters are those of Alpaca's OpenAPI files of June 2026.
var passThroughRoutes = []passThrough{
	read("/api/account/configurations", "/v2/account/configurations", ""),
	change(settings, "manage", "PATCH", "/api/account/configurations", "/v2/account/configurations", "Look with GET /api/account/configurations.").withBody(&configurations{}),
	read("/api/account/portfolio/history", "/v2/account/portfolio/history",
		"period timeframe intraday_reporting start end pnl_reset extended_hours cashflow_types"),
	read("/api/account/activities", "/v2/account/activities", "activity_types category date until after direction page_size page_token"),
	read("/api/account/activities/{type}", "/v2/account/activities/{type}", "date until after direction page_size page_token"),

	read("/api/assets", "/v2/assets", "status asset_class exchange attributes"),
	read("/api/assets/fixed_income/us_corporates", "/v2/assets/fixed_income/us_corporates", "bond_status isins cusips tickers"),
	read("/api/assets/fixed_income/us_treasuries", "/v2/assets/fixed_income/us_treasuries", "subtype bond_status cusips isins"),
	read("/api/assets/{symbol...}", "/v2/assets/{symbol}", ""),
	read("/api/clock", "/v2/clock", ""),
	read("/api/calendar", "/v2/calendar", "start end date_type"),
	read("/api/v3/clock", "/v3/clock", "markets time"),
	read("/api/v3/calendar/{market}", "/v3/calendar/{market}", "start end timezone"),
	read("/api/options/contracts", "/v2/options/contracts", "underlying_symbols show_deliverables status expiration_date expiration_date_gte "+
		"expiration_date_lte root_symbol type style strike_price_gte strike_price_lte page_token limit ppind"),
	read("/api/options/contracts/{symbol_or_id}", "/v2/options/contracts/{symbol_or_id}", ""),
	read("/api/corporate-actions/announcements", "/v2/corporate_actions/announcements", "ca_types since until symbol cusip date_type"),
	read("/api/corporate-actions/announcements/{id}", "/v2/corporate_actions/announcements/{id}", ""),

	change(cancels, "cancel", "DELETE", "/api/orders", "/v2/orders", "Look with GET /api/orders?status=open; to ask again does no harm."),
	read("/api/positions/{symbol...}", "/v2/positions/{symbol}", ""),
	change(exercises, "trade", "POST", "/api/positions/{symbol}/exercise", "/v2/positions/{symbol}/exercise", "Look with GET /api/positions and GET /api/account/activities before you ask again."),
	change(declines, "trade", "POST", "/api/positions/{symbol}/do-not-exercise", "/v2/positions/{symbol}/do-not-exercise", "To send it again does no harm."),

	read("/api/watchlists", "/v2/watchlists", ""),
	change(lists, "trade", "POST", "/api/watchlists", "/v2/watchlists", lookAtLists).withBody(&watchlist{}),
	read("/api/watchlists/{id}", "/v2/watchlists/{id}", ""),
	change(lists, "trade", "PUT", "/api/watchlists/{id}", "/v2/watchlists/{id}", lookAtLists).withBody(&watchlist{}),
	change(lists, "trade", "POST", "/api/watchlists/{id}", "/v2/watchlists/{id}", lookAtLists).withBody(&watchlistSymbol{}),
	change(lists, "trade", "DELETE", "/api/watchlists/{id}", "/v2/watchlists/{id}", lookAtLists),
	change(lists, "trade", "DELETE", "/api/watchlists/{id}/{symbol...}", "/v2/watchlists/{id}/{symbol}", lookAtLists),
	read("/api/watchlists:by_name", "/v2/watchlists:by_name", "name"),
	change(lists, "trade", "PUT", "/api/watchlists:by_name", "/v2/watchlists:by_name", lookAtLists, "name").withBody(&watchlist{}),
	change(lists, "trade", "POST", "/api/watchlists:by_name", "/v2/watchlists:by_name", lookAtLists, "name").withBody(&watchlistSymbol{}),
	change(lists, "trade", "DELETE", "/api/watchlists:by_name", "/v2/watchlists:by_name", lookAtLists, "name"),

	data("/v2/stocks/auctions", "symbols "+rangeParameters+stockParameters),
	data("/v2/stocks/bars", "symbols timeframe adjustment "+rangeParameters+stockParameters),
	data("/v2/stocks/bars/latest", "symbols "+latestParameters),
	data("/v2/stocks/quotes", "symbols "+rangeParameters+stockParameters),
	data("/v2/stocks/quotes/latest", "symbols "+latestParameters),
	data("/v2/stocks/trades", "symbols "+rangeParameters+stockParameters),
	data("/v2/stocks/trades/latest", "symbols "+latestParameters),
	data("/v2/stocks/snapshots", "symbols "+latestParameters),
	data("/v2/stocks/meta/conditions/{ticktype}", "tape"),
	data("/v2/stocks/meta/exchanges", ""),
	data("/v2/stocks/{symbol}/auctions", rangeParameters+stockParameters),
	data("/v2/stocks/{symbol}/bars", "timeframe adjustment "+rangeParameters+stockParameters),
	data("/v2/stocks/{symbol}/bars/latest", latestParameters),
	data("/v2/stocks/{symbol}/quotes", rangeParameters+stockParameters),
	data("/v2/stocks/{symbol}/quotes/latest", latestParameters),
	data("/v2/stocks/{symbol}/trades", rangeParameters+stockParameters),
	data("/v2/stocks/{symbol}/trades/latest", latestParameters),
	data("/v2/stocks/{symbol}/snapshot", latestParameters),

	data("/v1beta3/crypto/{loc}/bars", "symbols timeframe "+rangeParameters),
	data("/v1beta3/crypto/{loc}/quotes", "symbols "+rangeParameters),
	data("/v1beta3/crypto/{loc}/trades", "symbols "+rangeParameters),
	data("/v1beta3/crypto/{loc}/snapshots", "symbols"),
	data("/v1beta3/crypto/{loc}/latest/bars", "symbols"),
	data("/v1beta3/crypto/{loc}/latest/quotes", "symbols"),
	data("/v1beta3/crypto/{loc}/latest/trades", "symbols"),
	data("/v1beta3/crypto/{loc}/latest/orderbooks", "symbols"),

	data("/v1beta1/options/bars", "symbols timeframe "+rangeParameters),
	data("/v1beta1/options/trades", "symbols "+rangeParameters),
	data("/v1beta1/options/trades/latest", "symbols feed"),
	data("/v1beta1/options/quotes/latest", "symbols feed"),
	data("/v1beta1/options/snapshots", "symbols feed updated_since limit page_token"),
	data("/v1beta1/options/snapshots/{underlying_symbol}", "feed limit updated_since page_token type strike_price_gte strike_price_lte "+
		"expiration_date expiration_date_gte expiration_date_lte root_symbol"),
	data("/v1beta1/options/meta/conditions/{ticktype}", ""),
	data("/v1beta1/options/meta/exchanges", ""),

	data("/v1beta1/news", "symbols include_content exclude_contentless "+rangeParameters),
	data("/v1beta1/screener/{market_type}/movers", "top"),
	data("/v1beta1/screener/stocks/most-actives", "by top"),
	data("/v1/corporate-actions", "symbols cusips types region ids "+rangeParameters),
	data("/v1beta1/forex/rates", "currency_pairs timeframe "+rangeParameters),
	data("/v1beta1/forex/latest/rates", "currency_pairs"),
	data("/v1beta1/indices/values", "symbols "+rangeParameters),
	data("/v1beta1/indices/latest/values", "symbols"),
	data("/v1beta1/fixed_income/latest/prices", "isins"),
	data("/v1beta1/fixed_income/latest/quotes", "isins trade_size"),
}

const lookAtLists = "Look with GET /api/watchlists before you try again."

// read is the route of a GET on the trading host.
func read(path, to, query string) passThrough {
	return passThrough{method: "GET", path: path, to: to, query: strings.Fields(query), scope: "read"}
}

// data is the route of a GET on the market data host; our paths are under
// /api/data.
func data(to, query string) passThrough { return read("/api/data"+to, to, query) }

// change is the route of a request on the trading host that changes something.
func change(what effect, scope, method, path, to, check string, query ...string) passThrough {
	return passThrough{method: method, path: path, to: to, query: query, scope: scope, check: check, changes: what}
}

// withBody sets the fields that Alpaca documents of an endpoint's body. A body
// is checked for these, so that none is overlooked, and passed on as it is.
func (e passThrough) withBody(of any) passThrough {
	e.body = of
	return e
}

type configurations struct {
	SuspendTrade           bool   `json:"suspend_trade"`
	NoShorting             bool   `json:"no_shorting"`
	FractionalTrading      bool   `json:"fractional_trading"`
	TradeConfirmEmail      string `json:"trade_confirm_email"`
	MaxMarginMultiplier    string `json:"max_margin_multiplier"`
	MaxOptionsTradingLevel *int   `json:"max_options_trading_level"` // null sets no limit
	PTPNoExceptionEntry    bool   `json:"ptp_no_exception_entry"`
	OvernightDisabled      bool   `json:"disable_overnight_trading"`
}

type watchlist struct {
	Name    string   `json:"name"`
	Symbols []string `json:"symbols"`
}

type watchlistSymbol struct {
	Symbol string `json:"symbol"`
}
