package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"paddock/app/config"
)

// healthTime bounds the question, in a container's health check.
const healthTime = 10 * time.Second

func newHealthCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the instance on this machine whether it is ready",
		Long: `Ask the instance on this machine (PADDOCK_ADDR) whether it is ready to serve, and
end with 0 if so and with 1 if not. A container needs neither a shell nor curl for
its health check.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), healthTime)
			defer cancel()
			addr, tlsHost := config.Listening()
			if err := askReady(ctx, addr, tlsHost); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return nil
		},
	}
}

// askReady returns an error unless the instance that listens on addr is ready. It
// speaks TLS for a host where tlsHost is not "".
func askReady(ctx context.Context, addr, tlsHost string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("PADDOCK_ADDR must be host:port")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost" // it listens on all addresses
	}
	at := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/readyz"}
	client := &http.Client{}
	if tlsHost != "" {
		at.Scheme = "https"
		// Whether others believe the certificate is theirs to find out: nothing is told to
		// this machine, or believed of it, but that it is ready.
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{ServerName: tlsHost, InsecureSkipVerify: true}} // #nosec G402 -- see above
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("nothing answers on %s", addr)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the instance on %s is not ready: /readyz is answered with %d", addr, response.StatusCode)
	}
	return nil
}
