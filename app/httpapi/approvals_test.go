package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"paddock/tests/kit"
)

// approval is one as the API shows it.
type approval struct {
	ID, Kind, State, Digest string
	Reason                  *string
	Worth                   *string
	Needed                  int
	Words                   []struct {
		UserID string `json:"user_id"`
		Word   string
	}
}

// floor is an account on which orders of API tokens above 500 dollars wait for a word.
type approvalFloor struct {
	*server
	ada     *user
	account string
	agent   agent
}

func newApprovalFloor(t *testing.T, guards string) *approvalFloor {
	t.Helper()
	f := newIdleApprovalFloor(t, guards)
	f.carryOut()
	return f
}

// newIdleApprovalFloor is one where what was approved is not sent yet.
func newIdleApprovalFloor(t *testing.T, guards string) *approvalFloor {
	t.Helper()
	s := newServer(t)
	s.sim.SetAlwaysOpen(true)
	s.stream()
	f := &approvalFloor{server: s, ada: s.signUp("ada")}
	f.account = f.ada.connect("one", s.seeds[0])
	s.synced(f.account)
	f.agent = f.ada.agent("agent", "", f.account)
	f.guards(guards)
	return f
}

func (f *approvalFloor) guards(guards string) {
	f.t.Helper()
	f.ada.do("PUT", "/api/guards", guards, "X-Account-ID", f.account).want(f.t, 200, "")
}

// join gives a new user a role on the account.
func (f *approvalFloor) join(name, role string) *user {
	f.t.Helper()
	u := f.signUp(name)
	f.grant(f.account, name, role)
	return u
}

// buy returns a buy at 100 dollars each, which rests.
func buy(qty, more string) string {
	return fmt.Sprintf(`{"symbol":"AAPL","side":"buy","type":"limit","time_in_force":"day","limit_price":"100","qty":%q%s}`, qty, more)
}

// propose sends an order that waits, and returns its approval.
func (f *approvalFloor) propose(by interface {
	do(string, string, string, ...string) answer
}, body string, headers ...string) approval {
	f.t.Helper()
	job := by.do("POST", "/api/orders", body, append(headers, "X-Account-ID", f.account)...).want(f.t, 202, "")
	if got := job.field(f.t, "state"); got != "pending_approval" {
		f.t.Fatalf("the order's job is %s: %s", got, job.text)
	}
	return f.approval(job.field(f.t, "id"))
}

func (f *approvalFloor) approval(id string) (a approval) {
	f.t.Helper()
	answer := f.ada.do("GET", "/api/approvals/"+id, "", "X-Account-ID", f.account).want(f.t, 200, "")
	if err := json.Unmarshal([]byte(answer.text), &a); err != nil {
		f.t.Fatal(err)
	}
	return a
}

// say says a word of an approval, as it is now.
func (f *approvalFloor) say(u *user, word string, a approval, more string) answer {
	f.t.Helper()
	return u.do("POST", "/api/approvals/"+a.ID+"/"+word, fmt.Sprintf(`{"digest":%q%s}`, a.Digest, more), "X-Account-ID", f.account)
}

// becomes waits until an approval is of a state.
func (f *approvalFloor) becomes(a approval, state string) {
	f.t.Helper()
	kit.Eventually(f.t, "the approval to be "+state, func() bool { return f.approval(a.ID).State == state })
}

// jobOf waits until the job of an approval ended, and returns it.
func (f *approvalFloor) jobOf(a approval) (job answer) {
	f.t.Helper()
	kit.Eventually(f.t, "the job to end", func() bool {
		job = f.ada.do("GET", "/api/jobs/"+a.ID, "", "X-Account-ID", f.account).want(f.t, 200, "")
		return job.field(f.t, "ended_at") != ""
	})
	return job
}

// wantSent fails unless the broker has so many orders.
func (f *approvalFloor) wantSent(n int) {
	f.t.Helper()
	if got := len(f.sim.Orders(f.seeds[0].KeyID)); got != n {
		f.t.Errorf("the broker has %d orders, want %d", got, n)
	}
}

const above500 = `{"approval_above":"500"}`

