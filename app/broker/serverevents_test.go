package broker

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// The reader follows the HTML standard for text/event-stream. Unlike common
// libraries it delivers comments, and calls the handler at every line, which
// shows that the stream is alive.
func TestServerEvents(t *testing.T) {
	for name, tt := range map[string]struct {
		text     string
		data     []string
		comments []string
		lines    int
	}{
		"one":                 {"data: {\"a\":1}\n\n", []string{`{"a":1}`}, nil, 2},
		"CRLF":                {"data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}, nil, 4},
		"without a space":     {"data:a\n\ndata:  b\n\n", []string{"a", " b"}, nil, 4},
		"several lines":       {"data: {\ndata: \"a\":1\ndata: }\n\n", []string{"{\n\"a\":1\n}"}, nil, 4},
		"an empty line of it": {"data: a\ndata:\ndata\ndata: b\n\n", []string{"a\n\n\nb"}, nil, 5},
		"comments":            {": heartbeat\n\n: you are reading too slowly, dropped 10000 messages\n:\n", nil, []string{"heartbeat", "you are reading too slowly, dropped 10000 messages"}, 4},
		"a comment inside":    {"data: a\n: heartbeat\ndata: b\n\n", []string{"a\nb"}, []string{"heartbeat"}, 4},
		"other fields":        {"event: trade\nid: 7\nretry: 10\nunheard-of: x\ndata: a\n\n", []string{"a"}, nil, 6},
		"fields without data": {"event: ping\n\ndata: a\n\n", []string{"a"}, nil, 4},
		"dataset is not data": {"dataset: x\ndat: x\n data: x\n\n", nil, nil, 4},
		"cut in the middle":   {"data: a\n\ndata: b\n", []string{"a"}, nil, 3},
		"cut in a line":       {"data: a\n\ndata: {\"b\":", []string{"a"}, nil, 3},
		"nothing":             {"", nil, nil, 0},
		"a large one":         {"data: " + strings.Repeat("x", maxLine/2) + "\n\n", []string{strings.Repeat("x", maxLine/2)}, nil, 2},
	} {
		for pace, r := range map[string]io.Reader{"at once": strings.NewReader(tt.text), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.text))} {
			if len(tt.text) > 10_000 && pace == "byte by byte" {
				continue // byte by byte this takes seconds
			}
			var data, comments []string
			lines := 0
			err := readEvents(r, func(e serverEvent) error {
				lines++
				if e.data != nil {
					data = append(data, string(e.data))
				}
				if e.comment != "" {
					comments = append(comments, e.comment)
				}
				return nil
			})
			if !errors.Is(err, ErrCut) {
				t.Errorf("%s, %s: it ended with %v", name, pace, err)
			}
			if !slices.Equal(data, tt.data) || !slices.Equal(comments, tt.comments) || lines != tt.lines {
				t.Errorf("%s, %s: data %.80q, comments %q, %d lines", name, pace, data, comments, lines)
			}
		}
	}
}

// An endless line or event takes bounded memory and ends the stream. A
// connection that fails and an error of the handler end it too, and that error
// is returned.
func TestServerEventsEnd(t *testing.T) {
	nothing := func(serverEvent) error { return nil }
	err := readEvents(strings.NewReader("data: "+strings.Repeat("x", 2*maxLine)+"\n\n"), nothing)
	if !errors.Is(err, ErrCut) || !errors.Is(err, bufio.ErrTooLong) {
		t.Errorf("an endless line: %v", err)
	}
	err = readEvents(strings.NewReader(strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 2*maxLine/1000)), nothing)
	if !errors.Is(err, ErrCut) {
		t.Errorf("an endless event: %v", err)
	}
	broken := errors.New("connection reset")
	if err := readEvents(iotest.ErrReader(broken), nothing); !errors.Is(err, ErrCut) || !errors.Is(err, broken) {
		t.Errorf("a lost connection: %v", err)
	}
	full := errors.New("the database is full")
	if err := readEvents(strings.NewReader("data: a\n\ndata: b\n\n"), func(serverEvent) error { return full }); err != full {
		t.Errorf("a handler that fails: %v", err)
	}
}
