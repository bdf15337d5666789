// Package tenant is the transaction. Every request's access to the database
// is one pipelined batch, and the first statement of it asks Postgres to admit
// the request; what follows sees what row level security lets that admission
// see. No other package opens a tenant transaction.
package tenant

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PoolConfig says how to reach Postgres as one of the runtime logins.
type PoolConfig struct {
	URL      string
	MaxConns int32  // 4 to 8 on two cores did better than 16 or 32
	Name     string // application_name, shown in pg_stat_activity
	// AsyncCommit turns synchronous_commit off: for rings alone, which carry
	// no data.
	AsyncCommit bool
}

// OpenPool makes a pool whose sessions resolve names in pg_catalog alone and
// speak UTC and ISO dates. Statements are prepared and cached; the simple
// protocol, in which a value could become a second statement, is never used.
func OpenPool(ctx context.Context, c PoolConfig) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("read the database URL of %s: it is not a Postgres URL", c.Name)
	}
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	config.ConnConfig.ConnectTimeout = 5 * time.Second
	if c.MaxConns > 0 {
		config.MaxConns = c.MaxConns
	}
	p := config.ConnConfig.RuntimeParams
	p["application_name"] = c.Name
	p["search_path"] = "pg_catalog"
	p["timezone"] = "UTC"
	p["datestyle"] = "ISO, MDY"
	p["client_encoding"] = "UTF8"
	// Every query finds its account by an index, whatever the values: planning
	// anew for each costs more than running it.
	p["plan_cache_mode"] = "force_generic_plan"
	if c.AsyncCommit {
		p["synchronous_commit"] = "off"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the pool of %s: %w", c.Name, err)
	}
	return pool, nil
}
