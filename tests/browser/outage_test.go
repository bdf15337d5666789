package browser

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"paddock/tests/program"
)

// A server that is killed, and started again, while the console is open: five seconds after its
// return the figures are fresh, and nothing says any more that it is away.
func TestOutage(t *testing.T) {
	chromium, js, binary := tools(t)
	data, addr := filepath.Join(t.TempDir(), "data"), program.FreeAddr(t)
	process, seen := startOn(t, addr, binary, data)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", filepath.Join(js, "browser", "outage.mjs"))
	cmd.Env = append(os.Environ(), "BASE_URL=http://localhost:"+port, "CHROMIUM="+chromium, "KEY1="+seen[0][1], "SECRET1="+seen[0][2])
	cmd.Stderr = os.Stderr
	answers, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		switch lines.Text() {
		case "kill":
			if err := process.Kill(); err != nil {
				t.Error(err)
			}
			_, _ = process.Wait()
		case "start":
			process, _ = startOn(t, addr, binary, data)
		default:
			t.Log(lines.Text())
			continue
		}
		if _, err := fmt.Fprintln(answers, "done"); err != nil {
			t.Error(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
