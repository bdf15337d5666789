package httpapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// past is the response of GET /api/events/history.
type past struct {
	Events []struct {
		Cursor      int64
		Kind, Topic string
		Data        json.RawMessage
	}
	NextCursor *string `json:"next_cursor"`
	Head       int64
	ReadCursor *int64 `json:"read_cursor"`
}

func (a answer) past(t *testing.T) (p past) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text), &p); err != nil {
		t.Fatalf("%s: %v", a.text, err)
	}
	return p
}

// The history of an account has its events of the topics that are asked for, the newest
// first, each once: also where little of a long log is of them, and where the oldest events
// are no longer kept. Nobody else reads it.
func TestHistoryOfAnAccount(t *testing.T) {
	s := newServer(t)
	u, other := s.signUp("ada"), s.signUp("eve")
	id := u.newAccount("one")
	mine := []string{"X-Account-ID", id}
	// One fill in a hundred events, over more events than a page looks through.
	const events = 4700
	s.exec(`select private.write_event($1, case when n % 100 = 0 then 'order' else 'agent_log' end, case when n % 100 = 0 then '{"event":"fill"}' else '{}' end::jsonb) from generate_series(1, $2) n`, id, events)
	var head int64
	s.scan(&head, "select last_seq from app.event_heads where account_id = '"+id+"'")
	var want []int64
	rows, err := s.db.Conn(t, "admin").Query(t.Context(), "select seq from app.account_events where account_id = $1 and kind = 'order' order by seq desc", id)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			t.Fatal(err)
		}
		want = append(want, seq)
	}
	read := func(query string) (got []int64, pages int) {
		t.Helper()
		before := ""
		for {
			p := u.do("GET", "/api/events/history?"+query+before, "", mine...).want(t, 200, "").past(t)
			pages++
			for _, e := range p.Events {
				if e.Topic != "fills" || e.Kind != "order" {
					t.Errorf("of fills came %s %s", e.Kind, e.Topic)
				}
				got = append(got, e.Cursor)
			}
			if p.Head != head || p.ReadCursor != nil {
				t.Errorf("head %d, want %d; read %v", p.Head, head, p.ReadCursor)
			}
			if p.NextCursor == nil {
				return got, pages
			}
			before = "&before=" + *p.NextCursor
		}
	}
	for query, pages := range map[string]int{"topics=fills": 3, "topics=fills&limit=7": 7, "topics=fills&limit=500": 3} {
		if got, n := read(query); !slices.Equal(got, want) || n < pages {
			t.Errorf("%s: %d pages of %v, want %v", query, n, got, want)
		}
	}
	if p := u.do("GET", "/api/events/history?limit=3", "", mine...).want(t, 200, "").past(t); len(p.Events) != 3 || p.Events[0].Cursor != head {
		t.Errorf("of all topics came %+v", p)
	}
	s.exec("update app.event_heads set dropped_seq = 2500, dropped_at = now() where account_id = $1", id)
	s.exec("delete from app.account_events where account_id = $1 and seq <= 2500", id)
	kept := slices.DeleteFunc(slices.Clone(want), func(seq int64) bool { return seq <= 2500 })
	if got, _ := read("topics=fills"); !slices.Equal(got, kept) {
		t.Errorf("of what is kept came %v, want %v", got, kept)
	}

	other.do("GET", "/api/events/history", "", mine...).want(t, 403, "account_forbidden")
	for query, code := range map[string]string{"topics=x": "invalid_query", "topics=fills,fills": "invalid_query", "topics=fills,": "invalid_query", "limit=0": "invalid_limit",
		"limit=501": "invalid_limit", "before=0": "invalid_cursor", "before=x": "invalid_cursor", "before=-1": "invalid_cursor"} {
		u.do("GET", "/api/events/history?"+query, "", mine...).want(t, 400, code)
	}
}

// Up to where somebody has read an account's history is their own, whoever else reads it. It
// never goes back, nor beyond the log, and an API token neither sees nor moves it.
func TestReadMarks(t *testing.T) {
	s := newServer(t)
	ada, vic, eve := s.signUp("ada"), s.signUp("vic"), s.signUp("eve")
	id := ada.newAccount("one")
	s.grant(id, "vic", "viewer")
	mine := []string{"X-Account-ID", id}
	s.exec(`select private.write_event($1, 'order', '{"event":"fill"}') from generate_series(1, 20)`, id)
	var head int64
	s.scan(&head, "select last_seq from app.event_heads where account_id = '"+id+"'")
	marked := func(u *user) int64 {
		t.Helper()
		if p := u.do("GET", "/api/events/history", "", mine...).want(t, 200, "").past(t); p.ReadCursor != nil {
			return *p.ReadCursor
		}
		return -1
	}
	mark := func(u *user, cursor, want int64) {
		t.Helper()
		got := u.do("PUT", "/api/events/read", fmt.Sprintf(`{"cursor":%d}`, cursor), mine...).want(t, 200, "")
		if got.text != fmt.Sprintf(`{"read_cursor":%d}`, want) {
			t.Errorf("%d was answered %s, want %d", cursor, got.text, want)
		}
	}
	mark(ada, 7, 7)
	mark(ada, 5, 7)
	mark(vic, 3, 3)
	mark(ada, head+1000, head)
	if ada, vic := marked(ada), marked(vic); ada != head || vic != 3 {
		t.Errorf("ada has read to %d, vic to %d", ada, vic)
	}
	eve.do("PUT", "/api/events/read", `{"cursor":1}`, mine...).want(t, 403, "account_forbidden")
	ada.do("PUT", "/api/events/read", `{"cursor":-1}`, mine...).want(t, 400, "invalid_cursor")

	token := ada.agent("agent", `"scopes":["read"]`, id)
	token.do("PUT", "/api/events/read", `{"cursor":1}`, mine...).want(t, 403, "not_permitted")
	if p := token.do("GET", "/api/events/history", "", mine...).want(t, 200, "").past(t); p.ReadCursor != nil {
		t.Errorf("a token sees that its user has read to %d", *p.ReadCursor)
	}
	// Who has the account no more, and comes back, finds nothing of before but their own mark.
	s.exec("delete from app.account_grants where account_id = $1 and user_id <> (select user_id from app.user_accounts where id = $1)", id)
	vic.do("GET", "/api/events/history", "", mine...).want(t, 403, "account_forbidden")
}
