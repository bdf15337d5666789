package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The output of another run fits a document's shape if only ids, times, numbers and
// the like differ.
func TestShape(t *testing.T) {
	shown := `{"id":"9cad9454-4a51-45db-b091-ef8161f2e598","name":"Swing", … ,"price":"188.2",
	  "at":"2026-11-25T20:20:57.621659Z","last4":"CGG8"}`
	same := `{"id": "11111111-2222-3333-4444-555555555555", "name": "Swing", "a": 1, "price": "7", "at": "2027-01-01T00:00:00Z", "last4": "X9"}`
	learned := map[string]string{}
	if end := shapeOf(shown).find(same, learned); end != len(same) {
		t.Errorf("the same shape is found up to %d of %d", end, len(same))
	}
	if learned["9cad9454-4a51-45db-b091-ef8161f2e598"] != "11111111-2222-3333-4444-555555555555" || learned["CGG8"] != "X9" {
		t.Errorf("learned %v", learned)
	}
	for _, other := range []string{
		strings.Replace(same, "Swing", "Day", 1),
		strings.Replace(same, `"price"`, `"cost"`, 1),
		strings.Replace(same, `"7"`, `"none"`, 1),
		strings.Replace(same, `, "last4": "X9"`, "", 1),
		"",
	} {
		if shapeOf(shown).find(other, learned) >= 0 {
			t.Errorf("has the shape and should not: %s", other)
		}
	}
	table := " symbol | qty \n--------+-----\n AAPL   |   2\n(1 row)\n"
	if shapeOf(table).find(" symbol | qty \n--------+-----\n AAPL   |   3\n AAPL   |   3\n(2 rows)\n", learned) >= 0 {
		t.Error("a table of two rows has the shape of one with one row")
	}
}

// A block is found with its note and its steps, and a command outside of a
// fence is noticed.
func TestReadBlocks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.md")
	text := "Text\n\n<!-- not run: because -->\n\n```sh\nmake x\n```\n\n1. A list\n\n   ```console\n   $ echo a \\\n     b\n   a b\n   $ echo c\n   ```\n\n    curl -s x\n\n    a picture\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	blocks, loose, err := readBlocks(file)
	if err != nil || len(blocks) != 2 || len(loose) != 1 || loose[0] != 18 {
		t.Fatalf("%+v, %v (%v)", blocks, loose, err)
	}
	if b := blocks[0]; b.note != "not run: because" || b.line != 5 || b.steps()[0].command != "make x" {
		t.Errorf("%+v", b)
	}
	steps := blocks[1].steps()
	if blocks[1].note != "" || len(steps) != 2 || steps[0].command != "echo a \\\n  b" || strings.TrimSpace(steps[0].output) != "a b" || !steps[0].shows || steps[1].shows {
		t.Errorf("%+v", steps)
	}
}
