package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"paddock/tests/kit"
)

// copied is a copy as the API lists it.
type copied struct {
	ID, Action, State            string
	Symbol, Reason, Amount       *string
	Status                       *string `json:"order_status"`
	LeaderPrice                  *string `json:"leader_price"`
	Price                        *string `json:"filled_avg_price"`
	Lag                          *int    `json:"lag_ms"`
	FilledAt, LeaderFilledAt     *string
	FollowID                     string `json:"follow_id"`
	LedAt, SentAt, LeaderFilled_ *string
}

// copies are those of an account, the oldest first.
func (u *user) copies(account string) (all []copied) {
	u.s.t.Helper()
	var page struct{ Copies []copied }
	if err := json.Unmarshal([]byte(u.do("GET", "/api/copies", "", "X-Account-ID", account).want(u.s.t, 200, "").text), &page); err != nil {
		u.s.t.Fatal(err)
	}
	for i := range page.Copies {
		all = append(all, page.Copies[len(page.Copies)-1-i])
	}
	return all
}

// said is what became of a copy.
func (c copied) said() string {
	text := c.Action + " " + c.State
	for _, more := range []*string{c.Reason, c.Amount, c.Status} {
		if more != nil {
			text += " " + *more
		}
	}
	return text
}

// follow has an account follow the offer of a code, by a token of its own.
func (u *user) follow(account, code, ratio, more string) (token agent) {
	u.s.t.Helper()
	token = u.agent("copies of "+account, `"scopes":["trade"]`+more, account)
	u.do("POST", "/api/copying/follows", fmt.Sprintf(`{"copy_code":%q,"token_id":%q,"ratio":%q}`, code, token.id, ratio), "X-Account-ID", account).want(u.s.t, 201, "")
	return token
}

// allCopied waits until nothing is to be copied any more and every job is over.
func (s *server) allCopied(account string) {
	s.t.Helper()
	s.await(account, "the copies to end", `select not exists (select from private.due_copies) and not exists (select from app.jobs where ended_at is null)
		and not exists (select from app.alpaca_orders where intent_state = 'submitting' or type = 'market' and is_open) and $1::uuid is not null`)
}

const marketOrder = `{"symbol":"AAPL","side":%q,"type":"market","time_in_force":"day","qty":%q}`

