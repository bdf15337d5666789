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
// doorbell, which goes past a pooler.
type pools struct{ app, worker, auth, bell *pgxpool.Pool }

func openPools(ctx context.Context, c config.Config) (*pools, error) {
	p := &pools{}
	for _, want := range []struct {
		into **pgxpool.Pool
		role string
		pool tenant.PoolConfig
	}{
		{&p.app, "paddock_app", tenant.PoolConfig{URL: c.AppURL, MaxConns: c.AppConns, Name: "paddock app", ThroughPooler: c.Pooler}},
		{&p.worker, "paddock_worker", tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 6, Name: "paddock worker", ThroughPooler: c.Pooler}},
		{&p.auth, "paddock_auth", tenant.PoolConfig{URL: c.AuthURL, MaxConns: 4, Name: "paddock auth", ThroughPooler: c.Pooler}},
		{&p.bell, "paddock_worker", tenant.PoolConfig{URL: c.ListenURL, MaxConns: 1, Name: "paddock bell", AsyncCommit: true}},
	} {
		pool, err := tenant.OpenPool(ctx, want.pool)
		if err != nil {
			p.close()
			return nil, err
		}
		*want.into = pool
		if err := checkPool(ctx, pool, want.pool, want.role); err != nil {
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

// checkPool refuses a pool over which Paddock would not work as promised.
func checkPool(ctx context.Context, pool *pgxpool.Pool, c tenant.PoolConfig, role string) error {
	pooling, err := tenant.DetectPooling(ctx, c.URL)
	if err != nil {
		return explainConnect(err)
	}
	switch {
	case pooling == tenant.PoolsStatements:
		return fmt.Errorf("the database URL of %s leads to a pooler in statement mode, which takes transactions apart: use transaction mode", role)
	case pooling == tenant.PoolsTransacts && c.AsyncCommit:
		return errors.New("LISTEN gets nothing through a pooler in transaction mode: let PADDOCK_LISTEN_DATABASE_URL lead to Postgres itself")
	case pooling == tenant.PoolsTransacts && !c.ThroughPooler:
		return fmt.Errorf("the database URL of %s leads to a pooler in transaction mode: set PADDOCK_DATABASE_POOLER=transaction, and let PADDOCK_LISTEN_DATABASE_URL lead to Postgres itself", role)
	}
	if err := checkRole(ctx, pool, role); err != nil {
		return err
	}
	return tenant.CheckSessionSettings(ctx, pool)
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
