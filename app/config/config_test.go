package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"paddock/app/config"
	"paddock/app/credentials"
)

// environment returns all required settings, each with the secret hunter2 in
// its value.
func environment() map[string]string {
	return map[string]string{
		"PADDOCK_APP_DATABASE_URL":    "postgres://paddock_app:hunter2@db.example/paddock",
		"PADDOCK_WORKER_DATABASE_URL": "postgres://paddock_worker:hunter2@db.example/paddock",
		"PADDOCK_AUTH_DATABASE_URL":   "postgres://paddock_auth:hunter2@db.example/paddock",
		"PADDOCK_MASTER_KEYS":         "1:hunter2",
		"BETTER_AUTH_SECRET":          "hunter2 hunter2 hunter2 hunter2 hunter2",
	}
}

func load(environment map[string]string) (config.Config, error) {
	return config.Load(func(name string) (string, bool) { v, ok := environment[name]; return v, ok })
}

// A setting that is missing or blank has the default that --help shows.
func TestDefaults(t *testing.T) {
	bare, err := load(environment())
	if err != nil {
		t.Fatal(err)
	}
	if bare.Addr != "127.0.0.1:8080" || bare.AppConns != 8 || bare.BaseURL != "http://localhost:8080" || !bare.AuthLimits || bare.LogLevel != slog.LevelInfo ||
		bare.DrainTimeout != 15*time.Second || bare.LameDuck != 5*time.Second || bare.MaxStreams != 2000 || bare.PaperURL != "https://paper-api.alpaca.markets" || bare.LiveURL != "https://api.alpaca.markets" ||
		bare.DataURL != "https://data.alpaca.markets" || bare.StreamPaperURL != "" || bare.EventsPath != "/v2/events/trades" || bare.MirrorMaxAge != time.Minute || bare.StreamBehind != time.Minute || bare.BackupFile != "" || bare.BackupMaxAge != 26*time.Hour || bare.Origins != nil || bare.Proxies != nil || bare.UserRequests != 50 || bare.UserAtOnce != 32 || bare.UserLogs != 10 {
		t.Errorf("the defaults are %s", fields(bare))
	}

	told, blank := environment(), environment()
	for _, s := range config.Settings {
		if s.Text == "" {
			t.Errorf("%s is not explained", s.Name)
		}
		if required := strings.Contains(s.Text, "(required)"); required != (environment()[s.Name] != "") {
			t.Errorf("%s: its text is wrong about whether it is required", s.Name)
		} else if !required {
			told[s.Name], blank[s.Name] = s.Default, "  "
		}
	}
	for name, e := range map[string]map[string]string{"told": told, "blank": blank} {
		if c, err := load(e); err != nil || fields(c) != fields(bare) {
			t.Errorf("%s: %s (%v), want %s", name, fields(c), err, fields(bare))
		}
	}
}

// fields returns the values of a configuration, which the configuration's own
// methods would hide.
func fields(c config.Config) string {
	type plain config.Config
	return fmt.Sprintf("%+v", plain(c))
}

