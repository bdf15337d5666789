package doctor

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/credentials"
	"paddock/app/tenant"
	"paddock/tests/pgtest"
)

// instance is the id of the one instance of the server that lives.
const instance = "00000000-0000-4000-8000-0000000000aa"

// deployment is one in which nothing is wrong, on a server of its own: roles and
// settings are the whole server's.
type deployment struct {
	own     *pgtest.Own
	admin   *pgx.Conn
	options Options
	backup  string
	stop    string // archiving fails while there is this file
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	dir, err := os.MkdirTemp("", "paddock-doctor-") // where the server's own user can look
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	stop := filepath.Join(dir, "no-archiving")
	own := pgtest.StartOwnWith(t, map[string]string{"archive_mode": "on", "archive_command": "test ! -e " + stop})
	alpaca := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(alpaca.Close)
	d := &deployment{own: own, admin: own.Conn(t, "admin"), backup: filepath.Join(t.TempDir(), "paddock-1.dump"), stop: stop}
	c := configFor(own.DB)
	c.PaperURL, c.BackupFile, c.BackupMaxAge = alpaca.URL, filepath.Join(filepath.Dir(d.backup), "paddock-*.dump"), 26*time.Hour
	d.options = Options{Config: c}
	if err := os.WriteFile(d.backup, []byte("a dump"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := credentials.ParseKeyring(c.MasterKeys.Text)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Verify(t.Context(), tenant.NewWorker(own.Pool(t, "paddock_worker"), nil)); err != nil {
		t.Fatal(err)
	}
	d.exec(t,
		"insert into private.stream_instances (holder, most) values ('"+instance+"', 100)",
		"insert into private.signs_of_life (holder, lasts) values ('"+instance+"', '1 hour')",
		`insert into auth."user" (id, name, email, "emailVerified") values ('ann', 'Ann', 'ann@example.com', false)`,
		"insert into app.user_accounts (id, user_id, name, environment) values ('00000000-0000-4000-8000-000000000001', 'ann', 'one', 'paper')",
		`insert into private.user_credentials (account_id, kind, ciphertext, encryption_algorithm, key_version, key_last4)
			values ('00000000-0000-4000-8000-000000000001', 'key', '\xc30d0409', 'x', 1, 'LAST')`,
		"insert into app.stream_leases (account_id, holder) values ('00000000-0000-4000-8000-000000000001', '"+instance+"')",
		`insert into app.stream_cursors (account_id, agreed_at) values ('00000000-0000-4000-8000-000000000001', now())
			on conflict (account_id) do update set agreed_at = now()`,
		"create role reader login in role paddock_report", "grant reader to paddock_watchdog",
	)
	return d
}

func (d *deployment) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := d.admin.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func (d *deployment) run(t *testing.T) Report {
	t.Helper()
	report, err := Run(t.Context(), d.options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// wrong returns what is not as it should be, but for the checks named.
func wrong(r Report, but ...string) (list []Finding) {
	for _, f := range r.Findings {
		if f.Status != OK && !slices.Contains(but, f.Check) {
			list = append(list, f)
		}
	}
	return list
}

// find returns the findings of a check that are not fine.
func find(r Report, check string) (list []Finding) {
	for _, f := range wrong(r) {
		if f.Check == check {
			list = append(list, f)
		}
	}
	return list
}

// Nothing is found where nothing is wrong, with the runtime logins alone, with
// the role that migrates, and with a superuser. Each check says something, and
// nothing is changed: a new master key leaves no check value.
func TestHealthyDeployment(t *testing.T) {
	d := newDeployment(t)
	d.options.Config.MasterKeys.Text += "," + credentials.NewMasterKey(2)
	for what, owner := range map[string]string{"the runtime logins": "", "the role that migrates": d.own.OwnerURL, "a superuser": d.own.AdminURL} {
		d.options.OwnerURL = owner
		report := d.run(t)
		if report.Status != OK || report.ExitCode() != 0 {
			t.Errorf("as %s: %s, %+v", what, report.Status, wrong(report))
		}
		for _, c := range checks {
			if !slices.ContainsFunc(report.Findings, func(f Finding) bool { return f.Check == c.name && f.Says != "" }) {
				t.Errorf("as %s: nothing is said of %s", what, c.name)
			}
		}
	}
	var versions int
	if err := d.admin.QueryRow(t.Context(), "select count(*) from private.master_keys").Scan(&versions); err != nil || versions != 1 {
		t.Errorf("doctor left check values: there are %d (%v)", versions, err)
	}
}

// partition runs a statement on the partition of the log of events for a month from now.
func partition(months, statement string) string {
	return partitionOf("account_events", months, statement)
}

// partitionOf runs a statement on the partition of a log for a month from now.
func partitionOf(log, months, statement string) string {
	return "do $do$ begin execute format($f$" + statement + "$f$, '" + log + "_' || to_char(date_trunc('month', now() at time zone 'UTC') + interval '" + months + " month', 'YYYY_MM')); end $do$"
}

// rewrite replaces a function's text.
func rewrite(from, to string) string {
	return "do $do$ begin execute regexp_replace(pg_get_functiondef('private.user_id()'::regprocedure), $f$" + from + "$f$, $f$" + to + "$f$); end $do$"
}

// isEnded makes app.is_ended with this list of statuses.
func isEnded(statuses string) string {
	return "create or replace function app.is_ended(p_status text) returns boolean immutable parallel safe language sql return p_status in (" + statuses + ")"
}

// guardNew makes the trigger by which guards are asked, with this condition.
func guardNew(condition string) string {
	return "create or replace trigger guard_new before insert on app.alpaca_orders for each row when (" + condition + ") execute function app.guard_order()"
}

// journalGaps replaces the text of a view.
func journalGaps(from, to string) string {
	return "do $do$ begin execute 'create or replace view report.journal_gaps with (security_invoker = true, security_barrier = true) as ' || regexp_replace(pg_get_viewdef('report.journal_gaps'::regclass), $f$" + from + "$f$, $f$" + to + "$f$, 'i'); end $do$"
}

// A fault is made in a healthy deployment, and found by the check whose subject
// it is, and by no other but those in also. Then what the finding says to do is
// done where undo is empty, and undo otherwise.
var faults = []struct {
	what, check string
	make, undo  []string
	status      Status
	says        string
	also        []string
}{
	{what: "a login bypasses row level security", check: "logins", make: []string{"alter role paddock_app bypassrls"}, status: Failure, says: `"paddock_app" has BYPASSRLS`, also: []string{"roles"}, undo: []string{"alter role paddock_app nobypassrls"}},
	{what: "a login is a superuser", check: "logins", make: []string{"alter role paddock_auth superuser"}, status: Failure, says: `"paddock_auth" is a superuser`, also: []string{"roles"}, undo: []string{"alter role paddock_auth nosuperuser"}},
	{what: "a login can become the owner", check: "logins", make: []string{"grant paddock_owner to paddock_app"}, status: Failure, says: "can become a role that does", also: []string{"roles"}, undo: []string{"revoke paddock_owner from paddock_app"}},
	{what: "a role has an attribute more", check: "roles", make: []string{"alter role paddock_gate login createdb"}, status: Failure, says: "the role paddock_gate is: login, createdb; it should be: no login"},
	{what: "a login has another role", check: "roles", make: []string{"grant pg_read_server_files to paddock_worker"}, status: Failure, says: "paddock_worker in pg_read_server_files"},
	{what: "somebody is a member of the gate", check: "roles", make: []string{"create role stranger", "grant paddock_gate to stranger"}, status: Failure, says: "stranger in paddock_gate"},
	{what: "a login lacks a timeout", check: "roles", make: []string{"alter role paddock_app reset statement_timeout"}, status: Warning, says: "paddock_app statement_timeout is missing"},
	{what: "a table's row level security is off", check: "row_security", make: []string{"alter table app.fills disable row level security"}, status: Failure, says: "row level security of app.fills is not enabled and forced"},
	{what: "a table's owner is not held", check: "row_security", make: []string{"alter table private.seal_keys no force row level security"}, status: Failure, says: "row level security of private.seal_keys is enabled and not forced"},
	{what: "a partition is open", check: "row_security", make: []string{partition("1", "alter table app.%I disable row level security")}, undo: []string{partition("1", "alter table app.%I enable row level security")}, status: Failure, says: "app.account_events_YYYY_MM"},
	{what: "a partition of agents' logs is open", check: "row_security", make: []string{partitionOf("agent_logs", "1", "alter table app.%I disable row level security")}, undo: []string{partitionOf("agent_logs", "1", "alter table app.%I enable row level security")}, status: Failure, says: "app.agent_logs_YYYY_MM"},
	{what: "the partition of imported logs does not hold its owner", check: "row_security", make: []string{"alter table app.agent_logs_imported no force row level security"}, status: Failure, says: "row level security of app.agent_logs_imported is enabled and not forced"},
	{what: "a partition of agents' logs is somebody's", check: "grants", make: []string{partitionOf("agent_logs", "0", "grant select on app.%I to paddock_app")}, undo: []string{partitionOf("agent_logs", "0", "revoke all on app.%I from paddock_app")}, status: Failure, says: "table app.agent_logs_YYYY_MM to paddock_app: select"},
	{what: "a policy is missing", check: "policies", make: []string{"drop policy app_reads on app.fills"}, undo: []string{"create policy app_reads on app.fills for select to paddock_app using (account_id = (select private.account_id('read')))"}, status: Failure, says: "the policy app_reads of app.fills is missing"},
	{what: "a policy lets everything through", check: "policies", make: []string{"alter policy app_reads on app.fills using (true)"}, undo: []string{"alter policy app_reads on app.fills using (account_id = (select private.account_id('read')))"}, status: Failure, says: "the policy app_reads of app.fills is: for select to paddock_app using true"},
	{what: "a policy asks for another scope", check: "policies", make: []string{"alter policy app_reads on app.fills using (account_id = (select private.account_id('work')))"}, undo: []string{"alter policy app_reads on app.fills using (account_id = (select private.account_id('read')))"}, status: Failure, says: "private.account_id('work')"},
	{what: "a policy is everybody's", check: "policies", make: []string{"alter policy app_reads on app.fills to public"}, undo: []string{"alter policy app_reads on app.fills to paddock_app"}, status: Failure, says: "to PUBLIC using"},
	{what: "a policy more", check: "policies", make: []string{"create policy extra on app.fills for select to paddock_app using (true)"}, status: Failure, says: "the policy extra of app.fills is not of this version"},
	{what: "a login reads a table more", check: "grants", make: []string{"grant select on app.fills to paddock_auth"}, status: Failure, says: "table app.fills to paddock_auth: select"},
	{what: "a login writes more of a table", check: "grants", make: []string{"grant delete on app.fills to paddock_app"}, status: Failure, says: "table app.fills to paddock_app is: delete, select; it should be: select"},
	{what: "everybody reads the seal's keys", check: "grants", make: []string{"grant select on private.seal_keys to public"}, status: Failure, says: "table private.seal_keys to PUBLIC: select"},
	{what: "a login reads a column more", check: "grants", make: []string{"grant select (inner_pad) on private.seal_keys to paddock_app"}, undo: []string{"revoke select (inner_pad) on private.seal_keys from paddock_app"}, status: Failure, says: "columns of private.seal_keys to paddock_app, select: inner_pad"},
	{what: "a program's own role reads orders", check: "grants", make: []string{"create role dashboard", "grant select on app.alpaca_orders to dashboard"}, status: Failure, says: "table app.alpaca_orders to dashboard: select"},
	{what: "the gate lacks a privilege", check: "grants", make: []string{"revoke insert on private.stored_bytes from paddock_gate"}, status: Failure, says: "table private.stored_bytes to paddock_gate is: delete, select; it should be: delete, insert, select"},
	{what: "a login lacks all privileges on a table", check: "grants", make: []string{"revoke select on private.storage_limit from paddock_gate"}, status: Failure, says: "the grant table private.storage_limit to paddock_gate is missing"},
	{what: "a login calls a function more", check: "grants", make: []string{"grant execute on function private.renew_seal_key() to paddock_app"}, status: Failure, says: "function private.renew_seal_key() to paddock_app"},
	{what: "a login uses a schema more", check: "grants", make: []string{"grant usage on schema ext to paddock_app"}, status: Failure, says: "schema ext to paddock_app: usage"},
	{what: "everybody makes things in public", check: "grants", make: []string{"grant create on schema public to public"}, status: Failure, says: "schema public to PUBLIC: create"},
	{what: "everybody may connect", check: "grants", make: []string{"do $$ begin execute format('grant connect on database %I to public', current_database()); end $$"}, undo: []string{"do $$ begin execute format('revoke connect on database %I from public', current_database()); end $$"}, status: Failure, says: "the database to PUBLIC: connect"},
	{what: "new functions are everybody's", check: "grants", make: []string{"alter default privileges for role paddock_owner grant execute on functions to public"}, undo: []string{"alter default privileges for role paddock_owner revoke execute on functions from public"}, status: Failure, says: "what paddock_owner will make (functions) is missing"},
	{what: "a function's text differs", check: "functions", make: []string{rewrite("(\\$function\\$\n)", "\\1-- changed\n")}, undo: []string{rewrite("-- changed\n", "")}, status: Failure, says: "the function private.user_id() differs"},
	{what: "a function whose body is parsed differs", check: "functions", make: []string{isEnded("'filled', 'canceled', 'expired'")}, undo: []string{isEnded("'filled', 'canceled', 'expired', 'rejected', 'replaced'")}, status: Failure, says: "the function app.is_ended(text) differs"},
	{what: "a trigger fires more seldom", check: "functions", make: []string{guardNew("new.intent_state = 'submitting' and new.qty < 1000")}, undo: []string{guardNew("new.intent_state = 'submitting'")}, status: Failure, says: "the trigger guard_new of app.alpaca_orders is: calls app.guard_order()"},
	{what: "a function runs as its caller", check: "functions", make: []string{"alter function private.user_id() security invoker"}, undo: []string{"alter function private.user_id() security definer"}, status: Failure, says: "the function private.user_id() differs"},
	{what: "a function is a superuser's", check: "functions", make: []string{"alter function private.user_id() owner to postgres"}, undo: []string{"alter function private.user_id() owner to paddock_gate"}, status: Failure, says: "the function private.user_id() differs; it is: of postgres, definer", also: []string{"grants"}},
	{what: "a function's search_path is open", check: "functions", make: []string{"alter function private.admit(text, uuid, text) reset search_path"}, undo: []string{"alter function private.admit(text, uuid, text) set search_path = pg_catalog, pg_temp"}, status: Failure, says: "the function private.admit(text, uuid, text) differs"},
	{what: "a function more", check: "functions", make: []string{"create function private.extra() returns int language sql as 'select 1'", "revoke execute on function private.extra() from public"}, undo: []string{"drop function private.extra()"}, status: Failure, says: "the function private.extra() is not of this version"},
	{what: "guards are switched off", check: "functions", make: []string{"alter table app.alpaca_orders disable trigger user"}, undo: []string{"alter table app.alpaca_orders enable trigger user"}, status: Failure, says: ", enabled D, text"},
	{what: "foreign keys are switched off", check: "functions", make: []string{"alter table app.fills disable trigger all"}, undo: []string{"alter table app.fills enable trigger all"}, status: Failure, says: "those of foreign keys of app.fills"},
	{what: "a constraint is missing", check: "objects", make: []string{"alter table app.syncs drop constraint syncs_bounded"}, undo: []string{"alter table app.syncs add constraint syncs_bounded check (app.json_size(answer) <= 16777216)"}, status: Failure, says: "the constraint syncs_bounded of app.syncs is missing"},
	{what: "a constraint is not validated", check: "objects", make: []string{"alter table app.syncs drop constraint syncs_bounded", "alter table app.syncs add constraint syncs_bounded check (app.json_size(answer) <= 16777216) not valid"}, undo: []string{"alter table app.syncs validate constraint syncs_bounded"}, status: Failure, says: "the constraint syncs_bounded of app.syncs is: check of answer, not valid"},
	{what: "a constraint lets more through", check: "objects", make: []string{"alter table app.syncs drop constraint syncs_bounded", "alter table app.syncs add constraint syncs_bounded check (app.json_size(answer) <= 16777217)"}, undo: []string{"alter table app.syncs drop constraint syncs_bounded", "alter table app.syncs add constraint syncs_bounded check (app.json_size(answer) <= 16777216)"}, status: Failure, says: "the constraint syncs_bounded of app.syncs is: check of answer, valid, text"},
	{what: "a default differs", check: "objects", make: []string{"alter table app.account_guards alter column switch set default 'halted'"}, undo: []string{"alter table app.account_guards alter column switch set default 'open'"}, status: Failure, says: "the column app.account_guards.switch is: text not null default, text"},
	{what: "an index leaves rows out", check: "objects", make: []string{"drop index app.agent_logs_import_idx", "create index agent_logs_import_idx on app.agent_logs (account_id, import_id) where import_id is null"}, undo: []string{"drop index app.agent_logs_import_idx", "create index agent_logs_import_idx on app.agent_logs (account_id, import_id) where import_id is not null"}, status: Warning, says: "the index app.agent_logs_import_idx of app.agent_logs is: not unique over account_id import_id, partial, valid, text"},
	{what: "a view leaves rows out", check: "objects", make: []string{journalGaps(";$", " limit 1;")}, undo: []string{journalGaps("\\s+limit .*;$", ";")}, status: Failure, says: "the table report.journal_gaps is: view of paddock_owner"},
	{what: "a column may be null", check: "objects", make: []string{"alter table app.syncs alter column asked_by drop not null"}, undo: []string{"alter table app.syncs alter column asked_by set not null"}, status: Failure, says: "the column app.syncs.asked_by is: text, statistics 0"},
	{what: "statistics are kept of tenants' words", check: "objects", make: []string{"alter table app.syncs alter column asked_by set statistics -1"}, undo: []string{"alter table app.syncs alter column asked_by set statistics 0"}, status: Failure, says: "the column app.syncs.asked_by is: text not null; it should be: text not null, statistics 0"},
	{what: "an index is missing", check: "objects", make: []string{"drop index app.agent_logs_level_idx"}, undo: []string{"create index agent_logs_level_idx on app.agent_logs (account_id, level, at desc, id desc)"}, status: Warning, says: "the index app.agent_logs_level_idx of app.agent_logs is missing"},
	{what: "a table more", check: "objects", make: []string{"create table app.extra (n int)"}, undo: []string{"drop table app.extra"}, status: Warning, says: "the table app.extra is not of this version", also: []string{"row_security"}},
	{what: "a view does not ask policies", check: "objects", make: []string{"alter view report.orders reset (security_invoker)"}, undo: []string{"alter view report.orders set (security_invoker = true)"}, status: Failure, says: "the table report.orders is: view of paddock_owner with security_barrier=true"},
	{what: "a table is another's", check: "objects", make: []string{"alter table private.storage_limit owner to postgres"}, undo: []string{"alter table private.storage_limit owner to paddock_owner"}, status: Failure, says: "the table private.storage_limit is: table of postgres", also: []string{"grants"}},
	{what: "a reporting login bypasses row level security", check: "reporting_logins", make: []string{"alter role reader bypassrls"}, status: Failure, says: `the reporting login "reader" may do`},
	{what: "a reporting login reads everything", check: "reporting_logins", make: []string{"grant pg_read_all_data to reader"}, status: Failure, says: `is a member of more than paddock_report: pg_read_all_data`},
	{what: "a reporting login was made by hand", check: "reporting_logins", make: []string{"revoke reader from paddock_watchdog", "revoke pg_signal_backend, pg_read_all_stats from paddock_watchdog"}, status: Warning, says: "cannot be ended by the watchdog"},
	{what: "values are logged", check: "logged_values", make: []string{"alter role paddock_app set log_statement = 'all'", "alter role paddock_app set log_parameter_max_length = -1"}, undo: []string{"alter role paddock_app reset log_statement", "alter role paddock_app reset log_parameter_max_length"}, status: Warning, says: "Postgres logs the values"},
	{what: "commits may be lost", check: "durability", make: []string{"alter role paddock_app set synchronous_commit = off"}, undo: []string{"alter role paddock_app reset synchronous_commit"}, status: Failure, says: "synchronous_commit is off for paddock_app"},
	{what: "the server does not flush", check: "durability", make: []string{"alter system set full_page_writes = off", "select pg_reload_conf()", "select pg_sleep(1)"}, undo: []string{"alter system reset full_page_writes", "select pg_reload_conf()", "select pg_sleep(1)"}, status: Failure, says: "full_page_writes is off"},
	{what: "no instance runs", check: "streams", make: []string{"update private.signs_of_life set given_at = now() - interval '1 hour'"}, undo: []string{"update private.signs_of_life set given_at = now()"}, status: Warning, says: "no instance of paddock serve is alive"},
	{what: "an account is not looked after", check: "streams", make: []string{"update app.stream_leases set holder = null"}, undo: []string{"update app.stream_leases set holder = '" + instance + "'"}, status: Warning, says: "1 of 1 accounts with keys are looked after by no instance"},
	{what: "an account is behind", check: "streams", make: []string{"update app.stream_cursors set agreed_at = '2026-01-02 03:04:05Z'"}, undo: []string{"update app.stream_cursors set agreed_at = now()"}, status: Failure, says: "1 of 1 accounts with keys have not agreed with Alpaca for 10m0s; the oldest agreement is of 2026-01-02T03:04:05Z"},
	{what: "an account never agreed", check: "streams", make: []string{"update app.stream_cursors set agreed_at = null", "alter table private.user_credentials disable trigger user", "update private.user_credentials set updated_at = now() - interval '1 hour'", "alter table private.user_credentials enable trigger user"}, undo: []string{"update app.stream_cursors set agreed_at = now()"}, status: Failure, says: "1 of 1 accounts with keys have not agreed with Alpaca for 10m0s"},
	{what: "the seal's key is old", check: "seal_key", make: []string{"update private.seal_keys set created_at = now() - interval '3 hours'"}, undo: []string{"update private.seal_keys set created_at = now()"}, status: Warning, says: "instances should renew it each hour"},
	{what: "the seal has no key", check: "seal_key", make: []string{"update private.seal_keys set is_current = false"}, undo: []string{"update private.seal_keys set is_current = true"}, status: Failure, says: "the seal has no key"},
	{what: "no month follows", check: "event_log", make: []string{partition("1", "drop table app.%I")}, undo: []string{"select private.maintain_event_partitions()"}, status: Warning, says: "no partition for the next month"},
	{what: "this month is missing", check: "event_log", make: []string{partition("0", "drop table app.%I")}, undo: []string{"select private.maintain_event_partitions()"}, status: Failure, says: "no partition for this month"},
	{what: "agents' logs have no partition for this month", check: "event_log", make: []string{partitionOf("agent_logs", "0", "drop table app.%I")}, undo: []string{"select private.maintain_agent_log_partitions()"}, status: Warning, says: "agents' logs have no partition for the month"},
}

// Each fault is found, says what to do, and is gone once that was done.
func TestFaultsAreFound(t *testing.T) {
	d := newDeployment(t)
	d.options.Skip = []string{"pooler", "clock", "exposure"} // they cost time, and have tests of their own
	for _, fault := range faults {
		d.exec(t, fault.make...)
		report := d.run(t)
		var met *Finding
		for _, f := range find(report, fault.check) {
			if f.Status == fault.status && strings.Contains(strings.ToLower(f.Says), strings.ToLower(fault.says)) {
				met = &f
			}
		}
		if met == nil || met.Do == "" {
			t.Errorf("%s: %+v, want %s of %s: %s", fault.what, wrong(report), fault.status, fault.check, fault.says)
		}
		if others := wrong(report, append(fault.also, fault.check)...); others != nil {
			t.Errorf("%s: these find something too: %+v", fault.what, others)
		}
		undo := fault.undo
		if undo == nil {
			for _, f := range find(report, fault.check) {
				_, statement, told := strings.Cut(f.Do, "un ") // Run or run
				if !told {
					t.Fatalf("%s: it says to do: %s", fault.what, f.Do)
				}
				statement, _, _ = strings.Cut(statement, "; then")
				undo = append(undo, statement)
			}
		}
		d.exec(t, undo...) // whether it is gone, the next run tells
	}
	if report := d.run(t); report.Status != OK {
		t.Errorf("after all is undone there is still %+v", wrong(report))
	}
}

// Wrong master keys, versions and passwords, an open transaction, archiving that
// fails, and what is wrong with the backup's file are found.
func TestFaultsOutsideOfTheSchema(t *testing.T) {
	d := newDeployment(t)
	want := func(what, check string, status Status, says string) {
		t.Helper()
		found := find(d.run(t), check)
		if len(found) != 1 || found[0].Status != status || !strings.Contains(strings.ToLower(found[0].Says), strings.ToLower(says)) || found[0].Do == "" && status != NotChecked {
			t.Errorf("%s: %+v, want %s: %s", what, found, status, says)
		}
	}

	right := d.options.Config.MasterKeys
	d.options.Config.MasterKeys.Text = credentials.NewMasterKey(1)
	want("another master key", "master_keys", Failure, "in PADDOCK_MASTER_KEYS, the key of version 1 is not the one that this database is used with")
	d.options.Config.MasterKeys.Text = credentials.NewMasterKey(2)
	want("a master key is missing", "master_keys", Failure, "has no key of version 1, which the stored API keys of 1 account(s) need")
	d.options.Config.MasterKeys = right

	d.exec(t, "update public.paddock_version set version = version - 1")
	want("half migrated", "migrations", Failure, ", and this Paddock needs version ")
	want("what is of another version", "grants", NotChecked, "the database is not at the version of this Paddock")
	d.exec(t, "update public.paddock_version set version = version + 1")

	d.options.Config.AuthURL = strings.Replace(d.own.URL("paddock_auth"), ":test-", ":hunter2", 1)
	want("a wrong password", "connection", Failure, "the database refuses this user or password")
	want("the login behind it", "logins", NotChecked, "there is no connection by PADDOCK_AUTH_DATABASE_URL")
	d.options.Config.AuthURL = d.own.URL("paddock_auth")

	oldSnapshot = 2 * time.Second
	t.Cleanup(func() { oldSnapshot = time.Hour })
	reader := d.own.Conn(t, "admin")
	if _, err := reader.Exec(t.Context(), "begin isolation level repeatable read; select 1; select pg_sleep(2.1)"); err != nil {
		t.Fatal(err)
	}
	d.options.OwnerURL = d.own.AdminURL // the runtime logins do not see how old another's transaction is
	want("an old transaction", "oldest_snapshot", Warning, "of postgres keeps an old snapshot")
	if _, err := reader.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	oldSnapshot = time.Hour

	empty := filepath.Join(filepath.Dir(d.backup), "paddock-2.dump")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want("an empty backup", "backup", Failure, "the newest backup, paddock-2.dump, is empty")
	if err := os.Remove(empty); err != nil {
		t.Fatal(err)
	}
	clear, being := filepath.Join(filepath.Dir(d.backup), "paddock-3.dump"), filepath.Join(filepath.Dir(d.backup), "paddock-4.dump.partial")
	for _, dump := range []string{"PGDMP\x01\x0e", "--\n-- PostgreSQL database dump\n--\n"} {
		if err := os.WriteFile(clear, []byte(dump), 0o600); err != nil {
			t.Fatal(err)
		}
		want("a backup in clear", "backup", Warning, "the newest backup, paddock-3.dump, is not encrypted")
	}
	if err := os.Remove(clear); err != nil {
		t.Fatal(err)
	}
	d.options.Config.BackupFile += "*"
	// The newest file is one that is being written, which is no backup yet.
	if err := os.WriteFile(being, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for at, expected := range map[time.Duration]struct {
		status Status
		says   string
	}{-27 * time.Hour: {Failure, "the newest backup, paddock-1.dump, is 27h0m"}, time.Hour: {Warning, "is of the future"}} {
		if err := os.Chtimes(d.backup, time.Time{}, time.Now().Add(at)); err != nil {
			t.Fatal(err)
		}
		want("the time of the backup", "backup", expected.status, expected.says)
	}
	if err := os.Remove(d.backup); err != nil {
		t.Fatal(err)
	}
	want("no backup", "backup", Failure, "there is no backup")
	d.options.Config.BackupFile = ""
	want("no file is named", "backup", NotChecked, "when the last backup was made is not known")

	d.options.Config.BackupFile = d.backup
	if err := os.WriteFile(d.backup, []byte("a dump"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.stop, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.exec(t, "select pg_switch_wal()")
	deadline := time.Now().Add(time.Minute)
	for failed := false; !failed; time.Sleep(50 * time.Millisecond) {
		if err := d.admin.QueryRow(t.Context(), "select last_failed_time is not null from pg_stat_archiver").Scan(&failed); err != nil || time.Now().After(deadline) {
			t.Fatalf("archiving does not fail: %v", err)
		}
	}
	want("archiving fails", "backup", Failure, "archiving of the log of changes fails")
}

// A server that is down is one finding, whatever was to be asked of it: nothing
// that was not looked at counts as fine, and no password is shown.
func TestServerIsDown(t *testing.T) {
	d := newDeployment(t)
	d.options.OwnerURL = d.own.OwnerURL
	d.own.Server.Kill()
	report := d.run(t)
	var failures []Finding
	for _, f := range report.Findings {
		if f.Status == Failure {
			failures = append(failures, f)
		}
	}
	if len(failures) != 1 || failures[0].Check != "connection" || !strings.Contains(failures[0].Says, "cannot be reached at 127.0.0.1:") || report.ExitCode() != 2 {
		t.Errorf("%+v", failures)
	}
	withoutPostgres := []string{"environment", "configuration", "connection", "clock", "backup", "exposure", "sign_up"}
	for _, c := range checks {
		found := find(report, c.name)
		if !slices.Contains(withoutPostgres, c.name) && (len(found) != 1 || found[0].Status != NotChecked) {
			t.Errorf("%s: %+v", c.name, found)
		}
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil || strings.Count(text.String(), "There is no connection to Postgres.") != 1 {
		t.Errorf("for people (%v):\n%s", err, &text)
	}
	if strings.Contains(text.String(), "test-paddock") {
		t.Errorf("it shows a password:\n%s", &text)
	}
	if err := d.own.Server.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
}
