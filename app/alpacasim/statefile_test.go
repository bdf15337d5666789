package alpacasim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"paddock/app/alpacasim"
)

// everything returns, as text, all that an account's responses, executions and
// updates say.
func (m *market) everything() string {
	m.t.Helper()
	var all bytes.Buffer
	for _, path := range []string{"/v2/account", "/v2/account/configurations", "/v2/positions", "/v2/orders?status=all&nested=true&limit=500", "/v2/account/activities"} {
		_, text := m.send("GET", path, "")
		fmt.Fprintf(&all, "%s\n%s\n", path, text)
	}
	executions, err := json.Marshal(m.sim.Executions(m.seeds[0].KeyID))
	if err != nil {
		m.t.Fatal(err)
	}
	fmt.Fprintf(&all, "%s\n%v", executions, m.updates(0))
	return all.String()
}

// A simulator that is killed has, after its restart, everything that responses
// had shown, including orders that are held, hidden, halted, corrected or
// pending.
func TestEverythingSurvives(t *testing.T) {
	file := t.TempDir() + "/state"
	keep := func(c *alpacasim.Config) { c.StateFile = file }
	m := open(t, keep)
	m.price("AAPL", "100")
	for _, o := range []string{"buy 300 AAPL market day", "sell 5 TSLA market day", "buy 0.5 BTC/USD market gtc", "buy 2 AAPL270115C00080000 market day"} {
		m.order(o)
	}
	m.step()
	all := m.sim.Executions(m.seeds[0].KeyID)
	m.sim.Bust(all[1].ID)
	m.sim.Correct(all[2].ID, dec("60000"), dec("0.4"))
	m.sim.PayDividend("AAPL", dec("1"))
	m.sim.Split("AAPL", dec("2"))
	m.call(200, "PATCH", "/v2/account/configurations", `{"no_shorting":true}`)
	m.call(200, "POST", "/v2/positions/AAPL270115C00080000/do-not-exercise", "")
	m.order("buy 2 MSFT limit gtc", `"limit_price":"100"`, `"order_class":"bracket","take_profit":{"limit_price":"110"},"stop_loss":{"stop_price":"90"}`)
	m.order("buy 1 GOOGL trailing_stop gtc", `"trail_percent":"2"`)
	replaced := m.order("buy 2 META limit gtc", `"limit_price":"1"`)
	m.call(200, "PATCH", "/v2/orders/"+replaced.text("id"), `{"qty":"3"}`)
	racing := m.order("buy 2 NVDA limit gtc", `"limit_price":"1"`)
	m.sim.Inject(alpacasim.CancelRace, 1, 0)
	m.call(204, "DELETE", "/v2/orders/"+racing.text("id"), "")
	m.sim.Halt("QQQ", true)
	halted := m.order("buy 1 QQQ market day")
	m.sim.SetFillPlan("SPY", 2)
	parted := m.order("buy 10 SPY market day")
	m.call(200, "POST", "/v2/orders", callSpread)
	m.step()
	m.sim.Inject(alpacasim.Late, 1, time.Hour)
	m.order("buy 1 AMZN limit gtc", `"limit_price":"1"`, `"client_order_id":"late"`)

	was := m
	for again := range 3 { // a file that is written again after a restart must be complete too
		m = open(t, keep)
		m.clock.tick(was.clock.now().Sub(m.clock.now()))
		want, got := strings.Split(was.everything(), "\n"), strings.Split(m.everything(), "\n")
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("after restart %d it says\n%s\nand before\n%s", again+1, got[i], want[i])
			}
		}
	}
	m.call(404, "GET", "/v2/orders:by_client_order_id?client_order_id=late", "")
	m.want("after the restarts", racing, "filled 2", halted, "new 0", parted, "partially_filled 5")
	m.step()
	m.want("and a move", halted, "new 0", parted, "filled 10")
}