// An agent's order above the limit waits for a person, is sent once when one approves it,
// and its retries say so before and after. What is below the limit, closes something or
// comes from a person does not wait.
func TestAnOrderWaitsForAPerson(t *testing.T) {
	f := newApprovalFloor(t, above500)
	f.agent.do("POST", "/api/orders", buy("5", ""), "X-Account-ID", f.account).want(t, 201, "")
	f.ada.do("POST", "/api/orders", buy("6", ""), "X-Account-ID", f.account).want(t, 201, "")
	f.wantSent(2)

	order := buy("6", `,"reason":"the gap closes","client_order_id":"mine"`)
	a := f.propose(f.agent, order)
	f.wantSent(2)
	if a.State != "pending" || a.Kind != "order" || *a.Reason != "the gap closes" || *a.Worth != "600.00" || a.Needed != 1 {
		t.Errorf("it is %+v", a)
	}
	if again := f.propose(f.agent, order); again.ID != a.ID {
		t.Error("its retry proposes another")
	}
	f.agent.do("POST", "/api/orders", buy("7", `,"client_order_id":"mine"`), "X-Account-ID", f.account).want(t, 409, "client_order_id_taken")
	if now := f.ada.do("GET", "/api/approvals/"+a.ID+"/preview", "", "X-Account-ID", f.account).want(t, 200, ""); !strings.Contains(now.text, `"estimated_cost":"600"`) {
		t.Errorf("what it would cost now is %s", now.text)
	}

	// Who decides sees what it would cost now, and so does everybody who may read, and who asks.
	for name, role := range map[string]string{"amy": "approver", "vic": "viewer"} {
		if now := f.join(name, role).do("GET", "/api/approvals/"+a.ID+"/preview", "", "X-Account-ID", f.account).want(t, 200, ""); !strings.Contains(now.text, `"estimated_cost":"600"`) {
			t.Errorf("what it would cost now is, for the %s, %s", role, now.text)
		}
	}
	vic := f.ada.signInAgain("vic")
	if seen := vic.do("GET", "/api/approvals/"+a.ID, "", "X-Account-ID", f.account).want(t, 200, ""); !strings.Contains(seen.text, `"names": {"`+f.ada.id()+`": "ada"}`) {
		t.Errorf("a viewer sees of who asks: %s", seen.text)
	}

	// An agent is no person, and a trader no approver.
	f.agent.do("POST", "/api/approvals/"+a.ID+"/approve", fmt.Sprintf(`{"digest":%q}`, a.Digest), "X-Account-ID", f.account).want(t, 403, "not_permitted")
	for name, role := range map[string]string{"tom": "trader", "vera": "viewer"} {
		f.say(f.join(name, role), "approve", a, "").want(t, 403, "not_permitted")
	}
	wrong := a
	wrong.Digest = strings.Repeat("0", 64)
	f.say(f.ada, "approve", wrong, "").want(t, 409, "approval_changed")
	f.say(f.ada, "approve", a, `,"max_price_move":"101"`).want(t, 400, "invalid_approval")
	f.wantSent(2)

	f.say(f.ada, "approve", a, "").want(t, 200, "")
	f.say(f.ada, "approve", a, "").want(t, 200, "") // the lost answer's retry
	if seen := f.agent.do("GET", "/api/approvals/"+a.ID, "", "X-Account-ID", f.account).want(t, 200, ""); strings.Count(seen.text, `"ada"`) != 1 || strings.Contains(seen.text, `"vic"`) {
		t.Errorf("the agent sees of who approved: %s", seen.text)
	}
	if job := f.jobOf(a); job.field(t, "state") != "done" || !strings.Contains(job.text, `"status": 201`) {
		t.Errorf("the job is %s", job.text)
	}
	f.wantSent(3)
	sent := f.agent.do("POST", "/api/orders", order, "X-Account-ID", f.account).want(t, 201, "")
	if sent.field(t, "id") != a.ID || sent.field(t, "token_id") != f.agent.id || sent.field(t, "reason") != "the gap closes" {
		t.Errorf("the order is %s", sent.text)
	}
	f.say(f.ada, "refuse", a, "").want(t, 409, "approval_decided")
	f.becomes(a, "used")
	f.wantSent(3)

	// Orders that only reduce, and cancels, need nobody.
	f.ada.do("POST", "/api/orders", `{"symbol":"MSFT","side":"buy","type":"market","time_in_force":"day","qty":"20"}`, "X-Account-ID", f.account).want(t, 201, "")
	f.settle(f.account)
	f.synced(f.account)
	f.agent.do("POST", "/api/orders", `{"symbol":"MSFT","side":"sell","type":"market","time_in_force":"day","qty":"20"}`, "X-Account-ID", f.account).want(t, 201, "")
	f.agent.do("DELETE", "/api/orders/"+sent.field(t, "id"), "", "X-Account-ID", f.account).want(t, 202, "")
}

