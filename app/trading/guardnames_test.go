package trading

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// Guards names every guard that the database's functions can refuse an order
// with: what is not there would be counted as another.
func TestGuardNames(t *testing.T) {
	files, err := filepath.Glob("../../sql/func/*/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`app\.violation\('([a-z_]+)'`).FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
	}
	listed := Guards()
	for name := range names {
		if !slices.Contains(listed, name) {
			t.Errorf("the guard %s is not in the list", name)
		}
	}
	if len(listed) != len(names) {
		t.Errorf("%d guards are listed, and the database has %d", len(listed), len(names))
	}
}
