package problem

// Code is one of the codes in this package's lists: no other package can make
// one. The zero Code is none.
type Code struct {
	name    string
	kind    Kind
	meaning string
	place   Place
}

// Place is where a code appears.
type Place int

// The places of codes. Errors of the API may appear in the other places too,
// such as account_forbidden in a message of live updates.
const (
	InAPI     Place = iota // errors of the REST API, in {"code","message",…}
	InLive                 // messages of live updates alone
	InAuth                 // errors of /api/auth/*, which are Better Auth's
	InPreview              // warnings in the answer of a preview
	InCommand              // errors of `paddock report` and `paddock user`
)

var codes []Code

func list(place Place, kind Kind, name, meaning string) Code {
	c := Code{name, kind, meaning, place}
	codes = append(codes, c)
	return c
}

func code(kind Kind, name, meaning string) Code     { return list(InAPI, kind, name, meaning) }
func authCode(kind Kind, name, meaning string) Code { return list(InAuth, kind, name, meaning) }

// Codes returns all codes in the order of the lists.
func Codes() []Code { return append([]Code(nil), codes...) }

// Named returns the code of this name, as a client gets it. It reports false
// where no list has it.
func Named(name string) (Code, bool) {
	for _, c := range codes {
		if c.name == name {
			return c, true
		}
	}
	return Code{}, false
}

// String returns the code as clients get it, such as "account_forbidden".
func (c Code) String() string { return c.name }

// MarshalText writes the code as clients get it.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.name), nil }

// IsZero reports whether it is no code.
func (c Code) IsZero() bool { return c.name == "" }

// Kind returns what sort of problem the code is. Codes of InLive and InPreview
// have no HTTP status of their own, and so no kind that means anything.
func (c Code) Kind() Kind { return c.kind }

// Meaning returns a sentence that says when the code appears.
func (c Code) Meaning() string { return c.meaning }

// Place returns where the code appears.
func (c Code) Place() Place { return c.place }
