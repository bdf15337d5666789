package main

import (
	"os"
	"runtime/debug"
)

// tuneGC makes the garbage collector run at half of Go's usual amount of
// garbage. What is alive in a server is thousands of idle connections, and
// doubling that is no use. GOGC, where it is set, overrides it.
func tuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}
