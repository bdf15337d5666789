package auth

import (
	"net/http"
	"strings"
)

// call is one request on its way, and what its answer will carry however it
// ends: a refusal keeps the cookie of a session that was extended before it.
type call struct {
	*http.Request
	header  http.Header // of the answer
	body    body
	cookies []*http.Cookie
}

// set adds cookies to the answer, in place of those it had by that name.
func (c *call) set(cookies ...*http.Cookie) {
	for _, one := range cookies {
		kept := c.cookies[:0]
		for _, old := range c.cookies {
			if old.Name != one.Name {
				kept = append(kept, old)
			}
		}
		c.cookies = append(kept, one)
	}
}

// noStore keeps the answer out of every cache.
func (c *call) noStore() {
	c.header.Set("Cache-Control", "no-store")
	c.header.Set("Pragma", "no-cache")
}

// escapeLocation makes a target fit for a header, which holds ASCII alone.
func escapeLocation(target string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; c < 0x80 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
