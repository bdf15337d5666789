package bench

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/tests/pgtest"
)

// How many tenants there are and how many orders each has, and the server's secret.
const (
	tenants = 1000
	orders  = 1000
	secret  = "a secret of the benchmark alone 0123456789"
)

// token and account compute the nth tenant's session and account from n, so that a
// load generator needs no list of them.
func token(n int) string   { return fmt.Sprintf("bench-session-%d", n) }
func account(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// The same as SQL expressions, in which pgbench's variable :t is n.
const (
	tokenExpression   = "('bench-session-' || :t::text)"
	accountExpression = "('00000000-0000-4000-8000-' || lpad(:t::text, 12, '0'))::uuid"
)

// cookie returns a session's cookie, signed as Better Auth does.
func cookie(token string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(token))
	return "better-auth.session_token=" + url.QueryEscape(token+"."+base64.StdEncoding.EncodeToString(h.Sum(nil)))
}

// mirrorMaxAge is longer than a benchmark, so that its lists are the mirror's.
const mirrorMaxAge = time.Hour

const fill = `
insert into auth."user" (id, name, email, "emailVerified", "updatedAt")
	select 'bench-user-' || n, 'Bench', 'bench-' || n || '@example.com', true, now() from generate_series(1, :tenants) n;
insert into auth.session (id, "expiresAt", token, "updatedAt", "userId")
	select 'bench-' || n, now() + interval '7 days', 'bench-session-' || n, now(), 'bench-user-' || n from generate_series(1, :tenants) n;
insert into app.user_accounts (id, user_id, name, environment)
	select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'bench-user-' || n, 'bench', 'paper' from generate_series(1, :tenants) n;
insert into app.account_grants (account_id, user_id, role) select id, user_id, 'owner' from app.user_accounts;
insert into app.event_heads (account_id) select id from app.user_accounts;
insert into app.stream_cursors (account_id, agreed_at) select id, now() from app.user_accounts; -- with mirrorMaxAge no list asks the broker
insert into app.alpaca_orders (account_id, client_order_id, intent_state, submitted_by, symbol, side, type, time_in_force, qty, limit_price,
		alpaca_order_id, status, filled_qty, filled_avg_price, created_at, submitted_at, filled_at)
	select u.id, 'bench-' || i, 'accepted', u.user_id, 'AAPL', case i % 2 when 0 then 'buy' else 'sell' end, 'limit', 'day', i % 90 + 1, 190.25,
		gen_random_uuid(), 'filled', i % 90 + 1, 190.24, now() - i * interval '1 minute', now() - i * interval '1 minute', now() - i * interval '1 minute'
	from app.user_accounts u, generate_series(1, :orders) i;
`

// fillTenants makes the tenants with their orders. It does so as a superuser, to
// whom no policy applies.
func fillTenants(b testing.TB, db *pgtest.DB, orders int) {
	b.Helper()
	fillAccounts(b, db, tenants, orders)
}

// fillAccounts is fillTenants with another number of tenants, each with an account.
func fillAccounts(b testing.TB, db *pgtest.DB, accounts, orders int) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), db.AdminURL)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(b.Context()))
	text := strings.NewReplacer(":tenants", strconv.Itoa(accounts), ":orders", strconv.Itoa(orders)).Replace(fill)
	if _, err := conn.Exec(b.Context(), text); err != nil {
		b.Fatalf("fill the database: %v", err)
	}
	if _, err := conn.Exec(b.Context(), "vacuum analyze"); err != nil {
		b.Fatal(err)
	}
}
