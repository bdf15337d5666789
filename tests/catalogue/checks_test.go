package catalogue

// check is a query of the catalogue that should return no row: each row names
// something that breaks a rule. $1 has the runtime roles, $2 those that own
// things.
type check struct {
	name string
	sql  string
	// broken has ways to break the rule, each a list of statements that a superuser
	// runs on a copy. Each way must make this check fail, and no other.
	broken [][]string
}

// Exceptions from the rules, each with its reason. Keep them few.
const (
	// Tables that belong to no tenant, or are counted by user. No runtime role has
	// a privilege on them.
	notTenants = `('private.seal_keys', 'private.doorbell', 'private.event_retention', 'private.step_up_window', 'private.stream_instances', 'private.signs_of_life', 'private.master_keys',
		'private.key_checks', 'private.stored_bytes', 'private.storage_limit', 'private.audit_retention', 'private.agent_log_retention', 'private.report_sessions', 'private.instance_keyrings', 'private.primary_run', 'private.job_retention',
		'private.api_tokens', 'private.token_heartbeats', 'private.standing_grants', 'private.invitations', 'private.address_tries', 'private.block_orders')`

	// The table of what concerns a user: each row is one user's.
	ofUsers = `'app.user_audit_log'`

	// The security definer functions that do not belong to the gate and that
	// build SQL from text: only the owner may create and drop partitions. They take
	// no argument. What they do depends on the clock and the retention alone.
	keepsPartitions = `('private.maintain_event_partitions()', 'private.maintain_audit_partitions()', 'private.maintain_agent_log_partitions()')`

	// The definer functions that are the watchdog's: to see and end a session takes
	// membership in its login, which the gate need not have.
	endsSessions = `('private.end_report_sessions(oid[],interval)', 'private.seen_report_sessions()')`

	// Definer functions that write for a request that may only read.
	writesForReaders = `(
		'private.admit(text,uuid,text)',                        -- writes settings alone
		'private.admit_job(uuid,bytea)',                        -- the same
		'private.create_account(text,text)',                -- asks for a user: there is no account yet
		-- ask for a user, whose tokens they are
		'private.make_token(uuid,text,bytea,text,text[],uuid[],boolean,timestamp with time zone,interval,jsonb,uuid[])', 'private.revoke_token(uuid)', 'private.reset_token(uuid)',
		-- ask for a user: one who has a role for reports alone leaves by it, too
		'private.end_grant(uuid,text)',
		-- ask for a user, whose accounts they are, or who gives back what they have
		'private.give_standing_grant(text,text,timestamp with time zone)', 'private.end_standing_grant(text,text)',
		-- ask for a user, who has the token of an invitation, or made it
		'private.take_invitation(bytea)', 'private.revoke_invitation(uuid)',
		-- ask for a user, and for trade on each account that is named
		'private.make_block_order(text,bytea,jsonb)', 'private.preview_block_order(jsonb)',
		'private.lock_event_log(boolean,boolean)',          -- writes one setting
		'private.check_replica(uuid,pg_lsn,timestamp with time zone,interval)', -- writes nothing: it runs on a standby
		'private.append_event(text,jsonb,text)',            -- asks for the scope of each kind
		'private.read_credentials(integer[],text[])'        -- notes the decryption
	)`

	// Functions without a search_path of their own.
	unpinned = `(
		-- runs at each check of a policy; only the gate may execute it, from functions that are pinned
		'private.check_seal(boolean)',
		-- Postgres puts these in the place of their calls, which a SET clause would keep
		-- it from. They run as their caller, whom another search_path gives nothing.
		'app.orders_matching(uuid,timestamp with time zone,timestamp with time zone,text[],text,text[])',
		'app.top_level_orders_matching(uuid,timestamp with time zone,timestamp with time zone,text[],text,text[],boolean)',
		'app.orders_from_broker_json(uuid,jsonb,uuid)',
		-- River's, as its own migrations make it: it calls functions of pg_catalog alone, as whoever writes a row
		'jobs.river_job_state_in_bitmask(bit,jobs.river_job_state)'
	)`

	// Indexes that begin with something else than the account.
	otherIndexes = `(
		-- a user's list of accounts; the policy's own column comes first, so that its
		-- condition is always one of the index's and no scan meets other users' rows
		'app.account_grants_user_id_idx',
		'private.job_lists_owner_idx',                      -- asked by owner; no runtime role reads the table
		'private.report_grants_role_idx',                   -- asked by role; no runtime role reads the table
		'private.invitation_accounts_invitation_idx',       -- asked by invitation; no runtime role reads the table
		'private.token_accounts_token_idx',                 -- asked by token; no runtime role reads the table
		'private.block_order_parts_block_idx',              -- asked by block order; no runtime role reads the table
		'private.copy_offers_digest_idx',                   -- asked by code; no runtime role reads the table
		'private.copy_follows_token_idx',                   -- asked by token; no runtime role reads the table
		'private.copy_follows_leader_idx',                  -- asked by leader; no runtime role reads the table
		'private.due_copies_leader_idx',                    -- the same
		'app.stream_leases_holder_idx',                     -- asked by holder; no runtime role reads the table
		'app.user_accounts_user_id_name_key',               -- over a digest, which no condition reaches before the policy
		'app.user_accounts_user_id_broker_account_key'      -- the same
	)`

	// Foreign keys that begin with something else.
	otherForeignKeys = `(
		'app.user_accounts_user_id_fkey',                   -- an account's user
		'app.account_grants_user_id_fkey',                  -- a grant's user
		'private.token_accounts_token_id_fkey',             -- a user's token, which reaches several accounts
		'private.block_order_parts_block_order_id_fkey',    -- a user's block order, which is for several accounts
		'private.copy_follows_leader_id_offer_id_fkey',     -- another account's offer
		'private.copy_follows_user_id_fkey',                -- whose consent it is
		'private.copy_follows_token_id_fkey',               -- by whose limits
		'private.invitation_accounts_invitation_id_fkey'    -- a user's invitation
	)`

	// What may change a row's user: an account changes hands, in private.pass_account alone.
	changesHands = `('app.user_accounts.user_id by paddock_gate')`

	// The functions that read or write grants themselves. Every other asks
	// private.usable_grants, which leaves out what is over and what is for reports alone.
	managesGrants = `(
		'private.usable_grants()', 'private.report_accounts()', 'private.grant_report(name,uuid,text)',
		-- make and take grants
		'private.create_account(text,text)', 'private.apply_standing_grants(uuid,text)', 'private.put_grant(uuid,text,text,timestamp with time zone,text)',
		'private.change_grant(text,text,timestamp with time zone,boolean)', 'private.end_grant(uuid,text)', 'private.pass_account(uuid,text)',
		'private.transfer_account(text)', 'private.put_standing_grant(text,text,text,timestamp with time zone)', 'private.end_standing_grant(text,text)',
		'private.begin_import(text,jsonb,text,text,text,jsonb,text[])', 'private.undo_import(uuid,uuid,integer)',
		-- show grants that are over and those for reports as well
		'private.list_grants(text)', 'private.list_own_grants()', 'private.record_grant_change()'
	)`
)

