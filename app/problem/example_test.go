package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"paddock/app/broker"
	"paddock/app/problem"
)

// A problem is an error with a stable code, which decides the HTTP status, and
// a sentence for a person. Its cause is for the log only.
func Example() {
	err := error(problem.New(problem.InvalidLimit, `Set "limit" between 1 and %d.`, 500).Because(errors.New("strconv: x is no number")))
	p := problem.Of(fmt.Errorf("list orders: %w", err))
	fmt.Println(p.Code, p.Kind().Status())
	fmt.Println(p.Message)
	fmt.Println(problem.Is(err, problem.InvalidLimit))
	// Output:
	// invalid_limit 400
	// Set "limit" between 1 and 500.
	// true
}

// An error that is not a problem becomes an internal one, which shows a person
// nothing of it.
func ExampleOf() {
	fmt.Println(problem.Of(errors.New("password=hunter2 is wrong")).Code)
	// Output: internal
}

// A refusal by the broker is passed on with the broker's message.
func ExampleFromBroker() {
	err := problem.FromBroker(&broker.Error{Kind: broker.Invalid, HTTPStatus: 422, Code: 42210000, Message: "qty must be > 0"})
	p := problem.Of(err)
	fmt.Println(p.Code, "-", p.Message)
	text, _ := json.Marshal(p.Broker)
	fmt.Println(string(text))
	// Output:
	// broker_refused - Alpaca refused the request: qty must be > 0.
	// {"code":42210000,"message":"qty must be \u003e 0"}
}
