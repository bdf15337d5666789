// Package config reads the environment variables of paddock serve once at the
// start, and returns them checked.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"paddock/app/credentials"
)

// Config is all settings of paddock serve.
type Config struct {
	Addr       string // host:port to listen on
	AppURL     string // Postgres as paddock_app
	WorkerURL  string // Postgres as paddock_worker
	AuthURL    string // Postgres as paddock_auth
	ListenURL  string // Postgres as paddock_worker for LISTEN and NOTIFY, through no pooler that shares connections
	ReplicaURL string // a standby as paddock_app, for reads; "" where there is none
	Pooler     bool   // the other URLs are those of a pooler in transaction mode
	AppConns   int32  // the largest number of connections of the web process
	MasterKeys credentials.Source
	AuthSecret string // signs cookies; a secret
	BaseURL    string // the URL that browsers use
	Origins    []string
	Proxies    []netip.Prefix // addresses whose X-Forwarded-For is trusted
	// WebhookNetworks may be reached by webhooks though they are not public.
	WebhookNetworks []netip.Prefix
	AuthLimits      bool   // whether signing in is rate limited
	SignUp          string // who may sign up: open, first, invitation or closed
	SMTPURL         string // the mail server, with its password; "" where there is none
	MailFrom        string // whom mails are from
	// VerifiedEmail is whether nobody signs in before their address is verified.
	VerifiedEmail bool
	// What an operator sees of an instance.
	OperatorAddr     string // host:port of metrics and profiles; "" for none
	TracesTo         string // base URL of an OTLP receiver; "" where nothing is traced
	TrustTraceparent bool   // traces that Proxies have begun are continued
	// What a user may take of an instance; 0 is no bound.
	UserRequests int // in a second
	UserAtOnce   int // under way
	UserLogs     int // that add to agents' logs, in a second
	PaperURL     string
	LiveURL      string
	DataURL      string
	// Where trade updates are read; "" means the host of the trading API, and
	// Alpaca's path.
	StreamPaperURL, StreamLiveURL string
	EventsPath, SocketPath        string
	MaxStreams                    int           // trade updates that this instance reads at most, one an account
	StreamBehind                  time.Duration // how long trade updates may not come before that is told
	MirrorMaxAge                  time.Duration // how long after a reconciliation the mirror counts as current where no stream keeps it
	ReportTransaction             time.Duration // how long a transaction of a reporting login may be open
	LogLevel                      slog.Level
	LameDuck                      time.Duration // how long an instance that is told to stop goes on serving, and says that it is not ready
	DrainTimeout                  time.Duration // how long requests may take to end at shutdown
	TLS                           string        // who speaks TLS: TLSNone is a proxy
	CertFile, KeyFile             string        // of TLSFiles
	ACMEFolder, ACMEEmail         string        // of TLSACME
	ACMEDirectory                 string
	HTTPAddr                      string // host:port on which plain http is sent on to https; "" is none
	// Of paddock doctor alone.
	BackupFile   string        // the backup, or a pattern of which the newest file is it; "" where it is not known
	BackupMaxAge time.Duration // how old the newest may be
}

// Setting describes one variable, for --help.
type Setting struct{ Name, Default, Text string }

