// Package destinations sends accounts' events to where their owners want them, each again
// until it is taken: to webhooks, which are for programs, signed as Standard Webhooks says;
// and as notices, which tell people in plain words, by mail, Telegram or Discord. Service
// makes, lists, changes and deletes both for an admitted account; Sender sends what is due.
package destinations

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Kinds are the kinds of events that there are.
var Kinds = []string{"order", "position", "agent_log", "account", "credentials", "guard", "journal", "job", "webhook", "notice", "history", "approval", "limit", "stream", "summary"}

// Service is for requests.
type Service struct {
	db    *tenant.DB
	keys  *credentials.Keyring
	guard guard
	// Mails is whether there is a mail server to send notices with.
	Mails bool
}

// New makes a Service. Webhooks may reach these networks though they are not public, and
// there without TLS.
func New(db *tenant.DB, keys *credentials.Keyring, networks []netip.Prefix) *Service {
	return &Service{db: db, keys: keys, guard: newGuard(networks)}
}

// Request is a webhook as a client asks for it.
type Request struct {
	URL   string   `json:"url"`
	Kinds []string `json:"kinds,omitempty"` // none for all
}

// check returns invalid_webhook where the URL is none to which events are sent, or a kind
// is none.
func (s *Service) check(r Request) error {
	u, err := url.Parse(r.URL)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || len(r.URL) > 2000:
		return invalid(`"url" must be a URL such as https://example.com/paddock, of at most 2,000 characters.`)
	case u.Scheme != "https" && (u.Scheme != "http" || !s.guard.open):
		return invalid(`"url" must begin with https://.`)
	case u.User != nil || u.Fragment != "":
		return invalid(`"url" takes no user, password or fragment. The signature tells that an event is Paddock's.`)
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && !s.guard.allows(address) {
		return invalid(`"url" names an address that is not public, to which nothing is sent.`)
	}
	for i, kind := range r.Kinds {
		if !slices.Contains(Kinds, kind) || slices.Contains(r.Kinds[:i], kind) {
			return invalid(`"kinds" may have %q, each once.`, Kinds)
		}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return problem.New(problem.InvalidWebhook, format, args...)
}

// stateSQL is what is shown of the state of every destination.
const stateSQL = `'made_by', d.made_by, 'created_at', app.rfc3339(d.created_at), 'state', d.state, 'off_reason', d.off_reason, 'cursor', d.last_seq,
	'delivered_at', app.rfc3339(d.delivered_at), 'last_status', d.last_status, 'last_error', d.last_error, 'failing_since', app.rfc3339(d.failing_since),
	'next_try_at', case when d.state = 'on' and d.tries > 0 then app.rfc3339(d.due_at) end`

// resource is what the API calls destinations of some types.
type resource struct {
	name     string // of a list of them
	webhooks bool
	columns  string // as they are shown
	missing  func() error
}

var webhooks = resource{name: "webhooks", webhooks: true, columns: `'url', d.address, 'kinds', d.kinds`, missing: func() error {
	return problem.New(problem.WebhookNotFound, "This account has no webhook of this id. Copy it from GET /api/webhooks.")
}}

// ofResourceSQL picks an account's ($1) destinations that are webhooks, or that are not ($2).
const ofResourceSQL = " from app.destinations d where d.account_id = $1 and (d.type = 'webhook') = $2"

// selectSQL selects them, as they are shown.
func (r resource) selectSQL() string {
	return `select jsonb_build_object('id', d.id, ` + r.columns + `, ` + stateSQL + `)` + ofResourceSQL
}

// Make makes a webhook, to which events are sent from the next one on, and returns it with
// its secret, which is never shown again. It ends with invalid_webhook, too_many_webhooks,
// step_up_required, credentials_unreadable, or a problem of the admission.
func (s *Service) Make(ctx context.Context, a tenant.Admission, r Request) (json.RawMessage, error) {
	if err := s.check(r); err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails
	secret := broker.NewSecret(secretPrefix + base64.StdEncoding.EncodeToString(key))
	made, err := s.make(ctx, a, map[string]any{"type": typeWebhook, "address": r.URL, "kinds": r.Kinds}, secret, webhooks)
	if err != nil {
		return nil, err
	}
	var shown map[string]any
	if err := json.Unmarshal(made, &shown); err != nil {
		return nil, err
	}
	shown["secret"] = secret.Reveal()
	return json.Marshal(shown)
}

// make makes a destination of these columns, and returns it as it is shown.
func (s *Service) make(ctx context.Context, a tenant.Admission, columns map[string]any, secret broker.Secret, of resource) (made json.RawMessage, err error) {
	set, err := json.Marshal(columns)
	if err != nil {
		return nil, err
	}
	id := uuid.New()
	err = s.keys.StoreSecret(ctx, s.db, a, id, secret, func(b *tenant.Batch, outer string, version int, check, encrypted []byte) {
		b.Queue("select private.make_destination($1, $2, $3, $4, $5, $6)", id, set, outer, version, check, encrypted)
		b.Queue(of.selectSQL()+" and d.id = $3", a.Account, of.webhooks, id).QueryRow(func(row pgx.Row) error { return row.Scan(&made) })
	})
	return made, err
}

// secretPrefix is how secrets of Standard Webhooks begin.
const secretPrefix = "whsec_"

// List returns {"webhooks":[…]}, in the order in which they were made.
func (s *Service) List(ctx context.Context, a tenant.Admission) ([]byte, error) {
	return s.list(ctx, a, webhooks)
}

func (s *Service) list(ctx context.Context, a tenant.Admission, of resource) ([]byte, error) {
	all := []json.RawMessage{}
	var may bool
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('manage')").QueryRow(func(row pgx.Row) error { return row.Scan(&may) })
		b.Queue(of.selectSQL()+" order by d.created_at, d.id", a.Account, of.webhooks).Query(func(rows pgx.Rows) (err error) {
			all, err = pgx.CollectRows(rows, pgx.RowTo[json.RawMessage])
			return err
		})
	})
	switch {
	case err != nil:
		return nil, err
	case !may:
		return nil, tenant.NotPermitted("manage")
	}
	return json.Marshal(map[string]any{of.name: all})
}

