package alpacasim

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/prices"
	"paddock/app/alpacasim/internal/statefile"
)

// state is everything that survives a restart.
type state struct {
	Counter    uint64                     `json:"counter"`
	LastULID   int64                      `json:"last_ulid"` // milliseconds; never goes back
	Offset     time.Duration              `json:"offset"`    // of the simulator's time from its clock
	Hours      bool                       `json:"hours"`     // the market keeps New York's hours
	CryptoFees bool                       `json:"crypto_fees,omitempty"`
	FeeShape   FeeShape                   `json:"fee_shape,omitempty"`
	Halted     map[string]bool            `json:"halted,omitempty"`
	FillPlans  map[string]int             `json:"fill_plans,omitempty"` // in how many parts orders are filled
	LastClose  time.Time                  `json:"last_close"`           // the last close of which the figures were taken
	Closes     map[string]decimal.Decimal `json:"closes,omitempty"`     // the prices at that close
	Prices     map[string]*prices.Walk    `json:"prices,omitempty"`
	Accounts   map[string]*account        `json:"accounts,omitempty"` // by id
}

// The state file's first line is a whole state. Each later line has the same form
// and what changed: current figures, and of lists that only grow the entries that
// are new or changed.

// unsaved is what the state file lacks of an account.
type unsaved struct {
	account    bool
	orders     []*order
	executions []*Execution
	events     int // how many events it has
	activities int
	days       bool // equity by days
}

// touch marks an account, and orders of it, as changed. s.mu is held.
func (s *Sim) touch(a *account, orders ...*order) {
	a.unsaved.account = true
	for _, o := range orders {
		if !o.unsaved {
			o.unsaved = true
			a.unsaved.orders = append(a.unsaved.orders, o)
		}
	}
}

// add puts a new order into an account's book.
func (s *Sim) add(a *account, o *order) {
	a.add(o)
	s.happened(a, "placed", o, nil, "")
	s.touch(a, o)
}

// load reads the state file, if there is one, and opens every asset's market.
func (s *Sim) load() error {
	s.state = state{
		Hours: s.config.Hours, Prices: map[string]*prices.Walk{}, Accounts: map[string]*account{},
		Halted: map[string]bool{}, FillPlans: map[string]int{}, Closes: map[string]decimal.Decimal{},
	}
	if !s.config.Start.IsZero() {
		s.state.Offset = s.config.Start.Sub(s.config.Clock())
	}
	if s.config.StateFile != "" {
		lines, err := statefile.Read(s.config.StateFile)
		if err != nil {
			return fmt.Errorf("read the simulator's state: %w", err)
		}
		if err := s.replay(lines); err != nil {
			return fmt.Errorf("the simulator's state in %s cannot be read (%w): move it away to start afresh", s.config.StateFile, err)
		}
	}
	for _, a := range s.assets {
		if s.state.Prices[a.symbol] == nil {
			s.state.Prices[a.symbol] = s.newPrice(a)
		}
	}
	for _, a := range s.state.Accounts {
		if a.Settings == (settings{}) { // from before there were settings
			a.Settings, a.LastEquity = defaultSettings(), a.Opening
		}
		a.index()
		s.open(a)
	}
	if s.state.LastClose.IsZero() {
		s.state.LastClose = calendar.LastClose(s.now())
	}
	if s.config.StateFile != "" {
		s.stateFile = statefile.New(s.config.StateFile)
		s.rewrite()
	}
	return nil
}

// replay builds the state from a file's lines.
func (s *Sim) replay(lines [][]byte) error {
	found := map[string]*index{}
	for _, line := range lines {
		var changed state
		if err := json.Unmarshal(line, &changed); err != nil {
			return err
		}
		s.merge(changed, found)
	}
	return nil
}

// index has the position of each id in an account's lists.
type index struct{ orders, executions map[string]int }

// merge applies a line's changes to the state.
func (s *Sim) merge(changed state, found map[string]*index) {
	was := s.state
	s.state = changed
	s.state.Prices, s.state.Closes, s.state.Accounts = was.Prices, was.Closes, was.Accounts
	if s.state.Halted == nil {
		s.state.Halted = map[string]bool{}
	}
	if s.state.FillPlans == nil {
		s.state.FillPlans = map[string]int{}
	}
	maps.Copy(s.state.Prices, changed.Prices)
	maps.Copy(s.state.Closes, changed.Closes)
	for id, a := range changed.Accounts {
		at := found[id]
		if at == nil {
			at = &index{map[string]int{}, map[string]int{}}
			found[id] = at
		}
		before := s.state.Accounts[id]
		if before == nil {
			before = &account{}
		}
		orders, executions := before.Orders, before.Executions
		for _, o := range a.Orders {
			orders = upsert(orders, at.orders, o.ID, o)
		}
		for _, x := range a.Executions {
			executions = upsert(executions, at.executions, x.ID, x)
		}
		a.Events = append(before.Events, a.Events...)
		a.Activities = append(before.Activities, a.Activities...)
		a.Orders, a.Executions = orders, executions
		if len(a.Equity.Days) == 0 {
			a.Equity = before.Equity
		}
		s.state.Accounts[id] = a
	}
}

func upsert[T any](list []T, at map[string]int, id string, item T) []T {
	if i, known := at[id]; known {
		list[i] = item
		return list
	}
	at[id] = len(list)
	return append(list, item)
}

// save appends what has changed to the state file, in one write, before the
// response is sent. s.mu is held.
func (s *Sim) save() {
	if changed := s.takeUnsaved(); len(changed) > 0 {
		s.append(changed)
	}
}

// saveAll appends even when no account has changed.
func (s *Sim) saveAll() { s.append(s.takeUnsaved()) }

// takeUnsaved returns what has changed of each account since the last call.
func (s *Sim) takeUnsaved() map[string]*account {
	all := map[string]*account{}
	for _, a := range s.inOrder {
		if a.unsaved.account {
			all[a.ID] = a.changes()
		}
	}
	return all
}

// changes returns the account with only those list entries that the file
// lacks.
func (a *account) changes() *account {
	c := *a
	c.Orders, c.Executions = a.unsaved.orders, a.unsaved.executions
	c.Events, c.Activities = a.Events[a.unsaved.events:], a.Activities[a.unsaved.activities:]
	for _, o := range a.unsaved.orders {
		o.unsaved = false
	}
	if !a.unsaved.days {
		c.Equity = equityBook{}
	}
	a.unsaved = unsaved{events: len(a.Events), activities: len(a.Activities)}
	return &c
}

// append writes one line. If that fails the simulator stops, because it cannot
// keep its promise.
func (s *Sim) append(changed map[string]*account) {
	if s.stateFile == nil {
		return
	}
	line := s.state
	line.Accounts = changed
	if !s.moved {
		line.Prices, line.Closes = nil, nil
	}
	s.moved = false
	if err := s.stateFile.Append(line); err != nil {
		panic(fmt.Sprintf("alpacasim: keep the state: %v", err))
	}
	if s.stateFile.IsLong() {
		s.rewrite()
	}
}

// rewrite replaces the state file by the whole state. If that fails the simulator
// stops.
func (s *Sim) rewrite() {
	if err := s.stateFile.Replace(s.state); err != nil {
		panic(fmt.Sprintf("alpacasim: keep the state: %v", err))
	}
	for _, a := range s.state.Accounts {
		a.changes()
	}
}
