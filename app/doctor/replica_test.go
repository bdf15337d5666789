package doctor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// doctor says of a standby why no read goes there, and nothing where reads do.
func TestReplicasAreChecked(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two servers")
	}
	own := pgtest.StartOwn(t)
	standby := own.Replica(t, "one")
	c := configFor(own.DB)
	c.ReplicaURL = standby.URL("paddock_app")
	says := func() string {
		t.Helper()
		e := examine(t.Context(), Options{Config: c})
		defer e.close()
		var all []string
		for _, f := range checkReplica(t.Context(), e) {
			if f.Status != Warning {
				t.Errorf("a standby that is not used is a %s", f.Status)
			}
			all = append(all, f.Says)
		}
		return strings.Join(all, "; ")
	}
	eventually := func(want string) {
		t.Helper()
		kit.Within(t, 30*time.Second, "doctor to say "+want, func() error {
			if got := says(); got != want && (want == "" || !strings.Contains(got, want)) {
				return fmt.Errorf("it says %q", got)
			}
			return nil
		})
	}
	eventually("has not been noted since its start")
	worker := tenant.NewWorker(own.Pool(t, "paddock_worker"), nil)
	if err := worker.NotePrimary(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually("")

	standby.Do(t, "select pg_wal_replay_pause()")
	if _, err := own.Conn(t, "admin").Exec(t.Context(), "create table public.written (x int)"); err != nil {
		t.Fatal(err)
	}
	eventually("behind the primary")
	standby.Do(t, "select pg_wal_replay_resume()")
	eventually("")

	right := c.ReplicaURL
	c.ReplicaURL = c.AppURL
	eventually("a server that is no standby")
	c.ReplicaURL = standby.URL("paddock_auth")
	eventually("another login than paddock_app")
	c.ReplicaURL = right
	standby.Server.Kill()
	eventually("cannot be reached")
}
