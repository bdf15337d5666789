package docs

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	patience = 3 * time.Minute // for a command, which may have to build a tool first
	waiting  = 2 * time.Minute // for the output of a command in the background
)

// terminal runs the commands of documents one after the other, as a reader would:
// the next command has the variables that one sets.
type terminal struct {
	t       *testing.T
	folder  string            // the working folder
	state   string            // the file with the variables
	learned map[string]string // what this run has in place of what a document shows
	running map[string]*job   // by the name in the block's note
}

// job is a command in the background.
type job struct {
	mu     sync.Mutex
	output bytes.Buffer
	read   int // how much of the output has been found in the document
}

func (j *job) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.output.Write(p)
}

func (j *job) rest() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.output.String()[j.read:]
}

func newTerminal(t *testing.T, folder string) *terminal {
	term := &terminal{t: t, folder: folder, state: filepath.Join(t.TempDir(), "variables"), learned: map[string]string{}, running: map[string]*job{}}
	if err := os.WriteFile(term.state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return term
}

// here returns the command with this run's ids and addresses in place of the
// document's.
func (term *terminal) here(command string) string {
	longest := slices.SortedFunc(maps.Keys(term.learned), func(a, b string) int { return len(b) - len(a) })
	for _, shown := range longest {
		command = strings.ReplaceAll(command, shown, term.learned[shown])
	}
	return command
}

// script wraps a command so that it has the variables of the commands before it.
// With keep, the commands after it get its own. A command in the background does
// not keep them: it would write the file while others read it.
func (term *terminal) script(ctx context.Context, command string, keep bool) *exec.Cmd {
	script := `set -ae -o pipefail; . "$0"; eval "$1"`
	if keep {
		script += `; export -p >"$0"`
	}
	cmd := exec.CommandContext(ctx, "bash", "-c", script, term.state, command)
	cmd.Dir = term.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return cmd
}

// run runs a command to its end and returns what it printed.
func (term *terminal) run(command string, stdin []byte) (output string, err error) {
	ctx, cancel := context.WithTimeout(term.t.Context(), patience)
	defer cancel()
	cmd := term.script(ctx, term.here(command), true)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err = cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(complaints.Bytes()))
	}
	return out.String(), err
}

// start runs a command in the background until the test ends.
func (term *terminal) start(name, command string) {
	j := &job{}
	term.running[name] = j
	ctx, cancel := context.WithCancel(context.WithoutCancel(term.t.Context()))
	cmd := term.script(ctx, term.here(command), false)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) } // like Ctrl-C
	cmd.WaitDelay = time.Minute
	cmd.Stdout, cmd.Stderr = j, j
	if err := cmd.Start(); err != nil {
		cancel()
		term.t.Fatalf("%s: %v", command, err)
	}
	term.t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was interrupted
	})
}

// await waits until a command in the background has printed what a document shows:
// its paragraphs in order, maybe with others between them.
func (term *terminal) await(name, shown string) error {
	j := term.running[name]
	if j == nil {
		return fmt.Errorf("nothing runs in the background as %q", name)
	}
	deadline := time.Now().Add(waiting)
	for _, part := range paragraphs(shown) {
		s := shapeOf(part)
		for {
			if end := s.find(j.rest(), term.learned); end >= 0 {
				j.mu.Lock()
				j.read += end
				j.mu.Unlock()
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("what runs as %q does not print\n%s\nbut\n%s", name, part, j.rest())
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}
