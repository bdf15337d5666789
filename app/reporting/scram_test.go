package reporting

import (
	"encoding/base64"
	"strings"
	"testing"
)

// The verifier is the one in the example of RFC 7677, section 3.
func TestScramVerifierOfTheRFC(t *testing.T) {
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	if err != nil {
		t.Fatal(err)
	}
	got, err := scramVerifierWith("pencil", salt, 4096)
	if err != nil {
		t.Fatal(err)
	}
	const want = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Two logins with the same password have different verifiers, and neither
// verifier contains the password.
func TestScramVerifierIsSalted(t *testing.T) {
	a, errA := scramVerifier("a password")
	b, errB := scramVerifier("a password")
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if a == b || strings.Contains(a, "a password") {
		t.Errorf("%s and %s", a, b)
	}
}
