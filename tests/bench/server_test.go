package bench

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/credentials"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// startServer runs the built binary on the database, with more settings, and returns
// its address.
func startServer(b testing.TB, db *pgtest.DB, settings ...string) string {
	b.Helper()
	addr, _ := startServerProcess(b, db, settings...)
	return addr
}

// startServerProcess is startServer that returns the process's id as well.
func startServerProcess(b testing.TB, db *pgtest.DB, settings ...string) (addr string, pid int) {
	b.Helper()
	addr = program.FreeAddr(b)
	cmd := exec.Command(program.Binary(b), "serve")
	cmd.Env = append(os.Environ(), "PADDOCK_SIGN_UP=open", "PADDOCK_MIRROR_MAX_AGE="+mirrorMaxAge.String(), "PADDOCK_USER_REQUESTS=0", "PADDOCK_USER_AT_ONCE=0", "PADDOCK_USER_LOGS=0", "PADDOCK_ADDR="+addr, "BETTER_AUTH_URL=http://"+addr, "BETTER_AUTH_SECRET="+secret,
		"PADDOCK_MASTER_KEYS="+credentials.NewMasterKey(1), "PADDOCK_APP_DATABASE_URL="+db.URL("paddock_app"),
		"PADDOCK_WORKER_DATABASE_URL="+db.URL("paddock_worker"), "PADDOCK_AUTH_DATABASE_URL="+db.URL("paddock_auth"))
	cmd.Env = append(cmd.Env, settings...)
	var said strings.Builder
	cmd.Stdout = &said // its log goes to stderr, which is dropped
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if response, err := http.Get("http://" + addr + "/readyz"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return addr, cmd.Process.Pid
			}
		}
		if time.Now().After(deadline) {
			b.Fatalf("the server does not come up: %s", said.String())
		}
	}
}

// statement is an SQL statement that the product sent, with its arguments.
type statement struct {
	sql  string
	args []any
}

// recorder records the statements of batches.
type recorder struct{ statements []statement }

func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (r *recorder) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	r.statements = append(r.statements, statement{q.SQL, q.Args})
}

func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// record returns the statements that do sends, so that pgbench does not run an
// outdated copy of what the product sends.
func record(b testing.TB, db *pgtest.DB, do func(context.Context, *tenant.DB) error) []statement {
	b.Helper()
	config, err := pgxpool.ParseConfig(db.URL("paddock_app"))
	if err != nil {
		b.Fatal(err)
	}
	seen := &recorder{}
	config.ConnConfig.Tracer = seen
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	if err := do(b.Context(), tenant.NewDB(pool, nil)); err != nil {
		b.Fatal(err)
	}
	return seen.statements
}

// recordList returns the statements of GET /api/orders.
func recordList(b testing.TB, db *pgtest.DB) []statement {
	b.Helper()
	return record(b, db, func(ctx context.Context, pool *tenant.DB) error {
		service := trading.New(pool, nil, nil)
		service.MirrorMaxAge = mirrorMaxAge
		list, err := trading.ParseOrderList(nil)
		if err != nil {
			return err
		}
		body, err := service.Orders(ctx, tenant.Admission{Token: token(1), Account: uuid.MustParse(account(1))}, &list)
		if n := strings.Count(string(body), `"client_order_id"`); err == nil && n != 50 {
			return errors.New("the page does not have 50 orders")
		}
		return err
	})
}
