package docs

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"paddock/tests/program"
)

const root = "../.."

// documents returns README.md and then all documents in docs, which continue from
// what the commands of README.md have set up.
func documents(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(files) < 5 {
		t.Fatalf("found %d documents: %v", len(files), err)
	}
	return append([]string{filepath.Join(root, "README.md")}, files...)
}

// Every block of commands in the documents is run, in order, and prints what the
// document shows, unless a note above the block says why it is not run.
func TestDocuments(t *testing.T) {
	for _, name := range []string{"bash", "curl", "psql", "make"} {
		if _, err := exec.LookPath(name); err != nil {
			program.Missing(t, "there is no "+name, "install it")
		}
	}
	term := newTerminal(t, workshop(t))
	_, port, err := net.SplitHostPort(program.FreeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	term.learned["localhost:8080"] = "localhost:" + port
	term.learned["127.0.0.1:8090"] = program.FreeAddr(t)
	term.learned["$__timeFilter(at)"] = "at > now() - interval '1 day'" // what Grafana makes of it
	term.learned["paddock sim "] = "paddock sim --addr " + term.learned["127.0.0.1:8090"] + " "
	// What make run runs, which the documents do not show.
	term.start("make run", "exec paddock dev --addr 127.0.0.1:"+port)
	if err := term.await("make run", "Ctrl-C stops everything."); err != nil {
		t.Fatal(err)
	}
	for _, file := range documents(t) {
		blocks, loose, err := readBlocks(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range loose {
			t.Errorf("%s:%d looks like a command and stands in no fence, such as ```sh: nothing runs it", file, line)
		}
		for _, b := range blocks {
			term.runBlock(b)
		}
	}
}

// runBlock does with a block what its note says, and runs it if it has none.
func (term *terminal) runBlock(b block) {
	t := term.t
	t.Helper()
	what, value, _ := strings.Cut(b.note, ": ")
	switch {
	case what == "output of":
		if err := term.await(value, b.text); err != nil {
			t.Errorf("%s:%d: %v", b.file, b.line, err)
		}
		return
	case !b.isCommand():
		return
	case what == "not run":
		if value == "" {
			t.Errorf("%s:%d: the note does not say why the block is not run", b.file, b.line)
		}
		return
	case what == "in the background":
		term.settle()
		for _, s := range b.steps() {
			term.start(value, s.command)
			if s.shows {
				if err := term.await(value, s.output); err != nil {
					t.Errorf("%s:%d: %v", b.file, b.line, err)
				}
			}
		}
		return
	case b.language == query:
		url, known := map[string]string{"as a superuser": "superuser", "as the login for reports": "reports"}[b.note]
		if !known {
			t.Errorf("%s:%d: a note must say who runs these statements, or why they are not run", b.file, b.line)
			return
		}
		if out, err := term.run("psql -X -v ON_ERROR_STOP=1 "+term.login(url)+" -f -", []byte(term.here(b.text))); err != nil {
			t.Errorf("%s:%d: %v\n%s", b.file, b.line, err, out)
		}
		return
	case b.note != "" && b.note != "end of codes":
		t.Errorf("%s:%d: there is no such note: %q", b.file, b.line, b.note)
	}
	for _, s := range b.steps() {
		out, err := term.run(s.command, nil)
		if err != nil {
			t.Errorf("%s:%d: %s\n%v\n%s", b.file, b.line, term.here(s.command), err, out)
			continue
		}
		if !s.shows {
			continue
		}
		out = strings.TrimSpace(out)
		if end := shapeOf(s.output).find(out, term.learned); end != len(out) {
			t.Errorf("%s:%d: %s\nprints\n%s\nwhich does not fit\n%s", b.file, b.line, s.command, out, s.output)
		}
	}
}

// settle waits until the stream of the account that the documents use is
// connected. It is by the time at which a person would type the next command.
func (term *terminal) settle() {
	if out, err := term.run(`test -z "$ID" || for try in $(seq 600); do
		health=$(curl -s -b jar "$B/api/accounts/$ID/health")
		case "$health" in *'"status":"ok"'*'"kind":"sse"'*) exit 0;; esac
		sleep 0.1
	done; test -z "$ID" || { echo "$health"; exit 1; }`, nil); err != nil {
		term.t.Errorf("the account of the walk is not connected: %v\n%s", err, out)
	}
}

// login returns psql's arguments for a database login.
func (term *terminal) login(who string) string {
	if who == "reports" {
		return `"host=127.0.0.1 port=$(cat .paddock/postgres/port) dbname=paddock user=grafana password=$PGPASSWORD"`
	}
	return `"host=127.0.0.1 port=$(cat .paddock/postgres/port) dbname=paddock user=postgres password=$(cat .paddock/postgres/superuser)"`
}

// workshop makes a folder that looks like a checkout, in which commands are run, so
// that they write nothing to the real one. make runs as make --dry-run there.
func workshop(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, f := range []string{folder, filepath.Dir(folder)} { // so that Postgres, which does not run as root, can read them
		if err := os.Chmod(f, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"Makefile", "app", "cmd", "docs", "go.mod", "go.sum", "sql", "tern.conf", "tests", ".env.example"} {
		target, err := filepath.Abs(filepath.Join(root, name))
		if err == nil {
			err = os.Symlink(target, filepath.Join(folder, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	bin, err := filepath.Abs(filepath.Join(folder, "bin"))
	if err == nil {
		err = os.Mkdir(bin, 0o755)
	}
	if err == nil {
		err = os.Symlink(program.Binary(t), filepath.Join(bin, "paddock"))
	}
	makeIt, lookErr := exec.LookPath("make")
	if err == nil && lookErr == nil {
		err = os.WriteFile(filepath.Join(bin, "make"), []byte("#!/bin/sh\nexec "+makeIt+" --dry-run \"$@\" >/dev/null\n"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".curlrc"), []byte("fail-with-body\n"), 0o644); err != nil { // makes curl fail on a status of 400 or above
		t.Fatal(err)
	}
	t.Setenv("CURL_HOME", folder)
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		for _, ours := range []string{"PADDOCK_", "BETTER_AUTH_", "DATABASE_URL", "TEST_DATABASE_URL", "PG", "APCA_"} {
			if strings.HasPrefix(name, ours) {
				t.Setenv(name, "")
				if err := os.Unsetenv(name); err != nil { // Setenv puts it back when the test ends
					t.Fatal(err)
				}
			}
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	return folder
}
