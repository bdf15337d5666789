package push_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/push"
	"paddock/tests/kit"
)

// market is where quotes come from in these tests. It notes who asks for what.
type market struct {
	mu    sync.Mutex
	asked []question
	fails error
}

type question struct {
	account uuid.UUID
	token   string
	symbols []string
}

func (m *market) of(account uuid.UUID) func(context.Context, string, []string) (json.RawMessage, error) {
	return func(_ context.Context, token string, symbols []string) (json.RawMessage, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.asked = append(m.asked, question{account, token, symbols})
		return json.RawMessage(`{"quotes":[{"symbol":"AAPL","price":"190.5","bid":null,"ask":null,"at":null}]}`), m.fails
	}
}

func (m *market) questions() []question {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.asked)
}

func (m *market) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails = err
}

const quotesEvery = 100 * time.Millisecond

func newMarket(t *testing.T) (*fixture, *market) {
	m := &market{}
	return newFixture(t, func(c *push.Config) { c.Quotes, c.QuoteEvery, c.Poll = m.of, quotesEvery, 0 }), m
}

func (c *client) watch(user int, symbols ...string) {
	c.t.Helper()
	list, err := json.Marshal(symbols)
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(`{"type":"watch","account_id":"` + account(user) + `","symbols":` + string(list) + `}`)
}

func (c *client) follow(user int) {
	c.t.Helper()
	c.subscribe(user, "")
	c.want("subscribed", "")
}

// However many look at an account, there is one call an interval, for all that they
// want, each symbol once. Nobody who looks means no call.
func TestOneCallForAllWhoLook(t *testing.T) {
	f, m := newMarket(t)
	wants := []string{"AAPL", "BTC/USD", "TSLA"}
	var clients []*client
	for i := range 8 {
		c := f.dial(1)
		c.follow(1)
		clients = append(clients, c)
		c.watch(1, strings.ToLower(wants[i%3]), "AAPL")
	}
	for _, c := range clients {
		c.want("quotes", "")
	}
	began, before := time.Now(), len(m.questions())
	for range 10 {
		for _, c := range clients {
			if said := c.want("quotes", ""); said.Account != account(1) || !strings.Contains(string(said.Data), "190.5") {
				t.Fatalf("told %+v", said)
			}
		}
	}
	asked := m.questions()
	if n, most := len(asked)-before, int(time.Since(began)/quotesEvery)+1; n > most {
		t.Errorf("eight who look cost %d calls, want %d at most", n, most)
	}
	if last := asked[len(asked)-1]; !slices.Equal(last.symbols, wants) {
		t.Errorf("asked for %v, want %v", last.symbols, wants)
	}
	for i, c := range clients {
		switch i % 3 {
		case 0:
			c.send(`{"type":"unwatch","account_id":"` + account(1) + `"}`)
		case 1:
			c.send(`{"type":"unsubscribe","account_id":"` + account(1) + `"}`)
		default:
			c.conn.CloseNow()
		}
	}
	kit.Eventually(t, "nobody to look", func() bool { return f.hub.Watched() == 0 })
	before = len(m.questions())
	clients[0].send(`{"type":"ping"}`)
	for {
		if said, err := clients[0].next(); err != nil || said.Type == "pong" {
			break
		}
	}
	time.Sleep(3 * quotesEvery) // in which there would be calls
	if n := len(m.questions()); n != before {
		t.Errorf("nobody looks, and there were %d calls", n-before)
	}
}

// Even where each connection looks at every account without any check in Go, quotes of an
// account are sent to nobody who may not read it.
func TestTheDatabaseDecidesOnQuotes(t *testing.T) {
	f, m := newMarket(t)
	clients := []*client{f.dial(1), f.dial(2), f.dial(3)}
	for _, c := range clients { // wait until each is connected
		c.send(`{"type":"ping"}`)
		c.want("pong", "")
	}
	for i := range clients {
		f.hub.WatchUnasked(uuid.MustParse(account(i + 1)))
	}
	for i, c := range clients {
		quotes, refused := 0, 0
		for quotes < 3 || refused < 2 {
			said, err := c.next()
			switch {
			case err != nil:
				t.Fatalf("user %d got %d quotes and %d refusals: %v", i+1, quotes, refused, err)
			case said.Type == "quotes" && said.Account == account(i+1):
				quotes++
			case said.Type == "unsubscribed" && said.Account != account(i+1) && said.Code == "account_forbidden":
				refused++
			default:
				t.Fatalf("user %d received %+v", i+1, said)
			}
		}
	}
	asked := m.questions()
	for _, q := range asked[len(asked)-3:] {
		if user := strings.TrimPrefix(q.token, "token-of-user-"); !strings.HasSuffix(q.account.String(), user) {
			t.Errorf("%s was asked for by %s", q.account, q.token)
		}
	}
}

