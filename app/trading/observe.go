package trading

import "paddock/app/problem"

// What becomes of a request for an order.
const (
	orderAccepted    = "accepted"      // the broker has it
	orderUnclear     = "unclear"       // the broker's answer was lost: it is looked up
	orderProposed    = "proposed"      // it waits for a person's word
	orderRetry       = "retry"         // it was asked for before, and nothing was sent
	orderRejected    = "rejected"      // the broker refused it
	orderUnsent      = "unsent"        // it surely never reached the broker
	orderGuarded     = "guard_refused" // a guard refused it
	orderUnavailable = "unavailable"   // the database did not take it
	orderRefused     = "refused"       // anything else stood in its way
)

// OrderResults returns every result of a request for an order.
func OrderResults() []string {
	return []string{orderAccepted, orderUnclear, orderProposed, orderRetry, orderRejected, orderUnsent, orderGuarded, orderUnavailable, orderRefused}
}

// Guards returns the name of every guard that can refuse an order.
func Guards() []string {
	return []string{
		"switch", "reduce_only", "allowed_symbols", "allowed_sides", "max_position_qty", "max_position_notional", "unmeasured",
		"sleeve", "sleeves", "sleeve_cash", "sleeve_position", "sleeve_switch", "sleeve_allowed_symbols", "sleeve_max_order_notional", "sleeve_max_position_notional", "sleeve_max_drawdown",
		"max_order_notional", "max_open_orders", "orders_per_minute", "orders_per_day", "daily_loss_limit",
		"max_drawdown", "max_refusals", "heartbeat", "approval", "exercise",
	}
}

// observeOrder tells the observer what became of a request for an order.
func (s *Service) observeOrder(placed Placed, retry bool, err error) {
	if s.OnOrder == nil {
		return
	}
	switch {
	case retry:
		s.OnOrder(orderRetry)
	case err == nil && placed.Job != nil:
		s.OnOrder(orderProposed)
	case err == nil && placed.Known:
		s.OnOrder(orderAccepted)
	case err == nil:
		s.OnOrder(orderUnclear)
	default:
		s.OnOrder(refusedAs(problem.Of(err)))
	}
}

func refusedAs(p *problem.Problem) string {
	switch {
	case p.Code == problem.GuardRefused:
		return orderGuarded
	case p.Code == problem.OrderRejected:
		return orderRejected
	case p.Code == problem.BrokerUnavailable, p.Code == problem.BrokerRateLimited, p.Code == problem.NeedsCredentials:
		return orderUnsent
	case p.Code == problem.DatabaseUnavailable:
		return orderUnavailable
	}
	return orderRefused
}

// observeGuards tells the observer which guards refuse an order.
func (s *Service) observeGuards(v verdict) {
	if s.OnGuard == nil {
		return
	}
	for _, violation := range v.Violations {
		s.OnGuard(violation.Guard)
	}
}
