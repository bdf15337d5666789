package isolation

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/tests/kit"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// lab is one database with an attacker (a) and a victim (b), who share no
// account.
type lab struct {
	t      *testing.T
	db     *pgtest.DB
	admin  *pgx.Conn // superuser: prepares the data and reads it afterwards
	a, b   tenantOf
	haul   *haul
	makers *makers // nil in a copy
	login  string  // the attacker's login, where one was made for the attack
	made   int     // how many logins were made
	// colleague is another's reporting login, which sees the victim's account.
	colleague string
	// groups are those that weaken each reporting login: it is in them as well.
	groups []string
	// edited has what functions were before they were weakened.
	edited []string
	// through returns a pooler's URL for one of Postgres; nil without a pooler.
	through func(url string) string
	// simple weakens the clients: they write values into the text of their
	// statements, and do not reset their connections.
	simple bool
}

// tenantOf is a user with one account. Their texts contain the marker, which
// nobody can guess.
type tenantOf struct {
	Marker      string
	User        string
	Token       string
	Account     uuid.UUID
	Order       uuid.UUID
	ClientOrder string
	BrokerOrder uuid.UUID
	BrokerAcct  uuid.UUID
}

// secrets returns the values of this tenant that nobody else may read. The
// account's id is not one of them: an attacker may have seen it in a link.
func (x tenantOf) secrets() []string {
	return []string{x.Marker, x.Order.String(), x.BrokerOrder.String(), x.BrokerAcct.String()}
}

// haul is what an attack found out.
type haul struct {
	read   []string // every value and message that came back
	learnt []string // what the attack found out about the victim without reading it
}

func (h *haul) learn(format string, args ...any) {
	h.learnt = append(h.learnt, fmt.Sprintf(format, args...))
}

// makers are the connections that the labs of one database share, one after the other,
// to make and to compare their tenants: what Postgres has planned once it need not plan
// again.
type makers struct{ admin, app, auth *pgx.Conn }

func newMakers(t *testing.T, db *pgtest.DB) *makers {
	t.Helper()
	return &makers{connect(t, db.AdminURL), connect(t, db.URL("paddock_app")), connect(t, db.URL("paddock_auth"))}
}

func (m *makers) close() {
	for _, conn := range []*pgx.Conn{m.admin, m.app, m.auth} {
		conn.Close(context.Background())
	}
}

func newLab(t *testing.T, db *pgtest.DB) *lab {
	t.Helper()
	return newMakers(t, db).lab(t, db)
}

// copy makes the same lab in a copy of its database, to which nobody may be connected.
func (l *lab) copy(t *testing.T) *lab {
	t.Helper()
	db := l.db.Copy(t)
	return &lab{t: t, db: db, admin: connect(t, db.AdminURL), a: l.a, b: l.b, haul: &haul{}}
}

