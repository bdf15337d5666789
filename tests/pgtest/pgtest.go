// Package pgtest gives each test a real Postgres database of its own: a copy
// of a migrated template. The server is the one at TEST_DATABASE_URL; without
// that, one in a container where Docker runs; without Docker, an embedded one.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/pgdev"
	"paddock/app/tenant"
	"paddock/sql"
)

// shared is the server that all tests of this process use.
var shared struct {
	sync.Mutex
	admin string // URL of a role that may make roles and databases
	owner string // URL of the same server for the role pgdev.Owner
	ready bool
	stop  func()
}

// Main runs a package's tests and stops the server that they started, if any.
func Main(m *testing.M) {
	code := m.Run()
	shared.Lock()
	if shared.stop != nil {
		shared.stop()
	}
	shared.Unlock()
	os.Exit(code)
}

// DB is one test's database.
type DB struct {
	Name string
	// AdminURL connects as the server's administrator. When that is a superuser,
	// no row policy applies to it.
	AdminURL string
	// OwnerURL connects as the role that owns the database and ran the migrations.
	OwnerURL string
}

// New makes a migrated database, which is dropped when the test ends.
func New(t testing.TB) *DB {
	t.Helper()
	ctx := context.Background()
	admin, owner, err := server(ctx)
	if err != nil {
		t.Fatalf("no Postgres for the tests: %v", err)
	}
	db, drop, err := clone(ctx, templateName(), admin, owner)
	if err != nil {
		t.Fatalf("make the test's database: %v", err)
	}
	t.Cleanup(drop)
	return db
}

// Copy makes a copy of the database as it is now, which is dropped when the test ends.
// Nobody may be connected to the original meanwhile.
func (db *DB) Copy(t testing.TB) *DB {
	t.Helper()
	ctx := context.Background()
	admin, owner, err := server(ctx)
	if err != nil {
		t.Fatalf("no Postgres for the tests: %v", err)
	}
	made, drop, err := clone(ctx, db.Name, admin, owner)
	if err != nil {
		t.Fatalf("copy the test's database: %v", err)
	}
	t.Cleanup(drop)
	return made
}

// Empty makes a database without any migration, owned by the migrating role.
func Empty(t testing.TB) *DB {
	t.Helper()
	ctx := context.Background()
	admin, owner, err := server(ctx)
	if err != nil {
		t.Fatalf("no Postgres for the tests: %v", err)
	}
	name := newName()
	if err := exec(ctx, admin, "create database "+name+" owner "+pgdev.Owner); err != nil {
		t.Fatalf("make an empty database: %v", err)
	}
	t.Cleanup(func() { drop(admin, name) })
	return &DB{Name: name, AdminURL: onDatabase(admin, name), OwnerURL: onDatabase(owner, name)}
}

// URL returns the database's URL for one of the runtime logins.
func (db *DB) URL(role string) string {
	u, err := url.Parse(db.OwnerURL)
	if err != nil {
		panic(err) // we made it
	}
	u.User = url.UserPassword(role, password(role))
	return u.String()
}

