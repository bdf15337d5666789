package alpacasim

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// load reads the state file, if there is one, and opens every asset's market.
func (s *Sim) load() error {
	s.state = state{Prices: map[string]*price{}, Accounts: map[string]*account{}, Hours: s.config.Hours}
	if !s.config.Start.IsZero() {
		s.state.Offset = s.config.Start.Sub(s.config.Clock())
	}
	if s.config.StateFile != "" {
		text, err := os.ReadFile(s.config.StateFile)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return fmt.Errorf("read the simulator's state: %w", err)
		default:
			if err := json.Unmarshal(text, &s.state); err != nil {
				return fmt.Errorf("the simulator's state in %s cannot be read (%w): move it away to start afresh", s.config.StateFile, err)
			}
		}
	}
	for _, a := range s.assets {
		if s.state.Prices[a.symbol] == nil {
			s.state.Prices[a.symbol] = s.newPrice(a)
		}
	}
	for _, a := range s.state.Accounts {
		s.byKey[a.KeyID] = a
	}
	return nil
}

// save writes the state, whole and in one step, before its effect is answered.
// A simulator that cannot keep its promise stops. s.mu is held.
func (s *Sim) save() {
	if s.config.StateFile == "" {
		return
	}
	text, err := json.Marshal(s.state)
	if err == nil {
		err = os.WriteFile(s.config.StateFile+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(s.config.StateFile+".new", s.config.StateFile)
	}
	if err != nil {
		panic(fmt.Sprintf("alpacasim: keep the state: %v", err))
	}
}
