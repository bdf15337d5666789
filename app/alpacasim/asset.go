package alpacasim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/options"
)

// asset is something that can be traded. With all flags zero it is what most
// assets are: active, shortable, fractionable.
type asset struct {
	symbol, name, class, exchange string
	cents                         int64 // its first price
	noShort, noFraction, inactive bool
	attributes                    []string
}

// builtin are the assets of every simulator. Those from HARD on are no real
// companies: each lacks something that clients must not take for granted.
var builtin = []asset{
	{symbol: "AAPL", name: "Apple Inc.", class: "us_equity", exchange: "NASDAQ", cents: 19_000, attributes: []string{"fractional_eh_enabled", "has_options", "overnight_tradable"}},
	{symbol: "AMD", name: "Advanced Micro Devices, Inc.", class: "us_equity", exchange: "NASDAQ", cents: 14_500, attributes: liquid},
	{symbol: "AMZN", name: "Amazon.com, Inc.", class: "us_equity", exchange: "NASDAQ", cents: 18_500, attributes: liquid},
	{symbol: "GOOGL", name: "Alphabet Inc.", class: "us_equity", exchange: "NASDAQ", cents: 17_000, attributes: liquid},
	{symbol: "META", name: "Meta Platforms, Inc.", class: "us_equity", exchange: "NASDAQ", cents: 50_000, attributes: liquid},
	{symbol: "MSFT", name: "Microsoft Corporation", class: "us_equity", exchange: "NASDAQ", cents: 42_000, attributes: liquid},
	{symbol: "NVDA", name: "NVIDIA Corporation", class: "us_equity", exchange: "NASDAQ", cents: 12_500, attributes: liquid},
	{symbol: "QQQ", name: "Invesco QQQ Trust", class: "us_equity", exchange: "NASDAQ", cents: 48_000, attributes: liquid},
	{symbol: "SPY", name: "SPDR S&P 500 ETF Trust", class: "us_equity", exchange: "ARCA", cents: 55_000, attributes: []string{"fractional_eh_enabled", "has_options", "options_late_close", "overnight_tradable"}},
	{symbol: "TSLA", name: "Tesla, Inc.", class: "us_equity", exchange: "NASDAQ", cents: 24_000, attributes: liquid},
	{symbol: "BTC/USD", name: "Bitcoin / US Dollar", class: "crypto", exchange: "CRYPTO", cents: 6_500_000},
	{symbol: "ETH/USD", name: "Ethereum / US Dollar", class: "crypto", exchange: "CRYPTO", cents: 320_000},
	{symbol: "HARD", name: "Hard To Borrow Holdings", class: "us_equity", exchange: "NYSE", cents: 2_300, noShort: true},
	{symbol: "WHOL", name: "Whole Shares Only Inc.", class: "us_equity", exchange: "NYSE", cents: 81_000, noFraction: true},
	{symbol: "PIPE", name: "Pipeline Partners LP", class: "us_equity", exchange: "NYSE", cents: 3_100, noFraction: true, attributes: []string{"ptp_no_exception"}},
	{symbol: "GONE", name: "Delisted Company Inc.", class: "us_equity", exchange: "NYSE", cents: 120, noShort: true, noFraction: true, inactive: true},
}

// liquid are the attributes of shares that trade in fractions around the clock.
var liquid = []string{"fractional_eh_enabled", "overnight_tradable"}

// AssetSeed is an additional asset.
type AssetSeed struct {
	Symbol          string          `json:"symbol"`
	Name            string          `json:"name"`     // the symbol, when empty
	Class           string          `json:"class"`    // us_equity, when empty, or crypto
	Exchange        string          `json:"exchange"` // NASDAQ, or CRYPTO
	Price           decimal.Decimal `json:"price"`    // its first price in dollars; 100 when absent
	NotShortable    bool            `json:"not_shortable"`
	NotFractionable bool            `json:"not_fractionable"`
	Inactive        bool            `json:"inactive"`
	Attributes      []string        `json:"attributes"`
}

