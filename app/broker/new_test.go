package broker_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"paddock/app/broker"
)

// Keys are sent over TLS only, except to a simulator on this machine. The error
// names the setting and does not repeat the URL, which may contain a password.
func TestPlainHTTPToAnotherHostIsRefused(t *testing.T) {
	for url, ok := range map[string]bool{
		"":                                    true, // Alpaca's own
		"https://paper-api.alpaca.markets":    true,
		"https://broker.example/":             true,
		"http://127.0.0.1:8090":               true,
		"http://localhost:8090":               true,
		"http://[::1]:8090":                   true,
		"http://paper-api.alpaca.markets":     false,
		"http://10.0.0.1":                     false,
		"http://0.0.0.0":                      false,
		"http://localhost.example":            false,
		"http://127.0.0.1.example":            false,
		"http://localhost@broker.example":     false,
		"https://user:hunter2@broker.example": false,
		"https://broker.example?a=hunter2":    false,
		"https://broker.example#hunter2":      false,
		"ws://127.0.0.1":                      false,
		"127.0.0.1:8090":                      false,
		"https://":                            false,
		"https://[hunter2":                    false,
	} {
		for name, c := range map[string]broker.Config{
			"PADDOCK_ALPACA_PAPER_URL": {PaperURL: url}, "PADDOCK_ALPACA_LIVE_URL": {LiveURL: url}, "PADDOCK_ALPACA_DATA_URL": {DataURL: url},
		} {
			b, err := broker.New(c)
			switch {
			case ok && err != nil:
				t.Errorf("%s=%q: %v", name, url, err)
			case ok:
				b.Close()
			case err == nil:
				t.Errorf("%s=%q was accepted", name, url)
			case !strings.HasPrefix(err.Error(), name+" must be ") || strings.Contains(err.Error(), "hunter2"):
				t.Errorf("%s=%q: %v", name, url, err)
			}
		}
	}
}

// Every environment variable that the SDK reads is refused, even if it is
// empty, because with it one tenant would trade with another's keys.
func TestEnvironmentOfTheSDKIsRefused(t *testing.T) {
	names := []string{"APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "APCA_API_OAUTH", "APCA_API_BASE_URL", "APCA_API_DATA_URL"}
	for _, name := range names {
		t.Setenv(name, "") // t.Setenv restores the value at the end
		os.Unsetenv(name)
	}
	if err := broker.CheckEnvironment(); err != nil {
		t.Errorf("without any: %v", err)
	}
	for _, name := range names {
		for _, value := range []string{"hunter2", ""} {
			t.Setenv(name, value)
			err := broker.CheckEnvironment()
			if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
		os.Unsetenv(name)
	}
}

// A client is not made if a key is missing, nor for an unknown environment.
func TestEmptyCredentialsAreRefused(t *testing.T) {
	b, err := broker.New(broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, tt := range []struct {
		env  broker.Environment
		keys broker.Credentials
		ok   bool
	}{
		{broker.Paper, keys(), true},
		{broker.Live, keys(), true},
		{broker.Paper, broker.Credentials{}, false},
		{broker.Paper, broker.Credentials{KeyID: broker.NewSecret(keyID)}, false},
		{broker.Live, broker.Credentials{SecretKey: broker.NewSecret(secretKey)}, false},
		{broker.Live, broker.Credentials{KeyID: broker.NewSecret(""), SecretKey: broker.NewSecret(secretKey)}, false},
		{"", keys(), false},
		{"sandbox", keys(), false},
	} {
		if _, err := b.Client(tt.env, tt.keys); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.env, err)
		} else if err != nil {
			wantNoKeys(t, fmt.Sprintf("the refusal of %q", tt.env), err.Error())
		}
	}
}
