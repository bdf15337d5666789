package docs

import (
	"regexp"
	"strings"
)

// varying is what differs from run to run in what a document shows: what it
// leaves out (…), times, ids, numbers, and whatever else has a digit in it.
var varying = regexp.MustCompile(`…|` + aTime + `|` + aUUID + `|` + aNumber + `\b|[A-Za-z0-9_-]*\d[A-Za-z0-9_-]*`)

const (
	aTime   = `\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z`
	aUUID   = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	aNumber = `\b\d+(?:\.\d+)?`
	aWord   = `[A-Za-z0-9_-]+`
)

var blank = regexp.MustCompile(`\s+`)

// shape is what a document shows of an output, as a pattern for the output of
// another run.
type shape struct {
	pattern *regexp.Regexp
	shown   []string // what stands in the document for each group of the pattern
}

// shapeOf returns the shape of an output. Blanks and the ends of lines mean
// nothing: documents break lines that programs do not.
func shapeOf(output string) shape {
	text := blank.ReplaceAllString(strings.TrimSpace(output), " ")
	var s shape
	pattern := &strings.Builder{}
	literal := func(text string) {
		for _, c := range text {
			if c != ' ' {
				pattern.WriteString(regexp.QuoteMeta(string(c)))
			}
			pattern.WriteString(`\s*`)
		}
	}
	at := 0
	for _, found := range varying.FindAllStringIndex(text, -1) {
		literal(text[at:found[0]])
		token := text[found[0]:found[1]]
		at = found[1]
		if token == "…" {
			pattern.WriteString(`.*?\s*`)
			continue
		}
		of := aWord
		for _, kind := range []string{aTime, aUUID, aNumber} {
			if regexp.MustCompile(`^` + kind + `$`).MatchString(token) {
				of = kind
				break
			}
		}
		pattern.WriteString(`(` + of + `)\s*`)
		s.shown = append(s.shown, token)
	}
	literal(text[at:])
	s.pattern = regexp.MustCompile(`(?s)` + pattern.String())
	return s
}

// find looks for the shape in an output and returns where it ends, or -1. What
// the document shows is noted in learned as what this run has in its place:
// later commands of the document may name it, such as the id of an account.
func (s shape) find(output string, learned map[string]string) (end int) {
	found := s.pattern.FindStringSubmatchIndex(output)
	if found == nil {
		return -1
	}
	for i, shown := range s.shown {
		if actual := output[found[2*i+2]:found[2*i+3]]; len(shown) > 3 && actual != shown {
			learned[shown] = actual
		}
	}
	return found[1]
}

// paragraphs are the parts of an output between blank lines.
func paragraphs(output string) (parts []string) {
	for _, part := range regexp.MustCompile(`\n\s*\n`).Split(output, -1) {
		if strings.TrimSpace(part) != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
