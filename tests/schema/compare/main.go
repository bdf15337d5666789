// Command compare prints what two databases' schemas differ in, one fact a
// line: go run ./tests/schema/compare URL URL. A line that begins with - is in
// the first only, one with + in the second only. The exit status is 1 if there
// is a difference.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/jackc/pgx/v5"

	"paddock/tests/schema"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: compare URL URL")
		os.Exit(2)
	}
	before, after := facts(os.Args[1]), facts(os.Args[2])
	differ := false
	for _, line := range slices.Sorted(slices.Values(slices.Concat(before, after))) {
		switch {
		case !slices.Contains(after, line):
			fmt.Println("-", line)
		case !slices.Contains(before, line):
			fmt.Println("+", line)
		default:
			continue
		}
		differ = true
	}
	if differ {
		os.Exit(1)
	}
}

func facts(url string) []string {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		fail(err)
	}
	defer conn.Close(ctx)
	found, err := schema.Facts(ctx, conn)
	if err != nil {
		fail(err)
	}
	roles, err := schema.Roles(ctx, conn)
	if err != nil {
		fail(err)
	}
	return slices.Concat(found, roles)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "compare:", err)
	os.Exit(2)
}
