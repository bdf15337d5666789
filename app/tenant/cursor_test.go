package tenant_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/tests/pgtest"
)

// A cursor is read as it was written, by us and by Postgres. What is no cursor is
// refused.
func TestCursorsAreReadAsWritten(t *testing.T) {
	for _, text := range []string{"0", "41", "41-6507f3a2b1c40", "9223372036854775807-1"} {
		if c, ok := tenant.ParseCursor(text); !ok || c.String() != text {
			t.Errorf("%q is read as %+v (%v)", text, c, ok)
		}
	}
	for _, text := range []string{"", "-", "+1", "41-", "41-0", "41--1", "41-x", "41-6507f3a2b1c40-1", "0-1", " 1", "1.0", "1e3", "9223372036854775808", "41-8000000000000000"} {
		if c, ok := tenant.ParseCursor(text); ok {
			t.Errorf("%q is read as %+v", text, c)
		}
	}
	conn := pgtest.New(t).Conn(t, "admin")
	const times = `select n, at, app.resume_cursor(n, at) from (values (1::bigint, clock_timestamp()), (2, '2026-01-01 00:00:00.000001+00'), (0, null)) v (n, at)`
	rows, err := conn.Query(t.Context(), times)
	if err != nil {
		t.Fatal(err)
	}
	var seq int64
	var at *time.Time
	var text string
	_, err = pgx.ForEachRow(rows, []any{&seq, &at, &text}, func() error {
		if c := tenant.CursorAt(seq, at); c.String() != text {
			t.Errorf("Postgres writes %s, and we write %s", text, c)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
