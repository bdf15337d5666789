package tenant

import (
	"strconv"
	"strings"
	"time"
)

// Cursor is the place after an event in an account's log: 0 is the beginning.
type Cursor struct {
	Seq int64 // the event's number
	// Mark is when the event was written, in microseconds since 1970, and 0 where
	// that is not known. A database that comes back older than it was gives
	// numbers again; by its mark an event is told from another of its number.
	Mark int64
}

// ParseCursor reads what String writes, and a number alone. It reports false for
// anything else.
func ParseCursor(text string) (c Cursor, ok bool) {
	seq, mark, marked := strings.Cut(text, "-")
	var err error
	if c.Seq, err = strconv.ParseInt(seq, 10, 64); err != nil || seq[0] == '+' {
		return Cursor{}, false
	}
	if marked {
		if c.Mark, err = strconv.ParseInt(mark, 16, 64); err != nil || c.Mark <= 0 || c.Seq == 0 {
			return Cursor{}, false
		}
	}
	return c, true
}

// CursorAt returns the cursor after an event that was written at this time, nil
// where that is not known.
func CursorAt(seq int64, at *time.Time) Cursor {
	c := Cursor{Seq: seq}
	if at != nil {
		c.Mark = at.UnixMicro()
	}
	return c
}

// String writes the cursor as app.resume_cursor does, such as 41-6507f3a2b1c40.
func (c Cursor) String() string {
	text := strconv.FormatInt(c.Seq, 10)
	if c.Mark != 0 {
		text += "-" + strconv.FormatInt(c.Mark, 16)
	}
	return text
}

// At returns when the event was written, and nil where that is not known.
func (c Cursor) At() *time.Time {
	if c.Mark == 0 {
		return nil
	}
	at := time.UnixMicro(c.Mark).UTC()
	return &at
}
