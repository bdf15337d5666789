package jobs_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/jobs"
	"paddock/app/tenant"
	"paddock/app/trading"
	"paddock/tests/kit"
)

// wait puts jobs of an account into its list, as if they had been accepted.
func (f *floor) wait(account uuid.UUID, user string, jobs int) {
	f.t.Helper()
	f.exec("set session_replication_role = replica") // the triggers ask for an admission
	defer f.exec("reset session_replication_role")
	f.exec(`insert into app.jobs (account_id, id, seq, kind, request, request_hash, asked_by, session_id, origin)
		select $1, gen_random_uuid(), n, 'order', '{}', sha256(''), $2, 'session-of-' || $2, '' from generate_series(1, $3) n`, account, user, jobs)
	f.exec("insert into private.job_lists (account_id, kind, owner) values ($1, 'order', encode(sha256($2::text::bytea), 'hex'))", account, user)
	f.exec("select private.wake_jobs(encode(sha256($1::text::bytea), 'hex'))", user)
}

// starts is a handler of jobs that takes the time of a quick broker, and notes whose
// jobs begin in which order.
type starts struct {
	mu      sync.Mutex
	whose   []uuid.UUID
	atOnce  map[uuid.UUID]int
	overlap bool // two jobs of one account ran at once
}

func (s *starts) handle(_ context.Context, a tenant.Admission, _ uuid.UUID) jobs.Outcome {
	s.mu.Lock()
	if s.atOnce == nil {
		s.atOnce = map[uuid.UUID]int{}
	}
	s.whose = append(s.whose, a.Account)
	s.atOnce[a.Account]++
	s.overlap = s.overlap || s.atOnce[a.Account] > 1
	s.mu.Unlock()
	time.Sleep(2 * time.Millisecond) // what it stands for takes time
	s.mu.Lock()
	s.atOnce[a.Account]--
	s.mu.Unlock()
	return jobs.Outcome{Status: http.StatusCreated}
}

func (s *starts) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.whose)
}

// before returns how many jobs of others began after the first n before one of this
// account's did; -1 where none did yet.
func (s *starts) before(account uuid.UUID, n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := slices.Index(s.whose, account)
	if first < 0 {
		return -1
	}
	return max(0, first-n)
}

// However many jobs of one tenant wait, and in however many accounts, the job of another
// begins after a few of them: one look waits for each owner, carries out eight jobs at
// most and then goes behind all others, and four of an owner's run at once at most.
func TestOneTenantsJobsHoldUpNobody(t *testing.T) {
	for _, tt := range []struct {
		what           string
		accounts, jobs int // of the tenant who has many
		atOnce         int // lists that are worked on at once
		most           int // jobs of that tenant's that may begin before the other's
	}{
		// The look that is under way, and one that waited already.
		{"10,000 jobs of one account", 1, 10_000, 1, 2 * 8},
		{"10,000 jobs of 100 accounts, one look at a time", 100, 100, 1, 2 * 8},
		// The four that are under way, and one that waited already.
		{"10,000 jobs of 100 accounts", 100, 100, 4, 5 * 8},
	} {
		t.Run(tt.what, func(t *testing.T) {
			f := newFloor(t, 5)
			ben := f.connect(kit.User(t, f.pg, "ben"), "ben's", f.seeds[1])
			ada := kit.User(t, f.pg, "ada")
			for i := range tt.accounts {
				made, err := f.accounts.Create(t.Context(), ada, fmt.Sprint(i), "paper")
				if err != nil {
					t.Fatal(err)
				}
				f.wait(made.ID, "ada", tt.jobs)
			}
			var s starts
			stop := f.start(func(c *jobs.Config) {
				c.AtOnce, c.Handlers = tt.atOnce, map[string]jobs.Handler{"order": s.handle}
			})
			kit.Eventually(t, "the first jobs", func() bool { return s.count() > 20 })
			f.accept(ben, "", buy(""))
			began, at := s.count(), time.Now() // those that began while it was accepted were not before it
			kit.Eventually(t, "ben's job", func() bool { return s.before(ben.Account, began) >= 0 })
			n := s.before(ben.Account, began)
			t.Logf("%d of ada's jobs began before ben's, which waited for %v", n, time.Since(at))
			if n > tt.most {
				t.Errorf("%d of ada's jobs began before ben's, at most %d may", n, tt.most)
			}
			stop()
			if s.overlap {
				t.Error("two jobs of one account ran at once")
			}
		})
	}
}

// However many wait, an account is halted at once, and one whose user's session has ended
// is worked through.
func TestManyWaitingJobsEnd(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	ben := f.connect(kit.User(t, f.pg, "ben"), "one", f.seeds[1])
	f.wait(ada.Account, "ada", 10_000)
	f.wait(ben.Account, "ben", 2_000)
	if _, err := f.trading.Turn(t.Context(), ada, "", trading.Switch{To: "halted"}); err != nil {
		t.Fatal(err)
	}
	left := func(account uuid.UUID) (n int) {
		t.Helper()
		f.scan(&n, "select count(*) from app.jobs where account_id = $1 and ended_at is null", account)
		return n
	}
	if n := left(ada.Account); n != 0 {
		t.Errorf("%d wait on the account that is halted", n)
	}
	if told := f.jobEvents(ada); len(told) != 1 {
		t.Errorf("told %d times", len(told))
	}
	f.exec(`delete from auth.session where "userId" = 'ben'`)
	f.start()
	kit.Eventually(t, "the end of all that nobody may ask for any more", func() bool { return left(ben.Account) == 0 })
	if told := f.jobEvents(ben); len(told) != 2_000 {
		t.Errorf("told %d times", len(told))
	}
}
