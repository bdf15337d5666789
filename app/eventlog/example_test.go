package eventlog_test

import (
	"fmt"

	"paddock/app/eventlog"
)

// A client names the cursor after which it wants events, and how many it wants
// at most.
func ExampleParsePage() {
	after, most, err := eventlog.ParsePage("41", "")
	fmt.Println(after, most, err)
	_, _, err = eventlog.ParsePage("-1", "")
	fmt.Println(err)
	// Output:
	// 41 100 <nil>
	// invalid_since: Set "since" to the "resume" of the last event that you have, or to its cursor, a whole number from 0.
}