// Every setting is stored in its field.
func TestSettings(t *testing.T) {
	e := environment()
	for name, value := range map[string]string{
		"PADDOCK_REPLICA_DATABASE_URL": "postgres://paddock_app:hunter2@replica.example/paddock",
		"PADDOCK_DATABASE_POOLER":      "transaction", "PADDOCK_LISTEN_DATABASE_URL": "postgres://paddock_worker:hunter2@direct.example/paddock",
		"PADDOCK_ADDR": " 0.0.0.0:80 ", "PADDOCK_APP_CONNECTIONS": "4", "BETTER_AUTH_URL": "https://paddock.example/", "BETTER_AUTH_TRUSTED_ORIGINS": "https://a.example, https://b.example,",
		"PADDOCK_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1,2001:db8::1,::ffff:172.16.0.0/108", "PADDOCK_AUTH_RATE_LIMIT": "false", "PADDOCK_SIGN_UP": "invitation", "PADDOCK_SMTP_URL": "smtps://u:hunter2@mail.example", "PADDOCK_MAIL_FROM": "p@paddock.example", "PADDOCK_REQUIRE_VERIFIED_EMAIL": "true", "PADDOCK_USER_REQUESTS": "7", "PADDOCK_USER_AT_ONCE": "0", "PADDOCK_USER_LOGS": "3", "PADDOCK_LOG_LEVEL": "debug", "PADDOCK_MAX_STREAMS": "7", "PADDOCK_LAME_DUCK": "0s", "PADDOCK_DRAIN_TIMEOUT": "1m",
		"PADDOCK_ALPACA_PAPER_URL": "http://127.0.0.1:1", "PADDOCK_ALPACA_LIVE_URL": "http://127.0.0.1:2", "PADDOCK_ALPACA_DATA_URL": "http://127.0.0.1:3",
		"PADDOCK_ALPACA_STREAM_PAPER_URL": "http://127.0.0.1:4", "PADDOCK_ALPACA_STREAM_LIVE_URL": "http://127.0.0.1:5",
		"PADDOCK_ALPACA_STREAM_SSE_PATH": "/events", "PADDOCK_ALPACA_STREAM_WS_PATH": "/socket", "PADDOCK_MIRROR_MAX_AGE": "90s", "PADDOCK_STREAM_BEHIND": "30s", "PADDOCK_REPORT_TRANSACTION": "5m",
		"PADDOCK_BACKUP_FILE": "/backups/*.dump", "PADDOCK_BACKUP_MAX_AGE": "170h", "PADDOCK_OPERATOR_ADDR": "10.1.2.3:9090",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318/", "PADDOCK_TRUST_TRACEPARENT": "true",
		"PADDOCK_TLS": "files", "PADDOCK_TLS_CERT_FILE": "/cert.pem", "PADDOCK_TLS_KEY_FILE": "/key.pem", "PADDOCK_HTTP_ADDR": "0.0.0.0:8081",
		"PADDOCK_WEBHOOK_NETWORKS": "10.1.2.3/16, fd00::/8",
		"PADDOCK_ACME_FOLDER":      "/acme", "PADDOCK_ACME_EMAIL": "o@paddock.example", "PADDOCK_ACME_DIRECTORY": "https://acme.example/dir",
	} {
		e[name] = value
	}
	c, err := load(e)
	if err != nil {
		t.Fatal(err)
	}
	want := "{Addr:0.0.0.0:80 AppURL:postgres://paddock_app:hunter2@db.example/paddock WorkerURL:postgres://paddock_worker:hunter2@db.example/paddock " +
		"AuthURL:postgres://paddock_auth:hunter2@db.example/paddock ListenURL:postgres://paddock_worker:hunter2@direct.example/paddock ReplicaURL:postgres://paddock_app:hunter2@replica.example/paddock Pooler:true AppConns:4 MasterKeys:source of the master keys AuthSecret:hunter2 hunter2 hunter2 hunter2 hunter2 " +
		"BaseURL:https://paddock.example Origins:[https://a.example https://b.example] Proxies:[10.0.0.0/8 192.0.2.1/32 2001:db8::1/128 172.16.0.0/12] WebhookNetworks:[10.1.0.0/16 fd00::/8] AuthLimits:false SignUp:invitation SMTPURL:smtps://u:hunter2@mail.example MailFrom:p@paddock.example VerifiedEmail:true OperatorAddr:10.1.2.3:9090 TracesTo:http://127.0.0.1:4318 TrustTraceparent:true UserRequests:7 UserAtOnce:0 UserLogs:3 " +
		"PaperURL:http://127.0.0.1:1 LiveURL:http://127.0.0.1:2 DataURL:http://127.0.0.1:3 " +
		"StreamPaperURL:http://127.0.0.1:4 StreamLiveURL:http://127.0.0.1:5 EventsPath:/events SocketPath:/socket MaxStreams:7 StreamBehind:30s MirrorMaxAge:1m30s ReportTransaction:5m0s LogLevel:DEBUG LameDuck:0s DrainTimeout:1m0s TLS:files CertFile:/cert.pem KeyFile:/key.pem ACMEFolder:/acme ACMEEmail:o@paddock.example ACMEDirectory:https://acme.example/dir HTTPAddr:0.0.0.0:8081 BackupFile:/backups/*.dump BackupMaxAge:170h0m0s}"
	if got := fields(c); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if c.MasterKeys != (credentials.Source{Text: "1:hunter2"}) {
		t.Error("the master keys are not those of PADDOCK_MASTER_KEYS")
	}
}

