package main

import (
	"context"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/config"
	"paddock/app/tenant"
)

// pools are the connection pools: one for each runtime login, one for the doorbell,
// which goes past a pooler, and one for River, which asks for jobs ten times a second.
// Where there is a standby, replica leads to it and index to the primary, which is
// asked how far it has come; both are nil otherwise.
// reach and ready are for GET /readyz alone, which is not to wait for the others'.
type pools struct{ app, worker, auth, bell, jobs, reach, ready, replica, index *pgxpool.Pool }

// openPools opens the pools. Their logins were checked by doctor.Start. The
// tracer, unless it is nil, is told of their statements.
func openPools(ctx context.Context, c config.Config, tracer pgx.QueryTracer) (*pools, error) {
	p := &pools{}
	type wanted struct {
		into **pgxpool.Pool
		pool tenant.PoolConfig
	}
	all := []wanted{
		{&p.app, tenant.PoolConfig{URL: c.AppURL, MaxConns: c.AppConns, Name: "paddock app", ThroughPooler: c.Pooler, Tracer: tracer}},
		{&p.worker, tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 6, Name: "paddock worker", ThroughPooler: c.Pooler, Tracer: tracer}},
		{&p.auth, tenant.PoolConfig{URL: c.AuthURL, MaxConns: 4, Name: "paddock auth", ThroughPooler: c.Pooler, Tracer: tracer}},
		{&p.jobs, tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 2, Name: "paddock jobs", ThroughPooler: c.Pooler}},
		{&p.bell, tenant.PoolConfig{URL: c.ListenURL, MaxConns: 1, Name: "paddock bell", AsyncCommit: true, Tracer: tracer}},
		{&p.reach, tenant.PoolConfig{URL: c.AppURL, MaxConns: 1, Name: "paddock reach", ThroughPooler: c.Pooler}},
		{&p.ready, tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 1, Name: "paddock ready", ThroughPooler: c.Pooler}},
	}
	if c.ReplicaURL != "" {
		all = append(all,
			wanted{&p.replica, tenant.PoolConfig{URL: c.ReplicaURL, MaxConns: c.AppConns, Name: "paddock replica", ThroughPooler: c.Pooler, Tracer: tracer}},
			wanted{&p.index, tenant.PoolConfig{URL: c.AppURL, MaxConns: 1, Name: "paddock index", ThroughPooler: c.Pooler, Tracer: tracer}})
	}
	for _, want := range all {
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
	for _, pool := range p.named() {
		pool.Close()
	}
}

// named returns the pools that there are, by their names.
func (p *pools) named() map[string]*pgxpool.Pool {
	all := map[string]*pgxpool.Pool{"app": p.app, "worker": p.worker, "auth": p.auth, "bell": p.bell, "jobs": p.jobs, "reach": p.reach, "ready": p.ready, "replica": p.replica, "index": p.index}
	maps.DeleteFunc(all, func(_ string, pool *pgxpool.Pool) bool { return pool == nil })
	return all
}

// states returns a function for each pool that returns its state.
func (p *pools) states() map[string]func() tenant.PoolState {
	states := map[string]func() tenant.PoolState{}
	for name, pool := range p.named() {
		states[name] = func() tenant.PoolState { return tenant.StateOf(pool) }
	}
	return states
}
