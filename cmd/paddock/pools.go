package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/config"
	"paddock/app/tenant"
	"paddock/sql"
)

// pools are the connection pools, one for each runtime login and one for the
// doorbell.
type pools struct{ app, worker, auth, bell *pgxpool.Pool }

func openPools(ctx context.Context, c config.Config) (*pools, error) {
	p := &pools{}
	for _, want := range []struct {
		into **pgxpool.Pool
		role string
		pool tenant.PoolConfig
	}{
		{&p.app, "paddock_app", tenant.PoolConfig{URL: c.AppURL, MaxConns: c.AppConns, Name: "paddock app"}},
		{&p.worker, "paddock_worker", tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 6, Name: "paddock worker"}},
		{&p.auth, "paddock_auth", tenant.PoolConfig{URL: c.AuthURL, MaxConns: 4, Name: "paddock auth"}},
		{&p.bell, "paddock_worker", tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 1, Name: "paddock bell", AsyncCommit: true}},
	} {
		pool, err := tenant.OpenPool(ctx, want.pool)
		if err != nil {
			p.close()
			return nil, err
		}
		*want.into = pool
		if err := checkRole(ctx, pool, want.role); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (p *pools) close() {
	for _, pool := range []*pgxpool.Pool{p.app, p.worker, p.auth, p.bell} {
		if pool != nil {
			pool.Close()
		}
	}
}

// checkRole refuses a login that row level security does not bind, under which
// no promise of Paddock would hold.
func checkRole(ctx context.Context, pool *pgxpool.Pool, want string) error {
	var name string
	var super, bypass, owns, becomes, migrated bool
	err := pool.QueryRow(ctx, `select r.rolname, r.rolsuper, r.rolbypassrls,
			exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
				where c.relowner = r.oid and n.nspname in ('auth', 'app', 'private', 'report')),
			exists (select from pg_roles o where o.oid <> r.oid and pg_has_role(r.oid, o.oid, 'member')
				and (o.rolsuper or o.rolbypassrls or o.rolname in ('paddock_owner', 'paddock_gate', 'paddock_watchdog')
					or exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
						where c.relowner = o.oid and n.nspname in ('auth', 'app', 'private', 'report')))),
			exists (select from pg_namespace where nspname = 'private')
		from pg_roles r where r.rolname = $1::name and r.rolname = current_user`, currentUser(pool)).
		Scan(&name, &super, &bypass, &owns, &becomes, &migrated)
	if err != nil {
		return explainConnect(err)
	}
	switch {
	case super:
		return fmt.Errorf("the login %q is a superuser, which row level security does not hold: use %s", name, want)
	case bypass:
		return fmt.Errorf("the login %q has BYPASSRLS, so that no policy holds it: use %s", name, want)
	case owns || becomes:
		return fmt.Errorf("the login %q owns Paddock's tables, or can become a role that does: use %s", name, want)
	case !migrated:
		return errors.New("the database is empty: run paddock migrate first")
	case name != want:
		return fmt.Errorf("the login is %q where %s is needed", name, want)
	}
	return sql.CheckNumbering(ctx, pool)
}

func currentUser(pool *pgxpool.Pool) string { return pool.Config().ConnConfig.User }