// The master keys come from one place alone: the setting itself, a file or a
// command. The commands for keys read the same settings as the server.
func TestMasterKeysComeFromOnePlace(t *testing.T) {
	const text, file, command = "PADDOCK_MASTER_KEYS", "PADDOCK_MASTER_KEYS_FILE", "PADDOCK_MASTER_KEYS_COMMAND"
	for set, want := range map[string]credentials.Source{
		text: {Text: "hunter2"}, file: {File: "hunter2"}, command: {Command: "hunter2"}, file + " shared": {File: "hunter2", SharedFile: true},
		"": {}, text + " " + file: {}, file + " " + command: {}, text + " " + file + " " + command: {}, text + " unclear": {},
	} {
		e := environment()
		delete(e, text)
		for _, name := range strings.Fields(set) {
			switch name {
			case "shared":
				e["PADDOCK_ALLOW_SHARED_KEYS_FILE"] = "true"
			case "unclear":
				e["PADDOCK_ALLOW_SHARED_KEYS_FILE"] = "hunter2"
			default:
				e[name] = " hunter2 "
			}
		}
		c, err := load(e)
		k, keysErr := config.LoadKeys(func(name string) (string, bool) { v, ok := e[name]; return v, ok })
		if fmt.Sprint(err) != fmt.Sprint(keysErr) {
			t.Errorf("%s: the server says %v, and the commands %v", set, err, keysErr)
		}
		if want == (credentials.Source{}) {
			if err == nil || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "KEYS") {
				t.Errorf("%q: %v", set, err)
			}
			continue
		}
		if err != nil || c.MasterKeys != want || k.MasterKeys != want {
			t.Errorf("%q: another source was taken (%v)", set, err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if shown := fmt.Sprintf(verb, k) + fmt.Sprintf(verb, c.MasterKeys) + fmt.Sprintf(verb, &k); strings.Contains(shown, "hunter2") || strings.Contains(shown, "68756e746572") {
				t.Errorf("%s shows %s", verb, shown)
			}
		}
	}
	if _, err := config.LoadKeys(func(string) (string, bool) { return "", false }); err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "PADDOCK_WORKER_DATABASE_URL is not set") {
		t.Errorf("without settings: %v", err)
	}
}

// Each setting that is a secret may be in a file, for the server and for the commands
// alike. A file that is no use is told of in one sentence that shows nothing of
// what is in it; one that others can read is refused, unless that is said to be wanted.
func TestSecretsInFiles(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want, err := load(environment())
	if err != nil {
		t.Fatal(err)
	}
	e := environment()
	for _, name := range config.InFiles {
		if value, there := e[name]; there {
			delete(e, name)
			e[name+"_FILE"] = write(name, "\n"+value+" \n", 0o640)
		}
	}
	if got, err := load(e); err != nil || fields(got) != fields(want) {
		t.Errorf("with its secrets in files it is %s (%v), want %s", fields(got), err, fields(want))
	}
	lookup := func(name string) (string, bool) { v, ok := e[name]; return v, ok }
	if keys, err := config.LoadKeys(lookup); err != nil || keys.WorkerURL != want.WorkerURL {
		t.Errorf("the commands for master keys: %v", err)
	}
	e["DATABASE_URL_FILE"] = write("owner", "postgres://hunter2\n", 0o600)
	if url, err := config.OwnerURL(lookup); err != nil || url != "postgres://hunter2" {
		t.Errorf("DATABASE_URL_FILE: %q, %v", url, err)
	}

	for _, name := range append([]string{"DATABASE_URL"}, config.InFiles...) {
		for what, c := range map[string]struct{ file, says string }{
			"missing": {filepath.Join(folder, "nowhere"), "there is no file"}, "a folder": {folder, "not a regular file"},
			"empty": {write("empty", " \n", 0o600), "is empty"}, "shared": {write("shared", "hunter2", 0o644), "others on this machine can read"},
			"large": {write("large", strings.Repeat("hunter2", 5000), 0o600), "more than 16384 bytes"},
			"both":  {write("both", "hunter2", 0o600), "are both set"},
		} {
			e := environment()
			delete(e, name)
			if what == "both" {
				e[name] = "hunter2"
			}
			e[name+"_FILE"] = c.file
			lookup := func(name string) (string, bool) { v, ok := e[name]; return v, ok }
			_, err := config.Load(lookup)
			if name == "DATABASE_URL" {
				_, err = config.OwnerURL(lookup)
			}
			if err == nil || !strings.HasPrefix(err.Error(), name) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			if e["PADDOCK_ALLOW_SHARED_KEYS_FILE"] = "true"; what == "shared" {
				if _, err := config.Load(lookup); err != nil && name != "PADDOCK_SMTP_URL" {
					t.Errorf("%s in a file that may be shared: %v", name, err)
				}
			}
		}
	}
}

