package destinations_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/destinations"
	"paddock/app/mail"
	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/tests/kit"
)

const botToken = "123456:AAbbccddeeffgghhiijjkkllmmnnoopp_-"

// smtp is a mail server that takes what it is told, and keeps it.
type smtp struct {
	url  string
	mu   sync.Mutex
	came []string
	no   bool // it takes nothing
}

func newSMTP(t *testing.T) *smtp {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &smtp{url: "smtp://" + listener.Addr().String() + "?tls=none"}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.talk(conn)
		}
	}()
	return s
}

func (s *smtp) talk(conn net.Conn) {
	defer conn.Close()
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 test")
	var text strings.Builder
	for lines, in := bufio.NewScanner(conn), false; lines.Scan(); {
		line := lines.Text()
		text.WriteString(line + "\n")
		s.mu.Lock()
		no := s.no
		s.mu.Unlock()
		switch {
		case in && line == ".":
			in = false
			s.mu.Lock()
			s.came = append(s.came, strings.ReplaceAll(text.String(), "=\n", ""))
			s.mu.Unlock()
			say("250 taken")
		case in:
		case strings.HasPrefix(line, "EHLO"):
			say("250 test")
		case line == "DATA":
			in = true
			say("354 go on")
		case line == "QUIT":
			say("221 bye")
			return
		case no && strings.HasPrefix(line, "RCPT"):
			say("550 no: " + line)
		default:
			say("250 ok")
		}
	}
}

func (s *smtp) mails() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.came)
}

// notice is a notice as it is shown.
type notice struct {
	ID         uuid.UUID
	Type       string
	State      string
	Cursor     int64
	Topics     []string
	Urgent     bool
	ChatID     string `json:"chat_id"`
	DiscordID  string `json:"discord_id"`
	SummaryAt  string `json:"summary_at"`
	QuietUntil string `json:"quiet_until"`
	LastError  string `json:"last_error"`
	LastStatus int    `json:"last_status"`
	NextTryAt  string `json:"next_try_at"`
	OffReason  string `json:"off_reason"`
}

func (p *post) makeNotice(n destinations.Notice) (made notice) {
	p.t.Helper()
	p.service.Mails = true
	text, err := p.service.MakeNotice(p.t.Context(), p.ada, n)
	if err != nil {
		p.t.Fatal(err)
	}
	if strings.Contains(string(text), "oopp_-") || strings.Contains(string(text), "discordtoken") {
		p.t.Errorf("the answer shows a secret: %s", text)
	}
	if err := json.Unmarshal(text, &made); err != nil {
		p.t.Fatal(err)
	}
	return made
}

func (p *post) noticeNow(id uuid.UUID) notice {
	p.t.Helper()
	text, err := p.service.Notices(p.t.Context(), p.ada)
	if err != nil {
		p.t.Fatal(err)
	}
	var all struct{ Notices []notice }
	if err := json.Unmarshal(text, &all); err != nil {
		p.t.Fatal(err)
	}
	for _, n := range all.Notices {
		if n.ID == id {
			return n
		}
	}
	p.t.Fatalf("there is no notice %s: %s", id, text)
	return notice{}
}

// tell appends events, each a kind and its data.
func (p *post) tell(events ...string) {
	p.t.Helper()
	for i := 0; i < len(events); i += 2 {
		p.exec("select private.write_event($1, $2, $3)", p.ada.Account, events[i], events[i+1])
	}
}

const (
	fill    = `{"event":"fill","order":{"symbol":"AAPL","side":"buy","qty":"10","status":"filled","filled_qty":"10","filled_avg_price":"187.23"}}`
	refused = `{"event":"refused","violations":[{"message":"Too *much*, @everyone [x](https://evil.example)."}],"request":{"symbol":"TSLA","side":"buy","qty":"1"}}`
	newOne  = `{"event":"new","order":{"symbol":"AAPL","side":"buy","qty":"10","status":"new"}}`
	pending = `{"event":"pending","approval":{"kind":"order","request":{"symbol":"AAPL","side":"buy","qty":"1"},"expires_at":"2026-12-01T14:05:00Z"}}`
)

// noticeSender sends to the test's own mail server and chats, and logs into log.
func (p *post) noticeSender(server *smtp, log *bytes.Buffer) *destinations.Sender {
	p.t.Helper()
	return p.sender(func(c *destinations.Config) {
		c.Telegram, c.Discord, c.BaseURL = p.receiver.URL, p.receiver.URL, "https://paddock.test"
		if log != nil {
			c.Logger = slog.New(slog.NewTextHandler(log, nil))
		}
		if server != nil {
			sender, err := mail.New(server.url, "paddock@example.com")
			if err != nil {
				p.t.Fatal(err)
			}
			c.SendMail = sender.Send
		}
	})
}

