package httpapi_test

import (
	"testing"

	"paddock/tests/kit"
)

// Everybody who may read an account sees how far the import of its history is. It is
// asked for again by who may cancel, on a paused account too, and where there are
// keys.
func TestHistoryImport(t *testing.T) {
	s := newServer(t)
	u, viewer := s.signUp("ada"), s.signUp("bob")
	empty := u.do("POST", "/api/accounts", `{"name":"empty","environment":"paper"}`).field(t, "id")
	id := u.connect("one", s.seeds[0])
	s.grant(id, "bob", "viewer")
	path := "/api/accounts/" + id + "/history-import"
	state := func() string { return viewer.do("GET", path, "").want(t, 200, "").field(t, "state") }

	if got := state(); got != "none" {
		t.Errorf("before the first reconciliation it is %s", got)
	}
	u.do("POST", "/api/accounts/"+empty+"/history-import", "").want(t, 409, "needs_credentials")
	viewer.do("POST", path, "").want(t, 403, "not_permitted")
	u.do("POST", path, "{}").want(t, 400, "unexpected_body")
	if got := state(); got != "none" {
		t.Errorf("after refused requests it is %s", got)
	}
	s.stream()
	kit.Eventually(t, "the first import", func() bool { return state() == "done" })

	if got := u.do("POST", path, "").want(t, 202, "").field(t, "state"); got != "waiting" {
		t.Errorf("asked for again it is %s", got)
	}
	u.do("POST", path, "").want(t, 202, "") // is joined
	kit.Eventually(t, "the second import", func() bool { return state() == "done" })
	if got := u.do("GET", path, "").field(t, "asked_by"); got == "" {
		t.Error("it does not say who asked")
	}
	u.do("PATCH", "/api/accounts/"+id, `{"is_active":false}`).want(t, 200, "")
	u.do("POST", path, "").want(t, 202, "")
}
