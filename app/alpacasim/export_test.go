package alpacasim

// Patterns returns the patterns of all endpoints that need keys.
func (s *Sim) Patterns() []string {
	var all []string
	note := func(pattern string, _ accountHandler) { all = append(all, pattern) }
	s.tradingRoutes(note)
	s.referenceRoutes(note)
	s.dataRoutes(note)
	return all
}

// AllFaults are the names of all faults.
var AllFaults = allFaults
