package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"paddock/app/credentials"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// BenchmarkReplica measures what a standby takes off the primary: the processor time
// that the primary's processes use for a GET /api/orders, without and with one, and
// how often the primary is asked how far it has come. All of it runs on the same
// cores, so that requests a second say little: elsewhere a standby has its own.
func BenchmarkReplica(b *testing.B) {
	own := pgtest.StartOwnWith(b, map[string]string{"track_functions": "pl"})
	fillTenants(b, own.DB, 60)
	standby := own.Replica(b, "bench")
	keys := "PADDOCK_MASTER_KEYS=" + credentials.NewMasterKey(1) // both have the database's
	alone := startServer(b, own.DB, keys)
	with := startServer(b, own.DB, keys, "PADDOCK_REPLICA_DATABASE_URL="+standby.URL("paddock_app"))
	kit.Within(b, time.Minute, "the standby to be used", func() error {
		response, err := http.Get("http://" + with + "/readyz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		var body struct{ Replica struct{ Usable bool } }
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil || !body.Replica.Usable {
			return fmt.Errorf("it is not (%w)", errors.Join(err, errors.New("readyz says so")))
		}
		return nil
	})
	server := postmaster(b, own.DB)
	fmt.Printf("\n%s\n", "what GET /api/orders costs the primary")
	for _, connections := range []int{1, 16} {
		var micros [2]float64
		for i, addr := range []string{alone, with} {
			load(b, addr, "/api/orders", connections) // so that every connection has its statements prepared
			asked, used := questions(b, own.DB), processorTime(b, server)
			began := time.Now()
			rate := load(b, addr, "/api/orders", connections)
			reads := rate * time.Since(began).Seconds()
			micros[i] = float64((processorTime(b, server) - used).Microseconds()) / reads
			fmt.Printf("  %2d connections, %-18s %6.0f a second, %5.0f µs of the primary's processor each, %.2f questions each\n",
				connections, []string{"without a standby", "with one"}[i], rate, micros[i], float64(questions(b, own.DB)-asked)/reads)
		}
		b.ReportMetric(micros[1]/micros[0], fmt.Sprintf("primary/%d", connections))
	}
	b.ReportMetric(0, "ns/op") // the total time means nothing
}

// questions returns how often the primary was asked how far it has come.
func questions(b *testing.B, db *pgtest.DB) (n int64) {
	b.Helper()
	conn := db.Conn(b, "admin")
	if err := conn.QueryRow(b.Context(), "select coalesce(sum(calls), 0)::bigint from pg_stat_user_functions where funcname = 'read_index'").Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

// postmaster returns the process id of the server's first process.
func postmaster(b *testing.B, db *pgtest.DB) int {
	b.Helper()
	var pid int
	if err := db.Conn(b, "admin").QueryRow(b.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
		b.Fatal(err)
	}
	return int(statOf(b, pid)[1])
}

// statOf returns the numbers of a process in /proc that follow its state: the second
// is its parent. It returns nil where there is no such process.
func statOf(b *testing.B, pid int) (numbers []int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		b.Skip("this machine does not tell what processes use")
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	for i, field := range strings.Fields(rest) {
		n, err := strconv.ParseInt(field, 10, 64)
		if i > 0 && err != nil {
			break
		}
		numbers = append(numbers, n) // the state is no number, and 0
	}
	return numbers
}

// processorTime returns what a process and its children have used, those that ended
// included.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		b.Fatal(err)
	}
	var ticks int64
	for _, path := range all {
		child, _ := strconv.Atoi(filepath.Base(path)) // it has digits alone
		switch s := statOf(b, child); {
		case len(s) < 15:
		case child == pid:
			ticks += s[11] + s[12] + s[13] + s[14] // its own, and of children that ended
		case s[1] == int64(pid):
			ticks += s[11] + s[12]
		}
	}
	return time.Duration(ticks) * time.Second / 100 // of which /proc has a hundred a second
}
