package auth

import (
	"net/http"
	"strings"
)

// call is one request and what goes into its response, whatever the result: an
// error response too carries the cookie of a session that was extended before
// it.
type call struct {
	*http.Request
	header  http.Header // of the response
	body    body
	cookies []*http.Cookie
}

// setCookies adds cookies to the response, in place of earlier ones with the
// same name.
func (c *call) setCookies(cookies ...*http.Cookie) {
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

// noStore keeps the response out of every cache.
func (c *call) noStore() {
	c.header.Set("Cache-Control", "no-store")
	c.header.Set("Pragma", "no-cache")
}

// escapeLocation escapes a URL for a header, which holds ASCII only.
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