// Pool opens a pool as a runtime login, as the product does.
func (db *DB) Pool(t testing.TB, role string) *pgxpool.Pool {
	t.Helper()
	pool, err := tenant.OpenPool(context.Background(), tenant.PoolConfig{URL: db.URL(role), MaxConns: 6, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Conn opens a single connection as a runtime login, or as "admin" or "owner".
func (db *DB) Conn(t testing.TB, role string) *pgx.Conn {
	t.Helper()
	target := db.URL(role)
	switch role {
	case "admin":
		target = db.AdminURL
	case "owner":
		target = db.OwnerURL
	}
	conn, err := pgx.Connect(context.Background(), target)
	if err != nil {
		t.Fatalf("connect as %s: %v", role, err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// password returns the password that tests give a login. The server is a
// throw-away one on this machine. Several test processes share it, so the
// password is fixed: random ones would overwrite each other.
func password(role string) string { return "test-" + role }

// server returns the shared server, started and prepared on first use.
func server(ctx context.Context) (admin, owner string, err error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.ready {
		return shared.admin, shared.owner, nil
	}
	if shared.admin == "" {
		if shared.admin, shared.stop, err = StartServer(ctx); err != nil {
			return "", "", err
		}
	}
	if shared.owner, err = prepare(ctx, shared.admin); err != nil {
		return "", "", err
	}
	shared.ready = true
	return shared.admin, shared.owner, nil
}

// prepare makes the migrating role and the template, once per server and
// version of the migrations, and returns the URL of that role.
func prepare(ctx context.Context, admin string) (owner string, err error) {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(ctx)
	// Other test processes may be doing the same.
	if _, err := conn.Exec(ctx, "select pg_advisory_lock(7236021)"); err != nil {
		return "", fmt.Errorf("wait for the other test processes: %w", err)
	}
	u, err := url.Parse(admin)
	if err != nil {
		return "", errors.New("TEST_DATABASE_URL is not a URL")
	}
	u.User = url.UserPassword(pgdev.Owner, password(pgdev.Owner))
	owner = u.String()

	name := templateName()
	var there bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1 and datistemplate)", name).Scan(&there); err != nil {
		return "", fmt.Errorf("look for the template: %w", err)
	}
	if there {
		return owner, nil
	}
	if err := pgdev.EnsureOwner(ctx, conn, password(pgdev.Owner)); err != nil {
		return "", err
	}
	if _, err := conn.Exec(ctx, "drop database if exists "+name+" with (force)"); err != nil {
		return "", fmt.Errorf("clear a half-made template: %w", err)
	}
	if _, err := conn.Exec(ctx, "create database "+name+" owner "+pgdev.Owner); err != nil {
		return "", fmt.Errorf("make the template: %w", err)
	}
	if err := migrate(ctx, onDatabase(owner, name)); err != nil {
		return "", err
	}
	for _, role := range []string{"paddock_app", "paddock_worker", "paddock_auth"} {
		if err := pgdev.GivePassword(ctx, conn, role, password(role)); err != nil {
			return "", err
		}
	}
	if _, err := conn.Exec(ctx, "alter database "+name+" is_template true"); err != nil {
		return "", fmt.Errorf("mark the template: %w", err)
	}
	return owner, nil
}

func migrate(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to the template: %w", err)
	}
	defer conn.Close(ctx)
	return sql.Migrate(ctx, conn)
}

func clone(ctx context.Context, template, admin, owner string) (*DB, func(), error) {
	name := newName()
	if err := exec(ctx, admin, "create database "+name+" template "+template+" owner "+pgdev.Owner); err != nil {
		return nil, nil, err
	}
	db := &DB{Name: name, AdminURL: onDatabase(admin, name), OwnerURL: onDatabase(owner, name)}
	if err := exec(ctx, db.OwnerURL, sql.SecureDatabase()); err != nil {
		drop(admin, name)
		return nil, nil, fmt.Errorf("say who may connect: %w", err)
	}
	return db, func() { drop(admin, name) }, nil
}

func drop(admin, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := exec(ctx, admin, "drop database if exists "+name+" with (force)"); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest: the database", name, "was not dropped:", err)
	}
}

func exec(ctx context.Context, url, statement string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

func newName() string { return "paddock_test_" + strings.ToLower(rand.Text()[:16]) }

// templateName returns a name that changes with the migrations' contents.
func templateName() string {
	sum := sha256.New()
	err := fs.WalkDir(sql.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := sql.FS.ReadFile(path)
		fmt.Fprintf(sum, "%s\x00%s\x00", path, text)
		return err
	})
	if err != nil {
		panic(err) // the files are embedded
	}
	return "paddock_template_" + hex.EncodeToString(sum.Sum(nil)[:8])
}

func onDatabase(text, name string) string {
	u, err := url.Parse(text)
	if err != nil {
		panic(err) // it was parsed before
	}
	u.Path = "/" + name
	return u.String()
}
