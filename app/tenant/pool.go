// Package tenant runs a request's statements in one admitted transaction. The
// first statement asks Postgres to admit the request, by session and account;
// the rest see only the rows that row level security allows that admission. All
// of them are sent as one pipelined batch. Every other package hands its
// statements to this one and opens no transaction on tenant data itself.
//
// Admission, seal, doorbell, lease and fence are explained in docs/glossary.md.
package tenant

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PoolConfig is how to reach Postgres as one of the runtime logins.
type PoolConfig struct {
	URL      string
	MaxConns int32  // 4 to 8 on two cores did better than 16 or 32
	Name     string // application_name, shown in pg_stat_activity
	// AsyncCommit turns synchronous_commit off. It is for the doorbell alone,
	// which writes no data.
	AsyncCommit bool
}

// OpenPool opens a pool whose sessions resolve names in pg_catalog alone and
// use UTC and ISO dates. Statements are prepared and cached. The simple
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
	// Every query finds its account by an index, whatever the values, so that
	// planning anew for each would cost more than running it.
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
