package backup

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

// A file that opens with the key and is whole for age and gzip is refused all the same
// where it is no backup, is of a form that is not known, or ends before its last line.
func TestAFileWithoutItsEndIsRefused(t *testing.T) {
	folder := t.TempDir()
	var key bytes.Buffer
	recipient, err := NewKey(&key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "key")
	if err := os.WriteFile(path, key.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	identities, err := Identities(path)
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := Recipients([]string{recipient}, nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(script string) (Manifest, error) {
		t.Helper()
		var file bytes.Buffer
		if err := encrypt(&file, recipients, func(w io.Writer) error { _, err := io.WriteString(w, script); return err }); err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(folder, "backup.age")
		if err := os.WriteFile(at, file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return Check(context.Background(), at, identities)
	}
	var script strings.Builder
	m := Manifest{Format: format, Version: 7, Tables: []Table{{"app", "it's", 3, "1"}, {"app", "b", 4, "0"}}}
	if err := writeScript(&script, m, func(w io.Writer) error { _, err := fmt.Fprintln(w, "-- the dump"); return err }); err != nil {
		t.Fatal(err)
	}
	whole := script.String()
	if got, err := check(whole); err != nil || got.Version != 7 || got.Rows() != 7 {
		t.Errorf("the whole one: %+v, %v", got, err)
	}
	if !strings.Contains(whole, `"it''s"`) {
		t.Error("a quote in a name ends the literal of the manifest")
	}
	for what, c := range map[string]struct{ script, says string }{
		"ends before the commit": {whole[:strings.Index(whole, "commit;")], "truncated or was altered"},
		"ends in the last line":  {whole[:len(whole)-2], "truncated or was altered"},
		"ends in the first line": {whole[:20], "is no backup"},
		"no manifest":            {firstLine + "-- {\n" + lastLine, "truncated or was altered"},
		"another form":           {firstLine + `-- {"format": 99}` + "\n" + lastLine, "has the form 99"},
		"another text":           {"select 1;\n" + lastLine, "is no backup"},
		"nothing":                {"", "is no backup"},
	} {
		if _, err := check(c.script); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", what, err)
		}
	}
	var plain bytes.Buffer // encrypted for the key, and not compressed
	w, err := age.Encrypt(&plain, recipients...)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, whole)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(folder, "plain.age")
	if err := os.WriteFile(at, plain.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(t.Context(), at, identities); err == nil || !strings.Contains(err.Error(), "no backup that paddock backup wrote") {
		t.Errorf("one that is not compressed: %v", err)
	}
}
