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
	"maps"
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
	// ThroughPooler is for a URL of a pooler in transaction mode, such as
	// PgBouncer. Then no statement is prepared by name, since the next
	// transaction may run on another connection to Postgres, and the settings
	// are those of the login (alter role … set), since the pooler passes none
	// on when it connects.
	ThroughPooler bool
	// ReadOnly makes Postgres refuse what would change something. It is for
	// pools through which each client has a connection of its own.
	ReadOnly bool
	// Tracer, unless it is nil, is told of each statement and batch.
	Tracer pgx.QueryTracer
}

// sessionSettings are what every session is set to: names are looked up in
// pg_catalog alone, times are UTC and dates ISO. Every query finds its account
// by an index, whatever the values, so that planning anew for each would cost
// more than running it.
var sessionSettings = map[string]string{
	"search_path":     "pg_catalog",
	"timezone":        "UTC",
	"datestyle":       "ISO, MDY",
	"client_encoding": "UTF8",
	"plan_cache_mode": "force_generic_plan",
}

// OpenPool opens a pool whose sessions have sessionSettings. Statements are
// prepared and cached. The simple protocol, in which a value could become a
// second statement, is never used.
func OpenPool(ctx context.Context, c PoolConfig) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("read the database URL of %s: it is not a Postgres URL", c.Name)
	}
	c.set(config.ConnConfig)
	if c.MaxConns > 0 {
		config.MaxConns = c.MaxConns
	}
	if c.ReadOnly { // each time, since resetSQL takes it back
		config.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
			_, err := conn.Exec(ctx, "set default_transaction_read_only = on")
			return err == nil, err
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the pool of %s: %w", c.Name, err)
	}
	return pool, nil
}

// Connect opens one connection that is set as those of the pool are. The error
// may have the URL in it: ExplainConnect says it without.
func Connect(ctx context.Context, c PoolConfig) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, err
	}
	c.set(config)
	return pgx.ConnectConfig(ctx, config)
}

// set sets what each connection of the pool has.
func (c PoolConfig) set(config *pgx.ConnConfig) {
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	config.Tracer = c.Tracer
	config.ConnectTimeout = 5 * time.Second
	config.RuntimeParams["application_name"] = c.Name
	if c.ThroughPooler {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	} else {
		maps.Copy(config.RuntimeParams, sessionSettings)
	}
	if c.AsyncCommit {
		config.RuntimeParams["synchronous_commit"] = "off"
	}
}

// PoolState is how a pool's connections are used.
type PoolState struct {
	Acquired, Idle, Most int32         // connections in use, free, and the most that there may be
	Waits                int64         // how often somebody waited for a connection since the start
	Waited               time.Duration // how long, together
	GivenUp              int64         // how often somebody did not wait any longer
}

// StateOf returns the state of a pool.
func StateOf(pool *pgxpool.Pool) PoolState {
	s := pool.Stat()
	return PoolState{
		Acquired: s.AcquiredConns(), Idle: s.IdleConns(), Most: s.MaxConns(),
		Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime(), GivenUp: s.CanceledAcquireCount(),
	}
}
