package httpapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"paddock/app/quota"
)

// line is a line of an agent's log, as the list has it.
type line struct {
	ID      string          `json:"id"`
	Agent   *string         `json:"orchestrator_agent_id"`
	Order   *string         `json:"order_id"`
	Token   *string         `json:"token_id"`
	User    *string         `json:"user_id"`
	Level   string          `json:"level"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
	At      time.Time       `json:"at"`
}

// logs returns the messages of the lines that a query of the list has, over all its
// pages, newest first.
func (u *user) logs(account, query string) (all []line) {
	u.s.t.Helper()
	for before := ""; ; {
		a := u.do("GET", "/api/agent-logs?"+query+before, "", "X-Account-ID", account).want(u.s.t, 200, "")
		var page struct {
			Logs []line  `json:"agent_logs"`
			Next *string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(a.text), &page); err != nil {
			u.s.t.Fatal(err)
		}
		all = append(all, page.Logs...)
		if page.Next == nil {
			return all
		}
		before = "&before=" + *page.Next
	}
}

func messages(lines []line) string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Message)
	}
	return strings.Join(all, " ")
}

// Agents' logs are stored as they were sent, many at once, and are listed in pages:
// the last line of a request first.
func TestAgentLogs(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	say := func(lines ...string) answer {
		return u.do("POST", "/api/agent-logs", `{"logs":[`+strings.Join(lines, ",")+`]}`, "X-Account-ID", id)
	}
	refused := func(a answer, index int, field string) {
		t.Helper()
		a.want(t, 400, "invalid_agent_log")
		if want := fmt.Sprintf(`"details":{"field":%q,"index":%d}`, field, index); !strings.Contains(a.text, want) {
			t.Errorf("%s does not name %s", a.text, want)
		}
	}
	const good = `{"level":"info","message":"m"}`
	say().want(t, 400, "invalid_agent_log")
	say(slices.Repeat([]string{good}, 1001)...).want(t, 400, "invalid_agent_log")
	u.do("POST", "/api/agent-logs", good, "X-Account-ID", id).want(t, 400, "unknown_field")
	u.do("POST", "/api/agent-logs", `{"logs":null}`, "X-Account-ID", id).want(t, 400, "invalid_json")
	refused(say(`{"level":"loud","message":"m"}`), 0, "level")
	refused(say(good, `{"level":"info","message":""}`), 1, "message")
	refused(say(good, good, `{"level":"info","message":"`+strings.Repeat("é", 10_001)+`"}`), 2, "message")
	refused(say(good, `{"level":"info","message":"m","orchestrator_agent_id":"`+strings.Repeat("x", 129)+`"}`), 1, "orchestrator_agent_id")
	refused(say(good, `{"level":"info","message":"m","order_id":"1"}`), 1, "order_id")
	refused(say(good, `{"level":"info","message":"m","order_id":"8d3f0a0e-0000-4000-8000-000000000000"}`), 1, "order_id")
	refused(say(good, `{"level":"info","message":"m","at":"yesterday"}`), 1, "at")
	refused(say(good, good, `{"level":"info","message":"m","at":"`+time.Now().Add(2*time.Minute).UTC().Format(time.RFC3339)+`"}`), 2, "at")
	refused(say(good, `{"level":"info","message":"m","at":"`+time.Now().AddDate(0, 0, -181).UTC().Format(time.RFC3339)+`"}`), 1, "at")
	say(`{"level":"info","message":"a\u0000b"}`).want(t, 400, "invalid_text")
	say(`{"level":"info","message":"m","data":{"a":"\u0000"}}`).want(t, 400, "invalid_text")
	// What the data becomes is bounded, and not what was sent.
	for _, number := range []string{"1e131071", "0e-16383", "-1e-16000"} {
		for _, data := range []string{number, "[[[" + number + "]]]", `{"a":{"b":[1,` + number + `]}}`} {
			say(`{"level":"info","message":"m","data":`+data+`}`).want(t, 400, "invalid_number")
		}
	}
	many := func(n int) string { return "[" + strings.Repeat("1e399,", n) + "1.7976931348623157e308]" }
	refused(say(`{"level":"info","message":"m","data":`+many(200)+`}`), 0, "data")
	say(`{"level":"info","message":"m","data":`+many(4_000)+`}`).want(t, 413, "body_too_large")
	refused(say(`{"level":"info","message":"m","data":"`+strings.Repeat("x", 70_000)+`"}`), 0, "data")
	large := `{"level":"info","message":"` + strings.Repeat("x", 1100) + `"}`
	say(slices.Repeat([]string{large}, 1000)...).want(t, 413, "body_too_large")
	if all := u.logs(id, ""); len(all) != 0 {
		t.Fatalf("of requests that were refused these lines are stored: %v", all)
	}

	say(`{"level":"info","message":"large","data":`+many(150)+`}`).want(t, 201, "")
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Microsecond)
	said := say(`{"level":"warn","message":"second","orchestrator_agent_id":"agent 7","data":{"a":[1,2.50]}}`,
		`{"level":"info","message":"first","at":"`+at.Format(time.RFC3339Nano)+`"}`, `{"level":"info","message":"third","data":null}`).want(t, 201, "")
	if said.field(t, "first_at") != at.Format("2006-01-02T15:04:05.000000Z") || !strings.Contains(said.text, `"count":3`) {
		t.Errorf("%s", said.text)
	}
	all := u.logs(id, "limit=1")
	if got := messages(all); got != "third second large first" {
		t.Fatalf("the list has %s", got)
	}
	if string(all[0].Data) != "null" || string(all[1].Data) != `{"a": [1, 2.50]}` || *all[1].Agent != "agent 7" || all[0].Agent != nil || !all[3].At.Equal(at) {
		t.Errorf("%+v", all)
	}
	lines := make([]string, 1000)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"level":"debug","message":"%d"}`, i)
	}
	say(lines...).want(t, 201, "")
	for i, l := range u.logs(id, "level=debug&limit=500") {
		if l.Message != fmt.Sprint(999-i) {
			t.Fatalf("line %d is %s", i, l.Message)
		}
	}
}

