package system

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/app/alpacasim"
	"paddock/app/credentials"
	"paddock/app/tenant"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// verbose are Postgres' settings with which it logs the most: every statement with
// all its values, also of one that fails, and every plan.
var verbose = map[string]string{
	"log_statement": "all", "log_min_duration_statement": "0", "log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "-1",
	"log_min_messages": "debug1", "log_error_verbosity": "verbose", "log_connections": "on", "log_disconnections": "on",
	"track_activity_query_size": "65536",
}

// Whatever Postgres and the server log, and whatever a broker echoes of what it was
// sent, no API key, master key, password or link stands in a log, in Postgres' own
// views of statements, in a row or in an answer. A session's token stands in its row
// and in Postgres' log, as docs/security.md says, nowhere with the signature that
// makes it a cookie.
func TestNoSecretIsInTheMostVerboseLogs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	t.Parallel()
	w := &world{t: t, seeds: alpacasim.DemoAccounts(11), dir: t.TempDir(), binary: program.Binary(t)}
	w.postgres = pgtest.StartOwnWith(t, verbose)
	admin := w.loadExtensions()
	w.startBroker()
	echo := w.echoAll()
	w.settings = []string{"PADDOCK_AUTH_RATE_LIMIT=false"}
	oldKey, newKey := w.masterKey, credentials.NewMasterKey(2)
	w.masterKey = oldKey + "," + newKey
	w.start()

	ada, bob := w.signUp("ada"), w.signUp("bob")
	answers := &bytes.Buffer{}
	call := func(want int, method, path, account string, body any) []byte {
		t.Helper()
		r := ada.call(method, path, account, body)
		text, _ := io.ReadAll(r.Body) // in memory
		answers.Write(text)
		fmt.Fprintln(answers, r.Header)
		if want != 0 && r.StatusCode != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, r.StatusCode, text, want)
		}
		return text
	}
	a := ada.connect("one", w.seeds[0])
	w.eventually("the stream to be read", func() error { return echo.seen("stream") })

	// Keys that Alpaca refuses are secrets as well.
	refused := map[string]string{"key_id": "PKREFUSED00000000001", "secret_key": "a-secret-key-that-the-broker-refuses-0001"}
	call(422, "PUT", "/api/accounts/"+a.id+"/credentials", "", refused)
	var order struct{ ID string }
	if err := json.Unmarshal(call(201, "POST", "/api/orders", a.id, map[string]any{"symbol": "AAPL", "side": "buy", "type": "limit", "limit_price": "1", "qty": "1", "time_in_force": "day"}), &order); err != nil {
		t.Fatal(err)
	}
	call(0, "DELETE", "/api/orders/"+order.ID, a.id, nil)
	call(201, "POST", "/api/orders", a.id, map[string]any{"symbol": "MSFT", "side": "buy", "type": "market", "qty": "1", "time_in_force": "day"})
	for _, symbol := range []string{"REFUSED", "BROKEN"} { // the broker echoes in its errors
		call(0, "POST", "/api/orders", a.id, map[string]any{"symbol": symbol, "side": "buy", "type": "market", "qty": "1", "time_in_force": "day"})
	}
	answers.WriteString(ada.ask("/api/data/v2/stocks/quotes/latest?symbols=AAPL", a.id))
	call(0, "GET", "/api/positions", a.id, nil)
	call(0, "GET", "/api/orders?status=all&nested=true", a.id, nil)
	for _, road := range []string{"rest", "stream", "data", "refusal", "failure"} {
		if err := echo.seen(road); err != nil {
			t.Error(err)
		}
	}

	// Sign-in, a wrong password, a changed one, and a link that sets another.
	passwords := []string{ada.password, "a password that is wrong", "the second password of ada", "the third password of ada", bob.password}
	cookies := []string{ada.cookie, bob.cookie}
	call(401, "POST", "/api/auth/sign-in/email", "", map[string]string{"email": "ada@example.com", "password": passwords[1]})
	call(200, "POST", "/api/auth/change-password", "", map[string]any{"currentPassword": passwords[0], "newPassword": passwords[2]})
	link := w.command("user", "reset", "ada@example.com")
	reset := regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(link)
	if reset == nil {
		t.Fatalf("user reset said %s", link)
	}
	call(200, "POST", "/api/auth/reset-password", "", map[string]string{"token": reset[1], "newPassword": passwords[3]})
	unused := regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(w.command("user", "reset", "ada@example.com"))[1]
	invited := w.command("user", "invite", "eve@example.com")
	invitation := regexp.MustCompile(`invitation=([^&\s]+)`).FindStringSubmatch(invited)
	if invitation == nil {
		t.Fatalf("user invite said %s", invited)
	}
	ada.signInAgain(passwords[3])
	cookies = append(cookies, ada.cookie)

	// A reporting login, and a rotation of the keys.
	created := w.command("report", "create", "reader_of_logs", "--account", a.id)
	t.Cleanup(func() { w.command("report", "drop", "reader_of_logs") })
	report := regexp.MustCompile(`(?m)^  (\S{20,})$`).FindStringSubmatch(created)
	if report == nil {
		t.Fatalf("report create said %s", created)
	}
	w.command("keys", "rotate")
	call(0, "GET", "/api/positions", a.id, nil) // under the new version

	secrets := map[string]string{"master key 1": afterColon(oldKey), "master key 2": afterColon(newKey), "auth secret": w.authSecret, "password of the reporting login": report[1],
		"reset link": reset[1], "unused reset link": unused, "invitation": invitation[1], "key id": w.seeds[0].KeyID, "secret key": w.seeds[0].SecretKey, "key id of bob": w.seeds[1].KeyID, "secret key of bob": w.seeds[1].SecretKey,
		"refused key id": refused["key_id"], "refused secret key": refused["secret_key"]}
	for i, p := range passwords {
		secrets[fmt.Sprint("password ", i)] = p
	}
	tokens := map[string]string{}
	for i, c := range cookies {
		token, signature, _ := strings.Cut(c, ".")
		secrets[fmt.Sprint("signature of cookie ", i)] = signature
		tokens[fmt.Sprint("token of session ", i)] = token
	}
	for role, password := range w.passwords {
		secrets["password of "+role] = password
	}

	bob.connect("one", w.seeds[1])
	if r := bob.call("POST", "/api/auth/delete-user", "", map[string]string{"password": bob.password}); r.StatusCode != 200 {
		t.Errorf("a user deletes themselves: %d", r.StatusCode)
	}
	views := w.statementViews(admin)
	w.stop()

	places := map[string]string{"the answers": answers.String(), "pg_stat_activity and pg_stat_statements": views}
	for name, path := range map[string]string{"the server's log": w.logPath(), "Postgres' log": w.postgresLog()} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		places[name] = string(text)
	}
	dump, err := exec.Command(w.pgDump(), "--inserts", w.postgres.AdminURL).Output()
	if err != nil {
		t.Fatalf("dump the database: %v", err)
	}
	places["the dump"] = string(dump)
	for place, text := range places {
		for what, secret := range secrets {
			for _, spelled := range []string{secret, url.QueryEscape(secret), strings.ReplaceAll(secret, "/", `\/`)} {
				if secret != "" && strings.Contains(text, spelled) {
					t.Errorf("%s is in %s: %s", what, place, around(text, spelled))
					break
				}
			}
		}
		if place == "Postgres' log" || place == "the dump" || place == "the answers" { // auth.session has them, and an answer of sign-in its own
			continue
		}
		for what, token := range tokens {
			if strings.Contains(text, token) {
				t.Errorf("the %s is in %s: %s", what, place, around(text, token))
			}
		}
	}
	// The search would find something: Postgres logged the values of statements, and the
	// broker's echo reached the rows, with the keys masked.
	for place, sign := range map[string]string{"Postgres' log": tokens["token of session 0"], "the dump": "********************", "the server's log": `"level":"INFO"`} {
		if !strings.Contains(places[place], sign) {
			t.Errorf("%s lacks %q: the search proves nothing", place, sign)
		}
	}
}

