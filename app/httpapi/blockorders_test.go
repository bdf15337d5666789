package httpapi_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// block is a block order as the API answers it.
type block struct {
	ID       string
	UnderWay bool `json:"under_way"`
	Parts    []struct {
		Account  string `json:"account_id"`
		Qty      *string
		Notional *string
		Equity   *string
		State    string
		Job      *string `json:"job_id"`
		Status   *int
		Refusal  *struct{ Code string }
		Order    *struct{ ID, Status string }
	}
}

func blockIn(t *testing.T, a answer) (b block) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.text), &b); err != nil || a.status >= 300 {
		t.Fatalf("%d %s: %v", a.status, a.text, err)
	}
	return b
}

// summary is what each part is and what became of it.
func (b block) summary() string {
	var all []string
	for _, p := range b.Parts {
		amount := ""
		switch {
		case p.Qty != nil:
			amount = *p.Qty
		case p.Notional != nil:
			amount = "$" + *p.Notional
		}
		text := amount + " " + p.State
		if p.Refusal != nil {
			text += " " + p.Refusal.Code
		}
		if p.Order != nil {
			text += " " + p.Order.Status
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// blockBody is a request: each account is its id, with more fields behind a space.
func blockBody(order, method string, accounts ...string) string {
	var all []string
	for _, a := range accounts {
		id, more, _ := strings.Cut(a, " ")
		if more != "" {
			more = "," + more
		}
		all = append(all, fmt.Sprintf(`{"account_id":%q%s}`, id, more))
	}
	return fmt.Sprintf(`{"order":%s,"allocation":{"method":%s},"accounts":[%s]}`, order, method, strings.Join(all, ","))
}

const (
	buyTen   = `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"10"}`
	buyLimit = `{"symbol":"AAPL","side":"buy","type":"limit","limit_price":"100","time_in_force":"day"}`
)

// scan reads one value, behind the policies.
func (s *server) scan(into any, sql string, args ...any) {
	s.t.Helper()
	if err := s.db.Conn(s.t, "admin").QueryRow(s.t.Context(), sql, args...).Scan(into); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) orderCount() (n int) {
	s.t.Helper()
	s.scan(&n, "select count(*) from app.alpaca_orders")
	return n
}

// How an order is divided: exactly, whatever the method, and the total is never passed.
func TestBlockOrdersAreDividedExactly(t *testing.T) {
	s := newServer(t)
	ada := s.signUp("ada")
	one, two, three := ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1]), ada.connect("three", s.seeds[2])
	coins := `{"symbol":"BTCUSD","side":"buy","type":"market","time_in_force":"gtc","qty":"1"}`
	dollars := `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","notional":"100"}`
	market := `{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day"}`
	for _, c := range []struct {
		name, body, want string
	}{
		{"what is left goes to the first of equals", blockBody(buyTen, `"equal"`, one, two, three), "4 3 3"},
		{"one account gets all", blockBody(buyTen, `"equal"`, two), "10"},
		{"more accounts than shares", blockBody(strings.Replace(buyTen, `"10"`, `"2"`, 1), `"equal"`, one, two, three), "1 1 0"},
		{"ratios", blockBody(buyTen, `"ratio"`, one+` "ratio":"1"`, two+` "ratio":"2.5"`, three+` "ratio":3`), "1 4 5"}, // 1.54, 3.85, 4.62
		{"a ratio that is next to nothing", blockBody(buyTen, `"ratio"`, one+` "ratio":"0.000000000000000001"`, two+` "ratio":"999999999999999999"`), "0 10"},
		{"fractions of shares where the total has some", blockBody(strings.Replace(buyTen, `"10"`, `"0.5"`, 1), `"equal"`, one, two, three), "0.166666667 0.166666667 0.166666666"},
		{"fractions of shares where they are asked for", strings.Replace(blockBody(buyTen, `"equal"`, one, two, three), `"equal"`, `"equal","fractions":true`, 1), "3.333333334 3.333333333 3.333333333"},
		{"coins", blockBody(coins, `"equal"`, one, two, three), "0.333333334 0.333333333 0.333333333"},
		{"dollars to the cent", blockBody(dollars, `"equal"`, one, two, three), "$33.34 $33.33 $33.33"},
	} {
		got := ada.do("POST", "/api/block-orders/preview", c.body).want(t, 200, "")
		b := blockIn(t, got)
		var amounts []string
		sum := new(big.Rat)
		for _, p := range b.Parts {
			text := ""
			if p.Qty != nil {
				text = *p.Qty
			} else {
				text = "$" + *p.Notional
			}
			amounts = append(amounts, text)
			n, ok := new(big.Rat).SetString(strings.TrimPrefix(text, "$"))
			if !ok {
				t.Fatalf("%s: %s", c.name, got.text)
			}
			sum.Add(sum, n)
		}
		if strings.Join(amounts, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, amounts, c.want)
		}
		if total, _ := new(big.Rat).SetString(got.field(t, "total")); sum.Cmp(total) != 0 {
			t.Errorf("%s: the parts are %s together, and the total %s", c.name, sum, total)
		}
	}
	// By equity: each as Alpaca has it now, and not as it was read once.
	s.exec("insert into app.account_balances (account_id, equity, last_equity, as_of) values ($1, 1, 1, now() - interval '2 minutes')", one)
	b := blockIn(t, ada.do("POST", "/api/block-orders/preview", blockBody(buyTen, `"net_liquidation"`, one, two, three)).want(t, 200, ""))
	shares := new(big.Rat)
	for _, p := range b.Parts {
		n, _ := new(big.Rat).SetString(*p.Qty)
		shares.Add(shares, n)
		if p.Equity == nil || *p.Equity == "1" {
			t.Errorf("the equity of a part is %v", p.Equity)
		}
	}
	if shares.Cmp(big.NewRat(10, 1)) != 0 {
		t.Errorf("the shares by equity are %s", shares)
	}
	// A percentage of its own equity each, rounded down.
	for order, unit := range map[string]string{market: "dollars", buyLimit: "shares"} {
		b := blockIn(t, ada.do("POST", "/api/block-orders/preview", blockBody(order, `"percent"`, one+` "percent":"2.3456789"`, two+` "percent":"1.23456789"`)).want(t, 200, ""))
		for i, p := range b.Parts {
			equity, _ := new(big.Rat).SetString(*p.Equity)
			most := new(big.Rat).Mul(equity, []*big.Rat{big.NewRat(23456789, 1e9), big.NewRat(123456789, 1e10)}[i])
			step, text := big.NewRat(1, 100), p.Notional
			if unit == "shares" {
				most.Quo(most, big.NewRat(100, 1))
				step, text = big.NewRat(1, 1), p.Qty
			}
			got, _ := new(big.Rat).SetString(*text)
			if over := new(big.Rat).Sub(most, got); over.Sign() < 0 || over.Cmp(step) >= 0 {
				t.Errorf("%s: %s of %s is %s", unit, b.Parts[i].Account, *p.Equity, *text)
			}
		}
	}
	for _, c := range []struct{ name, body, code string }{
		{"no account", blockBody(buyTen, `"equal"`), "invalid_block_order"},
		{"an account twice", blockBody(buyTen, `"equal"`, one, two, strings.ToUpper(one)), "invalid_block_order"},
		{"no account's id", blockBody(buyTen, `"equal"`, "one"), "invalid_block_order"},
		{"no method", blockBody(buyTen, `""`, one), "invalid_block_order"},
		{"a ratio that is no number", blockBody(buyTen, `"ratio"`, one+` "ratio":"NaN"`), "invalid_block_order"},
		{"a ratio that is infinite", blockBody(buyTen, `"ratio"`, one+` "ratio":"Infinity"`), "invalid_block_order"},
		{"a ratio below 0", blockBody(buyTen, `"ratio"`, one+` "ratio":"-1"`, two+` "ratio":"2"`), "invalid_block_order"},
		{"a ratio of 0", blockBody(buyTen, `"ratio"`, one+` "ratio":"0"`), "invalid_block_order"},
		{"a huge ratio", blockBody(buyTen, `"ratio"`, one+` "ratio":"1e30"`), "invalid_block_order"},
		{"no ratio", blockBody(buyTen, `"ratio"`, one), "invalid_block_order"},
		{"a ratio without its method", blockBody(buyTen, `"equal"`, one+` "ratio":"1"`), "invalid_block_order"},
		{"a percentage above 100", blockBody(market, `"percent"`, one+` "percent":"100.1"`), "invalid_block_order"},
		{"a percentage of a total", blockBody(buyTen, `"percent"`, one+` "percent":"1"`), "invalid_block_order"},
		{"a total below 0", blockBody(strings.Replace(buyTen, `"10"`, `"-1"`, 1), `"equal"`, one), "invalid_order"},
		{"a huge total", blockBody(strings.Replace(buyTen, `"10"`, `"1e30"`, 1), `"equal"`, one), "invalid_order"},
		{"a total that is no number", blockBody(strings.Replace(buyTen, `"10"`, `"NaN"`, 1), `"equal"`, one), "invalid_order"},
		{"no total", blockBody(market, `"equal"`, one), "invalid_order"},
		{"half a share that may not be", strings.Replace(blockBody(strings.Replace(buyTen, `"10"`, `"0.5"`, 1), `"equal"`, one), `"equal"`, `"equal","fractions":false`, 1), "invalid_block_order"},
		{"half a cent", blockBody(strings.Replace(dollars, `"100"`, `"100.005"`, 1), `"equal"`, one), "invalid_block_order"},
		{"half a contract", blockBody(`{"symbol":"AAPL261218C00200000","side":"buy","type":"market","time_in_force":"day","qty":"1.5"}`, `"equal"`, one), "invalid_block_order"},
		{"half a share until it is canceled", blockBody(`{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"gtc","qty":"1.5"}`, `"equal"`, one), "invalid_block_order"},
		{"a client_order_id", blockBody(strings.Replace(buyTen, `{`, `{"client_order_id":"x",`, 1), `"equal"`, one), "invalid_block_order"},
		{"a sleeve for all", blockBody(strings.Replace(buyTen, `{`, `{"sleeve_id":"`+uuid.NewString()+`",`, 1), `"equal"`, one), "invalid_block_order"},
	} {
		if got := ada.do("POST", "/api/block-orders/preview", c.body); got.status != 400 || got.code() != c.code {
			t.Errorf("%s: %d %s", c.name, got.status, got.text)
		}
	}
	if n := s.orderCount(); n != 0 {
		t.Errorf("previews have made %d orders", n)
	}
}