// Settings are all variables that paddock serve reads.
var Settings = []Setting{
	{"PADDOCK_ADDR", "127.0.0.1:8080", "host:port to listen on"},
	{"PADDOCK_APP_DATABASE_URL", "", "Postgres as the login paddock_app (required)"},
	{"PADDOCK_WORKER_DATABASE_URL", "", "Postgres as the login paddock_worker (required)"},
	{"PADDOCK_AUTH_DATABASE_URL", "", "Postgres as the login paddock_auth (required)"},
	{"PADDOCK_REPLICA_DATABASE_URL", "", "a standby of Postgres as the login paddock_app, on which reads are run that are proven to be current there; all are run on the primary where it is not set"},
	{"PADDOCK_DATABASE_POOLER", "none", "transaction where the three URLs, and the standby's, lead to PgBouncer or its like in transaction mode"},
	{"PADDOCK_LISTEN_DATABASE_URL", "", "Postgres itself as paddock_worker, for LISTEN and NOTIFY, where the URLs lead to a pooler"},
	{"PADDOCK_APP_CONNECTIONS", "8", "the most connections that requests share; 4 to 8 on two cores is best"},
	{"PADDOCK_MASTER_KEYS", "", "master keys, VERSION:BASE64 between commas; make one with paddock keys new, or set one of the next two in its place (required)"},
	{"PADDOCK_MASTER_KEYS_FILE", "", "a file of master keys, one a line or between commas, that others cannot read"},
	{"PADDOCK_MASTER_KEYS_COMMAND", "", "a command that prints the master keys within 30 seconds, run with sh"},
	{"PADDOCK_ALLOW_SHARED_KEYS_FILE", "false", "take files of master keys and other secrets that others on the machine can read, as in a container where nobody else is"},
	{"BETTER_AUTH_SECRET", "", "signs session cookies; 32 characters or more (required)"},
	{"BETTER_AUTH_URL", "http://localhost:8080", "where browsers reach Paddock; https makes cookies Secure"},
	{"PADDOCK_ALLOW_PLAIN_HTTP", "false", "start where BETTER_AUTH_URL is plain http on a public name: sessions and API keys are then sent unencrypted"},
	{"BETTER_AUTH_TRUSTED_ORIGINS", "", "other origins that may sign in, between commas"},
	{"PADDOCK_TLS", "none", "who speaks TLS: none is a proxy in front, files is serve with a certificate of its own, acme is serve with one from Let's Encrypt or its like"},
	{"PADDOCK_TLS_CERT_FILE", "", "for files: the certificate and those that lead to its authority, in PEM; read again when it changes"},
	{"PADDOCK_TLS_KEY_FILE", "", "for files: the certificate's key in PEM, which others cannot read"},
	{"PADDOCK_ACME_FOLDER", "", "for acme: the folder in which certificates are kept, of serve alone, such as /var/lib/paddock/acme"},
	{"PADDOCK_ACME_EMAIL", "", "for acme: whom the authority writes to when something is wrong"},
	{"PADDOCK_ACME_DIRECTORY", "https://acme-v02.api.letsencrypt.org/directory", "for acme: the URL of the authority"},
	{"PADDOCK_HTTP_ADDR", "", "for files and acme: host:port on which plain http is sent on to https, such as 0.0.0.0:80"},
	{"PADDOCK_TRUSTED_PROXIES", "", "addresses or prefixes whose X-Forwarded-For is believed, between commas"},
	{"PADDOCK_AUTH_RATE_LIMIT", "true", "limit sign-ins an address; false for load tests alone"},
	{"PADDOCK_SIGN_UP", "first", "who may sign up: open for everybody, invitation for who has one (paddock user invite), first for the first user and then by invitation, closed for nobody"},
	{"PADDOCK_SMTP_URL", "", "mail server, as smtps://USER:PASSWORD@HOST, or smtp:// with STARTTLS; without one no password is reset by mail, and no address verified or changed"},
	{"PADDOCK_MAIL_FROM", "", "address that mails are from (required with PADDOCK_SMTP_URL)"},
	{"PADDOCK_REQUIRE_VERIFIED_EMAIL", "false", "let nobody sign in before their email address is verified by mail"},
	{"PADDOCK_USER_REQUESTS", "50", "requests that a user may make of an instance in a second, four times as many in a burst; 0 for no bound"},
	{"PADDOCK_USER_AT_ONCE", "32", "requests that a user may have under way on an instance; 0 for no bound"},
	{"PADDOCK_USER_LOGS", "10", "requests with lines of agents' logs, of up to 1,000 each, that a user may make of an instance in a second, four times as many in a burst; 0 for no bound"},
	{"PADDOCK_WEBHOOK_NETWORKS", "", "networks that webhooks may reach though they are not public, and without TLS, between commas; none where it is not set"},
	{"PADDOCK_OPERATOR_ADDR", "", "host:port of the operator's port, with metrics, profiles and what paddock status shows; none where it is not set"},
	{"PADDOCK_ALLOW_PUBLIC_OPERATOR_ADDR", "false", "let the operator's port be one that others may reach: nobody signs in there"},
	{"OTEL_EXPORTER_OTLP_ENDPOINT", "", "URL of an OpenTelemetry receiver for traces, by OTLP over HTTP, such as http://127.0.0.1:4318; nothing is traced where it is not set"},
	{"PADDOCK_TRUST_TRACEPARENT", "false", "continue the traces that PADDOCK_TRUSTED_PROXIES have begun"},
	{"PADDOCK_ALPACA_PAPER_URL", "https://paper-api.alpaca.markets", "Alpaca's paper trading API"},
	{"PADDOCK_ALPACA_LIVE_URL", "https://api.alpaca.markets", "Alpaca's live trading API"},
	{"PADDOCK_ALPACA_DATA_URL", "https://data.alpaca.markets", "Alpaca's market data API"},
	{"PADDOCK_ALPACA_STREAM_PAPER_URL", "", "host of paper accounts' trade updates; PADDOCK_ALPACA_PAPER_URL where not set"},
	{"PADDOCK_ALPACA_STREAM_LIVE_URL", "", "host of live accounts' trade updates; PADDOCK_ALPACA_LIVE_URL where not set"},
	{"PADDOCK_ALPACA_STREAM_SSE_PATH", "/v2/events/trades", "path of the updates as Server-Sent Events"},
	{"PADDOCK_ALPACA_STREAM_WS_PATH", "/stream", "path of the updates over a WebSocket"},
	{"PADDOCK_MAX_STREAMS", "2000", "accounts whose trade updates this instance reads at most; what no instance can read is reconciled every few minutes"},
	{"PADDOCK_MIRROR_MAX_AGE", "1m", "how long ago orders may have agreed with Alpaca, where no stream keeps them, before lists ask Alpaca itself"},
	{"PADDOCK_STREAM_BEHIND", "1m", "how long an account's trade updates may not come before an event tells of it"},
	{"PADDOCK_REPORT_TRANSACTION", "10m", "how long a transaction of a reporting login may be open before its session is ended"},
	{"PADDOCK_LOG_LEVEL", "info", "debug, info, warn or error"},
	{"PADDOCK_LAME_DUCK", "5s", "how long an instance that is told to stop goes on serving while /readyz says 503, for balancers to notice; more than two of their looks"},
	{"PADDOCK_DRAIN_TIMEOUT", "15s", "how long requests may take to end at shutdown, after that"},
	{"PADDOCK_BACKUP_FILE", "", "for paddock doctor: path of the backup, or a pattern of which the newest file is it, such as /backups/paddock-*.age"},
	{"PADDOCK_BACKUP_MAX_AGE", "26h", "for paddock doctor: how old the newest backup may be"},
}

