package reporting

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// lookEvery is the time between two looks at the sessions of reporting
	// logins, and alertEvery while a login is barred: too short for a new
	// session of it to take what the one before took.
	lookEvery  = 500 * time.Millisecond
	alertEvery = 25 * time.Millisecond
	// barredFor is how long a login is barred after its last session that held
	// too many locks.
	barredFor = 10 * time.Minute
	// quietFor is how long after a look that failed, or a session that may not
	// be ended, the log says nothing of the next.
	quietFor = time.Minute
)

// Watchdog ends sessions of reporting logins that hold up everybody else. They
// can lift every timeout that they are given, so the database has a function
// that ends them from outside (private.end_report_sessions). A login whose
// session held too many locks is barred for a while: its next sessions are
// ended at once, or it would do the same again in a fraction of a second.
//
// Any number of instances may run one.
type Watchdog struct {
	connect func(context.Context) (*pgx.Conn, error)
	longest time.Duration
	log     *slog.Logger

	// The rest is used by Run alone, but for ended.
	barred  map[uint32]time.Time // until when, by the login's oid
	counted map[int32]time.Time  // when a session was counted as ended, by its process: it may take a while to end
	quiet   time.Time            // until when the log is spared
	ended   atomic.Int64
}

// NewWatchdog makes a Watchdog. connect opens a connection as paddock_worker.
// longest is how long a transaction of a reporting login may be open.
func NewWatchdog(connect func(context.Context) (*pgx.Conn, error), longest time.Duration, log *slog.Logger) *Watchdog {
	return &Watchdog{connect: connect, longest: longest, log: log, barred: map[uint32]time.Time{}, counted: map[int32]time.Time{}}
}

// Ended returns how many sessions this Watchdog has ended.
func (w *Watchdog) Ended() int64 { return w.ended.Load() }

// Run watches until ctx ends. It keeps one connection: while the server's table
// of locks is full, no new one can be made.
func (w *Watchdog) Run(ctx context.Context) error {
	var conn *pgx.Conn
	for ctx.Err() == nil {
		err := error(nil)
		if conn == nil {
			conn, err = w.open(ctx)
		}
		if err == nil {
			err = w.look(ctx, conn)
		}
		if err != nil && ctx.Err() == nil {
			w.warn("the sessions of reporting logins could not be looked at; it is tried again", "err", err)
		}
		var refused *pgconn.PgError
		if err != nil && conn != nil && (!errors.As(err, &refused) || conn.IsClosed()) {
			conn.Close(context.WithoutCancel(ctx))
			conn = nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(w.pause()):
		}
	}
	if conn != nil {
		conn.Close(context.WithoutCancel(ctx))
	}
	return nil
}

// endSessionsSQL has the name of a prepared statement: preparing one would open
// relations.
const endSessionsSQL = "end_report_sessions"

func (w *Watchdog) open(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	_, err = conn.Prepare(ctx, endSessionsSQL, "select login, name, pid, why, ended from private.end_report_sessions($1, $2)")
	if err != nil {
		conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	return conn, nil
}

// endedSession is a session that was ended, or that may not be.
type endedSession struct {
	Login uint32 // the oid
	Name  string
	PID   int32
	Why   string
	Ended bool
}

// reasons says what each word of private.end_report_sessions means.
var reasons = map[string]string{
	"barred":      "another session of its login held too many locks a while ago",
	"locks":       "reporting logins held more than a quarter of the server's table of locks",
	"queue":       "it may have kept the queue of notifications from being emptied",
	"transaction": "its transaction was open for too long",
	"hidden":      "nobody can see how old its transaction is",
}

func (w *Watchdog) look(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	rows, err := conn.Query(ctx, endSessionsSQL, w.barredLogins(), w.longest)
	if err != nil {
		return err
	}
	sessions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[endedSession])
	for _, s := range sessions {
		if s.Why == "locks" {
			w.barred[s.Login] = time.Now().Add(barredFor)
		}
		if !s.Ended {
			w.warn("a session of a reporting login cannot be watched, or not be ended: grant its login to paddock_watchdog",
				"login", s.Name, "pid", s.PID, "why", reasons[s.Why])
			continue
		}
		if !w.count(s.PID) {
			continue
		}
		say := w.log.Warn
		if s.Why == "barred" { // there may be dozens a second
			say = w.warn
		}
		say("a session of a reporting login was ended", "login", s.Name, "pid", s.PID, "why", reasons[s.Why], "ended", w.Ended())
	}
	return err
}

// count counts an ended session, and reports whether it was not counted before.
func (w *Watchdog) count(pid int32) bool {
	const forget = 5 * time.Second // processes get the numbers of others
	for other, at := range w.counted {
		if time.Since(at) > forget {
			delete(w.counted, other)
		}
	}
	_, again := w.counted[pid]
	w.counted[pid] = time.Now()
	if !again {
		w.ended.Add(1)
	}
	return !again
}

// barredLogins returns the oids of the logins that are barred now.
func (w *Watchdog) barredLogins() []uint32 {
	logins := []uint32{}
	for login, until := range w.barred {
		if time.Now().After(until) {
			delete(w.barred, login)
			continue
		}
		logins = append(logins, login)
	}
	return logins
}

func (w *Watchdog) pause() time.Duration {
	if len(w.barred) > 0 {
		return alertEvery
	}
	return lookEvery
}

// warn logs something that would be said again at each look, once in a while.
func (w *Watchdog) warn(message string, args ...any) {
	if time.Now().After(w.quiet) {
		w.quiet = time.Now().Add(quietFor)
		w.log.Warn(message, args...)
	}
}
