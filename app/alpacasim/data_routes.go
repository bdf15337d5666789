package alpacasim

// dataRoutes serve Alpaca's data host.
func (s *Sim) dataRoutes(signed routes) {
	for _, name := range []string{"bars", "quotes", "trades", "auctions"} {
		signed("GET /v2/stocks/"+name, s.stockHistory(name))
		signed("GET /v2/stocks/{symbol}/"+name, s.stockHistory(name))
		if name != "auctions" {
			signed("GET /v2/stocks/"+name+"/latest", s.latestOfStocks(name))
			signed("GET /v2/stocks/{symbol}/"+name+"/latest", s.latestOfStock(name))
		}
	}
	signed("GET /v2/stocks/snapshots", s.stockSnapshots)
	signed("GET /v2/stocks/{symbol}/snapshot", s.stockSnapshot)
	signed("GET /v2/stocks/meta/exchanges", s.stockExchanges)
	signed("GET /v2/stocks/meta/conditions/{ticktype}", s.stockConditions)
	s.cryptoRoutes(signed)
	s.optionRoutes(signed)
	signed("GET /v1beta1/news", s.listNews)
	signed("GET /v1beta1/screener/stocks/most-actives", s.mostActives)
	signed("GET /v1beta1/screener/{market}/movers", s.movers)
	signed("GET /v1/corporate-actions", s.corporateActions)
}

func (s *Sim) cryptoRoutes(signed routes) {
	for _, name := range []string{"bars", "quotes", "trades"} {
		signed("GET /v1beta3/crypto/{loc}/"+name, s.cryptoHistory(name))
	}
	for _, name := range []string{"bars", "quotes", "trades", "orderbooks"} {
		signed("GET /v1beta3/crypto/{loc}/latest/"+name, s.latestOfCrypto(name))
	}
	signed("GET /v1beta3/crypto/{loc}/snapshots", s.latestOfCrypto("snapshots"))
}

func (s *Sim) optionRoutes(signed routes) {
	for _, name := range []string{"bars", "trades"} {
		signed("GET /v1beta1/options/"+name, s.optionHistory(name))
	}
	for _, name := range []string{"quotes", "trades"} {
		signed("GET /v1beta1/options/"+name+"/latest", s.latestOfOptions(name))
	}
	signed("GET /v1beta1/options/snapshots", s.optionSnapshots)
	signed("GET /v1beta1/options/snapshots/{symbol}", s.optionChain)
	signed("GET /v1beta1/options/meta/exchanges", s.optionExchanges)
	signed("GET /v1beta1/options/meta/conditions/{ticktype}", s.optionConditions)
}
