package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/tern/v2/migrate"

	"paddock/sql"
)

// sums returns each migration's hash by its name. The hash is of the text that
// tern runs: up, down, and the functions in both.
func sums(t *testing.T, files fs.FS) map[string]string {
	t.Helper()
	m, err := migrate.NewMigrator(t.Context(), nil, sql.VersionTable)
	if err == nil {
		err = m.LoadMigrations(files)
	}
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, one := range m.Migrations {
		sum := sha256.Sum256([]byte(one.UpSQL + "\x00" + one.DownSQL))
		found[one.Name] = hex.EncodeToString(sum[:])
	}
	return found
}

// touched returns the migrations of a list of released ones that have changed since
// or are gone.
func touched(released string, now map[string]string) (names []string) {
	for line := range strings.Lines(released) {
		if sum, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok && now[name] != sum {
			names = append(names, name)
		}
	}
	return names
}

// A released migration never changes, nor does the text of a function that it
// makes: there are databases that have run it.
func TestReleasedMigrationsStay(t *testing.T) {
	const file = "testdata/released.sum"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	released, now := string(text), sums(t, sql.FS)
	for _, name := range touched(released, now) {
		t.Errorf("%s was released and has changed: leave it and its functions in sql/func as they were, and make a new migration", name)
	}
	if os.Getenv("RELEASE_MIGRATIONS") == "" || t.Failed() {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if !strings.Contains(released, "  "+name+"\n") {
			released += now[name] + "  " + name + "\n"
		}
	}
	if err := os.WriteFile(file, []byte(released), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The test above notices a change of a migration's up, of its down, and of a
// function that it includes; a migration that is gone; and nothing else.
func TestReleasedMigrationsAreHeld(t *testing.T) {
	files := func(up, down, function string) fstest.MapFS {
		return fstest.MapFS{
			"001_one.sql":    {Data: []byte("select " + up + ";\n---- create above / drop below ----\nselect " + down + ";\n")},
			"002_two.sql":    {Data: []byte("{{ template \"func/002/f.sql\" . }}\n---- create above / drop below ----\ndrop function f;\n")},
			"func/002/f.sql": {Data: []byte("create function f() returns int language sql as 'select " + function + "';\n")},
		}
	}
	var released strings.Builder
	for name, sum := range sums(t, files("1", "2", "3")) {
		released.WriteString(sum + "  " + name + "\n")
	}
	more := files("1", "2", "3")
	more["003_three.sql"] = &fstest.MapFile{Data: []byte("select 1;\n")}
	for what, tt := range map[string]struct {
		files fs.FS
		want  []string
	}{
		"nothing":     {files("1", "2", "3"), nil},
		"a migration": {more, nil},
		"its up":      {files("0", "2", "3"), []string{"001_one.sql"}},
		"its down":    {files("1", "0", "3"), []string{"001_one.sql"}},
		"a function":  {files("1", "2", "0"), []string{"002_two.sql"}},
		"its name": {fstest.MapFS{"001_other.sql": files("1", "2", "3")["001_one.sql"], "002_two.sql": files("1", "2", "3")["002_two.sql"],
			"func/002/f.sql": files("1", "2", "3")["func/002/f.sql"]}, []string{"001_one.sql"}},
	} {
		if got := touched(released.String(), sums(t, tt.files)); !slices.Equal(got, tt.want) {
			t.Errorf("after a change of %s: %v, want %v", what, got, tt.want)
		}
	}
}