// All settings that are wrong are reported together, one on each line. No line
// shows a value, because it may be a secret that was pasted into the wrong
// place.
func TestEverythingWrongIsTold(t *testing.T) {
	_, err := load(nil)
	for name := range environment() {
		if err == nil || strings.Count(err.Error(), name+" is not set") != 1 {
			t.Errorf("%s is missing and the error says %v", name, err)
		}
	}

	wrong := map[string][]string{
		"PADDOCK_DATABASE_POOLER":        {"hunter2", "session"},
		"PADDOCK_REPORT_TRANSACTION":     {"hunter2", "0s", "-1m", "25h", "60"},
		"PADDOCK_APP_CONNECTIONS":        {"hunter2", "0", "-1", "1001", "1.5", "99999999999"},
		"BETTER_AUTH_URL":                {"hunter2", "ftp://hunter2", "https://", "//hunter2", "https://[hunter2", "https://user:hunter2@paddock.example", "http://hunter2.example"},
		"PADDOCK_TRUSTED_PROXIES":        {"10.0.0.0/8,hunter2", "10.0.0.0/hunter2", "10.0.0.0/33"},
		"PADDOCK_AUTH_RATE_LIMIT":        {"hunter2", "yes"},
		"PADDOCK_REQUIRE_VERIFIED_EMAIL": {"hunter2", "yes"},
		"PADDOCK_SIGN_UP":                {"hunter2", "true"},
		"PADDOCK_ALLOW_PLAIN_HTTP":       {"hunter2", "yes"},
		"PADDOCK_USER_REQUESTS":          {"hunter2", "-1", "1.5", "99999999999"},
		"PADDOCK_USER_AT_ONCE":           {"hunter2", "-1"},
		"PADDOCK_USER_LOGS":              {"hunter2", "-1"},
		"PADDOCK_WEBHOOK_NETWORKS":       {"hunter2", "10.0.0.1", "::ffff:10.0.0.0/104"},
		"PADDOCK_TLS":                    {"hunter2", "true"},
		"PADDOCK_LOG_LEVEL":              {"hunter2"},
		"PADDOCK_MAX_STREAMS":            {"hunter2", "-1", "0", "1000001"},
		"PADDOCK_LAME_DUCK":              {"hunter2", "-1s", "5", "11m"},
		"PADDOCK_DRAIN_TIMEOUT":          {"hunter2", "-1s", "15"},
		"PADDOCK_STREAM_BEHIND":          {"hunter2", "1s", "25h", "60"},
		"PADDOCK_MIRROR_MAX_AGE":         {"hunter2", "0s", "-1m", "2h", "60"},
		"PADDOCK_BACKUP_MAX_AGE":         {"hunter2", "0s", "-1h", "26"},
		"PADDOCK_OPERATOR_ADDR":          {"hunter2", "127.0.0.1", "127.0.0.1:hunter2", "127.0.0.1:65536", ":9090", "hunter2:9090"},
		"OTEL_EXPORTER_OTLP_ENDPOINT":    {"hunter2", "ftp://hunter2", "http://", "http://user:hunter2@localhost:4318", "http://localhost:4318/?hunter2"},
		"PADDOCK_TRUST_TRACEPARENT":      {"hunter2", "true"},

		"PADDOCK_ALLOW_PUBLIC_OPERATOR_ADDR": {"hunter2", "yes"},
	}
	all := map[string]string{} // wrong values, without the required settings
	for name, values := range wrong {
		for _, value := range values {
			e := environment()
			e[name] = value
			_, err := load(e)
			if err == nil || !strings.HasPrefix(err.Error(), name) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s=%s: %v", name, value, err)
			} else if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: the error shows the value: %v", name, err)
			}
		}
		all[name] = values[0]
	}
	_, err = load(all)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != len(wrong)+len(environment()) {
		t.Errorf("%d settings are wrong and the error has %d lines:\n%v", len(wrong)+len(environment()), len(lines), err)
	}
}

