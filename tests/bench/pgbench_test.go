package bench

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/tests/pgtest"
)

// pgbenchProgram finds pgbench in PATH or where packages put it.
func pgbenchProgram(b *testing.B) string {
	b.Helper()
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(found) == 0 {
		b.Skip("there is no pgbench to compare with (Debian: apt-get install postgresql)")
	}
	return found[len(found)-1]
}

// script makes a script for pgbench from statements that the product sent. The
// bound values of the first tenant are replaced by those of a random one.
func script(b testing.TB, statements []statement) string {
	b.Helper()
	return scriptOf(b, tenants, statements)
}

// scriptOf is script for another number of tenants.
func scriptOf(b testing.TB, accounts int, statements []statement) string {
	b.Helper()
	lines := []string{fmt.Sprintf(`\set t random(1, %d)`, accounts), `\startpipeline`}
	for _, s := range statements {
		text := s.sql
		for i := len(s.args); i > 0; i-- {
			text = strings.ReplaceAll(text, "$"+strconv.Itoa(i), expression(b, s.args[i-1]))
		}
		lines = append(lines, strings.Join(strings.Fields(text), " ")+";")
	}
	return strings.Join(append(lines, `\endpipeline`), "\n") + "\n"
}

// expression returns a bound value as an SQL expression for pgbench.
func expression(b testing.TB, value any) string {
	b.Helper()
	switch v := value.(type) {
	case string:
		if v == token(1) {
			return tokenExpression
		}
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case *uuid.UUID:
		if v.String() == account(1) {
			return accountExpression
		}
	case uuid.UUID:
		if v.String() == account(1) {
			return accountExpression
		}
		return "'" + v.String() + "'::uuid"
	case time.Time:
		return "'" + v.Format(time.RFC3339Nano) + "'::timestamptz"
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case time.Duration:
		return fmt.Sprintf("interval '%d milliseconds'", v.Milliseconds())
	}
	b.Fatalf("the benchmark has no expression for %T", value)
	return ""
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// pgbench runs a script as paddock_app and returns how many transactions a second
// the clients make together.
func pgbench(b *testing.B, db *pgtest.DB, script string, clients int) float64 {
	b.Helper()
	return pgbenchAs(b, db.URL("paddock_app"), script, clients)
}

// pgbenchAs is pgbench as the login of a URL.
func pgbenchAs(b *testing.B, login, script string, clients int) float64 {
	b.Helper()
	file := filepath.Join(b.TempDir(), "script.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		b.Fatal(err)
	}
	u, err := url.Parse(login)
	if err != nil {
		b.Fatal(err)
	}
	password, _ := u.User.Password()
	cmd := exec.Command(pgbenchProgram(b), "--no-vacuum", "--client", strconv.Itoa(clients), "--jobs", "2",
		"--time", strconv.Itoa(int(round.Seconds())), "--protocol", "prepared", "--file", file,
		"--host", u.Hostname(), "--port", u.Port(), "--username", u.User.Username(), strings.TrimPrefix(u.Path, "/"))
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password, "PGOPTIONS=-c search_path=pg_catalog -c timezone=UTC -c plan_cache_mode=force_generic_plan")
	out, err := cmd.CombinedOutput()
	found := tps.FindSubmatch(out)
	if err != nil || found == nil || strings.Contains(string(out), "aborted") {
		b.Fatalf("pgbench: %v\n%s", err, out)
	}
	n, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
