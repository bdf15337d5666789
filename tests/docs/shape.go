package docs

import (
	"regexp"
	"strings"
)

// varying matches the parts of an output that may differ from run to run: what the
// document leaves out (…), times, ids, numbers, and other words with a digit.
var varying = regexp.MustCompile(`…|` + aTime + `|` + aUUID + `|` + aNumber + `\b|[A-Za-z0-9_-]*\d[A-Za-z0-9_-]*`)

const (
	aTime   = `\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z`
	aUUID   = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	aNumber = `\b\d+(?:\.\d+)?`
	aWord   = `[A-Za-z0-9_-]+`
)

var blank = regexp.MustCompile(`\s+`)

// shape is an output in a document, as a pattern for the output of another run.
type shape struct {
	pattern *regexp.Regexp
	shown   []string // the text in the document for each group of the pattern
}

// shapeOf returns the shape of an output. Blanks and ends of lines do not matter:
// documents break lines where programs do not.
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

// find looks for the shape in an output and returns where it ends, or -1. It puts
// into learned what this run has in place of the document's ids and the like,
// because later commands of the document may contain these.
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

// paragraphs returns the parts of an output between blank lines.
func paragraphs(output string) (parts []string) {
	for _, part := range regexp.MustCompile(`\n\s*\n`).Split(output, -1) {
		if strings.TrimSpace(part) != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