// verify verifies ada's address.
func (p *post) verify() { p.exec(`update auth."user" set "emailVerified" = true where id = 'ada'`) }

// look2 looks twice: mail waits once for what comes close together.
func (p *post) look2(s *destinations.Sender, id uuid.UUID) {
	p.t.Helper()
	p.look(s, id)
	p.look(s, id)
}

// A mail goes to its user's own verified address alone, tells what came together in one,
// says whose it is, and no name or text adds a header or another recipient; what is not
// taken comes again, and the next is a minute later.
func TestNoticesByMail(t *testing.T) {
	p := newPost(t)
	server := newSMTP(t)
	if _, err := p.service.MakeNotice(t.Context(), p.ada, destinations.Notice{Type: "email"}); !problem.Is(err, problem.NoMailServer) {
		t.Errorf("without a mail server: %v", err)
	}
	p.service.Mails = true
	if _, err := p.service.MakeNotice(t.Context(), p.ada, destinations.Notice{Type: "email"}); !problem.Is(err, problem.EmailUnverified) {
		t.Errorf("to an address that is not verified: %v", err)
	}
	p.verify()
	made := p.makeNotice(destinations.Notice{Type: "email"})
	if !made.Urgent || len(made.Topics) != 7 || made.State != "on" {
		t.Errorf("%+v", made)
	}
	p.exec("update app.user_accounts set name = E'Main\\r\\nBcc: eve@example.com', environment = 'live'")
	s := p.noticeSender(server, nil)
	p.tell("order", newOne, "order", fill, "guard", refused, "order", newOne)

	p.look(s, made.ID)
	if n := len(server.mails()); n != 0 {
		t.Fatalf("%d mails came before what comes close together was waited for", n)
	}
	server.no = true
	p.look(s, made.ID)
	if now := p.noticeNow(made.ID); now.Cursor != 0 || now.LastError != "the mail server did not take the mail" || now.NextTryAt == "" {
		t.Errorf("%+v", now)
	}
	server.no = false
	p.look2(s, made.ID)
	mails := server.mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	for _, want := range []string{"RCPT TO:<ada@example.com>", "Filled: bought 10 AAPL at 187.23", "Refused by the guards: buy 1 TSLA.", "LIVE account 'Main Bcc: eve", "https://paddock.test", made.ID.String()} {
		if !strings.Contains(mails[0], want) {
			t.Errorf("%q is not in\n%s", want, mails[0])
		}
	}
	if strings.Contains(mails[0], "\nBcc:") || strings.Count(mails[0], "RCPT TO:") != 1 || strings.Contains(mails[0], "At the market") {
		t.Errorf("the mail is\n%s", mails[0])
	}
	var wait time.Duration
	if err := p.admin.QueryRow(t.Context(), "select due_at - clock_timestamp() from app.destinations").Scan(&wait); err != nil || wait < 50*time.Second {
		t.Errorf("the next mail may come after %s: %v", wait, err)
	}
	p.tell("order", fill)
	p.look2(s, made.ID)
	if now := p.noticeNow(made.ID); len(server.mails()) != 2 || now.LastStatus != 250 || now.LastError != "" {
		t.Errorf("%d mails, %+v", len(server.mails()), now)
	}

	// Fifty at most are in one.
	for range 60 {
		p.tell("order", fill)
	}
	p.look2(s, made.ID)
	p.look2(s, made.ID)
	mails = server.mails()
	if len(mails) != 4 || strings.Count(mails[2], "  Filled: bought") != 50 || strings.Count(mails[3], "  Filled: bought") != 10 {
		t.Errorf("%d mails", len(mails))
	}

	// The address is the one that is verified when it is sent.
	p.exec(`update auth."user" set email = 'new@example.com', "emailVerified" = false where id = 'ada'`)
	p.tell("order", fill)
	p.look2(s, made.ID)
	if now := p.noticeNow(made.ID); len(server.mails()) != 4 || now.LastError != "your email address is not verified" {
		t.Errorf("%d mails, %+v", len(server.mails()), now)
	}
	p.verify()
	p.look2(s, made.ID)
	if mails = server.mails(); len(mails) != 5 || !strings.Contains(mails[4], "RCPT TO:<new@example.com>") {
		t.Errorf("%d mails", len(mails))
	}
}

