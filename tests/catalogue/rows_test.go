package catalogue

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/sql"
	"paddock/tests/pgtest"
)

// filled has the statements that put a row into every table of the tenants, as in
// a database in use.
var filled = []string{
	`insert into auth."user" (id, name, email, "emailVerified") values ('u', 'U', 'u@example.com', false)`,
	`insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ('s', now() + interval '1 day', 't', now(), 'u')`,
	`insert into auth.sign_up_counts (network) values ('192.0.2.1/32')`,
	`insert into auth.mail_counts (who) values ('192.0.2.1/32')`,
	`insert into auth.sign_in_counts (who) values ('192.0.2.1/32')`,
	`insert into auth.disabled_users (user_id) values ('u')`,
	`insert into auth."twoFactor" (id, secret, "backupCodes", "userId") values ('f', 'x', 'y', 'u')`,
	`insert into auth.second_factor_uses (user_id, last_step, used_in) values ('u', 1, '1')`,
	`insert into app.user_accounts (id, user_id, name, environment) values ('00000000-0000-4000-8000-000000000001', 'u', 'one', 'paper')`,
	`insert into app.account_grants (account_id, user_id, role) values ('00000000-0000-4000-8000-000000000001', 'u', 'owner')`,
	`insert into auth."user" (id, name, email, "emailVerified") values ('v', 'V', 'v@example.com', false)`,
	`insert into private.standing_grants (owner_id, user_id, role) values ('u', 'v', 'viewer')`,
	`insert into private.invitations (id, user_id, digest, role, all_accounts, expires_at) values ('00000000-0000-4000-8000-000000000006', 'u', sha256(''), 'viewer', false, now())`,
	`insert into private.invitation_accounts (account_id, invitation_id) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000006')`,
	`insert into private.address_tries (user_id, tries) values ('u', 1)`,
	`insert into private.api_tokens (id, user_id, path, name, digest, hint, scopes, paper_only, created_at, expires_at)
		values ('00000000-0000-4000-8000-000000000005', 'u', '{00000000-0000-4000-8000-000000000005}', 'one', sha256(''), 'abcd', '{read}', true, now(), now() + interval '1 day')`,
	`insert into private.token_accounts (account_id, token_id) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000005')`,
	`insert into private.token_order_counts (account_id, token_id, day, sent) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000005', current_date, 1)`,
	`insert into private.token_heartbeats (token_id, beaten_at) values ('00000000-0000-4000-8000-000000000005', now())`,
	`insert into private.token_refusal_runs (account_id, token_id, refusals) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000005', 1)`,
	`insert into private.report_grants (account_id, role_oid, role_name) values ('00000000-0000-4000-8000-000000000001', 1, 'somebody')`,
	`insert into app.event_heads (account_id, last_seq, last_at) values ('00000000-0000-4000-8000-000000000001', 1, now())`,
	`insert into app.account_events (account_id, seq, kind, data) values ('00000000-0000-4000-8000-000000000001', 1, 'order', '{}')`,
	`insert into app.audit_log (account_id, kind, action) values ('00000000-0000-4000-8000-000000000001', 'user', 'account.create')`,
	`insert into app.user_audit_log (user_id, kind, action) values ('u', 'user', 'session.begin')`,
	`insert into app.agent_logs (account_id, level, message) values ('00000000-0000-4000-8000-000000000001', 'info', 'hello')`,
	`insert into app.agent_log_requests (account_id, idempotency_key, request_hash, asked_by, lines, first_at, last_at)
		values ('00000000-0000-4000-8000-000000000001', 'k', sha256('x'), 'u', 1, now(), now())`,
	`insert into app.kept_answers (account_id, idempotency_key, request_hash, asked_by) values ('00000000-0000-4000-8000-000000000001', 'k', '', 'u')`,
	`insert into app.refused_requests (account_id, idempotency_key, client_order_id) values ('00000000-0000-4000-8000-000000000001', 'k', '')`,
	`insert into app.wind_downs (account_id, id, cancel_orders) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002', true)`,
	`insert into app.sleeves (account_id, id, name, made_by) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000006', 'one', 'u')`,
	`insert into app.sleeve_transfers (account_id, to_sleeve_id, amount, made_by) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000006', 1, 'u')`,
	`insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, symbol, side, qty, filled_qty, filled_avg_price, alpaca_order_id, reduce_only, wind_down_id)
		select '00000000-0000-4000-8000-000000000001', s, case when s in ('submitting', 'unknown', 'dismissed') then s else 'accepted' end, s, 'AAPL', 'buy', 2,
			case s when 'filled' then 2 else 0 end, case s when 'filled' then 100 end,
			case when s not in ('submitting', 'unknown', 'dismissed') then gen_random_uuid() end,
			s = 'filled', case s when 'filled' then '00000000-0000-4000-8000-000000000002'::uuid end
		from unnest(array['submitting', 'unknown', 'dismissed', 'new', 'filled', 'held', 'replaced']) s`,
	`insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ('00000000-0000-4000-8000-000000000001', 'BTCUSD', 1, now()), ('00000000-0000-4000-8000-000000000001', 'AAPL', 0, now())`,
	`insert into app.stream_cursors (account_id, last_event_id) values ('00000000-0000-4000-8000-000000000001', '1')`,
	`insert into app.odd_items (account_id, what, item_id, why, said, unread, uncounted) values ('00000000-0000-4000-8000-000000000001', 'order', 'x', 'y', 'z', true, true)`,
	`insert into app.account_guards (account_id, switch, allowed_symbols) values ('00000000-0000-4000-8000-000000000001', 'halted', '{AAPL}')`,
	`insert into app.order_counts (account_id, day, sent) values ('00000000-0000-4000-8000-000000000001', current_date, 1)`,
	`insert into app.heartbeats (account_id, beaten_at) values ('00000000-0000-4000-8000-000000000001', now())`,
	`insert into app.high_water_marks (account_id, equity, reached_at) values ('00000000-0000-4000-8000-000000000001', 1, now())`,
	`insert into app.refusal_runs (account_id, refusals) values ('00000000-0000-4000-8000-000000000001', 1)`,
	`insert into app.account_balances (account_id, equity, last_equity, as_of) values ('00000000-0000-4000-8000-000000000001', 1, 1, now())`,
	`insert into app.balance_history (account_id, hour, equity, last_equity, as_of) values ('00000000-0000-4000-8000-000000000001', date_trunc('hour', now(), 'UTC'), 1, 1, now())`,
	`insert into app.exercises (account_id, contract, symbol, side, qty, price, asked_by) values ('00000000-0000-4000-8000-000000000001', 'AAPL261218C00100000', 'AAPL', 'buy', 100, 100, 'u')`,
	`insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source)
		select account_id, 'x', id, alpaca_order_id, symbol, 'us_equity', 1, side, 2, 100, now(), 'stream' from app.alpaca_orders where status = 'filled'`,
	`insert into app.arrival_quotes (account_id, order_id, bid, ask) select account_id, id, 1, 2 from app.alpaca_orders where status = 'filled'`,
	`insert into app.journal_adjustments (account_id, activity_id, kind, at, day) values ('00000000-0000-4000-8000-000000000001', 'a', 'FEE', now(), current_date)`,
	`insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id, opening_qty, last_at, last_id,
			entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
		values ('00000000-0000-4000-8000-000000000001', gen_random_uuid(), 'account', '', 'AAPL', 'us_equity', 1, 'long', now(), 'x', 2, now(), 'x', 2, 200, 0, 0, 200, 2, 0, 1)`,
	`insert into app.journal_gaps (account_id, symbol, journal_qty, broker_qty, trips_since) values ('00000000-0000-4000-8000-000000000001', 'AAPL', 2, 0, now())`,
	`insert into private.user_credentials (account_id, kind, ciphertext, encryption_algorithm, key_version, key_last4) values ('00000000-0000-4000-8000-000000000001', 'key', '\xc30d0409', 'x', 1, '1234')`,
	`insert into private.master_keys (key_version, check_value) values (1, decode(repeat('cd', 32), 'hex'))`,
	`insert into private.key_checks (user_id) values ('u')`,
	`insert into private.instance_keyrings (holder, versions, live_until) values (gen_random_uuid(), '{1}', now())`,
	`insert into private.primary_run (run, timeline, started_at) values (gen_random_uuid(), '00000001', now())`,
	`insert into private.report_sessions (login, address) values (1, 'local')`,
	`insert into private.stored_bytes (user_id, what, bytes) values ('u', 'logs', 1)`,
	`insert into app.stream_leases (account_id, holder) values ('00000000-0000-4000-8000-000000000001', gen_random_uuid())`,
	`insert into private.stream_instances (holder, most) values (gen_random_uuid(), 1)`,
	`insert into private.signs_of_life (holder, lasts) values (gen_random_uuid(), '10 seconds')`,
	`insert into private.imports (account_id, id, source, mapping, made_account) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000003', 'old', '{}', false)`,
	`insert into private.import_tables (account_id, import_id, name, refused) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000003', 'agent_logs', 1)`,
	`insert into private.import_refusals (account_id, import_id, name, number, key, reason) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000003', 'agent_logs', 1, 'k', 'because')`,
	`insert into private.import_users (account_id, import_id, user_id) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000003', 'u')`,
	`insert into app.imported_trading_positions (account_id, import_id, key, data) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000003', 'k', '{}')`,
	`insert into app.jobs (account_id, id, seq, kind, request, request_hash, asked_by, session_id, origin)
		values ('00000000-0000-4000-8000-000000000001', gen_random_uuid(), 1, 'order', '{}', sha256(''), 'u', 's', '')`,
	`insert into app.alerts (account_id, id, token_id, alert_id, request, job_id) values ('00000000-0000-4000-8000-000000000001', gen_random_uuid(), gen_random_uuid(), 'a', '{}', gen_random_uuid())`,
	`insert into private.block_orders (id, user_id, idempotency_key, request, request_hash) values ('00000000-0000-4000-8000-000000000009', 'u', 'k', '{"accounts":[]}', sha256(''))`,
	`insert into private.block_order_parts (account_id, block_order_id, place, amount, in_dollars) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000009', 1, 0, false)`,
	`insert into private.job_lists (account_id, kind, owner) values ('00000000-0000-4000-8000-000000000001', 'order', 'u')`,
	`insert into app.user_accounts (id, user_id, name, environment) values ('00000000-0000-4000-8000-00000000000a', 'u', 'follower', 'paper')`,
	`insert into private.copy_offers (account_id, id, name, digest, made_by) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000b', 'o', sha256('o'), 'u')`,
	`insert into private.copy_follows (account_id, id, leader_id, offer_id, user_id, token_id, ratio)
		values ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000c', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000b', 'u', '00000000-0000-4000-8000-000000000005', 1)`,
	`insert into app.copies (account_id, id, follow_id, led_order_id, action, terms, closing)
		values ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000d', '00000000-0000-4000-8000-00000000000c', gen_random_uuid(), 'order', '{}', false)`,
	`insert into private.due_copies (account_id, copy_id, leader_id) values ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000d', '00000000-0000-4000-8000-000000000001')`,
	`insert into app.approvals (account_id, id, kind, request, digest, proposed_by, above, worth, prices, needed, four_eyes, expires_at)
		values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000008', 'order', '{}', sha256(''), 'u', 1, 2, '{}', 1, false, now())`,
	`insert into app.approval_words (account_id, approval_id, user_id, word, digest, max_price_move)
		values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000008', 'u', 'approve', sha256(''), 1)`,
	`insert into app.destinations (account_id, id, type, address, made_by, last_seq) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000004', 'webhook', 'https://example.com', 'u', 0)`,
	`insert into private.destination_secrets (account_id, destination_id, ciphertext, key_version) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000004', '\xc30d0409', 1)`,
	`insert into private.daily_summaries (account_id, destination_id, day, seq) values ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000004', '2026-01-02', 1)`,
	`insert into private.neared_limits (account_id, what, day) values ('00000000-0000-4000-8000-000000000001', 'orders_per_day', '2026-01-02')`,
	`insert into private.stream_outages (account_id) values ('00000000-0000-4000-8000-000000000001')`,
	`insert into app.syncs (account_id, asked_by) values ('00000000-0000-4000-8000-000000000001', 'u')`,
	`insert into app.history_imports (account_id, asked_by) values ('00000000-0000-4000-8000-000000000001', 'u')`,
	`insert into app.round_trips_due (account_id, symbol, since) values ('00000000-0000-4000-8000-000000000001', 'AAPL', now())`,
}

