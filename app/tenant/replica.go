package tenant

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"paddock/app/problem"
	"paddock/app/wait"
)

// Replica is a standby on which reads are run that are proven to be no older than
// their request: the primary is asked how far its log has come, and the standby
// whether it has come as far, before the request is admitted there as it would be
// on the primary. What a read shows there can be seen on the primary too when the
// answer is sent, so that the next request never finds less, wherever it is run.
//
// A read that cannot be proven, or fails on the standby in any way, is run on the
// primary. So the standby can only help: no request fails because of it, and nobody
// is refused by it.
type Replica struct {
	pool    *pgxpool.Pool // of the standby
	indexes readIndexes
	worker  *Worker
	log     *slog.Logger

	usable atomic.Bool
	look   chan struct{} // asks Run to look at once
	counts [len(ReplicaResults)]atomic.Int64

	mu      sync.Mutex
	reached time.Time // when the primary stood where the standby was last seen to be
}

// ReplicaResults are what becomes of a read that the standby may serve. Those but
// the first are read on the primary.
var ReplicaResults = [...]string{
	"read",            // on the standby
	"suspended",       // not tried, since the last try failed
	"behind",          // the standby had not come as far in time
	"clock",           // its clock is behind the primary's
	"promoted",        // it is no standby any more
	"another_history", // it follows another run of the primary
	"login",           // its login is another one
	"unfinished",      // it showed what the primary does not show yet
	"refused",         // it was refused there, or failed in another way that says nothing of the standby
	"unavailable",     // the standby, or the primary's answer, was not to be had
}

const (
	resultRead = iota
	resultSuspended
	resultBehind
	resultClock
	resultPromoted
	resultAnotherHistory
	resultLogin
	resultUnfinished
	resultRefused
	resultUnavailable
)

const (
	// replicaWait is how long a read waits for the standby to come as far as the
	// primary. It is longer than a standby nearby takes, and shorter than anybody
	// notices.
	replicaWait = 20 * time.Millisecond
	// replicaTimeout bounds a read on the standby, so that one which does not answer
	// holds a request up for no longer. A slow query is run on the primary then.
	replicaTimeout = time.Second
	// replicaLook is how often the standby is looked at while it is used, and
	// replicaRetry while it is not.
	replicaLook  = time.Second
	replicaRetry = 200 * time.Millisecond
)

const (
	checkReplicaSQL = "select private.check_replica($1, $2, $3, $4)"
	// seenSQL returns whether the server is still a standby, and the number after
	// the newest transaction that could be seen there.
	seenSQL = "select pg_is_in_recovery(), pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
)

var (
	errUnfinished = errors.New("the standby showed a transaction that is not over on the primary")
	errPromoted   = errors.New("the standby was promoted while it was read from")
	errNoRun      = errors.New("the primary's run has no id yet")
)

// NewReplica makes a Replica over a pool of the standby and one of the primary,
// both as paddock_app. Nothing is read there before Run runs.
func NewReplica(standby, primary *pgxpool.Pool, worker *Worker, log *slog.Logger) *Replica {
	return &Replica{pool: standby, indexes: readIndexes{pool: primary}, worker: worker, log: log, look: make(chan struct{}, 1)}
}

// ReplicaState is how a standby does.
type ReplicaState struct {
	Usable bool // reads are tried there
	// Lag is how long ago the standby was last seen to have all that the primary
	// had; up to a second where nothing is read. Nil before the first time.
	Lag   *time.Duration
	Reads map[string]int64 // how many reads ended how, by ReplicaResults
}

// State returns how the standby does.
func (r *Replica) State() ReplicaState {
	s := ReplicaState{Usable: r.usable.Load(), Reads: map[string]int64{}}
	for i, name := range ReplicaResults {
		s.Reads[name] = r.counts[i].Load()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.reached.IsZero() {
		lag := time.Since(r.reached)
		s.Lag = &lag
	}
	return s
}

// Run looks at the standby until ctx ends, and lets reads go there while it is in
// order.
func (r *Replica) Run(ctx context.Context) error {
	said := ""
	for {
		err := r.examine(ctx)
		if ctx.Err() != nil {
			return nil
		}
		now := ReplicaResults[resultOf(err)]
		if now != said {
			if err == nil {
				r.log.Info("reads go to the standby")
			} else {
				r.log.Warn("reads go to the primary and not to the standby", "because", now, "err", err)
			}
			said = now
		}
		r.usable.Store(err == nil)
		pause := replicaLook
		if err != nil {
			pause = replicaRetry
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.look:
			if !wait.For(ctx, replicaRetry) {
				return nil
			}
		case <-time.After(pause):
		}
	}
}

// examine tries whether a read could be run on the standby.
func (r *Replica) examine(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, 2*replicaTimeout)
	defer cancel()
	err := r.try(limited, func(*Batch) {})
	if errors.Is(err, errNoRun) {
		if err = r.worker.NotePrimary(limited); err == nil {
			err = r.try(limited, func(*Batch) {})
		}
	}
	return err
}