// Who speaks TLS fits the URL that browsers use: what could not work, or would have no
// effect, is refused with a sentence that names the setting.
func TestTLS(t *testing.T) {
	files := map[string]string{"PADDOCK_TLS": "files", "PADDOCK_TLS_CERT_FILE": "c", "PADDOCK_TLS_KEY_FILE": "k", "BETTER_AUTH_URL": "https://paddock.example"}
	acme := map[string]string{"PADDOCK_TLS": "acme", "PADDOCK_ACME_FOLDER": "f", "BETTER_AUTH_URL": "https://paddock.example.com"}
	for _, c := range []struct {
		given, change map[string]string
		wrong         string // "" is nothing
	}{
		{files, nil, ""}, {acme, nil, ""},
		{files, map[string]string{"PADDOCK_HTTP_ADDR": ":80", "BETTER_AUTH_URL": "https://localhost:8443"}, ""},
		{acme, map[string]string{"PADDOCK_ACME_DIRECTORY": "https://ca.internal/dir", "BETTER_AUTH_URL": "https://paddock.internal"}, ""},
		{files, map[string]string{"BETTER_AUTH_URL": "http://localhost:8080"}, "BETTER_AUTH_URL is plain http, where PADDOCK_TLS has serve speak https"},
		{files, map[string]string{"PADDOCK_TLS_KEY_FILE": ""}, "PADDOCK_TLS_CERT_FILE and PADDOCK_TLS_KEY_FILE are needed"},
		{files, map[string]string{"PADDOCK_HTTP_ADDR": "80"}, "PADDOCK_HTTP_ADDR must be host:port"},
		{files, map[string]string{"PADDOCK_HTTP_ADDR": "127.0.0.1:8080"}, "PADDOCK_HTTP_ADDR must be host:port, and another"},
		{files, map[string]string{"PADDOCK_TLS": "none"}, "is set, and PADDOCK_TLS is none"},
		{acme, map[string]string{"PADDOCK_ACME_FOLDER": ""}, "PADDOCK_ACME_FOLDER is not set"},
		{acme, map[string]string{"PADDOCK_ACME_DIRECTORY": "http://ca.example"}, "PADDOCK_ACME_DIRECTORY must be an https URL"},
		{acme, map[string]string{"BETTER_AUTH_URL": "https://203.0.113.7"}, "BETTER_AUTH_URL is not on a public name"},
		{acme, map[string]string{"BETTER_AUTH_URL": "https://paddock.internal"}, "BETTER_AUTH_URL is not on a public name"},
		{map[string]string{}, map[string]string{"PADDOCK_HTTP_ADDR": ":80"}, "PADDOCK_HTTP_ADDR is set, and PADDOCK_TLS is none"},
	} {
		e := environment()
		for _, m := range []map[string]string{c.given, c.change} {
			for name, value := range m {
				e[name] = value
			}
		}
		_, err := load(e)
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%v with %v: %v, want %q", c.given, c.change, err, c.wrong)
		}
	}
}

