package httpapi_test

// These are responses in Alpaca's form. With PADDOCK_ALPACA_OPENAPI set, a test
// checks them against Alpaca's own description.
const (
	asset = `{"id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","class":"us_equity","exchange":"NASDAQ","symbol":"AAPL","name":"Apple Inc. Common Stock",` +
		`"status":"active","tradable":true,"marginable":true,"shortable":true,"easy_to_borrow":true,"fractionable":true,"maintenance_margin_requirement":30,"attributes":["overnight_tradable"]}`
	watchlist = `{"id":"3174d6df-7726-44b4-a5bd-7fda5ae6e009","account_id":"abe25343-a7ba-4255-bdeb-f7e013e9ee5d","created_at":"2022-01-31T21:49:05.14628Z",` +
		`"updated_at":"2022-01-31T21:49:05.14628Z","name":"Primary","assets":[` + asset + `]}`
	configurations = `{"dtbp_check":"entry","fractional_trading":true,"max_margin_multiplier":"4","no_shorting":false,"suspend_trade":false,"trade_confirm_email":"all"}`
	activity       = `{"activity_type":"FILL","cum_qty":"1","id":"20220202135509981::2d7be4ff","leaves_qty":"0","price":"1.63","qty":"1","side":"sell","symbol":"LPCN",` +
		`"transaction_time":"2022-02-02T18:55:09.981482Z","order_id":"b5abe576-6a8a-49f3-a353-46b72c1ccae9","order_status":"filled","type":"fill"}`
	contract = `{"id":"98359ef7-5124-49f3-85ea-5cf02df6defa","symbol":"AAPL250620C00100000","name":"AAPL Jun 20 2025 100 Call","status":"active","tradable":true,` +
		`"expiration_date":"2025-06-20","root_symbol":"AAPL","underlying_symbol":"AAPL","underlying_asset_id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","type":"call",` +
		`"style":"american","strike_price":"100","multiplier":"100","size":"100","open_interest":"237","open_interest_date":"2023-12-11","close_price":"148.38","close_price_date":"2023-12-11"}`
	announcement = `{"id":"be3c368a-4c7c-4384-808e-f02c9f5a8afe","corporate_actions_id":"F58684224_XY37","ca_type":"Dividend","ca_sub_type":"DIV","initiating_symbol":"MLLAX",` +
		`"target_symbol":"MLLAX","declaration_date":"2021-01-05","expiration_date":"2021-01-12","record_date":"2021-01-13","payable_date":"2021-01-14","cash":"0.018","old_rate":"1","new_rate":"1"}`
	bar       = `{"t":"2022-01-03T09:00:00Z","o":178.26,"h":178.26,"l":178.21,"c":178.21,"v":1118,"n":65,"vw":178.235733}`
	trade     = `{"t":"2022-01-03T09:00:00.086175744Z","x":"P","p":178.26,"s":246,"c":["@","T"],"i":1,"z":"C"}`
	quote     = `{"t":"2022-01-03T09:00:00.028160898Z","ax":" ","ap":0,"as":0,"bx":"Q","bp":177.92,"bs":4,"c":["Y"],"z":"C"}`
	auction   = `{"d":"2022-01-03","o":[{"t":"2022-01-03T14:30:00.092Z","x":"P","p":178.26,"c":"Q","s":101}],"c":[{"t":"2022-01-03T21:00:00.011Z","x":"P","p":182.01,"c":"M"}]}`
	snapshot  = `{"latestTrade":` + trade + `,"latestQuote":` + quote + `,"minuteBar":` + bar + `,"dailyBar":` + bar + `,"prevDailyBar":` + bar + `}`
	coin      = `{"t":"2022-05-27T10:18:00.59Z","p":29048.43,"s":0.0058,"tks":"B","i":31455288}`
	coinQuote = `{"t":"2022-05-26T11:47:18.44347136Z","bp":29058,"bs":0.3544,"ap":29059.3,"as":3.252}`
	coinBook  = `{"t":"2022-06-24T08:00:14.137Z","b":[{"p":20846,"s":0.1902}],"a":[{"p":20902,"s":0.0097}]}`
	coins     = `{"latestTrade":` + coin + `,"latestQuote":` + coinQuote + `,"minuteBar":` + bar + `,"dailyBar":` + bar + `,"prevDailyBar":` + bar + `}`
	optTrade  = `{"t":"2024-01-18T15:03:44.56339456Z","x":"B","p":0.37,"s":1,"c":"S"}`
	optQuote  = `{"t":"2024-02-28T15:30:28.046330624Z","ax":"w","ap":0.16,"as":669,"bx":"W","bp":0.15,"bs":164,"c":"A"}`
	option    = `{"latestTrade":` + optTrade + `,"latestQuote":` + optQuote + `,"impliedVolatility":0.2006,"greeks":{"delta":0.7521,"gamma":0.06241,"rho":0.05,"theta":-0.12,"vega":0.08}}`
	treasury  = `{"cusip":"912797NQ6","isin":"US912797NQ61","bond_status":"outstanding","tradable":true,"subtype":"bill","issue_date":"2024-08-29","maturity_date":"2025-02-27",` +
		`"description":"United States Treasury 0.0%, 02/27/2025","description_short":"US Treasury 0% 02/27/2025","close_price":98.5,"close_price_date":"2024-11-06","close_yield_to_maturity":4.5,` +
		`"close_yield_to_worst":4.5,"coupon":0,"coupon_type":"zero","coupon_frequency":"zero"}`
	corporate = `{"cusip":"713448BY3","isin":"US713448BY32","bond_status":"outstanding","tradable":true,"marginable":false,"ticker":"PEP","issuer":"PepsiCo","sector":"consumer",` +
		`"seniority":"senior","reissue_size":1,"reissue_date":"2020-01-01","issue_date":"2010-01-01","dated_date":"2010-01-01","maturity_date":"2040-01-01","issue_size":1,"issue_price":99.1,` +
		`"issue_minimum_denomination":1000,"par_value":1000,"description":"PepsiCo 5.5%","description_short":"PEP 5.5%","country_domicile":"US","callable":false,"call_type":"ordinary",` +
		`"puttable":false,"convertible":false,"perpetual":false,"reg_s":false,"coupon":5.5,"coupon_type":"fixed","coupon_frequency":"semi_annual","day_count":"30/360"}`
	position = `{"asset_id":"904837e3-3b76-47ec-b432-046db621571b","symbol":"AAPL","exchange":"NASDAQ","asset_class":"us_equity","asset_marginable":true,"avg_entry_price":"100.0",` +
		`"qty":"5","qty_available":"4","side":"long","market_value":"600.0","cost_basis":"500.0","unrealized_pl":"100.0","unrealized_plpc":"0.2","unrealized_intraday_pl":"10.0",` +
		`"unrealized_intraday_plpc":"0.0084","current_price":"120.0","lastday_price":"119.0","change_today":"0.0084"}`
	page = `,"next_page_token":null}`
)