// A request that is repeated with its Idempotency-Key stores its lines once, makes one event,
// and is answered as the first time; other lines under the key are refused.
func TestAgentLogsAreSentOnce(t *testing.T) {
	s := newServer(t)
	u, bob := s.signUp("ada"), s.signUp("bob")
	id, theirs := u.connect("one", s.seeds[0]), bob.connect("theirs", s.seeds[1])
	const two = `{"logs":[{"level":"info","message":"a"},{"level":"error","message":"b","data":{"x":1}}]}`
	send := func(body string) answer {
		return u.do("POST", "/api/agent-logs", body, "X-Account-ID", id, "Idempotency-Key", "once")
	}
	events := func() (n int) {
		if err := s.db.Conn(t, "admin").QueryRow(t.Context(), "select count(*) from app.account_events where kind = 'agent_log' and account_id = $1", id).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	first := send(two).want(t, 201, "")
	for range 3 {
		if again := send(two).want(t, 201, ""); again.text != first.text {
			t.Errorf("it is answered %s, and was %s", again.text, first.text)
		}
	}
	if n, e := len(u.logs(id, "")), events(); n != 2 || e != 1 {
		t.Errorf("%d lines and %d events, want 2 and 1", n, e)
	}
	send(strings.Replace(two, `"b"`, `"c"`, 1)).want(t, 409, "idempotency_key_reused")
	u.do("POST", "/api/agent-logs", two, "X-Account-ID", id, "Idempotency-Key", strings.Repeat("x", 256)).want(t, 400, "invalid_idempotency_key")
	bob.do("POST", "/api/agent-logs", `{"logs":[{"level":"info","message":"z"}]}`, "X-Account-ID", theirs, "Idempotency-Key", "once").want(t, 201, "")

	// At once, of which one is the first.
	done := make(chan answer)
	for range 8 {
		go func() {
			done <- u.do("POST", "/api/agent-logs", two, "X-Account-ID", id, "Idempotency-Key", "at once")
		}()
	}
	for range 8 {
		if a := <-done; a.status != 201 {
			t.Errorf("%s", a.text)
		}
	}
	if n, e := len(u.logs(id, "")), events(); n != 4 || e != 2 {
		t.Errorf("%d lines and %d events, want 4 and 2", n, e)
	}

	// A request that was refused does not use its key up.
	later := `{"logs":[{"level":"info","message":"later","at":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}]}`
	u.do("POST", "/api/agent-logs", later, "X-Account-ID", id, "Idempotency-Key", "refused").want(t, 400, "invalid_agent_log")
	u.do("POST", "/api/agent-logs", two, "X-Account-ID", id, "Idempotency-Key", "refused").want(t, 201, "")
}

// The list is filtered by agent, level, time, order and token, each alone and together, and its
// pages go on under a filter.
func TestAgentLogsAreFiltered(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id, other := u.connect("one", s.seeds[0]), u.connect("two", s.seeds[1])
	order := u.do("POST", "/api/orders", restingBuy, "X-Account-ID", id).want(t, 201, "").field(t, "id")
	foreign := u.do("POST", "/api/orders", restingBuy, "X-Account-ID", other).want(t, 201, "").field(t, "id")
	token := u.agent("logger", `"scopes":["log"]`, id)
	base := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	at := func(n int) string { return base.Add(time.Duration(n) * time.Second).Format(time.RFC3339) }
	var lines []string
	for i := range 40 { // four levels, two agents and none, with an order or without
		var more string
		if a := i / 4 % 3; a > 0 {
			more += fmt.Sprintf(`,"orchestrator_agent_id":"agent %d"`, a)
		}
		if i/12%2 == 1 {
			more += `,"order_id":"` + order + `"`
		}
		lines = append(lines, fmt.Sprintf(`{"level":%q,"message":"%d","at":%q%s}`, []string{"debug", "info", "warn", "error"}[i%4], i, at(i), more))
	}
	body := func(lines []string) string { return `{"logs":[` + strings.Join(lines, ",") + `]}` }
	u.do("POST", "/api/agent-logs", body(lines[:20]), "X-Account-ID", id).want(t, 201, "")
	token.do("POST", "/api/agent-logs", body(lines[20:]), "X-Account-ID", id).want(t, 201, "")
	u.do("POST", "/api/agent-logs", `{"logs":[{"level":"error","message":"elsewhere","orchestrator_agent_id":"agent 1","order_id":"`+foreign+`"}]}`, "X-Account-ID", other).want(t, 201, "")
	token.do("POST", "/api/agent-logs", body([]string{`{"level":"info","message":"m","order_id":"` + foreign + `"}`}), "X-Account-ID", id).want(t, 400, "invalid_agent_log")
	tokenID := token.id

	for _, tt := range []struct {
		query string
		has   func(i int) bool
	}{
		{"", func(i int) bool { return true }},
		{"level=warn", func(i int) bool { return i%4 == 2 }},
		{"min_level=warn", func(i int) bool { return i%4 >= 2 }},
		{"min_level=debug", func(i int) bool { return true }},
		{"orchestrator_agent_id=agent+1", func(i int) bool { return i/4%3 == 1 }},
		{"orchestrator_agent_id=agent+1&level=error", func(i int) bool { return i/4%3 == 1 && i%4 == 3 }},
		{"orchestrator_agent_id=nobody", func(i int) bool { return false }},
		{"order_id=" + order, func(i int) bool { return i/12%2 == 1 }},
		{"order_id=" + strings.ToUpper(order) + "&min_level=info&orchestrator_agent_id=agent+2", func(i int) bool { return i/12%2 == 1 && i%4 >= 1 && i/4%3 == 2 }},
		{"order_id=" + foreign, func(i int) bool { return false }},
		{"token_id=" + tokenID, func(i int) bool { return i >= 20 }},
		{"token_id=" + tokenID + "&order_id=" + order, func(i int) bool { return i >= 20 && i/12%2 == 1 }},
		{"token_id=" + tokenID + "&level=debug&orchestrator_agent_id=agent+2", func(i int) bool { return i >= 20 && i%4 == 0 && i/4%3 == 2 }},
		{"since=" + at(10), func(i int) bool { return i >= 10 }},
		{"until=" + at(10), func(i int) bool { return i < 10 }},
		{"since=" + at(10) + "&until=" + at(30) + "&min_level=error", func(i int) bool { return i >= 10 && i < 30 && i%4 == 3 }},
	} {
		want := []string{}
		for i := 39; i >= 0; i-- {
			if tt.has(i) {
				want = append(want, fmt.Sprint(i))
			}
		}
		for _, limit := range []string{"3", "500"} {
			if got := messages(u.logs(id, tt.query+"&limit="+limit)); got != strings.Join(want, " ") {
				t.Errorf("%s by %s: %s, want %v", tt.query, limit, got, want)
			}
		}
	}
	for query, code := range map[string]string{"level=loud": "invalid_agent_log", "min_level=WARN": "invalid_agent_log", "level=info&min_level=info": "invalid_agent_log",
		"order_id=1": "invalid_agent_log", "token_id=x": "invalid_agent_log", "since=now": "invalid_query", "until=2026": "invalid_query", "agent=x": "unknown_parameter", "limit=0": "invalid_limit"} {
		u.do("GET", "/api/agent-logs?"+query, "", "X-Account-ID", id).want(t, 400, code)
	}
}

// A request is one event, whatever it has: it says how many lines came, of which levels and
// between which times, and shows the last of them.
func TestAgentLogsAreOneEvent(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	head := func() int {
		var page struct{ Head int }
		if err := json.Unmarshal([]byte(u.do("GET", "/api/events?since=0", "", "X-Account-ID", id).text), &page); err != nil {
			t.Fatal(err)
		}
		return page.Head
	}
	before := head()
	lines := make([]string, 1000)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"level":%q,"message":"%04d%s"}`, []string{"debug", "error"}[i/990], i, strings.Repeat("x", 600))
	}
	stored := u.do("POST", "/api/agent-logs", `{"logs":[`+strings.Join(lines, ",")+`]}`, "X-Account-ID", id).want(t, 201, "")
	if n := head() - before; n != 1 {
		t.Fatalf("%d events, want 1", n)
	}
	var page struct {
		Events []struct {
			Kind string
			Data struct {
				Count   int
				FirstAt string `json:"first_at"`
				LastAt  string `json:"last_at"`
				Levels  map[string]int
				Logs    []line
			}
		}
	}
	text := u.do("GET", "/api/events?since="+fmt.Sprint(before), "", "X-Account-ID", id).text
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	d := page.Events[0].Data
	if d.Count != 1000 || len(d.Logs) != 20 || d.Levels["debug"] != 990 || d.Levels["error"] != 10 || d.FirstAt != stored.field(t, "first_at") || d.LastAt != stored.field(t, "last_at") {
		t.Errorf("%+v", d)
	}
	if first, last := d.Logs[0], d.Logs[19]; !strings.HasPrefix(first.Message, "0980x") || len(first.Message) != 500 || last.Level != "error" || !strings.HasPrefix(last.Message, "0999x") {
		t.Errorf("%+v … %+v", first, last)
	}
	if len(text) > 20_000 {
		t.Errorf("the event has %d bytes", len(text))
	}
	newest := u.logs(id, "limit=500")
	if newest[0].ID != d.Logs[19].ID {
		t.Error("the event shows another line than the list")
	}
}

// Requests that log have a rate of their own: a flood of them is told to send more lines at
// once, and orders go on.
func TestAFloodOfLogsIsBounded(t *testing.T) {
	s := newBoundedServer(t, quota.Config{PerSecond: 1000, Logs: 1})
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	var refused answer
	for range 10 {
		if a := u.do("POST", "/api/agent-logs", `{"logs":[{"level":"info","message":"m"}]}`, "X-Account-ID", id); a.status != 201 {
			refused = a
		}
	}
	refused.want(t, 429, "too_many_requests")
	if !strings.Contains(refused.text, "more lines into one request") || refused.header.Get("Retry-After") == "" {
		t.Errorf("%v %s", refused.header, refused.text)
	}
	u.do("POST", "/api/orders", restingBuy, "X-Account-ID", id).want(t, 201, "")
	u.do("GET", "/api/agent-logs", "", "X-Account-ID", id).want(t, 200, "")
}
