package system

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"paddock/tests/program"
)

// paddock dev, which make run starts, stops on Ctrl-C, has its data again at the
// next start, and recovers from a kill -9 that leaves its Postgres running.
func TestDevFindsItsData(t *testing.T) {
	binary, data := program.Binary(t), filepath.Join(t.TempDir(), "data")
	base, stop := startDev(t, binary, data)
	post := func(path, body string) int {
		t.Helper()
		response, err := http.Post(base+path, "application/json", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if status := post("/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"a good long password"}`); status != 200 {
		t.Fatalf("sign up: %d", status)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL, syscall.SIGTERM} {
		stop(signal)
		base, stop = startDev(t, binary, data)
		if status := post("/api/auth/sign-in/email", `{"email":"ada@example.com","password":"a good long password"}`); status != 200 {
			t.Errorf("sign in after %v: %d", signal, status)
		}
	}
	stop(syscall.SIGINT)
	if pid, err := os.ReadFile(filepath.Join(data, "postgres", "data", "postmaster.pid")); err == nil {
		t.Errorf("a Postgres was left running: %s", pid)
	}
}

// startDev starts paddock dev and waits until it prints that it runs.
func startDev(t *testing.T, binary, data string) (base string, stop func(syscall.Signal)) {
	t.Helper()
	addr := program.FreeAddr(t)
	cmd := exec.Command(binary, "dev", "--addr", addr, "--data", data)
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	stop = func(signal syscall.Signal) {
		t.Helper()
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil && signal != syscall.SIGKILL {
			t.Errorf("it did not stop in good order: %v", err)
		}
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Ctrl-C stops everything") {
			return "http://" + addr, stop
		}
	}
	t.Fatal("it ended without saying that it runs")
	return "", nil
}
