// Package jobs carries out what outlives the request that asked for it: orders that
// are sent once the request has been answered. It says which list of jobs is worked on
// when; what a job does stands in the package whose subject it is.
//
// River fetches and runs. A row of River's says that an owner's accounts may have jobs to
// do: a look. It has a digest of the user's id and nothing else, and what may be done is decided in
// the database, when a job begins. Job, list, look and ticket are explained in
// docs/glossary.md.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/wait"
)

// Schema is where River's tables are.
const Schema = "jobs"

// A look carries out at most this many jobs, and begins none after this time: then
// its owner waits again, behind all others.
const (
	lookJobs = 8
	lookTime = 500 * time.Millisecond
)

// Outcome is what became of a job.
type Outcome struct {
	Status int // that the request would have been answered with; Err has its own
	Body   json.RawMessage
	Err    error
	Parked bool          // the job waits for a person's word, and is nobody's to carry out until then
	Again  time.Duration // tries the job again after this time, where it is not 0
}

// Handler carries out a job that was asked for, with its admission.
type Handler func(ctx context.Context, a tenant.Admission, job uuid.UUID) Outcome

// Config is what a Runner needs.
type Config struct {
	Worker       *tenant.Worker
	Driver       riverdriver.Driver[pgx.Tx] // over a pool that logs in as paddock_worker
	Handlers     map[string]Handler         // by kind
	Destinations Destinations               // nil where nothing is sent
	// StreamBehind is for how long an account's stream may be behind before that is told; a
	// minute unless set.
	StreamBehind time.Duration
	Logger       *slog.Logger
	// AtOnce is how many looks run at once; 16 unless set.
	AtOnce int
	// ClaimFor is for how long a job is its holder's without a renewal; 6 s unless set.
	ClaimFor time.Duration
	// Drain is for how long those that have begun may go on when Run is to end; 15 s
	// unless set. What is cut off then is begun again by whoever claims it next.
	Drain time.Duration
	// OnJob, unless it is nil, is told how each job ended: its kind, one of Results, and
	// how long it took.
	OnJob func(kind, result string, took time.Duration)
}

// Destinations sends events: package destinations.
type Destinations interface {
	// Wake has River look at those that are due (private.wake_destinations).
	Wake(ctx context.Context) error
	// Look sends the next events of one.
	Look(ctx context.Context, account, destination uuid.UUID) error
}

// How carrying out a job can end.
const (
	resultDone      = "done"
	resultFailed    = "failed"
	resultPostponed = "postponed"
	resultLost      = "lost" // somebody else begins it again
)

// KindOrder is the kind of orders that wait to be sent.
const KindOrder = "order"

// Kinds returns the kinds of jobs.
func Kinds() []string { return []string{KindOrder} }

// Results returns how carrying out a job can end.
func Results() []string { return []string{resultDone, resultFailed, resultPostponed, resultLost} }

// Runner carries out jobs.
type Runner struct {
	Config
	holder   uuid.UUID
	client   *river.Client[pgx.Tx]
	seldom   *slog.Logger // for what is complained of again and again while the database is away
	running  atomic.Int64
	stopping atomic.Bool

	outagesNoted time.Time // when it was last looked for streams that are behind; keep's alone
}

// look is River's job: to look at the lists of an owner's accounts.
type look struct {
	Owner string `json:"owner"` // a digest of the user's id
}

// Kind returns the kind under which private.wake_jobs asks for looks.
func (look) Kind() string { return "jobs" }

// destinationLook is River's job: to look at a destination.
type destinationLook struct {
	Account     uuid.UUID `json:"account_id"`
	Destination uuid.UUID `json:"destination_id"`
}

// Kind returns the kind under which private.wake_destinations asks for looks.
func (destinationLook) Kind() string { return "destination" }

// copies is River's job: to make the copies of a leader's orders.
type copies struct {
	Leader uuid.UUID `json:"account_id"`
}

// Kind returns the kind under which private.wake_copies asks for looks.
func (copies) Kind() string { return "copies" }

