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

// startInstances starts count servers on the same database.
func (w *world) startInstances(count int) *instances {
	w.t.Helper()
	in := &instances{world: w, all: w.startAt(make([]string, count)), up: map[*world]bool{}}
	for _, one := range in.all {
		in.up[one] = true
	}
	return in
}

// startAt starts a server on the same database at each address; "" is any that is free.
func (w *world) startAt(addrs []string) (all []*world) {
	w.t.Helper()
	for i, addr := range addrs {
		one := *w
		one.addr, one.dir = addr, filepath.Join(w.dir, fmt.Sprint("instance-", i))
		if err := os.Mkdir(one.dir, 0o755); err != nil {
			w.t.Fatal(err)
		}
		one.start()
		all = append(all, &one)
	}
	return all
}

// behind returns the deployment as clients see it through a proxy.
func (w *world) behind(proxy string) (through *world, in *instances) {
	one := *w
	one.addr = proxy
	return &one, &instances{world: w, all: []*world{&one}, up: map[*world]bool{&one: true}}
}

// pick returns the nth server, or the next one after it that is up. It returns
// false if all are down.
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

// bounce ends the nth server, by a crash or an orderly stop, calls meanwhile, and
// starts the server again.
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

// at returns the same user, who sends their requests to another instance.
func (u *user) at(w *world) *user {
	there := *u
	there.w = w
	return &there
}
