package alpacasim_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
)

// called is the result of a call of an SDK method.
type called struct {
	name string
	got  any
	err  error
}

func did[T any](name string) func(T, error) called {
	return func(got T, err error) called { return called{name, got, err} }
}

// The response to every method of the official Go SDK for market data or
// reference data can be parsed and is not empty.
func TestOfficialSDK(t *testing.T) {
	m := open(t, hours)
	if os.Getenv("PADDOCK_ALPACA_OPENAPI") != "" { // responses are checked against Alpaca's files too
		files := readAlpacaFiles(t)
		server := httptest.NewServer(files.watch(m.sim.Handler()))
		defer server.Close()
		m.url = server.URL
		defer files.fail(t)
	}
	c, d := m.client(0), m.data()
	from := today.AddDate(0, 0, -3)
	shares, coins, contracts := []string{"AAPL", "MSFT"}, []string{"BTC/USD", "ETH/USD"}, []string{option, "SPY260612P00550000"}
	for _, x := range []called{
		did[*alpaca.Clock]("GetClock")(c.GetClock()),
		did[[]alpaca.CalendarDay]("GetCalendar")(c.GetCalendar(alpaca.GetCalendarRequest{Start: from, End: today})),
		did[[]alpaca.Asset]("GetAssets")(c.GetAssets(alpaca.GetAssetsRequest{Status: "active", AssetClass: "us_equity"})),
		did[*alpaca.Asset]("GetAsset")(c.GetAsset("ETH/USD")),
		did[[]alpaca.OptionContract]("GetOptionContracts")(c.GetOptionContracts(alpaca.GetOptionContractsRequest{UnderlyingSymbols: "SPY", TotalLimit: 5})),
		did[*alpaca.OptionContract]("GetOptionContract")(c.GetOptionContract(option)),
		did[*alpaca.PortfolioHistory]("GetPortfolioHistory")(c.GetPortfolioHistory(alpaca.GetPortfolioHistoryRequest{Period: "1M", TimeFrame: alpaca.Day1})),
		did[*alpaca.Account]("GetAccount")(c.GetAccount()),

		did[[]marketdata.Bar]("GetBars")(d.GetBars("AAPL", marketdata.GetBarsRequest{Start: from})),
		did[map[string][]marketdata.Bar]("GetMultiBars")(d.GetMultiBars(shares, marketdata.GetBarsRequest{Start: from, TimeFrame: marketdata.OneHour, Adjustment: marketdata.AdjustmentAll, Feed: marketdata.IEX, AsOf: "2026-06-01", Currency: "USD", Sort: marketdata.SortDesc})),
		did[[]marketdata.Trade]("GetTrades")(d.GetTrades("AAPL", marketdata.GetTradesRequest{Start: from, TotalLimit: 20})),
		did[map[string][]marketdata.Trade]("GetMultiTrades")(d.GetMultiTrades(shares, marketdata.GetTradesRequest{Start: from, TotalLimit: 20, PageLimit: 3})),
		did[[]marketdata.Quote]("GetQuotes")(d.GetQuotes("AAPL", marketdata.GetQuotesRequest{Start: from, TotalLimit: 20})),
		did[map[string][]marketdata.Quote]("GetMultiQuotes")(d.GetMultiQuotes(shares, marketdata.GetQuotesRequest{Start: from, TotalLimit: 20})),
		did[[]marketdata.DailyAuctions]("GetAuctions")(d.GetAuctions("AAPL", marketdata.GetAuctionsRequest{Start: from})),
		did[map[string][]marketdata.DailyAuctions]("GetMultiAuctions")(d.GetMultiAuctions(shares, marketdata.GetAuctionsRequest{Start: from})),
		did[*marketdata.Bar]("GetLatestBar")(d.GetLatestBar("AAPL", marketdata.GetLatestBarRequest{})),
		did[map[string]marketdata.Bar]("GetLatestBars")(d.GetLatestBars(shares, marketdata.GetLatestBarRequest{Feed: marketdata.DelayedSIP})),
		did[*marketdata.Trade]("GetLatestTrade")(d.GetLatestTrade("AAPL", marketdata.GetLatestTradeRequest{})),
		did[map[string]marketdata.Trade]("GetLatestTrades")(d.GetLatestTrades(shares, marketdata.GetLatestTradeRequest{})),
		did[*marketdata.Quote]("GetLatestQuote")(d.GetLatestQuote("AAPL", marketdata.GetLatestQuoteRequest{})),
		did[map[string]marketdata.Quote]("GetLatestQuotes")(d.GetLatestQuotes(shares, marketdata.GetLatestQuoteRequest{})),
		did[*marketdata.Snapshot]("GetSnapshot")(d.GetSnapshot("AAPL", marketdata.GetSnapshotRequest{})),
		did[map[string]*marketdata.Snapshot]("GetSnapshots")(d.GetSnapshots(shares, marketdata.GetSnapshotRequest{})),

		did[[]marketdata.CryptoBar]("GetCryptoBars")(d.GetCryptoBars("BTC/USD", marketdata.GetCryptoBarsRequest{Start: from})),
		did[map[string][]marketdata.CryptoBar]("GetCryptoMultiBars")(d.GetCryptoMultiBars(coins, marketdata.GetCryptoBarsRequest{Start: from, TimeFrame: marketdata.OneDay})),
		did[[]marketdata.CryptoTrade]("GetCryptoTrades")(d.GetCryptoTrades("BTC/USD", marketdata.GetCryptoTradesRequest{Start: from, TotalLimit: 20})),
		did[map[string][]marketdata.CryptoTrade]("GetCryptoMultiTrades")(d.GetCryptoMultiTrades(coins, marketdata.GetCryptoTradesRequest{Start: from, TotalLimit: 20})),
		did[[]marketdata.CryptoQuote]("GetCryptoQuotes")(d.GetCryptoQuotes("BTC/USD", marketdata.GetCryptoQuotesRequest{Start: from, TotalLimit: 20})),
		did[map[string][]marketdata.CryptoQuote]("GetCryptoMultiQuotes")(d.GetCryptoMultiQuotes(coins, marketdata.GetCryptoQuotesRequest{Start: from, TotalLimit: 20})),
		did[*marketdata.CryptoBar]("GetLatestCryptoBar")(d.GetLatestCryptoBar("BTC/USD", marketdata.GetLatestCryptoBarRequest{})),
		did[map[string]marketdata.CryptoBar]("GetLatestCryptoBars")(d.GetLatestCryptoBars(coins, marketdata.GetLatestCryptoBarRequest{})),
		did[*marketdata.CryptoTrade]("GetLatestCryptoTrade")(d.GetLatestCryptoTrade("BTC/USD", marketdata.GetLatestCryptoTradeRequest{})),
		did[map[string]marketdata.CryptoTrade]("GetLatestCryptoTrades")(d.GetLatestCryptoTrades(coins, marketdata.GetLatestCryptoTradeRequest{})),
		did[*marketdata.CryptoQuote]("GetLatestCryptoQuote")(d.GetLatestCryptoQuote("BTC/USD", marketdata.GetLatestCryptoQuoteRequest{})),
		did[map[string]marketdata.CryptoQuote]("GetLatestCryptoQuotes")(d.GetLatestCryptoQuotes(coins, marketdata.GetLatestCryptoQuoteRequest{})),
		did[*marketdata.CryptoSnapshot]("GetCryptoSnapshot")(d.GetCryptoSnapshot("BTC/USD", marketdata.GetCryptoSnapshotRequest{})),
		did[map[string]marketdata.CryptoSnapshot]("GetCryptoSnapshots")(d.GetCryptoSnapshots(coins, marketdata.GetCryptoSnapshotRequest{})),

		did[[]marketdata.OptionBar]("GetOptionBars")(d.GetOptionBars(option, marketdata.GetOptionBarsRequest{Start: from})),
		did[map[string][]marketdata.OptionBar]("GetMultiOptionBars")(d.GetMultiOptionBars(contracts, marketdata.GetOptionBarsRequest{Start: from, TimeFrame: marketdata.OneHour})),
		did[[]marketdata.OptionTrade]("GetOptionTrades")(d.GetOptionTrades(option, marketdata.GetOptionTradesRequest{Start: from, TotalLimit: 20})),
		did[map[string][]marketdata.OptionTrade]("GetOptionMultiTrades")(d.GetOptionMultiTrades(contracts, marketdata.GetOptionTradesRequest{Start: from, TotalLimit: 20})),
		did[*marketdata.OptionTrade]("GetLatestOptionTrade")(d.GetLatestOptionTrade(option, marketdata.GetLatestOptionTradeRequest{})),
		did[map[string]marketdata.OptionTrade]("GetLatestOptionTrades")(d.GetLatestOptionTrades(contracts, marketdata.GetLatestOptionTradeRequest{})),
		did[*marketdata.OptionQuote]("GetLatestOptionQuote")(d.GetLatestOptionQuote(option, marketdata.GetLatestOptionQuoteRequest{})),
		did[map[string]marketdata.OptionQuote]("GetLatestOptionQuotes")(d.GetLatestOptionQuotes(contracts, marketdata.GetLatestOptionQuoteRequest{})),
		did[*marketdata.OptionSnapshot]("GetOptionSnapshot")(d.GetOptionSnapshot(option, marketdata.GetOptionSnapshotRequest{})),
		did[map[string]marketdata.OptionSnapshot]("GetOptionSnapshots")(d.GetOptionSnapshots(contracts, marketdata.GetOptionSnapshotRequest{Feed: marketdata.Indicative})),
		did[map[string]marketdata.OptionSnapshot]("GetOptionChain")(d.GetOptionChain("SPY", marketdata.GetOptionChainRequest{Type: marketdata.Put, ExpirationDate: day("2026-06-12"), StrikePriceGte: 500})),
		did[[]marketdata.News]("GetNews")(d.GetNews(marketdata.GetNewsRequest{Symbols: shares})),
	} {
		if x.err != nil {
			t.Errorf("%s: %v", x.name, x.err)
			continue
		}
		text := fmt.Sprintf("%+v", x.got)
		if text == "[]" || text == "map[]" || text == "<nil>" || strings.Contains(text, "0001-01-01") {
			t.Errorf("%s returned %.300s", x.name, text)
		}
		for _, symbols := range [][]string{shares, coins, contracts} {
			if strings.HasPrefix(text, "map[") && strings.Contains(text, symbols[0]+":") && !strings.Contains(text, symbols[1]+":") && !strings.Contains(x.name, "Trades") && !strings.Contains(x.name, "Quotes") {
				t.Errorf("%s has nothing of %s: %.300s", x.name, symbols[1], text)
			}
		}
	}
	if none, err := c.GetAnnouncements(alpaca.GetAnnouncementsRequest{CATypes: []string{"Dividend"}, Since: from, Until: today}); err != nil || len(none) != 0 {
		t.Errorf("GetAnnouncements: %v (%v)", none, err)
	}
	if none, err := d.GetCorporateActions(marketdata.GetCorporateActionsRequest{Symbols: shares, Types: []string{"cash_dividend"}}); err != nil || len(none.CashDividends) != 0 {
		t.Errorf("GetCorporateActions: %v (%v)", none, err)
	}
	_, err := c.GetAnnouncement("x")
	wantRefusal(t, "GetAnnouncement", err, 404, 40410000, "not found")
	if bars, err := d.GetBars("AAPL", marketdata.GetBarsRequest{Start: from, End: from.Add(-time.Hour)}); err == nil {
		t.Errorf("bars that end before they start are %v", bars)
	}
}

