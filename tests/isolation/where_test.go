package isolation

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"paddock/tests/pgtest"
)

// The product's queries have a condition on the account, although the row
// policies have one too. Here each query runs without its own condition: the
// policies alone must keep tenants apart.

// statement is an SQL text of the product's source.
type statement struct {
	where, role, sql string
}

// predicate matches a condition on an account's or a row's id.
var predicate = regexp.MustCompile(`\b(?:\w+\.)?(?:account_id|id)\s*=\s*\$(\d+)`)

// stripped returns the statement without its conditions on accounts and ids. In
// their place stands one that is true for any value, so that each parameter
// stays and keeps its type.
func stripped(sql string) string {
	return predicate.ReplaceAllString(sql, "($$${1}::uuid is not null)")
}

// source is a package that runs statements on tenants' rows.
type source struct {
	files  []string
	serves bool            // it uses tenant.DB, for requests; if not, it uses tenant.Worker alone
	works  map[string]bool // its files, and whether each uses tenant.Worker
}

// packages returns the product's packages that open transactions. It looks
// through all of app, so that no new one is missed.
func packages(t *testing.T) (all []*source) {
	t.Helper()
	by := map[string]*source{}
	err := filepath.WalkDir("../../app", func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir := filepath.Dir(path)
		if by[dir] == nil {
			by[dir] = &source{works: map[string]bool{}}
		}
		of := by[dir]
		of.files = append(of.files, path)
		of.serves = of.serves || strings.Contains(string(text), "*tenant.DB")
		of.works[path] = strings.Contains(string(text), "*tenant.Worker")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range slices.Sorted(maps.Keys(by)) {
		if of := by[dir]; of.serves || slices.Contains(slices.Collect(maps.Values(of.works)), true) {
			all = append(all, of)
		}
	}
	return all
}

// statements returns every SQL text of the product with a condition on an
// account or an id. Texts that the source joins from constants are joined here.
func statements(t *testing.T) (found []statement) {
	t.Helper()
	begins := regexp.MustCompile(`(?is)^\s*(select|insert|update|delete|with|merge)\s`)
	for _, pkg := range packages(t) {
		set := token.NewFileSet()
		var files []*ast.File
		worker := map[*ast.File]bool{} // whether its statements run as the worker
		for _, path := range pkg.files {
			file, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
			worker[file] = !pkg.serves || pkg.works[path]
		}
		constants := map[string]ast.Expr{}
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				if spec, ok := n.(*ast.ValueSpec); ok {
					for i, name := range spec.Names {
						if i < len(spec.Values) {
							constants[name.Name] = spec.Values[i]
						}
					}
				}
				return true
			})
		}
		for _, file := range files {
			role := "paddock_app"
			if worker[file] {
				role = "paddock_worker"
			}
			ast.Inspect(file, func(n ast.Node) bool {
				e, ok := n.(ast.Expr)
				if !ok {
					return true
				}
				text, ok := evaluate(e, constants, 0)
				if !ok {
					return true
				}
				if _, identifier := e.(*ast.Ident); !identifier && begins.MatchString(text) && predicate.MatchString(text) && !strings.Contains(text, makesOrder) {
					found = append(found, statement{set.Position(n.Pos()).String(), role, text})
				}
				return false // the parts of a text are no statements of their own
			})
		}
	}
	return found
}

// makesOrder begins the statement that makes an order of what a request has: no order
// can be made of the values here. It has no condition but that of what finds the order
// again, which is a statement of its own among these.
const makesOrder = "select $1, app.client_order_id_for_key("

func evaluate(e ast.Expr, constants map[string]ast.Expr, depth int) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.ParenExpr:
		return evaluate(e.X, constants, depth)
	case *ast.Ident:
		if value := constants[e.Name]; value != nil && depth < 10 {
			return evaluate(value, constants, depth+1)
		}
	case *ast.BinaryExpr:
		a, okA := evaluate(e.X, constants, depth)
		b, okB := evaluate(e.Y, constants, depth)
		return a + b, okA && okB && e.Op == token.ADD
	}
	return "", false
}

