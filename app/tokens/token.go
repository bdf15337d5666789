// Package tokens makes, lists and revokes API tokens, with which a program signs in in
// place of a user's session. What one may do is decided in Postgres, at each admission
// and for each order.
package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"strings"
)

// prefix is how every API token begins, so that people and scanners for secrets know
// what it is. private.sign_in knows it too.
const prefix = "pdk_"

// secretSize is the length of rand.Text, which has 130 bits.
const secretSize = 26

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// newToken returns a token: the prefix, 26 letters and digits at random, and seven that
// are a checksum of these, by which a scanner tells a token from what only looks like one.
func newToken() string {
	text := prefix + rand.Text()
	return text + checksum(text)
}

func checksum(text string) string {
	return encoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text))))
}

// IsToken reports whether a text has the form of a token.
func IsToken(text string) bool {
	const size = len(prefix) + secretSize
	return len(text) > size && strings.HasPrefix(text, prefix) && text[size:] == checksum(text[:size])
}

// digest is what the database keeps of a token.
func digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// hint is how a token ends, by which people tell theirs from one another.
func hint(token string) string { return token[len(token)-4:] }

// Bearer returns the token of the header Authorization: Bearer, and reports whether there
// is such a header; "" where what it has cannot be an API token. Other schemes are a
// proxy's, and none of ours.
func Bearer(r *http.Request) (token string, there bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	if token = strings.TrimSpace(token); !IsToken(token) {
		return "", true
	}
	return token, true
}

// OrSession returns a function that returns a request's API token, or else what cookie
// returns, the token of its session. A request that has a token is never signed in by
// its cookie: where the token is wrong, it is refused.
func OrSession(cookie func(*http.Request) (string, bool)) func(*http.Request) (string, bool) {
	return func(r *http.Request) (string, bool) {
		if token, there := Bearer(r); there {
			return token, token != ""
		}
		return cookie(r)
	}
}
