package jobs_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"paddock/app/jobs"
	"paddock/app/tenant"
	"paddock/tests/kit"
)

// A runner that ends lets the job that has begun end, begins no other, and cuts off one that
// takes too long; another runner begins that again.
func TestStopping(t *testing.T) {
	f := newFloor(t, 5)
	ada := f.connect(kit.User(t, f.pg, "ada"), "one", f.seeds[0])
	first, second := f.accept(ada, "", buy("")), f.accept(ada, "", buy(""))
	began, goOn := make(chan uuid.UUID, 10), make(chan struct{})
	handlers := func(c *jobs.Config) {
		c.Drain, c.ClaimFor = time.Minute, time.Second
		c.Handlers = map[string]jobs.Handler{"order": func(ctx context.Context, _ tenant.Admission, job uuid.UUID) jobs.Outcome {
			began <- job
			select {
			case <-goOn:
			case <-ctx.Done():
				return jobs.Outcome{Err: tenant.ErrTicketOver}
			}
			return jobs.Outcome{Status: http.StatusCreated}
		}}
	}
	stop := f.start(handlers)
	if job := <-began; job != first {
		t.Fatal(job)
	}
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	var was time.Time
	f.scan(&was, "select clock_timestamp() + interval '1.1 seconds'") // any claim of now is over then
	kit.Eventually(t, "the claim to be renewed while the runner ends", func() bool {
		var lives bool
		f.scan(&lives, "select live_until > $1 from private.job_lists", was)
		return lives
	})
	goOn <- struct{}{}
	<-stopped
	f.ended(ada, first).want(t, "done", http.StatusCreated, "")
	select {
	case job := <-began:
		t.Errorf("%s began while the runner ended", job)
	default:
	}

	stop = f.start(handlers, func(c *jobs.Config) { c.Drain = time.Millisecond })
	if job := <-began; job != second {
		t.Fatal(job)
	}
	stop() // it would wait for ever
	f.start(handlers)
	if job := <-began; job != second {
		t.Fatal(job)
	}
	close(goOn)
	f.ended(ada, second).want(t, "done", http.StatusCreated, "")
}
