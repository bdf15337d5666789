package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest   = regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Za-z0-9_]+)`")
	writtenTest = regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz)[A-Za-z0-9_]+)\(`)
	attackName  = regexp.MustCompile(`\bname: +"([^"]+)"`)
	quoted      = regexp.MustCompile(`"([^"]+)"`)
)

// writtenTests returns the tests that there are, and the names of the attacks.
func writtenTests(t *testing.T) (tests, attacks map[string]bool) {
	t.Helper()
	tests, attacks = map[string]bool{}, map[string]bool{}
	for _, folder := range []string{"app", "cmd", "sql", "tests"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return filepath.SkipDir
			case !strings.HasSuffix(path, "_test.go"):
				return nil
			}
			text, err := os.ReadFile(path)
			for _, m := range writtenTest.FindAllSubmatch(text, -1) {
				tests[string(m[1])] = true
			}
			if strings.Contains(path, filepath.Join("tests", "isolation")) {
				for _, m := range attackName.FindAllSubmatch(text, -1) {
					attacks[string(m[1])] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tests, attacks
}

// Each test that a document names exists, so that what it is said to show is shown.
func TestNamedTestsAreThere(t *testing.T) {
	tests, _ := writtenTests(t)
	named := 0
	for _, file := range append(documents(t), filepath.Join(root, "SECURITY.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range namedTest.FindAllSubmatch(text, -1) {
			named++
			if !tests[string(m[1])] {
				t.Errorf("%s names %s, which is no test", file, m[1])
			}
		}
	}
	if named < 50 {
		t.Errorf("only %d tests are named", named)
	}
}

// Each threat of the threat model names a test that shows what stops it, and each
// attack that it quotes is one of tests/isolation.
func TestEachThreatNamesItsTest(t *testing.T) {
	_, attacks := writtenTests(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, model, found := strings.Cut(string(text), "\n## Threat model\n")
	model, _, _ = strings.Cut(model, "\n## ")
	if !found {
		t.Fatal("docs/security.md has no threat model")
	}
	threats := 0
	for line := range strings.Lines(model) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| somebody has |") {
			continue
		}
		threats++
		if len(cells) != 4 {
			t.Errorf("%d cells: %s", len(cells), line)
			continue
		}
		for _, cell := range cells {
			if strings.TrimSpace(cell) == "" {
				t.Errorf("a cell is empty: %s", line)
			}
		}
		if !namedTest.MatchString(cells[3]) {
			t.Errorf("no test is named: %s", line)
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			if !attacks[m[1]] {
				t.Errorf("no attack is named %q: %s", m[1], line)
			}
		}
	}
	if threats < 20 {
		t.Errorf("only %d threats", threats)
	}
}
