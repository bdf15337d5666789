package pgdev

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// minVersion is the lowest major version that Paddock runs on.
const minVersion = 15

// binaries are the programs of a Postgres server, and their major version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// findBinaries looks in PATH, where pg_config says, and where packages install
// Postgres, newest version first. Where there is none it downloads a server
// into cache.
func findBinaries(cache string) (binaries, error) {
	var seen []string
	for _, dir := range candidates() {
		b, err := inspect(dir)
		if err == nil {
			return b, nil
		}
		seen = append(seen, err.Error())
	}
	b, err := download(cache)
	if err != nil {
		found := ""
		if len(seen) > 0 {
			found = " (" + strings.Join(seen, "; ") + ")"
		}
		return binaries{}, fmt.Errorf("no Postgres %d or newer with pgcrypto was found on this machine%s, and none could be downloaded (%w): "+
			"install one (Debian: apt-get install postgresql) or set DATABASE_URL", minVersion, found, err)
	}
	return b, nil
}

func candidates() []string {
	var dirs []string
	add := func(dir string) {
		if dir == "" {
			return
		}
		for _, d := range dirs {
			if d == dir {
				return
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			dirs = append(dirs, dir)
		}
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			add(filepath.Dir(real))
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			add(filepath.Dir(real))
		}
	}
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		add(strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			continue // cannot happen: the patterns are constant
		}
		sort.Slice(found, func(i, j int) bool { return number(found[i]) > number(found[j]) })
		for _, dir := range found {
			add(dir)
		}
	}
	return dirs
}

var digits = regexp.MustCompile(`\d+`)

func number(path string) int {
	n, err := strconv.Atoi(digits.FindString(path))
	if err != nil {
		return 0
	}
	return n
}

// inspect checks that a folder holds a complete server that is new enough.
func inspect(dir string) (binaries, error) {
	b := binaries{dir: dir}
	for _, program := range []string{"postgres", "initdb"} {
		if _, err := os.Stat(b.path(program)); err != nil {
			return b, fmt.Errorf("%s has no %s", dir, program)
		}
	}
	out, err := exec.Command(b.path("postgres"), "--version").Output()
	if err != nil {
		return b, fmt.Errorf("%s does not run: %w", b.path("postgres"), err)
	}
	fields := strings.Fields(string(out)) // postgres (PostgreSQL) 15.18 (Debian …)
	if len(fields) >= 3 {
		b.major = number(fields[2])
	}
	if b.major < minVersion {
		return b, fmt.Errorf("%s is version %d", dir, b.major)
	}
	if !hasPgcrypto(dir, b.major) {
		return b, fmt.Errorf("%s has no pgcrypto (Debian: postgresql-contrib)", dir)
	}
	return b, nil
}

func hasPgcrypto(dir string, major int) bool {
	for _, share := range []string{
		filepath.Join(dir, "../share/extension"), filepath.Join(dir, "../share/postgresql/extension"),
		fmt.Sprintf("/usr/share/postgresql/%d/extension", major), "/usr/share/pgsql/extension",
	} {
		if _, err := os.Stat(filepath.Join(share, "pgcrypto.control")); err == nil {
			return true
		}
	}
	return false
}

// downloadVersion is the version that is downloaded where a machine has none.
const downloadVersion = embedded.V17

// download makes embedded-postgres download and unpack a server. The library
// also starts it, which Postgres refuses for root; what counts is whether the
// programs are there afterwards.
func download(cache string) (binaries, error) {
	target := filepath.Join(cache, "postgres-"+string(downloadVersion))
	bin := filepath.Join(target, "bin")
	if b, err := inspect(bin); err == nil {
		return b, nil
	}
	scratch, err := os.MkdirTemp("", "paddock-postgres-")
	if err != nil {
		return binaries{}, fmt.Errorf("make a folder for the download: %w", err)
	}
	defer os.RemoveAll(scratch)
	port, err := freePort()
	if err != nil {
		return binaries{}, err
	}
	var said strings.Builder
	config := embedded.DefaultConfig().Version(downloadVersion).BinariesPath(target).CachePath(cache).
		RuntimePath(filepath.Join(scratch, "run")).DataPath(filepath.Join(scratch, "data")).Port(uint32(port)).Logger(&said)
	if repository := os.Getenv("PADDOCK_POSTGRES_REPOSITORY"); repository != "" {
		config = config.BinaryRepositoryURL(repository)
	}
	server := embedded.NewDatabase(config)
	startErr := server.Start()
	if startErr == nil {
		if err := server.Stop(); err != nil {
			return binaries{}, fmt.Errorf("stop the downloaded server's trial run: %w", err)
		}
	}
	b, err := inspect(bin)
	if err != nil {
		if startErr != nil {
			err = startErr // this error says more
		}
		return b, err
	}
	return b, nil
}
