package httpapi_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/httpapi"
	"paddock/tests/kit"
)

// table reads a table as a spreadsheet would: each row by the names of the columns.
func (a answer) table(t *testing.T) (rows []map[string]string) {
	t.Helper()
	if a.status != 200 || a.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Fatalf("%d %s %s", a.status, a.header.Get("Content-Type"), a.text)
	}
	if n := strings.Count(a.text, "\n"); n != strings.Count(a.text, "\r\n") {
		t.Errorf("some of %d lines do not end as RFC 4180 says", n)
	}
	lines, err := csv.NewReader(strings.NewReader(a.text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// list returns the rows of a list under a name.
func (a answer) list(t *testing.T, name string) (rows []map[string]any) {
	t.Helper()
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	var err error
	if name == "" {
		err = json.Unmarshal([]byte(a.text), &rows)
	} else {
		page := map[string]json.RawMessage{}
		if err = json.Unmarshal([]byte(a.text), &page); err == nil {
			err = json.Unmarshal(page[name], &rows)
		}
	}
	if err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
	return rows
}

// ledger makes an account with trades, whose tags are what a spreadsheet would compute.
func (s *server) ledger(u *user) (account string) {
	s.t.Helper()
	account = u.connect("Grün & Co/1", s.seeds[0])
	s.stream()
	for i, trade := range []struct{ symbol, side, qty, tag string }{
		{"AAPL", "buy", "3", `=HYPERLINK("http://x.test","y")`}, {"AAPL", "sell", "3", `-2+3+cmd|' /C calc'!A0`}, {"AAPL", "sell", "2", "-5"}, {"AAPL", "buy", "2", "-5"},
		{"MSFT", "buy", "1", "@SUM(A1)"}, {"MSFT", "sell", "1", `quo"ted, and`}, {"BTC/USD", "buy", "0.1", "+1"},
	} {
		kind := "day"
		if strings.Contains(trade.symbol, "/") {
			kind = "gtc"
		}
		body, _ := json.Marshal(map[string]string{"symbol": trade.symbol, "side": trade.side, "type": "market", "time_in_force": kind, "qty": trade.qty, "tag": trade.tag, "orchestrator_agent_id": fmt.Sprint("a", i/2%2)})
		order := u.do("POST", "/api/orders", string(body), "X-Account-ID", account).want(s.t, 201, "").field(s.t, "id")
		kit.Eventually(s.t, "the fill", func() bool {
			s.sim.Step()
			return u.do("GET", "/api/orders/"+order, "", "X-Account-ID", account).field(s.t, "status") == "filled"
		})
	}
	u.do("POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1","order_class":"bracket",
		"take_profit":{"limit_price":"2"},"stop_loss":{"stop_price":"0.5"}}`, "X-Account-ID", account).want(s.t, 201, "")
	if !s.sim.MoveCash(s.seeds[0].KeyID, decimal.NewFromInt(-250)) {
		s.t.Fatal("no cash was moved")
	}
	kit.Eventually(s.t, "the journal", func() bool {
		return len(u.do("GET", "/api/trading-positions?status=closed", "", "X-Account-ID", account).list(s.t, "trading_positions")) == 3
	})
	return account
}

// Each table has the rows of its list, in its order and with its fields, digit by digit,
// whatever is filtered. A text that would be a formula is none, and a number below 0
// stays a number.
func TestTablesAreTheirLists(t *testing.T) {
	s := newServer(t)
	u, friend := s.signUp("ada"), s.signUp("bob")
	id := s.ledger(u)
	s.grant(id, "bob", "viewer")
	today := time.Now().UTC().Format(time.DateOnly)
	negative, harmless := 0, 0
	for _, c := range []struct{ list, rows, table string }{
		{"/api/orders?", "orders", "/api/orders/export?"},
		{"/api/orders?status=closed&side=sell", "orders", "/api/orders/export?status=closed&side=sell"},
		{"/api/orders?symbols=BTCUSD,MSFT&direction=asc&after=2020-01-01", "orders", "/api/orders/export?symbols=BTCUSD,MSFT&direction=asc&after=2020-01-01"},
		{"/api/orders?sleeve_id=none&asset_class=us_equity&until=2999-01-01", "orders", "/api/orders/export?sleeve_id=none&asset_class=us_equity&until=2999-01-01"},
		{"/api/fills?", "fills", "/api/fills/export?"},
		{"/api/fills?symbol=AAPL", "fills", "/api/fills/export?symbol=AAPL"},
		{"/api/fills?symbol=btcusd", "fills", "/api/fills/export?symbol=btcusd"},
		{"/api/trading-positions?", "trading_positions", "/api/trading-positions/export?"},
		{"/api/trading-positions?status=open", "trading_positions", "/api/trading-positions/export?status=open"},
		{"/api/trading-positions?from=2020-01-01T00:00:00Z", "trading_positions", "/api/trading-positions/export?from=2020-01-01T00:00:00Z"},
		{"/api/trading-positions?scope=tag&symbol=AAPL", "trading_positions", "/api/trading-positions/export?scope=tag&symbol=AAPL"},
		{"/api/trading-positions?scope=agent&scope_value=a1&to=2999-01-01", "trading_positions", "/api/trading-positions/export?scope=agent&scope_value=a1&to=2999-01-01"},
		{"/api/account/activities?", "", "/api/account/activities/export?"},
		{"/api/account/activities?activity_types=CSW", "", "/api/account/activities/export?activity_types=CSW"},
		{"/api/account/activities?category=trade_activity&direction=asc", "", "/api/account/activities/export?category=trade_activity&direction=asc"},
	} {
		list := friend.do("GET", strings.TrimSuffix(c.list, "?"), "", "X-Account-ID", id).list(t, c.rows)
		answer := friend.do("GET", strings.TrimSuffix(c.table, "?"), "", "X-Account-ID", id)
		table := answer.table(t)
		if len(list) == 0 || len(table) != len(list) {
			t.Errorf("%s has %d rows, and the list %d", c.table, len(table), len(list))
			continue
		}
		for i, row := range table {
			for name, cell := range row {
				value, there := list[i][name]
				if !there && c.rows != "" {
					t.Errorf("%s has a column %s, and the list no such field", c.table, name)
				}
				want := ""
				if value != nil {
					want = fmt.Sprint(value)
				}
				if cell != want && cell != "'"+want {
					t.Errorf("%s row %d, %s: %q, want %q", c.table, i, name, cell, want)
				}
				isNumber := regexp.MustCompile(`^-?[0-9.]+$`).MatchString(cell)
				switch {
				case isNumber && cell[0] == '-':
					negative++
				case cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])):
					t.Errorf("%s: a spreadsheet computes %q", c.table, cell)
				case cell == "'"+want && want != "":
					harmless++
				}
			}
		}
		if name := answer.header.Get("Content-Disposition"); !strings.HasPrefix(name, "attachment; filename*=utf-8''Gr%C3%BCn-Co-1-") || !strings.HasSuffix(name, ".csv") {
			t.Errorf("%s is called %s", c.table, name)
		} else if strings.HasSuffix(c.table, "?") && !strings.Contains(name, today) && !strings.Contains(name, time.Now().UTC().Format(time.DateOnly)) {
			t.Errorf("%s is called %s, without the day", c.table, name)
		}
	}
	if negative == 0 || harmless == 0 {
		t.Errorf("%d numbers below 0 and %d formulas were seen", negative, harmless)
	}
	for query, code := range map[string]string{
		"/api/orders/export?limit=5": "unknown_parameter", "/api/orders/export?status=odd": "invalid_status",
		"/api/orders/export?before_order_id=00000000-0000-4000-8000-000000000001": "order_not_found",
		"/api/trading-positions/export?scope=person":                              "invalid_scope",
		"/api/trading-positions/export?status=open&from=2026-01-01":               "invalid_query",
		"/api/trading-positions?from=yesterday":                                   "invalid_query",
		"/api/trading-positions?from=2026-02-01&to=2026-01-01":                    "invalid_query",
		"/api/fills/export?order_id=x":                                            "order_id_malformed",
		"/api/results?group_by=year":                                              "invalid_query",
		"/api/results?group_by=month,month":                                       "invalid_query",
		"/api/results?scope=agent&group_by=tag":                                   "invalid_query",
		"/api/results?scope_value=a1":                                             "invalid_scope",
		"/api/results?to=never":                                                   "invalid_query",
	} {
		got := u.do("GET", query, "", "X-Account-ID", id)
		if got.status < 400 || got.status > 404 || got.code() != code {
			t.Errorf("%s: %d %s, want %s", query, got.status, got.text, code)
		}
	}
}

// Tables and results are read by whoever reads the account, and by nobody else: an API
// token reads its own accounts, whatever sleeve it trades in.
func TestTablesAndResultsAreTheAccounts(t *testing.T) {
	s := newServer(t)
	ada, eve := s.signUp("ada"), s.signUp("eve")
	id, hers := s.ledger(ada), eve.connect("hers", s.seeds[1])
	sleeve := ada.do("POST", "/api/sleeves", `{"name":"Momentum"}`, "X-Account-ID", id).want(t, 201, "").field(t, "id")
	narrow := ada.agent("of a sleeve", `"scopes":["read"],"sleeves":["`+sleeve+`"]`, id)
	paths := []string{"/api/results?group_by=month,symbol,agent,tag,sleeve,user,token", "/api/orders/export", "/api/fills/export", "/api/trading-positions/export", "/api/account/activities/export"}
	for _, path := range paths {
		own := ada.do("GET", path, "", "X-Account-ID", id).want(t, 200, "")
		if got := narrow.do("GET", path, "", "X-Account-ID", id).want(t, 200, ""); got.text != own.text {
			t.Errorf("%s: the token reads\n%s\nand its user\n%s", path, got.text, own.text)
		}
		eve.do("GET", path, "", "X-Account-ID", id).want(t, 403, "account_forbidden")
		narrow.do("GET", path, "", "X-Account-ID", hers).want(t, 403, "account_forbidden")
		if got := eve.do("GET", path, "", "X-Account-ID", hers).want(t, 200, ""); strings.Contains(got.text, "AAPL") {
			t.Errorf("%s of another account has %s", path, got.text)
		}
	}
	var results struct {
		Figures struct{ Trips int }
		Open    struct{ Trips int }
		Groups  map[string][]struct {
			Key   string
			Trips int
		}
	}
	if err := json.Unmarshal([]byte(ada.do("GET", paths[0], "", "X-Account-ID", id).text), &results); err != nil {
		t.Fatal(err)
	}
	if results.Figures.Trips != 3 || results.Open.Trips != 1 || len(results.Groups["symbol"]) != 2 || len(results.Groups["sleeve"]) != 0 || len(results.Groups) != 7 {
		t.Errorf("the results are %+v", results)
	}
}

// Alpaca gives a hundred activities at a time, and none while an account has no requests
// left: the table waits, and is whole.
func TestActivitiesComeWhole(t *testing.T) {
	pages := 0
	s := newServer(t, func(sim http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/account/activities" && r.URL.Query().Get("page_size") != "" {
				if pages++; pages == 2 {
					w.Header().Set("Retry-After", "1")
					http.Error(w, `{"code":42910000,"message":"rate limit exceeded."}`, http.StatusTooManyRequests)
					return
				}
			}
			sim.ServeHTTP(w, r)
		})
	})
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	pages = 0 // of what is asked from here on
	const moves = 230
	for range moves {
		if !s.sim.MoveCash(s.seeds[0].KeyID, decimal.RequireFromString("0.1")) {
			t.Fatal("no cash was moved")
		}
	}
	sum, seen := decimal.Zero, map[string]bool{}
	for _, row := range u.do("GET", "/api/account/activities/export?activity_types=CSD", "", "X-Account-ID", id).table(t) {
		sum, seen[row["id"]] = sum.Add(decimal.RequireFromString(row["net_amount"])), true
	}
	if len(seen) != moves || sum.String() != "23" || pages != 4 {
		t.Errorf("%d activities of %s in all, by %d requests", len(seen), sum, pages)
	}
}

// A table of a hundred thousand rows is whole, and takes the memory of a page.
func TestALongTableTakesLittleMemory(t *testing.T) {
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	const rows = 100_000
	s.addFills(u, id, rows)
	response, n := s.export(t, u, "/api/fills/export", id), 0
	defer response.Body.Close()
	memory := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := memory(), uint64(0)
	lines := csv.NewReader(bufio.NewReader(response.Body))
	lines.ReuseRecord = true
	for {
		row, err := lines.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n++; n > 1 && row[8] != "0.000000001" {
			t.Fatalf("row %d is %v", n, row)
		}
		if n%10_000 == 0 {
			most = max(most, memory())
		}
	}
	t.Logf("the heap had %d kB before, and %d kB at most while %d rows were read", before/1024, most/1024, n-1)
	if n != rows+1 || most > before+8<<20 {
		t.Errorf("%d rows, and %d kB more than before", n-1, (int64(most)-int64(before))/1024)
	}
}

// Of a client that takes nothing no transaction is kept open, and after a while its
// connection is cut.
func TestAClientThatStopsReadingHoldsNothing(t *testing.T) {
	httpapi.SetClientTimeout(t, 2*time.Second)
	s := newServer(t)
	u := s.signUp("ada")
	id := u.connect("one", s.seeds[0])
	s.addFills(u, id, 60_000)
	ended, handler := make(chan struct{}), s.handler
	s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/fills/export" {
			defer close(ended)
		}
		handler.ServeHTTP(w, r)
	}), time.Hour) // the server's own limit does not cut it
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /api/fills/export?account_id=%s HTTP/1.1\r\nHost: x\r\nCookie: %s\r\n\r\n", id, u.cookie)
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	admin := s.db.Conn(t, "admin")
	for cut, late := false, time.After(time.Minute); !cut; {
		var open int
		err := admin.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and usename = 'paddock_app'
			and xact_start < clock_timestamp() - interval '1 second'`).Scan(&open)
		if err != nil || open != 0 {
			t.Fatalf("%d transactions are open (%v)", open, err)
		}
		select {
		case <-ended:
			cut = true
		case <-late:
			t.Fatal("the client still has its connection")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// export asks for a table, and returns its response while it arrives.
func (s *server) export(t *testing.T, u *user, path, account string) *http.Response {
	t.Helper()
	request, err := http.NewRequest("GET", s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", u.cookie)
	request.Header.Set("X-Account-ID", account)
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != 200 {
		t.Fatalf("%v %v", response, err)
	}
	return response
}

// addFills gives the account an order with so many executions.
func (s *server) addFills(u *user, account string, n int) {
	s.t.Helper()
	order := u.do("POST", "/api/orders", `{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"1","limit_price":"1"}`, "X-Account-ID", account).want(s.t, 201, "").field(s.t, "id")
	admin := s.db.Conn(s.t, "admin")
	if _, err := admin.Exec(s.t.Context(), "set session_replication_role = replica"); err != nil { // its triggers would take longer than the test
		s.t.Fatal(err)
	}
	_, err := admin.Exec(s.t.Context(), `insert into app.fills (account_id, execution_id, order_id, alpaca_order_id, symbol, asset_class, multiplier, side, qty, price, at, source, tag)
		select $1, 'x-' || i, $2, gen_random_uuid(), 'AAPL', 'us_equity', 1, 'buy', 0.000000001, 190.25, now() - i / 3 * interval '1 second', 'activities', '=1+1' from generate_series(1, $3::int) i`, account, order, n)
	if err != nil {
		s.t.Fatal(err)
	}
}
