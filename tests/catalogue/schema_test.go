package catalogue

import (
	"os"
	"testing"

	"paddock/tests/pgtest"
	"paddock/tests/schema"
)

// sql/schema.sql is what the migrations make: make schema writes it again. Each
// major version of Postgres writes some definitions in its own way, so the file is
// compared only on the version that wrote it.
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