// Chats get plain text at the hosts of Telegram and Discord alone, with markup and mentions
// taken out, as much as a message holds; a token stands in no error, log or row; and how
// long they ask to wait is kept to.
func TestNoticesInChats(t *testing.T) {
	p := newPost(t)
	var log bytes.Buffer
	s := p.noticeSender(nil, &log)
	telegram := p.makeNotice(destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "-10042", Settings: destinations.Settings{Topics: []string{"fills", "refusals"}}})
	discord := p.makeNotice(destinations.Notice{Type: "discord", DiscordURL: "https://discord.com/api/webhooks/123456789/discordtokendiscordtoken", Settings: destinations.Settings{Topics: []string{"refusals"}}})
	if telegram.ChatID != "-10042" || discord.DiscordID != "123456789" {
		t.Errorf("%+v %+v", telegram, discord)
	}
	p.tell("order", fill)
	p.look(s, telegram.ID)
	p.tell("guard", refused)
	p.look(s, discord.ID)
	if len(p.came) != 2 || p.came[0].path != "/bot"+botToken+"/sendMessage" || p.came[1].path != "/api/webhooks/123456789/discordtokendiscordtoken" {
		t.Fatalf("%+v", p.came)
	}
	if got := string(p.came[0].body); got != `{"chat_id":"-10042","link_preview_options":{"is_disabled":true},"text":"Filled: bought 10 AAPL at 187.23 · paper account 'one'"}` {
		t.Errorf("Telegram got %s", got)
	}
	if got := string(p.came[1].body); got != `{"allowed_mentions":{"parse":[]},"content":"Refused by the guards: buy 1 TSLA. Too \\*much\\*, @everyone \\[x\\]\\(https://evil.example\\). · paper account 'one'","flags":4}` {
		t.Errorf("Discord got %s", got)
	}

	// Many events are some messages, each as long as the chat takes.
	p.came = nil
	for range 50 {
		p.tell("guard", refused)
	}
	for range 8 {
		p.look(s, discord.ID)
	}
	lines := 0
	for _, m := range p.came {
		var said struct{ Content string }
		if err := json.Unmarshal(m.body, &said); err != nil || len([]rune(said.Content)) > 2000 || !strings.HasPrefix(said.Content, "one · paper\n") {
			t.Errorf("%d characters: %v %s", len([]rune(said.Content)), err, said.Content)
		}
		lines += strings.Count(said.Content, "TSLA")
	}
	if n := len(p.came); lines != 50 || n < 3 || n > 7 {
		t.Errorf("%d lines in %d messages", lines, n)
	}

	// Refusals are told in Paddock's words; a wait that is asked for is kept to.
	for _, c := range []struct {
		status int
		want   string
	}{{401, "Telegram does not know the bot's token"}, {403, "the bot may not write to this chat: begin a chat with it, or add it to the group"}, {429, "the receiver answered 429"}} {
		p.answers(func(message) int { return c.status })
		p.look(s, telegram.ID)
		if now := p.noticeNow(telegram.ID); now.LastError != c.want || now.LastStatus != c.status || now.Cursor != 1 {
			t.Errorf("%d: %+v", c.status, now)
		}
	}
	var wait time.Duration
	if err := p.admin.QueryRow(t.Context(), "select due_at - clock_timestamp() from app.destinations where id = $1", telegram.ID).Scan(&wait); err != nil || wait < 9*time.Minute {
		t.Errorf("it waits %s, %v", wait, err)
	}
	p.receiver.Close()
	p.look(s, telegram.ID)
	p.look(p.sender(func(c *destinations.Config) { c.Telegram = p.receiver.URL; c.Networks = nil }), telegram.ID)
	if now := p.noticeNow(telegram.ID); now.LastError != "the receiver's address is not public" || now.LastStatus != 0 {
		t.Errorf("%+v", now)
	}
	var rows string
	if err := p.admin.QueryRow(t.Context(), `select (select coalesce(string_agg(d::text, ' '), '') from app.destinations d) || (select coalesce(string_agg(a::text, ' '), '') from app.audit_log a)
		|| (select coalesce(string_agg(j::text, ' '), '') from jobs.river_job j) || (select string_agg(s::text, ' ') from private.destination_secrets s)
		|| (select coalesce(string_agg(e::text, ' '), '') from app.account_events e)`).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"AAbbcc", "discordtoken"} {
		if strings.Contains(rows, secret) || strings.Contains(log.String(), secret) {
			t.Errorf("%s stands in the clear:\n%s\n%s", secret, rows, log.String())
		}
	}
}

