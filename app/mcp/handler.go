package mcp

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

type serverKey struct{}

// Handler serves the protocol's streamable HTTP. It keeps nothing between two requests, so
// that any instance may serve any of them: each says by its token who asks, and a token
// that was revoked ends with the next request. Each has a server of its own, so that no
// two callers share anything.
type Handler struct {
	api     http.Handler
	version string
	log     *slog.Logger
	sdk     http.Handler
}

// NewHandler returns a handler whose tools call the API. It is to be given only requests
// that have an API token in their header Authorization; whether that holds it asks the
// API.
func NewHandler(api http.Handler, version string, log *slog.Logger) *Handler {
	return &Handler{api: api, version: version, log: log, sdk: sdk.NewStreamableHTTPHandler(
		func(r *http.Request) *sdk.Server {
			server, _ := r.Context().Value(serverKey{}).(*sdk.Server)
			return server
		},
		&sdk.StreamableHTTPOptions{
			Stateless: true, JSONResponse: true, Logger: slog.New(slog.DiscardHandler),
			PropagateRequestCancellation: true,
			// What guards against a page that reached this port by a name of its own is
			// that it has no token: cookies do not count here. The SDK would refuse
			// every request that a proxy on this machine hands on.
			DisableLocalhostProtection: true,
		})}
}

// passedOn are the headers that a tool's request to the API has of the client's.
var passedOn = []string{"Authorization", "X-Forwarded-For", "User-Agent", "Traceparent"}

// ServeHTTP serves a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &caller{client: &http.Client{Transport: inProcess{h.api, r.RemoteAddr}}, base: "http://" + local, header: http.Header{}, keep: callTime}
	for _, name := range passedOn {
		if values := r.Header.Values(name); len(values) > 0 {
			c.header[name] = values
		}
	}
	token, answered, err := c.token(r.Context())
	switch {
	case err != nil:
		h.log.ErrorContext(r.Context(), "a request to our own API failed", "err", err)
		http.Error(w, "something went wrong on our side", http.StatusInternalServerError)
		return
	case answered.status != http.StatusOK:
		if answered.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="Paddock", error="invalid_token"`)
		}
		for _, name := range []string{"Content-Type", "Retry-After"} {
			w.Header()[name] = answered.header.Values(name)
		}
		w.WriteHeader(answered.status)
		_, _ = w.Write(answered.body) // fails only where the client is gone
		return
	}
	server := newServer(h.version, slog.New(slog.DiscardHandler), c, token.Scopes)
	h.sdk.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), serverKey{}, server)))
}

// local is the host of requests that leave no process.
const local = "paddock.invalid"

// IsUrgent reports whether the body of a request calls a tool that stops something.
func IsUrgent(body []byte) bool {
	var message struct {
		Method string `json:"method"`
		Params struct {
			Name string `json:"name"`
		} `json:"params"`
	}
	if json.Unmarshal(body, &message) != nil || message.Method != "tools/call" {
		return false
	}
	for i := range tools {
		if tools[i].definition.Name == message.Params.Name {
			return tools[i].urgent
		}
	}
	return false
}
