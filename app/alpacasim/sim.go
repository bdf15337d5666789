package alpacasim

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/statefile"
)

// Config is what is simulated. Zero values take the defaults.
type Config struct {
	Seed      int64
	Accounts  []AccountSeed
	Tick      time.Duration    // between two moves of the market; 250 ms
	FillDelay time.Duration    // how long a market order stays new; 300 ms
	Clock     func() time.Time // time.Now
	// Hours makes the market keep New York's hours from the first start on;
	// without it the market never closes. SetAlwaysOpen changes it at run time.
	Hours bool
	// Start is the simulator's time at its first start; it goes on from there.
	// Zero is the clock's own time, or TestClock's when there is no Clock
	// either.
	Start time.Time
	// Prices are the symbols' first prices, in dollars.
	Prices map[string]decimal.Decimal
	// Assets are additional assets; one with a known symbol replaces it.
	Assets []AssetSeed
	// RateLimit is how many requests an account may make a minute, of trading
	// and of market data each: 200 at Alpaca. 0 counts them and refuses none.
	RateLimit int
	// Faults are injected from the start on.
	Faults []Injection
	// StreamRefusal is the initial status of RefuseStreamsWith.
	StreamRefusal int
	// StateFile holds the whole book with every answered change, so that a
	// killed simulator resumes where it was. "" keeps the book in memory.
	StateFile string
	// History records events, in their true order, for the method History.
	History bool
	// Control serves /_sim/, by which tests control the simulator, to loopback
	// alone.
	Control bool
	// Heartbeat is the time between two signs of life of a quiet stream; 10 s.
	Heartbeat time.Duration
	// Reap is how long the place of a closed WebSocket stays taken: until then
	// its account gets no other.
	Reap   time.Duration
	Logger *slog.Logger
}

// AccountSeed is an account that the simulator opens.
type AccountSeed struct {
	KeyID     string          `json:"key_id"`
	SecretKey string          `json:"secret_key"`
	Cash      decimal.Decimal `json:"cash"` // 0 takes 100,000
	Positions []PositionSeed  `json:"positions,omitempty"`
	// Configuration has the fields that differ from a new account's, as in
	// PATCH /v2/account/configurations.
	Configuration json.RawMessage `json:"configuration,omitempty"`
	// History are orders from before the start.
	History *HistorySeed `json:"history,omitempty"`
}

// Sim is a simulated Alpaca.
type Sim struct {
	config Config
	assets []asset
	faults faults
	limits *limits

	mu        sync.Mutex
	state     state
	byKey     map[string]*account
	inOrder   []*account                   // in the same order in every run
	stateFile *statefile.File              // nil without Config.StateFile
	moved     bool                         // prices are not saved yet
	day       struct{ from, to time.Time } // between which two closes the last look at the clock fell
	sockets   map[*account]time.Time       // accounts whose WebSocket place is taken, and until when if it is closed
	changed   chan struct{}                // closed and replaced when there are events
	cut       chan struct{}                // closed and replaced to cut the streams
}

// New makes a simulator, with the state of its file if there is one.
func New(c Config) (*Sim, error) {
	if c.Tick == 0 {
		c.Tick = 250 * time.Millisecond
	}
	if c.FillDelay == 0 {
		c.FillDelay = 300 * time.Millisecond
	}
	if err := c.startFromEnvironment(); err != nil {
		return nil, err
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 10 * time.Second
	}
	s := &Sim{config: c, changed: make(chan struct{}), cut: make(chan struct{}), byKey: map[string]*account{}, sockets: map[*account]time.Time{}, limits: newLimits(c.RateLimit)}
	s.RefuseStreamsWith(c.StreamRefusal)
	for _, in := range c.Faults {
		s.InjectFor(in)
	}
	s.faults.dice = rand.New(rand.NewPCG(uint64(c.Seed), 1))
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

// AddAccount opens an account. An account with a known key keeps its book.
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
	if settings, err := seed.settings(); err == nil { // New has refused others
		a.Settings = settings
	}
	s.hold(a, seed.Positions)
	s.remember(a, seed.History)
	s.state.Accounts[a.ID] = a
	s.open(a)
	s.touch(a)
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

// open registers an account under its key.
func (s *Sim) open(a *account) {
	s.byKey[a.KeyID] = a
	s.inOrder = append(s.inOrder, a)
	slices.SortFunc(s.inOrder, func(a, b *account) int { return strings.Compare(a.ID, b.ID) })
}

// Halt stops all trading in a symbol, or resumes it. Orders wait meanwhile.
func (s *Sim) Halt(symbol string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.Halted, symbol)
	if on {
		s.state.Halted[symbol] = true
	}
	s.saveAll()
}

// SetFillPlan makes orders of a symbol fill in equal parts, one at each move of
// the market. With 0, orders from 1,000 on fill in two parts, and others at
// once.
func (s *Sim) SetFillPlan(symbol string, parts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.FillPlans, symbol)
	if parts > 0 {
		s.state.FillPlans[symbol] = parts
	}
	s.saveAll()
}
