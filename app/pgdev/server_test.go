package pgdev_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/pgdev"
)

// helperDir is a variable that makes this test's binary run as another Paddock,
// on the folder that it names.
const helperDir = "PADDOCK_TEST_PGDEV_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		os.Exit(beAnother(dir))
	}
	os.Exit(m.Run())
}

// beAnother runs a server on a folder until the process is killed.
func beAnother(dir string) int {
	server, err := pgdev.Start(context.Background(), pgdev.Config{Dir: dir, Durable: true})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("url", server.AdminURL("postgres"))
	select {}
}

// another is a Paddock in a process of its own.
type another struct {
	process *exec.Cmd
	url     string
}

func startAnother(t *testing.T, dir string) *another {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a := &another{process: cmd}
	t.Cleanup(a.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if err != nil || word != "url" {
		t.Fatalf("the other Paddock said %q (%v)", line, err)
	}
	a.url = rest
	return a
}

// kill kills the process as a crash would. Its Postgres keeps running.
func (a *another) kill() {
	_ = a.process.Process.Kill() // it may have ended already
	_ = a.process.Wait()         // the error says that it was killed
}

// folder returns a folder that the user whom Postgres runs as can reach, also
// if the test runs as root.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "postgres")
	for parent := filepath.Dir(dir); parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func start(t *testing.T, dir string) *pgdev.Server {
	t.Helper()
	server, err := pgdev.Start(t.Context(), pgdev.Config{Dir: dir, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// postmaster returns the process id of the Postgres that runs on a folder.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// A folder is removed with the Postgres that a killed run left there, and not while one
// runs.
func TestRemove(t *testing.T) {
	dir := folder(t)
	running := startAnother(t, dir)
	left := postmaster(t, dir)
	if err := pgdev.Remove(dir); err == nil || query[int](t, running.url, "select 1") != 1 {
		t.Fatalf("it is removed while it runs: %v", err)
	}
	running.kill()
	if err := pgdev.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	if err := syscall.Kill(left, 0); err == nil {
		t.Error("its Postgres still runs")
	}
}

// While a Paddock runs, a second one on its folder is refused with one
// sentence. After the first is killed, the next one takes over the folder from
// the Postgres that still runs, also through a symbolic link: all committed
// data, the port and the password stay the same. After a crash of Postgres
// itself the data is there too.
func TestFolderIsOneServersAndOutlivesIt(t *testing.T) {
	dir := folder(t)
	first := startAnother(t, dir)
	conn, err := pgx.Connect(t.Context(), first.url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "create table kept as select 42 as n"); err != nil {
		t.Fatal(err)
	}
	left := postmaster(t, dir)
	t.Cleanup(func() { // in case the test fails before the takeover
		if text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid")); err == nil && strings.HasPrefix(string(text), strconv.Itoa(left)+"\n") {
			_ = syscall.Kill(left, syscall.SIGQUIT)
		}
	})

	_, err = pgdev.Start(t.Context(), pgdev.Config{Dir: dir})
	if err == nil || !strings.HasPrefix(err.Error(), "another Paddock runs on the data in "+dir+": stop it first") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("a second one on the same folder: %v", err)
	}
	if n := query[int](t, first.url, "select n from kept"); n != 42 {
		t.Errorf("the first one's data is %d after the second was refused", n)
	}

	first.kill()
	if err := syscall.Kill(left, 0); err != nil {
		t.Fatalf("its Postgres ended with it (%v): there is nothing to take over", err)
	}
	link := filepath.Join(filepath.Dir(dir), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	second := start(t, link) // an open connection to the old Postgres does not delay it
	if now := postmaster(t, dir); now == left {
		t.Errorf("process %d still runs on the data", left)
	}
	if second.AdminURL("postgres") != first.url {
		t.Error("the URL has changed, by its port or its password")
	}
	if n := query[int](t, second.AdminURL("postgres"), "select n from kept"); n != 42 {
		t.Errorf("after the kill there is %d", n)
	}
	conn.Close(context.Background())

	second.Kill()
	if err := second.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := query[int](t, second.AdminURL("postgres"), "select n from kept"); n != 42 {
		t.Errorf("after a crash of the server there is %d", n)
	}

	owner, err := second.OwnerURL(t.Context(), "paddock")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := second.OwnerURL(t.Context(), "paddock"); err != nil || again != owner {
		t.Errorf("the owner's URL differs at the second call (%v)", err)
	}
	if plain := query[bool](t, owner, "select not rolsuper and not rolbypassrls and rolcreaterole and current_database() = 'paddock' from pg_roles where rolname = current_user"); !plain {
		t.Error("the owner's rights are not those of an owner on managed Postgres")
	}
}

// A start that cannot work fails with one sentence, and leaves the folder free.
func TestStartRefusals(t *testing.T) {
	dir := folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9.6\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second error must not say that another Paddock runs
		_, err := pgdev.Start(t.Context(), pgdev.Config{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), "was made by Postgres 9.6") || !strings.Contains(err.Error(), "move that folder away") || strings.Contains(err.Error(), "\n") {
			t.Errorf("data of another version: %v", err)
		}
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pgdev.Start(t.Context(), pgdev.Config{Dir: file}); err == nil || !strings.HasPrefix(err.Error(), "make the data folder") {
		t.Errorf("a file where the folder should be: %v", err)
	}

	ended, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ended.Done()
	fresh := folder(t)
	if _, err := pgdev.Start(ended, pgdev.Config{Dir: fresh}); err == nil {
		t.Error("it started with a context that had ended")
	}
	if _, err := os.Stat(filepath.Join(fresh, "data")); err == nil {
		t.Error("a start that was broken off left an incomplete data folder")
	}
}