// ours are the schemas that the migrations make. A check reports any other schema
// that is not Postgres's own, and anything in public but tern's table.
const ours = `('auth', 'app', 'private', 'report', 'ext', 'jobs')`

// tenantTables are the tables with rows of accounts, and the column that has the
// account's id: in user_accounts that is id.
const tenantTables = `(select c.oid, n.nspname || '.' || c.relname as name, a.attnum
	from pg_class c join pg_namespace n on n.oid = c.relnamespace
	join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
		and a.attname = case when n.nspname || '.' || c.relname = 'app.user_accounts' then 'id' else 'account_id' end
	where c.relkind in ('r', 'p') and n.nspname in ` + ours + ` and n.nspname <> 'auth')`

// policyText has the expressions of each policy, one a row.
const policyText = `(select p.oid, p.polrelid::regclass::text || ', policy ' || p.polname as name, p.polroles, p.polrelid, e.text
	from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
	cross join lateral (values (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) e (text)
	where n.nspname in ` + ours + ` and e.text is not null)`

// accessors are the functions in our schemas that policies call.
const accessors = `(select distinct f.oid, f.oid::regprocedure::text as name, f.provolatile, f.proparallel
	from pg_policy p join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass
	join pg_proc f on f.oid = d.refobjid join pg_namespace n on n.oid = f.pronamespace where n.nspname in ` + ours + `)`

// notifies is a pattern for SQL that notifies or rings the doorbell.
const notifies = `'\m(pg_notify|notify|notify_events)\M'`