// whereScene gives the victim rows for every kind of condition to find, such as
// orders in each state, journal entries, a stream's cursor and wind-downs.
func whereScene(l *lab) {
	l.t.Helper()
	for _, state := range []string{"submitting", "accepted", "rejected", "unknown"} {
		for _, status := range []string{"new", "filled", "submitting"} {
			must(l.t, l.admin, `insert into app.alpaca_orders (account_id, client_order_id, intent_state, status, symbol, tag, broker_updated_at, alpaca_order_id, created_at)
				values ($1, $2, $3, $4, $5, $5, now() - interval '1 day', gen_random_uuid(), now() - interval '1 hour')`, l.b.Account, l.b.Marker+state+status, state, status, l.b.Marker)
		}
	}
	for _, scope := range []string{"account", "agent", "tag"} {
		value := l.b.Marker
		if scope == "account" {
			value = ""
		}
		for _, exit := range []int{0, 1} {
			must(l.t, l.admin, `insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id,
				opening_qty, last_at, last_id, closed_at, entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
				values ($1, gen_random_uuid(), $2, $3, $4, 'us_equity', 1, 'long', now(), $4, 1, now(), $4, case $5::int when 1 then now() end, 1, 1, $5, $5, 1 - $5, 1, 0, 1)`,
				l.b.Account, scope, value, l.b.Marker, exit)
		}
	}
	must(l.t, l.admin, "update app.alpaca_orders set filled_qty = 1, side = 'buy', submitted_at = now() - interval '1 hour' where account_id = $1 and alpaca_order_id is not null", l.b.Account)
	must(l.t, l.admin, "update app.alpaca_orders set fills_awaited = true where account_id = $1 and status = 'filled' and intent_state = 'accepted'", l.b.Account)
	must(l.t, l.admin, `insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source)
		values ($1, $2, $3, $4, $2, 'us_equity', 1, 'buy', 1, 1, now(), 'stream')`, l.b.Account, l.b.Marker, l.b.Order, l.b.BrokerOrder)
	must(l.t, l.admin, `with made as (insert into app.sleeves (account_id, name, made_by) values ($1, $2, $2) returning account_id, id)
		insert into app.sleeve_transfers (account_id, to_sleeve_id, amount, note, made_by) select account_id, id, 1, $2, $2 from made`, l.b.Account, l.b.Marker)
	for _, state := range []string{"pending", "approved", "used", "refused", "expired", "withdrawn", "void", "failed"} {
		must(l.t, l.admin, `with made as (insert into app.approvals (account_id, id, kind, state, request, digest, reason, proposed_by, needed, four_eyes, expires_at, decided_at)
				values ($1, gen_random_uuid(), 'guards', $3, '{}', sha256(''), $2, $2, 1, true, now() + interval '1 hour', case when $3 <> 'pending' then now() end) returning account_id, id, digest)
			insert into app.approval_words (account_id, approval_id, user_id, word, digest, max_price_move, note) select account_id, id, $2, 'approve', digest, 1, $2 from made`, l.b.Account, l.b.Marker, state)
	}
	must(l.t, l.admin, "set session_replication_role = replica")
	must(l.t, l.admin, "insert into app.alerts (account_id, id, token_id, alert_id, source, request, job_id) values ($1, gen_random_uuid(), gen_random_uuid(), $2, $2, '{}', gen_random_uuid())", l.b.Account, l.b.Marker)
	must(l.t, l.admin, "reset session_replication_role")
	must(l.t, l.admin, "insert into app.journal_gaps (account_id, symbol, journal_qty, broker_qty, trips_since) values ($1, $2, 1, 2, '-infinity')", l.b.Account, l.b.Marker)
	must(l.t, l.admin, "insert into app.journal_adjustments (account_id, activity_id, kind, symbol, at, day) values ($1, $2, 'FEE', $2, now(), now())", l.b.Account, l.b.Marker)
	must(l.t, l.admin, "insert into app.stream_cursors (account_id, last_event_id, agreed_at) values ($1, $2, now())", l.b.Account, l.b.Marker)
	must(l.t, l.admin, "insert into app.syncs (account_id, asked_by) values ($1, $2)", l.b.Account, l.b.User)
	must(l.t, l.admin, `insert into app.history_imports (account_id, asked_by, state, began_at, until_at, activity_id, problem, problem_at)
		values ($1, $2, 'orders', now(), now(), $3, $3, now())`, l.b.Account, l.b.User, l.b.Marker)
	must(l.t, l.admin, "insert into app.round_trips_due (account_id, symbol, since) values ($1, $2, now())", l.b.Account, l.b.Marker)
	for _, state := range []string{"running", "stuck"} {
		must(l.t, l.admin, `insert into app.wind_downs (account_id, id, asked_by, message, state, ended_at, cancel_orders, liquidate, idempotency_key)
			values ($1, case $3 when 'stuck' then $4::uuid else gen_random_uuid() end, $2, $2, $3, case $3 when 'stuck' then now() end, true, true, $2 || $3)`,
			l.b.Account, l.b.Marker, state, l.b.Order)
	}
	must(l.t, l.admin, "set session_replication_role = replica") // the guard of exercises is tested elsewhere, and so is what is copied
	must(l.t, l.admin, `insert into app.exercises (account_id, id, contract, symbol, side, qty, price, asked_by) values ($1, $2, $3, $3, 'buy', 100, 1, $3)`,
		l.b.Account, l.b.Order, l.b.Marker)
	must(l.t, l.admin, `insert into app.copies (account_id, id, follow_id, led_order_id, action, symbol, terms, closing, led_at)
		values ($1, $2, $1, $1, 'order', $3, '{}', false, '2020-01-01')`, l.b.Account, l.b.Order, l.b.Marker)
	must(l.t, l.admin, "reset session_replication_role")
	must(l.t, l.admin, `insert into app.kept_answers (account_id, idempotency_key, request_hash, asked_by) values ($1, $2, '\x00', $2)`, l.b.Account, l.b.Marker)
	must(l.t, l.admin, `insert into app.refused_requests (account_id, idempotency_key, client_order_id) values ($1, $2, $2)`, l.b.Account, l.b.Marker)
	l.waitingJob()
	must(l.t, l.admin, "set session_replication_role = replica")
	must(l.t, l.admin, `insert into app.jobs (account_id, id, seq, kind, state, request, request_hash, asked_by, session_id, origin, began_at, ended_at, status)
		select account_id, gen_random_uuid(), n, kind, s, request, request_hash, asked_by, session_id, origin, now(), case when s not in ('running', 'pending_approval') then now() end,
			case when s in ('done', 'failed') then 201 end
		from app.jobs, unnest(array['running', 'pending_approval', 'done', 'failed', 'canceled']) with ordinality u (s, m), lateral (select m + 1) v (n) where account_id = $1`, l.b.Account)
	must(l.t, l.admin, "reset session_replication_role")
	l.webhook()
	must(l.t, l.admin, `insert into app.odd_items (account_id, what, item_id, why, said, unread, uncounted) values ($1, 'order', $2, $2, $2, false, false)`, l.b.Account, l.b.Marker)
}

