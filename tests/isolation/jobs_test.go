package isolation

import (
	"strings"

	"github.com/google/uuid"
)

// waitingJob gives the victim an order that waits to be sent, as their request would.
func (l *lab) waitingJob() (id uuid.UUID) {
	l.t.Helper()
	id = uuid.New()
	must(l.t, l.admin, "set session_replication_role = replica")
	must(l.t, l.admin, `insert into app.jobs (account_id, id, seq, kind, request, request_hash, client_order_id, asked_by, session_id, origin)
		values ($1, $2, 1, 'order', jsonb_build_object('tag', $3::text), sha256(''), $5, $4, 'session-of-' || $4, 'session-of-' || $4 || ' r - POST /api/orders')`,
		l.b.Account, id, l.b.Marker, l.b.User, l.b.ClientOrder)
	must(l.t, l.admin, "reset session_replication_role")
	must(l.t, l.admin, "insert into private.job_lists (account_id, kind, owner) values ($1, 'order', encode(sha256($2::text::bytea), 'hex'))", l.b.Account, l.b.User)
	must(l.t, l.admin, "select private.wake_jobs(encode(sha256($1::text::bytea), 'hex'))", l.b.User)
	return id
}

// runningJob is waitingJob for one that somebody carries out, by the ticket "ticket".
func (l *lab) runningJob() {
	l.t.Helper()
	id := l.waitingJob()
	must(l.t, l.admin, "update app.jobs set state = 'running', began_at = now() where account_id = $1", l.b.Account)
	must(l.t, l.admin, `update private.job_lists set holder = gen_random_uuid(), job_id = $2, ticket = sha256('ticket'), live_until = now() + interval '1 minute'
		where account_id = $1`, l.b.Account, id)
}

// webhook gives the victim one, and a notice.
func (l *lab) webhook() {
	l.t.Helper()
	must(l.t, l.admin, "set session_replication_role = replica") // its trigger would tell the audit
	must(l.t, l.admin, "insert into app.destinations (account_id, type, address, made_by, last_seq) values ($1, 'webhook', 'https://example.com/' || $2, $3, 0)", l.b.Account, l.b.Marker, l.b.User)
	must(l.t, l.admin, "insert into app.destinations (account_id, id, type, address, topics, made_by, last_seq) values ($1, $2, 'telegram', '42', '{fills}', $3, 0)", l.b.Account, theirNotice, l.b.User)
	must(l.t, l.admin, "insert into private.destination_secrets (account_id, destination_id, ciphertext, key_version) values ($1, $2, $3::text::bytea, 1)", l.b.Account, theirNotice, l.b.Marker)
	must(l.t, l.admin, "reset session_replication_role")
}

const insertJob = `insert into app.jobs (account_id, id, kind, request, request_hash) values ('$B', gen_random_uuid(), 'order', '{}', sha256(''))`

// useTicket presents the ticket of a job that begins here.
func (s *session) useTicket() {
	s.l.t.Helper()
	s.mustAsk("begin")
	s.mustAsk("savepoint s")
	values, err := s.ask("select ticket from private.begin_job(encode(sha256('$B_USER'), 'hex'), gen_random_uuid(), '1 minute')")
	if err != nil || len(values) == 0 {
		s.mustAsk("rollback to s")
		values = []string{`\x00`}
	}
	s.mustAsk("commit; begin; savepoint s")
	if _, err := s.ask("select private.admit_job('$B', '" + values[0] + "')"); err != nil {
		s.mustAsk("rollback to s")
	}
	s.loot()
	s.end()
}

