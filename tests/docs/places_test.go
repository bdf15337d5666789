package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// place matches a source file that a document names, and the function in it that
// it names, if any.
var place = regexp.MustCompile("`((?:app|cmd|sql|tests)/[A-Za-z0-9_./-]+\\.(?:go|sql|ts|vue))(?::([A-Za-z0-9_]+))?`")

// Each source file and function that a document names exists.
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
