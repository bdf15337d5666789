package eventlog_test

import (
	"fmt"

	"paddock/app/eventlog"
)

// A reader says after which cursor it goes on, and how many events it wants.
func ExampleParsePage() {
	after, most, err := eventlog.ParsePage("41", "")
	fmt.Println(after, most, err)
	_, _, err = eventlog.ParsePage("-1", "")
	fmt.Println(err)
	// Output:
	// 41 100 <nil>
	// invalid_since: Set "since" to the cursor of the last event that you have, a whole number from 0.
}
