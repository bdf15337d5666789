package export

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// number is how amounts are written, also those below zero.
var number = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// Cell returns a text as a cell of a table. A spreadsheet takes a cell that begins with
// one of these characters for a formula, and would compute what somebody wrote into a
// tag or a reason: such a cell begins with an apostrophe, which spreadsheets take for
// the sign of a text. A number below zero is no formula and stays as it is.
func Cell(text string) string {
	if text != "" && strings.ContainsAny(firstOf(text), "=+-@\t\r\n＝＋－＠") && !number.MatchString(text) {
		return "'" + text
	}
	return text
}

func firstOf(text string) string {
	for _, r := range text {
		return string(r)
	}
	return ""
}

// textOf returns a value as Postgres' driver reads it as text: a time in RFC 3339 in
// UTC, and nothing for null.
func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z07:00")
	case [16]byte:
		return uuid.UUID(v).String()
	case bool:
		return strconv.FormatBool(v)
	case []byte:
		return hex.EncodeToString(v)
	}
	return fmt.Sprint(value)
}