// A leader's orders are copied once to each who consented, scaled, with the limits of each;
// cancellations and replacements follow; and each side sees what is its own.
func TestCopying(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	s.carryOut()
	ada, ben, cy := s.signUp("ada"), s.signUp("ben"), s.signUp("cy")
	leader, one, two := ada.connect("lead", s.seeds[0]), ben.connect("one", s.seeds[1]), cy.connect("two", s.seeds[2])
	for _, account := range []string{leader, one, two} {
		s.await(account, "the mirror to agree", "select exists (select from app.stream_cursors where account_id = $1 and agreed_at is not null)")
	}
	offer := ada.do("POST", "/api/copying/offer", `{"name":"Momentum"}`, "X-Account-ID", leader).want(t, 201, "")
	code := offer.field(t, "copy_code")
	ben.follow(one, code, "0.5", `,"limits":{"allowed_symbols":["AAPL","TSLA"]}`)
	cyToken := cy.follow(two, code, "2", `,"limits":{"max_order_notional":"5000"}`)

	order := func(body string) string {
		t.Helper()
		id := ada.do("POST", "/api/orders", body, "X-Account-ID", leader).want(t, 201, "").field(t, "id")
		s.allCopied(leader)
		return id
	}
	want := func(what string, u *user, account string, said ...string) []copied {
		t.Helper()
		var all []copied
		var got []string
		defer func() {
			if t.Failed() {
				t.Logf("%s: it is %s", what, strings.Join(got, "; "))
			}
		}()
		kit.Eventually(t, what+": "+strings.Join(said, "; "), func() bool { // what the stream tells comes later
			s.sim.Step()
			all, got = u.copies(account), nil
			for _, c := range all[max(len(all)-len(said), 0):] {
				got = append(got, c.said())
			}
			return strings.Join(got, "; ") == strings.Join(said, "; ")
		})
		return all
	}
	order(fmt.Sprintf(marketOrder, "buy", "5"))
	want("half of five shares is two", ben, one, "order done 2 filled")
	first := want("and twice is ten", cy, two, "order done 10 filled")[0]
	s.await(two, "the leader's price", "select exists (select from app.copies where account_id = $1 and leader_price is not null)")
	first = cy.copies(two)[0]
	if first.LeaderPrice == nil || first.Price == nil || first.Lag == nil || *first.Lag < 0 {
		t.Errorf("lag and prices are %+v", first)
	}
	order(fmt.Sprintf(marketOrder, "buy", "1"))
	want("half a share", ben, one, "order skipped too_small")
	order(fmt.Sprintf(marketOrder, "buy", "20"))
	want("what is beyond one's own limits is told with the reason", cy, two, "order failed guard_refused")
	want("and stops no other", ben, one, "order done 10 filled")
	order(`{"symbol":"MSFT","side":"buy","type":"market","time_in_force":"day","qty":"4"}`)
	want("a symbol that one does not want", ben, one, "order failed guard_refused")
	want("and another does", cy, two, "order done 8 filled")
	// The leader sells all of 26: a copy closes what it holds and no more.
	order(fmt.Sprintf(marketOrder, "sell", "26"))
	want("half of it is 13, and twelve are held", ben, one, "order done 12 filled")
	want("52, and twelve are held", cy, two, "order done 12 filled")
	order(fmt.Sprintf(marketOrder, "buy", "2"))
	order(fmt.Sprintf(marketOrder, "sell", "2"))

	// Resting orders: replaced and canceled as the leader does.
	resting := order(`{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"gtc","qty":"4","limit_price":"10"}`)
	want("a resting order", ben, one, "order done 2 new")
	replaced := ada.do("PATCH", "/api/orders/"+resting, `{"qty":"6","limit_price":"11"}`, "X-Account-ID", leader).want(t, 200, "").field(t, "id")
	s.allCopied(leader)
	want("its replacement", ben, one, "order done 2 replaced", "replace done 3 new")
	want("and the other's", cy, two, "order done 8 replaced", "replace done 12 new")
	ada.do("DELETE", "/api/orders/"+replaced, "", "X-Account-ID", leader).want(t, 202, "")
	s.await(leader, "the cancellation", "select not exists (select from app.alpaca_orders where account_id = $1 and is_open)")
	s.allCopied(leader)
	s.await(one, "the copy to be canceled", "select not exists (select from app.alpaca_orders where account_id = $1 and is_open)")
	want("its cancellation", ben, one, "replace done 3 canceled", "cancel done")
	want("and the other's", cy, two, "replace done 12 canceled", "cancel done")

	// Each order of a follower's is one for an order of the leader's.
	var doubled int
	s.scan(&doubled, "select count(*) from (select from app.copies c where action <> 'cancel' group by account_id, led_order_id having count(*) > 1) x")
	if doubled != 0 {
		t.Errorf("%d orders were copied twice", doubled)
	}
	// Who comes first is another each time.
	var firsts []string
	rows, err := s.db.Conn(t, "admin").Query(t.Context(), `select distinct on (c.led_order_id) c.account_id::text from app.copies c join app.jobs j on j.account_id = c.account_id and j.id = c.id
		where c.action = 'order' and c.led_order_id in (select led_order_id from app.copies join app.jobs using (account_id, id) group by 1 having count(*) = 2) order by c.led_order_id, j.accepted_at`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var who string
		if err := rows.Scan(&who); err != nil {
			t.Fatal(err)
		}
		firsts = append(firsts, who)
	}
	if text := strings.Join(firsts, " "); !strings.Contains(text, one) || !strings.Contains(text, two) {
		t.Errorf("first is always the same: %s", text)
	}

	// Each side sees its own. The leader sees how many, and not who; a follower sees a name.
	if got := ada.do("GET", "/api/copying", "", "X-Account-ID", leader).want(t, 200, "").text; !strings.Contains(got, `"followers": 2`) && !strings.Contains(got, `"followers":2`) {
		t.Errorf("the leader sees %s", got)
	}
	led := ada.do("GET", "/api/copies/led", "", "X-Account-ID", leader).want(t, 200, "").text
	theirs := ben.do("GET", "/api/copying", "", "X-Account-ID", one).want(t, 200, "").text + ben.do("GET", "/api/copies", "", "X-Account-ID", one).text
	for _, hidden := range []string{one, two, ben.id(), cy.id()} {
		if strings.Contains(led, hidden) {
			t.Errorf("the leader is told of %s: %s", hidden, led)
		}
	}
	for _, hidden := range []string{leader, two, resting, ada.id(), code} {
		if strings.Contains(theirs, hidden) {
			t.Errorf("a follower is told of %s: %s", hidden, theirs)
		}
	}
	if !strings.Contains(led, resting) || !strings.Contains(theirs, "Momentum") {
		t.Errorf("the leader sees %s, a follower %s", led, theirs)
	}
	eve := s.signUp("eve")
	eve.do("GET", "/api/copies", "", "X-Account-ID", one).want(t, 403, "account_forbidden")
	ada.do("GET", "/api/copies/led", "", "X-Account-ID", one).want(t, 403, "account_forbidden")

	// A token that is revoked ends its consent; a follower ends their own; the offer ends all.
	cy.do("DELETE", "/api/tokens/"+cyToken.id, "").want(t, 200, "")
	order(fmt.Sprintf(marketOrder, "buy", "2"))
	want("after the token was revoked", cy, two, "order skipped ended")
	want("and of the other", ben, one, "order done 1 filled")
	var copying struct{ Follows []struct{ ID string } }
	if err := json.Unmarshal([]byte(ben.do("GET", "/api/copying", "", "X-Account-ID", one).text), &copying); err != nil {
		t.Fatal(err)
	}
	ben.do("DELETE", "/api/copying/follows/"+copying.Follows[0].ID, "", "X-Account-ID", one).want(t, 204, "")
	ben.do("DELETE", "/api/copying/follows/"+copying.Follows[0].ID, "", "X-Account-ID", one).want(t, 404, "copying_not_found")
	before := len(ben.copies(one))
	order(fmt.Sprintf(marketOrder, "buy", "2"))
	if after := len(ben.copies(one)); after != before {
		t.Errorf("who follows no more has %d copies more", after-before)
	}
}

