package trading

import (
	"encoding/json"
	"errors"
	"strings"

	"paddock/app/broker"
	"paddock/app/problem"
)

// rejected is the problem of an order that the broker refused, the first time
// and at each retry.
func rejected(said problem.Broker) *problem.Problem {
	p := problem.New(problem.OrderRejected, "%s", sentence("Alpaca refused the order", said.Message))
	p.Broker = &said
	return p
}

// sentence appends the broker's words to ours; it may have given none.
func sentence(ours, theirs string) string {
	if theirs == "" {
		return ours + " without a reason."
	}
	return ours + ": " + theirs
}

// collided adds the order with which this one would have traded.
func collided(p *problem.Problem, id string, order json.RawMessage) *problem.Problem {
	collisions := []json.RawMessage{}
	if len(order) > 0 { // an order placed elsewhere just now is not known here yet
		collisions = append(collisions, order)
	}
	p.Details = map[string]any{"existing_order_id": id, "collisions": collisions}
	p.Message = strings.TrimSuffix(p.Message, ".") + ". It would trade with your own order " + id + ": cancel that one first, or let one bracket or oco order do both."
	return p
}

// refusedClientOrderID reports whether the broker refused an order for its
// client_order_id.
func refusedClientOrderID(err error) bool {
	var refusal *broker.Error
	return errors.As(err, &refusal) && refusal.Kind == broker.Invalid && strings.Contains(refusal.Message, "client_order_id")
}
