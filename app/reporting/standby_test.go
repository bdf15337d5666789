package reporting_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/reporting"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// On a standby, where no watchdog runs, a reporting login sees its own accounts and
// no others, as soon as the standby has heard of it; it takes none of what others
// need; and its transaction holds the log up for no longer than
// max_standby_streaming_delay.
func TestReportsOnAStandby(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two servers")
	}
	t.Parallel()
	own := pgtest.StartOwn(t)
	mine, other := newAccount(t, own.DB, "ann"), newAccount(t, own.DB, "bob")
	standby := own.Replica(t, "reports")
	owner := own.Conn(t, "owner")
	password, err := reporting.Create(t.Context(), owner, "standby_reader", []uuid.UUID{mine}, "", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	there, err := url.Parse(standby.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	there.User = url.UserPassword("standby_reader", password)
	var reader *pgx.Conn
	kit.Within(t, 30*time.Second, "the login to be there", func() (err error) {
		reader, err = pgx.Connect(t.Context(), there.String())
		return err
	})
	defer reader.Close(t.Context())
	seen := func() (accounts []uuid.UUID) {
		t.Helper()
		rows, err := reader.Query(t.Context(), "select distinct account_id from orders")
		if err != nil {
			t.Fatal(err)
		}
		if accounts, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID]); err != nil {
			t.Fatal(err)
		}
		return accounts
	}
	kit.Within(t, 30*time.Second, "the login to see its account there", func() error {
		if got := seen(); len(got) != 1 || got[0] != mine {
			return fmt.Errorf("it sees %v, want %v and not %v", got, mine, other)
		}
		return nil
	})
	for _, statement := range []string{
		"listen anything", "notify anything", "create temporary table mine (x int)", "lock table app.alpaca_orders in share mode",
		"begin; set transaction read write", "select * from orders for update", "select * from app.alpaca_orders", "select nextval('x')",
	} {
		if _, err := reader.Exec(t.Context(), statement); err == nil {
			t.Errorf("%s was done on the standby", statement)
		}
		run(t, reader, "rollback")
	}

	standby.Do(t, "alter system set max_standby_streaming_delay = '200ms'")
	standby.Do(t, "alter system set hot_standby_feedback = off")
	standby.Do(t, "select pg_reload_conf()")
	run(t, reader, "begin isolation level repeatable read")
	run(t, reader, "select * from orders")
	admin := own.Conn(t, "admin")
	for _, statement := range []string{"update app.alpaca_orders set updated_at = now()", "vacuum app.alpaca_orders"} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	kit.Within(t, 30*time.Second, "the transaction to be ended", func() error {
		_, err := reader.Exec(t.Context(), "select * from orders")
		if err == nil {
			return fmt.Errorf("it goes on")
		}
		if state := tenant.SQLState(err); state != "40001" && state != "57P01" && state != "25P02" && !reader.IsClosed() {
			return fmt.Errorf("it ends with %w", err)
		}
		return nil
	})
	if reader.IsClosed() {
		if reader, err = pgx.Connect(t.Context(), there.String()); err != nil {
			t.Fatal(err)
		}
	}
	run(t, reader, "rollback")

	if _, err := admin.Exec(t.Context(), "delete from private.report_grants where account_id = $1", mine); err != nil {
		t.Fatal(err)
	}
	kit.Within(t, 30*time.Second, "the login to see nothing there", func() error {
		if got := seen(); len(got) > 0 {
			return fmt.Errorf("it sees %v", got)
		}
		return nil
	})
}