func (a AssetSeed) asset() (asset, error) {
	made := asset{
		symbol: strings.ToUpper(a.Symbol), name: a.Name, class: a.Class, exchange: a.Exchange, cents: a.Price.Shift(2).IntPart(),
		noShort: a.NotShortable, noFraction: a.NotFractionable, inactive: a.Inactive, attributes: a.Attributes,
	}
	if made.name == "" {
		made.name = made.symbol
	}
	if made.class == "" {
		made.class = "us_equity"
	}
	if made.exchange == "" {
		made.exchange = map[string]string{"us_equity": "NASDAQ", "crypto": "CRYPTO"}[made.class]
	}
	if a.Price.IsZero() {
		made.cents = 10_000
	}
	switch {
	case made.symbol == "":
		return asset{}, fmt.Errorf("an asset has no symbol")
	case made.class != "us_equity" && made.class != "crypto":
		return asset{}, fmt.Errorf("the asset %s has the class %q: it must be us_equity or crypto", made.symbol, made.class)
	case (made.class == "crypto") != strings.Contains(made.symbol, "/"):
		return asset{}, fmt.Errorf("the asset %s: crypto is named as a pair, such as SOL/USD, and shares are not", made.symbol)
	case made.cents < 1:
		return asset{}, fmt.Errorf("the asset %s has the price %s: it must be a cent or more", made.symbol, a.Price)
	}
	return made, nil
}

// findAsset finds an asset by its symbol, a pair with or without its slash, or
// an id.
func (s *Sim) findAsset(name string) (asset, bool) {
	for _, a := range s.assets {
		if strings.EqualFold(a.symbol, name) || strings.EqualFold(strings.ReplaceAll(a.symbol, "/", ""), name) || strings.EqualFold(assetID(a.symbol), name) {
			return a, true
		}
	}
	return asset{}, false
}

// openMarkets sets the assets of this simulator.
func (s *Sim) openMarkets(more []AssetSeed) error {
	s.assets = slices.Clone(builtin)
	for _, seed := range more {
		a, err := seed.asset()
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(s.assets, func(known asset) bool { return known.symbol == a.symbol }); i >= 0 {
			s.assets[i] = a
		} else {
			s.assets = append(s.assets, a)
		}
	}
	return nil
}

// canFraction reports whether fractions are traded.
func (a asset) canFraction() bool { return a.class != "us_option" && !a.noFraction }

// canShort reports whether it may be sold short.
func (a asset) canShort() bool { return a.class == "us_equity" && !a.noShort }

// canTradeOvernight reports whether it trades in the overnight session.
func (a asset) canTradeOvernight() bool { return slices.Contains(a.attributes, "overnight_tradable") }

// onMargin reports whether assets of a class may be bought on credit.
func onMargin(class string) bool { return class == "us_equity" }

// lot returns how many units of its price one quantity is worth: an option
// contract is for a hundred shares.
func lot(class string) decimal.Decimal {
	if class == "us_option" {
		return decimal.NewFromInt(100)
	}
	return decimal.NewFromInt(1)
}

// findTraded finds an asset or an option contract by its symbol or its id.
func (s *Sim) findTraded(symbolOrID string) (asset, bool) {
	if a, ok := s.findAsset(symbolOrID); ok {
		return a, true
	}
	c, ok := options.Parse(symbolOrID)
	if underlying, known := s.findAsset(c.Root); !ok || !known || underlying.class != "us_equity" {
		return asset{}, false
	}
	return asset{symbol: c.Symbol, name: c.Name(), class: "us_option"}, true
}

// nbbo is the best bid and offer of a symbol and what lies between.
type nbbo struct{ bid, mid, ask decimal.Decimal }

// at returns the price at which a side trades.
func (n nbbo) at(side string) decimal.Decimal {
	if side == "sell" {
		return n.bid
	}
	return n.ask
}

// nbboOf returns the NBBO of anything that findTraded finds.
func (s *Sim) nbboOf(symbol string) nbbo {
	if p := s.state.Prices[symbol]; p != nil {
		return nbbo{p.Bid(), p.Mid(), p.Ask()}
	}
	c, ok := options.Parse(symbol)
	if !ok {
		return nbbo{}
	}
	cent := decimal.New(1, -2)
	mid := decimal.Max(c.Worth(s.state.Prices[c.Root].Mid(), s.now()), cent)
	return nbbo{decimal.Max(mid.Sub(cent), cent), mid, mid.Add(cent)}
}