// A database in use can be migrated up and down with its rows: no row stops a
// migration, and a step down drops its own tables and removes no row of others.
func TestMigrationsKeepRows(t *testing.T) {
	db := pgtest.Empty(t)
	owner, admin := db.Conn(t, "owner"), db.Conn(t, "admin")
	requireSuperuser(t, admin)
	to := func(version int32) {
		t.Helper()
		if err := sql.MigrateTo(t.Context(), owner, version); err != nil {
			t.Fatalf("to version %d: %v", version, err)
		}
	}
	// rows returns each table with the number and a digest of its rows.
	rows := func() []string {
		t.Helper()
		found, err := admin.Query(t.Context(), `select c.oid::regclass || ': ' || (xpath('/row/n/text()', query_to_xml(format(
				'select count(*) || '' '' || md5(coalesce(string_agg(t::text, '','' order by t::text), '''')) as n from %s t', c.oid::regclass), false, true, '')))[1]::text
			from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname in ('auth', 'app', 'private') and c.relkind in ('r', 'p') and not c.relispartition order by 1`)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(found, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	_, newest, err := sql.Version(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	to(newest)
	// Triggers such as the guards' need an admission: they are off while these rows
	// are inserted.
	run(t, admin, "set session_replication_role = replica")
	for _, statement := range filled {
		run(t, admin, statement)
	}
	run(t, admin, "reset session_replication_role")
	full := rows()
	for _, line := range full {
		if name, _, empty := strings.Cut(line, ": 0 "); empty && name != `auth.account` && name != `auth.verification` {
			t.Errorf("%s is empty: fill it, so that it is migrated with rows", name)
		}
	}
	for v := newest - 1; v >= 3; v-- {
		to(v)
		for _, line := range rows() {
			if !slices.Contains(full, line) {
				t.Errorf("at version %d: %s", v, line)
			}
		}
		// From version 5 the later migrations can be run again, with its rows there.
		if v == 5 {
			to(newest)
			to(v)
		}
	}
	to(0)
	to(newest)
}
