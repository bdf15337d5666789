package tenant

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// The doors of an admission.
const (
	DoorRequest = "request" // private.admit
	DoorWorker  = "worker"  // private.admit_worker
	DoorJob     = "job"     // private.admit_job
)

// AdmissionTimes measures how long admissions take: from when a batch is sent
// until the database has answered its first statement. The statements that
// follow travel with it. It is a tracer of pools.
type AdmissionTimes struct {
	// Observe is told the door and the time of each admission, refused ones
	// included.
	Observe func(door string, took time.Duration)
}

// PoolConfig.Tracer takes it.
var (
	_ pgx.QueryTracer = (*AdmissionTimes)(nil)
	_ pgx.BatchTracer = (*AdmissionTimes)(nil)
)

type batchBeganKey struct{}

// doorOf returns the door of a batch's first statement, or "".
func doorOf(sql string) string {
	switch sql {
	case admitSQL:
		return DoorRequest
	case admitWorkerSQL:
		return DoorWorker
	case admitJobSQL:
		return DoorJob
	}
	return ""
}

// TraceBatchStart notes when a batch that begins with an admission is sent.
func (a *AdmissionTimes) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if data.Batch.Len() == 0 || doorOf(data.Batch.QueuedQueries[0].SQL) == "" {
		return ctx
	}
	return context.WithValue(ctx, batchBeganKey{}, time.Now())
}

// TraceBatchQuery is called when a statement's result was read.
func (a *AdmissionTimes) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	door := doorOf(data.SQL)
	if door == "" {
		return
	}
	if began, ok := ctx.Value(batchBeganKey{}).(time.Time); ok {
		a.Observe(door, time.Since(began))
	}
}

// TraceBatchEnd does nothing.
func (a *AdmissionTimes) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceQueryStart does nothing: an admission is always in a batch.
func (a *AdmissionTimes) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd does nothing.
func (a *AdmissionTimes) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
