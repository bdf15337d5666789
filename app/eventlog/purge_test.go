package eventlog_test

import (
	"maps"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// What has ended is deleted of each kind, in batches, and what lives stays: the
// session of a user, a link that still works, and a count that still counts.
func TestExpiredRowsAreDeleted(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	admin := db.Conn(t, "admin")
	kit.User(t, db, "ada")
	kit.User(t, db, "bob")
	// Of each kind, two rows that live or ended less than a day ago, and five that
	// ended before.
	for _, statement := range []string{
		`insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") select 'ended-' || n, now() - interval '25 hours', 'ended-' || n, now(), 'ada' from generate_series(1, 5) n`,
		`insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ('just-ended', now() - interval '23 hours', 'just-ended', now(), 'ada')`,
		`insert into auth.verification (id, identifier, value, "expiresAt") select 'ended-' || n, 'digest', 'ada', now() - interval '25 hours' from generate_series(1, 5) n`,
		`insert into auth.verification (id, identifier, value, "expiresAt") values ('lives', 'digest', 'ada', now() + interval '1 hour'), ('just-ended', 'digest', 'ada', now() - interval '23 hours')`,
		`insert into auth.sign_up_counts (network, since) select ('10.0.0.' || n)::cidr, now() - interval '25 hours' * (n <= 5)::integer from generate_series(1, 7) n`,
		`insert into auth.sign_in_counts (who, since) select n::text, now() - interval '25 hours' * (n <= 5)::integer from generate_series(1, 7) n`,
		`insert into auth.mail_counts (who, since) select n::text, now() - interval '25 hours' * (n <= 5)::integer from generate_series(1, 7) n`,
		`insert into auth."user" (id, name, email, "emailVerified") select n::text, 'N', n || '@example.com', false from generate_series(1, 7) n`,
		`insert into private.stored_bytes (user_id, what, bytes, since) select n::text, 'logs', 1, now() - interval '25 hours' * (n <= 5)::integer from generate_series(1, 7) n`,
		`insert into private.key_checks (user_id, minute_from, day_from) select n::text, now() - interval '25 hours', now() - interval '25 hours' * (n <= 5)::integer from generate_series(1, 7) n`,
		`insert into app.user_accounts (user_id, name, environment) values ('ada', 'one', 'paper')`,
		`insert into app.order_counts (account_id, day, sent) select u.id, current_date - 8 * n, 1 from app.user_accounts u, generate_series(0, 6) n where n <> 1 union all select u.id, current_date - 5, 1 from app.user_accounts u`,
		`insert into private.report_sessions (login, address, noted_at) select n, '', now() - interval '25 hours' * (n <= 5)::integer from generate_series(1, 7) n`,
	} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	left := func() map[string]int {
		t.Helper()
		rows, err := admin.Query(t.Context(), `select 'sessions', count(*)::integer from auth.session union all select 'tokens', count(*)::integer from auth.verification
			union all select 'sign-ups', count(*)::integer from auth.sign_up_counts union all select 'mails', count(*)::integer from auth.mail_counts
			union all select 'sign-ins', count(*)::integer from auth.sign_in_counts
			union all select 'stored bytes', count(*)::integer from private.stored_bytes union all select 'key checks', count(*)::integer from private.key_checks
			union all select 'order counts', count(*)::integer from app.order_counts
			union all select 'reporting sessions', count(*)::integer from private.report_sessions`)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		var kind string
		var count int
		if _, err := pgx.ForEachRow(rows, []any{&kind, &count}, func() error { found[kind] = count; return nil }); err != nil {
			t.Fatal(err)
		}
		return found
	}
	want := left()
	worker := tenant.NewWorker(db.Pool(t, "paddock_worker"), kit.SilentBell{})
	for _, batch := range []struct{ most, deleted int }{{2, 2 * 9}, {1000, 3 * 9}, {1000, 0}} {
		deleted, more, err := worker.PurgeExpired(t.Context(), batch.most)
		if err != nil || deleted != batch.deleted || more != (batch.deleted == 2*9) {
			t.Errorf("of %d at most: %d deleted, more %v, %v; want %d", batch.most, deleted, more, err, batch.deleted)
		}
	}
	for kind := range want {
		want[kind] -= 5
	}
	if got := left(); !maps.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
	var audited int
	if err := admin.QueryRow(t.Context(), `select count(*) from app.user_audit_log where action = 'session.end'`).Scan(&audited); err != nil || audited != 0 {
		t.Errorf("the audit says %d times that a session was ended (%v): these had ended by themselves", audited, err)
	}
}
