package alpacasim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/shopspring/decimal"
)

// Seed is the initial state of a simulator, as in a seed file. Each part may be
// absent.
type Seed struct {
	Accounts []AccountSeed              `json:"accounts"`
	Prices   map[string]decimal.Decimal `json:"prices"` // dollars by symbol
	Assets   []AssetSeed                `json:"assets"`
	Market   MarketSeed                 `json:"market"`
}

// MarketSeed is when the market trades and what time it is there.
type MarketSeed struct {
	AlwaysOpen *bool      `json:"always_open"` // true when absent
	Clock      *time.Time `json:"clock"`       // the machine's time when absent
}

// PositionSeed is a position that an account has at the start, besides its
// cash.
type PositionSeed struct {
	Symbol string          `json:"symbol"`
	Qty    decimal.Decimal `json:"qty"`             // negative: sold short
	Avg    decimal.Decimal `json:"avg_entry_price"` // dollars; the opening price when absent
}

// ReadSeed parses a seed file, or a bare list of accounts. Unknown names are
// errors, because they are misspelt.
func ReadSeed(r io.Reader) (Seed, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return Seed{}, fmt.Errorf("read the seed: %w", err)
	}
	var seed Seed
	var into any = &seed
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		into = &seed.Accounts
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return Seed{}, fmt.Errorf("the seed is not what it must be: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Seed{}, errors.New("something stands after the seed")
	}
	return seed, nil
}

// Apply sets the parts of a configuration that the seed has.
func (s Seed) Apply(c *Config) {
	if s.Accounts != nil {
		c.Accounts = s.Accounts
	}
	if s.Prices != nil {
		c.Prices = s.Prices
	}
	if s.Assets != nil {
		c.Assets = s.Assets
	}
	if s.Market.AlwaysOpen != nil {
		c.Hours = !*s.Market.AlwaysOpen
	}
	if s.Market.Clock != nil {
		c.Start = *s.Market.Clock
	}
}

// checkSeeds returns what is wrong with the initial accounts and prices.
func (s *Sim) checkSeeds() error {
	for symbol, to := range s.config.Prices {
		if a, ok := s.findAsset(symbol); !ok || a.symbol != symbol {
			return fmt.Errorf("there is a price for %s, which is no asset here: list it among the assets", symbol)
		}
		if !to.IsPositive() {
			return fmt.Errorf("the price of %s is %s: it must be above 0", symbol, to)
		}
	}
	for _, a := range s.config.Accounts {
		if a.KeyID == "" || a.SecretKey == "" {
			return errors.New("an account lacks its key_id or its secret_key")
		}
		if _, err := a.settings(); err != nil {
			return fmt.Errorf("the configuration of the account %s is not what it must be: %w", a.KeyID, err)
		}
		if a.Cash.IsNegative() {
			return fmt.Errorf("the account %s has the cash %s: it must not be negative", a.KeyID, a.Cash)
		}
		if err := s.checkHistory(a); err != nil {
			return err
		}
		for _, p := range a.Positions {
			known, ok := s.findAsset(p.Symbol)
			switch {
			case !ok:
				return fmt.Errorf("the account %s holds %s, which is no asset here: list it among the assets", a.KeyID, p.Symbol)
			case p.Qty.IsZero():
				return fmt.Errorf("the account %s holds 0 of %s: leave it out", a.KeyID, p.Symbol)
			case p.Qty.IsNegative() && (known.noShort || known.class == "crypto"):
				return fmt.Errorf("the account %s is short of %s, which cannot be sold short", a.KeyID, p.Symbol)
			case p.Avg.IsNegative():
				return fmt.Errorf("the account %s holds %s at %s: it must not be negative", a.KeyID, p.Symbol, p.Avg)
			}
		}
	}
	return nil
}

// settings returns an account's initial configuration.
func (a AccountSeed) settings() (settings, error) {
	first := defaultSettings()
	if len(a.Configuration) == 0 {
		return first, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(a.Configuration))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&first); err != nil {
		return first, err
	}
	if bad := first.check(); bad != nil {
		return first, errors.New(bad.message)
	}
	return first, nil
}

// hold gives a new account its initial positions. s.mu is held.
func (s *Sim) hold(a *account, seeds []PositionSeed) {
	for _, seed := range seeds {
		known, ok := s.findAsset(seed.Symbol)
		if !ok || seed.Qty.IsZero() {
			continue
		}
		if seed.Avg.IsZero() {
			seed.Avg = s.state.Prices[known.symbol].Mid()
		}
		a.Positions[known.symbol] = &position{Symbol: known.symbol, Qty: seed.Qty, Avg: seed.Avg, DayAvg: seed.Avg}
	}
	a.Opening = s.reckon(a).equity
	a.LastEquity = a.Opening
}
