package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/config"
	"paddock/app/tenant"
)

// pools are the connection pools: one for each runtime login, one for the doorbell,
// which goes past a pooler, and one for River, which asks for jobs ten times a second.
type pools struct{ app, worker, auth, bell, jobs *pgxpool.Pool }

// openPools opens the pools. Their logins were checked by doctor.Start. The
// tracer, unless it is nil, is told of their statements.
func openPools(ctx context.Context, c config.Config, tracer pgx.QueryTracer) (*pools, error) {
	p := &pools{}
	for _, want := range []struct {
		into **pgxpool.Pool
		pool tenant.PoolConfig
	}{
		{&p.app, tenant.PoolConfig{URL: c.AppURL, MaxConns: c.AppConns, Name: "paddock app", ThroughPooler: c.Pooler, Tracer: tracer}},
		{&p.worker, tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 6, Name: "paddock worker", ThroughPooler: c.Pooler, Tracer: tracer}},
		{&p.auth, tenant.PoolConfig{URL: c.AuthURL, MaxConns: 4, Name: "paddock auth", ThroughPooler: c.Pooler, Tracer: tracer}},
		{&p.jobs, tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 2, Name: "paddock jobs", ThroughPooler: c.Pooler}},
		{&p.bell, tenant.PoolConfig{URL: c.ListenURL, MaxConns: 1, Name: "paddock bell", AsyncCommit: true, Tracer: tracer}},
	} {
		pool, err := tenant.OpenPool(ctx, want.pool)
		if err != nil {
			p.close()
			return nil, err
		}
		*want.into = pool
	}
	return p, nil
}

func (p *pools) close() {
	for _, pool := range []*pgxpool.Pool{p.app, p.worker, p.auth, p.bell, p.jobs} {
		if pool != nil {
			pool.Close()
		}
	}
}

// states returns a function for each pool that returns its state.
func (p *pools) states() map[string]func() tenant.PoolState {
	states := map[string]func() tenant.PoolState{}
	for name, pool := range map[string]*pgxpool.Pool{"app": p.app, "worker": p.worker, "auth": p.auth, "bell": p.bell, "jobs": p.jobs} {
		states[name] = func() tenant.PoolState { return tenant.StateOf(pool) }
	}
	return states
}