// read runs a request's statements on the standby, and reports whether it did.
// Where it did not, they must be run on the primary, whatever they returned here.
func (r *Replica) read(ctx context.Context, queue func(*Batch)) bool {
	if !r.usable.Load() {
		r.counts[resultSuspended].Add(1)
		return false
	}
	limited, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	err := r.try(limited, queue)
	result := resultOf(err)
	r.counts[result].Add(1)
	if result != resultRead && result != resultRefused && ctx.Err() == nil {
		r.usable.Store(false)
		select {
		case r.look <- struct{}{}:
		default: // it was asked for already
		}
	}
	return err == nil
}

// try runs statements on the standby, or returns why what they show is not proven.
func (r *Replica) try(ctx context.Context, queue func(*Batch)) error {
	began := time.Now()
	index, err := r.indexes.get(ctx)
	if err != nil {
		return err
	}
	if index.run == nil {
		return errNoRun
	}
	var standby bool
	var seen int64
	for once := true; ; once = false {
		var b Batch
		b.Queue(checkReplicaSQL, index.run, index.lsn, index.clock, replicaWait)
		queue(&b)
		b.Queue(seenSQL).QueryRow(func(row pgx.Row) error { return row.Scan(&standby, &seen) })
		err = run(ctx, r.pool, &b)
		behind := clockBehind(err)
		if behind == 0 || behind > replicaWait || !once {
			break
		}
		if !wait.For(ctx, behind) {
			return ctx.Err()
		}
	}
	if err != nil {
		return err
	}
	if !standby {
		return errPromoted
	}
	r.mu.Lock()
	if began.After(r.reached) {
		r.reached = began
	}
	r.mu.Unlock()
	// A commit can be seen on the standby a moment before it can on the primary, and
	// long before where the primary waits for a synchronous standby.
	for deadline := time.Now().Add(replicaWait); index.finished < seen; {
		if time.Now().After(deadline) {
			return errUnfinished
		}
		if !wait.For(ctx, time.Millisecond/2) {
			return ctx.Err()
		}
		if index, err = r.indexes.get(ctx); err != nil {
			return err
		}
	}
	return nil
}

// CheckReplica returns for which reason reads would not go to a standby: "" where
// they would, "no_run" where the primary's run has no id yet, or one of
// ReplicaResults. The standby may be as far behind as patience says.
func CheckReplica(ctx context.Context, primary, standby *pgx.Conn, patience time.Duration) (reason string, err error) {
	var i readIndex
	if err := primary.QueryRow(ctx, readIndexSQL).Scan(&i.run, &i.lsn, &i.clock, &i.finished); err != nil {
		return "", err
	}
	if i.run == nil {
		return "no_run", nil
	}
	_, err = standby.Exec(ctx, checkReplicaSQL, i.run, i.lsn, i.clock, patience)
	if SQLState(err) == "42501" {
		return ReplicaResults[resultLogin], nil
	}
	if result := resultOf(err); err != nil && result != resultRefused && result != resultUnavailable {
		return ReplicaResults[result], nil
	}
	return "", err
}

// clockBehind returns how far the standby's clock is behind where err says that, and
// 0 otherwise.
func clockBehind(err error) time.Duration {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "PD480" || pg.Message != ReplicaResults[resultClock] {
		return 0
	}
	micros, _ := strconv.ParseInt(pg.Detail, 10, 64) // it is a number
	return time.Duration(micros) * time.Microsecond
}

// resultOf returns which of ReplicaResults a try's error is.
func resultOf(err error) int {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return resultRead
	case errors.Is(err, errUnfinished):
		return resultUnfinished
	case errors.Is(err, errPromoted):
		return resultPromoted
	case errors.As(err, &pg) && pg.Code == "PD480":
		for i, name := range ReplicaResults {
			if name == pg.Message {
				return i
			}
		}
	case problem.Is(err, problem.DatabaseUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errNoRun):
		return resultUnavailable
	}
	return resultRefused
}
