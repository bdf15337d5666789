package system

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// instances are several servers on one database, of which some may be down.
type instances struct {
	*world
	mu  sync.Mutex
	all []*world
	up  map[*world]bool
}

// startInstances starts so many servers beside each other.
func (w *world) startInstances(count int) *instances {
	w.t.Helper()
	in := &instances{world: w, up: map[*world]bool{}}
	for i := range count {
		one := *w
		one.addr, one.dir = "", filepath.Join(w.dir, fmt.Sprint("instance-", i))
		if err := os.Mkdir(one.dir, 0o755); err != nil {
			w.t.Fatal(err)
		}
		one.start()
		in.all = append(in.all, &one)
		in.up[&one] = true
	}
	return in
}

// pick returns one that is up, by the number given, unless all are down.
func (in *instances) pick(n int) (*world, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for i := range in.all {
		if one := in.all[(n+i)%len(in.all)]; in.up[one] {
			return one, true
		}
	}
	return nil, false
}

// bounce ends one, by a crash or in good order, runs what is given while it is
// down, and starts it again.
func (in *instances) bounce(n int, crash bool, meanwhile func()) {
	one := in.all[n%len(in.all)]
	in.mark(one, false)
	if crash {
		one.kill()
	} else {
		one.stop()
	}
	meanwhile()
	one.start()
	in.mark(one, true)
}

func (in *instances) mark(one *world, up bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.up[one] = up
}

// at is the same user at another instance.
func (u *user) at(w *world) *user {
	there := *u
	there.w = w
	return &there
}
