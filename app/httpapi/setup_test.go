package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/accounts"
	"paddock/app/agents"
	"paddock/app/alerts"
	"paddock/app/alpacasim"
	"paddock/app/approvals"
	"paddock/app/audit"
	"paddock/app/auth"
	"paddock/app/blockorders"
	"paddock/app/broker"
	"paddock/app/copying"
	"paddock/app/credentials"
	"paddock/app/destinations"
	"paddock/app/eventlog"
	"paddock/app/httpapi"
	"paddock/app/journal"
	"paddock/app/mirror"
	"paddock/app/origin"
	"paddock/app/passthrough"
	"paddock/app/push"
	"paddock/app/quota"
	"paddock/app/quotes"
	"paddock/app/sharing"
	"paddock/app/sleeves"
	"paddock/app/tenant"
	"paddock/app/tokens"
	"paddock/app/trading"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// server is the API, running in the test's process, with a real database and a
// simulated broker.
type server struct {
	t       *testing.T
	url     string
	db      *pgtest.DB
	sim     *alpacasim.Sim
	seeds   []alpacasim.AccountSeed
	log     *bytes.Buffer
	handler http.Handler
	manager *mirror.Manager
	hub     *push.Hub // not running until a test runs it
	trading *trading.Service

	brokerURL string   // URL of the simulated broker
	mails     []mailTo // invitations that were mailed
	noMail    bool     // whether the mail server refuses mails
}

// serverTimeout is how long a request may take after a call of hurry.
// Passed-through responses may take longer.
const serverTimeout = 3 * time.Second

// newServer starts the API, its database and the simulated broker, without bounds
// for a user's requests. front, if given, is a proxy in front of the broker.
func newServer(t *testing.T, front ...func(sim http.Handler) http.Handler) *server {
	t.Helper()
	return newBoundedServer(t, quota.Config{}, front...)
}

// newBoundedServer is newServer with bounds for a user's requests.
func newBoundedServer(t *testing.T, perUser quota.Config, front ...func(sim http.Handler) http.Handler) *server {
	t.Helper()
	s := &server{t: t, db: pgtest.New(t), seeds: alpacasim.DemoAccounts(3), log: &bytes.Buffer{}}
	sim, err := alpacasim.New(alpacasim.Config{Seed: 3, Accounts: s.seeds, FillDelay: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	s.sim = sim
	behind := sim.Handler()
	for _, f := range front {
		behind = f(behind)
	}
	alpaca := httptest.NewServer(behind)
	t.Cleanup(func() {
		sim.CutStreams()
		alpaca.CloseClientConnections()
		alpaca.Close()
	})
	s.brokerURL = alpaca.URL
	log := slog.New(origin.LogHandler(slog.NewJSONHandler(s.log, nil)))
	b := kit.Broker(t, alpaca.URL, func(c *broker.Config) { c.Timeout = 2 * time.Second })
	keys := kit.Keys(t)
	db := tenant.NewDB(s.db.Pool(t, "paddock_app"), kit.SilentBell{})
	users := quota.New(perUser)
	db.OnAdmission = users.SetOwner
	worker := tenant.NewWorker(s.db.Pool(t, "paddock_worker"), kit.SilentBell{})
	s.manager = mirror.New(mirror.Config{Worker: worker, Keys: keys, Broker: b, Logger: log, RenewEvery: 100 * time.Millisecond, LookupWindow: time.Second})
	service, err := auth.New(auth.Config{Pool: s.db.Pool(t, "paddock_auth"), Secret: "a secret of the tests 0123456789abcdef", BaseURL: "http://paddock.test"})
	if err != nil {
		t.Fatal(err)
	}
	events := eventlog.New(db)
	opener := credentials.NewOpener(db, keys, b, log)
	s.hub = push.New(push.Config{
		Quotes: quotes.New(db, opener).Of, QuoteEvery: quoteEvery,
		Worker: worker, Log: events, Session: tokens.OrSession(service.SessionToken), OriginAllowed: service.OriginAllowed, Logger: log,
		Connect: func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, s.db.URL("paddock_worker")) },
	})
	s.trading = trading.New(db, opener, log)
	handler := httpapi.New(httpapi.Config{
		Accounts: accounts.New(db, keys, b), Trading: s.trading, Destinations: destinations.New(db, keys, nil), Tokens: tokens.New(db), Sleeves: sleeves.New(db, s.trading.BrokerAccount), Approvals: approvals.New(db, s.trading), Alerts: alerts.New(db, s.trading), BlockOrders: blockorders.New(db, s.trading), Copying: copying.New(db), Sharing: sharing.New(sharing.Config{DB: db, BaseURL: "http://paddock.test", SendMail: s.sendMail}), Journal: journal.New(db), Relay: passthrough.New(db, opener), Logs: agents.NewLogs(db), Audit: audit.New(db),
		Sessions: service, Quota: users, Auth: service.Handler(), Events: events, Push: s.hub, EventStream: http.HandlerFunc(s.hub.ServeEvents), Ready: tenant.NewReadiness(s.db.Pool(t, "paddock_app"), s.db.Pool(t, "paddock_worker"), 0).Check, Logger: log, Left: b.Left,
		Console: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/panic" {
				panic("a secret detail")
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write([]byte("console"))
		}),
	})
	s.serve(handler, time.Minute)
	return s
}