var checks = []check{
	{
		name: "row level security is enabled on every table",
		sql: `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relkind in ('r', 'p') and n.nspname in ` + ours + ` and not c.relrowsecurity`,
		broken: [][]string{
			{"alter table app.agent_logs disable row level security"},
			{`alter table auth.session disable row level security`},
			{"alter table app.agent_logs_other disable row level security"}, // a partition as well
			{"set role paddock_owner", "create table app.notes (account_id uuid primary key)", "alter table app.notes force row level security, alter column account_id set statistics 0", "comment on table app.notes is 'Notes.'"},
		},
	},
	{
		name: "row level security is forced on every table",
		sql: `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relkind in ('r', 'p') and n.nspname in ` + ours + ` and not c.relforcerowsecurity`,
		broken: [][]string{{"alter table app.agent_logs no force row level security"}, {"alter table private.seal_keys no force row level security"}},
	},
	{
		name: "every grant on a table has a policy for its role and command",
		sql: `with granted as (
				select c.oid, g.grantee, g.privilege_type from pg_class c join pg_namespace n on n.oid = c.relnamespace
				cross join lateral aclexplode(c.relacl) g
				where c.relkind in ('r', 'p') and n.nspname in ` + ours + ` and g.grantee <> c.relowner
				union
				select c.oid, g.grantee, g.privilege_type from pg_class c join pg_namespace n on n.oid = c.relnamespace
				join pg_attribute a on a.attrelid = c.oid cross join lateral aclexplode(a.attacl) g
				where c.relkind in ('r', 'p') and n.nspname in ` + ours + ` and g.grantee <> c.relowner
			)
			select g.oid::regclass || ': ' || g.privilege_type || ' of ' || g.grantee::regrole from granted g
			where g.grantee <> 0 and g.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') and not exists (
				select from pg_policy p where p.polrelid = g.oid and p.polpermissive and (g.grantee = any (p.polroles) or 0 = any (p.polroles))
				and p.polcmd in ('*', case g.privilege_type when 'SELECT' then 'r' when 'INSERT' then 'a' when 'UPDATE' then 'w' else 'd' end))`,
		broken: [][]string{
			{"drop policy app_reads on app.agent_logs"},
			{"grant delete on app.agent_logs to paddock_app"},
			{"grant update (symbol) on app.trading_positions to paddock_app"},
			{"grant select (account_id) on app.audit_log to paddock_worker"},
		},
	},
	{
		// Which row something is, and whose, is said once. A key that could be
		// changed would give a row, with all that points to it, to another account,
		// user or order. So updates are granted by columns: every table has a key.
		name: "nobody may change a key, an account or a user of a row",
		sql: `select c.oid::regclass || '.' || a.attname || ' by ' || pg_get_userbyid(g.grantee)
			from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
			cross join lateral (select * from aclexplode(c.relacl) union all select * from aclexplode(a.attacl)) g
			where c.relkind in ('r', 'p', 'v') and n.nspname in ` + ours + ` and g.privilege_type = 'UPDATE' and g.grantee not in (0, c.relowner)
			and (a.attname in ('id', 'account_id', 'user_id', 'userId', 'accountId', 'providerId', 'submitted_by')
				or exists (select from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'f') and a.attnum = any (k.conkey)))
			and c.oid::regclass || '.' || a.attname || ' by ' || pg_get_userbyid(g.grantee) not in ` + changesHands,
		broken: [][]string{
			{"grant update on app.stream_cursors to paddock_worker"},
			{"grant update (execution_id) on app.fills to paddock_worker"},        // of the primary key
			{"grant update (wind_down_id) on app.alpaca_orders to paddock_app"},   // of a foreign key
			{"grant update (order_id) on app.fills to paddock_worker"},            // the same, to another order
			{"grant update (id) on app.fills to paddock_worker"},                  // an id that is no key
			{`grant update ("userId") on auth.session to paddock_auth`},           // whose session it is
			{"grant update (account_id) on app.stream_cursors to paddock_worker"}, // whose row it is
			{"grant update (account_id) on app.stream_leases to paddock_gate"},
			{"grant update (submitted_by) on app.alpaca_orders to paddock_app"},
			{"grant update (user_id) on app.user_accounts to paddock_app"}, // which the gate alone may
		},
	},
	{
		name: "no door reads grants itself",
		sql: `select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			where n.nspname in ` + ours + ` and p.oid::regprocedure::text not in ` + managesGrants + `
			and (p.prosrc ~ 'account_grants' or exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
				and d.refclassid = 'pg_class'::regclass and d.refobjid = 'app.account_grants'::regclass))
			union all
			select v.oid::regclass::text from pg_class v join pg_rewrite r on r.ev_class = v.oid
			join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.refobjid = 'app.account_grants'::regclass
			where v.relkind = 'v'`,
		broken: [][]string{
			{`create or replace function private.accounts_with_credentials() returns table (account_id uuid, works boolean)
				stable security definer set search_path = pg_catalog, pg_temp language sql as $$
				select c.account_id, c.rejected_at is null from app.account_grants g join private.user_credentials c on c.account_id = g.account_id where g.user_id = private.user_id() $$`},
			{`create or replace function private.has_stepped_up() returns boolean stable set search_path = pg_catalog, pg_temp language sql
				begin atomic select exists (select from app.account_grants); end`},
		},
	},
	{
		name: "tables give no privilege that row level security does not cover",
		sql: `select c.oid::regclass || ': ' || g.privilege_type || ' of ' || g.grantee::regrole
			from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) g
			where c.relkind in ('r', 'p', 'v') and n.nspname in ` + ours + ` and g.grantee <> c.relowner
			and g.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') and g.grantee <> 0`,
		broken: [][]string{{"grant truncate on app.agent_logs to paddock_app"}, {"grant references on app.agent_logs to paddock_worker"}, {"grant trigger on app.agent_logs to paddock_app"}},
	},
	{
		name: "partitions are nobody's: all go by the table",
		sql: `select c.oid::regclass || ' of ' || g.grantee::regrole from pg_class c join pg_namespace n on n.oid = c.relnamespace
			cross join lateral aclexplode(c.relacl) g
			where c.relispartition and c.relkind in ('r', 'p') and n.nspname in ` + ours + ` and g.grantee <> c.relowner
			union all -- a grant on a column is in the way as well
			select c.oid::regclass || '.' || a.attname || ' of ' || g.grantee::regrole from pg_class c join pg_namespace n on n.oid = c.relnamespace
			join pg_attribute a on a.attrelid = c.oid cross join lateral aclexplode(a.attacl) g
			where c.relispartition and c.relkind in ('r', 'p') and n.nspname in ` + ours + ` and g.grantee <> c.relowner
			union all -- nor has one a policy by which others than its owner would see rows
			select p.polname || ' of ' || c.oid::regclass from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
			where c.relispartition and n.nspname in ` + ours,
		broken: [][]string{{
			"create policy app_reads on app.agent_logs_sent for select to paddock_app using (account_id = (select private.account_id('read')))",
			"grant select on app.agent_logs_sent to paddock_app"}, {
			"create policy app_reads on app.agent_logs_imported for select to paddock_app using (account_id = (select private.account_id('read')))",
			"grant select (message) on app.agent_logs_imported to paddock_app"}, {
			"set role paddock_owner", "select private.add_event_partition('1999-05-05')", "reset role",
			"create policy app_reads on app.account_events_1999_05 for select to paddock_app using (account_id = (select private.account_id('read')))",
			"grant select on app.account_events_1999_05 to paddock_app"}},
	},
	{
		name: "each of the log's partitions has its keys",
		sql: `select c.oid::regclass::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
			where i.inhparent = 'app.account_events'::regclass and (
				select array_agg(pg_get_constraintdef(k.oid) order by k.contype) from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u'))
				is distinct from array['PRIMARY KEY (account_id, seq)', 'UNIQUE (account_id, broker_event_id)']`,
		broken: [][]string{{"set role paddock_owner", "select private.add_event_partition('1999-05-05')", "alter table app.account_events_1999_05 drop constraint account_events_1999_05_account_id_broker_event_id_key"}},
	},
	{
		// Of the months' lines the key is also what finds the newest.
		name: "each partition of agents' logs has its key",
		sql: `select c.oid::regclass::text from pg_partition_tree('app.agent_logs') t join pg_class c on c.oid = t.relid
			where t.isleaf and (select pg_get_constraintdef(k.oid) from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')
				<> case c.relname when 'agent_logs_imported' then 'PRIMARY KEY (account_id, id)' else 'PRIMARY KEY (account_id, at, id)' end`,
		broken: [][]string{
			{"alter table app.agent_logs_imported drop constraint agent_logs_imported_pkey", "alter table app.agent_logs_imported add primary key (account_id, at, id)"},
			{"alter table app.agent_logs_sent drop constraint agent_logs_sent_pkey", "alter table app.agent_logs_sent add primary key (account_id, id, at)"},
		},
	},
	{
		name: "no grant can be passed on",
		sql: `select c.oid::regclass || ': ' || g.privilege_type || ' of ' || g.grantee::regrole
			from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) g
			where n.nspname in ` + ours + ` and g.is_grantable and g.grantee <> c.relowner
			union all
			select p.oid::regprocedure || ': ' || g.privilege_type || ' of ' || g.grantee::regrole
			from pg_proc p join pg_namespace n on n.oid = p.pronamespace cross join lateral aclexplode(p.proacl) g
			where n.nspname in ` + ours + ` and g.is_grantable and g.grantee <> p.proowner`,
		broken: [][]string{{"grant select on app.agent_logs to paddock_app with grant option"}, {"grant execute on function private.notify_events(uuid[]) to paddock_worker with grant option"}},
	},
	{
		name:   "every policy names its roles",
		sql:    `select distinct name from ` + policyText + ` p where 0 = any (p.polroles)`,
		broken: [][]string{{"alter policy app_reads on app.agent_logs to public"}},
	},
	{
		name: "every policy of a runtime role asks an accessor",
		// Sign-in's login is left out on its own tables: it works on them before
		// anybody is signed in. So is the worker on River's, which have no tenant's
		// rows: River works on them for all accounts.
		sql: `select p.name || ' of ' || r.rolname from ` + policyText + ` p join pg_roles r on r.oid = any (p.polroles) and r.rolname = any ($1)
			join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
			where not (r.rolname = 'paddock_auth' and n.nspname = 'auth') and not (r.rolname = 'paddock_worker' and n.nspname = 'jobs')
			and p.text !~ 'private\.(account_id|user_id|may|report_accounts)\('`,
		broken: [][]string{
			{"alter policy app_reads on app.agent_logs using (true)"},
			{"alter policy worker_all on app.alpaca_orders with check (true)"},
			{"create policy careless on app.audit_log for select to paddock_worker using (account_id is not null)"},
		},
	},
	{
		// Both types become far larger as text than what was sent.
		name: "every jsonb and numeric column is bounded by its table's constraint",
		sql: `select c.oid::regclass || '.' || a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace
			join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.atttypid in ('jsonb'::regtype, 'json'::regtype, 'numeric'::regtype)
			where c.relkind in ('r', 'p') and n.nspname in ` + ours + ` and not exists (
				select from pg_constraint k where k.conrelid = c.oid and k.contype = 'c' and k.convalidated and k.conname ~ '_bounded$'
				and pg_get_constraintdef(k.oid) !~ '\m(OR|NOT|CASE|COALESCE|FALSE|NULL)\M'
				and pg_get_constraintdef(k.oid) ~ case a.atttypid when 'numeric'::regtype
						then '\m(is_amount\(|are_amounts\(ARRAY\[([a-z_]+, )*)' || a.attname || '(\)|, |\]\))'
					else '\mjson_size\(' || a.attname || '\) <= [0-9]+' end)`,
		broken: [][]string{
			{"alter table app.agent_logs drop constraint agent_logs_bounded"},
			{"alter table app.fills add column fee numeric"},
			{"alter table app.agent_logs add column more jsonb"}, {"alter table app.agent_logs add column more json"},
			{"alter table app.agent_logs drop constraint agent_logs_bounded", "alter table app.agent_logs add constraint agent_logs_bounded check (app.json_size(data) <= 65536 or level = 'debug')"},
			{"alter table app.exercises drop constraint exercises_bounded", "alter table app.exercises add constraint exercises_bounded check (app.is_amount(qty) and app.is_amount(price))"},
			{"alter table app.exercises drop constraint exercises_bounded", "alter table app.exercises add constraint exercises_bounded check (app.are_amounts(array[qty, price]))"},
			{"alter table app.exercises drop constraint exercises_bounded", "alter table app.exercises add constraint exercises_bounded check (app.are_amounts(array[qty, price, reference_price - 1]))"},
			{"alter table app.exercises drop constraint exercises_bounded", "alter table app.exercises add constraint exercises_bounded check (app.is_amount(qty) and app.is_amount(price) and app.is_amount(reference_price)) not valid"},
		},
	},
	{
		name: "policies ask their accessor once a statement",
		sql: `select name || ': ' || text from ` + policyText + ` p
			where regexp_replace(text, 'SELECT private\.\w+\(', '', 'g') ~ 'private\.\w+\('`,
		broken: [][]string{
			{"alter policy app_reads on app.agent_logs using (account_id = private.account_id('read'))"},
			{"alter policy app_reads on app.account_grants using (user_id = private.user_id())"},
		},
	},
	{
		// Who may only read changes nothing: not the mirror, by which guards
		// measure, and nothing else.
		name: "a request writes by a scope that is more than read",
		sql: `select name || ': ' || text from ` + policyText + ` p
			where array['paddock_app'::regrole::oid, 'paddock_recorder'::regrole::oid] && p.polroles and (select o.polcmd from pg_policy o where o.oid = p.oid) <> 'r'
			and (text ~ 'account_id\((''(read)?''::text)?\)' or text !~ 'account_id\(')`,
		broken: [][]string{
			{"alter policy recorder_all on app.alpaca_positions with check (account_id = (select private.account_id('read')))"},
			{"alter policy app_updates on app.alpaca_orders using (account_id = (select private.account_id('read')))"},
			{"alter policy recorder_all on app.stream_cursors using (account_id = (select private.account_id()))"},
			{"create policy careless on app.agent_logs to paddock_app using (account_id = (select private.account_id('read')))"},
			{"alter policy app_asks on app.syncs with check (asked_by = (select private.user_id()))"},
		},
	},
	{
		name: "a definer function of requests that writes asks for a scope that is more than read",
		sql: `select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace cross join lateral aclexplode(p.proacl) g
			where p.prosecdef and p.provolatile = 'v' and n.nspname in ` + ours + ` and g.grantee = 'paddock_app'::regrole
			and p.oid::regprocedure::text not in ` + writesForReaders + ` and p.oid not in (select a.oid from ` + accessors + ` a)
			and p.prosrc !~ '(require_account\(''[^'']*'', |account_id\()''(cancel|trade|log|manage|approve)'''
			and p.prosrc !~ '\mprivate\.require_keys\(p_versions, p_keys\)'`,
		broken: [][]string{
			{"create or replace function private.beat() returns jsonb volatile security definer set search_path = pg_catalog, pg_temp language sql as 'select null::jsonb'"},
			{"grant execute on function private.audit(uuid, text, jsonb, text, text, text) to paddock_app", "alter function private.audit(uuid, text, jsonb, text, text, text) security definer set search_path = pg_catalog, pg_temp"},
		},
	},
	{
		// A plain function runs as its caller, who is refused in the middle of it otherwise.
		name: "a plain function is granted to those who may call all that it calls",
		sql: `with functions as (
				select p.oid, n.nspname || '.' || p.proname as name, p.prosecdef, regexp_replace(pg_get_functiondef(p.oid), '--[^\n]*', '', 'g') as body
				from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('app', 'private') and p.prokind = 'f')
			select r.rolname || ' may call ' || f.name || ' and not ' || c.name
			from functions f cross join lateral (select distinct m[1] as name from regexp_matches(f.body, '\m((?:app|private)\.\w+)\(', 'g') m) called
			join functions c on c.name = called.name and c.oid <> f.oid
			join pg_roles r on r.rolname in ('paddock_app', 'paddock_worker', 'paddock_recorder', 'paddock_auth', 'paddock_report')
			where not f.prosecdef and has_function_privilege(r.oid, f.oid, 'execute') and not has_function_privilege(r.oid, c.oid, 'execute')`,
		broken: [][]string{{"revoke execute on function app.matches_intent from paddock_app"}, {"revoke execute on function app.violation from paddock_worker"}},
	},
	{
		name: "policies read no setting",
		sql:  `select name || ': ' || text from ` + policyText + ` p where text ~* 'current_setting|current_user|pg_has_role|current_role'`,
		broken: [][]string{
			{"alter policy app_reads on app.agent_logs using (account_id = (select private.account_id('read')) or account_id = current_setting('app.account_id')::uuid)"},
		},
	},
	{
		name: "accessors are stable and stay with the leader",
		sql:  `select name || ': volatility ' || provolatile::text || ', parallel ' || proparallel::text from ` + accessors + ` a where provolatile <> 's' or proparallel = 's'`,
		broken: [][]string{
			{"alter function private.account_id(text) immutable"}, {"alter function private.account_id(text) volatile"},
			{"alter function private.user_id() immutable"}, {"alter function private.report_accounts() parallel safe"},
		},
	},
	{
		name: "every table of a tenant says whose it is",
		sql: `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relkind in ('r', 'p') and n.nspname in ` + ours + ` and n.nspname not in ('auth', 'jobs')
			and not c.relispartition and n.nspname || '.' || c.relname <> ` + ofUsers + `
			and n.nspname || '.' || c.relname not in ` + notTenants + ` and c.oid not in (select t.oid from ` + tenantTables + ` t)`,
		broken: [][]string{
			{"set role paddock_owner", "create table app.notes (id uuid primary key)", "alter table app.notes enable row level security, force row level security", "comment on table app.notes is 'Notes.'"},
		},
	},
	{
		// Of a partitioned table, each partition has a primary key: one of the
		// whole table would have to contain the time.
		name: "every table has a primary key",
		sql: `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relkind = 'r' and n.nspname in ` + ours + ` and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')`,
		broken: [][]string{{"alter table app.fills drop constraint fills_pkey cascade"}},
	},
	{
		name: "primary keys, unique constraints and indexes begin with the account",
		sql: `select i.indexrelid::regclass::text from pg_index i join ` + tenantTables + ` t on t.oid = i.indrelid
			join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
			where i.indkey[0] <> t.attnum and n.nspname || '.' || c.relname not in ` + otherIndexes,
		broken: [][]string{
			{"create index on app.agent_logs (created_at)"},
			{"create unique index on app.alpaca_orders (client_order_id)"},
			{"alter table app.alpaca_orders add unique (alpaca_order_id)"},
			{"create index on app.alpaca_orders (lower(symbol), account_id)"},
			{"create unique index on app.user_accounts (user_id, name)"},
			{"alter table app.trading_positions drop constraint trading_positions_pkey", "alter table app.trading_positions add primary key (id, account_id)"},
		},
	},
	{
		name: "the indexes that begin with a digest do",
		// With an index on a bare column, anybody's conditions on that column would
		// be evaluated before the row policy.
		sql: `select i.indexrelid::regclass::text from pg_index i
			where i.indrelid = 'app.user_accounts'::regclass and i.indisunique and not i.indisprimary
			and (i.indnatts <> 1 or pg_get_indexdef(i.indexrelid) !~ '\(md5\(')
			and i.indexrelid::regclass::text in ` + otherIndexes,
		broken: [][]string{{"drop index app.user_accounts_user_id_name_key", "create unique index user_accounts_user_id_name_key on app.user_accounts (user_id, name)"}},
	},
	{
		name: "foreign keys of tenant tables begin with the account",
		sql: `select n.nspname || '.' || k.conname from pg_constraint k join ` + tenantTables + ` t on t.oid = k.conrelid
			join pg_namespace n on n.oid = k.connamespace
			where k.contype = 'f' and n.nspname || '.' || k.conname not in ` + otherForeignKeys + `
			and (k.conkey[1] <> t.attnum or not exists (select from ` + tenantTables + ` r where r.oid = k.confrelid and r.attnum = k.confkey[1]))`,
		broken: [][]string{
			{`alter table app.agent_logs add foreign key (user_id) references auth."user" (id)`},
			{"alter table app.agent_logs add column about uuid", "create unique index on app.alpaca_orders (account_id, id)",
				"alter table app.agent_logs add foreign key (about, account_id) references app.alpaca_orders (id, account_id)"},
		},
	},
	{
		name: "the planner keeps no statistics by account",
		sql: `select t.name from ` + tenantTables + ` t join pg_attribute a on a.attrelid = t.oid and a.attnum = t.attnum
			where t.name like 'app.%' and a.attstattarget is distinct from 0 and a.attname = 'account_id'
			and exists (select from pg_class c, aclexplode(c.relacl) g where c.oid = t.oid and g.privilege_type = 'SELECT' and g.grantee::regrole::text = any ($1)
				union all select from aclexplode(a.attacl) g where g.privilege_type = 'SELECT' and g.grantee::regrole::text = any ($1))`,
		broken: [][]string{{"alter table app.alpaca_orders alter column account_id set statistics 100"}},
	},
	{
		name: "definer functions pin their search_path, pg_temp last",
		sql: `select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			where p.prosecdef and n.nspname !~ '^(pg_|information_schema)' and not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']`,
		broken: [][]string{
			{"alter function private.has_scope(text) reset search_path"},
			{"alter function private.has_scope(text) set search_path = pg_catalog"},
			{"alter function private.has_scope(text) set search_path = pg_temp, pg_catalog"},
			{"alter function private.has_scope(text) set search_path = app, pg_catalog, pg_temp"},
			{"alter function app.rfc3339(timestamptz) owner to paddock_gate", "alter function app.rfc3339(timestamptz) security definer"},
		},
	},
	{
		// Definer functions have a stricter rule above. The names in a body of BEGIN
		// ATOMIC were looked up when it was made.
		name: "every other function pins its search_path, too, or was parsed when it was made",
		sql: `select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			where n.nspname in ` + ours + ` and not p.prosecdef and p.prosqlbody is null
			and not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']
			and p.oid::regprocedure::text not in ` + unpinned + `
			and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`,
		broken: [][]string{
			{"alter function app.guard_order() reset search_path"},
			{"alter function app.record_order(uuid, jsonb, text, uuid, boolean, timestamptz, interval) set search_path = app, pg_catalog, pg_temp"},
			{"alter function private.origin() set search_path = pg_temp, pg_catalog"},
			{"create or replace function app.is_fresh_again() returns boolean stable language sql as 'select true'",
				"alter function app.is_fresh_again() owner to paddock_owner", "revoke execute on function app.is_fresh_again() from public"},
		},
	},
	{
		name: "definer functions are not executable by PUBLIC",
		sql: `select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
			where p.prosecdef and n.nspname !~ '^(pg_|information_schema)' and g.grantee = 0`,
		broken: [][]string{{"grant execute on function private.has_scope(text) to public"}},
	},
	{
		name: "definer functions belong to the gate, or record for who can open the account's keys",
		sql: `select p.oid::regprocedure || ' of ' || p.proowner::regrole from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			where p.prosecdef and n.nspname !~ '^(pg_|information_schema)' and p.proowner <> 'paddock_gate'::regrole
			and (p.proowner <> 'paddock_recorder'::regrole or p.prosrc !~ '\mprivate\.require_keys\(p_versions, p_keys\)')
			and p.oid::regprocedure::text not in ` + keepsPartitions + `
			and (p.oid::regprocedure::text not in ` + endsSessions + ` or p.proowner <> 'paddock_watchdog'::regrole)`,
		broken: [][]string{{"alter function private.has_scope(text) owner to paddock_owner"}, {"alter function private.admit(text, uuid, text) owner to current_user"},
			{"alter function private.end_report_sessions(oid[], interval) owner to current_user"},
			{"alter function private.beat() owner to paddock_recorder"}},
	},
	{
		name: "definer functions build no SQL from text",
		sql: `select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
			where p.prosecdef and n.nspname in ` + ours + ` and (l.lanname not in ('sql', 'plpgsql') or p.prosrc ~* '\m(execute|query_to_xml|dblink)\M')
			and p.oid::regprocedure::text not in ` + keepsPartitions,
		broken: [][]string{{`create function private.any_sql(text) returns void security definer set search_path = pg_catalog, pg_temp language plpgsql as 'begin execute $1; end'`,
			"revoke execute on function private.any_sql(text) from public", "alter function private.any_sql(text) owner to paddock_gate"}},
	},
	{
		// A NOTIFY can make its transaction's commit fail or wait, and any login
		// can cause that. So only the doorbell's own transaction has a NOTIFY, and
		// nothing in the schema rings the doorbell but the log for what revokes nothing.
		name: "nothing notifies but the doorbell, and nothing rings it but the log",
		sql: `select what from (
			select 'function ' || p.oid::regprocedure, pg_get_functiondef(p.oid) ~* ` + notifies + ` and p.oid::regprocedure::text not in ('private.notify_events(uuid[])', 'private.ring_for_others()')
				from pg_proc p join pg_namespace n on n.oid = p.pronamespace
				where n.nspname !~ '^(pg_|information_schema)' and p.prokind in ('f', 'p')
				and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
			union all select 'rule ' || r.rulename || ' on ' || r.ev_class::regclass, pg_get_ruledef(r.oid) ~* ` + notifies + ` from pg_rewrite r
				join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^(pg_|information_schema)'
			union all select 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass, pg_get_triggerdef(t.oid) ~* ` + notifies + `
				or t.tgfoid = 'private.ring_for_others'::regproc and t.tgrelid <> 'app.account_events'::regclass from pg_trigger t
			union all select 'default on ' || d.adrelid::regclass, pg_get_expr(d.adbin, d.adrelid) ~* ` + notifies + ` from pg_attrdef d
			union all select 'constraint ' || k.conname, pg_get_constraintdef(k.oid) ~* ` + notifies + ` from pg_constraint k
			union all select 'policy ' || o.polname || ' on ' || o.polrelid::regclass,
				concat(pg_get_expr(o.polqual, o.polrelid), pg_get_expr(o.polwithcheck, o.polrelid)) ~* ` + notifies + ` from pg_policy o
			) x (what, rings) where x.rings`,
		broken: [][]string{
			{"create function private.loud() returns void set search_path = pg_catalog, pg_temp language plpgsql as $$ begin perform pg_notify('x', ''); end $$",
				"revoke execute on function private.loud() from public", "alter function private.loud() owner to paddock_gate"},
			{"create function private.loud() returns trigger set search_path = pg_catalog, pg_temp language plpgsql as $$ begin notify x; return null; end $$",
				"revoke execute on function private.loud() from public", "alter function private.loud() owner to paddock_gate"},
			{"create function private.loud() returns void begin atomic select pg_notify('x', ''); end",
				"revoke execute on function private.loud() from public", "alter function private.loud() owner to paddock_gate"},
			{"create function private.loud() returns trigger set search_path = pg_catalog, pg_temp language plpgsql as $$ begin perform private.notify_events(); return null; end $$",
				"revoke execute on function private.loud() from public", "alter function private.loud() owner to paddock_gate"},
			{`create rule loud as on delete to auth.session do also notify x`},
			{"create trigger loud after delete on auth.session for each row when (pg_notify('x', '')::text is null) execute function private.record_account_change()"},
			{"create trigger loud after delete on auth.session referencing old table as written for each statement execute function private.ring_for_others()"},
			{"alter table app.agent_logs alter column message set default pg_notify('x', '')::text"},
			{"alter table app.agent_logs add check (pg_notify('x', '')::text is not null)"},
			{"alter policy app_reads on app.agent_logs using (account_id = (select private.account_id('read')) and pg_notify('x', '')::text is not null)"},
		},
	},
	{
		name: "nothing is granted to PUBLIC",
		sql: `select what from (
			select 'function ' || p.oid::regprocedure, coalesce(p.proacl, acldefault('f', p.proowner)) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
				where n.nspname in (` + "'auth', 'app', 'private', 'report', 'ext', 'public'" + `) and not p.prosecdef
				and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
			union all select 'table ' || c.oid::regclass, c.relacl from pg_class c join pg_namespace n on n.oid = c.relnamespace
				where n.nspname in ('auth', 'app', 'private', 'report', 'ext', 'jobs', 'public')
			union all select 'column ' || a.attname || ' of ' || c.oid::regclass, a.attacl from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
				where n.nspname in ('auth', 'app', 'private', 'report', 'ext', 'jobs', 'public')
			union all select 'schema ' || n.nspname, n.nspacl from pg_namespace n where n.nspname in ('auth', 'app', 'private', 'report', 'ext', 'jobs', 'public')
			union all select 'database', coalesce(d.datacl, acldefault('d', d.datdba)) from pg_database d where d.datname = current_database()
			union all select 'type ' || t.oid::regtype, coalesce(t.typacl, acldefault('T', t.typowner)) from pg_type t join pg_namespace n on n.oid = t.typnamespace
				where n.nspname in ('auth', 'app', 'private', 'report', 'public') and t.typelem = 0
				and not exists (select from pg_class c where c.oid = t.typrelid and c.relkind <> 'c')
			union all select 'foreign server ' || s.srvname, s.srvacl from pg_foreign_server s
			) x (what, acl) cross join lateral aclexplode(x.acl) g where g.grantee = 0`,
		broken: [][]string{
			{"grant execute on function app.rfc3339(timestamptz) to public"},
			{"create function app.new() returns int return 1", "alter function app.new() owner to paddock_owner"},
			{"grant select (inner_pad) on private.seal_keys to public"},
			{"grant update on app.audit_log to public"},
			{"grant select on report.orders to public"},
			{"grant usage on schema app to public"},
			{"do $$ begin execute format('grant connect on database %I to public', current_database()); end $$"},
			{"create type app.mood as enum ('bull', 'bear')"},
			{"create sequence app.number", "alter sequence app.number owner to paddock_owner", "grant usage on sequence app.number to public"},
		},
	},
	{
		name: "what we make later is not granted to PUBLIC either",
		sql: `select r.rolname || ' makes ' || k.what from (values ('f'::"char", 'functions'), ('T', 'types')) k (kind, what)
			cross join pg_roles r where r.rolname in ('paddock_owner', 'paddock_gate', 'paddock_recorder', 'paddock_watchdog')
			and not exists (select from pg_default_acl d where d.defaclrole = r.oid and d.defaclnamespace = 0 and d.defaclobjtype = k.kind
				and not exists (select from aclexplode(d.defaclacl) g where g.grantee = 0))`,
		broken: [][]string{
			{"alter default privileges for role paddock_gate grant execute on functions to public"},
			{"alter default privileges for role paddock_owner grant usage on types to public"},
			{"alter default privileges for role paddock_watchdog grant execute on functions to public"},
		},
	},
	{
		name: "runtime roles have no attribute that passes the policies by",
		sql: `select r.rolname || ' is ' || w.what from pg_roles r cross join lateral (values (r.rolsuper, 'superuser'), (r.rolbypassrls, 'BYPASSRLS'),
			(r.rolcreaterole, 'CREATEROLE'), (r.rolcreatedb, 'CREATEDB'), (r.rolreplication, 'REPLICATION')) w (so, what)
			where r.rolname = any ($1) and w.so`,
		broken: [][]string{{"RUNTIME superuser"}, {"RUNTIME bypassrls"}, {"RUNTIME createrole"}, {"RUNTIME createdb"}, {"RUNTIME replication"}},
	},
	{
		name: "runtime roles can become no other role",
		// A reporting login is a member of paddock_report, and of nothing else.
		sql: `with recursive may (member, role) as (
				select r.oid, m.roleid from pg_roles r join pg_auth_members m on m.member = r.oid where r.rolname = any ($1)
				union select may.member, m.roleid from may join pg_auth_members m on m.member = may.role
			) select may.member::regrole || ' can become ' || may.role::regrole from may where may.role <> 'paddock_report'::regrole`,
		broken: [][]string{{"RUNTIME in role paddock_owner"}, {"RUNTIME in role paddock_gate"}, {"RUNTIME in role pg_read_all_data"}, {"RUNTIME in role paddock_worker"}},
	},
	{
		name: "runtime roles own nothing",
		sql: `select r.rolname || ' owns ' || pg_describe_object(d.classid, d.objid, d.objsubid) from pg_shdepend d join pg_roles r on r.oid = d.refobjid
			where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and d.dbid in (0, (select oid from pg_database where datname = current_database()))
			and r.rolname = any ($1)`,
		broken: [][]string{{"create schema of_app authorization paddock_app", "revoke all on schema of_app from paddock_app"}},
	},
	{
		name: "every login has its timeouts",
		sql: `select r.rolname || ' has no ' || w.name from pg_roles r cross join (values ('statement_timeout'), ('lock_timeout'), ('idle_in_transaction_session_timeout')) w (name)
			where r.rolcanlogin and r.rolname = any ($1) and not exists (
				select from pg_db_role_setting s cross join lateral unnest(s.setconfig) v
				where s.setrole = r.oid and s.setdatabase = 0 and v ~ ('^' || w.name || '=') and v !~ '=(0|-1|0[a-z]+)$')`,
		broken: [][]string{
			{"RUNTIME", "alter role $WEAK reset lock_timeout"}, {"RUNTIME", "alter role $WEAK set statement_timeout = 0"},
			{"RUNTIME", "alter role $WEAK set idle_in_transaction_session_timeout = '0ms'"},
		},
	},
	{
		name: "runtime roles can create nothing",
		sql: `select r.name || ' may ' || w.what || ' in the database' from unnest($1::text[]) r (name) cross join (values ('TEMP'), ('CREATE')) w (what)
			where has_database_privilege(r.name, current_database(), w.what) and not (select rolsuper from pg_roles where rolname = r.name)
			union all
			select r.name || ' may create in ' || n.nspname from unnest($1::text[]) r (name) cross join pg_namespace n
			where n.nspname !~ '^pg_(toast|temp)' and has_schema_privilege(r.name, n.oid, 'CREATE') and n.nspowner <> (select oid from pg_roles where rolname = r.name)
			and not (select rolsuper from pg_roles where rolname = r.name) and not pg_has_role(r.name, n.nspowner, 'usage')`,
		broken: [][]string{
			{"do $$ begin execute format('grant temporary on database %I to paddock_app', current_database()); end $$"},
			{"do $$ begin execute format('grant create on database %I to paddock_report', current_database()); end $$"},
			{"grant create on schema app to paddock_worker"}, {"grant create on schema public to paddock_auth"}, {"grant create on schema private to paddock_app"},
		},
	},
	{
		name: "the roles that own things are no logins and pass nothing by",
		sql: `select r.rolname from pg_roles r where r.rolname = any ($2) and (r.rolcanlogin or r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication)
			union all select n || ' is missing' from unnest($2::text[]) n where not exists (select from pg_roles where rolname = n)`,
		broken: [][]string{{"OWNING login"}, {"OWNING bypassrls"}, {"OWNING superuser"}},
	},
	{
		name: "tables and views belong to the owner, functions to owner or gate",
		sql: `select c.oid::regclass || ' of ' || c.relowner::regrole from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname in ` + ours + ` and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relowner <> 'paddock_owner'::regrole
			union all
			select p.oid::regprocedure || ' of ' || p.proowner::regrole from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			where n.nspname in ` + ours + ` and not p.prosecdef and p.proowner not in ('paddock_owner'::regrole, 'paddock_gate'::regrole)
			and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`,
		broken: [][]string{
			{"alter table app.agent_logs owner to current_user"}, {"alter table private.doorbell owner to paddock_gate"},
			{"alter function app.rfc3339(timestamptz) owner to current_user"},
		},
	},
	{
		name: "views run as whoever reads them",
		sql: `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname in (` + "'auth', 'app', 'private', 'report', 'ext', 'public'" + `) and (c.relkind = 'm' or c.relkind = 'v' and not coalesce(c.reloptions, '{}') @> array['security_invoker=true'])`,
		broken: [][]string{
			{"alter view report.orders set (security_invoker = false)"}, {"alter view report.orders reset (security_invoker)"},
			{"set role paddock_owner", "create view report.more as select account_id from app.alpaca_orders", "comment on view report.more is 'More.'",
				"comment on column report.more.account_id is 'The account.'"},
			{"set role paddock_owner", "create materialized view report.more as select 1 as one", "comment on materialized view report.more is 'More.'",
				"comment on column report.more.one is 'One. [count]'"},
		},
	},
	{
		name: "each table and view says what it is",
		sql: `select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname in ` + ours + ` and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition and coalesce(obj_description(c.oid, 'pg_class'), '') = ''`,
		broken: [][]string{{"comment on table app.agent_logs is null"}, {"comment on view report.orders is ''"}},
	},
	{
		name: "no constraint and no computed column calls a function in SQL, which would be planned anew in each statement",
		sql: `select distinct coalesce(c.conrelid, a.adrelid)::regclass || ': ' || p.oid::regprocedure from pg_depend d
			join pg_proc p on p.oid = d.refobjid and d.refclassid = 'pg_proc'::regclass
			join pg_language l on l.oid = p.prolang and l.lanname = 'sql'
			left join pg_constraint c on c.oid = d.objid and d.classid = 'pg_constraint'::regclass and c.conrelid <> 0
			left join pg_attrdef a on a.oid = d.objid and d.classid = 'pg_attrdef'::regclass
			where coalesce(c.conrelid, a.adrelid) is not null
				and p.oid <> 'app.is_ended(text)'::regprocedure -- one comparison, which many indexes ask for
			`,
		broken: [][]string{
			{"alter table app.agent_logs add constraint again check (app.position_symbol(level) <> '')"},
			{"alter table app.agent_logs add column plain text generated always as (app.position_symbol(level)) stored",
				"grant select (plain) on app.agent_logs to paddock_report"},
		},
	},
	{
		name: "no index is by a coalesce, whose conditions row security lets no index answer",
		sql: `select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
			where n.nspname in ` + ours + ` and pg_get_expr(i.indexprs, i.indrelid) ~* 'coalesce'`,
		broken: [][]string{{"create index latest_idx on app.alpaca_orders (account_id, (coalesce(filled_at, created_at)))"}},
	},
	{
		name: "each column of a report says what it is, and an amount, a time or a day in which unit",
		sql: `select c.oid::regclass || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
			where c.relnamespace = 'report'::regnamespace and (coalesce(col_description(c.oid, a.attnum), '') = ''
				or col_description(c.oid, a.attnum) !~ case
					when a.atttypid in ('numeric'::regtype, 'float8'::regtype, 'int2'::regtype, 'int4'::regtype, 'int8'::regtype)
						then ' \[(USD|USD per unit|units|count|number|factor|fraction|percent)\]$'
					when a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype) then ' \[time\]$'
					when a.atttypid = 'date'::regtype then ' \[day\]$' else '' end
				or a.atttypid in ('timestamp'::regtype, 'float8'::regtype, 'money'::regtype))`,
		broken: [][]string{
			{"comment on column report.orders.symbol is null"},
			{"comment on column report.orders.filled_avg_price is 'At which average price.'"},
			{"comment on column report.fills.at is 'When it was traded.'"},
			{"comment on column report.position_history.trading_day is 'A day.'"},
			{"set role paddock_owner", "create view report.more with (security_invoker = true) as select account_id, at, qty::float8 as qty from report.fills",
				"comment on view report.more is 'More.'", "comment on column report.more.account_id is 'The account.'",
				"comment on column report.more.at is 'When. [time]'", "comment on column report.more.qty is 'How much. [units]'"},
		},
	},
	{
		name: "no schema but ours, and none but tern's table in public",
		sql: `select n.nspname::text from pg_namespace n where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'public') and n.nspname not in ` + ours + `
			and not exists (select from pg_roles r where r.oid = n.nspowner and r.rolname = any ($1))
			union all select c.oid::regclass::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind not in ('i', 't') and c.relname <> 'paddock_version'
			union all select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'public'::regnamespace`,
		broken: [][]string{{"create schema extra"}, {"create table public.notes (id int)"},
			{"create function public.f() returns int language sql as 'select 1'", "revoke execute on function public.f() from public"}},
	},
	{
		name: "only pgcrypto is installed, in its own schema",
		sql: `select e.extname || ' in ' || n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace
			where (e.extname, n.nspname) not in (('plpgsql', 'pg_catalog'), ('pgcrypto', 'ext'))`,
		broken: [][]string{{"alter extension pgcrypto set schema app"}, {"create extension hstore schema ext"}},
	},
}
