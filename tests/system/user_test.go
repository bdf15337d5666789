package system

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim"
	"paddock/tests/protocol"
)

// user is a user with a session.
type user struct {
	w                      *world
	name, password, cookie string
}

func (u *user) cookieHeader() string { return "better-auth.session_token=" + url.QueryEscape(u.cookie) }

func (w *world) signUp(name string) *user {
	w.t.Helper()
	u := &user{w: w, name: name, password: "the password of " + name}
	body, _ := json.Marshal(map[string]string{"name": name, "email": name + "@example.com", "password": u.password})
	sign := func() (*http.Response, error) {
		return http.Post("http://"+w.addr+"/api/auth/sign-up/email", "application/json", bytes.NewReader(body))
	}
	response, err := sign()
	for tries := 0; tries < 5 && err == nil && response.StatusCode == http.StatusServiceUnavailable; tries++ { // the machine is busy
		response.Body.Close()
		response, err = sign()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	u.takeCookie(response)
	if response.StatusCode != 200 || u.cookie == "" {
		w.t.Fatalf("sign up: %d", response.StatusCode)
	}
	return u
}

// takeCookie takes the session's cookie from the answer to a sign-in, if it has one.
func (u *user) takeCookie(r *http.Response) {
	u.w.t.Helper()
	for _, c := range r.Cookies() {
		if c.Name == "better-auth.session_token" {
			value, err := url.QueryUnescape(c.Value)
			if err != nil {
				u.w.t.Fatal(err)
			}
			u.cookie = value
		}
	}
}

// call makes a request with a JSON body. The response's body is already in memory.
// Its status is 0 if no whole response came.
func (u *user) call(method, path, account string, body any) *http.Response {
	text, err := json.Marshal(body)
	if err != nil {
		u.w.t.Fatal(err)
	}
	if body == nil {
		text = nil
	}
	request, err := http.NewRequest(method, "http://"+u.w.addr+path, bytes.NewReader(text))
	if err != nil {
		u.w.t.Fatal(err)
	}
	request.Header.Set("Cookie", u.cookieHeader())
	request.Header.Set("Origin", "http://"+u.w.addr)
	request.Header.Set("Content-Type", "application/json")
	if account != "" {
		request.Header.Set("X-Account-ID", account)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return &http.Response{StatusCode: 0, Body: io.NopCloser(strings.NewReader(err.Error()))}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		response.StatusCode = 0
	}
	response.Body = io.NopCloser(bytes.NewReader(answer))
	return response
}

// account is one connected account, and the events that its socket received.
type account struct {
	user *user
	name string
	id   string
	seed alpacasim.AccountSeed

	mu     sync.Mutex
	events []heard
}

// heard is an event as a socket received it.
type heard struct {
	Cursor int64
	Text   string
}

func (u *user) connect(name string, seed alpacasim.AccountSeed) *account {
	u.w.t.Helper()
	made := u.call("POST", "/api/accounts", "", map[string]string{"name": name, "environment": "paper"})
	var body struct{ ID string }
	if err := json.NewDecoder(made.Body).Decode(&body); err != nil || made.StatusCode != 201 {
		u.w.t.Fatalf("make an account: %d, %v", made.StatusCode, err)
	}
	stored := u.call("PUT", "/api/accounts/"+body.ID+"/credentials", "", map[string]string{"key_id": seed.KeyID, "secret_key": seed.SecretKey})
	if stored.StatusCode != 200 {
		text, _ := io.ReadAll(stored.Body)
		u.w.t.Fatalf("store credentials: %d %s", stored.StatusCode, text)
	}
	return &account{user: u, name: u.name + "/" + name, id: body.ID, seed: seed}
}

// awaitMirror waits until the account has been read from the broker.
func (a *account) awaitMirror() {
	w := a.user.w
	w.t.Helper()
	w.eventually("the account to be read from the broker", func() error {
		var health struct{ Status string }
		if err := json.NewDecoder(a.user.call("GET", "/api/accounts/"+a.id+"/health", "", nil).Body).Decode(&health); err != nil || health.Status != "ok" {
			return fmt.Errorf("its health is %q (%v)", health.Status, err)
		}
		return nil
	})
}

func (a *account) buy(symbol string, qty int, clientOrderID string) *http.Response {
	return a.user.call("POST", "/api/orders", a.id, map[string]any{
		"symbol": symbol, "side": "buy", "type": "market", "time_in_force": "day", "qty": fmt.Sprint(qty), "client_order_id": clientOrderID,
	})
}

func (a *account) mustBuy(symbol string, qty int) {
	if r := a.buy(symbol, qty, ""); r.StatusCode != 201 && r.StatusCode != 202 {
		text, _ := io.ReadAll(r.Body)
		a.user.w.t.Errorf("buy %s on %s: %d %s", symbol, a.name, r.StatusCode, text)
	}
}

// order is an order as the API shows it.
type order struct {
	ID            string          `json:"id"`
	AlpacaOrderID string          `json:"alpaca_order_id"`
	ClientOrderID string          `json:"client_order_id"`
	Status        string          `json:"status"`
	FilledQty     decimal.Decimal `json:"filled_qty"`
	FilledAvg     decimal.Decimal `json:"filled_avg_price"`
}

func (a *account) orders() []order {
	r := a.user.call("GET", "/api/orders?limit=500", a.id, nil)
	var body struct{ Orders []order }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil
	}
	return body.Orders
}