// What nobody approves is not sent: it was refused, has expired, was withdrawn or halted,
// its token was revoked, or it was approved and has changed since.
func TestNothingUnapprovedIsSent(t *testing.T) {
	f := newApprovalFloor(t, above500)
	ben := f.join("ben", "approver")
	expire := func(a approval) {
		f.t.Helper()
		texts(t, f.db, fmt.Sprintf(`with held as (update app.approvals set expires_at = now() - interval '1 second' where id = '%s' returning id) select id::text from held`, a.ID))
	}
	n := 0
	propose := func(by agent, more string) approval {
		t.Helper()
		n++
		return f.propose(by, buy("6", fmt.Sprintf(`,"client_order_id":"order-%d"%s`, n, more)))
	}
	again := func(code string) {
		t.Helper()
		f.agent.do("POST", "/api/orders", buy("6", fmt.Sprintf(`,"client_order_id":"order-%d"`, n)), "X-Account-ID", f.account).want(t, 422, code)
	}

	a := propose(f.agent, "")
	f.say(ben, "refuse", a, `,"note":"too early"`).want(t, 200, "")
	if job := f.jobOf(a); !strings.Contains(job.text, "approval_refused") || !strings.Contains(job.text, "too early") {
		t.Errorf("the refused job is %s", job.text)
	}
	f.becomes(a, "refused")
	again("approval_refused")
	f.say(f.ada, "approve", a, "").want(t, 409, "approval_decided")

	a = propose(f.agent, "")
	expire(a)
	f.say(ben, "approve", a, "").want(t, 409, "approval_expired")
	if job := f.jobOf(a); !strings.Contains(job.text, "approval_expired") {
		t.Errorf("the expired job is %s", job.text)
	}
	f.becomes(a, "expired")

	a = propose(f.agent, "")
	f.agent.do("DELETE", "/api/jobs/"+a.ID, "", "X-Account-ID", f.account).want(t, 200, "")
	f.becomes(a, "withdrawn")
	f.say(ben, "approve", a, "").want(t, 409, "approval_decided")

	a = propose(f.agent, "")
	f.ada.do("POST", "/api/guards/switch", `{"switch":"halted"}`, "X-Account-ID", f.account).want(t, 200, "")
	f.becomes(a, "withdrawn")
	f.ada.do("POST", "/api/guards/switch", `{"switch":"open"}`, "X-Account-ID", f.account).want(t, 200, "")

	revoked := f.ada.agent("revoked", "", f.account)
	a = propose(revoked, "")
	f.ada.do("DELETE", "/api/tokens/"+revoked.id, "").want(t, 200, "")
	f.say(ben, "approve", a, "").want(t, 200, "")
	if job := f.jobOf(a); !strings.Contains(job.text, "unauthenticated") {
		t.Errorf("the job of the revoked token is %s", job.text)
	}
	f.becomes(a, "failed")

	// The price moves before the word that allows less.
	a = propose(f.agent, "")
	was := f.price("AAPL")
	f.sim.SetPrice("AAPL", was.Mul(decimal.RequireFromString("1.03")))
	f.say(ben, "approve", a, `,"max_price_move":"2.9"`).want(t, 200, "")
	if job := f.jobOf(a); !strings.Contains(job.text, "approval_void") || !strings.Contains(job.text, "price of AAPL") {
		t.Errorf("the job whose price moved is %s", job.text)
	}
	f.becomes(a, "void")
	f.wantSent(0)
	f.sim.SetPrice("AAPL", was)
	a = propose(f.agent, "")
	f.sim.SetPrice("AAPL", was.Mul(decimal.RequireFromString("1.03")))
	f.say(ben, "approve", a, `,"max_price_move":"3.5"`).want(t, 200, "")
	if job := f.jobOf(a); job.field(t, "state") != "done" {
		t.Errorf("the job whose price moved less than was approved is %s", job.text)
	}
	f.wantSent(1)
}

