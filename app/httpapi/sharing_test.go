package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"paddock/app/httpapi"
)

// newAccount makes a paper account without keys and returns its id.
func (u *user) newAccount(name string) string {
	u.s.t.Helper()
	return u.do("POST", "/api/accounts", `{"name":"`+name+`","environment":"paper"}`).want(u.s.t, 201, "").field(u.s.t, "id")
}

// id returns the user's id.
func (u *user) id() string {
	u.s.t.Helper()
	var id string
	session := u.do("GET", "/api/auth/get-session", "")
	var body struct{ User struct{ ID string } }
	if err := json.Unmarshal([]byte(session.text), &body); err != nil {
		u.s.t.Fatal(err)
	}
	id = body.User.ID
	return id
}

// roles returns which role each user has on an account, by their names, as its owner sees it.
func (u *user) roles(account string) map[string]string {
	u.s.t.Helper()
	var body struct {
		Grants []struct{ Name, Role, State string }
	}
	list := u.do("GET", "/api/accounts/"+account+"/grants", "").want(u.s.t, 200, "")
	if err := json.Unmarshal([]byte(list.text), &body); err != nil {
		u.s.t.Fatal(err)
	}
	roles := map[string]string{}
	for _, g := range body.Grants {
		roles[g.Name] = g.Role
		if g.State != "active" {
			roles[g.Name] += " " + g.State
		}
	}
	return roles
}

func wantRoles(t *testing.T, got map[string]string, want ...string) {
	t.Helper()
	text := fmt.Sprint(got)
	roles := map[string]string{}
	for _, w := range want {
		name, role, _ := strings.Cut(w, "=")
		roles[name] = role
	}
	if text != fmt.Sprint(roles) {
		t.Errorf("the account is shared with %v, want %v", got, roles)
	}
}

