package ids_test

import (
	"testing"

	"paddock/app/ids"
)

// One form of an id is taken, everywhere, so that no request means two things.
func TestOneFormOfAnIDIsTaken(t *testing.T) {
	for text, want := range map[string]bool{
		"1b4e28ba-2fa1-11d2-883f-0016d3cca427":          true,
		"1B4E28BA-2FA1-11D2-883F-0016D3CCA427":          true,
		"00000000-0000-0000-0000-000000000000":          false,
		"":                                              false,
		"1b4e28ba2fa111d2883f0016d3cca427":              false,
		"{1b4e28ba-2fa1-11d2-883f-0016d3cca427}":        false,
		"urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427": false,
		"1b4e28ba-2fa1-11d2-883f-0016d3cca42g":          false,
		" 1b4e28ba-2fa1-11d2-883f-0016d3cca42":          false,
		"1b4e28ba-2fa1-11d2-883f_0016d3cca427":          false,
	} {
		if _, ok := ids.Parse(text); ok != want {
			t.Errorf("%q is an id: %v", text, ok)
		}
	}
}