// What is no notice is refused before anything is stored, and where one may lead is not the
// client's to choose.
func TestNoticesThatAreNone(t *testing.T) {
	p := newPost(t)
	p.service.Mails = true
	p.verify()
	with := func(n destinations.Notice, s destinations.Settings) destinations.Notice { n.Settings = s; return n }
	telegram := destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "42"}
	for what, n := range map[string]destinations.Notice{
		"no type":                  {},
		"a webhook":                {Type: "webhook"},
		"an address":               {Type: "email", ChatID: "eve@example.com"},
		"no token":                 {Type: "telegram", ChatID: "42"},
		"a token with a path":      {Type: "telegram", BotToken: "123456:../../AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ChatID: "42"},
		"a chat that is none":      {Type: "telegram", BotToken: botToken, ChatID: "42\n"},
		"another's host":           {Type: "discord", DiscordURL: "https://discord.com.evil.example/api/webhooks/123456789/discordtokendiscordtoken"},
		"a user before the host":   {Type: "discord", DiscordURL: "https://discord.com@127.0.0.1/api/webhooks/123456789/discordtokendiscordtoken"},
		"another path":             {Type: "discord", DiscordURL: "https://discord.com/api/webhooks/123456789/discordtokendiscordtoken/../../x"},
		"no TLS":                   {Type: "discord", DiscordURL: "http://discord.com/api/webhooks/123456789/discordtokendiscordtoken"},
		"a topic that is none":     with(telegram, destinations.Settings{Topics: []string{"fills", "weather"}}),
		"a topic twice":            with(telegram, destinations.Settings{Topics: []string{"fills", "fills"}}),
		"an abbreviation":          with(telegram, destinations.Settings{TimeZone: "CET"}),
		"a zone of POSIX":          with(telegram, destinations.Settings{TimeZone: "XYZ+3"}),
		"no zone":                  with(telegram, destinations.Settings{TimeZone: "Europe/Atlantis"}),
		"a zone that leads out":    with(telegram, destinations.Settings{TimeZone: "../../etc/passwd"}),
		"the machine's zone":       with(telegram, destinations.Settings{TimeZone: "Local"}),
		"quiet hours without end":  with(telegram, destinations.Settings{Quiet: &destinations.QuietHours{From: "22:00"}}),
		"quiet hours of no length": with(telegram, destinations.Settings{Quiet: &destinations.QuietHours{From: "22:00", Until: "22:00"}}),
		"an hour that is none":     with(telegram, destinations.Settings{SummaryAt: "24:00"}),
	} {
		if _, err := p.service.MakeNotice(t.Context(), p.ada, n); !problem.Is(err, problem.InvalidNotice) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The database decides by itself.
	for what, sql := range map[string]string{
		"a chat that is an URL":  `{"type":"telegram","address":"https://127.0.0.1/","topics":["fills"]}`,
		"an address of mail":     `{"type":"email","address":"eve@example.com","topics":["fills"]}`,
		"a zone":                 `{"type":"telegram","address":"42","topics":["fills"],"time_zone":"Europe/Atlantis"}`,
		"quiet hours of webhook": `{"type":"webhook","address":"https://example.com","quiet_from":"22:00","quiet_until":"07:00"}`,
		"no topics":              `{"type":"telegram","address":"42"}`,
	} {
		err := p.db.Tx(t.Context(), p.ada, func(b *tenant.Batch) {
			b.Queue("select private.make_destination(gen_random_uuid(), $1, null, 1, $2, null)", sql, []byte("x"))
		})
		if err == nil {
			t.Errorf("%s: it was taken", what)
		}
	}
	var n int
	if err := p.admin.QueryRow(t.Context(), "select count(*) from app.destinations").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d are there, %v", n, err)
	}
}

