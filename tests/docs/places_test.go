package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// place is a file of the code that a document names, with a function in it.
var place = regexp.MustCompile("`((?:app|cmd|sql|tests)/[A-Za-z0-9_./-]+\\.(?:go|sql|ts|vue))(?::([A-Za-z0-9_]+))?`")

// A file or function that a document sends its reader to is there.
func TestNamedPlacesAreThere(t *testing.T) {
	named := 0
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range place.FindAllStringSubmatch(string(text), -1) {
			named++
			code, err := os.ReadFile(filepath.Join(root, m[1]))
			if err != nil {
				t.Errorf("%s names %s: %v", file, m[1], err)
				continue
			}
			if m[2] != "" && !regexp.MustCompile(`(?m)^func (?:\([^)]*\) )?`+m[2]+`[\[(]`).Match(code) {
				t.Errorf("%s names %s in %s, which has no such function", file, m[2], m[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d places are named", named)
	}
}
