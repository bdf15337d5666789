// Package pgdev runs a Postgres server for `paddock dev` and for tests. It uses
// the Postgres on the machine or downloads one, keeps its data between runs,
// and runs it as another user where we are root.
package pgdev

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"paddock/app/scram"
)

// Config says how to run a server.
type Config struct {
	Dir      string // kept between runs; made if missing
	Port     int    // on 127.0.0.1; 0 takes the one of the last run, or a free one
	Durable  bool   // false gives up crash safety for speed, for tests
	Settings map[string]string
	Logger   *slog.Logger
}

// Server is a running Postgres.
type Server struct {
	config   Config
	binaries binaries
	identity identity
	home     string // folder of data and log: Dir, or another when the server's user cannot reach Dir
	lock     *os.File
	port     int
	password string
	process  *exec.Cmd
	exited   chan struct{}
}

const superuser = "postgres"

// Start runs a server on the data in c.Dir, making it first if needed. A server
// that a killed run left behind is stopped. Errors are one sentence.
func Start(ctx context.Context, c Config) (*Server, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	c.Dir = dir
	s := &Server{config: c}
	if s.identity, err = chooseIdentity(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { // #nosec G301 -- the user that Postgres runs as goes through it
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if s.lock, err = lockFile(filepath.Join(dir, "lock")); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.lock.Close()
		return nil, err
	}
	return s, nil
}

// Remove stops the server that a run which was killed left on a folder, if any, and removes
// the folder. It ends with an error where a run goes on there.
func Remove(dir string) error {
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	s := &Server{config: Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)}, home: dir}
	if err := s.stopLeftover(); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

func (s *Server) start(ctx context.Context) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	if s.home, err = s.chooseHome(); err != nil {
		return err
	}
	if s.identity.drop { // the programs must be where the other user can run them
		cache = filepath.Dir(s.home)
	}
	if s.binaries, err = findBinaries(filepath.Join(cache, "paddock")); err != nil {
		return err
	}
	if s.password, err = s.keptPassword(); err != nil {
		return err
	}
	if err := s.initialise(ctx); err != nil {
		return err
	}
	if err := s.stopLeftover(); err != nil {
		return err
	}
	if s.port, err = s.choosePort(); err != nil {
		return err
	}
	return s.launch(ctx)
}

// chooseHome returns the folder for the data. Where we are root and only root
// may enter c.Dir, it is a folder under /var/lib, with a name that the next run
// finds again.
func (s *Server) chooseHome() (string, error) {
	if s.identity.canReach(filepath.Join(s.config.Dir, "data")) {
		return s.config.Dir, nil
	}
	sum := sha256.Sum256([]byte(s.config.Dir))
	home := filepath.Join("/var/lib/paddock-dev", hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(home, 0o755); err != nil { // #nosec G301 -- the same
		return "", fmt.Errorf("make a data folder that Postgres's user can reach: %w", err)
	}
	s.config.Logger.Info("the data folder is only root's to enter, so Postgres keeps its data elsewhere", "folder", home)
	return home, nil
}

func (s *Server) data() string { return filepath.Join(s.home, "data") }

// keptPassword reads the superuser's password, or makes it.
func (s *Server) keptPassword() (string, error) {
	return keptSecret(filepath.Join(s.config.Dir, "superuser"))
}

// keptSecret reads a secret from a file that only we can read, or makes one.
func keptSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil && len(text) > 0 {
		return string(text), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the secret kept in %s: %w", path, err)
	}
	secret := rand.Text()
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		return "", fmt.Errorf("keep a secret in %s: %w", path, err)
	}
	return secret, nil
}

// initialise makes the contents of the data folder once. It makes them aside
// and moves them into place, so that a killed run leaves nothing half made.
func (s *Server) initialise(ctx context.Context) error {
	version, err := os.ReadFile(filepath.Join(s.data(), "PG_VERSION"))
	if err == nil {
		if made := strings.TrimSpace(string(version)); made != strconv.Itoa(s.binaries.major) {
			return fmt.Errorf("the data in %s was made by Postgres %s and this machine has %d: install Postgres %s, or move that folder away and start afresh",
				s.data(), made, s.binaries.major, made)
		}
		return nil
	}
	fresh := filepath.Join(s.home, "data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear what a killed run left: %w", err)
	}
	if err := s.identity.own(fresh); err != nil {
		return err
	}
	password, err := os.CreateTemp("", "paddock-")
	if err != nil {
		return fmt.Errorf("hand the password to initdb: %w", err)
	}
	defer os.Remove(password.Name())
	defer password.Close()
	if err := errors.Join(password.Chmod(0o600), password.Chown(s.identity.uid, s.identity.gid)); err != nil {
		return fmt.Errorf("hand the password to initdb: %w", err)
	}
	if _, err := password.WriteString(s.password); err != nil {
		return fmt.Errorf("hand the password to initdb: %w", err)
	}
	cmd := exec.CommandContext(ctx, s.binaries.path("initdb"), "--pgdata", fresh, "--username", superuser, "--pwfile", password.Name(),
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--data-checksums", "--no-instructions")
	cmd.SysProcAttr, cmd.Dir = s.identity.attributes(), "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if !s.config.Durable {
		cmd.Args = append(cmd.Args, "--no-sync")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb failed: %s", lastLine(string(out), err))
	}
	if err := os.Rename(fresh, s.data()); err != nil {
		return fmt.Errorf("put the new data in place: %w", err)
	}
	return nil
}

