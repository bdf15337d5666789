package httpapi

import (
	"strings"

	"paddock/app/trading"
)

// Parameters that several endpoints share.
const (
	pageParameters    = "limit before"
	closingParameters = "cancel_orders orchestrator_agent_id tag sleeve_id"
	rangeParameters   = "start end limit page_token sort"
	stockParameters   = " asof feed currency"
	latestParameters  = "feed currency"
)

const lookAtLists = "Look with GET /api/watchlists before you try again."

// routes is the table of all endpoints: method, path, who may call it, which
// query parameters it takes, and its handler.
//
// Of Alpaca's endpoints these are passed through, and no others. A path that is
// not here cannot be reached, in particular none that moves money or coins out
// of an account (wallets, transfers, whitelists). Their paths and parameters
// are those of Alpaca's OpenAPI files of June 2026.
func (s *Server) routes() []route {
	all := []route{
		own("GET", "/healthz", anyone, anyQuery, s.healthz),
		own("HEAD", "/healthz", anyone, anyQuery, s.healthz),
		own("GET", "/readyz", anyone, anyQuery, s.readyz),
		own("HEAD", "/readyz", anyone, anyQuery, s.readyz),
		own("GET", "/api/openapi.yaml", anyone, "", s.openAPI),
		own("GET", "/api/docs", anyone, "", s.docs),

		own("POST", "/mcp", tool, "", s.serveMCP),

		own("GET", "/api/accounts", anyUser, "", s.listAccounts),
		own("POST", "/api/accounts", anyUser, "", withBody(s.createAccount)),
		own("GET", "/api/portfolio", anyUser, "", s.portfolio),
		own("GET", "/api/accounts/{id}", mayRead, "", s.getAccount),
		own("PATCH", "/api/accounts/{id}", mayManage, "", withBody(s.changeAccount)),
		own("DELETE", "/api/accounts/{id}", mayManage, "open_orders", s.deleteAccount),
		own("GET", "/api/accounts/{id}/health", mayRead, "", s.accountHealth),
		own("GET", "/api/accounts/{id}/history-import", mayRead, "", s.historyImport),
		own("POST", "/api/accounts/{id}/history-import", mayCancel, "", withoutBody(s.importHistory)),
		own("GET", "/api/accounts/{id}/credentials", mayRead, "", s.getCredentials),
		own("PUT", "/api/accounts/{id}/credentials", mayManage, "", withBody(s.putCredentials)),
		own("DELETE", "/api/accounts/{id}/credentials", mayManage, "open_orders", s.deleteCredentials),

		own("GET", "/api/accounts/{id}/grants", mayManage, "", s.listGrants),
		own("POST", "/api/accounts/{id}/grants", mayManage, "", withBody(s.giveGrant)),
		own("PATCH", "/api/accounts/{id}/grants/{user_id}", mayManage, "", withBody(s.changeGrant)),
		own("DELETE", "/api/accounts/{id}/grants/{user_id}", anyUser, "", withoutBody(s.endGrant)).stopping(),
		own("POST", "/api/accounts/{id}/transfer", mayManage, "", withBody(s.transferAccount)),
		own("POST", "/api/accounts/{id}/invitations", mayManage, "", withBody(s.invite)),
		own("GET", "/api/user/grants", anyUser, "", s.ownGrants),
		own("POST", "/api/user/grants", anyUser, "", withBody(s.giveGrantOnAll)),
		own("DELETE", "/api/user/grants/{owner_id}/{user_id}", anyUser, "", withoutBody(s.endGrantOnAll)).stopping(),
		own("POST", "/api/user/invitations", anyUser, "", withBody(s.invite)),
		own("POST", "/api/invitations/look", anyUser, "", withBody(s.lookAtInvitation)),
		own("POST", "/api/invitations/take", anyUser, "", withBody(s.takeInvitation)),
		own("DELETE", "/api/invitations/{id}", anyUser, "", withoutBody(s.takeInvitationBack)),

		own("GET", "/api/audit", mayManage, auditFilters+" "+pageParameters, s.listAudit),
		own("GET", "/api/audit/export", mayManage, "format "+auditFilters, s.exportAudit),
		own("GET", "/api/user/audit", anyUser, auditFilters+" "+pageParameters, s.listAudit),

		own("GET", "/api/user/step-up", anyUser, "", s.steppedUpUntil),
		own("POST", "/api/user/step-up", anyUser, "", withBody(s.stepUp)),

		own("GET", "/api/tokens", anyUser, "", s.listTokens),
		own("GET", "/api/tokens/current", anyUser, "", s.currentToken),
		own("POST", "/api/tokens", anyUser, "", withBody(s.makeToken)),
		own("DELETE", "/api/tokens/{id}", anyUser, "", withoutBody(s.revokeToken)).stopping(),
		own("POST", "/api/tokens/{id}/reset", anyUser, "", withoutBody(s.resetToken)),

		own("GET", "/api/account", mayRead, "", s.brokerAccount),
		s.passed("GET", "/api/account/configurations", mayRead, "", "/v2/account/configurations"),
		s.passed("PATCH", "/api/account/configurations", mayManage, "", "/v2/account/configurations").
			changing(settings, "Look with GET /api/account/configurations.").withFields(&configurations{}),
		s.passed("GET", "/api/account/portfolio/history", mayRead,
			"period timeframe intraday_reporting start end pnl_reset extended_hours cashflow_types", "/v2/account/portfolio/history"),
		s.passed("GET", "/api/account/activities", mayRead,
			"activity_types category date until after direction page_size page_token", "/v2/account/activities"),
		s.passed("GET", "/api/account/activities/{type}", mayRead, "date until after direction page_size page_token", "/v2/account/activities/{type}"),

		own("GET", "/api/orders", mayRead, strings.Join(trading.ListParameters, " "), s.listOrders),
		own("POST", "/api/orders", mayTrade, "", withBody(s.placeOrder)),
		s.passed("DELETE", "/api/orders", mayCancel, "", "/v2/orders").
			changing(cancels, "Look with GET /api/orders?status=open; to ask again does no harm.").handledBy(s.cancelOrders).stopping(),
		own("POST", "/api/orders/preview", mayTrade, "", withBody(s.previewOrder)).byServeMux(),
		own("GET", "/api/orders:by_client_order_id", mayRead, "client_order_id", s.getOrderByClientOrderID).byServeMux(),
		own("GET", "/api/orders/{id}", mayRead, "nested", aboutOrder(s.getOrder)),
		own("PATCH", "/api/orders/{id}", mayTrade, "", aboutOrder(withBody(s.replaceOrder))),
		own("DELETE", "/api/orders/{id}", mayCancel, "", aboutOrder(s.cancelOrder)).stopping(),
		own("POST", "/api/orders/{id}/dismiss", mayTrade, "", aboutOrder(withoutBody(s.dismissOrder))),

		own("GET", "/api/jobs", mayRead, "state "+pageParameters, s.listJobs),
		own("DELETE", "/api/jobs", mayCancel, "", withoutBody(s.cancelJobs)).stopping(),
		own("GET", "/api/jobs/{id}", mayRead, "", aboutJob(s.getJob)),
		own("DELETE", "/api/jobs/{id}", mayCancel, "", withoutBody(aboutJob(s.cancelJob))).stopping(),

		own("GET", "/api/block-orders", anyUser, pageParameters, s.listBlockOrders),
		own("POST", "/api/block-orders", anyUser, "", withBody(s.makeBlockOrder)),
		own("POST", "/api/block-orders/preview", anyUser, "", withBody(s.previewBlockOrder)),
		own("GET", "/api/block-orders/{id}", anyUser, "", s.getBlockOrder),

		own("GET", "/api/copying", mayRead, "", s.getCopying),
		own("POST", "/api/copying/offer", mayManage, "", withBody(s.makeCopyOffer)),
		own("DELETE", "/api/copying/offer", mayCancel, "", withoutBody(s.endCopyOffer)).stopping(),
		own("POST", "/api/copying/follows", mayManage, "", withBody(s.follow)),
		own("DELETE", "/api/copying/follows/{id}", mayCancel, "", withoutBody(s.unfollow)).stopping(),
		own("GET", "/api/copies", mayRead, pageParameters, s.listCopies),
		own("GET", "/api/copies/led", mayRead, pageParameters, s.listLed),

		own("GET", "/api/alerts", mayRead, pageParameters, s.listAlerts),
		own("POST", "/api/alerts", byBody, "", withBody(s.takeAlert)),

		own("GET", "/api/approvals", mayRead, "state "+pageParameters, s.listApprovals),
		own("GET", "/api/approvals/{id}", mayRead, "", aboutApproval(s.getApproval)),
		own("GET", "/api/approvals/{id}/preview", mayRead, "", aboutApproval(s.previewApproval)),
		own("POST", "/api/approvals/{id}/approve", mayApprove, "", withBody(s.approve)),
		own("POST", "/api/approvals/{id}/refuse", mayApprove, "", withBody(s.refuse)).stopping(),

		own("GET", "/api/webhooks", mayManage, "", s.listWebhooks),
		own("POST", "/api/webhooks", mayManage, "", withBody(s.makeWebhook)),
		own("PATCH", "/api/webhooks/{id}", mayManage, "", withBody(s.changeWebhook)),
		own("DELETE", "/api/webhooks/{id}", mayManage, "", withoutBody(s.deleteWebhook)),
		own("GET", "/api/notices", mayManage, "", s.listNotices),
		own("POST", "/api/notices", mayManage, "", withBody(s.makeNotice)),
		own("PUT", "/api/notices/{id}", mayManage, "", withBody(s.setNotice)),
		own("PATCH", "/api/notices/{id}", mayManage, "", withBody(s.switchNotice)),
		own("DELETE", "/api/notices/{id}", mayManage, "", withoutBody(s.deleteNotice)),

		own("GET", "/api/positions", mayRead, "", s.positions),
		own("POST", "/api/positions", mayRead, "", s.positions), // for the first front end
		own("DELETE", "/api/positions", mayTrade, closingParameters, withoutBody(s.closePositions)),
		s.passed("GET", "/api/positions/{symbol...}", mayRead, "", "/v2/positions/{symbol}"),
		own("DELETE", "/api/positions/{symbol...}", mayTrade, "qty percentage "+closingParameters, withoutBody(s.closePosition)).byServeMux(),
		s.passed("POST", "/api/positions/{symbol}/exercise", mayTrade, "", "/v2/positions/{symbol}/exercise").
			changing(exercises, "Look with GET /api/positions and GET /api/account/activities before you ask again."),
		s.passed("POST", "/api/positions/{symbol}/do-not-exercise", mayTrade, "", "/v2/positions/{symbol}/do-not-exercise").
			changing(declines, "To send it again does no harm."),

		own("GET", "/api/guards", mayRead, "", s.getGuards),
		own("PUT", "/api/guards", mayManage, "", withBody(s.putGuards)),
		own("POST", "/api/guards/high-water-mark", mayManage, "", withoutBody(s.resetHighWaterMark)),
		own("POST", "/api/guards/switch", mayCancel, "", withBody(s.turnSwitch)).stopping(), // some turns need more: trading.Turn
		own("POST", "/api/heartbeat", mayTrade, "", withoutBody(s.heartbeat)),

		own("GET", "/api/budget", mayRead, "sleeve_id", s.budget),
		own("GET", "/api/sleeves", mayRead, "", s.listSleeves),
		own("POST", "/api/sleeves", mayManage, "", withBody(s.makeSleeve)),
		own("PATCH", "/api/sleeves/{id}", mayManage, "", withBody(s.changeSleeve)),
		own("DELETE", "/api/sleeves/{id}", mayManage, "", withoutBody(s.closeSleeve)),
		own("POST", "/api/sleeves/{id}/high-water-mark", mayManage, "", withoutBody(s.resetSleeveMark)),
		own("GET", "/api/sleeve-transfers", mayRead, pageParameters, s.listSleeveTransfers),
		own("POST", "/api/sleeve-transfers", mayManage, "", withBody(s.moveCash)),

		own("GET", "/api/fills", mayRead, "symbol order_id "+pageParameters, s.listFills),
		own("GET", "/api/trading-positions", mayRead, "scope scope_value symbol status "+pageParameters, s.listTradingPositions),
		own("POST", "/api/sync", mayCancel, "", withoutBody(s.sync)),
		own("GET", "/api/events", mayRead, "since limit snapshot watch", s.listEvents),
		own("GET", "/api/ws", socket, accountParameter+" cursor snapshot", s.push),
		own("GET", "/api/agent-logs", mayRead, agentLogFilters+" "+pageParameters, s.listAgentLogs),
		own("POST", "/api/agent-logs", mayLog, "", withBody(s.appendAgentLogs)).logging(),

		s.passed("GET", "/api/assets", mayRead, "status asset_class exchange attributes", "/v2/assets"),
		s.passed("GET", "/api/assets/fixed_income/us_corporates", mayRead, "bond_status isins cusips tickers", "/v2/assets/fixed_income/us_corporates"),
		s.passed("GET", "/api/assets/fixed_income/us_treasuries", mayRead, "subtype bond_status cusips isins", "/v2/assets/fixed_income/us_treasuries"),
		s.passed("GET", "/api/assets/{symbol...}", mayRead, "", "/v2/assets/{symbol}"),
		s.passed("GET", "/api/clock", mayRead, "", "/v2/clock"),
		s.passed("GET", "/api/calendar", mayRead, "start end date_type", "/v2/calendar"),
		s.passed("GET", "/api/v3/clock", mayRead, "markets time", "/v3/clock"),
		s.passed("GET", "/api/v3/calendar/{market}", mayRead, "start end timezone", "/v3/calendar/{market}"),
		s.passed("GET", "/api/options/contracts", mayRead, "underlying_symbols show_deliverables status expiration_date expiration_date_gte "+
			"expiration_date_lte root_symbol type style strike_price_gte strike_price_lte page_token limit ppind", "/v2/options/contracts"),
		s.passed("GET", "/api/options/contracts/{symbol_or_id}", mayRead, "", "/v2/options/contracts/{symbol_or_id}"),
		s.passed("GET", "/api/corporate-actions/announcements", mayRead, "ca_types since until symbol cusip date_type", "/v2/corporate_actions/announcements"),
		s.passed("GET", "/api/corporate-actions/announcements/{id}", mayRead, "", "/v2/corporate_actions/announcements/{id}"),

		s.passed("GET", "/api/watchlists", mayRead, "", "/v2/watchlists"),
		s.passed("POST", "/api/watchlists", mayTrade, "", "/v2/watchlists").changing(lists, lookAtLists).withFields(&watchlist{}),
		s.passed("GET", "/api/watchlists/{id}", mayRead, "", "/v2/watchlists/{id}"),
		s.passed("PUT", "/api/watchlists/{id}", mayTrade, "", "/v2/watchlists/{id}").changing(lists, lookAtLists).withFields(&watchlist{}),
		s.passed("POST", "/api/watchlists/{id}", mayTrade, "", "/v2/watchlists/{id}").changing(lists, lookAtLists).withFields(&watchlistSymbol{}),
		s.passed("DELETE", "/api/watchlists/{id}", mayTrade, "", "/v2/watchlists/{id}").changing(lists, lookAtLists),
		s.passed("DELETE", "/api/watchlists/{id}/{symbol...}", mayTrade, "", "/v2/watchlists/{id}/{symbol}").changing(lists, lookAtLists),
		s.passed("GET", "/api/watchlists:by_name", mayRead, "name", "/v2/watchlists:by_name"),
		s.passed("PUT", "/api/watchlists:by_name", mayTrade, "name", "/v2/watchlists:by_name").changing(lists, lookAtLists).withFields(&watchlist{}),
		s.passed("POST", "/api/watchlists:by_name", mayTrade, "name", "/v2/watchlists:by_name").changing(lists, lookAtLists).withFields(&watchlistSymbol{}),
		s.passed("DELETE", "/api/watchlists:by_name", mayTrade, "name", "/v2/watchlists:by_name").changing(lists, lookAtLists),

		s.data("/v2/stocks/auctions", "symbols "+rangeParameters+stockParameters),
		s.data("/v2/stocks/bars", "symbols timeframe adjustment "+rangeParameters+stockParameters),
		s.data("/v2/stocks/bars/latest", "symbols "+latestParameters),
		s.data("/v2/stocks/quotes", "symbols "+rangeParameters+stockParameters),
		s.data("/v2/stocks/quotes/latest", "symbols "+latestParameters),
		s.data("/v2/stocks/trades", "symbols "+rangeParameters+stockParameters),
		s.data("/v2/stocks/trades/latest", "symbols "+latestParameters),
		s.data("/v2/stocks/snapshots", "symbols "+latestParameters),
		s.data("/v2/stocks/meta/conditions/{ticktype}", "tape"),
		s.data("/v2/stocks/meta/exchanges", ""),
		s.data("/v2/stocks/{symbol}/auctions", rangeParameters+stockParameters),
		s.data("/v2/stocks/{symbol}/bars", "timeframe adjustment "+rangeParameters+stockParameters),
		s.data("/v2/stocks/{symbol}/bars/latest", latestParameters),
		s.data("/v2/stocks/{symbol}/quotes", rangeParameters+stockParameters),
		s.data("/v2/stocks/{symbol}/quotes/latest", latestParameters),
		s.data("/v2/stocks/{symbol}/trades", rangeParameters+stockParameters),
		s.data("/v2/stocks/{symbol}/trades/latest", latestParameters),
		s.data("/v2/stocks/{symbol}/snapshot", latestParameters),

		s.data("/v1beta3/crypto/{loc}/bars", "symbols timeframe "+rangeParameters),
		s.data("/v1beta3/crypto/{loc}/quotes", "symbols "+rangeParameters),
		s.data("/v1beta3/crypto/{loc}/trades", "symbols "+rangeParameters),
		s.data("/v1beta3/crypto/{loc}/snapshots", "symbols"),
		s.data("/v1beta3/crypto/{loc}/latest/bars", "symbols"),
		s.data("/v1beta3/crypto/{loc}/latest/quotes", "symbols"),
		s.data("/v1beta3/crypto/{loc}/latest/trades", "symbols"),
		s.data("/v1beta3/crypto/{loc}/latest/orderbooks", "symbols"),

		s.data("/v1beta1/options/bars", "symbols timeframe "+rangeParameters),
		s.data("/v1beta1/options/trades", "symbols "+rangeParameters),
		s.data("/v1beta1/options/trades/latest", "symbols feed"),
		s.data("/v1beta1/options/quotes/latest", "symbols feed"),
		s.data("/v1beta1/options/snapshots", "symbols feed updated_since limit page_token"),
		s.data("/v1beta1/options/snapshots/{underlying_symbol}", "feed limit updated_since page_token type strike_price_gte strike_price_lte "+
			"expiration_date expiration_date_gte expiration_date_lte root_symbol"),
		s.data("/v1beta1/options/meta/conditions/{ticktype}", ""),
		s.data("/v1beta1/options/meta/exchanges", ""),

		s.data("/v1beta1/news", "symbols include_content exclude_contentless "+rangeParameters),
		s.data("/v1beta1/screener/{market_type}/movers", "top"),
		s.data("/v1beta1/screener/stocks/most-actives", "by top"),
		s.data("/v1/corporate-actions", "symbols cusips types region ids "+rangeParameters),
		s.data("/v1beta1/forex/rates", "currency_pairs timeframe "+rangeParameters),
		s.data("/v1beta1/forex/latest/rates", "currency_pairs"),
		s.data("/v1beta1/indices/values", "symbols "+rangeParameters),
		s.data("/v1beta1/indices/latest/values", "symbols"),
		s.data("/v1beta1/fixed_income/latest/prices", "isins"),
		s.data("/v1beta1/fixed_income/latest/quotes", "isins trade_size"),
	}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		all = append(all, own(method, "/api/auth/{path...}", anyone, anyQuery, s.auth))
	}
	return all
}