// Plain http is for this machine and private networks. On a public name it takes
// a setting that says so, and the error is one sentence that names it.
func TestPlainHTTPOnAPublicName(t *testing.T) {
	for url, may := range map[string]bool{
		"https://paddock.example.com": true, "HTTPS://paddock.example.com": true,
		"http://localhost:8080": true, "http://paddock.localhost": true, "http://LOCALHOST": true, "http://localhost.": true,
		"http://127.0.0.1": true, "http://127.1.2.3:80": true, "http://[::1]:8080": true, "http://[::ffff:127.0.0.1]": true,
		"http://10.1.2.3": true, "http://172.16.0.1": true, "http://192.168.1.1:8080": true, "http://[fd00::1]": true, "http://169.254.1.1": true,
		"http://paddock.test": true, "http://paddock.internal": true, "http://paddock.home.arpa": true, "http://nas.local:80": true,
		"http://paddock.example.com": false, "http://paddock.example.com:8080": false, "HTTP://paddock.example.com": false,
		"http://203.0.113.7": false, "http://172.32.0.1": false, "http://[2001:db8::1]": false, "http://[::ffff:203.0.113.7]": false, "http://0.0.0.0": false,
		"http://localhost.example.com": false, "http://notlocalhost": false, "http://mytest": false, "http://test": false, "http://.test": false,
		"http://127.0.0.1.example.com": false, "http://paddock": false, "http://test.com": false,
	} {
		e := environment()
		e["BETTER_AUTH_URL"] = url
		_, err := load(e)
		if (err == nil) != may {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "BETTER_AUTH_URL is plain http on a public name") || !strings.Contains(err.Error(), "PADDOCK_ALLOW_PLAIN_HTTP=true") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: it says %v", url, err)
		}
		e["PADDOCK_ALLOW_PLAIN_HTTP"] = "true"
		if c, err := load(e); err != nil || c.BaseURL != url {
			t.Errorf("%s, which is said to be wanted: %v", url, err)
		}
	}
}

// Nobody signs in on the operator's port. An address that others may reach takes
// a setting that says so, and the error is one sentence that names it.
func TestPublicOperatorAddr(t *testing.T) {
	for addr, may := range map[string]bool{
		"127.0.0.1:9090": true, "[::1]:9090": true, "localhost:9090": true, "10.1.2.3:9090": true, "[fd00::1]:9090": true, "paddock.internal:0": true,
		":9090": false, "0.0.0.0:9090": false, "[::]:9090": false, "203.0.113.7:9090": false, "[2001:db8::1]:9090": false, "paddock.example.com:9090": false,
	} {
		e := environment()
		e["PADDOCK_OPERATOR_ADDR"] = addr
		_, err := load(e)
		if (err == nil) != may {
			t.Errorf("%s: %v", addr, err)
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "PADDOCK_OPERATOR_ADDR is an address that others may reach") || !strings.Contains(err.Error(), "PADDOCK_ALLOW_PUBLIC_OPERATOR_ADDR=true") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: it says %v", addr, err)
		}
		e["PADDOCK_ALLOW_PUBLIC_OPERATOR_ADDR"] = "true"
		if c, err := load(e); err != nil || c.OperatorAddr != addr {
			t.Errorf("%s, which is said to be wanted: %v", addr, err)
		}
	}
}

// A configuration that is logged by mistake, in whatever way, shows no secret.
func TestSecretsAreHidden(t *testing.T) {
	c, err := load(environment())
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{"String": c.String(), "GoString": c.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown[verb] = fmt.Sprintf(verb, c)
		shown["pointer "+verb] = fmt.Sprintf(verb, &c)
		shown["within "+verb] = fmt.Sprintf(verb, struct{ C []config.Config }{[]config.Config{c}})
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(h).Info("x", "config", c, "pointer", &c, "within", map[string]any{"c": c})
	}
	shown["slog"] = log.String()
	text, err := json.Marshal(map[string]any{"c": c, "pointer": &c})
	if err != nil {
		t.Fatal(err)
	}
	shown["JSON"] = string(text)
	for how, text := range shown {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("%s shows a secret: %s", how, text)
		}
	}
}