// InFiles are the settings that are secrets, or have one in them. Each may be in a
// file in its place, which NAME_FILE names, as containers and systemd hand secrets
// on. (PADDOCK_MASTER_KEYS_FILE is a setting of its own.)
var InFiles = []string{
	"PADDOCK_APP_DATABASE_URL", "PADDOCK_WORKER_DATABASE_URL", "PADDOCK_AUTH_DATABASE_URL", "PADDOCK_LISTEN_DATABASE_URL",
	"PADDOCK_REPLICA_DATABASE_URL",
	"BETTER_AUTH_SECRET", "PADDOCK_SMTP_URL",
}

// Load reads the environment through lookup (os.LookupEnv). Its error lists
// everything that is wrong, one sentence for each setting. No error shows a
// value.
func Load(lookup func(string) (string, bool)) (Config, error) {
	var wrong []error
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	get := reader(lookup, fail)
	need := func(name string) string { return required(lookup, get, fail, name) }

	c := Config{
		Addr:       get("PADDOCK_ADDR"),
		AppURL:     need("PADDOCK_APP_DATABASE_URL"),
		WorkerURL:  need("PADDOCK_WORKER_DATABASE_URL"),
		AuthURL:    need("PADDOCK_AUTH_DATABASE_URL"),
		ReplicaURL: get("PADDOCK_REPLICA_DATABASE_URL"),
		AuthSecret: need("BETTER_AUTH_SECRET"),
		BaseURL:    strings.TrimSuffix(get("BETTER_AUTH_URL"), "/"),
		Origins:    list(get("BETTER_AUTH_TRUSTED_ORIGINS")),
		PaperURL:   get("PADDOCK_ALPACA_PAPER_URL"),
		LiveURL:    get("PADDOCK_ALPACA_LIVE_URL"),
		DataURL:    get("PADDOCK_ALPACA_DATA_URL"),

		StreamPaperURL: get("PADDOCK_ALPACA_STREAM_PAPER_URL"),
		StreamLiveURL:  get("PADDOCK_ALPACA_STREAM_LIVE_URL"),
		EventsPath:     get("PADDOCK_ALPACA_STREAM_SSE_PATH"),
		SocketPath:     get("PADDOCK_ALPACA_STREAM_WS_PATH"),
		BackupFile:     get("PADDOCK_BACKUP_FILE"),
	}
	c.Pooler = readPooler(get, fail)
	if c.Pooler && get("PADDOCK_LISTEN_DATABASE_URL") == "" {
		fail("PADDOCK_LISTEN_DATABASE_URL is not set: LISTEN gets nothing through a pooler in transaction mode, so give Postgres itself, as paddock_worker")
	}
	c.MasterKeys = readMasterKeys(get, fail)
	if c.ListenURL = get("PADDOCK_LISTEN_DATABASE_URL"); c.ListenURL == "" {
		c.ListenURL = c.WorkerURL
	}
	plainHTTP, err := strconv.ParseBool(get("PADDOCK_ALLOW_PLAIN_HTTP"))
	if err != nil {
		fail("PADDOCK_ALLOW_PLAIN_HTTP must be true or false")
	}
	switch u, err := url.Parse(c.BaseURL); {
	case err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https"):
		fail("BETTER_AUTH_URL must be an http or https URL such as https://paddock.example.com")
	case u.Scheme == "http" && !plainHTTP && !isLocal(u):
		fail("BETTER_AUTH_URL is plain http on a public name, where sessions and API keys would travel unencrypted: give its https URL, or set PADDOCK_ALLOW_PLAIN_HTTP=true if that is really wanted")
	}
	c.readTLS(get, fail)
	n, err := strconv.ParseInt(get("PADDOCK_APP_CONNECTIONS"), 10, 32)
	if err != nil || n < 1 || n > 1000 {
		fail("PADDOCK_APP_CONNECTIONS must be a whole number from 1 to 1000")
	}
	c.AppConns = int32(n)
	count := func(name string) int {
		n, err := strconv.Atoi(get(name))
		if err != nil || n < 0 || n > 1_000_000 {
			fail("%s must be a whole number from 0 to 1000000", name)
		}
		return n
	}
	if c.MaxStreams, err = strconv.Atoi(get("PADDOCK_MAX_STREAMS")); err != nil || c.MaxStreams < 1 || c.MaxStreams > 1_000_000 {
		fail("PADDOCK_MAX_STREAMS must be a whole number from 1 to 1000000")
	}
	c.UserRequests, c.UserAtOnce = count("PADDOCK_USER_REQUESTS"), count("PADDOCK_USER_AT_ONCE")
	c.UserLogs = count("PADDOCK_USER_LOGS")
	for i, text := range list(get("PADDOCK_WEBHOOK_NETWORKS")) {
		prefix, err := netip.ParsePrefix(text)
		if err != nil || prefix.Addr().Is4In6() {
			fail("PADDOCK_WEBHOOK_NETWORKS: entry %d is no network such as 10.1.0.0/16", i+1)
			continue
		}
		c.WebhookNetworks = append(c.WebhookNetworks, prefix.Masked())
	}
	for i, text := range list(get("PADDOCK_TRUSTED_PROXIES")) {
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 { // clients' addresses are compared in their IPv4 form
			prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
		}
		if err != nil {
			fail("PADDOCK_TRUSTED_PROXIES: entry %d is neither an address nor a prefix such as 10.0.0.0/8", i+1)
			continue
		}
		c.Proxies = append(c.Proxies, prefix)
	}
	if c.AuthLimits, err = strconv.ParseBool(get("PADDOCK_AUTH_RATE_LIMIT")); err != nil {
		fail("PADDOCK_AUTH_RATE_LIMIT must be true or false")
	}
	c.SMTPURL, c.MailFrom = get("PADDOCK_SMTP_URL"), get("PADDOCK_MAIL_FROM")
	if c.SMTPURL != "" && c.MailFrom == "" {
		fail("PADDOCK_MAIL_FROM is not set: give the address that mails are from")
	}
	if c.VerifiedEmail, err = strconv.ParseBool(get("PADDOCK_REQUIRE_VERIFIED_EMAIL")); err != nil {
		fail("PADDOCK_REQUIRE_VERIFIED_EMAIL must be true or false")
	}
	c.readObservation(get, fail)
	switch c.SignUp = get("PADDOCK_SIGN_UP"); c.SignUp {
	case "open", "first", "invitation", "closed":
	default:
		fail("PADDOCK_SIGN_UP must be open, first, invitation or closed")
	}
	if err := c.LogLevel.UnmarshalText([]byte(get("PADDOCK_LOG_LEVEL"))); err != nil {
		fail("PADDOCK_LOG_LEVEL must be debug, info, warn or error")
	}
	if c.StreamBehind, err = time.ParseDuration(get("PADDOCK_STREAM_BEHIND")); err != nil || c.StreamBehind < 5*time.Second || c.StreamBehind > 24*time.Hour {
		fail("PADDOCK_STREAM_BEHIND must be a duration from 5s to 24h, such as 1m")
	}
	if c.MirrorMaxAge, err = time.ParseDuration(get("PADDOCK_MIRROR_MAX_AGE")); err != nil || c.MirrorMaxAge < time.Second || c.MirrorMaxAge > time.Hour {
		fail("PADDOCK_MIRROR_MAX_AGE must be a duration from 1s to 1h, such as 1m")
	}
	if c.ReportTransaction, err = time.ParseDuration(get("PADDOCK_REPORT_TRANSACTION")); err != nil || c.ReportTransaction < time.Second || c.ReportTransaction > 24*time.Hour {
		fail("PADDOCK_REPORT_TRANSACTION must be a duration from 1s to 24h, such as 10m")
	}
	if c.LameDuck, err = time.ParseDuration(get("PADDOCK_LAME_DUCK")); err != nil || c.LameDuck < 0 || c.LameDuck > 10*time.Minute {
		fail("PADDOCK_LAME_DUCK must be a duration from 0s to 10m, such as 5s")
	}
	if c.DrainTimeout, err = time.ParseDuration(get("PADDOCK_DRAIN_TIMEOUT")); err != nil || c.DrainTimeout < 0 {
		fail("PADDOCK_DRAIN_TIMEOUT must be a duration such as 15s")
	}
	if c.BackupMaxAge, err = time.ParseDuration(get("PADDOCK_BACKUP_MAX_AGE")); err != nil || c.BackupMaxAge <= 0 {
		fail("PADDOCK_BACKUP_MAX_AGE must be a duration such as 26h")
	}
	return c, errors.Join(wrong...)
}

