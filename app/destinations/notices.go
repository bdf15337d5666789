package destinations

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"time"
	_ "time/tzdata" // a machine may have none

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// The types of destinations: a webhook, and the ways of notices.
const (
	typeWebhook  = "webhook"
	typeEmail    = "email"
	typeTelegram = "telegram"
	typeDiscord  = "discord"
)

// Types returns the types of destinations.
func Types() []string { return []string{typeWebhook, typeEmail, typeTelegram, typeDiscord} }

// Topics are what a notice can tell of; app.event_topic says of which events each consists.
var Topics = []string{"fills", "refusals", "orders", "approvals", "credentials", "stream", "limits", "switch", "positions", "agents", "account"}

// usualTopics are told of where a client names none: what most people want to know.
var usualTopics = []string{"fills", "refusals", "approvals", "credentials", "stream", "limits", "switch"}

// Settings are what can be set of a notice. What is left out is none, or as by default.
type Settings struct {
	Topics   []string    `json:"topics,omitempty"` // none for usualTopics
	TimeZone string      `json:"time_zone,omitempty"`
	Quiet    *QuietHours `json:"quiet_hours,omitempty"`
	// Urgent is whether what is urgent is told in quiet hours; true unless it is set.
	Urgent    *bool  `json:"urgent,omitempty"`
	SummaryAt string `json:"summary_at,omitempty"` // "" for no summary
}

// QuietHours are from one time of the day until another.
type QuietHours struct {
	From  string `json:"from"`
	Until string `json:"until"`
}

// Notice is a notice as a client asks for it.
type Notice struct {
	Type       string `json:"type"`
	BotToken   string `json:"bot_token,omitempty"`   // of Telegram's
	ChatID     string `json:"chat_id,omitempty"`     // of Telegram's
	DiscordURL string `json:"discord_url,omitempty"` // of a webhook of Discord's
	Settings
}

