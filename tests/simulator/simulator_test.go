// Package simulator runs the built `paddock sim` as a product of its own, with
// clients that know nothing of Paddock.
package simulator

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/shopspring/decimal"

	"paddock/app/alpacasim/simclient"
	"paddock/tests/program"
)

// The keys of the example seed file.
const (
	keyID  = "PKEXAMPLE00000000001"
	secret = "an-example-secret-that-opens-nothing-00001"
)

// start runs paddock sim, waits until it prints its URL, and returns that.
func start(t *testing.T, binary string, args ...string) (base string, stop func()) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"sim", "--addr", program.FreeAddr(t)}, args...)...)
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("it ended with %v", err)
		}
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if _, rest, found := strings.Cut(lines.Text(), "Simulated Alpaca on "); found {
			base, _, _ = strings.Cut(rest, " ")
			go func() {
				for lines.Scan() { // read on, so that it does not block on its output
				}
			}()
			return base, stop
		}
	}
	stop()
	t.Fatal("it did not say where it runs")
	return "", nil
}

// The built command starts from a seed file, serves the official Go SDK, and has
// its state again after a restart.
func TestCommandWithSeedFile(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	args := []string{"--seed-file", "../../docs/simulator-seed.json", "--state", state, "--tick", "20ms", "--fill-delay", "1ms", "--rate-limit", "500"}
	binary := program.Binary(t)
	base, stop := start(t, binary, append(args, "--clock", "2026-11-27T17:59:00Z")...) // a minute before a half day's close
	c := alpaca.NewClient(alpaca.ClientOpts{APIKey: keyID, APISecret: secret, BaseURL: base, RetryLimit: -1})
	clock, err := c.GetClock()
	if err != nil || !clock.IsOpen || !clock.NextClose.Equal(time.Date(2026, 11, 27, 18, 0, 0, 0, time.UTC)) {
		t.Errorf("the clock says %+v (%v)", clock, err)
	}
	held, err := c.GetPosition("AAPL")
	if err != nil || held.Qty.String() != "100" || held.AvgEntryPrice.String() != "150" {
		t.Errorf("it holds %+v (%v)", held, err)
	}
	if a, err := c.GetAsset("ACME"); err != nil || a.Shortable || a.Fractionable {
		t.Errorf("the asset is %+v (%v)", a, err)
	}
	data := marketdata.NewClient(marketdata.ClientOpts{APIKey: keyID, APISecret: secret, BaseURL: base, RetryLimit: -1})
	bars, err := data.GetBars("ACME", marketdata.GetBarsRequest{TimeFrame: marketdata.OneDay, Start: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)})
	if err != nil || len(bars) != 4 || bars[0].Close < 11 || bars[0].Close > 14 {
		t.Errorf("the bars are %+v (%v)", bars, err)
	}
	if _, err := c.CreateWatchlist(alpaca.CreateWatchlistRequest{Name: "kept", Symbols: []string{"ACME"}}); err != nil {
		t.Error(err)
	}
	stop()

	base, stop = start(t, binary, args...)
	defer stop()
	c = alpaca.NewClient(alpaca.ClientOpts{APIKey: keyID, APISecret: secret, BaseURL: base, RetryLimit: -1})
	if lists, err := c.GetWatchlists(); err != nil || len(lists) != 1 || lists[0].Name != "kept" {
		t.Errorf("after a restart there are %+v (%v)", lists, err)
	}
	r, err := http.NewRequest("GET", base+"/v2/account", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("APCA-API-KEY-ID", keyID)
	r.Header.Set("APCA-API-SECRET-KEY", secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.Header.Get("X-Ratelimit-Limit") != "500" {
		t.Errorf("the headers are %v", answer.Header)
	}
}

// A Go test in another process can control the command through simclient, if
// --control allows it.
func TestCommandIsControlled(t *testing.T) {
	binary := program.Binary(t)
	args := []string{"--seed-file", "../../docs/simulator-seed.json", "--tick", "1h", "--fill-delay", "1ns"}
	base, stop := start(t, binary, append(args, "--control")...)
	defer stop()
	ctx, control := t.Context(), simclient.New(base, nil)
	c := alpaca.NewClient(alpaca.ClientOpts{APIKey: keyID, APISecret: secret, BaseURL: base, RetryLimit: -1})
	at := time.Date(2026, 6, 1, 14, 0, 0, 0, time.UTC)
	if err := errors.Join(control.SetClock(ctx, at), control.SetPrice(ctx, "AAPL", decimal.NewFromInt(42))); err != nil {
		t.Fatal(err)
	}
	if clock, err := c.GetClock(); err != nil || clock.Timestamp.Sub(at).Abs() > time.Minute {
		t.Errorf("the clock says %+v (%v)", clock, err)
	}
	one := decimal.NewFromInt(1)
	if _, err := c.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: &one, Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.Day}); err != nil {
		t.Fatal(err)
	}
	if err := control.Step(ctx, 1); err != nil {
		t.Fatal(err)
	}
	filled, err := control.Executions(ctx, keyID)
	if err != nil || len(filled) != 1 || filled[0].Price.Round(0).String() != "42" {
		t.Errorf("the executions are %+v (%v)", filled, err)
	}

	uncontrolled, end := start(t, binary, args...)
	defer end()
	var refused *simclient.Error
	if err := simclient.New(uncontrolled, nil).Step(ctx, 1); !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		t.Errorf("without --control: %v", err)
	}
}

// Wrong flags and files are reported by a message and not by a panic, and --help
// has examples.
func TestCommandSaysWhatIsWrong(t *testing.T) {
	binary, dir := program.Binary(t), t.TempDir()
	write := func(text string) string {
		t.Helper()
		file := filepath.Join(dir, "seed.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--seed-file", filepath.Join(dir, "none.json")}, "no such file"},
		{[]string{"--seed-file", write(`{"acounts":[]}`)}, `unknown field "acounts"`},
		{[]string{"--clock", "noon"}, "no time in RFC 3339"},
		{[]string{"--fault", "rain=0.5"}, "is no fault"},
		{[]string{"--streams", "smoke"}, "must be both, ws or none"},
		{[]string{"--accounts", "a", "--seed-file", "b"}, "none of the others can be"},
	} {
		out, err := exec.Command(binary, append([]string{"sim", "--addr", program.FreeAddr(t)}, tt.args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), tt.want) || strings.Contains(string(out), "panic") {
			t.Errorf("%v: %s (%v), want %q", tt.args, out, err, tt.want)
		}
	}
	help, err := exec.Command(binary, "sim", "--help").CombinedOutput()
	for _, want := range []string{"Examples:", "--seed-file", "--rate-limit", "--hours", "--clock", "docs/simulator.md"} {
		if err != nil || !bytes.Contains(help, []byte(want)) {
			t.Errorf("the help has no %q (%v): %s", want, err, help)
		}
	}
}

// Alpaca's own npm client works against the command unchanged.
func TestNpmClient(t *testing.T) {
	js := program.NodeModules(t)
	base, stop := start(t, program.Binary(t), "--seed-file", "../../docs/simulator-seed.json", "--hours=false", "--tick", "20ms", "--fill-delay", "1ms")
	defer stop()
	cmd := exec.Command("node", "--test", "--test-reporter=spec", filepath.Join(js, "alpaca", "client.test.mjs"))
	cmd.Env = append(os.Environ(), "BASE_URL="+base, "KEY_ID="+keyID, "SECRET="+secret, "NODE_OPTIONS=", "NODE_ENV=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
