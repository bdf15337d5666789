package alpacasim

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
