package alpacasim

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// canFraction says whether parts of a share are traded.
func (a asset) canFraction() bool { return a.class != "us_option" }

// canShort says whether it may be sold without being held.
func (a asset) canShort() bool { return a.class == "us_equity" }

// canTradeOvernight says whether it trades in the overnight session.
func (a asset) canTradeOvernight() bool { return a.class == "us_equity" }

// onMargin says whether what is of a class may be bought on credit.
func onMargin(class string) bool { return class == "us_equity" }

// lot is how many units of its price one quantity is worth: an option contract
// is for a hundred shares.
func lot(class string) decimal.Decimal {
	if class == "us_option" {
		return decimal.NewFromInt(100)
	}
	return decimal.NewFromInt(1)
}

// findTraded finds an asset or an option contract by its symbol or its id.
func (s *Sim) findTraded(symbolOrID string) (asset, bool) {
	if a, ok := findAsset(symbolOrID); ok {
		return a, true
	}
	c, ok := parseContract(symbolOrID)
	if !ok {
		for _, a := range assets {
			if assetID(a.symbol) == symbolOrID {
				return a, true
			}
		}
		return asset{}, false
	}
	return asset{symbol: c.symbol, name: fmt.Sprintf("%s %s %s %s", c.root, c.expires.Format("Jan 02 2006"), c.strike, strings.ToUpper(c.kind)), class: "us_option"}, true
}

// nbbo is the best bid and offer of a symbol and what lies between.
type nbbo struct{ bid, mid, ask decimal.Decimal }

// at is what a side trades at.
func (n nbbo) at(side string) decimal.Decimal {
	if side == "sell" {
		return n.bid
	}
	return n.ask
}

// nbboOf is the market of anything that findTraded finds.
func (s *Sim) nbboOf(symbol string) nbbo {
	if p := s.state.Prices[symbol]; p != nil {
		return nbbo{p.bid(), p.mid(), p.ask()}
	}
	c, ok := parseContract(symbol)
	if !ok {
		return nbbo{}
	}
	cent := decimal.New(1, -2)
	mid := decimal.Max(c.worth(s.state.Prices[c.root].mid(), s.now()), cent)
	return nbbo{decimal.Max(mid.Sub(cent), cent), mid, mid.Add(cent)}
}
