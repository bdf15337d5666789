package bench

import (
	"strconv"
	"strings"
	"testing"

	"paddock/tests/pgtest"
)

// fillTokens gives each tenant an API token beside its session.
const fillTokens = `insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at)
	select u.id, u.user_id, array[u.id], 'bench', sha256(convert_to('pdk_of-' || u.user_id, 'UTF8')), 'x', '{read,trade,cancel}', true, now(), now() + interval '1 day'
	from app.user_accounts u`

// BenchmarkTokens measures an admission by an API token beside one by a session: alone, and
// with a read of 50 orders behind it.
func BenchmarkTokens(b *testing.B) {
	db := pgtest.New(b)
	fillTenants(b, db, 100)
	execAll(b, db.AdminURL, fillTokens, "insert into private.token_accounts (account_id, token_id) select id, id from private.api_tokens", "vacuum analyze private.api_tokens, private.token_accounts")
	admission := "\\set t random(1, " + strconv.Itoa(tenants) + ")\n\\startpipeline\nbegin;\nselect private.admit(" + tokenExpression + ", " + accountExpression + ", 'GET /api/orders');\ncommit;\n\\endpipeline\n"
	list := script(b, recordList(b, db))
	b.Run("alone", func(b *testing.B) { compareTokens(b, db, "transactions that are admitted", admission) })
	b.Run("list", func(b *testing.B) { compareTokens(b, db, "transactions that read 50 orders", list) })
}

// compareTokens compares a script whose sessions are replaced by API tokens with itself.
func compareTokens(b *testing.B, db *pgtest.DB, what, bySession string) {
	byToken := strings.ReplaceAll(bySession, tokenExpression, "('pdk_of-bench-user-' || :t::text)")
	if byToken == bySession {
		b.Fatal("the script has no session's token")
	}
	compare(b, "Tokens, "+what+", 4 clients of pgbench",
		&contender{name: "session", run: func() float64 { return pgbench(b, db, bySession, 4) }},
		&contender{name: "token", run: func() float64 { return pgbench(b, db, byToken, 4) }},
	)
}
