package tenant

import "context"

// NoteReportSessions writes into the audit which reporting logins are connected
// now: once an hour for each login and address.
func (w *Worker) NoteReportSessions(ctx context.Context) error {
	var b Batch
	b.Queue("select private.record_report_session(login, address, program, began) from private.seen_report_sessions()")
	return run(ctx, w.pool, &b)
}
