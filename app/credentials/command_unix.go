//go:build unix

package credentials

import (
	"os/exec"
	"syscall"
)

// endWithChildren lets a command be ended together with the programs that it
// started, which would hold its output open.
func endWithChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
