package broker

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// The reader delivers the same events, comments and signs of life as
// lineByLine, a simple parser of the whole text, in whatever pieces the bytes
// arrive. No event exceeds the bound, and a stream with an event above it ends.
func FuzzServerEvents(f *testing.F) {
	for _, text := range []string{
		"data: {\"a\":1}\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data:a\n\ndata:  b\n\n", "data: a\ndata:\ndata\ndata: b\n\n",
		": heartbeat\n\n: you are reading too slowly, dropped 10000 messages\n:\n", "event: trade\nid: 7\ndata: a\n: in between\ndata: b\n\n",
		"dataset: x\n data: x\n\n", "data: a\n\ndata: b\n", "data: \u00e9\u20ac\n\n", "data: {\"b\":", "data\n\n", "\n", "",
	} {
		f.Add([]byte(text), uint16(1), uint8(3))
	}
	f.Add([]byte("data: x"), uint16(0xffff), uint8(7)) // one endless line
	f.Add([]byte("data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"), uint16(0xffff), uint8(200))
	f.Add([]byte("data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\n"), uint16(0xffff), uint8(255))
	f.Fuzz(func(t *testing.T, text []byte, times uint16, step uint8) {
		if len(text) == 0 || len(text)*int(times) > 3*maxLine {
			times = 1
		}
		whole := bytes.Repeat(text, int(times))
		atOnce, end := heardOf(t, bytes.NewReader(whole))
		if inPieces, again := heardOf(t, &pieces{whole, int(step)}); !slices.Equal(atOnce, inPieces) || (end == nil) != (again == nil) {
			t.Errorf("%.80q (%d times) delivers %.200q (%v) at once and %.200q (%v) in pieces of %d", text, times, atOnce, end, inPieces, again, step)
		}
		if want, fits := lineByLine(string(whole)); fits && (!slices.Equal(atOnce, want) || end != nil) {
			t.Errorf("%.80q (%d times) delivers %.200q (%v), want %.200q", text, times, atOnce, end, want)
		} else if !fits && end == nil {
			t.Errorf("%.80q (%d times) is above the bound and was read to its end", text, times)
		}
	})
}

// pieces is a reader that returns the text in pieces of varying lengths.
type pieces struct {
	rest []byte
	step int
}

func (p *pieces) Read(into []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(into, p.rest[:min(len(p.rest), 1+p.step)])
	p.rest, p.step = p.rest[n:], (p.step*5+1)%4099
	return n, nil
}

// heardOf returns what the reader delivers of a stream, and the error if the
// stream ended before its last byte.
func heardOf(t *testing.T, r io.Reader) (all []string, end error) {
	t.Helper()
	err := readEvents(r, func(e serverEvent) error {
		if len(e.data) > maxLine || len(e.comment) > maxLine {
			t.Errorf("an event of %d bytes", len(e.data)+len(e.comment))
		}
		all = append(all, inWords(string(e.data), e.comment))
		return nil
	})
	if !errors.Is(err, ErrCut) {
		t.Errorf("it ended with %v", err)
	}
	if err == ErrCut {
		return all, nil
	}
	return all, err
}

// inWords returns an event as text, so that events can be compared. One without
// data or comment is a sign of life.
func inWords(data, comment string) string {
	switch {
	case comment != "":
		return ":" + comment
	case data != "":
		return "data " + data
	}
	return "alive"
}

// lineByLine parses a text in the simplest way, and reports whether it is
// within the bound.
func lineByLine(text string) (all []string, fits bool) {
	lines := strings.Split(text, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	var data []string
	size := 0
	for _, line := range lines {
		if len(line) >= maxLine {
			return all, false
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\r"), "\r")
		name, value, _ := strings.Cut(line, ":")
		switch {
		case line == "":
			all = append(all, inWords(strings.Join(data, "\n"), ""))
			data, size = nil, 0
			continue
		case name == "":
			all = append(all, inWords("", strings.TrimSpace(value)))
			continue
		case name == "data":
			value = strings.TrimPrefix(value, " ")
			data, size = append(data, value), size+len(value)
			if size+len(data)-1 > maxLine {
				return all, false
			}
		}
		all = append(all, "alive")
	}
	return all, true
}