func bySymbol(field, item string) string { return `{"` + field + `":{"AAPL":` + item + `}` }

// sample returns the response to a request that the tests send in place of
// Alpaca.
func sample(method, path string) string {
	if text, ok := alpaca[method+" "+path]; ok {
		return text
	}
	return alpaca[path]
}

// alpaca has those responses by method and path, or by path alone.
var alpaca = map[string]string{
	"/v2/account/configurations":               configurations,
	"/v2/account/portfolio/history":            `{"timestamp":[1580826600],"equity":[27423.73],"profit_loss":[11.8],"profit_loss_pct":[0.0004],"base_value":27411.93,"base_value_asof":"2023-10-20","timeframe":"1D"}`,
	"/v2/account/activities":                   `[` + activity + `]`,
	"/v2/account/activities/{type}":            `[` + activity + `]`,
	"/v2/assets":                               `[` + asset + `]`,
	"/v2/assets/{symbol}":                      asset,
	"/v2/assets/fixed_income/us_corporates":    `{"us_corporates":[` + corporate + `]}`,
	"/v2/assets/fixed_income/us_treasuries":    `{"us_treasuries":[` + treasury + `]}`,
	"/v2/clock":                                `{"timestamp":"2019-02-08T14:30:00.5-05:00","is_open":true,"next_open":"2019-02-11T09:30:00-05:00","next_close":"2019-02-08T16:00:00-05:00"}`,
	"/v2/calendar":                             `[{"date":"2022-02-01","open":"09:30","close":"16:00","session_open":"0400","session_close":"2000","settlement_date":"2022-02-03"}]`,
	"/v3/clock":                                `{"clocks":[{"market":{"mic":"XNYS","bic":"XNYSUS33XXX","acronym":"NYSE","name":"New York Stock Exchange","timezone":"America/New_York"},"timestamp":"2025-05-08T12:00:00-04:00","is_market_day":true,"next_market_open":"2025-05-09T09:30:00-04:00","next_market_close":"2025-05-08T16:00:00-04:00","phase":"core","phase_until":"2025-05-08T16:00:00-04:00"}]}`,
	"/v3/calendar/{market}":                    `{"market":{"mic":"XNYS","bic":"XNYSUS33XXX","acronym":"NYSE","name":"New York Stock Exchange","timezone":"America/New_York"},"calendar":[{"date":"2025-01-02","core_start":"2025-01-02T14:30:00Z","core_end":"2025-01-02T21:00:00Z"}]}`,
	"/v2/options/contracts":                    `{"option_contracts":[` + contract + `],"next_page_token":"MA=="}`,
	"/v2/options/contracts/{symbol_or_id}":     contract,
	"/v2/corporate_actions/announcements":      `[` + announcement + `]`,
	"/v2/corporate_actions/announcements/{id}": announcement,
	"DELETE /v2/orders":                        `[{"id":"93dcf9a5-0e1e-4a4b-9d52-6a6cbd3b1d0e","status":200}]`,
	"/v2/positions/{symbol}":                   position,
	"/v2/positions/{symbol}/exercise":          "",
	"/v2/positions/{symbol}/do-not-exercise":   "",
	"GET /v2/watchlists":                       `[` + watchlist + `]`,
	"/v2/watchlists":                           watchlist,
	"/v2/watchlists/{id}":                      watchlist,
	"DELETE /v2/watchlists/{id}":               "",
	"/v2/watchlists/{id}/{symbol}":             watchlist,
	"/v2/watchlists:by_name":                   watchlist,
	"DELETE /v2/watchlists:by_name":            "",

	"/v2/stocks/auctions":                   bySymbol("auctions", `[`+auction+`]`) + page,
	"/v2/stocks/bars":                       bySymbol("bars", `[`+bar+`]`) + page,
	"/v2/stocks/bars/latest":                bySymbol("bars", bar) + `}`,
	"/v2/stocks/quotes":                     bySymbol("quotes", `[`+quote+`]`) + page,
	"/v2/stocks/quotes/latest":              bySymbol("quotes", quote) + `}`,
	"/v2/stocks/trades":                     bySymbol("trades", `[`+trade+`]`) + page,
	"/v2/stocks/trades/latest":              bySymbol("trades", trade) + `}`,
	"/v2/stocks/snapshots":                  `{"AAPL":` + snapshot + `}`,
	"/v2/stocks/meta/conditions/{ticktype}": `{" ":"Regular Sale","4":"Derivatively Priced"}`,
	"/v2/stocks/meta/exchanges":             `{"A":"NYSE American (AMEX)"}`,
	"/v2/stocks/{symbol}/auctions":          `{"symbol":"AAPL","auctions":[` + auction + `]` + page,
	"/v2/stocks/{symbol}/bars":              `{"symbol":"AAPL","bars":[` + bar + `]` + page,
	"/v2/stocks/{symbol}/bars/latest":       `{"symbol":"AAPL","bar":` + bar + `}`,
	"/v2/stocks/{symbol}/quotes":            `{"symbol":"AAPL","quotes":[` + quote + `]` + page,
	"/v2/stocks/{symbol}/quotes/latest":     `{"symbol":"AAPL","quote":` + quote + `}`,
	"/v2/stocks/{symbol}/trades":            `{"symbol":"AAPL","trades":[` + trade + `]` + page,
	"/v2/stocks/{symbol}/trades/latest":     `{"symbol":"AAPL","trade":` + trade + `}`,
	"/v2/stocks/{symbol}/snapshot":          `{"symbol":"AAPL",` + snapshot[1:],

	"/v1beta3/crypto/{loc}/bars":              bySymbol("bars", `[`+bar+`]`) + page,
	"/v1beta3/crypto/{loc}/quotes":            bySymbol("quotes", `[`+coinQuote+`]`) + page,
	"/v1beta3/crypto/{loc}/trades":            bySymbol("trades", `[`+coin+`]`) + page,
	"/v1beta3/crypto/{loc}/snapshots":         bySymbol("snapshots", coins) + `}`,
	"/v1beta3/crypto/{loc}/latest/bars":       bySymbol("bars", bar) + `}`,
	"/v1beta3/crypto/{loc}/latest/quotes":     bySymbol("quotes", coinQuote) + `}`,
	"/v1beta3/crypto/{loc}/latest/trades":     bySymbol("trades", coin) + `}`,
	"/v1beta3/crypto/{loc}/latest/orderbooks": bySymbol("orderbooks", coinBook) + `}`,

	"/v1beta1/options/bars":                          bySymbol("bars", `[`+bar+`]`) + page,
	"/v1beta1/options/trades":                        bySymbol("trades", `[`+optTrade+`]`) + page,
	"/v1beta1/options/trades/latest":                 bySymbol("trades", optTrade) + `}`,
	"/v1beta1/options/quotes/latest":                 bySymbol("quotes", optQuote) + `}`,
	"/v1beta1/options/snapshots":                     bySymbol("snapshots", option) + page,
	"/v1beta1/options/snapshots/{underlying_symbol}": bySymbol("snapshots", option) + page,
	"/v1beta1/options/meta/conditions/{ticktype}":    `{"a":"SLAN - Single Leg Auction Non ISO"}`,
	"/v1beta1/options/meta/exchanges":                `{"A":"AMEX - NYSE American"}`,

	"/v1beta1/news": `{"news":[{"id":24843171,"headline":"Apple Leader","author":"Charles","created_at":"2021-12-31T11:08:42Z","updated_at":"2021-12-31T11:08:43Z","summary":"Last week",` +
		`"content":"<p>Last week</p>","images":[{"size":"large","url":"https://cdn.example.com/a.jpeg"}],"symbols":["AAPL"],"source":"benzinga","url":"https://www.example.com/article"}]` + page,
	"/v1beta1/screener/{market_type}/movers": `{"gainers":[{"symbol":"AGRI","percent_change":145.56,"change":2.46,"price":4.15}],"losers":[],"market_type":"stocks","last_updated":"2022-03-10T17:53:30.088309839Z"}`,
	"/v1beta1/screener/stocks/most-actives":  `{"most_actives":[{"symbol":"AAPL","volume":122709184,"trade_count":639626}],"last_updated":"2022-03-10T17:56:09.56Z"}`,
	"/v1/corporate-actions":                  `{"corporate_actions":{"cash_dividends":[{"id":"2a2c2d70","symbol":"AAPL","cusip":"037833100","rate":0.24,"special":false,"foreign":false,"process_date":"2023-08-17","ex_date":"2023-08-11"}]}` + page,
	"/v1beta1/forex/rates":                   `{"rates":{"USDJPY":[{"bp":127.702,"mp":127.757,"ap":127.763,"t":"2022-04-20T18:23:00Z"}]}` + page,
	"/v1beta1/forex/latest/rates":            `{"rates":{"USDJPY":{"bp":127.702,"mp":127.757,"ap":127.763,"t":"2022-04-20T18:23:00Z"}}}`,
	"/v1beta1/indices/values":                `{"values":{"SPX":[{"t":"2025-01-02T14:30:00Z","v":5900.25}]}` + page,
	"/v1beta1/indices/latest/values":         `{"values":{"SPX":{"t":"2025-01-02T14:30:00Z","v":5900.25}}}`,
	"/v1beta1/fixed_income/latest/prices":    `{"prices":{"US912797KJ59":{"t":"2025-02-14T20:58:00.648Z","p":99.6459,"ytm":4.249,"ytw":4.249}}}`,
	"/v1beta1/fixed_income/latest/quotes":    `{"quotes":{"US912797KJ59":{"t":"2025-02-14T20:58:00.648Z","bp":99.6,"bs":1,"bms":1,"bytm":4.2,"bytw":4.2,"ap":99.7,"as":1,"ams":1,"aytm":4.1,"aytw":4.1}}}`,
}
