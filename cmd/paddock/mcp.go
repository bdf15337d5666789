package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"paddock/app/mcp"
	"paddock/app/secretfile"
)

func newMCPCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "mcp",
		Short: "Serve an AI agent's tools over stdio, by a server's API",
		Long: `Serve the tools of the Model Context Protocol over stdin and stdout, for clients that
start a program. Those that can use HTTP need none: POST /mcp of the server is the same.

The tools are requests to the API of a server, with an API token. Settings, from the
environment:

  PADDOCK_URL          the server, such as https://paddock.example.com
  PADDOCK_TOKEN        an API token, made with POST /api/tokens
  PADDOCK_TOKEN_FILE   a file with the token, in its place, which others cannot read

The token is never taken as an argument, which others on the machine could see.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := apiToken(os.LookupEnv)
			if err != nil {
				return err
			}
			return mcp.RunStdio(cmd.Context(), mcp.Config{
				URL: os.Getenv("PADDOCK_URL"), Token: token, Version: programVersion(),
				Logger: slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})),
			})
		},
	}
}

// maxTokenFile is more than a token and a line's end.
const maxTokenFile = 1 << 10

// apiToken reads the token from the environment, or from the file that it names. No error
// shows it.
func apiToken(lookup func(string) (string, bool)) (string, error) {
	token, there := lookup("PADDOCK_TOKEN")
	path, inFile := lookup("PADDOCK_TOKEN_FILE")
	switch {
	case there && inFile:
		return "", errors.New("set either PADDOCK_TOKEN or PADDOCK_TOKEN_FILE, and not both")
	case inFile:
		text, err := secretfile.Read(path, maxTokenFile, false)
		if err != nil {
			return "", fmt.Errorf("PADDOCK_TOKEN_FILE: %w", err)
		}
		token = text
	}
	if token = strings.TrimSpace(token); !strings.HasPrefix(token, "pdk_") || strings.ContainsAny(token, " \r\n\t") {
		return "", errors.New("PADDOCK_TOKEN must be an API token, which begins with pdk_: make one with POST /api/tokens")
	}
	return token, nil
}

// programVersion returns the version that this was built as.
func programVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}
