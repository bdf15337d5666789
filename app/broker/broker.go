// Package broker calls Alpaca: it makes clients on the official Go SDK, one for
// each request, with one account's credentials, and reads the stream of trade
// updates. It returns answers in Alpaca's JSON, checked field by field, and
// failures as an Error whose Kind says whether something was sent. It knows no
// SQL.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
)

// Config is what a Broker needs. Zero values take the defaults.
type Config struct {
	PaperURL, LiveURL, DataURL string
	// The hosts of trade updates, when they are not the trading hosts, and
	// their paths: Alpaca plans to move them.
	StreamPaperURL, StreamLiveURL string
	EventsPath                    string // of Server-Sent Events; /v2/events/trades
	SocketPath                    string // of the WebSocket; /stream
	Logger                        *slog.Logger
	Timeout                       time.Duration // of one call; 15 s
	MaxBody                       int64         // of one answer, in bytes; 16 MiB
	MaxPage                       int64         // of one answer that is passed through, in bytes; 64 MiB
	PageTime                      time.Duration // of one answer that is passed through, from first to last; 5 min
	StreamIdle                    time.Duration // how long a stream may be silent; 60 s
	// OnCall, unless it is nil, is told that a call begins, and returns a
	// function that is told how it ended. For a call that is passed through, the
	// end is when the answer's headers have arrived.
	OnCall func(context.Context, Call) func(Outcome)
}

// Broker makes clients. They share connections and never credentials.
type Broker struct {
	config    Config
	transport *http.Transport
	streaming *http.Transport
	relaying  *http.Transport // of its own, so that pages that are read slowly do not delay orders
	pages     *pages
	limits    *limits
	breakers  *breakers
	clocks    *clocks
	keyChecks *keyChecks
	assets    *kept[AssetAnswer]
	days      *kept[Answer[[]alpaca.CalendarDay]]
}

// Alpaca's own hosts.
const (
	DefaultPaperURL = "https://paper-api.alpaca.markets"
	DefaultLiveURL  = "https://api.alpaca.markets"
	DefaultDataURL  = "https://data.alpaca.markets"
)

// The paths of the streams on Alpaca's trading hosts.
const (
	DefaultEventsPath = "/v2/events/trades"
	DefaultSocketPath = "/stream"
)

// New makes a Broker. It refuses plain http to another machine, which would
// send keys unencrypted.
func New(c Config) (*Broker, error) {
	for _, u := range []struct {
		name, fallback string
		value          *string
	}{
		{"PADDOCK_ALPACA_PAPER_URL", DefaultPaperURL, &c.PaperURL},
		{"PADDOCK_ALPACA_LIVE_URL", DefaultLiveURL, &c.LiveURL},
		{"PADDOCK_ALPACA_DATA_URL", DefaultDataURL, &c.DataURL},
	} {
		if *u.value == "" {
			*u.value = u.fallback
		}
		if err := checkURL(u.value); err != nil {
			return nil, fmt.Errorf("%s %w", u.name, err)
		}
	}
	if err := c.checkStream(); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	if c.MaxBody == 0 {
		c.MaxBody = 16 << 20
	}
	if c.MaxPage == 0 {
		c.MaxPage = 64 << 20
	}
	if c.PageTime == 0 {
		c.PageTime = 5 * time.Minute
	}
	if c.StreamIdle == 0 {
		c.StreamIdle = 60 * time.Second
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
		MaxIdleConns: 200, MaxIdleConnsPerHost: 50, MaxConnsPerHost: 200, IdleConnTimeout: 60 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	}
	return &Broker{
		config:    c,
		transport: transport,
		relaying:  transport.Clone(),
		streaming: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
			TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 15 * time.Second, MaxResponseHeaderBytes: 64 << 10,
			DisableCompression: true, MaxIdleConnsPerHost: -1,
			// There is one connection an account, which is silent most of the time.
			ReadBufferSize: 512, WriteBufferSize: 512,
		},
		pages:    newPages(),
		limits:   newLimits(),
		breakers: newBreakers(c.Logger),
		clocks:   newClocks(c.Logger),

		keyChecks: newKeyChecks(),
		assets:    newKept[AssetAnswer](assetsKept),
		days:      newKept[Answer[[]alpaca.CalendarDay]](daysKept),
	}, nil
}

// checkStream sets and checks the URLs and paths of the streams.
func (c *Config) checkStream() error {
	for _, u := range []struct {
		name, fallback string
		value          *string
	}{
		{"PADDOCK_ALPACA_STREAM_PAPER_URL", c.PaperURL, &c.StreamPaperURL},
		{"PADDOCK_ALPACA_STREAM_LIVE_URL", c.LiveURL, &c.StreamLiveURL},
	} {
		if *u.value == "" {
			*u.value = u.fallback
		}
		if err := checkURL(u.value); err != nil {
			return fmt.Errorf("%s %w", u.name, err)
		}
	}
	for _, p := range []struct {
		name, fallback string
		value          *string
	}{
		{"PADDOCK_ALPACA_STREAM_SSE_PATH", DefaultEventsPath, &c.EventsPath},
		{"PADDOCK_ALPACA_STREAM_WS_PATH", DefaultSocketPath, &c.SocketPath},
	} {
		if *p.value == "" {
			*p.value = p.fallback
		}
		if u, err := url.Parse(*p.value); err != nil || u.Path != *p.value || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
			return fmt.Errorf("%s must be a path such as %s", p.name, p.fallback)
		}
	}
	return nil
}

// checkURL removes a trailing slash, and refuses a URL to which keys must not
// be sent.
func checkURL(value *string) error {
	*value = strings.TrimSuffix(*value, "/")
	u, err := url.Parse(*value)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be a plain https URL")
	}
	if u.Scheme == "https" {
		return nil
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return errors.New("must be an https URL (plain http is for this machine alone)")
}

// sdkVariables are the variables that the SDK reads where a field of a client
// is empty. In a process of many tenants, one tenant would then trade as
// another.
var sdkVariables = []string{"APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "APCA_API_OAUTH", "APCA_API_BASE_URL", "APCA_API_DATA_URL"}

// CheckEnvironment refuses every APCA_ variable that the SDK would read.
func CheckEnvironment() error {
	for _, name := range sdkVariables {
		if _, set := os.LookupEnv(name); set {
			return fmt.Errorf("%s is set: the Alpaca SDK would use it where a tenant's own key is missing. Unset it", name)
		}
	}
	return nil
}

// url returns the trading host of an environment.
func (b *Broker) url(env Environment) (string, error) {
	switch env {
	case Paper:
		return b.config.PaperURL, nil
	case Live:
		return b.config.LiveURL, nil
	}
	return "", fmt.Errorf("there is no environment %q", env)
}

// streamURL returns the host of an environment's trade updates.
func (b *Broker) streamURL(env Environment) (string, error) {
	switch env {
	case Paper:
		return b.config.StreamPaperURL, nil
	case Live:
		return b.config.StreamLiveURL, nil
	}
	return "", fmt.Errorf("there is no environment %q", env)
}

// Close drops idle connections.
func (b *Broker) Close() {
	b.transport.CloseIdleConnections()
	b.streaming.CloseIdleConnections()
	b.relaying.CloseIdleConnections()
}
