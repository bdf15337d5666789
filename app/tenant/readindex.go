package tenant

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// readIndex is how far the primary had come at a moment: see
// sql/func/019/read_index.sql.
type readIndex struct {
	run      *uuid.UUID // nil where the primary's run has no id yet
	lsn      string
	clock    time.Time
	finished int64 // transactions with smaller numbers are over, and can be seen on the primary
}

// readIndexes asks the primary for indexes. Those who come while it is being asked
// share the next answer, so that it is asked once a round trip at most, however
// many read.
type readIndexes struct {
	pool *pgxpool.Pool

	mu     sync.Mutex
	asking bool
	next   *askedIndex // of those who wait for a question that is not asked yet; nil where nobody waits
}

type askedIndex struct {
	done  chan struct{} // closed when index or err is set
	index readIndex
	err   error
}

const readIndexSQL = "select run, lsn::text, clock, finished from private.read_index()"

// readIndexTimeout bounds one question.
const readIndexTimeout = time.Second

// get returns an index that was asked for after the call of get: an older answer
// would miss what was written in between.
func (x *readIndexes) get(ctx context.Context) (readIndex, error) {
	x.mu.Lock()
	if x.next == nil {
		x.next = &askedIndex{done: make(chan struct{})}
	}
	mine := x.next
	if !x.asking {
		x.asking = true
		go x.ask() // #nosec G118 -- it asks for all who wait, and not for the one who came first
	}
	x.mu.Unlock()
	select {
	case <-mine.done:
		return mine.index, mine.err
	case <-ctx.Done():
		return readIndex{}, ctx.Err()
	}
}

// ask asks until nobody waits.
func (x *readIndexes) ask() {
	for {
		x.mu.Lock()
		a := x.next
		x.next, x.asking = nil, a != nil
		x.mu.Unlock()
		if a == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), readIndexTimeout)
		i := &a.index
		a.err = x.pool.QueryRow(ctx, readIndexSQL).Scan(&i.run, &i.lsn, &i.clock, &i.finished)
		cancel()
		close(a.done)
	}
}