func lastLine(out string, err error) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if text := strings.TrimSpace(lines[len(lines)-1]); text != "" {
		return text
	}
	return err.Error()
}

// stopLeftover stops a server that a killed run of ours left on this data. We
// hold the lock, so no living run owns it.
func (s *Server) stopLeftover() error {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return nil
	}
	pid, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(string(text), "\n", 2)[0]))
	if err != nil || pid <= 1 || !isPostgresOn(pid, s.data()) {
		return nil // stale: Postgres itself notices and recovers
	}
	s.config.Logger.Info("stopping the Postgres that an earlier run left behind", "pid", pid)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, signal); err != nil {
			return nil // it has ended
		}
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if syscall.Kill(pid, 0) != nil {
				return nil
			}
		}
	}
	return fmt.Errorf("the Postgres that an earlier run left behind (process %d) does not stop: stop it by hand", pid)
}

// isPostgresOn reports whether the process is a Postgres on this data: its
// number may belong to another program by now.
func isPostgresOn(pid int, data string) bool {
	if where, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil {
		here, err := os.Stat(data) // the path may lead through a symbolic link
		return err == nil && os.SameFile(where, here)
	}
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), data)
}

func (s *Server) choosePort() (int, error) {
	kept := filepath.Join(s.config.Dir, "port")
	if s.config.Port != 0 {
		return s.config.Port, nil
	}
	if text, err := os.ReadFile(kept); err == nil {
		if port, err := strconv.Atoi(string(text)); err == nil && portIsFree(port) {
			return port, nil
		}
	}
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(kept, []byte(strconv.Itoa(port)), 0o600); err != nil {
		return 0, fmt.Errorf("keep the port: %w", err)
	}
	return port, nil
}

func portIsFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port for Postgres: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// launch starts the server and waits until it accepts connections. The
// processes of a killed server may live for a moment longer and hold its shared
// memory, which a new one refuses to share; it waits for them to end.
func (s *Server) launch(ctx context.Context) error {
	deadline := time.Now().Add(15 * time.Second)
	for {
		from := s.logSize()
		err := s.launchOnce(ctx)
		if !errors.Is(err, errExited) {
			return err
		}
		said := s.lastFatal(from)
		if !strings.Contains(said, "shared memory block") || time.Now().After(deadline) {
			return fmt.Errorf("%w: %s (its log is %s)", err, said, s.LogPath())
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errExited = errors.New("the Postgres that was started stopped at once")

// logSize returns the current size of the log in bytes.
func (s *Server) logSize() int64 {
	info, err := os.Stat(s.LogPath())
	if err != nil {
		return 0 // there is no log yet
	}
	return info.Size()
}

// lastFatal returns the last fatal error of a starting server in the log after an
// offset. The processes of a killed server write to the same log that they end.
func (s *Server) lastFatal(from int64) string {
	text, err := os.ReadFile(s.LogPath())
	if err != nil || int64(len(text)) < from {
		return "it gave no reason"
	}
	reason := "it gave no reason"
	for _, line := range strings.Split(string(text[from:]), "\n") {
		if _, said, ok := strings.Cut(line, "FATAL:"); ok && !strings.Contains(said, "terminating connection") {
			reason = strings.TrimSpace(said)
		}
	}
	return reason
}

func (s *Server) launchOnce(ctx context.Context) error {
	if !portIsFree(s.port) {
		return fmt.Errorf("port %d, which Postgres should use, is in use by another program", s.port)
	}
	settings := map[string]string{ // #nosec G101 -- password_encryption is no password
		"listen_addresses": "127.0.0.1", "port": strconv.Itoa(s.port), "unix_socket_directories": "",
		"max_connections": "200", "shared_buffers": "128MB", "log_min_messages": "warning", "log_timezone": "UTC",
		"timezone": "UTC", "password_encryption": "scram-sha-256", "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0",
	}
	if !s.config.Durable {
		settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"] = "off", "off", "off"
		settings["max_wal_size"] = "512MB"  // the data may be in memory
		settings["max_connections"] = "400" // many tests at once
	}
	for name, value := range s.config.Settings {
		settings[name] = value
	}
	args := append([]string{"-D", s.data()}, pairs(settings)...)

	logFile, err := os.OpenFile(filepath.Join(s.config.Dir, "postgres.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open Postgres's log: %w", err)
	}
	defer logFile.Close()
	cmd := exec.Command(s.binaries.path("postgres"), args...)
	cmd.SysProcAttr, cmd.Dir = s.identity.attributes(), "/"
	cmd.Stdout, cmd.Stderr = logFile, logFile
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.binaries.path("postgres"), err)
	}
	s.process, s.exited = cmd, make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		_ = cmd.Wait() // its own log says how it ended
	}(s.exited)
	return s.waitReady(ctx)
}

