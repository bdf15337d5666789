package auth

import (
	"encoding/base32"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/tests/pgtest"
)

const goodPassword = "a good password"

// authenticator is a user with two-factor authentication, and their app.
type authenticator struct {
	email  string
	secret []byte
	codes  []string // backup codes
	cookie *http.Cookie
	at     *time.Time // the clock of the app and of the services
}

// next moves the clock on by a time step, and returns its code.
func (a *authenticator) next() string {
	*a.at = a.at.Add(totpPeriod)
	return totpCode(a.secret, timeStep(*a.at))
}

func read[T any](t *testing.T, w *httptest.ResponseRecorder) (body T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return body
}

// cookies returns what a browser keeps of a response.
func cookies(w *httptest.ResponseRecorder) []*http.Cookie {
	return slices.DeleteFunc(w.Result().Cookies(), func(c *http.Cookie) bool { return c.MaxAge < 0 })
}

// withTwoFactor signs a user up who has two-factor authentication.
func withTwoFactor(t *testing.T, s *Service, at *time.Time, email string) *authenticator {
	t.Helper()
	a := &authenticator{email: email, at: at, cookie: signUp(t, s, email)}
	set := read[struct {
		TotpURI     string
		BackupCodes []string
	}](t, post(s, "two-factor/enable", map[string]string{"password": goodPassword}, a.cookie))
	u, err := url.Parse(set.TotpURI)
	if err != nil {
		t.Fatal(err)
	}
	if a.secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret")); err != nil {
		t.Fatal(err)
	}
	a.codes = set.BackupCodes
	w := post(s, "two-factor/verify-totp", map[string]string{"code": a.next()}, a.cookie)
	read[any](t, w)
	a.cookie = cookies(w)[0]
	return a
}

// challengeOf gives the password, and returns the cookie of the challenge.
func challengeOf(t *testing.T, s *Service, a *authenticator, with ...*http.Cookie) *http.Cookie {
	t.Helper()
	w := post(s, "sign-in/email", map[string]string{"email": a.email, "password": goodPassword}, with...)
	if !read[struct{ TwoFactorRedirect bool }](t, w).TwoFactorRedirect {
		t.Fatalf("no code is asked for: %s", w.Body)
	}
	return cookies(w)[0]
}

func giveCode(s *Service, code string, cookie *http.Cookie) *httptest.ResponseRecorder {
	return post(s, "two-factor/verify-totp", map[string]string{"code": code}, cookie)
}

// newClocked returns services on one database whose clock stands still.
func newClocked(t *testing.T, instances int) (*pgtest.DB, []*Service, *time.Time) {
	t.Helper()
	db, at := pgtest.New(t), new(time.Time)
	*at = time.Now().Truncate(time.Millisecond)
	var services []*Service
	for range instances {
		services = append(services, newService(t, func(c *Config) {
			c.Pool, c.Now = db.Pool(t, "paddock_auth"), func() time.Time { return *at }
		}))
	}
	return db, services, at
}

