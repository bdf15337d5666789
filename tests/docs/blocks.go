// Package docs runs the commands of README.md and docs/*.md, and checks that they
// print what the documents show.
package docs

import (
	"os"
	"regexp"
	"strings"
)

// block is a fenced block of a document.
type block struct {
	file     string
	line     int // of its first line, from 1
	language string
	text     string
	note     string // the text of the HTML comment right above it; "" for none
}

// Languages of blocks with commands. These are run, or a note says why not.
const (
	shell   = "sh"      // a script
	console = "console" // commands behind "$ ", with what they print
	query   = "sql"
)

func (b block) isCommand() bool {
	return b.language == shell || b.language == console || b.language == query
}

// looksLikeCommand matches a line that looks like a command. Outside of a fenced
// block nothing would run it.
var looksLikeCommand = regexp.MustCompile(`^\s*(\$ |curl |make |paddock |\./bin/|go (tool|run|test|install) |npm |psql |pg_dump|docker |systemctl |export |DATABASE_URL=|(?i:select|insert|update|delete|create|alter|grant|set) \w+ )`)

// readBlocks returns the blocks of a document, and the numbers of lines outside of
// them that look like commands.
func readBlocks(file string) (blocks []block, loose []int, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	var current *block
	var lines []string
	indent, note := "", ""
	for i, line := range strings.Split(string(raw), "\n") {
		text := strings.TrimSpace(line)
		switch {
		case current != nil && text == "```":
			current.text = strings.Join(lines, "\n")
			blocks = append(blocks, *current)
			current, lines, note = nil, nil, ""
		case current != nil:
			lines = append(lines, strings.TrimPrefix(line, indent))
		case strings.HasPrefix(text, "```"):
			indent = line[:strings.Index(line, "`")]
			current = &block{file: file, line: i + 1, language: strings.TrimPrefix(text, "```"), note: note}
		case strings.HasPrefix(text, "<!--") && strings.HasSuffix(text, "-->"):
			note = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "<!--"), "-->"))
		case text != "":
			note = ""
			if strings.HasPrefix(line, "    ") && looksLikeCommand.MatchString(line) {
				loose = append(loose, i+1)
			}
		}
	}
	return blocks, loose, nil
}

// step is a command of a block, with what the document says that it prints.
type step struct {
	command, output string
	shows           bool // whether the document shows what it prints
}

// steps returns the block's steps. A script is one step.
func (b block) steps() (steps []step) {
	if b.language != console {
		return []step{{command: b.text}}
	}
	continued := false
	for _, line := range strings.Split(b.text, "\n") {
		switch {
		case continued:
			steps[len(steps)-1].command += "\n" + line
		case strings.HasPrefix(line, "$ "):
			steps = append(steps, step{command: strings.TrimPrefix(line, "$ ")})
		case len(steps) > 0:
			last := &steps[len(steps)-1]
			last.output += line + "\n"
			last.shows = last.shows || strings.TrimSpace(line) != ""
			continue
		}
		continued = strings.HasSuffix(line, `\`)
	}
	return steps
}
