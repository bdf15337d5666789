package tenant

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Pooling is what lies between here and Postgres.
type Pooling string

const (
	Direct          Pooling = "direct"      // nothing, or what passes all bytes on
	PoolsSession    Pooling = "session"     // a pooler: each client has a connection of its own
	PoolsTransacts  Pooling = "transaction" // a pooler: each transaction may get another connection
	PoolsStatements Pooling = "statement"   // a pooler: each statement may get another connection
)

// probes is how often two idle clients are looked at before they count as
// having a connection each. A pooler in transaction mode gives the connection
// that was used last, so that on a quiet one the first look tells.
const probes = 20

// DetectPooling finds out what lies between here and Postgres. It goes by the
// process ids of the connections: a pooler tells each client a made-up one when
// it connects, and two clients that are connected at the same time never share
// a process of Postgres unless a pooler shares it among them.
func DetectPooling(ctx context.Context, url string) (Pooling, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var clients [2]*pgconn.PgConn
	for i := range clients {
		conn, err := pgconn.Connect(ctx, url)
		if err != nil {
			return "", err
		}
		defer conn.Close(context.WithoutCancel(ctx))
		clients[i] = conn
	}
	for range probes {
		var pids [2]uint32
		for i, conn := range clients {
			pid, err := backendPID(ctx, conn)
			if err != nil {
				return "", err
			}
			if i == 0 && pid == conn.PID() {
				return Direct, nil
			}
			pids[i] = pid
		}
		if pids[0] == pids[1] {
			return sharedPooling(ctx, clients[0])
		}
	}
	return PoolsSession, nil
}

// sharedPooling tells transactions from statements: a pooler that gives each
// statement a connection refuses to begin a transaction.
func sharedPooling(ctx context.Context, conn *pgconn.PgConn) (Pooling, error) {
	if _, err := conn.Exec(ctx, "begin").ReadAll(); err != nil {
		if conn.IsClosed() || SQLState(err) != "" {
			return PoolsStatements, nil
		}
		return "", err
	}
	_, err := conn.Exec(ctx, "rollback").ReadAll()
	return PoolsTransacts, err
}

// backendPID returns the process of Postgres that serves this transaction.
func backendPID(ctx context.Context, conn *pgconn.PgConn) (uint32, error) {
	results, err := conn.Exec(ctx, "select pg_catalog.pg_backend_pid()").ReadAll()
	if err != nil {
		return 0, err
	}
	pid, err := strconv.ParseUint(string(results[0].Rows[0][0]), 10, 32)
	return uint32(pid), err
}

// LackingSettings returns the statements that set what the session of a
// connection lacks of the settings of Connect and OpenPool, which a pooler may
// leave out. It returns "" where nothing is missing.
func LackingSettings(ctx context.Context, conn *pgx.Conn) (remedy string, err error) {
	names := slices.Sorted(maps.Keys(sessionSettings))
	rows, err := conn.Query(ctx, "select name, current_setting(name) as value from unnest($1::text[]) name", names)
	if err != nil {
		return "", err
	}
	type setting struct{ Name, Value string }
	settings, err := pgx.CollectRows(rows, pgx.RowToStructByName[setting])
	var statements []string
	for _, s := range settings {
		if s.Value != sessionSettings[s.Name] {
			statements = append(statements, fmt.Sprintf("alter role %s set %s = '%s';", conn.Config().User, s.Name, sessionSettings[s.Name]))
		}
	}
	return strings.Join(statements, " "), err
}
