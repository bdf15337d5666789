package alpacasim

// siblings returns the other legs of an order's parent, or, for an oco order
// and its stop, each other.
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

// afterFill sends the exits of a filled order to the market, and cancels those
// that another exit has made unnecessary.
func (s *Sim) afterFill(a *account, o *order) {
	if o.Status != "filled" {
		return
	}
	for _, other := range a.siblings(o) {
		switch {
		case !other.open():
		case other.Status == "held":
			// Alpaca does not always send an update for the leg that was never
			// at the market: only a look-up shows that it is closed.
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
			continue // while its take-profit is at the market, a bracket's stop is only watched
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

// followPartner sets the quantity of a held stop to what its take-profit has
// left to fill.
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

// activePair returns the take-profit at the market behind which a stop is held.
func (s *Sim) activePair(a *account, o *order) *order {
	for _, other := range a.siblings(o) {
		if other.open() && other.Status != "held" && other.Doom == "" {
			return other
		}
	}
	return nil
}

// afterEnd closes what depended on an order that was canceled or has expired.
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
		if !other.isMultiLeg() { // a multi-leg order's update covers its legs
			s.emit(a, status, other, update{})
		}
	}
}