// price returns the simulator's price of a symbol.
func (f *approvalFloor) price(symbol string) decimal.Decimal {
	f.t.Helper()
	preview := f.ada.do("POST", "/api/orders/preview", fmt.Sprintf(`{"symbol":%q,"side":"buy","type":"market","time_in_force":"day","qty":"1"}`, symbol), "X-Account-ID", f.account).want(f.t, 200, "")
	var body struct{ Prices map[string]decimal.Decimal }
	if err := json.Unmarshal([]byte(preview.text), &body); err != nil {
		f.t.Fatal(err)
	}
	return body.Prices[symbol]
}

// With four eyes people's orders wait as well, nobody approves their own or their agent's,
// and as many must stand by it as are needed when it goes: not one who has no role any more.
func TestFourEyes(t *testing.T) {
	f := newApprovalFloor(t, `{}`)
	f.ada.do("PUT", "/api/guards", `{"approval_above":"500","four_eyes":true}`, "X-Account-ID", f.account).want(t, 409, "nobody_approves")
	ben, cleo := f.join("ben", "approver"), f.join("cleo", "owner")
	f.guards(`{"approval_above":"500","four_eyes":true,"approvals_needed":2}`)

	a := f.propose(f.ada, buy("6", ""))
	f.say(f.ada, "approve", a, "").want(t, 403, "own_approval")
	f.say(ben, "approve", a, "").want(t, 200, "")
	f.say(ben, "approve", a, "").want(t, 200, "")
	if now := f.approval(a.ID); now.State != "pending" || len(now.Words) != 1 {
		t.Errorf("with one of two it is %+v", now)
	}
	f.say(cleo, "approve", a, "").want(t, 200, "")
	f.becomes(a, "used")
	f.wantSent(1)

	a = f.propose(f.agent, buy("6", ""))
	f.say(f.ada, "approve", a, "").want(t, 403, "own_approval")
	f.say(ben, "approve", a, "").want(t, 200, "")
	f.ada.do("DELETE", "/api/accounts/"+f.account+"/grants/"+ben.id(), "").want(t, 204, "")
	f.say(cleo, "approve", a, "").want(t, 200, "")
	if now := f.approval(a.ID); now.State != "pending" {
		t.Errorf("with one who left and one who stays it is %s", now.State)
	}
	// A refusal by its own proposer counts: they have thought better of it.
	f.say(f.ada, "refuse", a, "").want(t, 200, "")
	f.becomes(a, "refused")
	f.wantSent(1)
}

// The tightest of the account's, the sleeve's and the token's limits says what waits.
func TestApprovalLimits(t *testing.T) {
	f := newApprovalFloor(t, `{"approval_above":"10000"}`)
	careful := f.ada.agent("careful", `"limits":{"approval_above":"0"}`, f.account)
	child := careful.agent("child", `"limits":{"approval_above":"1000000"}`, f.account)
	sleeve := f.ada.sleeve(f.account, "sleeve", "5000", `,"approval_above":"300"`)
	f.agent.do("POST", "/api/orders", buy("50", ""), "X-Account-ID", f.account).want(t, 201, "")
	f.propose(f.agent, buy("101", ""))
	f.propose(careful, buy("0.01", ""))
	f.propose(child, buy("0.01", ""))
	f.agent.do("POST", "/api/orders", buy("3", fmt.Sprintf(`,"sleeve_id":%q`, sleeve)), "X-Account-ID", f.account).want(t, 201, "")
	a := f.propose(f.agent, buy("3.01", fmt.Sprintf(`,"sleeve_id":%q`, sleeve)))
	f.say(f.ada, "approve", a, "").want(t, 200, "")
	f.becomes(a, "used")
	f.wantSent(3)
	preview := careful.do("POST", "/api/orders/preview", buy("1", ""), "X-Account-ID", f.account).want(t, 200, "")
	if !strings.Contains(preview.text, `"approval":{"above":"0","worth":"100.00"`) {
		t.Errorf("the preview says %s", preview.text)
	}
	for _, field := range []string{`"four_eyes":true`, `"approvals_needed":2`, `"approval_seconds":60`} {
		f.ada.do("POST", "/api/tokens", tokenBody("x", `"limits":{`+field+`}`, f.account)).want(t, 400, "invalid_token")
	}
	f.ada.do("PUT", "/api/guards", `{"approval_above":"-1"}`, "X-Account-ID", f.account).want(t, 400, "invalid_guards")
}

