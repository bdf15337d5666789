package destinations_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"paddock/app/destinations"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/kit"
)

const testWords = "This is a test message."

// said returns which messages that came are test messages, by the path that they came to.
func (p *post) said() (paths []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.came {
		if strings.Contains(string(m.body), testWords) || strings.Contains(string(m.body), `"event":"test"`) || strings.Contains(string(m.body), `"event": "test"`) {
			paths = append(paths, m.path)
		}
	}
	return paths
}

// A test message is sent to the one that it is for, whatever that is told of, and to no
// other: in quiet hours too, behind what waits, and again until it is taken.
func TestTestMessages(t *testing.T) {
	p := newPost(t)
	s := p.noticeSender(nil, nil)
	fills := p.makeNotice(destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "1", Settings: destinations.Settings{Topics: []string{"fills"}}})
	other := p.makeNotice(destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "2", Settings: destinations.Settings{Topics: []string{"account"}}})
	all, guards := p.make(p.receiver.URL+"/all"), p.make(p.receiver.URL+"/guards", "guard")
	lookAtAll := func() {
		t.Helper()
		for _, id := range []uuid.UUID{fills.ID, other.ID, all.ID, guards.ID} {
			p.look(s, id)
		}
	}
	if _, err := p.service.TestNotice(t.Context(), p.ada, fills.ID); err != nil {
		t.Fatal(err)
	}
	p.answers(func(message) int { return http.StatusInternalServerError })
	lookAtAll()
	if now := p.noticeNow(fills.ID); now.LastStatus != 500 || now.Cursor != 0 {
		t.Errorf("%+v", now)
	}
	p.answers(nil)
	lookAtAll()
	lookAtAll()
	if got := p.said(); len(got) != 2 || !strings.HasSuffix(got[1], "/sendMessage") || strings.Contains(string(p.came[1].body), `"chat_id":"2"`) {
		t.Errorf("the notice's test message came to %v", got)
	}
	if now := p.noticeNow(fills.ID); now.LastError != "" || now.Cursor != 1 {
		t.Errorf("%+v", now)
	}

	p.came = nil
	p.happens("guard")
	if _, err := p.service.Test(t.Context(), p.ada, guards.ID); err != nil {
		t.Fatal(err)
	}
	lookAtAll()
	if got := p.said(); !slices.Equal(got, []string{"/guards"}) {
		t.Errorf("the webhook's test message came to %v", got)
	}
	p.came = slices.DeleteFunc(p.came, func(m message) bool { return m.path != "/guards" })
	if got := p.got(guards.Secret); !slices.Equal(got, []int64{2, 3}) {
		t.Errorf("it came before what waited: %v", got)
	}

	p.came = nil
	p.exec("update app.destinations set quiet_from = (now() at time zone 'UTC')::time - interval '2 hours', quiet_until = (now() at time zone 'UTC')::time + interval '2 hours' where type <> 'webhook'")
	if _, err := p.service.TestNotice(t.Context(), p.ada, fills.ID); err != nil {
		t.Fatal(err)
	}
	lookAtAll()
	p.exec("update app.destinations set quiet_from = null, quiet_until = null")
	lookAtAll()
	if got := p.said(); len(got) != 1 {
		t.Errorf("in quiet hours came %v", got)
	}
}

// Nobody has more than ten test messages sent within an hour, by whatever notices and
// webhooks; none is sent to one that is off, to an address that is not public, or by
// somebody who does not manage the account.
func TestTestMessagesFloodNobody(t *testing.T) {
	p := newPost(t)
	made := p.makeNotice(destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "1"})
	hook := p.make(p.receiver.URL + "/hook")

	bob := tenant.Admission{Token: kit.User(t, p.pg, "bob"), Account: p.ada.Account}
	if _, err := p.service.TestNotice(t.Context(), bob, made.ID); !problem.Is(err, problem.AccountForbidden) {
		t.Errorf("a stranger: %v", err)
	}
	p.exec("insert into app.account_grants (account_id, user_id, role) values ($1, 'bob', 'trader')", p.ada.Account)
	_, notice := p.service.TestNotice(t.Context(), bob, made.ID)
	_, webhook := p.service.Test(t.Context(), bob, hook.ID)
	if !problem.Is(notice, problem.NotPermitted) || !problem.Is(webhook, problem.NotPermitted) {
		t.Errorf("a trader: %v, %v", notice, webhook)
	}
	if _, err := p.service.TestNotice(t.Context(), p.ada, hook.ID); !problem.Is(err, problem.NoticeNotFound) {
		t.Errorf("a webhook as a notice: %v", err)
	}
	if _, err := p.service.Test(t.Context(), p.ada, made.ID); !problem.Is(err, problem.WebhookNotFound) {
		t.Errorf("a notice as a webhook: %v", err)
	}
	_, off := p.service.Switch(t.Context(), p.ada, hook.ID, false)
	if _, err := p.service.Test(t.Context(), p.ada, hook.ID); off != nil || !problem.Is(err, problem.DestinationOff) {
		t.Errorf("one that is off: %v, %v", off, err)
	}
	_, on := p.service.Switch(t.Context(), p.ada, hook.ID, true)

	var failed error
	for range 5 {
		_, notice := p.service.TestNotice(t.Context(), p.ada, made.ID)
		_, webhook := p.service.Test(t.Context(), p.ada, hook.ID)
		failed = errors.Join(failed, notice, webhook)
	}
	if on != nil || failed != nil {
		t.Fatal(on, failed)
	}
	another := p.make(p.receiver.URL + "/another")
	if _, err := p.service.Test(t.Context(), p.ada, another.ID); !problem.Is(err, problem.TooManyTestMessages) {
		t.Errorf("the eleventh: %v", err)
	}
	p.exec("update private.test_messages set since = since - interval '61 minutes'")
	if _, err := p.service.Test(t.Context(), p.ada, another.ID); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	p.exec("update app.destinations set address = 'http://127.0.0.1:1/' where id = $1", another.ID)
	p.look(p.sender(func(c *destinations.Config) { c.Networks = nil }), another.ID)
	if now := p.now(another.ID); now.LastError != "the receiver's address is not public" {
		t.Errorf("%+v", now)
	}
	audited := p.texts("select action || ' ' || count(*) from app.audit_log where action like '%.test' group by action order by 1")
	if !slices.Equal(audited, []string{"notice.test 5", "webhook.test 6"}) {
		t.Errorf("audited: %v", audited)
	}
}
