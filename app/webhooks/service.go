// Package webhooks sends accounts' events to URLs of their owners', signed as Standard
// Webhooks says, each again until it is taken. Service makes, lists and deletes them for
// an admitted account; Sender sends what is due.
package webhooks

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
var Kinds = []string{"order", "position", "agent_log", "account", "credentials", "guard", "journal", "job", "webhook", "history", "approval"}

// Service is for requests.
type Service struct {
	db    *tenant.DB
	keys  *credentials.Keyring
	guard guard
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

// Check returns invalid_webhook where the URL is none to which events are sent, or a kind
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

const selectWebhookSQL = `select jsonb_build_object('id', w.id, 'url', w.url, 'kinds', w.kinds, 'made_by', w.made_by, 'created_at', app.rfc3339(w.created_at),
	'state', w.state, 'off_reason', w.off_reason, 'cursor', w.last_seq, 'delivered_at', app.rfc3339(w.delivered_at), 'last_status', w.last_status,
	'last_error', w.last_error, 'failing_since', app.rfc3339(w.failing_since), 'next_try_at', case when w.state = 'on' and w.tries > 0 then app.rfc3339(w.due_at) end)
	from app.webhooks w where w.account_id = $1`

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
	id := uuid.New()
	var made json.RawMessage
	err := s.keys.StoreSecret(ctx, s.db, a, id, secret, func(b *tenant.Batch, outer string, version int, check, encrypted []byte) {
		b.Queue("select private.make_webhook($1, $2, $3, $4, $5, $6, $7)", id, r.URL, r.Kinds, outer, version, check, encrypted)
		b.Queue(selectWebhookSQL+" and w.id = $2", a.Account, id).QueryRow(func(row pgx.Row) error { return row.Scan(&made) })
	})
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

// secretPrefix is how secrets of Standard Webhooks begin.
const secretPrefix = "whsec_"

// List returns {"webhooks":[…]}, in the order in which they were made.
func (s *Service) List(ctx context.Context, a tenant.Admission) ([]byte, error) {
	all := []json.RawMessage{}
	var may bool
	err := s.db.Tx(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('manage')").QueryRow(func(row pgx.Row) error { return row.Scan(&may) })
		b.Queue(selectWebhookSQL+" order by w.created_at, w.id", a.Account).Query(func(rows pgx.Rows) (err error) {
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
	return json.Marshal(map[string]any{"webhooks": all})
}

// Switch switches a webhook on, so that it goes on where it was, or off, and returns it.
// It ends with webhook_not_found.
func (s *Service) Switch(ctx context.Context, a tenant.Admission, id uuid.UUID, on bool) (json.RawMessage, error) {
	var there bool
	var webhook json.RawMessage
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.switch_webhook($1, $2)", id, on).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
		b.Queue(selectWebhookSQL+" and w.id = $2", a.Account, id).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, pgx.RowTo[json.RawMessage])
			if len(found) > 0 {
				webhook = found[0]
			}
			return err
		})
	})
	if err == nil && !there {
		err = notFound()
	}
	return webhook, err
}

// Delete deletes a webhook. It ends with webhook_not_found.
func (s *Service) Delete(ctx context.Context, a tenant.Admission, id uuid.UUID) error {
	var deleted, may bool
	err := s.db.TxNotify(ctx, a, func(b *tenant.Batch) {
		b.Queue("select private.has_scope('manage')").QueryRow(func(row pgx.Row) error { return row.Scan(&may) })
		b.Queue("delete from app.webhooks where account_id = $1 and id = $2 returning true", a.Account, id).
			Query(func(rows pgx.Rows) error { deleted = rows.Next(); rows.Close(); return rows.Err() })
	})
	switch {
	case err != nil:
		return err
	case !may:
		return tenant.NotPermitted("manage")
	case !deleted:
		return notFound()
	}
	return nil
}

func notFound() error {
	return problem.New(problem.WebhookNotFound, "This account has no webhook of this id. Copy it from GET /api/webhooks.")
}