// Switch switches a webhook on, so that it goes on where it was, or off, and returns it.
// It ends with webhook_not_found.
func (s *Service) Switch(ctx context.Context, a tenant.Admission, id uuid.UUID, on bool) (json.RawMessage, error) {
	return s.change(ctx, a, id, state(on), webhooks)
}

// state is the change that switches a destination on or off.
func state(on bool) map[string]any {
	if on {
		return map[string]any{"state": "on"}
	}
	return map[string]any{"state": "off"}
}

// change changes these columns of a destination, and returns it as it is shown.
func (s *Service) change(ctx context.Context, a tenant.Admission, id uuid.UUID, columns map[string]any, of resource) (changed json.RawMessage, err error) {
	set, err := json.Marshal(columns)
	if err != nil {
		return nil, err
	}
	var there bool
	err = s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.change_destination($1, $2, $3)", id, of.webhooks, set).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
		b.Queue(of.selectSQL()+" and d.id = $3", a.Account, of.webhooks, id).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, pgx.RowTo[json.RawMessage])
			if len(found) > 0 {
				changed = found[0]
			}
			return err
		})
	})
	if err == nil && !there {
		err = of.missing()
	}
	return changed, err
}

// Delete deletes a webhook. It ends with webhook_not_found.
func (s *Service) Delete(ctx context.Context, a tenant.Admission, id uuid.UUID) error {
	return s.delete(ctx, a, id, webhooks)
}

func (s *Service) delete(ctx context.Context, a tenant.Admission, id uuid.UUID, of resource) error {
	var deleted, may bool
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('manage')").QueryRow(func(row pgx.Row) error { return row.Scan(&may) })
		b.Queue("delete"+ofResourceSQL+" and d.id = $3 returning true", a.Account, of.webhooks, id).Query(func(rows pgx.Rows) error { deleted = rows.Next(); rows.Close(); return rows.Err() })
	})
	switch {
	case err != nil:
		return err
	case !may:
		return tenant.NotPermitted("manage")
	case !deleted:
		return of.missing()
	}
	return nil
}