// New makes a Runner.
func New(c Config) (*Runner, error) {
	if c.AtOnce == 0 {
		c.AtOnce = 16
	}
	if c.ClaimFor == 0 {
		c.ClaimFor = 6 * time.Second
	}
	if c.Drain == 0 {
		c.Drain = 15 * time.Second
	}
	if c.StreamBehind == 0 {
		c.StreamBehind = time.Minute
	}
	r := &Runner{Config: c, holder: uuid.New(), seldom: newSeldom(c.Logger.Handler())}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, river.WorkFunc(r.look)); err != nil {
		return nil, fmt.Errorf("make the worker of jobs: %w", err)
	}
	if err := river.AddWorkerSafely(workers, river.WorkFunc(r.copy)); err != nil {
		return nil, fmt.Errorf("make the worker of copies: %w", err)
	}
	queues := map[string]river.QueueConfig{"jobs": {MaxWorkers: c.AtOnce}, "copies": {MaxWorkers: c.AtOnce}}
	if c.Destinations != nil { // in a queue of their own: receivers may be slow
		queues["destinations"] = river.QueueConfig{MaxWorkers: c.AtOnce}
		if err := river.AddWorkerSafely(workers, river.WorkFunc(r.destinationLook)); err != nil {
			return nil, fmt.Errorf("make the worker of destinations: %w", err)
		}
	}
	var err error
	r.client, err = river.NewClient(c.Driver, &river.Config{
		ID: r.holder.String(), Schema: Schema, Logger: r.seldom, Workers: workers,
		Queues: queues,
		// By NOTIFY any login of the server could pause queues and cancel jobs.
		PollOnly:          true,
		FetchPollInterval: 100 * time.Millisecond,
		FetchCooldown:     20 * time.Millisecond,
		JobTimeout:        -1, // what a job calls has its own
		// Looks come and go by the thousand, and tell nothing once they are over.
		CompletedJobRetentionPeriod: time.Minute, CancelledJobRetentionPeriod: time.Minute, DiscardedJobRetentionPeriod: time.Hour,
	})
	if err != nil {
		return nil, fmt.Errorf("make the client of River: %w", err)
	}
	return r, nil
}

// Run carries out jobs until ctx ends, and those that have begun to their end.
func (r *Runner) Run(ctx context.Context) error {
	for r.client.Start(context.WithoutCancel(ctx)) != nil { // the database may be away
		if !wait.For(ctx, time.Second) {
			return nil
		}
	}
	keeping, end := context.WithCancel(context.WithoutCancel(ctx))
	var kept sync.WaitGroup
	kept.Go(func() { r.keepOn(keeping) }) // also while what has begun ends
	<-ctx.Done()
	err := r.stop(context.WithoutCancel(ctx))
	end()
	kept.Wait()
	return err
}

// keepOn keeps, several times in the life of a claim, until ctx ends.
func (r *Runner) keepOn(ctx context.Context) {
	every := time.NewTicker(r.ClaimFor / 5)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			r.keep(ctx)
		}
	}
}

// stop lets what has begun end, for a time, and has nothing else begin.
func (r *Runner) stop(ctx context.Context) error {
	r.stopping.Store(true)
	drain, cancel := context.WithTimeout(ctx, r.Drain)
	defer cancel()
	err := r.client.Stop(drain)
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	r.Logger.WarnContext(ctx, "some jobs did not end in time and were cut off")
	end, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = r.client.StopAndCancel(end) // the process ends next
	return nil
}

// keep renews the claims on jobs, and has those looked at that nobody works on.
func (r *Runner) keep(ctx context.Context) {
	if r.running.Load() > 0 {
		if err := r.Worker.RenewJobClaims(ctx, r.holder, r.ClaimFor); err != nil && ctx.Err() == nil {
			r.seldom.WarnContext(ctx, "claims on jobs could not be renewed", "err", err)
		}
	}
	if _, err := r.Worker.WakeWaitingJobs(ctx); err != nil && ctx.Err() == nil {
		r.seldom.WarnContext(ctx, "could not look for jobs that wait", "err", err)
	}
	if err := r.Worker.WakeDueCopies(ctx); err != nil && ctx.Err() == nil {
		r.seldom.WarnContext(ctx, "could not look for orders that are to be copied", "err", err)
	}
	if err := r.Worker.ExpireApprovals(ctx); err != nil && ctx.Err() == nil {
		r.seldom.WarnContext(ctx, "could not end approvals that nobody gave in time", "err", err)
	}
	if r.Destinations != nil {
		if err := r.Destinations.Wake(ctx); err != nil && ctx.Err() == nil {
			r.seldom.WarnContext(ctx, "could not look for webhooks and notices that are due", "err", err)
		}
	}
	if time.Since(r.outagesNoted) > outagesEvery {
		r.outagesNoted = time.Now()
		if err := r.Worker.NoteOutages(ctx, r.StreamBehind); err != nil && ctx.Err() == nil {
			r.seldom.WarnContext(ctx, "could not look for streams that are behind", "err", err)
		}
	}
}

// outagesEvery is how often it is looked for streams that are behind: that reads all accounts.
const outagesEvery = 5 * time.Second