// A replacement that opens more waits like an order, and replaces once it is approved.
func TestAReplacementWaits(t *testing.T) {
	f := newApprovalFloor(t, above500)
	old := f.agent.do("POST", "/api/orders", buy("5", ""), "X-Account-ID", f.account).want(t, 201, "").field(t, "id")
	job := f.agent.do("PATCH", "/api/orders/"+old, `{"qty":"8","reason":"more"}`, "X-Account-ID", f.account).want(t, 202, "")
	a := f.approval(job.field(t, "id"))
	if *a.Worth != "800.00" {
		t.Errorf("it is worth %s", *a.Worth)
	}
	if now := f.ada.do("GET", "/api/approvals/"+a.ID+"/preview", "", "X-Account-ID", f.account).want(t, 200, ""); !strings.Contains(now.text, `"estimated_cost":"800"`) {
		t.Errorf("what it would cost now is %s", now.text)
	}
	f.say(f.ada, "approve", a, "").want(t, 200, "")
	f.becomes(a, "used")
	kit.Eventually(t, "the order to be replaced", func() bool {
		return f.ada.do("GET", "/api/orders/"+old, "", "X-Account-ID", f.account).want(t, 200, "").field(t, "status") == "replaced"
	})
	if got := f.ada.do("GET", "/api/orders/"+a.ID, "", "X-Account-ID", f.account).want(t, 200, ""); got.field(t, "qty") != "8" || got.field(t, "reason") != "more" {
		t.Errorf("the replacement is %s", got.text)
	}
}

