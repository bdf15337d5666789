package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// Config is what RunStdio needs.
type Config struct {
	URL     string // of the server, such as https://paddock.example.com
	Token   string // an API token
	Version string
	Logger  *slog.Logger
	// Transport is stdio unless it is set.
	Transport sdk.Transport
}

// RunStdio serves the tools over stdin and stdout, by requests to a server, until ctx or
// the input ends.
func RunStdio(ctx context.Context, config Config) error {
	base, err := checkURL(config.URL)
	if err != nil {
		return err
	}
	c := &caller{
		client: &http.Client{
			Transport: http.DefaultTransport,
			// A redirect would take the token to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		base:   base,
		header: http.Header{"Authorization": {"Bearer " + config.Token}, "User-Agent": {"paddock-mcp/" + config.Version}},
		keep:   time.Minute,
	}
	token, answered, err := c.token(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("the server at %s cannot be reached: %w", base, err)
	case answered.status == http.StatusUnauthorized:
		return errors.New("the server does not know this API token, or it has expired or was revoked")
	case answered.status != http.StatusOK:
		return fmt.Errorf("the server at %s answers with %d: is it a Paddock that has API tokens?", base, answered.status)
	}
	transport := config.Transport
	if transport == nil {
		transport = &sdk.StdioTransport{}
	}
	config.Logger.Info("serving tools over stdio", "server", base, "token", token.ID, "accounts", len(token.Accounts))
	return newServer(config.Version, config.Logger, c, token.Scopes).Run(ctx, transport)
}

// checkURL returns the URL without a path. It refuses one that would send the token
// unencrypted over a network, or that has a password in it.
func checkURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("PADDOCK_URL must be the URL of a server, such as https://paddock.example.com, without a path")
	}
	if u.Scheme == "http" {
		addr, err := netip.ParseAddr(u.Hostname())
		if local := u.Hostname() == "localhost" || err == nil && addr.IsLoopback(); !local {
			return "", errors.New("PADDOCK_URL is plain http: the token would be sent unencrypted. Give its https URL")
		}
	}
	return u.Scheme + "://" + u.Host, nil
}