// TestQueriesWithoutTheirWhere guards the promise that tenants are kept apart
// even if a query lacks its condition on the account.
func TestQueriesWithoutTheirWhere(t *testing.T) {
	list := statements(t)
	if len(list) < 8 {
		t.Fatalf("found only %d statements with a condition on the account: has the source moved?", len(list))
	}
	l := newLab(t, pgtest.New(t))
	whereScene(l)
	for _, s := range list {
		got, _, ran, err := l.withoutWhere(s)
		if got != "" {
			t.Errorf("%s: without its WHERE the attacker has %s", s.where, got)
		}
		if !ran {
			t.Errorf("%s: never ran, so nothing is proven: %v\n%s", s.where, err, stripped(s.sql))
		}
	}
}

// Without the row policies, the stripped queries do reach the victim's rows. So
// the test above can fail.
func TestQueriesWithoutTheirWhereCanCross(t *testing.T) {
	l := newLab(t, pgtest.New(t))
	whereScene(l)
	rows, err := l.admin.Query(t.Context(), "select c.oid::regclass::text from pg_class c where relrowsecurity")
	if err != nil {
		t.Fatal(err)
	}
	// What each statement returns while the policies are in force.
	guarded := map[string]string{}
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, table)
	}
	for _, s := range statements(t) {
		_, guarded[s.where], _, _ = l.withoutWhere(s)
	}
	for _, table := range tables {
		must(t, l.admin, "alter table "+table+" disable row level security")
	}
	for _, s := range statements(t) {
		got, answers, _, _ := l.withoutWhere(s)
		if got == "" && answers == guarded[s.where] && !strings.Contains(s.sql, ownGrants) && !strings.Contains(s.sql, ownToken) && !strings.Contains(s.sql, ownProposal) {
			t.Errorf("%s: gets nothing even without policies, so it proves nothing:\n%s", s.where, stripped(s.sql))
		}
	}
}

// ownGrants is a condition that limits a query to the user's own accounts even
// without policies.
const ownGrants = "g.user_id = (select private.user_id())"

// ownProposal is a condition that limits a query to what the user has proposed.
const ownProposal = "proposed_by = private.user_id()"

// ownToken is a condition that limits a query to what the API token of the admission sent,
// which an attacker's session has not.
const ownToken = "a.token_id = private.token_id()"

