package pgtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"

	"paddock/app/pgdev"
)

// StartServer answers the administrator's URL of a test server, and what stops
// it: TEST_DATABASE_URL, else Docker, else the embedded server.
func StartServer(ctx context.Context) (admin string, stop func(), err error) {
	if url := os.Getenv("TEST_DATABASE_URL"); url != "" {
		return url, func() {}, nil
	}
	if admin, stop, err := startDocker(ctx); err == nil {
		return admin, stop, nil
	} else if os.Getenv("TEST_POSTGRES_IMAGE") != "" {
		return "", nil, fmt.Errorf("TEST_POSTGRES_IMAGE is set, and Docker cannot run it: %w", err)
	}
	return startEmbedded(ctx)
}

// startDocker runs Postgres in a container where a daemon answers at once.
func startDocker(ctx context.Context) (string, func(), error) {
	pool, err := dockertest.NewPool("")
	if err != nil {
		return "", nil, fmt.Errorf("find Docker: %w", err)
	}
	answered := make(chan error, 1)
	go func() { answered <- pool.Client.Ping() }()
	select {
	case err := <-answered:
		if err != nil {
			return "", nil, fmt.Errorf("no answer from Docker: %w", err)
		}
	case <-time.After(2 * time.Second):
		return "", nil, fmt.Errorf("no answer from Docker within two seconds")
	}
	repository, tag := "postgres", "18-alpine"
	if image := os.Getenv("TEST_POSTGRES_IMAGE"); image != "" {
		repository, tag = docker.ParseRepositoryTag(image)
	}
	container, err := pool.RunWithOptions(&dockertest.RunOptions{
		Repository: repository, Tag: tag, Env: []string{"POSTGRES_PASSWORD=test"},
		Cmd: []string{"postgres", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"},
	}, func(h *docker.HostConfig) { h.AutoRemove = true })
	if err != nil {
		return "", nil, fmt.Errorf("run Postgres in Docker: %w", err)
	}
	stop := func() { _ = pool.Purge(container) } // AutoRemove takes what this leaves
	url := "postgres://postgres:test@" + net.JoinHostPort("127.0.0.1", container.GetPort("5432/tcp")) + "/postgres?sslmode=disable"
	pool.MaxWait = time.Minute
	err = pool.Retry(func() error {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("wait for Postgres in Docker: %w", err)
	}
	return url, stop, nil
}

func startEmbedded(ctx context.Context) (string, func(), error) {
	dir, err := os.MkdirTemp("", "paddock-test-")
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the test server: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", nil, fmt.Errorf("open the test server's folder: %w", err)
	}
	server, err := pgdev.Start(ctx, pgdev.Config{Dir: dir})
	if err != nil {
		os.RemoveAll(dir)
		return "", nil, err
	}
	return server.AdminURL("postgres"), func() {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
		}
		os.RemoveAll(dir)
	}, nil
}

// Own is a database on a server of the test's own, which it may kill.
type Own struct {
	*DB
	Server *pgdev.Server
}

// StartOwn starts an embedded server for this test alone, crash-safe as in
// production, with a migrated database.
func StartOwn(t testing.TB) *Own {
	t.Helper()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "postgres")
	for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		_ = os.Chmod(parent, 0o755) // so that the server's own user can get there
	}
	server, err := pgdev.Start(ctx, pgdev.Config{Dir: dir, Durable: true})
	if err != nil {
		t.Fatalf("start a server of the test's own: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	owner, err := prepare(ctx, server.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	db, _, err := clone(ctx, server.AdminURL("postgres"), owner)
	if err != nil {
		t.Fatal(err)
	}
	return &Own{DB: db, Server: server}
}