// Who may offer and follow, and what is no consent.
func TestCopyingTakesConsent(t *testing.T) {
	s := newServer(t)
	ada, ben, eve := s.signUp("ada"), s.signUp("ben"), s.signUp("eve")
	leader, one, other := ada.connect("lead", s.seeds[0]), ben.connect("one", s.seeds[1]), ada.connect("other", s.seeds[2])
	s.grant(leader, "ben", "trader")
	ben.do("POST", "/api/copying/offer", `{"name":"mine"}`, "X-Account-ID", leader).want(t, 403, "not_permitted")
	for _, bad := range []string{`{"name":""}`, `{"name":" x"}`, `{"name":"` + strings.Repeat("x", 81) + `"}`} {
		ada.do("POST", "/api/copying/offer", bad, "X-Account-ID", leader).want(t, 400, "invalid_copying")
	}
	code := ada.do("POST", "/api/copying/offer", `{"name":"lead"}`, "X-Account-ID", leader).want(t, 201, "").field(t, "copy_code")
	ada.do("POST", "/api/copying/offer", `{"name":"lead"}`, "X-Account-ID", leader).want(t, 409, "copying_exists")
	s.exec("update app.user_accounts set environment = 'live' where id = $1", other)
	ada.do("POST", "/api/copying/offer", `{"name":"other"}`, "X-Account-ID", other).want(t, 400, "invalid_copying")
	s.exec("update app.user_accounts set environment = 'paper' where id = $1", other)

	good, reader, elsewhere := ben.agent("good", `"scopes":["trade"]`, one), ben.agent("reader", `"scopes":["read"]`, one), ben.agent("elsewhere", `"scopes":["trade"]`, leader)
	adas, anyone := ada.agent("hers", `"scopes":["trade"]`, other), ben.agent("any", `"scopes":["trade"],"paper_only":false`, one)
	follow := func(u *user, account, code, token, ratio string) answer {
		return u.do("POST", "/api/copying/follows", fmt.Sprintf(`{"copy_code":%q,"token_id":%q,"ratio":%s}`, code, token, ratio), "X-Account-ID", account)
	}
	for _, c := range []struct {
		name   string
		got    answer
		status int
		code   string
	}{
		{"a code of nobody", follow(ben, one, "pdkcopy_x", good.id, `"1"`), 404, "copying_not_found"},
		{"no code", follow(ben, one, "", good.id, `"1"`), 404, "copying_not_found"},
		{"a token that may only read", follow(ben, one, code, reader.id, `"1"`), 400, "invalid_copying"},
		{"a token that does not reach the account", follow(ben, one, code, elsewhere.id, `"1"`), 400, "invalid_copying"},
		{"a token that is not for paper alone", follow(ben, one, code, anyone.id, `"1"`), 400, "invalid_copying"},
		{"another's token", follow(ben, one, code, adas.id, `"1"`), 400, "invalid_copying"},
		{"no token", follow(ben, one, code, uuid.NewString(), `"1"`), 400, "invalid_copying"},
		{"no token's id", follow(ben, one, code, "x", `"1"`), 400, "invalid_copying"},
		{"itself", follow(ada, leader, code, ada.agent("own", `"scopes":["trade"]`, leader).id, `"1"`), 400, "invalid_copying"},
		{"nothing", follow(ben, one, code, good.id, `"0"`), 400, "invalid_copying"},
		{"less than nothing", follow(ben, one, code, good.id, `"-1"`), 400, "invalid_copying"},
		{"no number", follow(ben, one, code, good.id, `"NaN"`), 400, "invalid_copying"},
		{"too much", follow(ben, one, code, good.id, `"1001"`), 400, "invalid_copying"},
		{"for a stranger's account", follow(eve, one, code, good.id, `"1"`), 403, "account_forbidden"},
		{"for an account on which one only trades", follow(ben, leader, code, elsewhere.id, `"1"`), 403, "not_permitted"},
		{"as it should be", follow(ben, one, code, good.id, `0.25`), 201, ""},
		{"twice", follow(ben, one, code, ben.agent("more", `"scopes":["trade"]`, one).id, `"1"`), 409, "copying_exists"},
	} {
		if c.got.status != c.status || c.got.code() != c.code {
			t.Errorf("%s: %d %s", c.name, c.got.status, c.got.text)
		}
	}
	// What is copied is not copied on: two that follow one another do not go round for ever.
	back := ben.do("POST", "/api/copying/offer", `{"name":"back"}`, "X-Account-ID", one).want(t, 201, "").field(t, "copy_code")
	ada.follow(leader, back, "1", "")
	s.sim.SetAlwaysOpen(true)
	s.stream()
	s.carryOut()
	for _, account := range []string{leader, one} {
		s.await(account, "the mirror to agree", "select exists (select from app.stream_cursors where account_id = $1 and agreed_at is not null)")
	}
	ada.do("POST", "/api/orders", fmt.Sprintf(marketOrder, "buy", "8"), "X-Account-ID", leader).want(t, 201, "")
	s.allCopied(leader)
	ben.do("POST", "/api/orders", fmt.Sprintf(marketOrder, "buy", "3"), "X-Account-ID", one).want(t, 201, "")
	s.allCopied(leader)
	if a, b := ada.copies(leader), ben.copies(one); len(a) != 1 || len(b) != 1 || a[0].said() != "order done 3 filled" || b[0].said() != "order done 2 filled" {
		t.Errorf("the copies are %+v and %+v", a, b)
	}
	// The offer's end ends all, at once; what waits to be copied is not.
	s.exec("insert into private.due_copies (account_id, copy_id, leader_id) select account_id, id, $1 from app.copies where account_id = $2", leader, one)
	ada.do("DELETE", "/api/copying/offer", "", "X-Account-ID", leader).want(t, 200, "")
	ada.do("DELETE", "/api/copying/offer", "", "X-Account-ID", leader).want(t, 404, "copying_not_found")
	ada.do("POST", "/api/orders", fmt.Sprintf(marketOrder, "buy", "8"), "X-Account-ID", leader).want(t, 201, "")
	s.allCopied(leader)
	if b := ben.copies(one); len(b) != 1 {
		t.Errorf("after the offer's end the copies are %+v", b)
	}
	if got := ben.do("GET", "/api/copying", "", "X-Account-ID", one).text; !strings.Contains(got, `"leader"`) {
		t.Errorf("the follower is told %s", got)
	}
	kit.Eventually(t, "the orders of both to be what they asked for", func() bool { return s.orderCount() == 5 })
}
