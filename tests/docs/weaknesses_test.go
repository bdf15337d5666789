package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// make lint fails where one of its programs finds a weakness, and says so and goes on
// where a database of weaknesses cannot be reached.
func TestLintFailsForWhatIsFoundAlone(t *testing.T) {
	const (
		clean  = `echo '{"auditReportVersion": 2}'`
		noVuln = `echo 'No vulnerabilities found.'`
	)
	for name, c := range map[string]struct {
		gosec, govulncheck, npm string
		fails                   bool
		says                    string
		advisories              string // PADDOCK_ADVISORIES
	}{
		"nothing is found":                           {gosec: "true", govulncheck: noVuln, npm: clean},
		"gosec finds something":                      {gosec: "echo 'x.go:1: weak (G401)'; exit 1", govulncheck: noVuln, npm: clean, fails: true, says: "weak (G401)"},
		"govulncheck finds something":                {gosec: "true", govulncheck: "echo 'Vulnerability #1: GO-2026-1'; exit 3", npm: clean, fails: true, says: "GO-2026-1"},
		"govulncheck finds something on a day in CI": {gosec: "true", govulncheck: "echo 'Vulnerability #1: GO-2026-1'; exit 3", npm: clean, says: "GO-2026-1", advisories: "warn"},
		"gosec finds something in CI":                {gosec: "exit 1", govulncheck: noVuln, npm: clean, fails: true, advisories: "warn"},
		"govulncheck cannot look":                    {gosec: "true", govulncheck: "echo 'govulncheck: fetching vulnerabilities: no such host' >&2; exit 1", npm: clean, says: "vuln.go.dev, cannot be reached"},
		"govulncheck breaks":                         {gosec: "true", govulncheck: "echo 'a package does not build' >&2; exit 1", npm: clean, fails: true, says: "a package does not build"},
		"npm audit finds something":                  {gosec: "true", govulncheck: noVuln, npm: clean + "; exit 1", fails: true},
		"the registry answers no audit":              {gosec: "true", govulncheck: noVuln, npm: `echo '{"message": "405 Method Not Allowed"}'; exit 1`, says: "looked at nothing in app/web"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for program, script := range map[string]string{"gosec": c.gosec, "govulncheck": c.govulncheck, "npm": c.npm} {
				if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(filepath.Join(root, "tests", "lint", "weaknesses"))
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "PADDOCK_ADVISORIES="+c.advisories, "GOSEC="+filepath.Join(dir, "gosec"), "GOVULNCHECK="+filepath.Join(dir, "govulncheck"))
			out, err := cmd.CombinedOutput()
			if (err != nil) != c.fails || !strings.Contains(string(out), c.says) {
				t.Errorf("it ended with %v and said %s", err, out)
			}
		})
	}
}