// Notices are their owner's: ten at most, seen and changed by nobody who only trades, with a
// step-up on a live account but for switching off; and nothing of one account's, or of a
// webhook's, is reached by the other's path.
func TestNoticesAreTheOwners(t *testing.T) {
	p := newPost(t)
	telegram := destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "42"}
	made, hook := p.makeNotice(telegram), p.make(p.receiver.URL)
	bob := tenant.Admission{Token: kit.User(t, p.pg, "bob"), Account: p.ada.Account}
	p.exec("insert into app.account_grants (account_id, user_id, role) values ($1, 'bob', 'trader')", p.ada.Account)
	for what, try := range map[string]func() error{
		"list": func() error { _, err := p.service.Notices(t.Context(), bob); return err },
		"make": func() error { _, err := p.service.MakeNotice(t.Context(), bob, telegram); return err },
		"set": func() error {
			_, err := p.service.SetNotice(t.Context(), bob, made.ID, destinations.Settings{})
			return err
		},
		"switch": func() error { _, err := p.service.SwitchNotice(t.Context(), bob, made.ID, false); return err },
		"delete": func() error { return p.service.DeleteNotice(t.Context(), bob, made.ID) },
	} {
		if err := try(); !problem.Is(err, problem.NotPermitted) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := p.service.SwitchNotice(t.Context(), p.ada, hook.ID, false); !problem.Is(err, problem.NoticeNotFound) {
		t.Errorf("a webhook switched as a notice: %v", err)
	}
	if _, err := p.service.Switch(t.Context(), p.ada, made.ID, false); !problem.Is(err, problem.WebhookNotFound) {
		t.Errorf("a notice switched as a webhook: %v", err)
	}
	if err := errors.Join(p.service.Delete(t.Context(), p.ada, made.ID), p.service.DeleteNotice(t.Context(), p.ada, hook.ID)); !problem.Is(err, problem.WebhookNotFound) && !problem.Is(err, problem.NoticeNotFound) {
		t.Errorf("deleted by the other's path: %v", err)
	}
	if text, err := p.service.SetNotice(t.Context(), p.ada, made.ID, destinations.Settings{
		Topics: []string{"orders"}, TimeZone: "America/New_York", Quiet: &destinations.QuietHours{From: "22:00", Until: "07:00"}, SummaryAt: "18:30",
	}); err != nil || !strings.Contains(string(text), `"18:30"`) || !strings.Contains(string(text), `{"from": "22:00", "until": "07:00"}`) || !strings.Contains(string(text), `["orders"]`) {
		t.Errorf("%s %v", text, err)
	}
	for range 9 {
		p.makeNotice(telegram)
	}
	if _, err := p.service.MakeNotice(t.Context(), p.ada, telegram); !problem.Is(err, problem.TooManyNotices) {
		t.Errorf("the eleventh: %v", err)
	}
	p.exec("update app.user_accounts set environment = 'live'")
	p.exec(`update auth.session set "steppedUpAt" = now() - interval '1 day'`)
	if err := p.service.DeleteNotice(t.Context(), p.ada, made.ID); err != nil {
		t.Error(err)
	}
	other := p.firstNotice()
	if _, err := p.service.SwitchNotice(t.Context(), p.ada, other, false); err != nil {
		t.Errorf("switched off without a step-up: %v", err)
	}
	for what, try := range map[string]func() error{
		"make": func() error { _, err := p.service.MakeNotice(t.Context(), p.ada, telegram); return err },
		"set": func() error {
			_, err := p.service.SetNotice(t.Context(), p.ada, other, destinations.Settings{})
			return err
		},
		"switch on": func() error { _, err := p.service.SwitchNotice(t.Context(), p.ada, other, true); return err },
	} {
		if err := try(); !problem.Is(err, problem.StepUpRequired) {
			t.Errorf("%s without a step-up: %v", what, err)
		}
	}
	audited := p.texts("select distinct action from app.audit_log where action like 'notice.%' and kind = 'user' order by 1")
	if !slices.Equal(audited, []string{"notice.change", "notice.create", "notice.delete", "notice.switch"}) {
		t.Errorf("audited: %v", audited)
	}
}

// firstNotice returns the id of the notice that is oldest.
func (p *post) firstNotice() (id uuid.UUID) {
	p.t.Helper()
	if err := p.admin.QueryRow(p.t.Context(), "select id from app.destinations where type <> 'webhook' order by created_at limit 1").Scan(&id); err != nil {
		p.t.Fatal(err)
	}
	return id
}