// Who may read an account no longer is sent no quotes, within a second. Others are.
func TestQuotesEndWithTheRight(t *testing.T) {
	f, _ := newMarket(t)
	f.exec(`insert into app.account_grants (account_id, user_id, role) values ('` + account(1) + `', 'u2', 'viewer'), ('` + account(1) + `', 'u3', 'viewer')`)
	owner, guest, gone := f.dial(1), f.dial(2), f.dial(3)
	for _, c := range []*client{owner, guest, gone} {
		c.follow(1)
		c.watch(1)
		c.want("quotes", "")
	}
	f.exec(`delete from app.account_grants where user_id = 'u2' and account_id = '` + account(1) + `'; delete from auth.session where id = 's3'`)
	began := time.Now()
	for said := (said{}); said.Type != "unsubscribed"; {
		var err error
		if said, err = guest.next(); err != nil {
			t.Fatal(err)
		}
	}
	gone.wantClosed(4401)
	if took := time.Since(began); took > time.Second {
		t.Errorf("quotes ended after %s", took)
	}
	guest.send(`{"type":"ping"}`)
	guest.want("pong", "")
	for range 5 {
		owner.want("quotes", "")
	}
	guest.watch(1)
	guest.want("error", "not_subscribed")
}

// A failure is told with its code, and asked again ever more seldom.
func TestFailedQuotesSayWhy(t *testing.T) {
	f, m := newMarket(t)
	m.fail(problem.New(problem.NeedsCredentials, "no keys"))
	c := f.dial(1)
	c.follow(1)
	c.watch(1)
	began := time.Now()
	for range 4 {
		if said := c.want("quotes", "needs_credentials"); len(said.Data) > 0 {
			t.Errorf("a failure has data: %s", said.Data)
		}
	}
	if took := time.Since(began); took < (2+4+8)*quotesEvery*9/10 {
		t.Errorf("four failures came within %s", took)
	}
	m.fail(nil)
	c.want("quotes", "")
}

// What one connection may ask for is bounded, and what all of an account's may; who comes
// and goes has no more asked for than who stays.
func TestAFloodOfWatchesIsBounded(t *testing.T) {
	f, m := newMarket(t)
	c := f.dial(1)
	c.watch(1)
	c.want("error", "not_subscribed")
	c.follow(1)
	many := func(n, from int) (symbols []string) {
		for i := range n {
			symbols = append(symbols, fmt.Sprintf("S%d", from+i))
		}
		return symbols
	}
	for _, bad := range [][]string{many(51, 0), {"A B"}, {""}, {"AAPL\u202e"}, {strings.Repeat("A", 22)}, {"'; drop"}} {
		c.watch(1, bad...)
		c.want("error", "bad_symbols")
	}
	c.send(`{"type":"watch","account_id":"` + account(1) + `","symbols":"AAPL"}`)
	c.want("error", "bad_message")
	if n := len(m.questions()); n != 0 {
		t.Errorf("what was refused was asked for: %d calls", n)
	}
	for i := range 5 {
		other := f.dial(1)
		other.follow(1)
		other.watch(1, many(50, 50*i)...)
		if i == 4 {
			for said := (said{Type: "quotes"}); said.Type == "quotes"; {
				var err error
				if said, err = other.next(); err != nil || said.Type != "quotes" && said.Code != "too_many_symbols" {
					t.Fatalf("told %+v (%v)", said, err)
				}
			}
			continue
		}
		other.want("quotes", "")
	}
	for _, q := range m.questions() {
		if len(q.symbols) > 200 {
			t.Errorf("%d symbols were asked for", len(q.symbols))
		}
	}

	restless := f.dial(2)
	restless.follow(2)
	began, before := time.Now(), len(m.questions())
	for range 50 {
		restless.watch(2)
		restless.send(`{"type":"unwatch","account_id":"` + account(2) + `"}`)
	}
	restless.send(`{"type":"ping"}`)
	for said := (said{}); said.Type != "pong"; {
		var err error
		if said, err = restless.next(); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, q := range m.questions()[before:] {
		if q.account.String() == account(2) {
			n++
		}
	}
	if most := int(time.Since(began)/quotesEvery) + 1; n > most {
		t.Errorf("who comes and goes had %d calls made, want %d at most", n, most)
	}
}

// A stream of Server-Sent Events has quotes where it asks for them, and ends with the
// right to them.
func TestQuotesOverServerSentEvents(t *testing.T) {
	f, m := newMarket(t)
	plain := f.listen(2, "?account_id="+account(2), nil)
	plain.want("subscribed", "")
	if l := f.listen(1, "?account_id="+account(1)+"&watch=A%20B", nil); l.response.StatusCode != 400 {
		t.Errorf("no symbol: %d", l.response.StatusCode)
	}
	l := f.listen(1, "?account_id="+account(1)+"&watch=TSLA,btc/usd", nil)
	l.want("subscribed", "")
	for range 3 {
		l.want("quotes", "")
	}
	if q := m.questions()[0]; !slices.Equal(q.symbols, []string{"BTC/USD", "TSLA"}) || q.account.String() != account(1) {
		t.Errorf("asked for %+v", q)
	}
	f.say(2, "hello")
	plain.want("event", "") // and no quotes before it
	l.response.Body.Close()
	kit.Eventually(t, "nobody to look", func() bool { return f.hub.Watched() == 0 })
}
