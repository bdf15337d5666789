package pgtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"

	"paddock/app/pgdev"
)

// StartServer returns the administrator's URL of a test server and a function
// that stops it. The server is the one at TEST_DATABASE_URL, else one in Docker,
// else the embedded one.
func StartServer(ctx context.Context) (admin string, stop func(), err error) {
	if url := os.Getenv("TEST_DATABASE_URL"); url != "" {
		return url, func() {}, nil
	}
	admin, stop, err = startDocker(ctx)
	switch {
	case err == nil:
		return admin, stop, nil
	case os.Getenv("TEST_POSTGRES_IMAGE") != "":
		return "", nil, fmt.Errorf("TEST_POSTGRES_IMAGE is set, and Docker cannot run it: %w", err)
	case !errors.Is(err, errNoDocker):
		fmt.Fprintln(os.Stderr, "pgtest: the embedded Postgres is used, since Docker's is not to be had:", err)
	}
	return startEmbedded(ctx)
}

var errNoDocker = errors.New("no answer from Docker")

// startDocker runs Postgres in a container. The error is errNoDocker where no
// Docker daemon answers within two seconds.
func startDocker(ctx context.Context) (string, func(), error) {
	pool, err := dockertest.NewPool("")
	if err != nil {
		return "", nil, fmt.Errorf("%w: %w", errNoDocker, err)
	}
	ping, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := pool.Client.PingWithContext(ping); err != nil {
		return "", nil, fmt.Errorf("%w: %w", errNoDocker, err)
	}
	repository, tag := "postgres", "18-alpine"
	if image := os.Getenv("TEST_POSTGRES_IMAGE"); image != "" {
		repository, tag = docker.ParseRepositoryTag(image)
	} else if err := havePulled(ctx, pool, repository, tag); err != nil {
		return "", nil, fmt.Errorf("pull %s:%s: %w", repository, tag, err)
	}
	// The password is no secret, so the port is bound to this machine alone.
	// Where the daemon runs on another machine, all who reach that may connect.
	host, bind := "127.0.0.1", "127.0.0.1"
	if u, err := url.Parse(pool.Client.Endpoint()); err == nil && u.Hostname() != "" {
		host, bind = u.Hostname(), ""
	}
	name := "paddock-test-" + strings.ToLower(rand.Text()[:16])
	container, err := pool.RunWithOptions(&dockertest.RunOptions{
		Name: name, Repository: repository, Tag: tag, Env: []string{"POSTGRES_PASSWORD=test"},
		Cmd:          []string{"postgres", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=400"},
		ExposedPorts: []string{"5432/tcp"}, PortBindings: map[docker.Port][]docker.PortBinding{"5432/tcp": {{HostIP: bind}}},
	}, func(h *docker.HostConfig) { h.AutoRemove = true })
	if err != nil {
		_ = pool.RemoveContainerByName(name) // it may have been created but not started
		return "", nil, fmt.Errorf("run Postgres in Docker: %w", err)
	}
	stop := func() {
		var gone *docker.NoSuchContainer
		var going *docker.Error // Docker is already removing it (AutoRemove)
		err := pool.Purge(container)
		if err != nil && !errors.As(err, &gone) && !(errors.As(err, &going) && going.Status == http.StatusConflict) {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
		}
	}
	admin := "postgres://postgres:test@" + net.JoinHostPort(host, container.GetPort("5432/tcp")) + "/postgres?sslmode=disable"
	if err = tie(pool, container); err == nil {
		err = await(ctx, pool, container, admin)
	}
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("%w (docker run -e POSTGRES_PASSWORD=test %s:%s says more)", err, repository, cmp.Or(tag, "latest"))
	}
	return admin, stop, nil
}

// silence is how long to wait for data from the registry. After that the machine
// is taken to be offline.
const silence = 10 * time.Second