// Quiet hours are by the clock of a time zone, over midnight and over its changes; and a
// summary is due once on its day, from its hour on, and not for what was before it was
// asked for.
func TestHours(t *testing.T) {
	p := newPost(t)
	for _, c := range []struct{ from, until, zone, at, want string }{
		{"22:00", "07:00", "UTC", "2026-12-01 21:59:59Z", ""},
		{"22:00", "07:00", "UTC", "2026-12-01 22:00:00Z", "2026-12-02T07:00:00Z"},
		{"22:00", "07:00", "UTC", "2026-12-02 06:59:59Z", "2026-12-02T07:00:00Z"},
		{"22:00", "07:00", "UTC", "2026-12-02 07:00:00Z", ""},
		{"12:00", "13:00", "UTC", "2026-12-02 12:30:00Z", "2026-12-02T13:00:00Z"},
		{"12:00", "13:00", "UTC", "2026-12-02 13:00:00Z", ""},
		{"22:00", "07:00", "America/New_York", "2026-12-02 03:00:00Z", "2026-12-02T12:00:00Z"},
		// Clocks go forward at 2:00 on 29 March in Berlin, and back at 3:00 on 25 October.
		{"22:00", "07:00", "Europe/Berlin", "2026-03-28 21:30:00Z", "2026-03-29T05:00:00Z"},
		{"22:00", "07:00", "Europe/Berlin", "2026-03-29 05:00:00Z", ""},
		{"22:00", "07:00", "Europe/Berlin", "2026-10-25 05:59:00Z", "2026-10-25T06:00:00Z"},
		{"02:15", "02:45", "Europe/Berlin", "2026-10-25 00:30:00Z", "2026-10-25T01:45:00Z"},
		{"02:15", "02:45", "Europe/Berlin", "2026-10-25 01:30:00Z", "2026-10-25T01:45:00Z"},
		{"02:15", "02:45", "Europe/Berlin", "2026-03-29 01:00:00Z", ""},
		{"22:00", "07:00", "Gone/Away", "2026-12-01 22:00:00Z", "2026-12-02T07:00:00Z"}, // UTC's
	} {
		var quiet bool
		var ends *time.Time
		if err := p.admin.QueryRow(t.Context(), "select app.is_quiet($1::text::time, $2::text::time, $3, $4::text::timestamptz), app.quiet_ends($1::text::time, $2::text::time, $3, $4::text::timestamptz)",
			c.from, c.until, c.zone, c.at).Scan(&quiet, &ends); err != nil {
			t.Fatal(err)
		}
		got := ""
		if ends != nil {
			got = ends.UTC().Format(time.RFC3339)
		}
		if got != c.want || quiet != (c.want != "") {
			t.Errorf("%+v: %v, until %s", c, quiet, got)
		}
	}
	for _, c := range []struct{ hour, zone, since, at, want string }{
		{"18:00", "UTC", "2026-11-01 00:00Z", "2026-12-01 17:59:59Z", ""},
		{"18:00", "UTC", "2026-11-01 00:00Z", "2026-12-01 18:00Z", "2026-12-01"},
		{"18:00", "UTC", "2026-11-01 00:00Z", "2026-12-01 23:59:59Z", "2026-12-01"}, // made up for
		{"18:00", "UTC", "2026-11-01 00:00Z", "2026-12-02 00:00Z", ""},              // and no later
		{"18:00", "UTC", "2026-12-01 18:00:01Z", "2026-12-01 19:00Z", ""},           // asked for after its hour
		{"18:00", "Asia/Tokyo", "2026-11-01 00:00Z", "2026-12-01 09:00Z", "2026-12-01"},
		{"02:30", "Europe/Berlin", "2026-01-01 00:00Z", "2026-03-29 01:00Z", "2026-03-29"}, // an hour that is left out
		{"02:30", "Europe/Berlin", "2026-01-01 00:00Z", "2026-10-25 00:30Z", "2026-10-25"}, // and one that comes twice
	} {
		var day *time.Time
		if err := p.admin.QueryRow(t.Context(), "select app.summary_day($1::text::time, $2, $3::text::timestamptz, $4::text::timestamptz)", c.hour, c.zone, c.since, c.at).Scan(&day); err != nil {
			t.Fatal(err)
		}
		got := ""
		if day != nil {
			got = day.Format(time.DateOnly)
		}
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// In quiet hours what is urgent is told at once, and once; the rest waits, and is told
// together afterwards.
func TestQuietHours(t *testing.T) {
	p := newPost(t)
	s := p.noticeSender(nil, nil)
	quiet := func(is bool) {
		from := 2 // hours from now
		if is {
			from = -2
		}
		p.exec("update app.destinations set quiet_from = (now() at time zone 'UTC')::time + $1 * interval '1 hour', quiet_until = (now() at time zone 'UTC')::time + ($1 + 4) * interval '1 hour'", from)
	}
	hours := &destinations.QuietHours{From: "00:00", Until: "00:01"}
	no := false
	one := p.makeNotice(destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "1", Settings: destinations.Settings{Quiet: hours}})
	two := p.makeNotice(destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "2", Settings: destinations.Settings{Quiet: hours, Urgent: &no}})
	quiet(true)
	if now := p.noticeNow(one.ID); now.QuietUntil == "" {
		t.Errorf("%+v", now)
	}
	p.tell("order", fill, "approval", pending, "order", fill)
	for range 2 {
		p.look(s, one.ID)
		p.look(s, two.ID)
	}
	texts := func() (all []string) {
		for _, m := range p.came {
			var said struct {
				ChatID string `json:"chat_id"`
				Text   string
			}
			if err := json.Unmarshal(m.body, &said); err != nil {
				t.Error(err)
			}
			all = append(all, said.ChatID+strconv.Itoa(strings.Count(said.Text, "Filled"))+strconv.Itoa(strings.Count(said.Text, "Waits for approval")))
		}
		return all
	}
	if got := texts(); !slices.Equal(got, []string{"101"}) {
		t.Errorf("in quiet hours came %v", got)
	}
	if now := p.noticeNow(one.ID); now.Cursor != 0 {
		t.Errorf("what waits was passed over: %+v", now)
	}
	p.exec("update app.destinations set due_at = now()")
	if woken, err := p.worker.WakeDestinations(t.Context()); err != nil || woken != 0 {
		t.Errorf("%d are looked at though nothing new came, %v", woken, err)
	}
	quiet(false)
	if woken, err := p.worker.WakeDestinations(t.Context()); err != nil || woken != 2 {
		t.Errorf("%d are looked at afterwards, %v", woken, err)
	}
	for range 2 {
		p.look(s, one.ID)
		p.look(s, two.ID)
	}
	if got := texts(); !slices.Equal(got, []string{"101", "120", "221"}) {
		t.Errorf("afterwards came %v", got)
	}
}