func (m *makers) lab(t *testing.T, db *pgtest.DB) *lab {
	t.Helper()
	l := &lab{t: t, db: db, admin: m.admin, makers: m, haul: &haul{}}
	must(t, l.admin, "reset role")
	if !one[bool](t, l.admin, "select rolsuper from pg_roles where rolname = current_user") {
		program.Missing(t, "TEST_DATABASE_URL is no superuser: scenes cannot be set behind the policies", "name one")
	}
	l.a = l.tenant("alpha")
	l.b = l.tenant("bravo")
	return l
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func must(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func one[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) (v T) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// tenant makes a user with an account the way the product does: sign-in writes
// user and session, and all else goes through admission as paddock_app.
func (l *lab) tenant(name string) tenantOf {
	l.t.Helper()
	var random [6]byte
	if _, err := rand.Read(random[:]); err != nil {
		l.t.Fatal(err)
	}
	m := name + hex.EncodeToString(random[:])
	x := tenantOf{Marker: m, User: "user-" + m, ClientOrder: "order-" + m,
		BrokerOrder: uuid.New(), BrokerAcct: uuid.New()}

	by := l.makers
	if by == nil {
		by = newMakers(l.t, l.db)
	}
	x.Token = kit.UserBy(l.t, by.auth, x.User)
	app := by.app
	must(l.t, app, "begin")
	must(l.t, app, "select private.admit($1, null)", x.Token)
	x.Account = one[uuid.UUID](l.t, app, "select private.create_account($1, 'paper')", m)
	must(l.t, app, "commit")

	must(l.t, app, "begin")
	must(l.t, app, "select private.admit($1, $2)", x.Token, x.Account)
	must(l.t, app, "select private.store_credentials($1, 1, $2, 'key', $3, 'last', $4, $5)", strings.Repeat("ab", 32), bytes.Repeat([]byte{0xcd}, 32), []byte("plaintext-"+m), x.BrokerAcct, "PA-"+m)
	x.Order = one[uuid.UUID](l.t, app, `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, tag, qty)
		values ($1, $2, $3, $4, 'buy', $4, 3) returning id`, x.Account, x.ClientOrder, x.User, m)
	must(l.t, app, "insert into app.agent_logs (account_id, user_id, level, message) values ($1, $2, 'info', $3)", x.Account, x.User, m)
	must(l.t, app, "select private.set_guards('{}'), private.set_switch('open', $1)", m)
	must(l.t, app, "select private.append_event('order', jsonb_build_object('note', $1::text))", m)
	must(l.t, app, "commit")
	// What the broker said is recorded by the keys, which this one has not.
	must(l.t, l.admin, "update app.alpaca_orders set alpaca_order_id = $1, status = 'new', intent_state = 'accepted' where account_id = $2", x.BrokerOrder, x.Account)
	must(l.t, l.admin, "insert into app.alpaca_positions (account_id, symbol, qty, as_of) values ($1, $2, 3, now())", x.Account, m)
	must(l.t, l.admin, "insert into app.account_balances (account_id, equity, last_equity, as_of) values ($1, 1, 1, now())", x.Account)
	return x
}

// share gives the attacker a grant on the victim's account.
func (l *lab) share(role string) {
	l.t.Helper()
	must(l.t, l.admin, "insert into app.account_grants (account_id, user_id, role, created_at) values ($1, $2, $3, '2026-01-01')", l.b.Account, l.a.User, role)
}

// unshare takes the attacker's grant on the victim's account away.
func (l *lab) unshare() {
	l.t.Helper()
	must(l.t, l.admin, "delete from app.account_grants where account_id = $1 and user_id = $2", l.b.Account, l.a.User)
}

// state returns what the database has of the victim as one text, so that a
// change shows.
func (l *lab) state() string {
	l.t.Helper()
	var all strings.Builder
	for _, q := range []string{
		"select x::text from app.user_accounts x where id = $1",
		"select x::text from app.account_grants x where account_id = $1 order by 1",
		"select x::text from app.alpaca_orders x where account_id = $1 order by 1",
		"select x::text from app.alpaca_positions x where account_id = $1 order by 1",
		"select x::text from app.trading_positions x where account_id = $1 order by 1",
		"select x::text from app.fills x where account_id = $1 order by 1",
		"select x::text from app.journal_adjustments x where account_id = $1 order by 1",
		"select x::text from app.agent_logs x where account_id = $1 order by 1",
		"select x::text from app.account_guards x where account_id = $1",
		"select x::text from app.order_counts x where account_id = $1 order by 1",
		"select x::text from app.heartbeats x where account_id = $1",
		"select x::text from app.refusal_runs x where account_id = $1",
		"select x::text from app.high_water_marks x where account_id = $1",
		"select x::text from app.account_balances x where account_id = $1",
		"select x::text from app.balance_history x where account_id = $1 order by 1",
		"select x::text from app.account_events x where account_id = $1 order by 1",
		"select x::text from app.event_heads x where account_id = $1",
		// The lab gives and takes grants by itself, which is audited.
		"select x::text from app.audit_log x where account_id = $1 and action not like 'grant.%' order by 1",
		"select x::text from app.user_audit_log x where user_id = (select u.user_id from app.user_accounts u where u.id = $1) order by 1",
		"select x::text from app.stream_cursors x where account_id = $1",
		"select x::text from app.syncs x where account_id = $1",
		"select x::text from app.history_imports x where account_id = $1",
		"select x::text from app.round_trips_due x where account_id = $1 order by 1",
		// The worker begins jobs: that is no change of what was asked for.
		"select (x.id, x.request, x.asked_by, x.session_id, x.ended_at)::text from app.jobs x where account_id = $1 order by 1",
		"select x::text from app.alerts x where account_id = $1 order by 1",
		"select (to_jsonb(x) - 'block_order_id')::text from private.block_order_parts x where account_id = $1 order by 1",
		"select x::text from private.copy_offers x where account_id = $1 order by 1",
		"select (x.id, x.leader_id, x.user_id, x.token_id)::text from private.copy_follows x where account_id = $1 or leader_id = $1 order by 1",
		"select (x.id, x.terms)::text from app.copies x where account_id = $1 order by 1",
		"select x::text from app.approvals x where account_id = $1 order by 1",
		"select x::text from app.approval_words x where account_id = $1 order by 1",
		"select x::text from app.destinations x where account_id = $1 order by 1",
		"select x::text from app.wind_downs x where account_id = $1 order by 1",
		"select x::text from app.exercises x where account_id = $1 order by 1",
		"select x::text from app.kept_answers x where account_id = $1 order by 1",
		"select x::text from app.refused_requests x where account_id = $1 order by 1",
		"select x::text from app.odd_items x where account_id = $1 order by 1",
		"select x::text from app.journal_gaps x where account_id = $1 order by 1",
		"select x::text from private.user_credentials x where account_id = $1",
		"select x::text from private.report_grants x where account_id = $1 order by 1",
		"select x::text from private.standing_grants x where owner_id = (select u.user_id from app.user_accounts u where u.id = $1) order by 1",
		"select x::text from private.invitations x where user_id = (select u.user_id from app.user_accounts u where u.id = $1) order by 1",
		"select x::text from private.invitation_accounts x where account_id = $1 order by 1",
		"select x::text from private.api_tokens x where user_id = (select u.user_id from app.user_accounts u where u.id = $1) order by 1",
		"select h::text from private.token_heartbeats h join private.api_tokens x on x.id = h.token_id where x.user_id = (select u.user_id from app.user_accounts u where u.id = $1) order by 1",
		"select x::text from private.token_refusal_runs x where account_id = $1 order by 1",
	} {
		rows, err := l.admin.Query(l.t.Context(), q, l.b.Account)
		if err != nil {
			l.t.Fatalf("%s: %v", q, err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			l.t.Fatalf("%s: %v", q, err)
		}
		all.WriteString(q + "\n" + strings.Join(lines, "\n") + "\n")
	}
	return all.String()
}

// session is a connection of the attacker's, on which they run any SQL, several
// statements at once if they like.
type session struct {
	l    *lab
	conn *pgx.Conn
}

// attacker logs in as the login that special made, if there is one, and else as
// the role. Roles belong to the whole server, so no weakening may change one that
// other tests use.
func (l *lab) attacker(role string) *session {
	if l.login != "" {
		return l.as(l.login)
	}
	return l.as(role)
}

// special makes a login with an attribute or in groups that no runtime role
// should have.
func (l *lab) special(attributes string, groups ...string) {
	l.t.Helper()
	l.made++
	login := fmt.Sprintf("weak_%s_%d", l.a.Marker, l.made)
	l.login = login
	must(l.t, l.admin, fmt.Sprintf("create role %s login %s in role %s password 'test-%s'", login, attributes, strings.Join(groups, ", "), login))
	l.t.Cleanup(func() {
		// The test's context is over by now.
		admin, err := pgx.Connect(context.Background(), l.db.AdminURL)
		if err == nil {
			_, err = admin.Exec(context.Background(), "drop owned by "+login+"; drop role "+login)
			admin.Close(context.Background())
		}
		if err != nil {
			l.t.Error(err)
		}
	})
}

// pooled are the logins that a pooler knows. Those that an attack makes connect to
// Postgres itself.
var pooled = []string{"paddock_app", "paddock_worker", "paddock_auth"}

// as logs in as a role.
func (l *lab) as(role string) *session {
	l.t.Helper()
	url := l.db.URL(role)
	if l.through != nil && slices.Contains(pooled, role) {
		url = l.through(url)
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		l.t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		l.haul.read = append(l.haul.read, n.Message, n.Detail)
	}
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		l.haul.learn("a notification on %s", n.Channel)
	}
	conn, err := pgx.ConnectConfig(l.t.Context(), config)
	if err != nil {
		l.t.Fatalf("log in: %v", err)
	}
	l.t.Cleanup(func() { conn.Close(context.Background()) })
	return &session{l: l, conn: conn}
}

// take runs SQL and puts all that comes back into the haul, texts of errors
// included. $A, $B and the like are filled in as fill does.
func (s *session) take(sql string) error {
	values, err := s.ask(sql)
	s.l.haul.read = append(s.l.haul.read, values...)
	if pg := pgError(err); pg != nil {
		s.l.haul.read = append(s.l.haul.read, pg.Message, pg.Detail, pg.Hint, pg.Where)
	}
	return err
}

// ask runs SQL and returns the values without putting them into the haul. It is
// for statements that contain the secret that they ask about.
func (s *session) ask(sql string) ([]string, error) {
	s.l.t.Helper()
	ctx, cancel := context.WithTimeout(s.l.t.Context(), 20*time.Second)
	defer cancel()
	results, err := s.conn.PgConn().Exec(ctx, s.l.fill(sql)).ReadAll()
	var values []string
	for _, r := range results {
		for _, row := range r.Rows {
			for _, v := range row {
				if v != nil {
					values = append(values, string(v))
				}
			}
		}
	}
	if pg := pgError(err); err != nil && pg == nil {
		s.l.t.Fatalf("%s: %v", sql, err)
	}
	return values, err
}

// mustAsk runs SQL that must succeed, such as the attacker's admission to their
// own account.
func (s *session) mustAsk(sql string) []string {
	s.l.t.Helper()
	values, err := s.ask(sql)
	if err != nil {
		s.l.t.Fatalf("a lawful step failed: %s: %v", sql, err)
	}
	return values
}

func (s *session) value(sql string) string {
	s.l.t.Helper()
	values := s.mustAsk(sql)
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// begin opens a transaction that is admitted as the attacker.
func (s *session) begin() { s.l.t.Helper(); s.mustAsk("begin; select private.admit('$TOKEN', '$A')") }

// end ends a transaction, whatever its state.
func (s *session) end() { s.l.t.Helper(); s.mustAsk("commit") }

// loot tries to read every table and view that could hold something of the
// victim's, each after a savepoint, so that one refusal does not end the
// transaction.
func (s *session) loot() {
	inTx := s.conn.PgConn().TxStatus() != 'I'
	for _, from := range []string{
		"app.user_accounts", "app.account_grants", "app.alpaca_orders", "app.alpaca_positions", "app.trading_positions",
		"app.fills", "app.journal_adjustments", "app.agent_logs", "app.account_events", "app.event_heads", "app.audit_log", "app.user_audit_log", "app.stream_cursors", "app.stream_leases",
		"private.user_credentials", `auth."user"`, "auth.session", "auth.account",
		"report.accounts", "report.orders", "report.positions", "report.events",
		"report.fills", "report.adjustments", "report.trading_positions", "report.journal_gaps", "report.position_history", "report.daily_profit_and_loss",
		"report.equity_curve", "report.exposure_by_symbol", "report.agent_logs", "report.agent_activity", "report.cash_flows", "app.balance_history",
		"(select account_id, id, client_order_id, request, asked_by, answer from app.jobs) jobs", "app.jobs", "private.job_lists", "jobs.river_job",
		"(select account_id, id, address, made_by from app.destinations) destinations", "private.destination_secrets", "private.daily_summaries", "private.neared_limits", "private.stream_outages",
		"private.standing_grants", "private.invitations", "private.invitation_accounts",
	} {
		if inTx {
			s.mustAsk("savepoint loot")
		}
		if err := s.take("select * from " + from); err != nil && inTx {
			s.mustAsk("rollback to loot")
		}
	}
}

func pgError(err error) *pgconn.PgError {
	if pg, ok := err.(*pgconn.PgError); ok {
		return pg
	}
	return nil
}

func state(err error) string {
	if pg := pgError(err); pg != nil {
		return pg.Code
	}
	return ""
}

// fill replaces $A, $B and the like in a text by the ids that they stand for.
func (l *lab) fill(sql string) string {
	return strings.NewReplacer(
		"$TOKEN", l.a.Token, "$USER", l.a.User, "$ORDER", l.a.Order.String(),
		"$B_USER", l.b.User, "$B_ORDER", l.b.Order.String(), "$B_CLIENT", l.b.ClientOrder,
		"$B_BROKER", l.b.BrokerOrder.String(), "$B_NAME", l.b.Marker,
		"$NOBODY", "00000000-0000-4000-8000-000000000000",
		"$A", l.a.Account.String(), "$B", l.b.Account.String(),
	).Replace(sql)
}