// destinationLook sends the next events of a destination. What it leaves is found by keep.
func (r *Runner) destinationLook(ctx context.Context, job *river.Job[destinationLook]) error {
	if r.stopping.Load() {
		return nil
	}
	if err := r.Destinations.Look(ctx, job.Args.Account, job.Args.Destination); err != nil {
		r.Logger.WarnContext(ctx, "a destination is left for a moment", "account", job.Args.Account, "destination", job.Args.Destination, "err", err)
	}
	return nil
}

// copy makes the copies of a leader's orders that are due. What it leaves is found by keep.
func (r *Runner) copy(ctx context.Context, job *river.Job[copies]) error {
	for made := true; made && !r.stopping.Load(); {
		var err error
		if made, err = r.Worker.MakeCopy(ctx, job.Args.Leader); err != nil {
			r.Logger.WarnContext(ctx, "a leader's copies are left for a moment", "leader", job.Args.Leader, "err", err)
			return nil
		}
	}
	if err := r.Worker.SettleCopies(ctx, job.Args.Leader); err != nil {
		r.Logger.WarnContext(ctx, "how a leader's orders were filled is not written yet", "leader", job.Args.Leader, "err", err)
	}
	return nil
}

// look works on an owner's jobs for a while. It returns no error: River tries no look
// again, and what a look leaves behind is found by keep.
func (r *Runner) look(ctx context.Context, job *river.Job[look]) error {
	wait, err := r.work(ctx, job.Args.Owner)
	if err == nil && wait >= 0 {
		err = r.Worker.LookAgain(ctx, job.Args.Owner, wait)
	}
	if err != nil {
		r.Logger.WarnContext(ctx, "an owner's jobs are left for a moment", "owner", job.Args.Owner, "err", err)
	}
	return nil
}

// work carries out the next jobs of an owner. It returns after what time to look again,
// which is negative where nobody needs to.
func (r *Runner) work(ctx context.Context, owner string) (wait time.Duration, err error) {
	r.running.Add(1)
	defer r.running.Add(-1)
	began := time.Now()
	for n := 0; n < lookJobs && time.Since(began) < lookTime && !r.stopping.Load(); {
		claim, what, wait, err := r.Worker.BeginJob(ctx, owner, r.holder, r.ClaimFor)
		switch {
		case err != nil:
			return 0, err
		case what == tenant.JobsWait:
			return wait, nil
		case what == tenant.AskAgain:
			continue
		case what != tenant.JobRuns:
			return -1, nil
		}
		n++
		if err := r.carryOut(ctx, claim); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// carryOut carries a job out and writes down what became of it. Where that fails the
// job is begun again by whoever claims it next, and ends as it would have here.
func (r *Runner) carryOut(ctx context.Context, claim tenant.JobClaim) error {
	began := time.Now()
	outcome := r.handle(ctx, claim)
	result, err := resultDone, error(nil)
	switch {
	case errors.Is(outcome.Err, tenant.ErrTicketOver):
		result, err = resultLost, outcome.Err
	case outcome.Parked:
		result = resultPostponed
	case outcome.Again > 0:
		result, err = resultPostponed, r.Worker.PostponeJob(ctx, claim, outcome.Again)
	case outcome.Err != nil:
		p := problem.Of(outcome.Err)
		r.Logger.WarnContext(ctx, "a job failed", "account", claim.Account, "job", claim.Job, "code", p.Code.String(), "err", p.Cause)
		var body []byte
		if body, err = json.Marshal(p.Body("")); err == nil {
			result, err = resultFailed, r.Worker.FinishJob(ctx, claim, resultFailed, p.Kind().Status(), body)
		}
	default:
		err = r.Worker.FinishJob(ctx, claim, resultDone, outcome.Status, outcome.Body)
	}
	if r.OnJob != nil {
		r.OnJob(claim.Kind, result, time.Since(began))
	}
	return err
}

// handle calls the job's handler. A panic becomes an error of the job, so that River
// writes no stack of it into its tables.
func (r *Runner) handle(ctx context.Context, claim tenant.JobClaim) (outcome Outcome) {
	defer func() {
		if what := recover(); what != nil {
			outcome = Outcome{Err: fmt.Errorf("panic: %v", what)}
			r.Logger.ErrorContext(ctx, "panic in a job", "kind", claim.Kind, "panic", what, "stack", string(debug.Stack()))
		}
	}()
	handler, is := r.Handlers[claim.Kind]
	if !is {
		return Outcome{Err: fmt.Errorf("no handler of jobs of the kind %q", claim.Kind), Again: time.Minute}
	}
	return handler(ctx, claim.Admission(), claim.Job)
}