// reader returns a function that returns a setting's value, or its default. Of
// InFiles it takes a file's where NAME_FILE names one.
func reader(lookup func(string) (string, bool), fail func(string, ...any)) func(name string) string {
	direct := func(name string) string {
		v, _ := lookup(name)
		return strings.TrimSpace(v)
	}
	inFile := map[string]string{}
	for _, name := range InFiles {
		text, err := valueOrFile(direct, name)
		if err != nil {
			fail("%w", err)
		}
		inFile[name] = text
	}
	return func(name string) string {
		if text := inFile[name]; text != "" {
			return text
		}
		if text := direct(name); text != "" && !slices.Contains(InFiles, name) {
			return text
		}
		return defaultOf(name)
	}
}

func required(lookup func(string) (string, bool), get func(string) string, fail func(string, ...any), name string) string {
	v := get(name)
	if file, _ := lookup(name + "_FILE"); v == "" && strings.TrimSpace(file) == "" { // a file that is no use was told of
		fail("%s is not set", name)
	}
	return v
}

func readPooler(get func(string) string, fail func(string, ...any)) bool {
	switch get("PADDOCK_DATABASE_POOLER") {
	case "none":
	case "transaction":
		return true
	default:
		fail("PADDOCK_DATABASE_POOLER must be none or transaction")
	}
	return false
}

