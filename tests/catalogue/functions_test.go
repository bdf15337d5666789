package catalogue

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"paddock/sql"
)

var createsFunction = regexp.MustCompile(`(?m)^create or replace function (?:app|private)\.(\w+)\(`)

// A function's file lies under the migration whose up includes it and is named for
// the function. It says create or replace, so that the down of a later migration
// can include it again.
func TestFunctionFiles(t *testing.T) {
	ups := map[string]string{}
	names, err := fs.Glob(sql.FS, "[0-9]*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := sql.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		up, _, _ := strings.Cut(string(text), "---- create above / drop below ----")
		number, _, _ := strings.Cut(name, "_")
		ups[number] = up
	}
	err = fs.WalkDir(sql.FS, "func", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := sql.FS.ReadFile(file)
		if err != nil {
			return err
		}
		number := path.Base(path.Dir(file))
		if !strings.Contains(ups[number], `{{ template "`+file+`" . }}`) {
			t.Errorf("sql/%s: the up of migration %q does not include it", file, number)
		}
		if file == "func/001/secure_database.sql" {
			return nil // it is a statement that Migrate runs again, and not a function
		}
		made := createsFunction.FindAllStringSubmatch(string(text), -1)
		if len(made) != 1 || made[0][1]+".sql" != path.Base(file) {
			t.Errorf("sql/%s: it does not say create or replace function of its own name, once: %q", file, made)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
