package alpacasim_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/app/alpacasim/simclient"
)

// object is a JSON object of a response.
type object map[string]any

func (o object) text(path ...string) string {
	var at any = map[string]any(o)
	for _, name := range path {
		m, _ := at.(map[string]any)
		at = m[name]
	}
	if at == nil {
		return ""
	}
	return fmt.Sprint(at)
}

func (o object) legs() []object {
	var all []object
	list, _ := o["legs"].([]any)
	for _, leg := range list {
		all = append(all, object(leg.(map[string]any)))
	}
	return all
}

// unmarshal decodes JSON and keeps numbers as they are written.
func unmarshal(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// send makes a request with the first account's keys and returns its status and
// body.
func (m *market) send(method, path, body string) (int, []byte) {
	m.t.Helper()
	r, err := http.NewRequest(method, m.url+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("APCA-API-KEY-ID", m.seeds[0].KeyID)
	r.Header.Set("APCA-API-SECRET-KEY", m.seeds[0].SecretKey)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return response.StatusCode, text
}

// call makes a request as send does, and fails unless the response has the
// given status. It returns the response's JSON object.
func (m *market) call(want int, method, path, body string) object {
	m.t.Helper()
	status, text := m.send(method, path, body)
	if status != want {
		m.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, status, text, want)
	}
	var o object
	if len(text) > 0 {
		if err := unmarshal(text, &o); err != nil {
			m.t.Fatalf("%s %s returned %s", method, path, text)
		}
	}
	return o
}

// list makes a GET or DELETE request as call does, and returns the response's
// JSON list.
func (m *market) list(want int, method, path string) []object {
	m.t.Helper()
	status, text := m.send(method, path, "")
	var all []object
	if err := unmarshal(text, &all); status != want || err != nil {
		m.t.Fatalf("%s %s: %d %s, want %d", method, path, status, text, want)
	}
	return all
}

// control returns a client of the control endpoints. Requests that it cannot
// make, such as malformed ones, are made with call.
func (m *market) control() *simclient.Client { return simclient.New(m.url, nil) }

// done fails the test if err is not nil.
func (m *market) done(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// order places an order that is written as "side qty symbol type
// time_in_force"; more are further fields in JSON.
func (m *market) order(words string, more ...string) object {
	m.t.Helper()
	return m.call(200, "POST", "/v2/orders", orderBody(words, more...))
}

func orderBody(words string, more ...string) string {
	w := strings.Fields(words)
	body := fmt.Sprintf(`{"side":%q,"qty":%q,"symbol":%q,"type":%q,"time_in_force":%q`, w[0], w[1], w[2], w[3], w[4])
	for _, field := range more {
		body += "," + field
	}
	return body + "}"
}

// refused places an order, fails unless it is refused with this status, code
// and text, and returns the body.
func (m *market) refused(status, code int, says, words string, more ...string) object {
	m.t.Helper()
	o := m.call(status, "POST", "/v2/orders", orderBody(words, more...))
	if o.text("code") != fmt.Sprint(code) || !strings.Contains(o.text("message"), says) {
		m.t.Errorf("%s %v: %v, want %d %q", words, more, o, code, says)
	}
	return o
}

// now returns an order as a look-up by its id shows it, with its legs.
func (m *market) now(o object) object {
	m.t.Helper()
	return m.call(200, "GET", "/v2/orders/"+o.text("id")+"?nested=true", "")
}

// want fails unless each order has the status and filled quantity that follow
// it in pairs.
func (m *market) want(what string, pairs ...any) {
	m.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		o := m.now(pairs[i].(object))
		if got := o.text("status") + " " + o.text("filled_qty"); got != pairs[i+1] {
			m.t.Errorf("%s: the %s %s is %s, want %s", what, o.text("side"), o.text("type"), got, pairs[i+1])
		}
	}
}

// at sets the clock to a time in New York.
func (m *market) at(when string) {
	m.t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		m.t.Fatal(err)
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", when, zone)
	if err != nil {
		m.t.Fatal(err)
	}
	m.clock.mu.Lock()
	m.clock.at = t
	m.clock.mu.Unlock()
}

// updates returns all updates of an account so far.
func (m *market) updates(account int) []object {
	m.t.Helper()
	until := m.clock.now()
	m.clock.tick(time.Millisecond)
	r, err := http.NewRequest("GET", m.url+"/v2/events/trades?since=2000-01-01&until="+url.QueryEscape(until.Format(time.RFC3339Nano)), nil)
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("APCA-API-KEY-ID", m.seeds[account].KeyID)
	r.Header.Set("APCA-API-SECRET-KEY", m.seeds[account].SecretKey)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer response.Body.Close()
	var all []object
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if text, is := strings.CutPrefix(lines.Text(), "data: "); is {
			var o object
			if err := unmarshal([]byte(text), &o); err != nil {
				m.t.Fatal(err)
			}
			all = append(all, o)
		}
	}
	return all
}

// story returns the events and order types of the first account's updates.
func (m *market) story() string {
	m.t.Helper()
	var all []string
	for _, u := range m.updates(0) {
		all = append(all, u.text("event")+" "+u.text("order", "type"))
	}
	return strings.Join(all, ", ")
}

func (m *market) wantStory(want string) {
	m.t.Helper()
	if got := m.story(); got != want {
		m.t.Errorf("the stream sent %s\nwant %s", got, want)
	}
}

// keepHours is an option that makes the market keep New York's hours.
func keepHours(c *alpacasim.Config) { c.Hours = true }

// figures returns the figures of the first account, such as its equity.
func (m *market) figures() alpacasim.Figures {
	m.t.Helper()
	f, ok := m.sim.Account(m.seeds[0].KeyID)
	if !ok {
		m.t.Fatal("there is no such account")
	}
	return f
}

func (m *market) holds(symbol string) decimal.Decimal {
	for _, p := range m.sim.Positions(m.seeds[0].KeyID) {
		if p.Symbol == symbol {
			return p.Qty
		}
	}
	return decimal.Zero
}

func orderOf(side string) func(alpacasim.Order) bool {
	return func(o alpacasim.Order) bool { return o.Side == side && o.Status == "filled" }
}
