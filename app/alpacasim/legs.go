package alpacasim

// siblings are the other legs of an order's parent, or, of an oco order and
// its stop, each other.
func (a *account) siblings(o *order) []*order {
	if o.OrderClass == "oco" && o.Parent == "" {
		return o.legs
	}
	parent := a.byID[o.Parent]
	if parent == nil || o.Parent == "" || o.isMultiLeg() {
		return nil
	}
	var others []*order
	if parent.OrderClass == "oco" {
		others = append(others, parent)
	}
	for _, leg := range parent.legs {
		if leg != o {
			others = append(others, leg)
		}
	}
	return others
}

// afterFill lets the exits of an order that is filled go to the market, and
// ends those that another exit has made needless.
func (s *Sim) afterFill(a *account, o *order) {
	if o.Status != "filled" {
		return
	}
	for _, other := range a.siblings(o) {
		switch {
		case !other.open():
		case other.Status == "held":
			// Alpaca does not always tell that the leg which never was at the
			// market is over: only looking the order up shows it.
			s.conclude(a, other, "canceled")
		default:
			s.conclude(a, other, "canceled")
			s.emit(a, "canceled", other, update{})
		}
	}
	if o.OrderClass != "bracket" && o.OrderClass != "oto" {
		return
	}
	for _, leg := range o.legs {
		if leg.Status != "held" || o.OrderClass == "bracket" && leg.Type != "limit" {
			continue // a bracket's stop is watched, not sent, while its take-profit is at the market
		}
		s.begin(a, leg)
	}
}

// watch cancels the take-profit when the market reaches the stop that is held
// behind it, and sends the stop instead.
func (s *Sim) watch(a *account, o *order) {
	active := s.activePair(a, o)
	if active == nil || o.StopPrice == nil || !s.trades(a, o) || s.state.Halted[o.Symbol] {
		return
	}
	at := s.nbboOf(o.Symbol).at(o.Side)
	if o.Side == "buy" && at.LessThan(*o.StopPrice) || o.Side == "sell" && at.GreaterThan(*o.StopPrice) {
		return
	}
	s.conclude(a, active, "canceled")
	s.emit(a, "canceled", active, update{})
	s.begin(a, o)
}

// followPartner lets the stop that is held behind a take-profit be for what that
// has left to fill.
func (s *Sim) followPartner(a *account, o *order) {
	if o.Status != "partially_filled" || o.Qty == nil {
		return
	}
	for _, other := range a.siblings(o) {
		if other.Status == "held" {
			left := o.Qty.Sub(o.FilledQty)
			other.Qty, other.UpdatedAt = &left, s.now()
			s.touch(a, other)
		}
	}
}

// activePair is the take-profit at the market that a held stop stands behind.
func (s *Sim) activePair(a *account, o *order) *order {
	for _, other := range a.siblings(o) {
		if other.open() && other.Status != "held" && other.Doom == "" {
			return other
		}
	}
	return nil
}

// afterEnd ends what depended on an order that was canceled or has expired.
func (s *Sim) afterEnd(a *account, o *order, status string) {
	dependents := a.siblings(o)
	if o.Parent == "" {
		dependents = o.legs
	}
	for _, other := range dependents {
		if !other.open() {
			continue
		}
		s.conclude(a, other, status)
		if !other.isMultiLeg() { // whose end its parent's tells
			s.emit(a, status, other, update{})
		}
	}
}
