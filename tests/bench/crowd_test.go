package bench

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/tenant"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// Ten thousand sockets on one server, each with a session of its own, all get the
// events of their accounts. After they are closed, the server has no more files and
// connections open than before.
func TestTenThousandConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	const crowded, each = 10_000, 10
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max < crowded+1000 {
		program.Missing(t, fmt.Sprintf("a process may open %d files here", limit.Max), fmt.Sprintf("allow %d (ulimit -Hn)", crowded+1000))
	}
	db := pgtest.New(t)
	fillTenants(t, db, 0)
	addViewers(t, db, each)
	addr, pid := startServerProcess(t, db)
	connect(t, addr, 100).close() // so that the server's pools have opened their connections
	time.Sleep(time.Second)
	before := descriptors(t, pid)

	began := time.Now()
	c := connect(t, addr, crowded)
	t.Logf("%d sockets connected in %v", crowded, time.Since(began).Round(time.Millisecond))
	if n := descriptors(t, pid); n < before+crowded {
		t.Errorf("the server holds %d descriptors, %d of them from before", n, before)
	}
	writer := tenant.NewDB(db.Pool(t, "paddock_app"), nil) // it does not ring, so that the log does
	for i := range tenants {
		err := writer.TxNotify(t.Context(), tenant.Admission{Token: token(i + 1), Account: uuid.MustParse(account(i + 1))}, func(b *tenant.Batch) {
			if err := b.AppendEvent("agent_log", map[string]string{"orchestrator_agent_id": "", "level": "info", "message": "one of many"}); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		c.last[i]++
	}
	c.settle(t)
	for i, f := range c.all {
		f.arrived(t, c.last[i%tenants])
	}
	c.close()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		n := descriptors(t, pid)
		if n <= before+10 { // a pool may have opened a few more connections
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server holds %d descriptors after its sockets have gone, %d before", n, before)
		}
	}
}

// descriptors returns how many files and connections a process has open.
func descriptors(t testing.TB, pid int) int {
	t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		program.Missing(t, fmt.Sprintf("this system does not tell a process's descriptors: %v", err), "run it on Linux")
	}
	return len(all)
}