// On an account with four eyes nothing lets more through, lets anybody in, moves cash into
// a sleeve or changes keys without another person's word, which is for this change alone,
// and once.
func TestChangesTakeFourEyes(t *testing.T) {
	f := newApprovalFloor(t, `{}`)
	ben := f.join("ben", "approver")
	sleeve := f.ada.sleeve(f.account, "mine", "100", `,"max_order_notional":"50"`)
	const strict = `{"max_order_notional":"1000","four_eyes":true}`
	f.guards(strict)
	f.ada.do("POST", "/api/guards/switch", `{"switch":"reduce_only"}`, "X-Account-ID", f.account).want(t, 200, "")
	f.guards(`{"max_order_notional":"900","four_eyes":true}`) // tighter
	f.guards(`{"max_order_notional":"900","four_eyes":true}`)
	f.signUp("dora")
	// A word for one change is for no other.
	allowed := f.ada.do("PUT", "/api/guards", `{"max_order_notional":"950","four_eyes":true}`, "X-Account-ID", f.account).want(t, 409, "approval_needed")
	var body struct {
		Details struct{ Approval approval }
	}
	if err := json.Unmarshal([]byte(allowed.text), &body); err != nil {
		t.Fatal(err)
	}
	f.say(ben, "approve", body.Details.Approval, "").want(t, 200, "")
	f.ada.do("PUT", "/api/guards", `{"max_order_notional":"951","four_eyes":true}`, "X-Account-ID", f.account).want(t, 409, "approval_needed")
	f.say(ben, "refuse", body.Details.Approval, "").want(t, 200, "")
	f.ada.do("PUT", "/api/guards", `{"max_order_notional":"950","four_eyes":true}`, "X-Account-ID", f.account).want(t, 409, "approval_needed")
	texts(t, f.db, "with gone as (delete from app.approvals returning id) select id::text from gone")
	for _, change := range []struct{ method, path, body string }{
		{"PUT", "/api/guards", `{"max_order_notional":"901","four_eyes":true}`},
		{"PUT", "/api/guards", `{"max_order_notional":"900"}`},
		{"PUT", "/api/guards", `{"four_eyes":true}`},
		{"POST", "/api/guards/high-water-mark", ""},
		{"POST", "/api/guards/switch", `{"switch":"open"}`},
		{"PATCH", "/api/sleeves/" + sleeve, `{"max_order_notional":"51"}`},
		{"POST", "/api/sleeves/" + sleeve + "/high-water-mark", ""},
		{"POST", "/api/sleeve-transfers", fmt.Sprintf(`{"to_sleeve_id":%q,"amount":"1"}`, sleeve)},
		{"POST", "/api/accounts/" + f.account + "/grants", `{"email":"dora@example.com","role":"viewer"}`},
		{"POST", "/api/accounts/" + f.account + "/invitations", `{"role":"viewer"}`},
		{"PUT", "/api/accounts/" + f.account + "/credentials", fmt.Sprintf(`{"key_id":%q,"secret_key":%q}`, f.seeds[0].KeyID, f.seeds[0].SecretKey)},
	} {
		t.Run(change.method+" "+change.path+" "+change.body, func(t *testing.T) {
			ask := func() answer { return f.ada.do(change.method, change.path, change.body, "X-Account-ID", f.account) }
			var body struct {
				Details struct{ Approval approval }
			}
			needed := ask().want(t, 409, "approval_needed")
			if err := json.Unmarshal([]byte(needed.text), &body); err != nil || body.Details.Approval.State != "pending" {
				t.Fatalf("%v: %s", err, needed.text)
			}
			a := body.Details.Approval
			ask().want(t, 409, "approval_needed")
			if texts(t, f.db, "select count(*)::text from app.approvals where state = 'pending'")[0] != "1" {
				t.Error("asking again makes another")
			}
			f.say(f.ada, "approve", a, "").want(t, 403, "own_approval")
			f.say(ben, "approve", a, "").want(t, 200, "")
			if got := ask(); got.status >= 300 {
				t.Fatalf("once it is approved: %d %s", got.status, got.text)
			}
			f.becomes(a, "used")
			if change.path == "/api/guards" {
				f.guards(`{"max_order_notional":"900","four_eyes":true}`)
			}
		})
	}
}

// Whatever people, agents and their helpers do at the same moment, each order is sent once
// where it was approved by as many as it needs and refused by nobody before, and not at all
// otherwise.
func TestRacesOnApprovals(t *testing.T) {
	f := newApprovalFloor(t, above500)
	ben, cleo := f.join("ben", "approver"), f.join("cleo", "owner")
	f.guards(`{"approval_above":"500","approvals_needed":2}`)
	const orders = 24
	all := make([]approval, orders)
	for i := range all {
		all[i] = f.propose(f.agent, buy("6", fmt.Sprintf(`,"client_order_id":"race-%d"`, i)))
	}
	var acts sync.WaitGroup
	act := func(do func() answer) {
		acts.Go(func() {
			if got := do(); got.status >= 500 {
				t.Errorf("%d %s", got.status, got.text)
			}
		})
	}
	for i, a := range all {
		act(func() answer { return f.say(ben, "approve", a, "") })
		act(func() answer { return f.say(ben, "approve", a, "") })
		if i%2 == 0 {
			act(func() answer { return f.say(cleo, "approve", a, "") })
		}
		if i%3 == 0 {
			act(func() answer { return f.say(f.ada, "refuse", a, "") })
		}
		if i%5 == 0 {
			act(func() answer {
				return f.agent.do("DELETE", "/api/jobs/"+a.ID, "", "X-Account-ID", f.account)
			})
		}
		act(func() answer {
			return f.agent.do("POST", "/api/orders", buy("6", fmt.Sprintf(`,"client_order_id":"race-%d"`, i)), "X-Account-ID", f.account)
		})
	}
	acts.Wait()
	kit.Eventually(t, "what was approved to be sent", func() bool {
		return texts(t, f.db, "select count(*)::text from app.jobs where state in ('waiting', 'running')")[0] == "0" &&
			texts(t, f.db, "select count(*)::text from app.alpaca_orders where intent_state = 'submitting'")[0] == "0"
	})
	sent := map[string]int{}
	for _, o := range f.sim.Orders(f.seeds[0].KeyID) {
		sent[o.ClientOrderID]++
	}
	ends := map[string]int{}
	for i, a := range all {
		now := f.approval(a.ID)
		ends[now.State]++
		want := 0
		if now.State == "used" {
			want = 1
		}
		if n := sent[fmt.Sprintf("race-%d", i)]; n != want && !(n == 1 && f.again(i, a)) {
			t.Errorf("order %d was sent %d times, and its approval is %+v", i, n, now)
		}
		if now.State == "used" && i%2 == 1 {
			t.Errorf("order %d went with one word of two", i)
		}
	}
	t.Logf("of %d: %v", orders, ends)
	if ends["used"] == 0 || ends["refused"]+ends["withdrawn"] == 0 || ends["pending"] == 0 {
		t.Error("the race has not had each end")
	}
}

