// Package interop tests Paddock together with the official clients and servers
// of other projects.
package interop

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"paddock/app/auth"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Better Auth's own npm client works with Paddock's server. A real Better Auth
// server on the same database and Paddock accept each other's users and sessions,
// and both respond alike to the same requests.
func TestBetterAuth(t *testing.T) {
	js := program.NodeModules(t)
	db := pgtest.New(t)
	config := auth.Config{
		Pool: db.Pool(t, "paddock_auth"), Secret: "a secret that two servers share 0123456789",
		TrustedOrigins: []string{"https://trusted.example", "https://*.friends.example", "*.any.example", "http://10.0.*"},
	}
	plain := serve(t, config, "")
	secure := serve(t, config, "https://paddock.example")
	post := newPostOffice(t)
	mailing, closing := config, config
	mailing.SendMail, closing.SignUp = post.take, auth.SignUpClosed
	verifying := mailing
	verifying.RequireVerifiedEmail = true
	mails, closed, verified := serve(t, mailing, ""), serve(t, closing, ""), serve(t, verifying, "")
	config.RateLimit = true
	limited := serve(t, config, "")

	// The real server deletes users by itself, which paddock_auth may not.
	if _, err := db.Conn(t, "admin").Exec(t.Context(), `grant delete on auth."user" to paddock_auth`); err != nil {
		t.Fatal(err)
	}
	beside := loginBeside(t, db)

	for _, suite := range []string{"client", "interop", "compare", "bodies", "origins", "sessions", "https", "delete", "reset", "email", "twofactor", "limits"} {
		t.Run(suite, func(t *testing.T) {
			cmd := exec.Command("node", "--test", "--test-reporter=spec", filepath.Join(js, "auth", suite+".test.mjs"))
			cmd.Env = append(os.Environ(), "BASE_URL="+plain, "SECURE_URL="+secure, "SECURE_ORIGIN=https://paddock.example", "LIMITED_URL="+limited, "MAIL_URL="+mails, "MAILS_URL="+post.url, "CLOSED_URL="+closed, "VERIFIED_URL="+verified,
				"TRUSTED_ORIGINS="+strings.Join(config.TrustedOrigins, ","),
				"SECRET="+config.Secret, "DATABASE_URL_AUTH="+beside, "DATABASE_URL_ADMIN="+db.AdminURL, "NODE_OPTIONS=", "NODE_ENV=")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// loginBeside makes the login of a Better Auth server beside Paddock, as
// docs/operations.md says, and returns its URL.
func loginBeside(t *testing.T, db *pgtest.DB) string {
	t.Helper()
	name := "better_auth_" + strings.ToLower(rand.Text()[:12])
	admin := db.Conn(t, "admin")
	if _, err := admin.Exec(t.Context(), "create role "+name+" login password '"+name+"' in role paddock_auth"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Conn(t, "admin").Exec(context.Background(), "drop role "+name); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(db.URL("paddock_auth"))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(name, name)
	return u.String()
}

// postOffice keeps the newest mail to each address, and hands it out over HTTP once.
type postOffice struct {
	url string
	mu  sync.Mutex
	box map[string]string
}

func newPostOffice(t *testing.T) *postOffice {
	p := &postOffice{box: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // the mail may still be on its way
			p.mu.Lock()
			text, there := p.box[r.URL.Query().Get("to")]
			delete(p.box, r.URL.Query().Get("to"))
			p.mu.Unlock()
			if there {
				_, _ = w.Write([]byte(text)) // fails only where the test has ended
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *postOffice) take(_ context.Context, m auth.Mail) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.box[m.To] = m.Text
	return nil
}

// serve starts a server and returns its address. base is the URL at which
// browsers reach it; "" means that address.
func serve(t *testing.T, config auth.Config, base string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	config.BaseURL = base
	if base == "" {
		config.BaseURL = address
	}
	service, err := auth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: service.Handler()}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return address
}