// A block order is sent once to each account, and what becomes of one part stops no other.
func TestBlockOrdersAreSentOnce(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada, ben := s.signUp("ada"), s.signUp("ben")
	one, two, three := ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1]), ben.connect("three", s.seeds[2])
	s.grant(three, "ada", "trader")
	mine := ada.sleeve(one, "mine", "5000", "")

	// Nothing runs yet: the parts wait, and a retry finds them.
	body := blockBody(buyTen, `"ratio"`, one+` "ratio":"3","sleeve_id":"`+mine+`"`, two+` "ratio":"6"`, three+` "ratio":"1"`)
	first := blockIn(t, ada.do("POST", "/api/block-orders", body, "Idempotency-Key", "k", "Prefer", "respond-async").want(t, 202, ""))
	if got := first.summary(); got != "3 waiting, 6 waiting, 1 waiting" || !first.UnderWay {
		t.Errorf("at first it is %s", got)
	}
	ada.do("PUT", "/api/guards", `{"max_order_notional":"100"}`, "X-Account-ID", two).want(t, 200, "")
	s.carryOut()
	// Many retries at once are the first one.
	var retries sync.WaitGroup
	for range 5 {
		retries.Go(func() {
			if again := blockIn(t, ada.do("POST", "/api/block-orders", body, "Idempotency-Key", "k").want(t, 200, "")); again.ID != first.ID || again.UnderWay {
				t.Errorf("a retry is %+v", again)
			}
		})
	}
	retries.Wait()
	for _, account := range []string{one, three} {
		s.settle(account)
	}
	now := blockIn(t, ada.do("GET", "/api/block-orders/"+first.ID, "").want(t, 200, ""))
	if got := now.summary(); got != "3 done filled, 6 failed guard_refused, 1 done filled" {
		t.Errorf("it is %s", got)
	}
	if *now.Parts[1].Status != 422 || *now.Parts[0].Status != 201 {
		t.Errorf("the statuses are %d and %d", *now.Parts[0].Status, *now.Parts[1].Status)
	}
	if n := s.orderCount(); n != 2 {
		t.Errorf("there are %d orders", n)
	}
	if order := ada.do("GET", "/api/orders/"+*now.Parts[0].Job, "", "X-Account-ID", one).want(t, 200, ""); order.field(t, "sleeve_id") != mine || order.field(t, "client_order_id") != *now.Parts[0].Job {
		t.Errorf("the first part's order is %s", order.text)
	}
	for name, other := range map[string]string{
		"another total":    strings.Replace(body, `"10"`, `"11"`, 1),
		"another ratio":    strings.Replace(body, `"ratio":"6"`, `"ratio":"5"`, 1),
		"another order":    strings.Replace(body, `"ratio":"6"`, `"ratio":"5"`, 1),
		"another method":   blockBody(buyTen, `"net_liquidation"`, one, two),
		"another accounts": blockBody(buyTen, `"equal"`, one),
	} {
		if got := ada.do("POST", "/api/block-orders", other, "Idempotency-Key", "k"); got.status != 409 || got.code() != "idempotency_key_reused" {
			t.Errorf("the key with %s: %d %s", name, got.status, got.text)
		}
	}
	ada.do("POST", "/api/block-orders", body).want(t, 400, "invalid_idempotency_key")

	// Who has lost an account does not see its part any more.
	s.exec("delete from app.account_grants where account_id = $1 and role = 'trader'", three)
	if left := blockIn(t, ada.do("GET", "/api/block-orders/"+first.ID, "")); len(left.Parts) != 2 {
		t.Errorf("without the account the parts are %s", left.summary())
	}
	// What is halted gets nothing, and the others theirs; and a part of 0 is told.
	ada.do("POST", "/api/guards/switch", `{"switch":"halted"}`, "X-Account-ID", two)
	halted := blockIn(t, ada.do("POST", "/api/block-orders", blockBody(strings.Replace(buyTen, `"10"`, `"1"`, 1), `"ratio"`, two+` "ratio":"2"`, one+` "ratio":"1"`), "Idempotency-Key", "halted").want(t, 200, ""))
	if got := halted.summary(); got != "1 failed guard_refused, 0 none" {
		t.Errorf("it is %s", got)
	}
	if list := ada.do("GET", "/api/block-orders?limit=1", "").want(t, 200, ""); !strings.Contains(list.text, halted.ID) || strings.Contains(list.text, first.ID) || list.field(t, "next_cursor") == "" {
		t.Errorf("the list is %s", list.text)
	}
	if list := ben.do("GET", "/api/block-orders", "").want(t, 200, ""); !strings.Contains(list.text, `"block_orders":[]`) {
		t.Errorf("another's list is %s", list.text)
	}
	ben.do("GET", "/api/block-orders/"+first.ID, "").want(t, 404, "block_order_not_found")
	ada.do("GET", "/api/block-orders/x", "").want(t, 400, "invalid_block_order")
}

