package main

import (
	"bytes"
	stdlog "log"
	"log/slog"
)

// libraryLog is what Go's own packages log to. net/http logs what a server sends
// that nobody asked for, and quotes it: a broker's bytes, with the keys perhaps
// that it was sent. So everything from the first quotation mark on is left out.
type libraryLog struct{ log *slog.Logger }

// logLibraries makes Go's own packages log to log.
func logLibraries(log *slog.Logger) {
	stdlog.SetFlags(0)
	stdlog.SetOutput(libraryLog{log})
}

func (l libraryLog) Write(line []byte) (int, error) {
	said, _, quotes := bytes.Cut(line, []byte(`"`))
	l.log.Warn("a library of Go's says", "said", string(bytes.TrimSpace(said)), "left_out", quotes)
	return len(line), nil
}
