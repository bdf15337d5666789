// Package browser drives the console of the built binary in a real browser.
package browser

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"paddock/tests/program"
)

var keys = regexp.MustCompile(`paper \d\s+key (\S+)\s+secret (\S+)`)

// The main path works in a browser against what make run starts: sign up,
// connect two accounts, buy, see the fill arrive, switch the account, and see
// nothing of the first under the second.
func TestMainPath(t *testing.T) {
	chromium, js, binary := tools(t)
	data := filepath.Join(t.TempDir(), "data")
	base, seen := start(t, binary, data)
	drive(t, filepath.Join(js, "browser", "main.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium,
		"KEY1="+seen[0][1], "SECRET1="+seen[0][2], "KEY2="+seen[1][1], "SECRET2="+seen[1][2])
	findSecrets(t, data, append(slices.Concat(seen[0][1:], seen[1][1:]), "a long enough password")...)
}

// Guards, orders and positions can be changed in the console: a limit is set and
// refuses an order in the preview, an order is placed, replaced and filled, its
// position is closed, and trading is halted.
func TestGuards(t *testing.T) {
	chromium, js, binary := tools(t)
	base, seen := start(t, binary, filepath.Join(t.TempDir(), "data"))
	drive(t, filepath.Join(js, "browser", "guards.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium, "KEY1="+seen[0][1], "SECRET1="+seen[0][2])
}

// The journal shows a round trip with its fills, from the first one to the close,
// without being reloaded. The Desk page says how fresh its orders are.
func TestJournal(t *testing.T) {
	chromium, js, binary := tools(t)
	base, seen := start(t, binary, filepath.Join(t.TempDir(), "data"))
	drive(t, filepath.Join(js, "browser", "journal.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium, "KEY1="+seen[0][1], "SECRET1="+seen[0][2])
}

// What an agent asks for above a limit appears on the page Approvals without being reloaded, is
// approved by keyboard, and its order appears. With four eyes the owner's own order and change
// wait for an approver, and the console says so in place of that they were made.
func TestApprovals(t *testing.T) {
	chromium, js, binary := tools(t)
	base, seen := start(t, binary, filepath.Join(t.TempDir(), "data"))
	drive(t, filepath.Join(js, "browser", "approvals.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium, "KEY1="+seen[0][1], "SECRET1="+seen[0][2])
}

// Users change their name, address and password on the page Profile, end the session of
// another device there, and delete themselves.
func TestProfile(t *testing.T) {
	chromium, js, binary := tools(t)
	data := filepath.Join(t.TempDir(), "data")
	base, _ := start(t, binary, data)
	drive(t, filepath.Join(js, "browser", "profile.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium, "LOG="+filepath.Join(data, "paddock.log"))
}

// Everybody can use each page, at three widths and in both themes: axe finds nothing serious, and
// on a telephone nothing is cut off, nor too small for a finger.
func TestAccess(t *testing.T) {
	chromium, js, binary := tools(t)
	base, seen := start(t, binary, filepath.Join(t.TempDir(), "data"))
	drive(t, filepath.Join(js, "browser", "access.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium, "KEY1="+seen[0][1], "SECRET1="+seen[0][2])
}

// What a page shows does not move while the rest of it is loaded, with a slow processor.
func TestLayoutShift(t *testing.T) {
	chromium, js, binary := tools(t)
	base, seen := start(t, binary, filepath.Join(t.TempDir(), "data"))
	drive(t, filepath.Join(js, "browser", "shift.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium, "KEY1="+seen[0][1], "SECRET1="+seen[0][2])
}

// Numbers are shown and read as the user's language writes them: a German's 1.000 is a thousand.
func TestLocale(t *testing.T) {
	chromium, js, binary := tools(t)
	base, seen := start(t, binary, filepath.Join(t.TempDir(), "data"))
	drive(t, filepath.Join(js, "browser", "locale.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium, "KEY1="+seen[0][1], "SECRET1="+seen[0][2])
}

// With 10,000 orders and ten events a second the page draws the orders in sight, asks the server
// three times a second at most, and shows three notices at once. What an event costs is printed
// beside its budget.
func TestEvents(t *testing.T) {
	chromium, js, binary := tools(t)
	base, seen := start(t, binary, filepath.Join(t.TempDir(), "data"))
	drive(t, filepath.Join(js, "browser", "events.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium, "ROWS=10000", "EVENTS=30", "KEY1="+seen[0][1], "SECRET1="+seen[0][2])
}

// A price that moves at Alpaca moves a position, equity and the window's title within five
// seconds, by nothing that the page asks for, and while somebody looks alone.
func TestFigures(t *testing.T) {
	chromium, js, binary := tools(t)
	sim := program.FreeAddr(t)
	base, seen := start(t, binary, filepath.Join(t.TempDir(), "data"), "--sim-control", "--sim-addr", sim)
	drive(t, filepath.Join(js, "browser", "figures.mjs"), "BASE_URL="+base, "SIM_URL=http://"+sim, "CHROMIUM="+chromium, "KEY1="+seen[0][1], "SECRET1="+seen[0][2])
}

// The page /api/docs shows every operation of the API's description. It loads
// files of this server only, and keeps to its content security policy.
func TestDocs(t *testing.T) {
	chromium, js, binary := tools(t)
	base, _ := start(t, binary, filepath.Join(t.TempDir(), "data"))
	drive(t, filepath.Join(js, "browser", "docs.mjs"), "BASE_URL="+base, "CHROMIUM="+chromium)
}

// drive runs a script that drives the browser.
func drive(t *testing.T, script string, env ...string) {
	t.Helper()
	cmd := exec.Command("node", script)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// tools returns what these tests need: a browser, the scripts that drive it, and
// the built binary.
func tools(t *testing.T) (chromium, js, binary string) {
	t.Helper()
	chromium = browser(t)
	js, err := filepath.Abs("../js")
	if err != nil {
		t.Fatal(err)
	}
	need(t, filepath.Join(js, "node_modules"), "run npm ci --prefix tests/js (make test does)")
	binary = os.Getenv("PADDOCK_BINARY")
	if binary == "" {
		binary, err = filepath.Abs("../../bin/paddock")
		if err != nil {
			t.Fatal(err)
		}
	}
	need(t, binary, "run make build")
	return chromium, js, binary
}

// findSecrets fails the test if a secret stands in the run's logs.
func findSecrets(t *testing.T, data string, secrets ...string) {
	t.Helper()
	for _, name := range []string{"master-keys", "auth-secret", "postgres/superuser", "postgres/migrator"} {
		text, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, strings.TrimSpace(string(text)))
	}
	for _, name := range []string{"paddock.log", "postgres/postgres.log"} {
		text, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		for i, secret := range secrets {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s holds secret %d", name, i)
			}
		}
		if name == "paddock.log" && !strings.Contains(string(text), `"path":"/api/orders"`) {
			t.Errorf("%s does not tell of the orders: the search proves nothing", name)
		}
	}
}

// start runs paddock dev, with its own Postgres and simulated Alpaca, and reads
// the keys of two accounts from its output.
func start(t *testing.T, binary, data string, more ...string) (base string, seen [][]string) {
	t.Helper()
	addr := program.FreeAddr(t)
	_, seen = startOn(t, addr, binary, data, more...)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return "http://localhost:" + port, seen
}

// startOn does so on an address. The test may kill the process; else it is stopped in good order.
func startOn(t *testing.T, addr, binary, data string, more ...string) (process *os.Process, seen [][]string) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"dev", "--addr", addr, "--data", data}, more...)...)
	cmd.Stderr = os.Stderr
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGINT); errors.Is(err, os.ErrProcessDone) {
			return // the test has killed it
		} else if err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("Ctrl-C did not stop it in good order: %v", err)
		}
	})
	late := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if m := keys.FindStringSubmatch(lines.Text()); m != nil {
			seen = append(seen, m)
		}
		if len(seen) == 2 {
			go func() {
				for lines.Scan() { // read on, so that it does not block on its output
				}
			}()
			return cmd.Process, seen
		}
	}
	t.Fatal("it did not say the keys of two simulated accounts")
	return nil, nil
}

func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	program.Missing(t, "there is no Chromium", "install one (Debian: apt-get install chromium)")
	return ""
}

func need(t *testing.T, path, advice string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		program.Missing(t, path+" is missing", advice)
	}
}
