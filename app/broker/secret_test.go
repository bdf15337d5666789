package broker_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"paddock/app/broker"
)

const keyID, secretKey = "PKTHEKEYOFTHETESTS00", "theSecretOfTheTests0123456789abcdef01234"

func keys() broker.Credentials {
	return broker.Credentials{KeyID: broker.NewSecret(keyID), SecretKey: broker.NewSecret(secretKey)}
}

// wantNoKeys fails if text contains any part of a key.
func wantNoKeys(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{keyID, secretKey} {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("%v", []byte(secret))} {
			if strings.Contains(text, form) {
				t.Errorf("%s shows a key: %s", what, text)
			}
		}
	}
}

// hidden holds keys in an unexported field, whose methods fmt does not call.
type hidden struct {
	keys   broker.Credentials
	nested *struct{ keys broker.Credentials }
	list   []broker.Secret
}

// A Secret prints as [REDACTED] with every verb, also deep inside another value
// and in an unexported field.
func TestSecretInFmt(t *testing.T) {
	holder := hidden{keys(), &struct{ keys broker.Credentials }{keys()}, []broker.Secret{broker.NewSecret(secretKey)}}
	_ = holder.nested.keys
	_ = holder.list
	client := newClient(t, "http://127.0.0.1:1")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%10.3s", "%p", "%w"} {
		for what, value := range map[string]any{
			"a secret": broker.NewSecret(secretKey), "keys": keys(), "a pointer": ptr(keys()), "a map": map[string]broker.Secret{"k": broker.NewSecret(keyID)},
			"a holder": holder, "a pointer to a holder": &holder, "a client": client, "the client's value": *client,
		} {
			wantNoKeys(t, what+" in "+verb, fmt.Sprintf(verb, value))
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, broker.NewSecret(secretKey)); got != "[REDACTED]" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if got := fmt.Sprint(keys()); got != "{[REDACTED] [REDACTED]}" {
		t.Errorf("credentials print as %s", got)
	}
}

func ptr[T any](v T) *T { return &v }

// A Secret appears as [REDACTED] in logs, in every encoding and in errors. Only
// Reveal returns its value.
func TestSecretElsewhere(t *testing.T) {
	var log bytes.Buffer
	client := newClient(t, "http://127.0.0.1:1")
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(handler).Info("x", "secret", broker.NewSecret(secretKey), "keys", keys(), "holder", hidden{keys: keys()}, "client", client,
			slog.Group("g", "keys", keys()), "err", fmt.Errorf("with %v: %w", keys(), errors.New("x")))
	}
	wantNoKeys(t, "the log", log.String())
	if !strings.Contains(log.String(), `"secret":"[REDACTED]"`) {
		t.Errorf("the log says %s", log.String())
	}

	text, err := json.Marshal(map[string]any{"secret": broker.NewSecret(secretKey), "keys": keys(), "client": client})
	if err != nil {
		t.Fatal(err)
	}
	wantNoKeys(t, "JSON", string(text))
	if text, err = xml.Marshal(keys()); err == nil {
		wantNoKeys(t, "XML", string(text))
	}
	var binary bytes.Buffer
	if err := gob.NewEncoder(&binary).Encode(keys()); err == nil {
		wantNoKeys(t, "gob", binary.String())
	}

	if got := keys().SecretKey.Reveal(); got != secretKey {
		t.Errorf("Reveal returned %q", got)
	}
	if got := (broker.Secret{}).Reveal(); got != "" {
		t.Errorf("the zero value's Reveal returned %q", got)
	}
}