// readMasterKeys says where the master keys come from, and reads none.
func readMasterKeys(get func(string) string, fail func(string, ...any)) credentials.Source {
	source := credentials.Source{
		Text: get("PADDOCK_MASTER_KEYS"), File: get("PADDOCK_MASTER_KEYS_FILE"), Command: get("PADDOCK_MASTER_KEYS_COMMAND"),
	}
	var err error
	if source.SharedFile, err = strconv.ParseBool(get("PADDOCK_ALLOW_SHARED_KEYS_FILE")); err != nil {
		fail("PADDOCK_ALLOW_SHARED_KEYS_FILE must be true or false")
	}
	if err := source.Check(); err != nil {
		fail("%w", err)
	}
	return source
}

// Listening returns on which address the environment tells serve to listen, and, where
// it speaks TLS there, for which host; "" where it does not.
func Listening() (addr, tlsHost string) {
	get := reader(os.LookupEnv, func(string, ...any) {})
	if get("PADDOCK_TLS") != TLSNone {
		tlsHost = Config{BaseURL: get("BETTER_AUTH_URL")}.Host()
	}
	return get("PADDOCK_ADDR"), tlsHost
}

// LoginURLs returns the URLs of the three logins of serve, by the name of the login.
func LoginURLs(lookup func(string) (string, bool)) (map[string]string, error) {
	var wrong []error
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	get := reader(lookup, fail)
	urls := map[string]string{}
	for login, name := range map[string]string{
		"paddock_app": "PADDOCK_APP_DATABASE_URL", "paddock_worker": "PADDOCK_WORKER_DATABASE_URL", "paddock_auth": "PADDOCK_AUTH_DATABASE_URL",
	} {
		urls[login] = required(lookup, get, fail, name)
	}
	return urls, errors.Join(wrong...)
}

// FromEnvironment is Load with the process's own environment.
func FromEnvironment() (Config, error) { return Load(os.LookupEnv) }

func list(text string) []string {
	var out []string
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// String keeps URLs with passwords, and secrets, out of every log.
func (c Config) String() string { return "configuration for " + c.BaseURL }

// GoString keeps them out of %#v.
func (c Config) GoString() string { return c.String() }

// Format keeps them out of every other verb.
func (c Config) Format(s fmt.State, _ rune) { fmt.Fprint(s, c.String()) }

// LogValue keeps them out of slog, whose JSON would list the fields.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText keeps them out of JSON and every other encoding.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