// Every method of the official Go SDK that trades, or stores something, works.
func TestOfficialSDKTrades(t *testing.T) {
	m := open(t, hours)
	c := m.client(0)
	want := func(what string, ok bool, got any, err error) {
		t.Helper()
		if err != nil || !ok {
			t.Errorf("%s: %+v (%v)", what, got, err)
		}
	}
	bought, err := c.PlaceOrder(request(alpaca.Buy, "AAPL", "10", id("first")))
	want("PlaceOrder", err == nil && bought.Symbol == "AAPL", bought, err)
	resting, err := c.PlaceOrder(request(alpaca.Buy, "MSFT", "1", limit("1")))
	want("PlaceOrder, resting", err == nil && resting.LimitPrice.Equal(dec("1")), resting, err)
	m.step()
	m.step()

	o, err := c.GetOrder(bought.ID)
	want("GetOrder", err == nil && o.Status == "filled" && o.FilledAvgPrice.IsPositive(), o, err)
	o, err = c.GetOrderByClientOrderID("first")
	want("GetOrderByClientOrderID", err == nil && o.ID == bought.ID, o, err)
	orders, err := c.GetOrders(alpaca.GetOrdersRequest{Status: "all", Nested: true, Symbols: []string{"AAPL", "MSFT"}})
	want("GetOrders", err == nil && len(orders) == 2, orders, err)
	replaced, err := c.ReplaceOrder(resting.ID, alpaca.ReplaceOrderRequest{Qty: ptr("2"), LimitPrice: ptr("1.5")})
	want("ReplaceOrder", err == nil && *replaced.Replaces == resting.ID && replaced.Qty.Equal(dec("2")), replaced, err)
	m.step()
	want("CancelOrder", true, nil, c.CancelOrder(replaced.ID))
	want("CancelAllOrders", true, nil, c.CancelAllOrders())

	position, err := c.GetPosition("AAPL")
	want("GetPosition", err == nil && position.Qty.Equal(dec("10")) && position.AvgEntryPrice.Equal(*o.FilledAvgPrice), position, err)
	positions, err := c.GetPositions()
	want("GetPositions", err == nil && len(positions) == 1, positions, err)
	closing, err := c.ClosePosition("AAPL", alpaca.ClosePositionRequest{Qty: dec("4")})
	want("ClosePosition", err == nil && closing.Side == alpaca.Sell && closing.Qty.Equal(dec("4")), closing, err)
	m.step()
	all, err := c.CloseAllPositions(alpaca.CloseAllPositionsRequest{CancelOrders: true})
	want("CloseAllPositions", err == nil && len(all) == 1 && all[0].Qty.Equal(dec("6")), all, err)
	m.step()
	positions, err = c.GetPositions()
	want("GetPositions, after", err == nil && len(positions) == 0, positions, err)

	fills, err := c.GetAccountActivities(alpaca.GetAccountActivitiesRequest{ActivityTypes: []string{"FILL"}, Direction: "asc"})
	want("GetAccountActivities", err == nil && len(fills) == 3 && fills[0].OrderID == bought.ID && fills[0].Qty.Equal(dec("10")), fills, err)
	settings, err := c.GetAccountConfigurations()
	want("GetAccountConfigurations", err == nil && !settings.NoShorting, settings, err)
	settings, err = c.UpdateAccountConfigurations(alpaca.UpdateAccountConfigurationsRequest{NoShorting: true, FractionalTrading: true, TradeConfirmEmail: "all"})
	want("UpdateAccountConfigurations", err == nil && settings.NoShorting, settings, err)
	told := m.replay(0, "0", 3)
	want("StreamTradeUpdates", told[0].Order.ID == bought.ID, told, nil)
}
