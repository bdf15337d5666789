package main

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/config"
	"paddock/app/tenant"
)

// pools are the connection pools, one for each runtime login and one for the
// doorbell, which goes past a pooler.
type pools struct{ app, worker, auth, bell *pgxpool.Pool }

// openPools opens the pools. Their logins were checked by doctor.Start.
func openPools(ctx context.Context, c config.Config) (*pools, error) {
	p := &pools{}
	for _, want := range []struct {
		into **pgxpool.Pool
		pool tenant.PoolConfig
	}{
		{&p.app, tenant.PoolConfig{URL: c.AppURL, MaxConns: c.AppConns, Name: "paddock app", ThroughPooler: c.Pooler}},
		{&p.worker, tenant.PoolConfig{URL: c.WorkerURL, MaxConns: 6, Name: "paddock worker", ThroughPooler: c.Pooler}},
		{&p.auth, tenant.PoolConfig{URL: c.AuthURL, MaxConns: 4, Name: "paddock auth", ThroughPooler: c.Pooler}},
		{&p.bell, tenant.PoolConfig{URL: c.ListenURL, MaxConns: 1, Name: "paddock bell", AsyncCommit: true}},
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
	for _, pool := range []*pgxpool.Pool{p.app, p.worker, p.auth, p.bell} {
		if pool != nil {
			pool.Close()
		}
	}
}
