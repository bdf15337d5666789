package catalogue

import (
	"os"
	"strings"
	"testing"

	"paddock/sql/facts"
	"paddock/tests/pgtest"
)

// sql/facts/facts.txt is what the migrations make, on each supported version of
// Postgres: make schema writes it again. Roles belong to the whole server, so the
// test has a server of its own.
func TestFactsFile(t *testing.T) {
	own := pgtest.StartOwn(t)
	found, err := facts.Of(t.Context(), own.Conn(t, "paddock_worker"))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, f := range found {
		got.WriteString(f.String() + "\n")
	}
	const file = "../../sql/facts/facts.txt"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, string(want), got.String(), "sql/facts/facts.txt")
	if len(found) < 1000 {
		t.Errorf("only %d facts were found", len(found))
	}
}
