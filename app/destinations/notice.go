package destinations

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// How long a notice waits after a message, so that what comes meanwhile is told together:
// nobody wants a mail for each part of an order, and chats bound how often a program writes.
const (
	afterMail = time.Minute
	afterChat = 3 * time.Second
)

// How long a message may be, in the units in which Telegram counts; Discord counts
// characters, which are never more.
const (
	telegramLength = 4096
	discordLength  = 2000
)

// sendNotice sends one message that tells of as many of the events as it has room for.
func (s *Sender) sendNotice(ctx context.Context, claim tenant.DestinationClaim, secret broker.Secret, events []tenant.Event, d *tenant.Delivered) {
	told := len(events)
	switch claim.Type {
	case typeEmail:
		d.Status, d.Error = s.mail(ctx, claim, events)
		d.Wait = afterMail
	case typeTelegram:
		var text string
		text, told = message(claim, events, telegramLength, func(text string) string { return text })
		s.telegram(ctx, claim, secret, text, d)
	case typeDiscord:
		var text string
		text, told = message(claim, events, discordLength, escapeDiscord)
		s.discord(ctx, claim, secret, text, d)
	}
	s.observe(claim.Type, *d)
	switch {
	case d.Error == "":
		d.Seq = events[told-1].Seq
	case claim.Type == typeEmail:
		d.Wait = 0
	}
}

// message returns a message of a chat that tells of events, and of how many there was room.
func message(claim tenant.DestinationClaim, events []tenant.Event, most int, escape func(string) string) (text string, told int) {
	if len(events) == 1 {
		return escape(Sentence(events[0]) + " · " + account(claim)), 1
	}
	text = escape(accountTitle(claim))
	for _, e := range events {
		line := "\n" + escape(clock(claim, e)+" "+Sentence(e))
		if told > 0 && len(utf16.Encode([]rune(text+line))) > most {
			break
		}
		text += line
		told++
	}
	return text, told
}

// account says whose a message is, in a sentence.
func account(claim tenant.DestinationClaim) string {
	return fmt.Sprintf("%s account '%s'", environment(claim), clean(claim.AccountName, 80))
}

// accountTitle says whose it is, above several lines.
func accountTitle(claim tenant.DestinationClaim) string {
	return fmt.Sprintf("%s · %s", clean(claim.AccountName, 80), environment(claim))
}

// environment says whether it is real money, so that nobody overlooks it.
func environment(claim tenant.DestinationClaim) string {
	if claim.Environment == "live" {
		return "LIVE"
	}
	return claim.Environment
}

// clock returns when an event was, by the notice's clock, with the day where it was not
// within the last hours.
func clock(claim tenant.DestinationClaim, e tenant.Event) string {
	zone, err := time.LoadLocation(claim.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	if time.Since(e.At) > 20*time.Hour {
		return e.At.In(zone).Format("2 Jan 15:04")
	}
	return e.At.In(zone).Format("15:04")
}

// mail mails events to the notice's user.
func (s *Sender) mail(ctx context.Context, claim tenant.DestinationClaim, events []tenant.Event) (status int, failure string) {
	switch {
	case s.SendMail == nil:
		return 0, "this server has no mail server"
	case claim.MailTo == "":
		return 0, "your email address is not verified"
	}
	subject := fmt.Sprintf("[%s] %s", accountTitle(claim), Sentence(events[0]))
	if len(events) > 1 {
		subject = fmt.Sprintf("[%s] %d events: %s", accountTitle(claim), len(events), Sentence(events[0]))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "On your %s:\n\n", account(claim))
	for _, e := range events {
		fmt.Fprintf(&text, "%s  %s\n", clock(claim, e), Sentence(e))
	}
	fmt.Fprintf(&text, "\nTimes are those of %s. You get this because you asked for notices by mail. To stop them, sign in at %s and switch this notice off or delete it (%s).\n",
		claim.TimeZone, s.BaseURL, claim.Destination)
	if err := s.SendMail(ctx, claim.MailTo, clean(subject, 160), text.String()); err != nil {
		return 0, "the mail server did not take the mail"
	}
	return 250, "" // SMTP's
}

// telegram posts a text as a bot's message. Nothing in it is markup there.
func (s *Sender) telegram(ctx context.Context, claim tenant.DestinationClaim, token broker.Secret, text string, d *tenant.Delivered) {
	s.say(ctx, s.Telegram+"/bot"+token.Reveal()+"/sendMessage", map[string]any{
		"chat_id": claim.Address, "text": text, "link_preview_options": map[string]bool{"is_disabled": true},
	}, d)
	switch {
	case d.Error == "":
	case d.Status == http.StatusUnauthorized, d.Status == http.StatusNotFound:
		d.Error = "Telegram does not know the bot's token"
	case d.Status == http.StatusForbidden:
		d.Error = "the bot may not write to this chat: begin a chat with it, or add it to the group"
	case d.Status == http.StatusBadRequest:
		d.Error = "Telegram does not know this chat, or does not take the message"
	}
}

// discord posts a text by a webhook of Discord's. Nobody is called by it (@everyone), and
// no link is shown.
func (s *Sender) discord(ctx context.Context, claim tenant.DestinationClaim, token broker.Secret, text string, d *tenant.Delivered) {
	const suppressEmbeds = 1 << 2
	s.say(ctx, s.Discord+"/api/webhooks/"+claim.Address+"/"+token.Reveal(), map[string]any{
		"content": text, "allowed_mentions": map[string]any{"parse": []string{}}, "flags": suppressEmbeds,
	}, d)
	if d.Status == http.StatusUnauthorized || d.Status == http.StatusNotFound {
		d.Error = "Discord does not know this webhook any more"
	}
}

// escapeDiscord returns a text in which nothing is Discord's markup.
func escapeDiscord(text string) string {
	return discordMarkup.Replace(text)
}

var discordMarkup = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "~", `\~`, "`", "\\`", "|", `\|`, ">", `\>`, "<", `\<`, "[", `\[`, "]", `\]`,
	"(", `\(`, ")", `\)`, "#", `\#`)

// say posts a message to a chat, and says how that ended.
func (s *Sender) say(ctx context.Context, url string, message any, d *tenant.Delivered) {
	text, err := json.Marshal(message)
	if err != nil {
		d.Error = "Paddock could not write the message"
		return
	}
	header, said := s.post(ctx, url, text, map[string]string{"User-Agent": "Paddock-Notices"}, d)
	switch {
	case d.Error == "":
		d.Wait = afterChat
	case d.Status == http.StatusTooManyRequests:
		d.Wait = retryAfter(header, said)
	}
}

// retryAfter returns how long the receiver asks to wait: in a header, or as Telegram and
// Discord say it in the body.
func retryAfter(header http.Header, body []byte) time.Duration {
	var said struct {
		RetryAfter float64 `json:"retry_after"`
		Parameters struct {
			RetryAfter float64 `json:"retry_after"`
		} `json:"parameters"`
	}
	_ = json.Unmarshal(body, &said) // it may be anything
	seconds, err := strconv.ParseFloat(header.Get("Retry-After"), 64)
	if err != nil {
		seconds = 0
	}
	seconds = max(seconds, said.RetryAfter, said.Parameters.RetryAfter)
	if !(seconds > 0) { // a NaN, too
		return 0
	}
	return time.Duration(min(seconds, time.Hour.Seconds()) * float64(time.Second))
}