// withoutWhere runs a stripped statement as the attacker, with several values of
// each parameter, and rolls everything back. It returns what the attacker got of
// the victim, a summary of all results, whether the statement ran at least once
// without an error, and the last error.
func (l *lab) withoutWhere(s statement) (got, answers string, ran bool, last error) {
	l.t.Helper()
	holder := uuid.New()
	for i, text := range []string{l.b.ClientOrder, l.b.Marker, l.b.Marker + "submittingsubmitting"} {
		number := []string{"100", "100", "1"}[i] // the last is small: if it is used as a cursor, there are rows after it
		for _, id := range []uuid.UUID{l.b.Order, l.b.BrokerOrder, l.b.Account, l.a.Account} {
			for _, first := range []uuid.UUID{l.a.Account, id} {
				must(l.t, l.admin, "begin")
				before := l.state()
				must(l.t, l.admin, "delete from app.stream_leases")
				must(l.t, l.admin, "delete from private.stream_instances")
				l.lease(l.a.Account, holder, 1, "1 minute")
				must(l.t, l.admin, "set local session authorization "+s.role)
				if s.role == "paddock_worker" {
					must(l.t, l.admin, "select private.admit_worker($1, $2, 1)", l.a.Account, holder)
				} else {
					must(l.t, l.admin, "select private.admit($1, $2)", l.a.Token, l.a.Account)
				}
				l.haul = &haul{}
				answer, err := l.runWith(stripped(s.sql), first, id, text, number)
				answers += answer + fmt.Sprintf(" with %d values; ", len(l.haul.read))
				if err == nil {
					ran = true
					must(l.t, l.admin, "reset session authorization")
					if v := l.verdict(before); v != "" && got == "" {
						got = v
					}
				} else {
					last = err
				}
				must(l.t, l.admin, "rollback")
			}
		}
	}
	return got, answers, ran, last
}

// runWith runs a statement with a value for each parameter, keeps the values
// that it returns, and returns its command tag and the booleans of its rows.
func (l *lab) runWith(sql string, first, id uuid.UUID, text, number string) (string, error) {
	l.t.Helper()
	conn := l.admin.PgConn()
	// Prepared without a name, so that the connection does not keep it.
	described, err := conn.Prepare(l.t.Context(), "", sql, nil)
	if err != nil {
		return "", err
	}
	args := make([][]byte, len(described.ParamOIDs))
	uuids := 0
	for i, oid := range described.ParamOIDs {
		var value string
		switch oid {
		case pgtype.UUIDOID:
			value = id.String()
			if uuids == 0 {
				value = first.String()
			}
			uuids++
		case pgtype.TextOID, pgtype.VarcharOID:
			value = text
		case pgtype.BoolOID:
			value = "true"
		case pgtype.Int4OID, pgtype.Int8OID, pgtype.Int2OID, pgtype.NumericOID:
			value, number = number, "100"
		case pgtype.TimestamptzOID:
			value = "2100-01-01T00:00:00Z"
		case pgtype.IntervalOID:
			value = "1 second"
		case pgtype.JSONOID, pgtype.JSONBOID:
			value = fmt.Sprintf(`{"id":%q}`, id)
		case pgtype.ByteaOID:
			value = `\x00`
		case pgtype.TextArrayOID:
			value = fmt.Sprintf("{%s}", text)
		case pgtype.UUIDArrayOID:
			value = fmt.Sprintf("{%s}", id)
		default:
			l.t.Fatalf("a parameter of type %d: add a value for it\n%s", oid, sql)
		}
		args[i] = []byte(value)
	}
	result := conn.ExecPrepared(l.t.Context(), "", args, nil, nil).Read()
	answer := result.CommandTag.String()
	for _, row := range result.Rows {
		for _, v := range row {
			if string(v) == "t" || string(v) == "f" {
				answer += " " + string(v)
			}
			l.haul.read = append(l.haul.read, string(v))
		}
	}
	if result.Err == nil {
		// A value that was an argument tells the attacker nothing, also as one in JSON.
		l.haul.read = slices.DeleteFunc(l.haul.read, func(v string) bool { return v == text || v == id.String() })
		sent := strings.NewReplacer(strconv.Quote(text), "", strconv.Quote(id.String()), "")
		for i, v := range l.haul.read {
			l.haul.read[i] = sent.Replace(v)
		}
	}
	return answer, result.Err
}

