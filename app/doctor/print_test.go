package doctor

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"paddock/app/config"
	"paddock/app/credentials"
)

// The names in the JSON are those that docs/operations.md promises, and the exit
// code follows from the worst finding.
func TestReportIsWritten(t *testing.T) {
	report := Report{Status: Failure, At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Findings: []Finding{
		{Check: "environment", Status: OK, Says: "Fine."},
		{Check: "tls", Status: NotChecked, Says: "There is no connection."},
		{Check: "clock", Status: NotChecked, Says: "There is no connection."},
		{Check: "grants", Status: Failure, Object: "table app.fills to x", Says: "There is a grant <more>.", Do: "Revoke it."},
	}}
	var text, coded strings.Builder
	if err := errors.Join(report.WriteText(&text), report.WriteJSON(&coded)); err != nil {
		t.Fatal(err)
	}
	want := `ok           environment       Fine.
NOT CHECKED  tls, clock        There is no connection.
FAILURE      grants            There is a grant <more>.
                               To do: Revoke it.

Failures: 1, warnings: 0, not checked: 2, ok: 1
`
	if text.String() != want {
		t.Errorf("for people:\n%s", &text)
	}
	var plain map[string]any
	if err := json.Unmarshal([]byte(coded.String()), &plain); err != nil || plain["status"] != "failure" || plain["at"] != "2026-01-02T03:04:05Z" {
		t.Errorf("%v (%v)", plain, err)
	}
	if !strings.Contains(coded.String(), `"check": "grants",
      "status": "failure",
      "object": "table app.fills to x",
      "says": "There is a grant <more>.",
      "do": "Revoke it."`) {
		t.Errorf("as JSON: %s", &coded)
	}
	for status, code := range map[Status]int{OK: 0, NotChecked: 1, Warning: 1, Failure: 2} {
		if got := (Report{Status: status}).ExitCode(); got != code {
			t.Errorf("%s ends with %d", status, got)
		}
	}
}

// docs/operations.md has each check, and says of each whether serve runs it.
func TestChecksAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		documented, start := false, false
		for line := range strings.Lines(string(doc)) {
			if cells := strings.Split(line, "|"); len(cells) == 5 && strings.Contains(cells[1], "`"+c.name+"`") {
				documented, start = true, strings.Contains(cells[2], "start")
			}
		}
		if !documented || start != c.start {
			t.Errorf("%s: documented is %v, as a check of serve's %v", c.name, documented, start)
		}
	}
}

// Without any setting doctor says what is missing, nothing that it could not look
// at counts as fine, and no secret is shown, wherever an error quotes it.
func TestNothingIsConfigured(t *testing.T) {
	c, wrong := config.Load(func(string) (string, bool) { return "", false })
	report, err := Run(t.Context(), Options{Config: c, Wrong: wrong, Skip: []string{"clock", "exposure"}})
	if err != nil || report.Status != Failure {
		t.Fatalf("%+v (%v)", report, err)
	}
	for _, f := range report.Findings {
		if f.Check == "clock" || f.Check == "exposure" {
			t.Errorf("%s was to be skipped", f.Check)
		}
		if f.Status == OK && f.Check != "environment" && f.Check != "sign_up" {
			t.Errorf("it takes this for fine: %+v", f)
		}
	}
	if _, err := Run(t.Context(), Options{Skip: []string{"nothing"}}); err == nil || !strings.Contains(err.Error(), `no check "nothing"`) {
		t.Errorf("a check that there is not: %v", err)
	}
	e := &examination{Options: Options{OwnerURL: "postgres://o:owner-hunter2@h/d", Config: config.Config{
		MasterKeys: credentials.Source{Text: "1:master-hunter2,2:other-hunter2"}, AuthSecret: "auth-hunter2", AppURL: "host=h password=app-hunter2", WorkerURL: "postgres://w:worker-hunter2@h/d"}}}
	if masked := e.mask("owner-hunter2 master-hunter2 other-hunter2 auth-hunter2 app-hunter2 worker-hunter2"); strings.Contains(masked, "hunter2") {
		t.Errorf("it shows %s", masked)
	}
}
