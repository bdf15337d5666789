package alpacasim

func (s *Sim) tradingRoutes(signed routes) {
	signed("GET /v2/account", s.getAccount)
	signed("GET /v2/account/configurations", s.getSettings)
	signed("PATCH /v2/account/configurations", s.patchSettings)
	signed("GET /v2/account/activities", s.listActivities)
	signed("GET /v2/account/activities/{type}", s.listActivities)
	signed("POST /v2/orders", s.postOrder)
	signed("GET /v2/orders", s.listOrders)
	signed("DELETE /v2/orders", s.cancelAll)
	signed("GET /v2/orders/{id}", s.getOrder)
	signed("PATCH /v2/orders/{id}", s.patchOrder)
	signed("DELETE /v2/orders/{id}", s.cancelOrder)
	signed("GET /v2/orders:by_client_order_id", s.getByClientID)
	signed("GET /v2/positions", s.listPositions)
	signed("DELETE /v2/positions", s.closeAllPositions)
	signed("GET /v2/positions/{symbol}", s.getPosition)
	signed("DELETE /v2/positions/{symbol}", s.closePosition)
	signed("POST /v2/positions/{symbol}/exercise", s.exerciseOption)
	signed("POST /v2/positions/{symbol}/do-not-exercise", s.doNotExercise)
	signed("GET /v2/events/trades", s.streamTrades)
}

// referenceRoutes serve what a client looks up before it trades, and what it
// stores for itself.
func (s *Sim) referenceRoutes(signed routes) {
	signed("GET /v2/assets", s.listAssets)
	signed("GET /v2/assets/{symbol...}", s.getAsset)
	signed("GET /v2/options/contracts", s.listContracts)
	signed("GET /v2/options/contracts/{symbol}", s.getContract)
	signed("GET /v2/clock", s.getClock)
	signed("GET /v3/clock", s.getClocks)
	signed("GET /v2/calendar", s.getCalendar)
	signed("GET /v3/calendar/{market}", s.getMarketCalendar)
	signed("GET /v2/corporate_actions/announcements", s.listAnnouncements)
	signed("GET /v2/corporate_actions/announcements/{id}", s.getAnnouncement)
	signed("GET /v2/account/portfolio/history", s.getHistory)
	s.watchlistRoutes(signed)
}

func (s *Sim) watchlistRoutes(signed routes) {
	signed("GET /v2/watchlists", s.listWatchlists)
	signed("POST /v2/watchlists", s.createWatchlist)
	for _, path := range []string{"/v2/watchlists/{id}", "/v2/watchlists:by_name"} {
		signed("GET "+path, s.onWatchlist(func(*account, *watchlist, watchlistRequest) *refusal { return nil }))
		signed("PUT "+path, s.onWatchlist(s.renameWatchlist))
		signed("POST "+path, s.onWatchlist(s.addToWatchlist))
		signed("DELETE "+path, s.deleteWatchlist)
	}
	signed("DELETE /v2/watchlists/{id}/{symbol...}", s.onWatchlist(nil))
}
