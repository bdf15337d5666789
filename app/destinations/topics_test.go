package destinations_test

import (
	"encoding/json"
	"os"
	"testing"
)

// Of what an event tells is decided by Postgres for what is sent elsewhere and for the
// history, and by the console for what comes live: both say the same of these, and
// app/web/src/topics.spec.ts reads the same file.
func TestTopicsOfEvents(t *testing.T) {
	p := newPost(t)
	text, err := os.ReadFile("testdata/topics.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases [][3]json.RawMessage
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, c := range cases {
		var kind, want, got string
		for from, to := range map[int]*string{0: &kind, 2: &want} {
			if err := json.Unmarshal(c[from], to); err != nil {
				t.Fatal(err)
			}
		}
		kinds[kind] = true
		if err := p.admin.QueryRow(t.Context(), "select app.event_topic($1, $2)", kind, c[1]).Scan(&got); err != nil || got != want {
			t.Errorf("%s %s is %s, want %s: %v", kind, c[1], got, want, err)
		}
	}
	for _, kind := range p.texts(`select (regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''::text', 'g'))[1]
		from pg_constraint where conname = 'account_events_kind_check'`) {
		if !kinds[kind] {
			t.Errorf("no case has the kind %s", kind)
		}
	}
}
