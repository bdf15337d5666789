package alpacasim

import (
	"cmp"
	"slices"
	"strings"

	"paddock/app/alpacasim/internal/options"
)

// hasChain reports whether options are listed on an asset.
func (a asset) hasChain() bool { return slices.Contains(a.attributes, "has_options") && !a.inactive }

// contracts lists the chains of the named underlyings, or of all, sorted by
// symbol.
func (s *Sim) contracts(underlyings []string) []options.Contract {
	var all []options.Contract
	now, _ := s.present()
	for _, a := range s.assets {
		if a.hasChain() && (len(underlyings) == 0 || slices.ContainsFunc(underlyings, func(name string) bool { return strings.EqualFold(name, a.symbol) })) {
			all = append(all, options.Chain(a.symbol, a.cents, now)...)
		}
	}
	slices.SortFunc(all, func(a, b options.Contract) int { return cmp.Compare(a.Symbol, b.Symbol) })
	return all
}

// findContract finds a contract by its symbol or id.
func (s *Sim) findContract(name string) (options.Contract, bool) {
	for _, c := range s.contracts(nil) {
		if strings.EqualFold(c.Symbol, name) || assetID(c.Symbol) == name {
			return c, true
		}
	}
	return options.Contract{}, false
}
