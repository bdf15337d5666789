// Command mutants breaks one rule at a time and runs the tests that guard it:
// each must fail. If one passes, it does not guard the rule. No file is changed:
// the broken text is given to go test as an overlay. With arguments, only mutants
// run whose rule, file or text matches one of them.
//
//	go run ./tests/withpg go run ./tests/mutants [REGEXP…]
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mutant breaks one rule: it replaces old, which its file must contain once, by
// new.
type mutant struct {
	rule, file, old, new string
	tests                []string // package and test, "app/trading TestGuards/open"; each must fail
}

func main() { os.Exit(run()) }

func run() int {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	survivors := 0
	for _, m := range mutants {
		if !wanted(m) {
			continue
		}
		for _, test := range m.tests {
			said, err := m.try(dir, test)
			if err != nil {
				said, survivors = err.Error(), survivors+1
			}
			fmt.Printf("%-20s %-30s %s: %q for %q\n", m.rule, test, said, m.new, m.old)
		}
	}
	if survivors > 0 {
		fmt.Printf("%d survived\n", survivors)
		return 1
	}
	return 0
}

func wanted(m mutant) bool {
	return len(os.Args) == 1 || slices.ContainsFunc(os.Args[1:], func(arg string) bool {
		is, err := regexp.MatchString(arg, strings.Join([]string{m.rule, m.file, m.old, m.new}, "\n"))
		return err == nil && is
	})
}

// try runs a test against the broken text. It returns "killed" if the test
// failed, and else an error.
func (m mutant) try(dir, test string) (string, error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("%s has it %d times", m.file, n)
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	broken, overlay := filepath.Join(dir, filepath.Base(m.file)), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: broken}})
	if err != nil {
		return "", err
	}
	for path, content := range map[string]string{broken: strings.Replace(string(text), m.old, m.new, 1), overlay: string(replace)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	pkg, name, _ := strings.Cut(test, " ")
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = "^" + strings.ReplaceAll(parts[i], " ", "_") + "$"
	}
	out, err := exec.Command("go", "test", "-count=1", "-timeout=5m", "-overlay="+overlay, "-run="+strings.Join(parts, "/"), "./"+pkg).CombinedOutput()
	switch text := string(out); {
	case err == nil && strings.Contains(text, "no tests to run"):
		return "", fmt.Errorf("NO SUCH TEST")
	case err == nil:
		return "", fmt.Errorf("SURVIVES")
	case !strings.Contains(text, "--- FAIL") && !strings.Contains(text, "panic: ") || strings.Contains(text, "migrate"):
		return "", fmt.Errorf("did not run: %s", text)
	default:
		if os.Getenv("MUTANTS_VERBOSE") != "" {
			fmt.Println(text)
		}
	}
	return "killed", nil
}
