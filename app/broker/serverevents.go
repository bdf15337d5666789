package broker

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// serverEvent is one event or one comment of a text/event-stream.
type serverEvent struct {
	data    []byte
	comment string
}

// maxLine bounds a line of the stream, in bytes: an order with all its legs has
// a few kilobytes.
const maxLine = 1 << 20

// readEvents parses text/event-stream by the HTML standard, and also delivers
// comments, which libraries drop. Every line, even an empty one, shows that the
// stream is alive and is delivered as at least an empty event. It ends with
// ErrCut, or handle's error.
func readEvents(r io.Reader, handle func(serverEvent) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 256), maxLine) // enough for heartbeats; it grows with the first update
	var data []byte
	started := false
	for lines.Scan() {
		line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
		var e serverEvent
		switch {
		case len(line) == 0:
			if started {
				e.data = data
			}
			data, started = nil, false
		case line[0] == ':':
			e.comment = string(bytes.TrimSpace(line[1:]))
		default:
			name, value, _ := bytes.Cut(line, []byte(":"))
			value = bytes.TrimPrefix(value, []byte(" "))
			if string(name) == "data" {
				if started {
					data = append(data, '\n')
				}
				if len(data)+len(value) > maxLine {
					return fmt.Errorf("%w: an event is larger than %d bytes", ErrCut, maxLine)
				}
				data, started = append(data, value...), true
			}
		}
		if err := handle(e); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", ErrCut, err)
	}
	return ErrCut
}
