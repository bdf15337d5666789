package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// shownAtMost is how many findings of one check are printed for people.
const shownAtMost = 20

var words = map[Status]string{OK: "ok", NotChecked: "NOT CHECKED", Warning: "WARNING", Failure: "FAILURE"}

// WriteJSON writes the report as JSON, whose names docs/operations.md lists.
func (r Report) WriteJSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

// WriteText writes the report for people: a line for each finding, and below it
// what to do. Checks that could not be made for the same reason share a line.
func (r Report) WriteText(w io.Writer) error {
	var text strings.Builder
	shown := map[string]int{}
	count := map[Status]int{}
	told := map[Finding]bool{}
	for _, f := range r.Findings {
		count[f.Status]++
		shown[f.Check]++
		if shown[f.Check] > shownAtMost {
			continue
		}
		name := f.Check
		if f.Status == NotChecked {
			reason := Finding{Says: f.Says, Do: f.Do}
			if told[reason] {
				continue
			}
			told[reason] = true
			name = strings.Join(r.uncheckedFor(reason), ", ")
		}
		fmt.Fprintf(&text, "%-12s %-17s %s\n", words[f.Status], name, f.Says)
		if f.Do != "" {
			fmt.Fprintf(&text, "%-12s %-17s To do: %s\n", "", "", f.Do)
		}
	}
	for _, f := range r.Findings {
		if more := shown[f.Check] - shownAtMost; more > 0 {
			fmt.Fprintf(&text, "%-12s %-17s There are %d more, which --json lists.\n", words[f.Status], f.Check, more)
			shown[f.Check] = 0
		}
	}
	fmt.Fprintf(&text, "\nFailures: %d, warnings: %d, not checked: %d, ok: %d\n", count[Failure], count[Warning], count[NotChecked], count[OK])
	_, err := io.WriteString(w, text.String())
	return err
}

// uncheckedFor returns the checks that could not be made for one reason.
func (r Report) uncheckedFor(reason Finding) (names []string) {
	for _, f := range r.Findings {
		if f.Status == NotChecked && f.Says == reason.Says && f.Do == reason.Do {
			names = append(names, f.Check)
		}
	}
	return names
}

// ExitCode is what paddock doctor ends with: 0 where all is well, 1 where there
// are warnings or something could not be checked, 2 where something fails.
func (r Report) ExitCode() int {
	switch r.Status {
	case OK:
		return 0
	case Failure:
		return 2
	default:
		return 1
	}
}