// again reports whether an order was proposed again after its approval had ended, and has
// been approved then.
func (f *approvalFloor) again(i int, first approval) bool {
	return texts(f.t, f.db, fmt.Sprintf(`select count(*)::text from app.approvals where client_order_id = 'race-%d' and id <> '%s' and state = 'used'`, i, first.ID))[0] == "1"
}

// Between the last word and the order there may be time, and all is looked at again when
// it goes: it does not where anything of it has changed, whoever changed it.
func TestAnApprovalIsLookedAtAgain(t *testing.T) {
	changed := `update app.approvals a set digest = private.approval_digest(a)`
	for _, tt := range []struct {
		what string
		do   func(f *approvalFloor, ben *user)
		sql  []string
		says string // "" where the order goes
	}{
		{what: "nothing has changed"},
		{what: "it has expired", sql: []string{"update app.approvals set expires_at = now() - interval '1 second'", changed, "update app.approval_words set digest = (select digest from app.approvals)"}, says: "approval_"},
		{what: "who approved has left", do: func(f *approvalFloor, ben *user) {
			f.ada.do("DELETE", "/api/accounts/"+f.account+"/grants/"+ben.id(), "").want(t, 204, "")
		}, says: "Fewer people"},
		{what: "who approved is only a trader now", sql: []string{"update app.account_grants set role = 'trader' where role = 'approver'"}, says: "Fewer people"},
		{what: "who approved was disabled", sql: []string{`insert into auth.disabled_users (user_id) select id from auth."user" where name = 'ben'`}, says: "Fewer people"},
		{what: "two are needed by now", do: func(f *approvalFloor, _ *user) { f.guards(`{"approval_above":"500","approvals_needed":2}`) }, says: "Fewer people"},
		{what: "somebody has refused", sql: []string{`insert into app.approval_words (account_id, approval_id, user_id, word, digest, max_price_move) select account_id, id, 'x', 'refuse', digest, 0 from app.approvals`}, says: "Fewer people"},
		{what: "it was told to be worth less", sql: []string{"update app.approvals set worth = 590", changed, "update app.approval_words set digest = (select digest from app.approvals)"}, says: "could be worth"},
		{what: "what was approved is another", sql: []string{"update app.approvals set reason = 'another'"}, says: "another than"},
		{what: "the word was for another", sql: []string{"update app.approval_words set digest = sha256('')"}, says: "Fewer people"},
		{what: "the price has risen", do: func(f *approvalFloor, _ *user) {
			f.sim.SetPrice("AAPL", f.price("AAPL").Mul(decimal.RequireFromString("1.02")))
		}, says: "price of AAPL"},
		{what: "the price has fallen", do: func(f *approvalFloor, _ *user) {
			f.sim.SetPrice("AAPL", f.price("AAPL").Mul(decimal.RequireFromString("0.98")))
		}, says: "price of AAPL"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			f := newIdleApprovalFloor(t, above500)
			ben := f.join("ben", "approver")
			a := f.propose(f.agent, buy("6", ""))
			f.say(ben, "approve", a, "").want(t, 200, "")
			if tt.do != nil {
				tt.do(f, ben)
			}
			for _, sql := range tt.sql {
				if _, err := f.db.Conn(t, "admin").Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			f.carryOut()
			job := f.jobOf(a)
			if tt.says == "" {
				f.wantSent(1)
				return
			}
			f.wantSent(0)
			if job.field(t, "state") != "failed" || !strings.Contains(job.text, tt.says) {
				t.Errorf("the job is %s", job.text)
			}
		})
	}
}

