package doctor

import (
	"context"

	"github.com/jackc/pgx/v5"

	"paddock/app/tenant"
)

// checkLogins finds logins of serve that row level security does not hold,
// under which no promise of Paddock would hold.
func checkLogins(ctx context.Context, e *examination) []Finding {
	return e.each(e.logins, func(l *login) ([]Finding, error) { return checkLogin(ctx, l) })
}

func checkLogin(ctx context.Context, l *login) ([]Finding, error) {
	var name string
	var super, bypass, owns, becomes bool
	err := l.conn.QueryRow(ctx, `select r.rolname, r.rolsuper, r.rolbypassrls,
			exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
				where c.relowner = r.oid and n.nspname in ('auth', 'app', 'private', 'report')),
			exists (select from pg_roles o where o.oid <> r.oid and pg_has_role(r.oid, o.oid, 'member')
				and (o.rolsuper or o.rolbypassrls or o.rolname in ('paddock_owner', 'paddock_gate', 'paddock_recorder', 'paddock_watchdog')
					or exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
						where c.relowner = o.oid and n.nspname in ('auth', 'app', 'private', 'report'))))
		from pg_roles r where r.rolname = current_user`).Scan(&name, &super, &bypass, &owns, &becomes)
	if err != nil {
		return nil, err
	}
	do := "use " + l.role + " in " + l.setting
	switch {
	case super:
		return []Finding{failure(do, "the login %q is a superuser, which row level security does not hold", name)}, nil
	case bypass:
		return []Finding{failure(do+", or take it away: alter role "+pgx.Identifier{name}.Sanitize()+" nobypassrls", "the login %q has BYPASSRLS, so that no policy holds it", name)}, nil
	case owns || becomes:
		return []Finding{failure(do+", and revoke from it the roles that it should not be a member of", "the login %q owns Paddock's tables, or can become a role that does", name)}, nil
	case name != l.role:
		return []Finding{failure("give "+l.setting+" that login", "the login is %q where %s is needed", name, l.role)}, nil
	}
	return nil, nil
}

// checkPooler finds poolers over which transactions, settings or notifications
// would be lost.
func checkPooler(ctx context.Context, e *examination) []Finding {
	return e.each(e.logins, func(l *login) ([]Finding, error) { return e.checkPoolerOf(ctx, l) })
}

func (e *examination) checkPoolerOf(ctx context.Context, l *login) ([]Finding, error) {
	pooling, err := l.lies(ctx)
	if err != nil {
		return nil, tenant.ExplainConnect(err)
	}
	shared := pooling == tenant.PoolsTransacts
	const direct = "let PADDOCK_LISTEN_DATABASE_URL lead to Postgres itself"
	switch {
	case pooling == tenant.PoolsStatements:
		return []Finding{failure("use transaction mode", "the database URL of %s leads to a pooler in statement mode, which takes transactions apart", l.role)}, nil
	case shared && l.pool.AsyncCommit && e.Config.Pooler:
		return []Finding{failure(direct, "LISTEN gets nothing through a pooler in transaction mode")}, nil
	case shared && !l.pool.ThroughPooler:
		return []Finding{failure("set PADDOCK_DATABASE_POOLER=transaction, and "+direct, "the database URL of %s leads to a pooler in transaction mode", l.role)}, nil
	}
	remedy, err := tenant.LackingSettings(ctx, l.conn)
	if err != nil || remedy == "" {
		return nil, err
	}
	return []Finding{failure("as a role that may, run "+remedy+" Then let the pooler connect anew", "sessions of %s lack settings that a pooler does not pass on", l.conn.Config().User)}, nil
}