// The database refuses a session that sign-in begins for a user with two-factor
// authentication, unless a second factor was used in the same transaction.
func TestPasswordAloneGivesNoSession(t *testing.T) {
	db, s, at := newClocked(t, 1)
	a := withTwoFactor(t, s[0], at, "ann@example.com")
	signUp(t, s[0], "bob@example.com")
	conn := db.Conn(t, "paddock_auth")
	// begin runs statements about a user, and then begins a session of theirs.
	begin := func(email string, before ...string) error {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(t.Context())
		var user, token, codes string
		if err := conn.QueryRow(t.Context(), `select u.id, s.token, coalesce(f."backupCodes", '') from auth."user" u join auth.session s on s."userId" = u.id
			left join auth."twoFactor" f on f."userId" = u.id where u.email = $1`, email).Scan(&user, &token, &codes); err != nil {
			t.Fatal(err)
		}
		for _, statement := range before {
			statement = strings.NewReplacer("$USER", user, "$TOKEN", token, "$CODES", codes).Replace(statement)
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				return err
			}
		}
		_, err = conn.Exec(t.Context(), `insert into auth.session (id, "expiresAt", token, "updatedAt", "userId") values ('x', now() + interval '1 day', 'x', now(), $1)`, user)
		return err
	}
	refused := func(what string, err error, code string) {
		t.Helper()
		pg, ok := err.(*pgconn.PgError)
		if !ok || pg.Code != code {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("nothing", begin(a.email), "PD428")
	refused("an old step", begin(a.email, "select private.use_time_step('$USER', 1)"), "PD428")
	refused("codes as they are", begin(a.email, "select private.use_backup_code('$USER', '$CODES', '$CODES')"), "PD428")
	refused("codes that they are not", begin(a.email, "select private.use_backup_code('$USER', 'x', 'y')"), "PD428")
	refused("no such device", begin(a.email, "select private.use_trusted_device('$USER', 'x')"), "PD428")
	refused("no such session", begin(a.email, "select private.keep_second_factor('x')"), "PD428")
	refused("its own word", begin(a.email, "update auth.second_factor_uses set used_in = pg_current_xact_id()"), "42501")
	for what, statement := range map[string]string{
		"a code": "select private.use_time_step('$USER', 1e12::bigint)", "a backup code": "select private.use_backup_code('$USER', '$CODES', 'x')",
		"another session": "select private.keep_second_factor('$TOKEN')",
	} {
		if err := begin(a.email, statement); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		refused("after a transaction with "+what, begin(a.email), "PD428")
	}
	if err := begin("bob@example.com"); err != nil {
		t.Errorf("without two-factor authentication: %v", err)
	}
}

// A code works once, of however many requests at the same time, and no code that is
// older than one that was used works. The same holds for backup codes.
func TestCodesWorkOnce(t *testing.T) {
	_, s, at := newClocked(t, 2)
	a := withTwoFactor(t, s[0], at, "ann@example.com")
	const at1ce = 4
	for name, tt := range map[string]struct{ path, code string }{
		"totp": {"two-factor/verify-totp", a.next()}, "backup": {"two-factor/verify-backup-code", a.codes[0]},
	} {
		var challenges []*http.Cookie
		for i := range at1ce {
			challenges = append(challenges, challengeOf(t, s[i%2], a))
		}
		signedIn, mu, wait := 0, sync.Mutex{}, sync.WaitGroup{}
		for i, challenge := range challenges {
			wait.Go(func() {
				w := post(s[i%2], tt.path, map[string]string{"code": tt.code}, challenge)
				mu.Lock()
				defer mu.Unlock()
				if w.Code == 200 {
					signedIn++
				} else if w.Code != 401 && w.Code != 409 {
					t.Errorf("%s: %d %s", name, w.Code, w.Body)
				}
			})
		}
		wait.Wait()
		if signedIn != 1 {
			t.Errorf("%s: %d of %d", name, signedIn, at1ce)
		}
	}
	now := a.next()
	before := totpCode(a.secret, timeStep(*at)-1)
	if w := giveCode(s[0], now, challengeOf(t, s[0], a)); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := giveCode(s[1], before, challengeOf(t, s[1], a)); w.Code != 401 || !strings.Contains(w.Body.String(), "INVALID_CODE") {
		t.Errorf("an older code: %d %s", w.Code, w.Body)
	}
}

// Ten wrong codes lock a user's codes, on all instances, over restarts, of however many
// requests at the same time, and whoever gives them; the password is not affected, and
// nobody else. A right code begins the count anew, and the lock ends by itself.
func TestAttemptsAtCodesAreLimited(t *testing.T) {
	db, s, at := newClocked(t, 2)
	a, other := withTwoFactor(t, s[0], at, "ann@example.com"), withTwoFactor(t, s[0], at, "bob@example.com")
	a.next()
	for range 9 {
		if w := giveCode(s[0], "000", a.cookie); w.Code != 401 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if w := giveCode(s[1], a.next(), a.cookie); w.Code != 200 {
		t.Fatalf("the tenth is right: %d %s", w.Code, w.Body)
	}
	var challenges []*http.Cookie
	for i := range 10 {
		challenges = append(challenges, challengeOf(t, s[i%2], a))
	}
	looked, mu, wait := 0, sync.Mutex{}, sync.WaitGroup{}
	for i := range 20 {
		wait.Go(func() {
			w := giveCode(s[i%2], "000", challenges[i/2])
			mu.Lock()
			defer mu.Unlock()
			if w.Code == 401 && strings.Contains(w.Body.String(), "INVALID_CODE") {
				looked++
			}
		})
	}
	wait.Wait()
	if looked != 10 {
		t.Errorf("%d wrong codes were looked at", looked)
	}
	restarted := newService(t, func(c *Config) {
		c.Pool, c.Now = db.Pool(t, "paddock_auth"), func() time.Time { return *at }
	})
	locked := func(what string, w *httptest.ResponseRecorder) {
		t.Helper()
		if w.Code != 429 || !strings.Contains(w.Body.String(), "ACCOUNT_TEMPORARILY_LOCKED") {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
	}
	locked("a right code", giveCode(restarted, a.next(), challengeOf(t, restarted, a)))
	locked("in a session", giveCode(s[1], a.next(), a.cookie))
	locked("a backup code", post(s[0], "two-factor/verify-backup-code", map[string]string{"code": a.codes[0]}, a.cookie))
	if w := giveCode(s[0], other.next(), challengeOf(t, s[0], other)); w.Code != 200 {
		t.Errorf("somebody else: %d %s", w.Code, w.Body)
	}
	*at = at.Add(lockLife)
	if w := giveCode(s[0], a.next(), challengeOf(t, s[0], a)); w.Code != 200 {
		t.Errorf("after the lock: %d %s", w.Code, w.Body)
	}
}

// A challenge takes five codes, of however many at once, and lasts ten minutes.
func TestChallengesEnd(t *testing.T) {
	_, s, at := newClocked(t, 1)
	a := withTwoFactor(t, s[0], at, "ann@example.com")
	challenge := challengeOf(t, s[0], a)
	looked, mu, wait := 0, sync.Mutex{}, sync.WaitGroup{}
	for range 9 {
		wait.Go(func() {
			w := giveCode(s[0], "000", challenge)
			mu.Lock()
			defer mu.Unlock()
			if w.Code == 401 && strings.Contains(w.Body.String(), "INVALID_CODE") {
				looked++
			}
		})
	}
	wait.Wait()
	if looked != challengeTries {
		t.Errorf("%d codes were looked at", looked)
	}
	if w := giveCode(s[0], a.next(), challenge); w.Code != 401 || !strings.Contains(w.Body.String(), "INVALID_TWO_FACTOR_COOKIE") {
		t.Errorf("the sixth: %d %s", w.Code, w.Body)
	}
	challenge = challengeOf(t, s[0], a)
	*at = at.Add(challengeLife)
	if w := giveCode(s[0], a.next(), challenge); w.Code != 401 {
		t.Errorf("after ten minutes: %d %s", w.Code, w.Body)
	}
}

// A reset of the password neither turns two-factor authentication off nor gives a
// session; it ends challenges, and devices that were trusted are so no longer. To turn
// two-factor authentication off forgets them too.
func TestResetKeepsTwoFactor(t *testing.T) {
	box := &mailbox{}
	db, at := pgtest.New(t), time.Now().Truncate(time.Millisecond)
	s := newService(t, func(c *Config) {
		c.Pool, c.SendMail, c.Now = db.Pool(t, "paddock_auth"), box.take, func() time.Time { return at }
	})
	a := withTwoFactor(t, s, &at, "ann@example.com")
	trust := func() *http.Cookie {
		t.Helper()
		w := post(s, "two-factor/verify-totp", map[string]any{"code": a.next(), "trustDevice": true}, challengeOf(t, s, a))
		if w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, c := range cookies(w) {
			if c.Name == sessionCookie {
				a.cookie = c
			}
		}
		return cookies(w)[slices.IndexFunc(cookies(w), func(c *http.Cookie) bool { return c.Name == trustDeviceCookie })]
	}
	trusted, challenge := trust(), challengeOf(t, s, a)
	if w := reset(s, box.token(t, s, a.email), goodPassword); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := giveCode(s, a.next(), challenge); w.Code != 401 {
		t.Errorf("a challenge of before: %d %s", w.Code, w.Body)
	}
	challengeOf(t, s, a, trusted)

	trusted = trust()
	if w := post(s, "two-factor/disable", map[string]string{"password": goodPassword}, a.cookie); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	again := post(s, "sign-in/email", map[string]string{"email": a.email, "password": goodPassword})
	a.cookie = cookies(again)[0]
	set := read[struct{ TotpURI string }](t, post(s, "two-factor/enable", map[string]string{"password": goodPassword}, a.cookie))
	u, _ := url.Parse(set.TotpURI)
	a.secret, _ = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if w := giveCode(s, a.next(), a.cookie); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	challengeOf(t, s, a, trusted)
}

// The audit says what happens to two-factor authentication, whoever does it, and has
// neither codes nor secrets.
func TestTwoFactorIsAudited(t *testing.T) {
	db, s, at := newClocked(t, 1)
	a := withTwoFactor(t, s[0], at, "ann@example.com")
	giveCode(s[0], "000", challengeOf(t, s[0], a))
	giveCode(s[0], "000", a.cookie)
	post(s[0], "two-factor/verify-backup-code", map[string]string{"code": a.codes[0]}, challengeOf(t, s[0], a))
	post(s[0], "two-factor/generate-backup-codes", map[string]string{"password": goodPassword}, a.cookie)
	post(s[0], "two-factor/disable", map[string]string{"password": goodPassword}, a.cookie)
	rows, err := db.Conn(t, "admin").Query(t.Context(), `select kind || ' ' || action || case when session_id is null then '' else ' in a session' end, detail::text
		from app.user_audit_log where action like 'two_factor.%' order by at`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var kind, detail string
	if _, err := pgx.ForEachRow(rows, []any{&kind, &detail}, func() error {
		got = append(got, kind)
		if len(detail) > 60 {
			t.Errorf("%s says %s", kind, detail)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"user two_factor.set_up in a session", "user two_factor.enable in a session", "nobody two_factor.failed", "user two_factor.refused",
		"user two_factor.use_backup_code", "user two_factor.change_backup_codes in a session", "user two_factor.disable in a session"}
	if !slices.Equal(got, want) {
		t.Errorf("the audit has %q", got)
	}
}

// A secret is kept encrypted, and stays so in answers about the user.
func TestSecretsOfTwoFactorAreEncrypted(t *testing.T) {
	db, s, at := newClocked(t, 1)
	a := withTwoFactor(t, s[0], at, "ann@example.com")
	var row string
	if err := db.Conn(t, "admin").QueryRow(t.Context(), `select f::text from auth."twoFactor" f`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	for _, hidden := range append(a.codes, string(a.secret)) {
		if strings.Contains(row, hidden) {
			t.Errorf("the row has %s: %s", hidden, row)
		}
	}
}
