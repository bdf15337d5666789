// Package imports checks which packages import which others. Because of these
// limits, a reader can trust that a rule stands in one place.
package imports

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// never is an import that is forbidden. Its patterns are those of path.Match, and
// also match the packages below those that they name.
type never struct {
	importer, imported string
	except             []string // importers for which it is allowed
	why                string
}

var nevers = []never{
	{"paddock/app/*", "github.com/jackc/pgx/v5/pgxpool", []string{"paddock/app/tenant", "paddock/app/auth"}, "only tenant opens transactions on tenants' rows; auth has a pool for its own tables"},
	{"paddock/app/alpacasim", "paddock/app/*", []string{}, "the simulator is a program of its own"},
	{"paddock/app/*", "paddock/app/alpacasim", []string{"paddock/app/alpacasim"}, "the product does not know the simulator"},
	{"paddock/app/alpacasim/internal/calendar", "paddock/*", nil, "the calendar follows from a time alone"},
	{"paddock/app/alpacasim/internal/*", "net/http", nil, "what serves HTTP stands in the simulator's own package"},
	{"paddock/app/alpacasim/internal/*", "sync", nil, "one lock protects the simulator's book, in its own package"},
	{"paddock/app/broker", "github.com/jackc/*", nil, "the broker's client knows no SQL"},
	{"paddock/app/broker", "paddock/app/*", nil, "the broker's client knows nothing of tenants"},
	{"paddock/app/push", "paddock/app/broker", nil, "what is pushed was written to the database first, but for quotes, which it is handed"},
	{"paddock/app/auth", "paddock/app/broker", nil, "signing in needs no broker"},
	{"paddock/app/push", "github.com/alpacahq/*", nil, "what is pushed was written to the database first"},
	{"paddock/app/auth", "github.com/alpacahq/*", nil, "signing in needs no broker"},
	{"paddock/app/*", "github.com/prometheus/*", []string{"paddock/app/metrics"}, "every metric is declared in one place"},
	{"paddock/cmd/*", "github.com/prometheus/*", nil, "every metric is declared in one place"},
	{"paddock/app/*", "github.com/riverqueue/*", []string{"paddock/app/jobs"}, "River fetches and runs in one place; what a job does knows nothing of it"},
	{"paddock/app/*", "go.opentelemetry.io/*", []string{"paddock/app/tracing"}, "what a span may have in it is decided in one place"},
	{"paddock/cmd/*", "go.opentelemetry.io/*", nil, "what a span may have in it is decided in one place"},
	{"paddock/app/*", "paddock/app/tracing", []string{"paddock/app/tracing"}, "what is measured does not know what measures it"},
	{"paddock/app/*", "paddock/app/metrics", []string{"paddock/app/metrics", "paddock/app/status"}, "what is measured does not know what measures it"},
	{"paddock/app/*", "paddock/app/httpapi", []string{"paddock/app/httpapi"}, "the API stands above everything and below nothing"},
	{"paddock/*", "paddock/cmd/*", nil, "the command only wires"},
	{"paddock/app/*", "paddock/tests/*", nil, "the product does not know its tests"},
	{"paddock/cmd/*", "paddock/tests/*", nil, "the product does not know its tests"},
}

// is reports whether a package matches the pattern or lies below one that does.
func is(pattern, pkg string) bool {
	for ; pkg != "." && pkg != "/"; pkg = path.Dir(pkg) {
		if match, _ := path.Match(pattern, pkg); match {
			return true
		}
	}
	return false
}

// broken returns the rules that an import breaks.
func broken(importer, imported string) (rules []never) {
	for _, n := range nevers {
		if !is(n.importer, importer) || !is(n.imported, imported) {
			continue
		}
		// A package and its own subpackages may import each other.
		excepted := is(importer, imported) || !strings.Contains(n.importer, "*") && is(n.importer, imported)
		for _, e := range n.except {
			excepted = excepted || is(e, importer)
		}
		if !excepted {
			rules = append(rules, n)
		}
	}
	return rules
}

// No package has a forbidden import. Tests may import anything.
func TestNevers(t *testing.T) {
	seen := 0
	for _, root := range []string{"../../app", "../../cmd", "../../sql"} {
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if d != nil && d.IsDir() && d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			importer := path.Join("paddock", filepath.ToSlash(filepath.Dir(strings.TrimPrefix(file, "../../"))))
			for _, spec := range parsed.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				seen++
				for _, n := range broken(importer, imported) {
					t.Errorf("%s imports %s: %s", strings.TrimPrefix(file, "../../"), imported, n.why)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 500 {
		t.Errorf("only %d imports were seen: the packages are elsewhere", seen)
	}
}

// broken finds forbidden imports, and no others.
func TestNeversCanBreak(t *testing.T) {
	for _, c := range []struct {
		importer, imported string
		broken             bool
	}{
		{"paddock/app/trading", "github.com/jackc/pgx/v5/pgxpool", true},
		{"paddock/app/tenant", "github.com/jackc/pgx/v5/pgxpool", false},
		{"paddock/app/alpacasim", "paddock/app/problem", true},
		{"paddock/app/alpacasim/book", "paddock/app/problem", true},
		{"paddock/app/alpacasim", "paddock/app/alpacasim/book", false},
		{"paddock/app/alpacasim", "paddock/app/alpacasim/internal/calendar", false},
		{"paddock/app/alpacasim", "net/http", false},
		{"paddock/app/alpacasim/internal/calendar", "paddock/app/alpacasim/simclient", true},
		{"paddock/app/alpacasim/internal/calendar", "net/http", true},
		{"paddock/app/alpacasim/internal/calendar", "sync", true},
		{"paddock/app/alpacasim/internal/calendar", "time", false},
		{"paddock/app/alpacasim/simclient", "paddock/app/alpacasim", false},
		{"paddock/app/alpacasim/simclient", "paddock/app/problem", true},
		{"paddock/app/trading", "paddock/app/alpacasim/simclient", true},
		{"paddock/app/mirror", "paddock/app/alpacasim", true},
		{"paddock/cmd/paddock", "paddock/app/alpacasim", false},
		{"paddock/app/broker", "github.com/jackc/pgx/v5", true},
		{"paddock/app/push", "paddock/app/broker", true},
		{"paddock/app/push/schema", "paddock/app/broker", true},
		{"paddock/app/auth", "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca", true},
		{"paddock/app/trading", "github.com/prometheus/client_golang/prometheus", true},
		{"paddock/app/metrics", "github.com/prometheus/client_golang/prometheus", false},
		{"paddock/app/trading", "github.com/riverqueue/river", true},
		{"paddock/app/jobs", "github.com/riverqueue/river", false},
		{"paddock/app/trading", "go.opentelemetry.io/otel/trace", true},
		{"paddock/app/trading", "paddock/app/metrics", true},
		{"paddock/app/trading", "paddock/app/httpapi", true},
		{"paddock/app/config", "paddock/cmd/paddock", true},
		{"paddock/app/pgdev", "paddock/tests/pgtest", true},
	} {
		if got := len(broken(c.importer, c.imported)) > 0; got != c.broken {
			t.Errorf("%s imports %s: broken is %v", c.importer, c.imported, got)
		}
	}
}