// jobAttacks are made with the password of one of the two logins that carry out jobs
// together, or with a session of one's own. Webhooks are worked on by the same rows of
// River's.
var jobAttacks = []attack{
	{
		name:   "another's job read",
		weak:   []string{"alter table app.jobs disable row level security"},
		scene:  func(l *lab) { l.waitingJob() },
		run:    func(l *lab) { s := l.as("paddock_app"); s.begin(); s.loot(); s.end() },
		spoils: true,
	},
	{
		name: "a job asked for on another's account",
		weakFn: edits(
			edit("private.accept_job()", "new.account_id is distinct from account or ", ""),
			func(l *lab) {
				must(l.t, l.admin, "alter policy app_inserts on app.jobs with check (asked_by = (select private.user_id()))")
			}),
		spoils: true,
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.ask(insertJob)
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name: "a job asked for in another's name",
		weak: []string{"grant insert on app.jobs to paddock_app"},
		weakFn: edits(
			edit("private.accept_job()", "new.asked_by := private.user_id();", ""),
			edit("private.accept_job()", "new.session_id := (private.origin())[1];", ""),
			func(l *lab) {
				must(l.t, l.admin, "alter policy app_inserts on app.jobs with check (account_id = (select private.account_id('trade')))")
			}),
		spoils: true,
		scene:  func(l *lab) { l.share("trader") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
			for _, columns := range []string{"asked_by, session_id, origin", "asked_by, session_id"} {
				values := "'$B_USER', 'session-of-$B_USER', ''"
				if columns == "asked_by, session_id" {
					values = "'$B_USER', 'session-of-$B_USER'"
				}
				s.mustAsk("savepoint s")
				if _, err := s.ask("insert into app.jobs (account_id, id, seq, kind, request, request_hash, " + columns +
					") values ('$B', gen_random_uuid(), 1, 'order', '{}', sha256(''), " + values + ")"); err != nil {
					s.mustAsk("rollback to s")
				}
			}
			s.end()
		},
	},
	{
		name:   "admission by a guessed ticket",
		weakFn: edit("private.admit_job(uuid,bytea)", "l.ticket = sha256(p_ticket) and ", ""),
		scene:  func(l *lab) { l.runningJob() },
		run: func(l *lab) {
			s := l.as("paddock_app")
			for _, ticket := range []string{`\x`, `\x00`, "ticket of somebody", "null"} {
				s.mustAsk("begin; savepoint s")
				if _, err := s.ask("select private.admit_job('$B', '" + ticket + "')"); err != nil {
					s.mustAsk("rollback to s")
				}
				s.loot()
				s.end()
			}
		},
	},
	{
		name:   "admission by a ticket whose time is over",
		weakFn: edit("private.admit_job(uuid,bytea)", "l.live_until > clock_timestamp()", "true"),
		scene: func(l *lab) {
			l.runningJob()
			must(l.t, l.admin, "update private.job_lists set live_until = now() - interval '1 second' where account_id = $1", l.b.Account)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; savepoint s")
			if _, err := s.ask("select private.admit_job('$B', 'ticket')"); err != nil {
				s.mustAsk("rollback to s")
			}
			s.loot()
			s.end()
		},
	},
	{
		name:   "a job begun with the web process's password",
		weak:   []string{"grant execute on function private.begin_job to paddock_app"},
		spoils: true,
		scene:  func(l *lab) { l.waitingJob() },
		run:    func(l *lab) { l.as("paddock_app").useTicket() },
	},
	{
		name: "a ticket presented with the worker's password",
		weak: []string{"grant execute on function private.admit_job to paddock_worker",
			"create policy careless on app.alpaca_orders for select to paddock_worker using (account_id = (select private.account_id('read')))"},
		spoils: true,
		scene:  func(l *lab) { l.waitingJob() },
		run:    func(l *lab) { l.as("paddock_worker").useTicket() },
	},
	{
		name:   "another's waiting jobs canceled",
		weakFn: edit("private.cancel_jobs(uuid)", "private.require_account('canceling a job', 'cancel')", "(select j.account_id from app.jobs j where j.id = p_id)"),
		spoils: true,
		scene:  func(l *lab) { l.waitingJob() },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.begin()
			s.ask("select private.cancel_jobs(j.id) from (values (null::uuid), ('" + one[uuid.UUID](l.t, l.admin, "select id from app.jobs where account_id = $1", l.b.Account).String() + "')) j (id)")
			s.ask("commit")
			s.ask("rollback")
		},
	},
	{
		name:   "another's webhooks read",
		weak:   []string{"alter table app.destinations disable row level security"},
		spoils: true,
		scene:  func(l *lab) { l.webhook() },
		run:    func(l *lab) { s := l.as("paddock_app"); s.begin(); s.loot(); s.end() },
	},
	{
		name:   "a webhook read by somebody who only trades",
		weak:   []string{"alter policy app_reads on app.destinations using (account_id = (select private.account_id('read')))"},
		spoils: true,
		scene:  func(l *lab) { l.webhook(); l.share("trader") },
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.mustAsk("begin; select private.admit('$TOKEN', '$B')")
			s.take("select address from app.destinations")
			s.ask("rollback")
		},
	},
	{
		name:   "a webhook that sends another's events away",
		weakFn: edit("private.make_destination(uuid,jsonb,text,integer,bytea,bytea)", "private.require_account('making a webhook or a notice', 'manage')", "private.account_id('read')"),
		spoils: true,
		scene:  func(l *lab) { l.share("trader") },
		run:    func(l *lab) { l.makeDestination("$TOKEN", `{"type":"webhook","address":"https://example.com"}`) },
	},
	{
		name:   "a notice that tells of another's events",
		weakFn: edit("private.make_destination(uuid,jsonb,text,integer,bytea,bytea)", "private.require_account('making a webhook or a notice', 'manage')", "private.account_id('trade')"),
		spoils: true,
		scene:  func(l *lab) { l.share("trader") },
		run:    func(l *lab) { l.makeDestination("$TOKEN", `{"type":"telegram","address":"42","topics":["fills"]}`) },
	},
	{
		name:   "a notice made by an API token",
		weakFn: edit("private.make_destination(uuid,jsonb,text,integer,bytea,bytea)", "private.require_account('making a webhook or a notice', 'manage')", "private.account_id('read')"),
		spoils: true,
		scene:  func(l *lab) { l.token("{read,trade,cancel,log}", "", "", everyAccount) },
		run:    func(l *lab) { l.makeDestination(theirToken, `{"type":"telegram","address":"42","topics":["fills"]}`) },
	},
	{
		name:   "a notice changed by somebody who only trades",
		weakFn: edit("private.change_destination(uuid,boolean,jsonb)", "'manage'", "'trade'"),
		spoils: true,
		scene:  func(l *lab) { l.webhook(); l.share("trader") },
		run: func(l *lab) {
			l.as("paddock_app").try("$TOKEN", "select private.change_destination('"+theirNotice+`', false, '{"topics":["account"]}')`)
		},
	},
	{
		name: "a notice that mails to another's address",
		weak: []string{
			"grant update on app.destinations to paddock_app",
			"create policy w on app.destinations for update to paddock_app using (account_id = (select private.account_id('read'))) with check (true)",
			"alter policy app_reads on app.destinations using (account_id = (select private.account_id('read')))",
		},
		spoils: true,
		scene:  func(l *lab) { l.webhook(); l.share("trader") },
		run: func(l *lab) {
			for _, set := range []string{"address = '666'", "type = 'email', address = null, made_by = '$A_USER'"} {
				l.as("paddock_app").try("$TOKEN", "update app.destinations set "+set+" where id = '"+theirNotice+"'")
			}
		},
	},
	{
		name:   "a notice's token read",
		weak:   []string{"grant usage on schema private to paddock_worker", "grant select on private.destination_secrets to paddock_worker", "alter table private.destination_secrets disable row level security"},
		spoils: true,
		scene:  func(l *lab) { l.webhook() },
		run: func(l *lab) {
			for _, login := range []string{"paddock_app", "paddock_worker", "paddock_auth"} {
				l.as(login).take("select convert_from(ciphertext, 'UTF8') from private.destination_secrets")
			}
		},
	},
	{
		name:   "the events of a notice read with the web process's password",
		weak:   []string{"grant execute on function private.begin_delivery, private.read_delivery to paddock_app"},
		spoils: true,
		scene: func(l *lab) {
			l.webhook()
			must(l.t, l.admin, "update app.destinations set topics = '{account}', last_seq = 0 where id = $1", theirNotice)
		},
		run: func(l *lab) {
			s := l.as("paddock_app")
			s.ask("select private.begin_delivery('$B', '" + theirNotice + "', '" + theirNotice + "', '1 minute')")
			s.take("select data::text from private.read_delivery('$B', '" + theirNotice + "', '" + theirNotice + "', 'x', 100)")
		},
	},
}

// theirNotice is the victim's.
const theirNotice = "00000000-0000-4000-8000-00000000006f"

// makeDestination tries to make one of the victim's account.
func (l *lab) makeDestination(token, set string) {
	l.as("paddock_app").try(token, "select private.make_destination(gen_random_uuid(), '"+set+"', '"+strings.Repeat("ab", 32)+"', 1, '\\x"+strings.Repeat("cd", 32)+"', 'x')")
}
