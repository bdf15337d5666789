package paging

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"paddock/app/tenant"
)

// State is what lists of an account show, as a text that is another one whenever
// they would show something else (app.state_tag). A list whose client has that
// state already reads no rows.
type State struct {
	known []string // what the client has
	now   string
}

// KnownState reads the header If-None-Match of a request: the entity tags that
// State.Tag returned before.
func KnownState(ifNoneMatch string) State {
	var s State
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		if tag = strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`); tag != "" && tag != "*" {
			s.known = append(s.known, tag)
		}
	}
	return s
}

// StateSQL is the expression that a State is scanned from; $1 is the account.
const StateSQL = "app.state_tag($1)"

// ScanText takes the state, as pgx scans text.
func (s *State) ScanText(v pgtype.Text) error {
	s.now = v.String
	return nil
}

// Queue reads the account's state. It is queued before the list, which may then be
// newer than the state and never older.
func (s *State) Queue(b *tenant.Batch, a tenant.Admission) {
	b.Queue("select "+StateSQL, a.Account).QueryRow(func(row pgx.Row) error { return row.Scan(s) })
}

// Changed returns query with a condition, which comes before its order, by which it
// reads no row where the client has the account's state; and its arguments. $1 is
// the account.
func (s *State) Changed(args []any) (condition string, more []any) {
	if len(s.known) == 0 {
		return "", args
	}
	args = append(args, s.known)
	return " and (" + StateSQL + " = any ($" + strconv.Itoa(len(args)) + ")) is not true", args
}

// Unchanged reports whether the client has the account's state.
func (s *State) Unchanged() bool { return slices.Contains(s.known, s.now) }

// Forget makes the state unknown, where what is listed does not come from the
// database.
func (s *State) Forget() { s.now = "" }

// Tag returns the state as an entity tag; "" where the account has none. It is a weak
// one, because the same list may be sent compressed or not.
func (s *State) Tag() string {
	if s.now == "" {
		return ""
	}
	return `W/"` + s.now + `"`
}