// Where one account is not the user's to trade on, nothing is sent to any, and nothing is
// told of an account that is a stranger's.
func TestBlockOrdersAreForOnesOwnAccounts(t *testing.T) {
	s := newServer(t)
	ada, ben, eve := s.signUp("ada"), s.signUp("ben"), s.signUp("eve")
	one, two, hers := ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1]), eve.connect("hers", s.seeds[2])
	s.grant(one, "ben", "trader")
	s.grant(two, "ben", "viewer")
	narrow, reader := ada.agent("narrow", "", one), ada.agent("reader", `"scopes":["read"]`, one, two)
	for _, c := range []struct {
		name   string
		do     func(method, path, body string, headers ...string) answer
		method string
		other  string
		code   string
	}{
		{"a stranger's", ada.do, `"equal"`, hers, "account_forbidden"},
		{"a stranger's, by equity", ada.do, `"net_liquidation"`, hers, "account_forbidden"},
		{"one that is not there", ada.do, `"equal"`, uuid.NewString(), "account_forbidden"},
		{"one that one may only read", ben.do, `"equal"`, two, "not_permitted"},
		{"one that the token does not reach", narrow.do, `"equal"`, two, "account_forbidden"},
		{"by a token that may only read", reader.do, `"equal"`, two, "not_permitted"},
		{"without a session", (&user{s: s}).do, `"equal"`, two, "unauthenticated"},
	} {
		for _, path := range []string{"/api/block-orders", "/api/block-orders/preview"} {
			got := c.do("POST", path, blockBody(buyTen, c.method, one, c.other), "Idempotency-Key", c.name)
			if got.code() != c.code || strings.Contains(got.text, "hers") {
				t.Errorf("%s %s: %d %s", path, c.name, got.status, got.text)
			}
		}
	}
	var rows int
	s.scan(&rows, "select (select count(*) from app.jobs) + (select count(*) from private.block_orders) + (select count(*) from private.block_order_parts)")
	if rows != 0 {
		t.Errorf("%d rows were made", rows)
	}
	// A token's block orders are its own, with its keys.
	mine := blockIn(t, narrow.do("POST", "/api/block-orders", blockBody(buyTen, `"equal"`, one), "Idempotency-Key", "k", "Prefer", "respond-async").want(t, 202, ""))
	ours := blockIn(t, ada.do("POST", "/api/block-orders", blockBody(buyTen, `"equal"`, two), "Idempotency-Key", "k", "Prefer", "respond-async").want(t, 202, ""))
	narrow.do("GET", "/api/block-orders/"+ours.ID, "").want(t, 404, "block_order_not_found")
	ada.do("GET", "/api/block-orders/"+mine.ID, "").want(t, 200, "")
	// A token that is revoked before its part was sent sends nothing.
	ada.do("DELETE", "/api/tokens/"+narrow.id, "").want(t, 200, "")
	s.carryOut()
	s.await(two, "the parts to end", "select not exists (select from app.jobs where ended_at is null) and $1::uuid is not null")
	if got := blockIn(t, ada.do("GET", "/api/block-orders/"+mine.ID, "")).summary(); got != "10 failed unauthenticated" {
		t.Errorf("that of the revoked token is %s", got)
	}
}

