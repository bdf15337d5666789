package system

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"paddock/app/status"
	"paddock/tests/program"
)

// runStatus runs paddock status, and returns what it printed and its exit code.
func (w *world) runStatus(arguments ...string) (text []byte, complaint string, code int) {
	w.t.Helper()
	command := exec.Command(w.binary, append([]string{"status"}, arguments...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		w.t.Fatal(err)
	}
	return text, stderr.String(), command.ProcessState.ExitCode()
}

// paddock status shows the figures of a running instance, and says that one is not
// ready that cannot reach its database, which its operator's port outlives. What
// the port tells of the checks is of the operator's port alone, and has no secret.
func TestStatus(t *testing.T) {
	w := newWorld(t)
	operator := program.FreeAddr(t)
	if text, complaint, code := w.runStatus("--addr", operator); code != 1 || len(text) > 0 || strings.Count(complaint, "\n") != 1 || !strings.Contains(complaint, "PADDOCK_OPERATOR_ADDR") {
		t.Errorf("without an instance: %d %q %q", code, text, complaint)
	}
	w.settings = []string{"PADDOCK_OPERATOR_ADDR=" + operator}
	w.start()
	ada := w.signUp("zenobia")
	a := ada.connect("one", w.seeds[0])
	for range 3 {
		a.mustBuy("AAPL", 1)
	}
	figures := map[string]status.Figure{}
	var now status.Status
	w.eventually("the figures", func() error {
		text, complaint, code := w.runStatus("--json", "--addr", operator, "--interval", "100ms")
		now = status.Status{}
		if err := json.Unmarshal(text, &now); err != nil || code != 0 {
			return fmt.Errorf("%d %q %q: %w", code, text, complaint, err)
		}
		for _, f := range now.Figures {
			figures[f.Name] = f
		}
		for name, least := range map[string]float64{"orders_accepted": 3, "requests": 5, "broker_calls": 3, "accounts": 1, "streams_held": 1, "instances": 1, "memory": 1 << 20, "request_time": 0.0001} {
			if f := figures[name]; f.Value == nil || *f.Value < least {
				return fmt.Errorf("%s is %+v", name, f)
			}
		}
		return nil
	})
	if !now.Ready || now.UpSeconds <= 0 || now.Version == "" || figures["requests"].PerSecond == nil || figures["accounts"].PerSecond != nil {
		t.Errorf("the status is %+v", now)
	}
	if text, _, code := w.runStatus("--addr", operator, "--interval", "100ms"); code != 0 || !bytes.Contains(text, []byte("ready")) || !bytes.Contains(text, []byte("orders accepted")) {
		t.Errorf("for people: %d %s", code, text)
	}

	// The checks are told on the operator's port, and on no other.
	if verbose := w.operatorSays(operator, http.StatusOK); !bytes.Contains(verbose, []byte(`"check":"row_security"`)) || bytes.Contains(verbose, []byte(`"check":"backup"`)) {
		t.Errorf("the checks are %s", verbose)
	}
	public := ada.call("GET", "/readyz?verbose", "", nil)
	if body, err := io.ReadAll(public.Body); err != nil || public.StatusCode != http.StatusOK || bytes.Contains(body, []byte("check")) {
		t.Errorf("everybody is told %d %s (%v)", public.StatusCode, body, err)
	}

	w.postgres.Server.Kill()
	w.eventually("the instance to be not ready", func() error {
		text, complaint, code := w.runStatus("--json", "--addr", operator, "--interval", "100ms")
		var down status.Status
		if err := json.Unmarshal(text, &down); err != nil || code != 1 || down.Ready {
			return fmt.Errorf("%d %q %q: %w", code, text, complaint, err)
		}
		return nil
	})
	verbose := w.operatorSays(operator, http.StatusServiceUnavailable)
	secrets := []string{w.masterKey, strings.TrimPrefix(w.masterKey, "1:"), w.authSecret, w.seeds[0].SecretKey, ada.cookie}
	for _, password := range w.passwords {
		secrets = append(secrets, password)
	}
	for _, secret := range secrets {
		if bytes.Contains(verbose, []byte(secret)) {
			t.Errorf("%q is told on the operator's port", secret)
		}
	}
	w.stop()
}

// operatorSays returns what the operator's port says of the checks.
func (w *world) operatorSays(addr string, want int) []byte {
	w.t.Helper()
	response, err := http.Get("http://" + addr + "/readyz?verbose")
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		w.t.Errorf("the operator's port says %d %s (%v), want %d", response.StatusCode, body, err, want)
	}
	return body
}
