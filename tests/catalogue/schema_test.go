package catalogue

import (
	"os"
	"testing"

	"paddock/tests/pgtest"
	"paddock/tests/schema"
)

// sql/schema.sql says what the schema is today: make schema writes it again.
// Each major version of Postgres spells some definitions its own way, so
// another one than wrote the file has nothing to compare with.
func TestSchemaFile(t *testing.T) {
	conn := pgtest.New(t).Conn(t, "admin")
	got, err := schema.Text(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	const file = "../../sql/schema.sql"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	if firstLine(want) != firstLine(got) {
		t.Logf("not compared: the file says %q, and this server would say %q", firstLine(want), firstLine(got))
		return
	}
	compare(t, want, got, "sql/schema.sql")
}