// A sender that dies between the message and its record has it sent again by another: at
// least once. Several that look at once send nothing twice.
func TestNoticesAreToldAtLeastOnce(t *testing.T) {
	p := newPost(t)
	made := p.makeNotice(destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "1"})
	p.tell("order", fill)
	dying, die := context.WithCancel(t.Context())
	p.answers(func(message) int { // it is taken, and the sender gone before it is recorded
		p.exec("update app.destinations set holder = gen_random_uuid()")
		die()
		return http.StatusOK
	})
	p.exec("update app.destinations set due_at = now()")
	_ = p.noticeSender(nil, nil).Look(dying, p.ada.Account, made.ID)
	if now := p.noticeNow(made.ID); now.Cursor != 0 || len(p.came) != 1 {
		t.Fatalf("%d came, %+v", len(p.came), now)
	}
	p.exec("update app.destinations set live_until = now() - interval '1 second', due_at = now()")
	var once sync.Once
	p.answers(func(message) int { // while one sends, others look
		once.Do(func() {
			for range 3 {
				if err := p.noticeSender(nil, nil).Look(context.Background(), p.ada.Account, made.ID); err != nil {
					t.Error(err)
				}
			}
		})
		return http.StatusOK
	})
	if err := p.noticeSender(nil, nil).Look(t.Context(), p.ada.Account, made.ID); err != nil {
		t.Error(err)
	}
	if now := p.noticeNow(made.ID); now.Cursor != 1 || len(p.came) != 2 {
		t.Errorf("%d came, %+v", len(p.came), now)
	}
}