// The functions that the queries call have conditions on the account too.
// Tenants are kept apart even without those.
func TestFunctionsWithoutTheirWhere(t *testing.T) {
	l := newLab(t, pgtest.New(t))
	whereScene(l)
	rows, err := l.admin.Query(t.Context(), `select p.oid::regprocedure::text, pg_get_functiondef(p.oid) from pg_proc p
		where p.pronamespace = 'app'::regnamespace and not p.prosecdef and p.prosrc ~ 'account_id = p_account'`)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for rows.Next() {
		var name, source string
		if err := rows.Scan(&name, &source); err != nil {
			t.Fatal(err)
		}
		sources[name] = source
	}
	if len(sources) < 3 {
		t.Fatalf("found only %d functions with a condition on the account", len(sources))
	}
	for name, source := range sources {
		must(t, l.admin, regexp.MustCompile(`\b\w+\.account_id = p_account`).ReplaceAllString(source, "true"))
		t.Logf("%s runs without its conditions", name)
	}
	cross := func() (got []string) {
		for _, call := range []string{
			`select * from app.record_order('$A', '{"client_order_id": "$B_CLIENT", "id": "$B_BROKER", "status": "canceled", "symbol": "$B_NAME", "updated_at": "2100-01-01T00:00:00Z"}')`,
			`select app.record_positions('$A', '[]', '2100-01-01')`,
			`select app.record_positions('$A', '[{"symbol": "$B_NAME", "qty": "99"}]', '2100-01-01')`,
			`select * from app.reconcile_order('$A', '{"client_order_id": "$B_CLIENT", "id": "$B_BROKER", "status": "canceled", "symbol": "$B_NAME", "updated_at": "2100-01-01T00:00:00Z"}', 'reconciled')`,
			`select app.apply_trade_update('$A', '{"event": "fill", "event_id": "x", "position_qty": "0", "at": "2100-01-01T00:00:00Z", "order": {"client_order_id": "$B_CLIENT", "id": "$B_BROKER", "status": "filled", "symbol": "$B_NAME", "updated_at": "2100-01-01T00:00:00Z"}}')`,
			`select app.apply_trade_update('$A', '{"event": "trade_bust", "event_id": "y", "previous_execution_id": "$B_NAME", "order": {"client_order_id": "$B_CLIENT", "id": "$B_BROKER", "status": "new", "symbol": "$B_NAME", "side": "buy", "updated_at": "2100-01-01T00:00:00Z"}}')`,
			`select app.record_execution('$A', '$B_ORDER', 'fill', '{"execution_id": "x", "qty": "1", "price": "1"}', now())`,
			`select app.replace_fills('$A', '$B_ORDER', '[]')`,
			`select app.recompute_round_trips('$A', '$B_NAME', '-infinity', '')`,
			`select app.record_adjustments('$A', '[{"id": "$B_NAME", "activity_type": "FEE", "status": "canceled", "symbol": "$B_NAME", "created_at": "2026-01-01T00:00:00Z"}]')`,
		} {
			for _, role := range []string{"paddock_app", "paddock_recorder", "paddock_worker"} {
				must(t, l.admin, "begin")
				before := l.state()
				holder := uuid.New()
				l.lease(l.a.Account, holder, 1, "1 minute")
				switch role {
				case "paddock_worker":
					must(t, l.admin, "set local session authorization "+role)
					must(t, l.admin, "select private.admit_worker($1, $2, 1)", l.a.Account, holder)
				case "paddock_app":
					must(t, l.admin, "set local session authorization "+role)
					must(t, l.admin, "select private.admit($1, $2)", l.a.Token, l.a.Account)
				default: // of definer functions, and no login
					must(t, l.admin, "select private.admit($1, $2)", l.a.Token, l.a.Account)
					must(t, l.admin, "set local role "+role)
				}
				must(t, l.admin, "savepoint s")
				if _, err := l.admin.Exec(t.Context(), l.fill(call)); err != nil {
					must(t, l.admin, "rollback to s")
				}
				must(t, l.admin, "reset role")
				must(t, l.admin, "reset session authorization")
				l.haul = &haul{}
				if v := l.verdict(before); v != "" {
					got = append(got, role+" "+call+": "+v)
				}
				must(t, l.admin, "rollback")
			}
		}
		return got
	}
	for _, what := range cross() {
		t.Errorf("without its conditions: %s", what)
	}
	for _, table := range []string{"app.alpaca_orders", "app.alpaca_positions", "app.account_events", "app.fills", "app.journal_adjustments", "app.trading_positions"} {
		must(t, l.admin, "alter table "+table+" disable row level security")
	}
	if len(cross()) < 3 {
		t.Error("hardly anything crosses even without policies: this proves nothing")
	}
}
