package bench

import (
	"fmt"
	"testing"

	"paddock/tests/pgtest"
)

// BenchmarkRowSecurity measures what row level security costs a list of orders, with
// few accounts and with many. The statements have their own WHERE account_id = …, and
// are run as paddock_app, whom policies hold, and as a superuser, whom none does.
func BenchmarkRowSecurity(b *testing.B) {
	for _, accounts := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("accounts=%d", accounts), func(b *testing.B) {
			const each = 100 // orders of an account
			db := pgtest.New(b)
			fillAccounts(b, db, accounts, each)
			same := scriptOf(b, accounts, recordList(b, db))
			compare(b, fmt.Sprintf("Row level security, 50 of %d orders of %d accounts, 4 clients of pgbench", each, accounts),
				&contender{name: "where, as a superuser", run: func() float64 { return pgbenchAs(b, db.AdminURL, same, 4) }},
				&contender{name: "policies, as paddock_app", run: func() float64 { return pgbench(b, db, same, 4) }},
			)
		})
	}
}
