//go:build unix

package main

import "golang.org/x/sys/unix"

// forbidCoreDumps keeps keys in memory out of files: a core dump would hold the
// master keys and every stream's API key. Where the system refuses, core dumps
// stay as they are.
func forbidCoreDumps() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // lowering is always allowed
	forbidTracing()
}
