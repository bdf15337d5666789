package scram

import (
	"encoding/base64"
	"strings"
	"testing"
)

// The verifier equals the example of RFC 7677, section 3.
func TestVerifierOfTheRFC(t *testing.T) {
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	if err != nil {
		t.Fatal(err)
	}
	got, err := verifier("pencil", salt, 4096)
	if err != nil {
		t.Fatal(err)
	}
	const want = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Two logins with the same password have different verifiers, and neither
// contains it.
func TestVerifierIsSalted(t *testing.T) {
	a, errA := Verifier("a password")
	b, errB := Verifier("a password")
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if a == b || strings.Contains(a, "a password") {
		t.Errorf("%s and %s", a, b)
	}
}
