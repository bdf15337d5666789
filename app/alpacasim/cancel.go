package alpacasim

// cancel cancels an open order, or begins to, where a fault is to stop it.
func (s *Sim) cancel(a *account, o *order) *refusal {
	if !o.cancelable() || o.isMultiLeg() {
		return refuse(422, 42210000, "order is already in %q state", o.Status)
	}
	for _, fault := range []Fault{CancelRace, CancelReject} {
		if o.Status == "held" || o.OrderClass == "mleg" {
			break
		}
		if s.met(fault, "", a) {
			o.Was, o.Status, o.Doom = o.Status, "pending_cancel", fault
			s.emit(a, "pending_cancel", o, update{})
			return nil
		}
	}
	s.finish(a, o, "canceled")
	return nil
}

// doom carries out, at the next move of the market, what a fault decided
// before.
func (s *Sim) doom(a *account, o *order) {
	fault := o.Doom
	o.Doom = ""
	switch fault {
	case CancelRace, CancelReject:
		o.Status, o.Was = o.Was, ""
		s.emit(a, "order_cancel_rejected", o, update{})
		if fault == CancelRace {
			s.fillAnyway(a, o)
		}
	case ReplaceReject:
		old := a.byID[*o.Replaces]
		s.conclude(a, o, "rejected")
		s.emit(a, "rejected", o, update{})
		if old.Status != "pending_replace" {
			return // it was closed together with another order meanwhile
		}
		old.Status, old.Was = old.Was, ""
		s.emit(a, "order_replace_rejected", old, update{})
	}
}

// fillAnyway fills the rest of an order that the market reached while it was
// being canceled.
func (s *Sim) fillAnyway(a *account, o *order) {
	at := s.nbboOf(o.Symbol).at(o.Side)
	switch {
	case o.LimitPrice != nil:
		at = *o.LimitPrice
	case o.StopPrice != nil:
		at = *o.StopPrice
	}
	if o.Qty == nil && o.Target == nil {
		target := o.rest(at)
		o.Target = &target
	}
	if rest := o.rest(at); rest.IsPositive() {
		s.fill(a, o, rest, at)
	}
}
