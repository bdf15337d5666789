package statefile

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// read returns the lines of a state file.
func read(t *testing.T, name string) (all []string) {
	t.Helper()
	lines, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		all = append(all, string(line))
	}
	return all
}

// A file has the whole state in its first line and then a line for each change,
// until it is replaced.
func TestLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state")
	if got := read(t, name); len(got) != 0 {
		t.Errorf("a file that is not there has %q", got)
	}
	f := New(name)
	if err := f.Replace("whole"); err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{"one", "two"} {
		if err := f.Append(change); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, name); !slices.Equal(got, []string{`"whole"`, `"one"`, `"two"`}) {
		t.Errorf("it has %q", got)
	}
	if err := f.Replace("new"); err != nil {
		t.Fatal(err)
	}
	if err := f.Append("three"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, name); !slices.Equal(got, []string{`"new"`, `"three"`}) {
		t.Errorf("it has %q", got)
	}
}

// A last line without its end was being written, and is left out. If it is the
// only line, it is the state and is read.
func TestTornLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state")
	for text, want := range map[string][]string{"{}\n[1]\n[2": {"{}", "[1]"}, "{}": {"{}"}, "{}\n": {"{}"}, "{}\n\n": {"{}", ""}} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := read(t, name); !slices.Equal(got, want) {
			t.Errorf("from %q the lines read are %q, want %q", text, got, want)
		}
	}
}

// A file is long once its changes are more than 16 MiB and more than four times
// as large as the state before them.
func TestLongFiles(t *testing.T) {
	for _, tt := range []struct {
		snapshot, size int64
		want           bool
	}{
		{0, 16 << 20, false}, {0, 16<<20 + 1, true}, {10 << 20, 40 << 20, false}, {10 << 20, 40<<20 + 1, true},
	} {
		if f := (File{snapshot: tt.snapshot, size: tt.size}); f.IsLong() != tt.want {
			t.Errorf("with %d bytes of changes to a state of %d bytes it is long: %t", tt.size, tt.snapshot, f.IsLong())
		}
	}
}
