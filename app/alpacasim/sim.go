// Package alpacasim is a simulated Alpaca. It speaks Alpaca's own wire
// protocol, so that the official SDK works against it unchanged: accounts by
// key, orders that are filled against a moving price, positions, market data,
// and the stream of trade updates. With a seed, a clock and the same requests
// it does the same things.
package alpacasim

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"
)

// Config says what is simulated. Zero values take the defaults.
type Config struct {
	Seed      int64
	Accounts  []AccountSeed
	Tick      time.Duration    // between two moves of the market; 250 ms
	FillDelay time.Duration    // how long a market order stays new; 300 ms
	Clock     func() time.Time // time.Now
	// Hours lets the market keep New York's hours from the first start on;
	// without, it never closes. SetAlwaysOpen changes it while it runs.
	Hours bool
	// Start is the simulator's time when it starts afresh; it goes on from
	// there. Zero is the clock's own time.
	Start time.Time
	// Prices are where symbols begin when it starts afresh, in dollars.
	Prices map[string]decimal.Decimal
	// Assets are traded beside those that are always there; one of a known
	// symbol takes its place.
	Assets []AssetSeed
	// RateLimit is how many requests an account may make a minute, of trading
	// and of market data each: 200 at Alpaca. 0 counts them and refuses none.
	RateLimit int
	// StateFile keeps the whole book: what was answered is in it, so that a
	// simulator that is killed goes on where it was. "" keeps it in memory.
	StateFile string
	// Control serves /_sim/, by which tests make faults. For loopback alone.
	Control bool
	Logger  *slog.Logger
}

// AccountSeed is an account that the simulator opens.
type AccountSeed struct {
	KeyID     string          `json:"key_id"`
	SecretKey string          `json:"secret_key"`
	Cash      decimal.Decimal `json:"cash"` // 0 takes 100,000
	Positions []PositionSeed  `json:"positions,omitempty"`
}

// Sim is a simulated Alpaca.
type Sim struct {
	config Config
	assets []asset
	faults faults
	limits *limits

	mu      sync.Mutex
	state   state
	byKey   map[string]*account
	changed chan struct{} // closed and made anew when there are events
	cut     chan struct{} // closed and made anew to cut the streams
}

// state is everything that survives a restart.
type state struct {
	Counter  uint64              `json:"counter"`
	LastULID int64               `json:"last_ulid"` // milliseconds; never goes back
	Offset   time.Duration       `json:"offset"`    // of the simulator's time from its clock
	Hours    bool                `json:"hours"`     // the market closes, as New York's does
	Prices   map[string]*price   `json:"prices"`
	Accounts map[string]*account `json:"accounts"` // by id
}

// New makes a simulator, with the state that its file holds.
func New(c Config) (*Sim, error) {
	if c.Tick == 0 {
		c.Tick = 250 * time.Millisecond
	}
	if c.FillDelay == 0 {
		c.FillDelay = 300 * time.Millisecond
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Sim{config: c, changed: make(chan struct{}), cut: make(chan struct{}), byKey: map[string]*account{}, limits: newLimits(c.RateLimit)}
	if err := s.openMarkets(c.Assets); err != nil {
		return nil, err
	}
	if err := s.checkSeeds(); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	for _, a := range c.Accounts {
		s.AddAccount(a)
	}
	return s, nil
}

// AddAccount opens an account. One whose key is known keeps its book.
func (s *Sim) AddAccount(seed AccountSeed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.byKey[seed.KeyID]; there {
		return
	}
	if seed.Cash.IsZero() {
		seed.Cash = decimal.NewFromInt(100_000)
	}
	a := newAccount(seed, s.now())
	s.hold(a, seed.Positions)
	s.state.Accounts[a.ID] = a
	s.byKey[seed.KeyID] = a
	s.save()
}

// Run moves the market until ctx ends.
func (s *Sim) Run(ctx context.Context) error {
	tick := time.NewTicker(s.config.Tick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.CutStreams()
			return nil
		case <-tick.C:
			s.Step()
		}
	}
}

// Step moves the market once: prices, then the orders that they fill.
func (s *Sim) Step() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, a := range s.assets {
		p := s.state.Prices[a.symbol]
		p.move(newTape(a, s.config.Seed, p.Base).at(now))
	}
	filled := false
	for _, id := range slices.Sorted(maps.Keys(s.state.Accounts)) { // in the same order in every run
		a := s.state.Accounts[id]
		for _, o := range a.openOrders() {
			filled = s.tryFill(a, o) || filled
		}
	}
	s.recordEquity()
	if filled {
		s.save()
	}
}