// Each day has one summary, however many instances there are, with the figures of its
// time; it goes to the notice that asked for it, and is in the log.
func TestDailySummary(t *testing.T) {
	p := newPost(t)
	s := p.noticeSender(nil, nil)
	made := p.makeNotice(destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "1", Settings: destinations.Settings{SummaryAt: "18:00", TimeZone: "America/New_York"}})
	other := p.makeNotice(destinations.Notice{Type: "telegram", BotToken: botToken, ChatID: "2", Settings: destinations.Settings{Topics: []string{"fills"}}})
	p.exec("update app.destinations set summary_since = '2026-01-01'")
	p.exec("set session_replication_role = replica")
	p.exec(`insert into app.alpaca_orders (account_id, client_order_id, intent_state, symbol, side, qty, status, created_at, orchestrator_agent_id)
		select $1, 'o' || n, 'accepted', 'AAPL', 'buy', 1, case n when 1 then 'filled' else 'canceled' end, '2026-03-02 23:00Z'::timestamptz + (n - 3) * interval '10 hours', case n when 2 then 'momentum' end
		from generate_series(1, 4) n`, p.ada.Account)
	p.exec(`insert into app.balance_history (account_id, hour, equity, last_equity, as_of) values ($1, '2026-03-01 20:00Z', 1000, 1000, '2026-03-01 20:30Z'), ($1, '2026-03-02 22:00Z', 1100.5, 1000, '2026-03-02 22:30Z'),
		($1, '2026-03-02 23:00Z', 9, 1000, '2026-03-02 23:30Z')`, p.ada.Account)
	p.exec(`insert into app.trading_positions (account_id, id, scope, scope_value, symbol, asset_class, multiplier, direction, opened_at, opened_id, opening_qty, last_at, last_id, closed_at,
			entry_qty, entry_notional, exit_qty, exit_notional, held_cost, max_qty, fees, fills)
		select $1, gen_random_uuid(), scope, case scope when 'agent' then 'x' else '' end, 'AAPL', 'us_equity', 1, 'long', '2026-03-01', 'a', 1, '2026-03-02', 'b', '2026-03-02 15:00Z', 1, 100, 1, 145.1, 0, 1, 0.3, 2
		from unnest(array['account', 'agent']) scope`, p.ada.Account)
	p.exec("reset session_replication_role")
	// At noon in New York nothing is due; at six there is one, asked for by four at once.
	write := func(at string) (n int) {
		t.Helper()
		var all sync.WaitGroup
		for range 4 {
			conn := p.pg.Conn(t, "paddock_worker")
			all.Go(func() {
				for range 3 {
					if _, err := conn.Exec(context.Background(), "select private.write_summary($1::text::timestamptz)", at); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if err := p.admin.QueryRow(t.Context(), "select count(*) from app.account_events where kind = 'summary'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range []struct {
		at   string
		want int
	}{{"2026-03-02 22:59Z", 0}, {"2026-03-02 23:00Z", 1}, {"2026-03-03 04:59Z", 1}, {"2026-03-03 05:00Z", 1}, {"2026-03-03 23:01Z", 2}} {
		if n := write(c.at); n != c.want {
			t.Errorf("at %s there are %d summaries, want %d", c.at, n, c.want)
		}
	}
	var data string
	if err := p.admin.QueryRow(t.Context(), "select data - 'notice_id' from app.account_events where kind = 'summary' order by seq limit 1").Scan(&data); err != nil {
		t.Fatal(err)
	}
	want := `{"day": "2026-03-02", "fees": "0.30", "from": "2026-03-01T23:00:00.000000Z", "sold": "0.00", "until": "2026-03-02T23:00:00.000000Z", "agents": [{"orders": 1, "orchestrator_agent_id": "momentum"}], "bought": "0.00", "equity": "1100.50", "orders": 2, "refusals": 0, "executions": 0, "realized_pl": "45.10", "equity_change": "100.50", "orders_filled": 1, "round_trips_closed": 1}`
	if data != want {
		t.Errorf("the summary is\n%s\nwant\n%s", data, want)
	}
	p.look(s, made.ID)
	p.look(s, other.ID)
	if len(p.came) != 1 || strings.Count(string(p.came[0].body), "The day until") != 2 {
		t.Errorf("%d came: %s", len(p.came), p.came)
	}
}

// Of a limit of which most is used one is told once a day, in the transaction that has the
// figures; and a stream that does not come back in time is told, and its coming back.
func TestLimitsAndStreamsAreTold(t *testing.T) {
	p := newPost(t)
	p.exec("insert into app.account_guards (account_id, daily_loss_limit, max_drawdown, orders_per_day) values ($1, 100, 1000, 5)", p.ada.Account)
	worth := func(equity int) {
		t.Helper()
		p.exec(`insert into app.account_balances (account_id, equity, last_equity, as_of) values ($1, $2, 1000, clock_timestamp())
			on conflict (account_id) do update set equity = excluded.equity, as_of = excluded.as_of`, p.ada.Account, equity)
	}
	told := func(kind string) []string {
		t.Helper()
		return p.texts("select concat_ws(' ', data->>'event', data->>'limit', data->>'used', data->>'why') from app.account_events where kind = $1 order by seq", kind)
	}
	for _, equity := range []int{1000, 921, 920, 915, 1000, 910} {
		worth(equity)
	}
	if got := told("limit"); !slices.Equal(got, []string{"near daily_loss_limit 80"}) {
		t.Errorf("told: %v", got)
	}
	p.exec("update private.neared_limits set day = day - 1")
	worth(150)
	if got := told("limit"); !slices.Equal(got, []string{"near daily_loss_limit 80", "near daily_loss_limit 850", "near max_drawdown 850"}) {
		t.Errorf("the next day told: %v", got)
	}
	// Where the log is locked elsewhere it waits for nobody, and the next tells it.
	p.exec("delete from private.neared_limits")
	lock := p.pg.Conn(t, "admin")
	if _, err := lock.Exec(t.Context(), "begin"); err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), "select from app.event_heads for update"); err != nil {
		t.Fatal(err)
	}
	worth(151)
	if _, err := lock.Exec(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	if got := told("limit"); len(got) != 3 {
		t.Errorf("beside another's lock told: %v", got)
	}
	worth(152)
	if got := told("limit"); len(got) != 5 {
		t.Errorf("after it told: %v", got)
	}

	note := func(after time.Duration) {
		t.Helper()
		if err := p.worker.NoteOutages(t.Context(), after); err != nil {
			t.Fatal(err)
		}
	}
	stream := func(set string) { p.exec("update app.stream_cursors set "+set+" where account_id = $1", p.ada.Account) }
	p.exec("insert into app.stream_cursors (account_id, last_error) values ($1, 'It was cut.')", p.ada.Account)
	note(0) // it has no keys
	if got := told("stream"); got != nil {
		t.Errorf("without keys told: %v", got)
	}
	p.exec("insert into private.user_credentials (account_id, kind, encryption_algorithm, key_last4, ciphertext, key_version) values ($1, 'key', 'x', 'ABCD', '\\xc30d0409', 1)", p.ada.Account)
	note(time.Hour)
	note(time.Hour)
	if got := told("stream"); got != nil {
		t.Errorf("before its time told: %v", got)
	}
	note(0)
	note(0)
	if got := told("stream"); got != nil { // five seconds at least
		t.Errorf("at once told: %v", got)
	}
	p.exec("update private.stream_outages set began_at = began_at - interval '5 seconds'")
	note(0)
	note(0)
	if got := told("stream"); !slices.Equal(got, []string{"behind It was cut."}) {
		t.Errorf("told: %v", got)
	}
	stream("streaming = 'sse', unbroken_since = now(), agreed_at = now()")
	note(0)
	note(0)
	stream("streaming = null, unbroken_since = null")
	note(time.Hour)
	stream("streaming = 'sse', unbroken_since = now()")
	note(time.Hour)
	if got := told("stream"); !slices.Equal(got, []string{"behind It was cut.", "live"}) {
		t.Errorf("told: %v", got)
	}
}