// What Telegram and Discord give. The hosts are not the client's to choose.
var (
	botTokens   = regexp.MustCompile(`^[0-9]{5,20}:[A-Za-z0-9_-]{30,100}$`)
	chats       = regexp.MustCompile(`^(-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,31})$`)
	discordURLs = regexp.MustCompile(`^https://(?:discord|discordapp)\.com/api/(?:v[0-9]{1,2}/)?webhooks/([0-9]{5,25})/([A-Za-z0-9_-]{20,200})$`)
	zones       = regexp.MustCompile(`^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$`)
	clocks      = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

// columns checks the settings and returns them as columns of app.destinations.
func (r Settings) columns() (map[string]any, error) {
	topics := r.Topics
	if len(topics) == 0 {
		topics = usualTopics
	}
	for i, topic := range topics {
		if !slices.Contains(Topics, topic) || slices.Contains(topics[:i], topic) {
			return nil, invalidNotice(`"topics" may have %q, each once.`, Topics)
		}
	}
	set := map[string]any{"topics": topics, "time_zone": "UTC", "quiet_from": nil, "quiet_until": nil, "urgent": r.Urgent == nil || *r.Urgent, "summary_at": nil}
	if r.TimeZone != "" {
		if _, err := time.LoadLocation(r.TimeZone); err != nil || !zones.MatchString(r.TimeZone) || len(r.TimeZone) > 64 {
			return nil, invalidNotice(`"time_zone" must be one of IANA's, such as Europe/Berlin or UTC.`)
		}
		set["time_zone"] = r.TimeZone
	}
	if q := r.Quiet; q != nil {
		if !clocks.MatchString(q.From) || !clocks.MatchString(q.Until) || q.From == q.Until {
			return nil, invalidNotice(`"quiet_hours" must have "from" and "until", two times of the day such as 22:00 and 07:00.`)
		}
		set["quiet_from"], set["quiet_until"] = q.From, q.Until
	}
	if r.SummaryAt != "" {
		if !clocks.MatchString(r.SummaryAt) {
			return nil, invalidNotice(`"summary_at" must be a time of the day, such as 18:00.`)
		}
		set["summary_at"] = r.SummaryAt
	}
	return set, nil
}

func invalidNotice(format string, args ...any) error {
	return problem.New(problem.InvalidNotice, format, args...)
}

// columns checks the notice and returns it as columns of app.destinations, and its secret.
func (s *Service) columns(n Notice) (set map[string]any, secret broker.Secret, err error) {
	if set, err = n.Settings.columns(); err != nil {
		return nil, secret, err
	}
	set["type"] = n.Type
	given := func(telegram, discord bool) bool {
		return (n.BotToken != "") == telegram && (n.ChatID != "") == telegram && (n.DiscordURL != "") == discord
	}
	switch n.Type {
	case typeEmail:
		switch {
		case !given(false, false):
			return nil, secret, invalidNotice(`A notice by email takes no address and no token: it goes to your own address.`)
		case !s.Mails:
			return nil, secret, problem.New(problem.NoMailServer, "This server sends no mail. Ask its operator to set PADDOCK_SMTP_URL, or choose telegram or discord.")
		}
	case typeTelegram:
		if !given(true, false) || !botTokens.MatchString(n.BotToken) || !chats.MatchString(n.ChatID) {
			return nil, secret, invalidNotice(`A notice by telegram takes "bot_token", as @BotFather gives it, and "chat_id", a number or a channel such as @mychannel.`)
		}
		set["address"], secret = n.ChatID, broker.NewSecret(n.BotToken)
	case typeDiscord:
		parts := discordURLs.FindStringSubmatch(n.DiscordURL)
		if !given(false, true) || parts == nil {
			return nil, secret, invalidNotice(`A notice by discord takes "discord_url", as Discord shows it for a webhook of a channel: https://discord.com/api/webhooks/…/….`)
		}
		set["address"], secret = parts[1], broker.NewSecret(parts[2])
	default:
		return nil, secret, invalidNotice(`"type" must be email, telegram or discord. What programs are to get is a webhook: POST /api/webhooks.`)
	}
	return set, secret, nil
}

var notices = resource{name: "notices", columns: `'type', d.type, 'chat_id', case when d.type = 'telegram' then d.address end,
	'discord_id', case when d.type = 'discord' then d.address end, 'topics', d.topics, 'time_zone', d.time_zone,
	'quiet_hours', case when d.quiet_from is not null then jsonb_build_object('from', to_char(d.quiet_from, 'HH24:MI'), 'until', to_char(d.quiet_until, 'HH24:MI')) end,
	'urgent', d.urgent, 'summary_at', to_char(d.summary_at, 'HH24:MI'),
	'quiet_until', app.rfc3339(app.quiet_ends(d.quiet_from, d.quiet_until, d.time_zone, clock_timestamp()))`, missing: func() error {
	return problem.New(problem.NoticeNotFound, "This account has no notice of this id. Copy it from GET /api/notices.")
}}

// MakeNotice makes a notice, by which its user is told from the next event on. It ends with invalid_notice,
// no_mail_server, email_unverified, too_many_notices, step_up_required,
// credentials_unreadable, or a problem of the admission.
func (s *Service) MakeNotice(ctx context.Context, a tenant.Admission, n Notice) (json.RawMessage, error) {
	set, secret, err := s.columns(n)
	if err != nil {
		return nil, err
	}
	return s.make(ctx, a, set, secret, notices)
}

// Notices returns {"notices":[…]}, in the order in which they were made.
func (s *Service) Notices(ctx context.Context, a tenant.Admission) ([]byte, error) {
	return s.list(ctx, a, notices)
}

// SetNotice sets all that can be set of a notice, and returns it. Its secret and where it
// goes stay. It ends with invalid_notice or notice_not_found.
func (s *Service) SetNotice(ctx context.Context, a tenant.Admission, id uuid.UUID, r Settings) (json.RawMessage, error) {
	set, err := r.columns()
	if err != nil {
		return nil, err
	}
	return s.change(ctx, a, id, set, notices)
}

// SwitchNotice switches a notice on, so that it goes on where it was, or off, and returns
// it. It ends with notice_not_found.
func (s *Service) SwitchNotice(ctx context.Context, a tenant.Admission, id uuid.UUID, on bool) (json.RawMessage, error) {
	return s.change(ctx, a, id, state(on), notices)
}

// DeleteNotice deletes a notice. It ends with notice_not_found.
func (s *Service) DeleteNotice(ctx context.Context, a tenant.Admission, id uuid.UUID) error {
	return s.delete(ctx, a, id, notices)
}