// With four eyes since then, the word of the user whose token asks counts no more.
func TestFourEyesSinceTheWord(t *testing.T) {
	f := newIdleApprovalFloor(t, above500)
	f.join("ben", "approver")
	a := f.propose(f.agent, buy("6", ""))
	f.say(f.ada, "approve", a, "").want(t, 200, "")
	f.guards(`{"approval_above":"500","four_eyes":true}`)
	f.carryOut()
	if job := f.jobOf(a); !strings.Contains(job.text, "Fewer people") {
		t.Errorf("the job is %s", job.text)
	}
	f.wantSent(0)
}

// An exercise that would need a person's word is refused, since it cannot wait.
func TestAnExerciseCannotWait(t *testing.T) {
	f := newApprovalFloor(t, above500)
	f.ada.do("POST", "/api/orders", `{"symbol":"AAPL270115C00100000","side":"buy","type":"market","time_in_force":"day","qty":"1"}`, "X-Account-ID", f.account).want(t, 201, "")
	f.settle(f.account)
	f.synced(f.account)
	refused := f.agent.do("POST", "/api/positions/AAPL270115C00100000/exercise", "", "X-Account-ID", f.account).want(t, 422, "guard_refused")
	if refused.guardIn(t) != "approval" {
		t.Errorf("it is refused by %s", refused.text)
	}
	f.ada.do("POST", "/api/positions/AAPL270115C00100000/exercise", "", "X-Account-ID", f.account).want(t, 200, "")
}

// Of several people's words the least move of a price counts.
func TestTheLeastMoveCounts(t *testing.T) {
	f := newApprovalFloor(t, `{"approval_above":"500","approvals_needed":2}`)
	ben, cleo := f.join("ben", "approver"), f.join("cleo", "approver")
	a := f.propose(f.agent, buy("6", ""))
	f.sim.SetPrice("AAPL", f.price("AAPL").Mul(decimal.RequireFromString("1.03")))
	f.say(ben, "approve", a, `,"max_price_move":"2"`).want(t, 200, "")
	f.say(cleo, "approve", a, `,"max_price_move":"50"`).want(t, 200, "")
	f.becomes(a, "void")
	f.wantSent(0)
}

// What waits for a person holds up no other order that is to be sent later.
func TestOthersDoNotWaitForAPerson(t *testing.T) {
	f := newApprovalFloor(t, above500)
	a := f.propose(f.agent, buy("6", ""))
	later := f.agent.do("POST", "/api/orders", buy("1", ""), "X-Account-ID", f.account, "Prefer", "respond-async").want(t, 202, "").field(t, "id")
	kit.Eventually(t, "the other to be sent", func() bool {
		return f.ada.do("GET", "/api/jobs/"+later, "", "X-Account-ID", f.account).want(t, 200, "").field(t, "state") == "done"
	})
	large := f.agent.do("POST", "/api/orders", buy("7", ""), "X-Account-ID", f.account, "Prefer", "respond-async").want(t, 202, "").field(t, "id")
	kit.Eventually(t, "the larger one to wait too", func() bool {
		return f.ada.do("GET", "/api/jobs/"+large, "", "X-Account-ID", f.account).want(t, 200, "").field(t, "state") == "pending_approval"
	})
	f.wantSent(1)
	f.say(f.ada, "approve", f.approval(large), "").want(t, 200, "")
	f.becomes(f.approval(large), "used")
	if now := f.approval(a.ID); now.State != "pending" {
		t.Errorf("the first is %s", now.State)
	}
	f.wantSent(2)
}
