package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each mutant can be made, because its text is in its file once, and names tests
// that exist.
func TestMutantsCanBeMade(t *testing.T) {
	tests := map[string]string{} // the text of each folder's tests
	for _, m := range mutants {
		text, err := os.ReadFile(filepath.Join("../..", m.file))
		if err != nil {
			t.Error(err)
			continue
		}
		if n := strings.Count(string(text), m.old); n != 1 || m.old == m.new {
			t.Errorf("%s has %q %d times, to become %q", m.file, m.old, n, m.new)
		}
		for _, test := range m.tests {
			folder, name, _ := strings.Cut(test, " ")
			name, _, _ = strings.Cut(name, "/")
			if _, read := tests[folder]; !read {
				files, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					text, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					tests[folder] += string(text)
				}
			}
			if !regexp.MustCompile(`(?m)^func ` + regexp.QuoteMeta(name) + `\(`).MatchString(tests[folder]) {
				t.Errorf("%s has no %s", folder, name)
			}
		}
	}
}