// An owner gives, changes and takes roles; nobody else does, and nobody learns more than
// whether an address is known, which is counted.
func TestSharing(t *testing.T) {
	s := newServer(t)
	ada, bob, vic, eve := s.signUp("ada"), s.signUp("bob"), s.signUp("vic"), s.signUp("eve")
	id := ada.newAccount("one")
	grants := "/api/accounts/" + id + "/grants"

	made := ada.do("POST", grants, `{"email":"BOB@example.com","role":"trader"}`).want(t, 201, "")
	if made.field(t, "role") != "trader" || made.field(t, "email") != "bob@example.com" {
		t.Error(made.text)
	}
	ada.do("POST", grants, `{"email":"bob@example.com","role":"viewer"}`).want(t, 409, "grant_exists")
	ada.do("POST", grants, `{"email":"vic@example.com","role":"viewer","expires_at":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`).want(t, 201, "")
	wantRoles(t, ada.roles(id), "ada=owner", "bob=trader", "vic=viewer")
	bob.do("GET", "/api/orders", "", "X-Account-ID", id).want(t, 200, "")

	for name, body := range map[string]string{
		"no role":              `{"email":"eve@example.com"}`,
		"a role that is none":  `{"email":"eve@example.com","role":"admin"}`,
		"no address":           `{"role":"viewer"}`,
		"an address with name": `{"email":"Eve <eve@example.com>","role":"viewer"}`,
		"an end that is over":  `{"email":"eve@example.com","role":"viewer","expires_at":"2020-01-01T00:00:00Z"}`,
		"an end far away":      `{"email":"eve@example.com","role":"viewer","expires_at":"2300-01-01T00:00:00Z"}`,
		"an owner with an end": `{"email":"eve@example.com","role":"owner","expires_at":"` + time.Now().Add(time.Hour).Format(time.RFC3339) + `"}`,
	} {
		if got := ada.do("POST", grants, body); got.status != 400 || got.code() != "invalid_grant" {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	for name, u := range map[string]*user{"a trader": bob, "a viewer": vic} {
		for _, try := range []answer{
			u.do("GET", grants, ""), u.do("POST", grants, `{"email":"eve@example.com","role":"viewer"}`), u.do("PATCH", grants+"/me", `{"role":"owner"}`),
			u.do("DELETE", grants+"/"+ada.id(), ""), u.do("POST", "/api/accounts/"+id+"/transfer", `{"user_id":"`+bob.id()+`"}`),
			u.do("POST", "/api/accounts/"+id+"/invitations", `{"role":"viewer"}`),
		} {
			if try.status != 403 || try.code() != "not_permitted" {
				t.Errorf("%s: %d %s", name, try.status, try.text)
			}
		}
	}
	eve.do("GET", grants, "").want(t, 403, "account_forbidden")
	eve.do("DELETE", grants+"/"+bob.id(), "").want(t, 403, "account_forbidden")
	eve.do("DELETE", grants+"/me", "").want(t, 403, "account_forbidden")

	// A token manages nothing, not even its owner's.
	agent := ada.agent("a", `"scopes":["trade"]`, id)
	agent.do("POST", grants, `{"email":"eve@example.com","role":"viewer"}`).want(t, 403, "not_permitted")
	agent.do("DELETE", grants+"/"+bob.id(), "").want(t, 403, "not_permitted")
	agent.do("GET", "/api/user/grants", "").want(t, 403, "not_permitted")
	agent.do("POST", "/api/user/grants", `{"email":"eve@example.com","role":"viewer"}`).want(t, 403, "not_permitted")
	agent.do("POST", "/api/user/invitations", `{"role":"viewer"}`).want(t, 403, "not_permitted")

	ada.do("PATCH", grants+"/"+bob.id(), `{"role":"viewer"}`).want(t, 200, "")
	bob.do("POST", "/api/guards/switch", `{"switch":"halted"}`, "X-Account-ID", id).want(t, 403, "not_permitted")
	if got := ada.do("PATCH", grants+"/"+vic.id(), `{"expires_at":null}`).want(t, 200, ""); !strings.Contains(got.text, `"expires_at": null`) {
		t.Error(got.text)
	}
	ada.do("PATCH", grants+"/"+vic.id(), `{}`).want(t, 400, "invalid_grant")
	ada.do("PATCH", grants+"/"+eve.id(), `{"role":"viewer"}`).want(t, 404, "grant_not_found")
	ada.do("PATCH", grants+"/me", `{"expires_at":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`).want(t, 400, "invalid_grant")
	ada.do("DELETE", grants+"/"+vic.id(), "").want(t, 204, "")
	ada.do("DELETE", grants+"/"+vic.id(), "").want(t, 404, "grant_not_found")
	vic.do("GET", "/api/accounts/"+id, "").want(t, 403, "account_forbidden")
	bob.do("DELETE", grants+"/me", "").want(t, 204, "")
	wantRoles(t, ada.roles(id), "ada=owner")

	for range 20 {
		ada.do("POST", grants, `{"email":"nobody@example.com","role":"viewer"}`).want(t, 404, "user_not_found")
	}
	ada.do("POST", grants, `{"email":"nobody@example.com","role":"viewer"}`).want(t, 429, "too_many_addresses")
	ada.do("POST", grants, `{"email":"bob@example.com","role":"viewer"}`).want(t, 429, "too_many_addresses")
	s.exec("update private.address_tries set since = now() - interval '25 hours'")
	ada.do("POST", grants, `{"email":"bob@example.com","role":"viewer"}`).want(t, 201, "")
}

// An account keeps an owner, whoever leaves, and when; and it is always one of theirs by
// name and in the limits.
func TestAnAccountKeepsAnOwner(t *testing.T) {
	s := newServer(t)
	ada, bob := s.signUp("ada"), s.signUp("bob")
	id := ada.newAccount("one")
	grants := "/api/accounts/" + id + "/grants"
	ada.do("DELETE", grants+"/me", "").want(t, 409, "last_owner")
	ada.do("PATCH", grants+"/me", `{"role":"viewer"}`).want(t, 409, "last_owner")
	ada.do("POST", "/api/accounts/"+id+"/transfer", `{"user_id":"`+bob.id()+`"}`).want(t, 404, "grant_not_found")
	ada.do("POST", grants, `{"email":"bob@example.com","role":"owner"}`).want(t, 201, "")

	// Both leave at the same moment, again and again.
	for round := range 20 {
		var left [2]answer
		var both sync.WaitGroup
		for i, u := range []*user{ada, bob} {
			both.Go(func() { left[i] = u.do("DELETE", grants+"/me", "") })
		}
		both.Wait()
		stays := ada
		if left[0].status == 204 {
			stays = bob
		}
		if left[0].status+left[1].status != 204+409 {
			t.Fatalf("round %d: %d %s and %d %s", round, left[0].status, left[0].text, left[1].status, left[1].text)
		}
		var holder string
		if err := s.db.Conn(t, "admin").QueryRow(t.Context(), "select user_id from app.user_accounts where id = $1", id).Scan(&holder); err != nil || holder != stays.id() {
			t.Errorf("the account is held by %s (%v)", holder, err)
		}
		other := map[*user]string{ada: "bob", bob: "ada"}[stays]
		stays.do("POST", grants, `{"email":"`+other+`@example.com","role":"owner"}`).want(t, 201, "")
	}

	s.exec("update app.user_accounts set user_id = $2 where id = $1", id, ada.id())
	bob.newAccount("one") // of the same name
	ada.do("DELETE", grants+"/me", "").want(t, 409, "account_name_taken")
	ada.do("POST", "/api/accounts/"+id+"/transfer", `{"user_id":"`+bob.id()+`"}`).want(t, 409, "account_name_taken")
	ada.do("PATCH", "/api/accounts/"+id, `{"name":"two"}`).want(t, 200, "")
	ada.do("POST", "/api/accounts/"+id+"/transfer", `{"user_id":"`+bob.id()+`"}`).want(t, 204, "")
	wantRoles(t, bob.roles(id), "ada=viewer", "bob=owner")
	ada.do("GET", grants, "").want(t, 403, "not_permitted")
	bob.do("POST", "/api/accounts", `{"name":"two","environment":"paper"}`).want(t, 409, "account_name_taken")

	// Who holds an account and is deleted leaves it to the other owner.
	bob.do("PATCH", grants+"/"+ada.id(), `{"role":"owner"}`).want(t, 200, "")
	s.exec("select private.delete_user($1, null)", bob.id())
	wantRoles(t, ada.roles(id), "ada=owner")
}

// A grant that is over gives nothing, by no door of the API, to no token of its user's,
// and from the moment on at which it ends.
func TestAGrantThatIsOverGivesNothing(t *testing.T) {
	s := newServer(t)
	ada, bob := s.signUp("ada"), s.signUp("bob")
	id := ada.newAccount("one")
	ada.do("POST", "/api/accounts/"+id+"/grants", `{"email":"bob@example.com","role":"owner"}`).want(t, 201, "")
	agent := bob.agent("a", "", id)
	link := s.held(bob.do("POST", "/api/accounts/"+id+"/invitations", `{"role":"viewer"}`).want(t, 201, "").field(t, "link"))
	doors := map[string]func() answer{
		"the account":        func() answer { return bob.do("GET", "/api/accounts/"+id, "") },
		"its orders":         func() answer { return bob.do("GET", "/api/orders", "", "X-Account-ID", id) },
		"its events":         func() answer { return bob.do("GET", "/api/events?limit=1", "", "X-Account-ID", id) },
		"a token":            func() answer { return agent.do("GET", "/api/orders", "", "X-Account-ID", id) },
		"a new token":        func() answer { return bob.do("POST", "/api/tokens", tokenBody("b", "", id)) },
		"who has it":         func() answer { return bob.do("GET", "/api/accounts/"+id+"/grants", "") },
		"taking it from Ada": func() answer { return bob.do("DELETE", "/api/accounts/"+id+"/grants/"+ada.id(), "") },
		"leaving it":         func() answer { return bob.do("DELETE", "/api/accounts/"+id+"/grants/me", "") },
	}
	s.exec("update app.account_grants set expires_at = clock_timestamp() where user_id = $1", bob.id())
	for name, door := range doors {
		if got := door(); got.status != 403 || got.code() != "account_forbidden" {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	for name, list := range map[string]answer{
		"accounts": bob.do("GET", "/api/accounts", ""), "a token's accounts": agent.do("GET", "/api/accounts", ""), "roles": bob.do("GET", "/api/user/grants", ""),
	} {
		if strings.Contains(list.text, id) {
			t.Errorf("%s: %s", name, list.text)
		}
	}
	s.signUp("eve").do("POST", "/api/invitations/take", link).want(t, 404, "invitation_not_found")
	wantRoles(t, ada.roles(id), "ada=owner", "bob=owner expired")
	ada.do("POST", "/api/accounts/"+id+"/grants", `{"email":"bob@example.com","role":"viewer"}`).want(t, 201, "") // it may be given anew
	wantRoles(t, ada.roles(id), "ada=owner", "bob=viewer")
}

// Who has an account for reports alone comes to it by no door of the API, and may leave it.
func TestReportsAlone(t *testing.T) {
	s := newServer(t)
	ada, bob := s.signUp("ada"), s.signUp("bob")
	id := ada.newAccount("one")
	ada.do("POST", "/api/accounts/"+id+"/grants", `{"email":"bob@example.com","role":"reports"}`).want(t, 201, "")
	for _, e := range httpapi.Routes() {
		if e.Account || e.Path == "/api/accounts/{id}" {
			got := bob.do(e.Method, target(strings.ReplaceAll(e.Path, "{id}", id)), bodies[e.Method+" "+e.Path], "X-Account-ID", id)
			if forbidden := got.code() == "account_forbidden"; got.status < 400 || e.To == "" && e.Method == "GET" && len(e.Query) == 0 && !forbidden {
				t.Errorf("%s %s: %d %s", e.Method, e.Path, got.status, got.text)
			}
		}
	}
	bob.do("POST", "/api/tokens", tokenBody("t", "", id)).want(t, 403, "account_forbidden")
	if got := bob.do("GET", "/api/accounts", ""); strings.Contains(got.text, id) {
		t.Error(got.text)
	}
	if got := bob.do("GET", "/api/user/grants", ""); !strings.Contains(got.text, id) {
		t.Error(got.text)
	}
	bob.do("DELETE", "/api/accounts/"+id+"/grants/me", "").want(t, 204, "")
	wantRoles(t, ada.roles(id), "ada=owner")
}

// An approver reads.
func TestApproverReads(t *testing.T) {
	s := newServer(t)
	ada, bob := s.signUp("ada"), s.signUp("bob")
	id := ada.newAccount("one")
	ada.do("POST", "/api/accounts/"+id+"/grants", `{"email":"bob@example.com","role":"approver"}`).want(t, 201, "")
	bob.do("GET", "/api/orders", "", "X-Account-ID", id).want(t, 200, "")
	bob.do("POST", "/api/guards/switch", `{"switch":"halted"}`, "X-Account-ID", id).want(t, 403, "not_permitted")
	if got := bob.do("GET", "/api/accounts/"+id, "").field(t, "role"); got != "approver" {
		t.Errorf("the role is %s", got)
	}
}

// To give more on a live account takes a step-up, and to take or narrow takes none.
func TestSharingALiveAccountTakesAStepUp(t *testing.T) {
	s := newServer(t)
	ada, bob := s.signUp("ada"), s.signUp("bob")
	id := ada.newAccount("one")
	s.exec("update app.user_accounts set environment = 'live'")
	grants := "/api/accounts/" + id + "/grants"
	his := grants + "/" + bob.id()
	soon := time.Now().Add(time.Hour).Format(time.RFC3339)
	widening := []struct{ name, method, path, body string }{
		{"an owner", "PATCH", his, `{"role":"owner","expires_at":null}`},
		{"a trader", "PATCH", his, `{"role":"trader"}`},
		{"an approver", "PATCH", his, `{"role":"approver"}`},
		{"reports", "PATCH", his, `{"role":"reports"}`},
		{"longer", "PATCH", his, `{"expires_at":"` + time.Now().Add(2*time.Hour).Format(time.RFC3339) + `"}`},
		{"without end", "PATCH", his, `{"expires_at":null}`},
		{"a transfer", "POST", "/api/accounts/" + id + "/transfer", `{"user_id":"` + bob.id() + `"}`},
		{"an invitation", "POST", "/api/accounts/" + id + "/invitations", `{"role":"viewer"}`},
		{"all accounts", "POST", "/api/user/grants", `{"email":"bob@example.com","role":"viewer"}`},
		{"an invitation to all accounts", "POST", "/api/user/invitations", `{"role":"viewer"}`},
	}
	s.goStale()
	ada.do("POST", grants, `{"email":"bob@example.com","role":"viewer","expires_at":"`+soon+`"}`).want(t, 403, "step_up_required")
	ada.do("POST", "/api/user/step-up", `{"password":"a good password"}`).want(t, 200, "")
	ada.do("POST", grants, `{"email":"bob@example.com","role":"viewer","expires_at":"`+soon+`"}`).want(t, 201, "")
	s.goStale()
	for _, w := range widening {
		if got := ada.do(w.method, w.path, w.body); got.status != 403 || got.code() != "step_up_required" {
			t.Errorf("%s: %d %s", w.name, got.status, got.text)
		}
	}
	s.exec("update app.account_grants set role = 'trader' where role = 'viewer'")
	ada.do("PATCH", his, `{"role":"viewer","expires_at":"`+time.Now().Add(time.Minute).Format(time.RFC3339)+`"}`).want(t, 200, "")
	s.exec("update app.account_grants set expires_at = now() - interval '1 second' where role = 'viewer'")
	ada.do("PATCH", his, `{"role":"viewer"}`).want(t, 403, "step_up_required")
	wantRoles(t, ada.roles(id), "ada=owner", "bob=viewer expired")
	ada.do("DELETE", his, "").want(t, 204, "")
}

// What is given on all accounts holds on those that come later, is taken in one go, and
// leaves alone what was given on one.
func TestSharingAllAccounts(t *testing.T) {
	s := newServer(t)
	ada, bob, vic := s.signUp("ada"), s.signUp("bob"), s.signUp("vic")
	one, single := ada.newAccount("one"), ada.newAccount("single")
	ada.do("POST", "/api/accounts/"+single+"/grants", `{"email":"bob@example.com","role":"viewer"}`).want(t, 201, "")
	ada.do("POST", "/api/user/grants", `{"email":"bob@example.com","role":"owner"}`).want(t, 400, "invalid_grant")
	ada.do("POST", "/api/user/grants", `{"email":"ada@example.com","role":"viewer"}`).want(t, 404, "user_not_found")
	ada.do("POST", "/api/user/grants", `{"email":"bob@example.com","role":"trader"}`).want(t, 201, "")
	later := ada.newAccount("later")
	for _, id := range []string{one, later} {
		wantRoles(t, ada.roles(id), "ada=owner", "bob=trader")
	}
	wantRoles(t, ada.roles(single), "ada=owner", "bob=viewer")
	ada.do("POST", "/api/user/grants", `{"email":"bob@example.com","role":"approver"}`).want(t, 201, "")
	wantRoles(t, ada.roles(later), "ada=owner", "bob=approver")
	if got := bob.do("GET", "/api/user/grants", "").want(t, 200, ""); !strings.Contains(got.text, `"all_accounts_of":[{"name":"ada"`) {
		t.Error(got.text)
	}
	// Who gets the account does not share it with whom the one before shared all.
	ada.do("POST", "/api/accounts/"+later+"/grants", `{"email":"vic@example.com","role":"owner"}`).want(t, 201, "")
	ada.do("POST", "/api/accounts/"+later+"/transfer", `{"user_id":"`+vic.id()+`"}`).want(t, 204, "")
	wantRoles(t, vic.roles(later), "ada=viewer", "vic=owner")

	vic.do("DELETE", "/api/user/grants/"+ada.id()+"/"+bob.id(), "").want(t, 404, "grant_not_found")
	bob.do("DELETE", "/api/user/grants/"+ada.id()+"/me", "").want(t, 204, "")
	bob.do("DELETE", "/api/user/grants/"+ada.id()+"/me", "").want(t, 404, "grant_not_found")
	wantRoles(t, ada.roles(one), "ada=owner")
	wantRoles(t, ada.roles(single), "ada=owner", "bob=viewer")
	ada.do("POST", "/api/user/grants", `{"email":"bob@example.com","role":"viewer"}`).want(t, 201, "")
	ada.do("DELETE", "/api/user/grants/me/"+bob.id(), "").want(t, 204, "")
	wantRoles(t, ada.roles(one), "ada=owner")
	wantRoles(t, ada.roles(ada.newAccount("last")), "ada=owner")
}

// held returns the body with which an invitation's link is opened.
func (s *server) held(link string) string {
	s.t.Helper()
	_, token, there := strings.Cut(link, "http://paddock.test/invitation#")
	if !there {
		s.t.Fatalf("no link in %q", link)
	}
	token, _, _ = strings.Cut(token, "\n")
	return `{"token":"` + token + `"}`
}

// An invitation is for one who signs in, once, for its time, and as long as who made it
// may invite.
func TestInvitations(t *testing.T) {
	s := newServer(t)
	ada, bob, eve := s.signUp("ada"), s.signUp("bob"), s.signUp("eve")
	id := ada.newAccount("one")
	invite := func(body string) string {
		t.Helper()
		return s.held(ada.do("POST", "/api/accounts/"+id+"/invitations", body).want(t, 201, "").field(t, "link"))
	}
	open := invite(`{"role":"viewer"}`)
	look := bob.do("POST", "/api/invitations/look", open).want(t, 200, "")
	if !strings.Contains(look.text, `"name": "one"`) || look.field(t, "role") != "viewer" {
		t.Error(look.text)
	}
	(&user{s: s}).do("POST", "/api/invitations/look", open).want(t, 401, "unauthenticated")
	ada.do("POST", "/api/invitations/take", open).want(t, 409, "grant_exists")

	// Used twice at the same moment, by two users: one gets it.
	var got [2]answer
	var both sync.WaitGroup
	for i, u := range []*user{bob, eve} {
		both.Go(func() { got[i] = u.do("POST", "/api/invitations/take", open) })
	}
	both.Wait()
	if got[0].status+got[1].status != 200+404 {
		t.Fatalf("%d %s and %d %s", got[0].status, got[0].text, got[1].status, got[1].text)
	}
	bob.do("POST", "/api/invitations/look", open).want(t, 404, "invitation_not_found")
	s.exec("delete from app.account_grants where role = 'viewer'")

	// For one address, and mailed there, with nothing in it that the inviter wrote.
	made := ada.do("POST", "/api/accounts/"+id+"/invitations", `{"role":"trader","email":"Bob@Example.com"}`).want(t, 201, "")
	if len(s.mails) != 1 || s.mails[0].to != "Bob@Example.com" || strings.Contains(s.mails[0].text, "one\"") || !strings.Contains(made.text, `"link":null`) {
		t.Fatalf("%v: %s", s.mails, made.text)
	}
	_, link, _ := strings.Cut(s.mails[0].text, "\n\n")
	eve.do("POST", "/api/invitations/take", s.held(link)).want(t, 403, "invitation_for_another")
	bob.do("POST", "/api/invitations/take", s.held(link)).want(t, 200, "")
	wantRoles(t, ada.roles(id), "ada=owner", "bob=trader")
	s.noMail = true
	invite(`{"role":"trader","email":"bob@example.com"}`) // the link is shown where it was not mailed

	// Taken back, over, of somebody who may not invite any more, of a disabled user, of an account that is gone.
	eves := func(held, code string) {
		t.Helper()
		status := 404
		eve.do("POST", "/api/invitations/take", held).want(t, status, code)
	}
	for name, end := range map[string]func(){
		"over":              func() { s.exec("update private.invitations set expires_at = now()") },
		"no owner any more": func() { s.exec("update app.account_grants set role = 'trader' where user_id = $1", ada.id()) },
		"disabled":          func() { s.exec("insert into auth.disabled_users (user_id) values ($1)", ada.id()) },
	} {
		held := invite(`{"role":"viewer"}`)
		end()
		t.Log(name)
		eves(held, "invitation_not_found")
		s.exec("update app.account_grants set role = 'owner' where user_id = $1", ada.id())
		s.exec("delete from auth.disabled_users")
	}
	back := ada.do("POST", "/api/accounts/"+id+"/invitations", `{"role":"viewer"}`).want(t, 201, "")
	eve.do("DELETE", "/api/invitations/"+back.field(t, "id"), "").want(t, 404, "invitation_not_found")
	ada.do("DELETE", "/api/invitations/"+back.field(t, "id"), "").want(t, 204, "")
	ada.do("DELETE", "/api/invitations/x", "").want(t, 400, "invalid_grant")
	eves(s.held(back.field(t, "link")), "invitation_not_found")
	eve.do("POST", "/api/invitations/take", `{"token":"x"}`).want(t, 400, "invalid_grant")

	all := s.held(ada.do("POST", "/api/user/invitations", `{"role":"approver"}`).want(t, 201, "").field(t, "link"))
	ada.do("POST", "/api/invitations/take", all).want(t, 409, "grant_exists")
	eve.do("POST", "/api/invitations/take", all).want(t, 200, "")
	wantRoles(t, ada.roles(ada.newAccount("two")), "ada=owner", "eve=approver")

	gone := invite(`{"role":"viewer"}`)
	ada.do("DELETE", "/api/accounts/"+id, "").want(t, 204, "")
	eves(gone, "invitation_not_found")

	other := ada.newAccount("three")
	s.exec("insert into private.invitations (id, user_id, digest, role, all_accounts, expires_at) select gen_random_uuid(), $1, sha256(n::text::bytea), 'viewer', true, now() from generate_series(1, 50) n", ada.id())
	ada.do("POST", "/api/accounts/"+other+"/invitations", `{"role":"viewer"}`).want(t, 409, "too_many_grants")
}