// A last line that was not completely written is ignored, because its request
// had no response yet. A broken line before the last is an error.
func TestTornStateFile(t *testing.T) {
	file := t.TempDir() + "/state"
	keep := func(c *alpacasim.Config) { c.StateFile = file }
	m := open(t, keep)
	m.order("buy 1 AAPL market day", `"client_order_id":"whole"`)
	m.order("buy 1 AAPL market day", `"client_order_id":"torn"`)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text[:len(text)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	m = open(t, keep)
	if book := m.sim.Orders(m.seeds[0].KeyID); len(book) != 1 || book[0].ClientOrderID != "whole" {
		t.Errorf("the book is %v", book)
	}
	m.order("buy 1 AAPL market day", `"client_order_id":"torn"`)
	m = open(t, keep)
	if book := m.sim.Orders(m.seeds[0].KeyID); len(book) != 2 {
		t.Errorf("the book is %v", book)
	}

	lines := bytes.SplitAfter(text, []byte("\n"))
	lines[1] = append(lines[1][:20:20], '\n')
	if err := os.WriteFile(file, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := alpacasim.New(alpacasim.Config{StateFile: file}); err == nil || !strings.Contains(err.Error(), "move it away to start afresh") {
		t.Errorf("got %v", err)
	}
}

// crowd places n orders that are filled, and returns a function that places one
// more.
func crowd(tb testing.TB, sim *alpacasim.Sim, seed alpacasim.AccountSeed, n int) func() {
	handler := sim.Handler()
	place := func() {
		r := httptest.NewRequest("POST", "/v2/orders", strings.NewReader(orderBody("buy 1 AMD market day")))
		r.Header.Set("APCA-API-KEY-ID", seed.KeyID)
		r.Header.Set("APCA-API-SECRET-KEY", seed.SecretKey)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			tb.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	for i := range n {
		if place(); i%50 == 49 {
			sim.Step()
		}
	}
	sim.Step()
	return place
}

func crowded(tb testing.TB, file string, n int) (*alpacasim.Sim, alpacasim.AccountSeed, func()) {
	seed := alpacasim.DemoAccounts(1)[0]
	seed.Cash = dec("100000000")
	sim, err := alpacasim.New(alpacasim.Config{Seed: 1, Accounts: []alpacasim.AccountSeed{seed}, FillDelay: time.Nanosecond, StateFile: file})
	if err != nil {
		tb.Fatal(err)
	}
	return sim, seed, crowd(tb, sim, seed, n)
}

// With ten thousand orders, a simulator with a state file still accepts at
// least 200 orders a second and makes 100 moves of the market in a second. The
// file is rewritten during that, and loses nothing.
func TestTenThousandOrders(t *testing.T) {
	file := t.TempDir() + "/state"
	sim, seed, place := crowded(t, file, 10_000)
	began := time.Now()
	for range 200 {
		place()
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("200 orders took %v", took)
	}
	sim.Step()
	began = time.Now()
	for range 100 {
		sim.Step()
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("100 moves took %v", took)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if len(first) < 1<<20 {
		t.Errorf("the file of %d bytes was not rewritten: its first line has %d", len(text), len(first))
	}
	again, err := alpacasim.New(alpacasim.Config{Seed: 1, StateFile: file})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(again.Orders(seed.KeyID)); n != 10_200 {
		t.Errorf("after a restart there are %d orders", n)
	}
	if n := len(again.Executions(seed.KeyID)); n != 10_200 {
		t.Errorf("after a restart there are %d executions", n)
	}
}

func BenchmarkPlaceAmongTenThousand(b *testing.B) {
	sim, _, place := crowded(b, b.TempDir()+"/state", 10_000)
	b.ResetTimer()
	for i := range b.N {
		if place(); i%50 == 49 {
			sim.Step()
		}
	}
}

func BenchmarkStepAmongTenThousand(b *testing.B) {
	sim, _, _ := crowded(b, b.TempDir()+"/state", 10_000)
	for b.Loop() {
		sim.Step()
	}
}

// A state file in the format of the first version, which has a single line, can
// be read.
func TestFirstVersionsState(t *testing.T) {
	file := t.TempDir() + "/state"
	seed := alpacasim.DemoAccounts(1)[0]
	const account = `{"counter":9,"last_ulid":1780322400000,"prices":{},"accounts":{"one":{"id":"one","number":"SIM1","key_id":%q,"secret_key":%q,"cash":"99000","opening":"100000",
		"created_at":"2026-06-01T14:00:00Z","orders":[{"id":"o","client_order_id":"mine","status":"new","symbol":"AAPL","asset_class":"us_equity","side":"buy","type":"limit",
		"time_in_force":"gtc","qty":"1","filled_qty":"0","limit_price":"1"}],"positions":{"AMD":{"symbol":"AMD","qty":"2","avg":"100"}},"events":[]}}}`
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(fmt.Sprintf(account, seed.KeyID, seed.SecretKey), "\n", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	m := open(t, func(c *alpacasim.Config) { c.StateFile = file })
	if o := m.call(200, "GET", "/v2/orders:by_client_order_id?client_order_id=mine", ""); o.text("status") != "new" {
		t.Errorf("the order is %v", o)
	}
	m.order("sell 0.5 AMD market day")
	if f := m.figures(); !f.Cash.Equal(dec("99000")) || !f.LastEquity.Equal(dec("100000")) {
		t.Errorf("the account has %+v", f)
	}
}