func pairs(settings map[string]string) []string {
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	sort.Strings(names)
	var args []string
	for _, name := range names {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

// waitReady polls until the server accepts connections: recovery after a crash
// may take a while.
func (s *Server) waitReady(ctx context.Context) error {
	deadline := time.Now().Add(2 * time.Minute)
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		conn, err := pgx.Connect(try, s.AdminURL("postgres"))
		cancel()
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			return errExited
		case <-ctx.Done():
			s.Kill()
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.Kill()
			return fmt.Errorf("no answer from Postgres after two minutes; its log is %s", filepath.Join(s.config.Dir, "postgres.log"))
		}
	}
}

// Exited is closed when the server's process has ended, by Stop or by itself.
func (s *Server) Exited() <-chan struct{} { return s.exited }

// AdminURL returns the superuser's URL of a database.
func (s *Server) AdminURL(database string) string { return s.url(superuser, s.password, database) }

func (s *Server) url(user, password, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// OwnerURL makes, where they are missing, the role paddock_migrator and a
// database that it owns, and returns the database's URL. The role may make
// roles and databases and is no superuser, as on managed Postgres.
func (s *Server) OwnerURL(ctx context.Context, database string) (string, error) {
	password, err := keptSecret(filepath.Join(s.config.Dir, "migrator"))
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, s.AdminURL("postgres"))
	if err != nil {
		return "", fmt.Errorf("connect to our own Postgres: %w", err)
	}
	defer conn.Close(ctx)
	if err := EnsureOwner(ctx, conn, password); err != nil {
		return "", err
	}
	// So that the reporting logins that it makes have a bound on temporary files.
	if _, err := conn.Exec(ctx, "grant set on parameter temp_file_limit to "+Owner); err != nil {
		return "", fmt.Errorf("let the role %s bound temporary files: %w", Owner, err)
	}
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", database).Scan(&exists); err != nil {
		return "", fmt.Errorf("look for the database: %w", err)
	}
	if !exists {
		if _, err := conn.Exec(ctx, "create database "+pgx.Identifier{database}.Sanitize()+" owner "+Owner); err != nil {
			return "", fmt.Errorf("make the database: %w", err)
		}
	}
	return s.url(Owner, password, database), nil
}

// Owner is the role that owns databases and runs migrations.
const Owner = "paddock_migrator"

// EnsureOwner makes the role Owner, or sets its password.
func EnsureOwner(ctx context.Context, conn *pgx.Conn, password string) error {
	_, err := conn.Exec(ctx, `do $$ begin
		if not exists (select from pg_roles where rolname = 'paddock_migrator') then
			create role paddock_migrator login createrole createdb nosuperuser nobypassrls;
		end if; end $$`)
	if err != nil {
		return fmt.Errorf("make the role %s: %w", Owner, err)
	}
	return GivePassword(ctx, conn, Owner, password)
}

// GivePassword sets a login's password. The statement has its verifier alone.
func GivePassword(ctx context.Context, conn *pgx.Conn, role, password string) error {
	verifier, err := scram.Verifier(password)
	if err == nil {
		_, err = conn.Exec(ctx, "alter role "+pgx.Identifier{role}.Sanitize()+" password '"+verifier+"'")
	}
	if err != nil {
		return fmt.Errorf("give the login %s its password: %w", role, err)
	}
	return nil
}

// Stop shuts the server down, and kills it if that takes too long.
func (s *Server) Stop() error {
	defer s.lock.Close()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := s.process.Process.Signal(signal); err != nil {
			return nil // it has ended already
		}
		select {
		case <-s.exited:
			return nil
		case <-time.After(15 * time.Second):
		}
	}
	return errors.New("the server does not stop")
}

// Kill ends the server and all its processes at once, as a crash does.
func (s *Server) Kill() {
	_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL) // it may have ended already
	<-s.exited
}

// Restart starts a killed or stopped server again, on the same port and data.
func (s *Server) Restart(ctx context.Context) error {
	return s.launch(ctx)
}

// lockFile takes the lock that keeps a second run off the same data.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another Paddock runs on the data in %s: stop it first, or choose another folder", filepath.Dir(path))
	}
	return f, nil
}

// LogPath returns the path of the server's log.
func (s *Server) LogPath() string { return filepath.Join(s.config.Dir, "postgres.log") }

// Program returns the path of one of Postgres' programs, such as pg_dump.
func (s *Server) Program(name string) string { return s.binaries.path(name) }
