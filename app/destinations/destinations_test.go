package destinations_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"paddock/app/credentials"
	"paddock/app/destinations"
	"paddock/app/jobs"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/kit"
)

// Events are sent in their order, signed, each until it is taken, and again under the same
// id; and a webhook that wants some kinds gets those alone.
func TestEventsAreSentInOrder(t *testing.T) {
	p := newPost(t)
	p.happens("order") // before there is a webhook
	all, some := p.make(p.receiver.URL+"/all"), p.make(p.receiver.URL+"/some", "guard")
	p.happens("order", "guard", "order")
	s := p.sender()

	p.answers(func(m message) int {
		if m.cursor(t) == 3 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	p.look(s, all.ID)
	p.look(s, all.ID)
	if got := p.got(all.Secret); !slices.Equal(got, []int64{2, 3, 3}) {
		t.Errorf("came: %v", got)
	}
	if ids := []string{p.came[1].header.Get("webhook-id"), p.came[2].header.Get("webhook-id")}; ids[0] != ids[1] || ids[0] != destinations.MessageID(all.ID, 3) || ids[0] == p.came[0].header.Get("webhook-id") {
		t.Errorf("ids: %v", ids)
	}
	if now := p.now(all.ID); now.Cursor != 2 || now.LastStatus != 500 || now.LastError != "the receiver answered 500" || now.NextTryAt == "" || now.State != "on" {
		t.Errorf("%+v", now)
	}
	p.answers(nil)
	p.look(s, all.ID)
	if got := p.got(all.Secret); !slices.Equal(got, []int64{2, 3, 3, 3, 4}) {
		t.Errorf("came: %v", got)
	}
	if now := p.now(all.ID); now.Cursor != 4 || now.LastError != "" || now.NextTryAt != "" || now.DeliveredAt == "" {
		t.Errorf("%+v", now)
	}

	p.came = nil
	p.look(s, some.ID)
	if got := p.got(some.Secret); !slices.Equal(got, []int64{3}) {
		t.Errorf("of one kind came: %v", got)
	}
	p.look(s, some.ID)
	if now := p.now(some.ID); now.Cursor != 4 || len(p.came) != 1 {
		t.Errorf("what is not wanted was not passed over: %+v, %d came", now, len(p.came))
	}
}

// What one sender has claimed another leaves alone; and where it died, the claim ends and
// the next one sends again what may not have been taken.
func TestOneSenderAtATime(t *testing.T) {
	p := newPost(t)
	hook := p.make(p.receiver.URL)
	p.happens("order")
	s := p.sender()
	if _, is, err := p.worker.BeginDelivery(t.Context(), p.ada.Account, hook.ID, uuid.New(), time.Minute); !is || err != nil {
		t.Fatal(is, err)
	}
	p.look(s, hook.ID)
	if got := p.got(hook.Secret); len(got) != 0 {
		t.Errorf("came: %v", got)
	}
	p.exec("update app.destinations set live_until = now() - interval '1 second'")
	p.look(s, hook.ID)
	if got := p.got(hook.Secret); !slices.Equal(got, []int64{1}) {
		t.Errorf("came: %v", got)
	}
}

// River brings events by itself, soon after they happen; tries are ever farther apart, and
// a webhook that takes nothing for long is switched off, of which an event and the audit
// tell. Switched on again, it goes on where it was.
func TestFailingWebhookIsSwitchedOff(t *testing.T) {
	p := newPost(t)
	hook := p.make(p.receiver.URL)
	s := p.sender(func(c *destinations.Config) { c.GiveUp = time.Hour })
	p.answers(func(message) int { return http.StatusFound }) // nor is it followed
	p.happens("order")
	var waits []time.Duration
	for range 14 {
		p.look(s, hook.ID)
		var wait time.Duration
		if err := p.admin.QueryRow(t.Context(), "select due_at - clock_timestamp() from app.destinations").Scan(&wait); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, wait.Round(time.Second))
	}
	if !slices.IsSorted(waits) || waits[0] != 2*time.Second || waits[1] != 4*time.Second || waits[13] != time.Hour {
		t.Errorf("waits: %v", waits)
	}
	counts := func(working, failing, givenUp int64) {
		t.Helper()
		n, err := p.worker.DestinationCounts(t.Context())
		if err != nil || len(n) != 1 || n[0] != (tenant.DestinationCount{Type: "webhook", Working: working, Failing: failing, GivenUp: givenUp}) {
			t.Errorf("the operator is told %+v, %v", n, err)
		}
	}
	counts(0, 1, 0)
	p.exec("update app.destinations set failing_since = failing_since - interval '2 hours'")
	p.look(s, hook.ID)
	if now := p.now(hook.ID); now.State != "off" || now.OffReason != "failing" || now.LastStatus != http.StatusFound {
		t.Errorf("%+v", now)
	}
	counts(0, 0, 1)
	p.exec("update app.destinations set due_at = due_at - interval '25 hours'")
	counts(0, 0, 0)
	for _, m := range p.came {
		if m.path != "/" {
			t.Errorf("the redirect was followed to %s", m.path)
		}
	}
	var told, audited int
	if err := p.admin.QueryRow(t.Context(), `select (select count(*) from app.account_events where kind = 'webhook' and data->>'reason' = 'failing'),
		(select count(*) from app.audit_log where action = 'webhook.off' and kind = 'worker')`).Scan(&told, &audited); err != nil || told != 1 || audited != 1 {
		t.Errorf("told %d times, audited %d: %v", told, audited, err)
	}
	tries := len(p.came)
	p.look(s, hook.ID)
	if len(p.came) != tries {
		t.Error("one that is off is tried")
	}

	p.answers(nil)
	p.came = nil
	if _, err := p.service.Switch(t.Context(), p.ada, hook.ID, true); err != nil {
		t.Fatal(err)
	}
	runner, err := jobs.New(jobs.Config{Worker: p.worker, Driver: riverpgxv5.New(p.pg.Pool(t, "paddock_worker")), Destinations: s, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	kit.Eventually(t, "both events", func() bool { return slices.Equal(p.got(hook.Secret), []int64{1, 2}) })
	p.happens("order")
	kit.Eventually(t, "the third event", func() bool { return slices.Equal(p.got(hook.Secret), []int64{1, 2, 3}) })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Nothing is sent where the operator's machine could reach more than the world: to
// addresses that are not public, however they are written or named, and whatever the URL
// was when it was checked.
func TestNothingPrivateIsReached(t *testing.T) {
	p := newPost(t)
	strict := destinations.New(p.db, p.keys, nil)
	for _, url := range []string{
		"http://example.com", "ftp://example.com", "https://", "https://u:p@example.com", "https://example.com/#x", "example.com", "https://[::1", "https:///x",
		"https://127.0.0.1", "https://10.0.0.1/x", "https://192.168.1.1", "https://172.16.0.1", "https://169.254.169.254/latest", "https://0.0.0.0", "https://100.64.0.1",
		"https://[::1]", "https://[fe80::1]", "https://[fd00::1]", "https://[::ffff:127.0.0.1]", "https://[64:ff9b::7f00:1]", "https://224.0.0.1", "https://255.255.255.255",
	} {
		if _, err := strict.Make(t.Context(), p.ada, destinations.Request{URL: url}); !problem.Is(err, problem.InvalidWebhook) {
			t.Errorf("%s: %v", url, err)
		}
	}
	hook := p.make(p.receiver.URL)
	port := p.receiver.URL[len("http://127.0.0.1:"):]
	s := p.sender(func(c *destinations.Config) { c.Networks = nil })
	for _, host := range []string{"127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "169.254.169.254", "[::]"} {
		p.exec("update app.destinations set address = $1, last_error = null, last_status = null", "http://"+host+":"+port+"/")
		p.happens("order")
		p.look(s, hook.ID)
		now := p.now(hook.ID)
		// Names that no resolver takes for an address are not known.
		if now.LastError != "the receiver's address is not public" && now.LastError != "the receiver's name is not known" || now.LastStatus != 0 || now.Cursor != 0 {
			t.Errorf("%s: %+v", host, now)
		}
	}
	if len(p.came) != 0 {
		t.Errorf("%d requests came", len(p.came))
	}
}

// Nothing is sent once its user owns the account no more, or was disabled.
func TestNothingIsSentWithoutAccess(t *testing.T) {
	for what, sql := range map[string]string{
		"no grant":   "delete from app.account_grants where user_id = 'ada'",
		"no owner":   "update app.account_grants set role = 'trader' where user_id = 'ada'",
		"an end":     "update app.account_grants set expires_at = now() - interval '1 second' where user_id = 'ada'",
		"a disabled": "select private.disable_user('ada')",
	} {
		t.Run(what, func(t *testing.T) {
			p := newPost(t)
			hook := p.make(p.receiver.URL)
			p.happens("order")
			p.exec(sql)
			p.look(p.sender(), hook.ID)
			var state, reason string
			if err := p.admin.QueryRow(t.Context(), "select state, off_reason from app.destinations").Scan(&state, &reason); err != nil || state != "off" || reason != "no_access" {
				t.Errorf("%s %s %v", state, reason, err)
			}
			if len(p.came) != 0 {
				t.Errorf("%d requests came", len(p.came))
			}
		})
	}
}

// Secrets are kept as API keys are: encrypted under the version of the master key that
// stores, rotated with it, and readable from no other row.
func TestSecretsAreKeptAsKeysAre(t *testing.T) {
	p := newPost(t)
	one, two := p.make(p.receiver.URL+"/1"), p.make(p.receiver.URL+"/2")
	var stored []byte
	if err := p.admin.QueryRow(t.Context(), "select string_agg(ciphertext, '') from private.destination_secrets").Scan(&stored); err != nil || bytes.Contains(stored, []byte(one.Secret[6:20])) {
		t.Errorf("the secret is in clear: %v", err)
	}
	if text, err := p.service.List(t.Context(), p.ada); err != nil || bytes.Contains(text, []byte("whsec_")) {
		t.Errorf("the list shows secrets: %s %v", text, err)
	}

	keys, err := credentials.ParseKeyring(p.masterKey + "," + credentials.NewMasterKey(2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Rotate(t.Context(), p.worker, 2, func(credentials.Rotation) {}); err != nil {
		t.Fatal(err)
	}
	if err := keys.Retire(t.Context(), p.worker, 1); err != nil {
		t.Errorf("nothing needs the old version: %v", err)
	}
	p.keys = keys
	p.happens("order")
	p.look(p.sender(), one.ID)
	if got := p.got(one.Secret); !slices.Equal(got, []int64{1}) {
		t.Errorf("after the rotation came: %v", got)
	}

	p.exec("update private.destination_secrets set ciphertext = (select ciphertext from private.destination_secrets where destination_id = $1) where destination_id = $2", one.ID, two.ID)
	p.came = nil
	p.look(p.sender(), two.ID)
	if len(p.came) != 0 || p.now(two.ID).LastError == "" {
		t.Errorf("a moved secret opens: %+v", p.now(two.ID))
	}
}

// Who manages an account has its webhooks, ten at most, and nobody else sees one.
func TestWebhooksAreTheOwners(t *testing.T) {
	p := newPost(t)
	hook := p.make(p.receiver.URL)
	bob := tenant.Admission{Token: kit.User(t, p.pg, "bob"), Account: p.ada.Account}
	p.exec("insert into app.account_grants (account_id, user_id, role) values ($1, 'bob', 'trader')", p.ada.Account)
	for what, try := range map[string]func() error{
		"list": func() error { _, err := p.service.List(t.Context(), bob); return err },
		"make": func() error {
			_, err := p.service.Make(t.Context(), bob, destinations.Request{URL: p.receiver.URL})
			return err
		},
		"switch": func() error { _, err := p.service.Switch(t.Context(), bob, hook.ID, false); return err },
		"delete": func() error { return p.service.Delete(t.Context(), bob, hook.ID) },
	} {
		if err := try(); !problem.Is(err, problem.NotPermitted) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for range 9 {
		p.make(p.receiver.URL)
	}
	if _, err := p.service.Make(t.Context(), p.ada, destinations.Request{URL: p.receiver.URL}); !problem.Is(err, problem.TooManyWebhooks) {
		t.Errorf("the eleventh: %v", err)
	}
	if err := p.service.Delete(t.Context(), p.ada, hook.ID); err != nil {
		t.Error(err)
	}
	if err := p.service.Delete(t.Context(), p.ada, hook.ID); !problem.Is(err, problem.WebhookNotFound) {
		t.Error(err)
	}
	// On a live account it takes a step-up: events leave.
	p.exec("update app.user_accounts set environment = 'live'")
	p.exec(`update auth.session set "steppedUpAt" = now() - interval '1 day'`)
	if _, err := p.service.Make(t.Context(), p.ada, destinations.Request{URL: p.receiver.URL}); !problem.Is(err, problem.StepUpRequired) {
		t.Errorf("without a step-up: %v", err)
	}
}
