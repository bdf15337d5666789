package program

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var skips = regexp.MustCompile(`\bt\.Skip(f|Now)?\(`)

// No test is skipped unnoticed in CI: one that needs something of the machine
// calls Missing, which fails there. Only -short may skip others, because CI runs
// without it.
func TestNothingIsSkippedInCI(t *testing.T) {
	found := 0
	for _, root := range []string{"../../app", "../../cmd", "../../sql", "../../tests"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return fs.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Base(filepath.Dir(path)) == "program":
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			lines := strings.Split(string(text), "\n")
			for i, line := range lines {
				if !skips.MatchString(line) {
					continue
				}
				found++
				if i == 0 || strings.TrimSpace(lines[i-1]) != "if testing.Short() {" {
					t.Errorf("%s:%d skips a test in CI too: use program.Missing", path, i+1)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found == 0 {
		t.Error("no test is skipped with -short: this test looks in the wrong place")
	}
}

// spy records whether a test would fail or be skipped.
type spy struct {
	testing.TB
	failed, skipped bool
}

func (s *spy) Helper()               {}
func (s *spy) Fatalf(string, ...any) { s.failed = true }
func (s *spy) Skipf(string, ...any)  { s.skipped = true }
func (s *spy) Skip(...any)           { s.skipped = true }

// If something is missing, a test fails in CI and is skipped elsewhere. Alpaca's
// own files may be missing in CI too, if the value "none" says so.
func TestMissingFailsInCI(t *testing.T) {
	for _, tt := range []struct {
		ci, files       string
		failed, skipped bool
	}{{"true", "", true, false}, {"true", "none", false, true}, {"true", "/x", false, false}, {"", "", false, true}, {"", "/x", false, false}} {
		t.Setenv("CI", tt.ci)
		t.Setenv("PADDOCK_ALPACA_OPENAPI", tt.files)
		s := &spy{TB: t}
		if AlpacaFiles(s); s.failed != tt.failed || !s.failed && s.skipped != tt.skipped {
			t.Errorf("CI=%q, files %q: failed %v, skipped %v", tt.ci, tt.files, s.failed, s.skipped)
		}
	}
}
