package export

import (
	"regexp"
	"strings"
	"time"
)

// File is what the name of a file says: of which account, what, and of which time.
type File struct {
	Account  string // its name
	What     string // such as orders
	From, To *time.Time
}

var notInNames = regexp.MustCompile(`[^\pL\pN]+`)

// Name returns the file's name: with the days of its bounds where there are any, else
// with the day on which it was made.
func (f File) Name(now time.Time) string {
	account := []rune(strings.Trim(notInNames.ReplaceAllString(f.Account, "-"), "-"))
	if len(account) == 0 {
		account = []rune("account")
	}
	day := func(t *time.Time) string { return t.UTC().Format(time.DateOnly) }
	days := day(&now)
	switch {
	case f.From != nil && f.To != nil:
		days = day(f.From) + "-to-" + day(f.To)
	case f.From != nil:
		days = day(f.From) + "-to-" + days
	case f.To != nil:
		days = "until-" + day(f.To)
	}
	return string(account[:min(len(account), 60)]) + "-" + f.What + "-" + days + ".csv"
}