// compareWithBroker fails the test unless broker and database agree on every order
// and position, with one order for each intent.
func (a *account) compareWithBroker() {
	t := a.user.w.t
	here := map[string]order{}
	for _, o := range a.orders() {
		here[o.ClientOrderID] = o
	}
	there := a.user.w.sim.Orders(a.seed.KeyID)
	if len(here) != len(there) {
		t.Errorf("%s: %d orders here, %d at the broker", a.name, len(here), len(there))
	}
	seen := map[string]bool{}
	for _, o := range there {
		mine := here[o.ClientOrderID]
		if seen[o.ClientOrderID] {
			t.Errorf("%s: the intent %s has two orders", a.name, o.ClientOrderID)
		}
		seen[o.ClientOrderID] = true
		if mine.AlpacaOrderID != o.ID || mine.Status != o.Status || !mine.FilledQty.Equal(o.FilledQty) || !mine.FilledAvg.Equal(*o.FilledAvgPrice) {
			t.Errorf("%s: the order is %+v here and %+v at the broker", a.name, mine, o)
		}
	}
	var positions []struct {
		Symbol string
		Qty    decimal.Decimal
	}
	if err := json.NewDecoder(a.user.call("GET", "/api/positions", a.id, nil).Body).Decode(&positions); err != nil || len(positions) == 0 {
		t.Errorf("%s: positions: %v, %v", a.name, positions, err)
	}
	conn := a.user.w.postgres.Conn(t, "admin")
	for _, p := range positions {
		var qty string
		err := conn.QueryRow(t.Context(), "select qty::text from app.alpaca_positions where account_id = $1 and symbol = $2", a.id, p.Symbol).Scan(&qty)
		if err != nil || !decimal.RequireFromString(qty).Equal(p.Qty) {
			t.Errorf("%s: %s is %s here (%v) and %s at the broker", a.name, p.Symbol, qty, err, p.Qty)
		}
	}
}

// compareEvents fails the test unless the account's socket received all of its
// events, each once and in order, and nothing else.
func (a *account) compareEvents() {
	t := a.user.w.t
	conn := a.user.w.postgres.Conn(t, "admin")
	rows, err := conn.Query(t.Context(), "select seq, data::text from app.account_events where account_id = $1 order by seq", a.id)
	if err != nil {
		t.Fatal(err)
	}
	var logged []heard
	for rows.Next() {
		var e heard
		if err := rows.Scan(&e.Cursor, &e.Text); err != nil {
			t.Fatal(err)
		}
		logged = append(logged, e)
	}
	a.user.w.eventually("the socket of "+a.name+" to catch up", func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.events) < len(logged) {
			return fmt.Errorf("%d of %d events", len(a.events), len(logged))
		}
		return nil
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.events) != len(logged) {
		t.Fatalf("%s: the socket heard %d events, the log has %d", a.name, len(a.events), len(logged))
	}
	for i, e := range a.events {
		if e.Cursor != int64(i+1) || !sameJSON(e.Text, logged[i].Text) {
			t.Errorf("%s: event %d is %+v, the log has %+v", a.name, i, e, logged[i])
		}
	}
	// That an order was placed and that it was filled are two events.
	if orders := len(a.orders()); orders < 6 || len(logged) < 2*orders {
		t.Errorf("%s: only %d events of %d orders: the test did less than it says", a.name, len(logged), orders)
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return bytes.Equal(p, q)
}

// follow keeps a socket open that follows these accounts from their first event,
// and resumes from its cursors whenever it breaks.
func (u *user) follow(accounts ...*account) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			u.listen(ctx, accounts)
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	u.w.t.Cleanup(func() {
		cancel()
		<-done
	})
}

// said is a message from the server.
type said struct {
	Type    string          `json:"type"`
	Account string          `json:"account_id"`
	Cursor  int64           `json:"cursor"`
	Code    string          `json:"code"`
	Data    json.RawMessage `json:"data"`
}

func (u *user) dial(ctx context.Context) (*websocket.Conn, error) {
	conn, _, err := websocket.Dial(ctx, "ws://"+u.w.addr+"/api/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {u.cookieHeader()}}})
	if err == nil {
		conn.SetReadLimit(1 << 20)
	}
	return conn, err
}

func (u *user) listen(ctx context.Context, accounts []*account) {
	conn, err := u.dial(ctx)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	byID := map[string]*account{}
	for _, a := range accounts {
		byID[a.id] = a
		a.mu.Lock()
		cursor := len(a.events)
		a.mu.Unlock()
		if err := conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"subscribe","account_id":%q,"cursor":%d}`, a.id, cursor)); err != nil {
			return
		}
	}
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return
		}
		var m said
		if err := errors.Join(json.Unmarshal(text, &m), protocol.Check(text)); err != nil {
			u.w.t.Errorf("%s was told %s: %v", u.name, text, err)
			return
		}
		a := byID[m.Account]
		switch {
		case m.Account != "" && a == nil:
			u.w.t.Errorf("%s heard of an account that is not followed: %s", u.name, text)
		case m.Type == "unsubscribed":
			return // the database could not be reached: follow tries again
		case m.Type == "event":
			a.mu.Lock()
			a.events = append(a.events, heard{m.Cursor, string(m.Data)})
			a.mu.Unlock()
		}
	}
}

// mayNotFollow fails the test unless the user is refused when they subscribe to
// another user's account.
func (u *user) mayNotFollow(a *account) {
	t := u.w.t
	conn, err := u.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"type":"subscribe","account_id":%q,"cursor":0}`, a.id)); err != nil {
		t.Fatal(err)
	}
	_, text, err := conn.Read(t.Context())
	var m said
	if err != nil || json.Unmarshal(text, &m) != nil || m.Type != "unsubscribed" || m.Code != "account_forbidden" {
		t.Errorf("%s asked for an account of %s and heard %s (%v)", u.name, a.user.name, text, err)
	}
}