// havePulled pulls the image if it is not there, for two minutes at most.
func havePulled(ctx context.Context, pool *dockertest.Pool, repository, tag string) error {
	if _, err := pool.Client.InspectImage(repository + ":" + tag); !errors.Is(err, docker.ErrNoSuchImage) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	silent := time.AfterFunc(silence, func() { giveUp(fmt.Errorf("the registry said nothing for %s", silence)) })
	defer silent.Stop()
	err := pool.Client.PullImage(docker.PullImageOptions{
		Repository: repository, Tag: tag, Context: ctx, InactivityTimeout: silence,
		OutputStream: heard(func() { silent.Stop() }), // from the first output on, InactivityTimeout watches the download
	}, docker.AuthConfiguration{})
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

type heard func()

func (h heard) Write(p []byte) (int, error) {
	h()
	return len(p), nil
}

// tie makes the container end with this process, even if that is killed: the
// kernel then closes the connection to a shell in the container, and at the end
// of its input the shell stops Postgres. Docker then removes the container
// (AutoRemove). The shell repeats its signal, because the container's first
// process ignores it until Postgres has taken that process's place.
func tie(pool *dockertest.Pool, container *dockertest.Resource) error {
	watcher, err := pool.Client.CreateExec(docker.CreateExecOptions{
		Container: container.Container.ID, AttachStdin: true, AttachStdout: true,
		Cmd: []string{"sh", "-c", "echo; cat >/dev/null; while kill -QUIT 1; do sleep 1; done"},
	})
	if err != nil {
		return fmt.Errorf("tie the container to this process: %w", err)
	}
	never, _ := io.Pipe()
	output, written := io.Pipe()
	session, err := pool.Client.StartExecNonBlocking(watcher.ID, docker.StartExecOptions{
		InputStream: never, OutputStream: written, ErrorStream: io.Discard,
	})
	if err != nil {
		return fmt.Errorf("tie the container to this process: %w", err)
	}
	go func() { written.CloseWithError(session.Wait()) }()
	if _, err := output.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("tie the container to this process: %w", err)
	}
	return nil
}

// await waits until Postgres takes connections. It returns an error if the
// container ends before.
func await(ctx context.Context, pool *dockertest.Pool, container *dockertest.Resource, admin string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, admin)
		if err == nil {
			return conn.Close(ctx)
		}
		if c, err := pool.Client.InspectContainer(container.Container.ID); err != nil || !c.State.Running {
			return errors.New("the container ended before Postgres took connections")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for Postgres in Docker: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func startEmbedded(ctx context.Context) (string, func(), error) {
	dir, remove, err := newFolder()
	if err != nil {
		return "", nil, err
	}
	server, err := pgdev.Start(ctx, pgdev.Config{Dir: dir})
	if err != nil {
		remove()
		return "", nil, err
	}
	return server.AdminURL("postgres"), func() {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
		}
		remove()
	}, nil
}

// Own is a database on a server that belongs to one test, which may kill it.
type Own struct {
	*DB
	Server *pgdev.Server
}

// StartOwn starts an embedded server for this test alone, crash-safe as in
// production, with a migrated database.
func StartOwn(t testing.TB) *Own {
	t.Helper()
	return StartOwnWith(t, nil)
}

// StartOwnWith is StartOwn with settings of the server.
func StartOwnWith(t testing.TB, settings map[string]string) *Own {
	t.Helper()
	ctx := context.Background()
	server := startAlone(t, settings)
	owner, err := prepare(ctx, server.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	db, _, err := clone(ctx, templateName(), server.AdminURL("postgres"), owner)
	if err != nil {
		t.Fatal(err)
	}
	return &Own{DB: db, Server: server}
}

// StartBare starts an embedded server for this test alone that has nothing of
// Paddock's but the migrating role, and an empty database of its.
func StartBare(t testing.TB) *Own {
	t.Helper()
	ctx := context.Background()
	server := startAlone(t, nil)
	admin := server.AdminURL("postgres")
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := pgdev.EnsureOwner(ctx, conn, password(pgdev.Owner)); err != nil {
		t.Fatal(err)
	}
	name := newName()
	if _, err := conn.Exec(ctx, "create database "+name+" owner "+pgdev.Owner); err != nil {
		t.Fatal(err)
	}
	owner, err := url.Parse(onDatabase(admin, name))
	if err != nil {
		t.Fatal(err)
	}
	owner.User = url.UserPassword(pgdev.Owner, password(pgdev.Owner))
	return &Own{DB: &DB{Name: name, AdminURL: onDatabase(admin, name), OwnerURL: owner.String()}, Server: server}
}

// startAlone starts an embedded server for this test alone, crash-safe as in
// production.
func startAlone(t testing.TB, settings map[string]string) *pgdev.Server {
	t.Helper()
	dir, remove, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	server, err := pgdev.Start(context.Background(), pgdev.Config{Dir: dir, Durable: true, Settings: settings})
	if err != nil {
		t.Fatalf("start a server of the test's own: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}
