package status

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// WriteJSON writes the status on one line.
func (s Status) WriteJSON(w io.Writer) error { return json.NewEncoder(w).Encode(s) }

// WriteText writes the status for people.
func (s Status) WriteText(w io.Writer) error {
	var text strings.Builder
	ready := "ready"
	if !s.Ready {
		ready = "NOT READY"
	}
	fmt.Fprintf(&text, "Paddock %s %s, up %s, %s, %s\n\n", s.Version, s.Commit, roughly(s.UpSeconds), ready, s.At.Format(time.RFC3339))
	for _, f := range s.Findings {
		fmt.Fprintf(&text, "%s %s: %s %s\n", strings.ToUpper(string(f.Status)), f.Check, f.Says, f.Do)
	}
	if len(s.Findings) > 0 {
		text.WriteByte('\n')
	}
	fmt.Fprintf(&text, "%-30s %14s %14s\n", "", "now", "since start")
	for _, f := range s.Figures {
		now, since := f.columns()
		fmt.Fprintf(&text, "%-30s %14s %14s\n", strings.ReplaceAll(f.Name, "_", " "), now, since)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// columns returns what is shown of a figure: now, and since the start.
func (f Figure) columns() (now, since string) {
	switch {
	case f.Value == nil:
		return "-", ""
	case f.PerSecond != nil:
		return strconv.FormatFloat(*f.PerSecond, 'f', 1, 64) + "/s", strconv.FormatFloat(*f.Value, 'f', 0, 64)
	case f.Over:
		return "over " + f.value(), ""
	}
	return f.value(), ""
}

// value returns the value with its unit.
func (f Figure) value() string {
	v := *f.Value
	switch {
	case f.Unit == "bytes":
		return fmt.Sprintf("%.0f MiB", v/(1<<20))
	case f.Unit == "ratio":
		return fmt.Sprintf("%.0f %%", 100*v)
	case f.Unit == "s" && v < 1 && v > -1:
		return fmt.Sprintf("%.4g ms", 1000*v)
	case f.Unit == "s" && v < 60 && v > -60:
		return fmt.Sprintf("%.3g s", v)
	case f.Unit == "s":
		return roughly(v)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// roughly returns a number of seconds in words.
func roughly(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}