// Many block orders at once, each naming the same accounts in another order, all end, and
// the guards of an account hold for all of them together.
func TestBlockOrdersAtOnce(t *testing.T) {
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	ada := s.signUp("ada")
	accounts := []string{ada.connect("one", s.seeds[0]), ada.connect("two", s.seeds[1]), ada.connect("three", s.seeds[2])}
	ada.do("PUT", "/api/guards", `{"max_position_qty":"5"}`, "X-Account-ID", accounts[1]).want(t, 200, "")
	s.carryOut()
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			named := []string{accounts[i%3], accounts[(i+1+i%2)%3], accounts[(i+2-i%2)%3]}
			a := ada.do("POST", "/api/block-orders", blockBody(strings.Replace(buyTen, `"10"`, `"3"`, 1), `"equal"`, named...), "Idempotency-Key", fmt.Sprint(i))
			if a.status != 200 && a.status != 202 {
				t.Errorf("%d %s", a.status, a.text)
			}
		})
	}
	all.Wait()
	s.await(accounts[0], "all parts to end", "select not exists (select from app.jobs where ended_at is null) and $1::uuid is not null")
	for i, want := range []string{"12", "5", "12"} {
		s.settle(accounts[i])
		var held string
		s.scan(&held, "select trim_scale(qty)::text from app.alpaca_positions where account_id = $1 and symbol = 'AAPL'", accounts[i])
		if held != want {
			t.Errorf("account %d holds %s, want %s", i+1, held, want)
		}
	}
}
