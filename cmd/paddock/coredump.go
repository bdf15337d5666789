//go:build unix

package main

import "golang.org/x/sys/unix"

// forbidCoreDumps keeps keys that are in memory out of files: a core dump
// would hold the master keys and every open stream's API key. A system that
// refuses leaves it as it is.
func forbidCoreDumps() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // lowering is always allowed
	forbidTracing()
}
