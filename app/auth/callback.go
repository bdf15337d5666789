package auth

import (
	"net/url"
	"regexp"
	"strings"

	"paddock/app/problem"
)

// callback is a field with a URL to which a browser may be sent, and the name
// and code that errors give it.
type callback struct {
	field, label string
	code         problem.Code
}

var callbacks = []callback{
	{"callbackURL", "callbackURL", problem.AuthInvalidCallbackURL},
	{"redirectTo", "redirectURL", problem.AuthInvalidRedirectURL},
	{"errorCallbackURL", "errorCallbackURL", problem.AuthInvalidErrorCallbackURL},
	{"newUserCallbackURL", "newUserCallbackURL", problem.AuthInvalidNewUserURL},
}

// checkCallbacks refuses a body or query that has an untrusted URL, whether or
// not the call would redirect there.
func (s *Service) checkCallbacks(query url.Values, b body) error {
	object, _ := b.value.(map[string]any)
	for _, c := range callbacks {
		target := object[c.field]
		if c.field == "callbackURL" && !truthy(target) {
			target = query.Get(c.field)
		}
		if !truthy(target) {
			continue
		}
		text, ok := target.(string)
		if !ok {
			return invalidRequest("Invalid %s: expected a string", c.label)
		}
		if !s.trustsCallback(text) {
			return refuse(c.code, "Invalid %s", c.label)
		}
	}
	return nil
}

// ambiguous matches what browsers and routers parse differently in a path:
// control characters, and slashes in disguise.
var ambiguous = regexp.MustCompile(`[\x{0}-\x{1f}\x{7f}-\x{9f}\\]|^[^?#]*%(?:2[fF]|5[cC])`)

// trustsCallback reports whether a URL is a path of ours or of a trusted
// origin.
func (s *Service) trustsCallback(target string) bool {
	if strings.HasPrefix(target, "/") {
		return !strings.HasPrefix(target, "//") && !ambiguous.MatchString(target)
	}
	return s.trusts(target)
}
