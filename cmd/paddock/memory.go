package main

import (
	"os"
	"runtime/debug"
)

// keepSmall has the collector run at half as much garbage as it would: what is
// alive in a server is thousands of idle connections, and doubling that buys
// nothing. GOGC, where it is set, has the last word.
func keepSmall() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}
