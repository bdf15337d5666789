package paging_test

import (
	"fmt"

	"paddock/app/paging"
)

// A client gives a limit, and the next_cursor of the page before. Without a
// cursor it gets the newest page.
func ExampleParse() {
	page, err := paging.Parse("", "")
	fmt.Println(page.Limit, err)
	_, err = paging.Parse("0", "")
	fmt.Println(err)
	_, err = paging.Parse("", "yesterday")
	fmt.Println(err)
	// Output:
	// 50 <nil>
	// invalid_limit: Set "limit" between 1 and 500.
	// invalid_cursor: Give "before" as next_cursor came, or leave it out.
}