// serve starts the HTTP server that further requests are sent to, and limits
// how long each may take.
func (s *server) serve(handler http.Handler, within time.Duration) {
	web := httptest.NewUnstartedServer(handler)
	web.Config.ReadTimeout, web.Config.WriteTimeout = within, within
	web.Start()
	s.t.Cleanup(web.Close)
	s.handler, s.url = handler, web.URL
}

// hurry limits the time of further requests to serverTimeout.
func (s *server) hurry() { s.serve(s.handler, serverTimeout) }

// stream runs the mirror of all accounts until the test ends.
func (s *server) stream() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.manager.Run(ctx) // returns nil when ctx ends
	}()
	s.t.Cleanup(func() {
		s.sim.CutStreams()
		cancel()
		<-done
	})
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	text   string
}

func (a answer) code() string {
	var body struct{ Code string }
	_ = json.Unmarshal([]byte(a.text), &body) // a body that is not JSON has no code
	return body.Code
}

func (a answer) field(t *testing.T, name string) string {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(a.text), &body); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.text, err)
	}
	text, _ := body[name].(string)
	return text
}

// user is a user with a session's cookie.
type user struct {
	s      *server
	cookie string
}

func (s *server) signUp(name string) *user {
	s.t.Helper()
	u := &user{s: s}
	a := u.do("POST", "/api/auth/sign-up/email", `{"name":"`+name+`","email":"`+name+`@example.com","password":"a good password"}`)
	if a.status != 200 {
		s.t.Fatalf("sign up: %d %s", a.status, a.text)
	}
	u.cookie, _, _ = strings.Cut(a.header.Get("Set-Cookie"), ";")
	return u
}

// sendMail keeps a mail, or refuses it where the test has said so.
func (s *server) sendMail(_ context.Context, to, _, text string) error {
	if s.noMail {
		return errors.New("the mail server is away")
	}
	s.mails = append(s.mails, mailTo{to, text})
	return nil
}

// mailTo is a mail that was sent.
type mailTo struct{ to, text string }

// grant gives a user access to an account.
func (s *server) grant(account, name, role string) {
	s.t.Helper()
	_, err := s.db.Conn(s.t, "admin").Exec(s.t.Context(), `insert into app.account_grants (account_id, user_id, role)
		select $1, u.id, $3 from auth."user" u where email = $2`, account, name+"@example.com", role)
	if err != nil {
		s.t.Fatal(err)
	}
}

// do sends a request; headers come in pairs of name and value.
func (u *user) do(method, path, body string, headers ...string) answer {
	u.s.t.Helper()
	request, err := http.NewRequest(method, u.s.url+path, strings.NewReader(body))
	if err != nil {
		u.s.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if u.cookie != "" {
		request.Header.Set("Cookie", u.cookie)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return u.send(request)
}

// send sends a request as it is.
func (u *user) send(request *http.Request) answer {
	u.s.t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		u.s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		u.s.t.Fatal(err)
	}
	conforms(u.s.t, request, response, text)
	return answer{response.StatusCode, response.Header, string(text)}
}

// connect creates an account, stores the keys of a simulated one and returns
// its id.
func (u *user) connect(name string, seed alpacasim.AccountSeed) string {
	u.s.t.Helper()
	made := u.do("POST", "/api/accounts", `{"name":"`+name+`","environment":"paper"}`)
	if made.status != 201 {
		u.s.t.Fatalf("make an account: %d %s", made.status, made.text)
	}
	id := made.field(u.s.t, "id")
	stored := u.do("PUT", "/api/accounts/"+id+"/credentials", `{"key_id":"`+seed.KeyID+`","secret_key":"`+seed.SecretKey+`"}`)
	if stored.status != 200 {
		u.s.t.Fatalf("store credentials: %d %s", stored.status, stored.text)
	}
	return id
}

// want fails unless the response has this status and code.
func (a answer) want(t *testing.T, status int, code string) answer {
	t.Helper()
	if a.status != status || a.code() != code {
		t.Errorf("got %d %q, want %d %q: %s", a.status, a.code(), status, code, a.text)
	}
	return a
}
