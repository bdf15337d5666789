package auth

import (
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- RFC 6238 has it, and HMAC does not rest on collisions
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// TOTP (RFC 6238) as Better Auth and all authenticator apps have it: HMAC-SHA1, six
// digits, a new code every half minute. The codes before and after the current one are
// taken as well, because clocks differ.
const (
	totpDigits = 6
	totpPeriod = 30 * time.Second
)

// timeStep returns the number of the time step in which a time is.
func timeStep(at time.Time) int64 { return at.Unix() / int64(totpPeriod/time.Second) }

// totpCode returns the code of a time step.
func totpCode(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, secret) // #nosec G401 -- see above
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	number := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, number%1_000_000)
}

// matchingStep returns the time step whose code this is, of those that are taken now.
func matchingStep(secret []byte, code string, now time.Time) (step int64, found bool) {
	for i := int64(-1); i <= 1; i++ {
		one := timeStep(now) + i
		if subtle.ConstantTimeCompare([]byte(totpCode(secret, one)), []byte(code)) == 1 {
			step, found = one, true
		}
	}
	return step, found
}

// totpLink returns the URI that authenticator apps read from a QR code.
func totpLink(secret []byte, issuer, account string) string {
	return "otpauth://totp/" + escapeComponent(issuer) + ":" + escapeComponent(account) +
		"?secret=" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret) +
		"&issuer=" + url.QueryEscape(issuer) +
		"&digits=" + strconv.Itoa(totpDigits) + "&period=" + strconv.Itoa(int(totpPeriod/time.Second))
}

// escapeComponent escapes a text as JavaScript's encodeURIComponent does.
func escapeComponent(text string) string {
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(text))
}
