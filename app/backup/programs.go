package backup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// program is one of Postgres' client programs.
type program struct {
	path  string
	major int // its version
}

var versionNumber = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// findProgram looks for one of Postgres' client programs in the folder, or in PATH
// where none is named.
func findProgram(ctx context.Context, folder, name string) (program, error) {
	path, err := filepath.Join(folder, name), error(nil)
	if folder == "" {
		path, err = exec.LookPath(name)
	} else {
		_, err = os.Stat(path)
	}
	if err != nil {
		where := "in PATH"
		if folder != "" {
			where = "in " + folder
		}
		return program{}, fmt.Errorf("there is no %s %s: install Postgres' client programs (Debian: postgresql-client), or name their folder with --postgres-bin", name, where)
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	found := versionNumber.FindSubmatch(out)
	if err != nil || found == nil {
		return program{}, fmt.Errorf("%s does not run, or is not Postgres' %s: name another folder with --postgres-bin", path, name)
	}
	major, err := strconv.Atoi(string(found[1]))
	return program{path, major}, err
}

// must returns an error where the program is older than a version.
func (p program) must(major int) error {
	if p.major >= major {
		return nil
	}
	return fmt.Errorf("%s is of Postgres %d, which is too old: Postgres %d or newer is needed, whose folder --postgres-bin names", p.path, p.major, major)
}

// command returns the program with the connection of a URL. No password is among
// the arguments, which every user of the machine can see, and nothing of Paddock's
// own environment is handed on.
func (p program) command(ctx context.Context, databaseURL string, args ...string) (*exec.Cmd, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return nil, errors.New("DATABASE_URL cannot be read: give postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	parsed, err := pgconn.ParseConfig(databaseURL)
	if err != nil {
		return nil, errors.New("DATABASE_URL cannot be read: give postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	query := u.Query()
	if query.Has("sslpassword") {
		return nil, errors.New("DATABASE_URL has sslpassword, which other users of the machine would see: keep the client's key in a file without one")
	}
	query.Del("password")
	u.RawQuery = query.Encode()
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	cmd := exec.CommandContext(ctx, p.path, append(args, "--no-password", "--dbname="+u.String())...)
	cmd.Env = []string{"LC_ALL=C", "PGPASSWORD=" + parsed.Password, "PGAPPNAME=paddock backup"}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if name == "PATH" || name == "HOME" || name == "LD_LIBRARY_PATH" || strings.HasPrefix(name, "PG") && name != "PGPASSWORD" && name != "PGAPPNAME" {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	return cmd, nil
}

// maxComplaint bounds what is kept of a program's stderr, in bytes.
const maxComplaint = 4 << 10

// complaint keeps the beginning of what a program writes to stderr, where its
// first error is.
type complaint struct{ text []byte }

func (c *complaint) Write(p []byte) (int, error) {
	c.text = append(c.text, p[:min(len(p), maxComplaint-len(c.text))]...)
	return len(p), nil
}

// sentence returns the first line with an error, or the first line.
func (c *complaint) sentence() string {
	lines := strings.Split(strings.TrimSpace(string(c.text)), "\n")
	for _, line := range lines {
		if _, said, found := strings.Cut(line, "ERROR:  "); found {
			return said
		}
	}
	for _, line := range lines {
		if _, said, found := strings.Cut(line, "error: "); found {
			return said
		}
	}
	return lines[0]
}
