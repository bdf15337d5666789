package alpacasim

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"github.com/shopspring/decimal"
)

// asset is something that is traded here.
type asset struct {
	symbol, name, class, exchange string
	cents                         int64 // where its price begins
}

// assets are all that the simulator trades.
var assets = []asset{
	{"AAPL", "Apple Inc.", "us_equity", "NASDAQ", 19_000},
	{"AMD", "Advanced Micro Devices, Inc.", "us_equity", "NASDAQ", 14_500},
	{"AMZN", "Amazon.com, Inc.", "us_equity", "NASDAQ", 18_500},
	{"GOOGL", "Alphabet Inc.", "us_equity", "NASDAQ", 17_000},
	{"META", "Meta Platforms, Inc.", "us_equity", "NASDAQ", 50_000},
	{"MSFT", "Microsoft Corporation", "us_equity", "NASDAQ", 42_000},
	{"NVDA", "NVIDIA Corporation", "us_equity", "NASDAQ", 12_500},
	{"QQQ", "Invesco QQQ Trust", "us_equity", "NASDAQ", 48_000},
	{"SPY", "SPDR S&P 500 ETF Trust", "us_equity", "ARCA", 55_000},
	{"TSLA", "Tesla, Inc.", "us_equity", "NASDAQ", 24_000},
	{"BTC/USD", "Bitcoin / US Dollar", "crypto", "CRYPTO", 6_500_000},
	{"ETH/USD", "Ethereum / US Dollar", "crypto", "CRYPTO", 320_000},
}

func findAsset(symbol string) (asset, bool) {
	for _, a := range assets {
		if strings.EqualFold(a.symbol, symbol) || strings.EqualFold(strings.ReplaceAll(a.symbol, "/", ""), symbol) {
			return a, true
		}
	}
	return asset{}, false
}

// price walks at random around where it began.
type price struct {
	Cents int64  `json:"cents"`
	Base  int64  `json:"base"`
	Steps uint64 `json:"steps"`
	Seed  uint64 `json:"seed"`
}

func newPrice(a asset, seed int64) *price {
	h := fnv.New64a()
	h.Write([]byte(a.symbol))
	return &price{Cents: a.cents, Base: a.cents, Seed: h.Sum64() ^ uint64(seed)}
}

// move takes one step: up to 0.02 % either way, drawn back a little to the
// base, so that a long run stays in sight of it.
func (p *price) move() {
	r := rand.New(rand.NewPCG(p.Seed, p.Steps))
	p.Steps++
	width := max(p.Base/5000, 1)
	p.Cents += r.Int64N(2*width+1) - width + (p.Base-p.Cents)/2000
	p.Cents = max(p.Cents, 1)
}

// The market buys a cent below and sells a cent above the price.
func (p *price) mid() decimal.Decimal { return decimal.New(p.Cents, -2) }
func (p *price) bid() decimal.Decimal { return decimal.New(max(p.Cents-1, 1), -2) }
func (p *price) ask() decimal.Decimal { return decimal.New(p.Cents+1, -2) }

// SetPrice moves a symbol to a price and its walk with it.
func (s *Sim) SetPrice(symbol string, to decimal.Decimal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.state.Prices[symbol]
	if ok {
		p.Cents = to.Shift(2).IntPart()
		p.Base = p.Cents
		s.moved = true
	}
	return ok
}