// around returns what stands before a secret, without the secret.
func around(text, secret string) string {
	at := strings.Index(text, secret)
	return fmt.Sprintf("…%q", text[max(0, at-200):at])
}

func afterColon(key string) string {
	_, key, _ = strings.Cut(key, ":")
	return key
}

// loadExtensions has Postgres load pg_stat_statements and auto_explain with values,
// where the machine has them, and returns an administrator's connection.
func (w *world) loadExtensions() *pgx.Conn {
	t := w.t
	t.Helper()
	conn := w.postgres.Conn(t, "admin")
	var libraries []string
	for _, name := range []string{"pg_stat_statements", "auto_explain"} {
		if _, err := conn.Exec(t.Context(), "load '"+name+"'"); err == nil || strings.Contains(err.Error(), "shared_preload_libraries") {
			libraries = append(libraries, name)
		}
	}
	t.Log("Postgres has", libraries)
	for _, statement := range []string{
		"alter system set shared_preload_libraries = " + strings.Join(slices.Concat(libraries, []string{"''"}), ", "),
		"alter system set auto_explain.log_min_duration = 0", "alter system set auto_explain.log_parameter_max_length = -1",
		"alter system set auto_explain.log_nested_statements = on", "alter system set auto_explain.log_verbose = on",
	} {
		if len(libraries) == 0 || strings.Contains(statement, "auto_explain.") && !slices.Contains(libraries, "auto_explain") {
			continue
		}
		_, err := conn.Exec(t.Context(), strings.Replace(statement, ", ''", "", 1))
		if err != nil && tenant.SQLState(err) != "42704" { // Postgres 15 has no auto_explain.log_parameter_max_length: it logs no values there
			t.Fatalf("%s: %v", statement, err)
		}
	}
	w.postgres.Server.Kill()
	if err := w.postgres.Server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn = w.postgres.Conn(t, "admin")
	if slices.Contains(libraries, "pg_stat_statements") {
		if _, err := conn.Exec(t.Context(), "create schema watched; create extension pg_stat_statements schema watched"); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// statementViews returns all that Postgres' views show of statements.
func (w *world) statementViews(conn *pgx.Conn) string {
	t := w.t
	t.Helper()
	var all strings.Builder
	for _, from := range []string{"pg_stat_activity", "watched.pg_stat_statements"} {
		var there bool
		if err := conn.QueryRow(t.Context(), "select to_regclass($1) is not null", from).Scan(&there); err != nil {
			t.Fatal(err)
		}
		if !there {
			continue
		}
		rows, err := conn.Query(t.Context(), "select x::text from "+from+" x")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(lines) < 3 {
			t.Fatalf("%s has %d rows: %v", from, len(lines), err)
		}
		all.WriteString(strings.Join(lines, "\n"))
	}
	return all.String()
}

// command runs one of the binary's commands as an operator with the server's keys,
// and returns what it prints.
func (w *world) command(args ...string) string {
	w.t.Helper()
	cmd := exec.Command(w.binary, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "DATABASE_URL=" + w.postgres.OwnerURL, "BETTER_AUTH_URL=http://" + w.addr,
		"PADDOCK_MASTER_KEYS=" + w.masterKey, "PADDOCK_WORKER_DATABASE_URL=" + w.databaseURL("paddock_worker")}
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("paddock %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// signInAgain signs the user in with this password.
func (u *user) signInAgain(password string) {
	u.w.t.Helper()
	u.cookie, u.password = "", password
	body, _ := json.Marshal(map[string]string{"email": u.name + "@example.com", "password": password})
	r, err := http.Post("http://"+u.w.addr+"/api/auth/sign-in/email", "application/json", bytes.NewReader(body))
	if err != nil {
		u.w.t.Fatal(err)
	}
	defer r.Body.Close()
	for _, c := range r.Cookies() {
		if c.Name == "better-auth.session_token" {
			u.cookie, _ = url.QueryUnescape(c.Value)
		}
	}
	if r.StatusCode != 200 || u.cookie == "" {
		u.w.t.Fatalf("sign in: %d", r.StatusCode)
	}
}

// ask makes a GET request without a body, about an account, and returns the answer
// with its headers.
func (u *user) ask(path, account string) string {
	u.w.t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+u.w.addr+path, nil)
	if err != nil {
		u.w.t.Fatal(err)
	}
	request.Header.Set("Cookie", u.cookieHeader())
	request.Header.Set("X-Account-ID", account)
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		u.w.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != 200 {
		u.w.t.Errorf("GET %s: %d %s, %v", path, r.StatusCode, text, err)
	}
	return fmt.Sprint(string(text), r.Header)
}

// echo is a broker that sends back what it is sent, headers and body, on every road:
// in headers, in fields of what it answers, in errors and in the stream.
type echo struct {
	next  http.Handler
	mu    sync.Mutex
	roads map[string]int
}

// echoAll puts an echo before the simulated broker.
func (w *world) echoAll() *echo {
	e := &echo{next: w.streams.Config.Handler, roads: map[string]int{}}
	for _, server := range []**httptest.Server{&w.broker, &w.streams} {
		(*server).Close()
		*server = httptest.NewServer(e)
	}
	return e
}

// seen returns nil where a request was echoed on this road.
func (e *echo) seen(road string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.roads[road] == 0 {
		return fmt.Errorf("nothing was echoed on the road %q: %v", road, e.roads)
	}
	return nil
}

func (e *echo) count(road string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.roads[road]++
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sent, err := httputil.DumpRequest(r, true)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	text := string(sent)
	line := strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
	w.Header().Set("X-Request-Id", line)
	say := func(status int, road string, answer any) {
		e.count(road)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // fails only where the client is gone
	}
	switch {
	case r.URL.Path == "/v2/events/trades":
		e.count("stream")
		e.next.ServeHTTP(&echoStream{ResponseWriter: w, line: line}, r)
	case r.URL.Path == "/v2/orders" && bytes.Contains(body, []byte("REFUSED")):
		say(http.StatusUnprocessableEntity, "refusal", map[string]any{"code": 42210000, "message": text, "echo": text})
	case r.URL.Path == "/v2/orders" && bytes.Contains(body, []byte("BROKEN")):
		say(http.StatusInternalServerError, "failure", map[string]any{"message": text})
	default:
		recorder := httptest.NewRecorder()
		e.next.ServeHTTP(recorder, r)
		for name, values := range recorder.Header() {
			if name != "X-Request-Id" && name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		answer := recorder.Body.Bytes()
		var object map[string]json.RawMessage
		if json.Unmarshal(answer, &object) == nil && object != nil {
			object["echo"], _ = json.Marshal(text)
			answer, _ = json.Marshal(object)
			e.count("rest")
			if strings.Contains(r.URL.Path, "/stocks/") {
				e.count("data")
			}
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(answer) // fails only where the client is gone
	}
}

// echoStream begins a stream with a comment and an update that have the echo.
type echoStream struct {
	http.ResponseWriter
	line  string
	begun bool
}

func (s *echoStream) Write(p []byte) (int, error) {
	if !s.begun {
		s.begun = true
		data, _ := json.Marshal(map[string]any{"event": s.line, "event_id": s.line, "order": map[string]string{"id": s.line}})
		if _, err := fmt.Fprintf(s.ResponseWriter, ": %s\n\ndata: %s\n\n", s.line, data); err != nil {
			return 0, err
		}
	}
	return s.ResponseWriter.Write(p)
}

func (s *echoStream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *echoStream) Flush() {
	if f, ok := s.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}
