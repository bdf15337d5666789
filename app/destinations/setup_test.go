package destinations_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"paddock/app/accounts"
	"paddock/app/credentials"
	"paddock/app/destinations"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// post is an account, and a receiver of its events.
type post struct {
	t         *testing.T
	pg        *pgtest.DB
	admin     *pgx.Conn
	db        *tenant.DB
	worker    *tenant.Worker
	keys      *credentials.Keyring
	masterKey string
	service   *destinations.Service
	ada       tenant.Admission
	receiver  *httptest.Server

	mu     sync.Mutex
	came   []message
	answer func(message) int // the status that the receiver answers; nil for 204
}

// message is a request as the receiver got it.
type message struct {
	path   string
	header http.Header
	body   []byte
}

func (m message) cursor(t *testing.T) int64 {
	t.Helper()
	var event struct {
		Type   string
		Cursor int64
	}
	if err := json.Unmarshal(m.body, &event); err != nil || event.Type != "event" {
		t.Errorf("%s: %v", m.body, err)
	}
	return event.Cursor
}

func newPost(t *testing.T) *post {
	t.Helper()
	p := &post{t: t, pg: pgtest.New(t), masterKey: credentials.NewMasterKey(1)}
	var err error
	if p.keys, err = credentials.ParseKeyring(p.masterKey); err != nil {
		t.Fatal(err)
	}
	p.admin = p.pg.Conn(t, "admin")
	p.db = tenant.NewDB(p.pg.Pool(t, "paddock_app"), kit.SilentBell{})
	p.worker = tenant.NewWorker(p.pg.Pool(t, "paddock_worker"), kit.SilentBell{})
	if err := p.keys.Verify(t.Context(), p.worker); err != nil {
		t.Fatal(err)
	}
	p.service = destinations.New(p.db, p.keys, loopback)
	p.ada.Token = kit.User(t, p.pg, "ada")
	made, err := accounts.New(p.db, p.keys, kit.Broker(t, "http://127.0.0.1:1")).Create(t.Context(), p.ada.Token, "one", "paper")
	if err != nil {
		t.Fatal(err)
	}
	p.ada.Account = made.ID
	p.receiver = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender is gone
		}
		m := message{r.URL.Path, r.Header, body}
		p.mu.Lock()
		p.came = append(p.came, m)
		answer := p.answer
		p.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		status := answer(m)
		if status == http.StatusTooManyRequests {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"ok":false,"parameters":{"retry_after":600}}`))
			return
		}
		if status == http.StatusFound {
			w.Header().Set("Location", p.receiver.URL+"/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(p.receiver.Close)
	return p
}

func (p *post) sender(change ...func(*destinations.Config)) *destinations.Sender {
	c := destinations.Config{Worker: p.worker, Keys: p.keys, Networks: loopback, Logger: slog.New(slog.DiscardHandler)}
	for _, change := range change {
		change(&c)
	}
	return destinations.NewSender(c)
}

// made is a webhook as it was made.
type made struct {
	ID          uuid.UUID
	Secret      string
	State       string
	Cursor      int64
	OffReason   string `json:"off_reason"`
	LastStatus  int    `json:"last_status"`
	LastError   string `json:"last_error"`
	NextTryAt   string `json:"next_try_at"`
	DeliveredAt string `json:"delivered_at"`
}

func (p *post) make(url string, kinds ...string) (m made) {
	p.t.Helper()
	text, err := p.service.Make(p.t.Context(), p.ada, destinations.Request{URL: url, Kinds: kinds})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p *post) now(id uuid.UUID) (m made) {
	p.t.Helper()
	text, err := p.service.List(p.t.Context(), p.ada)
	if err != nil {
		p.t.Fatal(err)
	}
	var all struct{ Webhooks []made }
	if err := json.Unmarshal(text, &all); err != nil {
		p.t.Fatal(err)
	}
	for _, m := range all.Webhooks {
		if m.ID == id {
			return m
		}
	}
	p.t.Fatalf("there is no webhook %s: %s", id, text)
	return m
}

// happens appends events of these kinds.
func (p *post) happens(kinds ...string) {
	p.t.Helper()
	err := p.db.TxNotify(p.t.Context(), p.ada, func(b *tenant.Batch) {
		for _, kind := range kinds {
			if err := b.AppendEvent(kind, map[string]string{"event": "x"}); err != nil {
				p.t.Error(err)
			}
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// texts returns the column of a query, nil where it has no row.
func (p *post) texts(sql string, args ...any) []string {
	p.t.Helper()
	rows, err := p.admin.Query(p.t.Context(), sql, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	all, err := pgx.AppendRows([]string(nil), rows, pgx.RowTo[string])
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

func (p *post) exec(sql string, args ...any) {
	p.t.Helper()
	if _, err := p.admin.Exec(context.Background(), sql, args...); err != nil {
		p.t.Fatal(err)
	}
}

// look has a sender look at a webhook, which is due.
func (p *post) look(s *destinations.Sender, id uuid.UUID) {
	p.t.Helper()
	p.exec("update app.destinations set due_at = now() where id = $1", id)
	if err := s.Look(p.t.Context(), p.ada.Account, id); err != nil {
		p.t.Fatal(err)
	}
}

// got returns the cursors of the events that came, each of which must be signed with the
// secret.
func (p *post) got(secret string) (cursors []int64) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	verifier, err := standard.NewWebhook(secret)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range p.came {
		if err := verifier.Verify(m.body, m.header); err != nil {
			p.t.Errorf("the signature of %s: %v", m.body, err)
		}
		cursors = append(cursors, m.cursor(p.t))
	}
	return cursors
}

func (p *post) answers(answer func(message) int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}
