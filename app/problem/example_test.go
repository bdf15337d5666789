package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"paddock/app/broker"
	"paddock/app/problem"
)

// A problem is an error with a stable code, which decides the status, and a
// sentence for a person. Its cause is for the log alone.
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

// An error that is no problem is internal: a person sees nothing of it.
func ExampleOf() {
	fmt.Println(problem.Of(errors.New("password=hunter2 is wrong")).Code)
	// Output: internal
}

// What the broker refused is passed on in its own words.
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
