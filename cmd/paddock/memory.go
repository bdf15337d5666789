package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much garbage there may be before it is collected: as many percent of what is
// in use, or as many bytes where that is more.
const (
	garbagePercent = 50
	leastGarbage   = 16 << 20
)

// tuneGC makes the garbage collector run at half of Go's usual amount of garbage,
// but not before there are 16 MiB. What is in use in a server is mostly thousands of
// idle connections, and to have as much garbage again is no use. A small server has
// little in use, and would be collected after every few dozen requests, which takes a
// quarter of its time. GOGC or GOMEMLIMIT, where one is set, is the operator's.
func tuneGC() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		followGC(&collection{})
	}
}

// collection is garbage at the next collection. It is large enough for Go to
// allocate it by itself, and so to run its finalizer.
type collection struct {
	percent int
	_       [8]byte
}

// followGC sets the percentage by what is in use now, and again after each
// collection: then the finalizer of last, which nothing else refers to, is run.
func followGC(last *collection) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	percent := garbagePercent
	if in := live[0].Value.Uint64(); in < leastGarbage*100/garbagePercent {
		percent = int(leastGarbage * 100 / max(in, 1<<20))
	}
	// To set it stops the program for a moment: not for a small difference.
	if percent < last.percent*9/10 || percent > last.percent*11/10 {
		debug.SetGCPercent(percent)
		last.percent = percent
	}
	runtime.SetFinalizer(last, followGC)
}
