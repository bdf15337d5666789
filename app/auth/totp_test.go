package auth

import (
	"testing"
	"time"
)

// Codes are those of RFC 6238 (appendix B, its last six digits), and the codes of the
// half minutes before and after are taken too, and no others.
func TestTOTP(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totpCode(secret, timeStep(time.Unix(at, 0))); got != want {
			t.Errorf("at %d: %s", at, got)
		}
	}
	for at, taken := range map[int64]bool{1234567890 - 60: false, 1234567890 - 30: true, 1234567890: true, 1234567890 + 30: true, 1234567890 + 60: false} {
		step, found := matchingStep(secret, "005924", time.Unix(at, 0))
		if found != taken || found && step != timeStep(time.Unix(1234567890, 0)) {
			t.Errorf("at %d: step %d, %v", at, step, found)
		}
	}
	for _, code := range []string{"", "5924", "0059240", " 005924", "00592４"} {
		if _, found := matchingStep(secret, code, time.Unix(1234567890, 0)); found {
			t.Errorf("%q is taken", code)
		}
	}
}

// What is encrypted with another secret, or is damaged, does not open, and the error has
// nothing of it.
func TestDecrypt(t *testing.T) {
	ours, other := &Service{config: Config{Secret: secret}}, &Service{config: Config{Secret: secret + "x"}}
	sealed, err := ours.encrypt("a secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, stored := range []string{sealed, "$ba$3$" + sealed} {
		if text, err := ours.decrypt(stored); err != nil || text != "a secret" {
			t.Errorf("%q: %v", text, err)
		}
	}
	last := "0"
	if sealed[len(sealed)-1] == '0' {
		last = "1"
	}
	for _, stored := range []string{"", "zz", sealed[:40], sealed[:len(sealed)-1] + last} {
		if _, err := ours.decrypt(stored); err != errUndecryptable {
			t.Errorf("%q: %v", stored, err)
		}
	}
	if _, err := other.decrypt(sealed); err != errUndecryptable {
		t.Errorf("with another secret: %v", err)
	}
	encoded, _ := ours.encrypt("base32:GEZDGNBVGY3TQOJQ")
	if text, err := ours.decryptSecret(encoded); err != nil || string(text) != "1234567890" {
		t.Errorf("base32: %q, %v", text, err)
	}
}
