package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// checkDurability finds settings with which a crash of the machine loses orders
// that were confirmed. Each login is asked, since a setting may be one login's.
func checkDurability(ctx context.Context, e *examination) (found []Finding) {
	connected := e.connected()
	if len(connected) == 0 {
		return noConnection()
	}
	var fsync, pages string
	if err := connected[0].conn.QueryRow(ctx, "select current_setting('fsync'), current_setting('full_page_writes')").Scan(&fsync, &pages); err != nil {
		return refused(err)
	}
	for name, value := range map[string]string{"fsync": fsync, "full_page_writes": pages} {
		if value != "on" {
			found = append(found, failure("set "+name+" = on for the server", "%s is %s: a crash of the machine can lose or damage the database", name, value))
		}
	}
	return append(found, e.each(e.logins[:3], func(l *login) ([]Finding, error) {
		var commit string
		if err := l.conn.QueryRow(ctx, "select current_setting('synchronous_commit')").Scan(&commit); err != nil || commit != "off" {
			return nil, err
		}
		return []Finding{failure("set synchronous_commit = on for the server and its logins",
			"synchronous_commit is off for %s: a crash can lose an order that was written down before Alpaca was told", l.role)}, nil
	})...)
}

// Bounds of an old snapshot. Where a session's start is hidden from the login
// that asks, the transactions since then count. A test sets the first.
var oldSnapshot = time.Hour

const oldTransactions = 1_000_000

// checkOldestSnapshot finds what keeps Postgres from removing dead rows: open
// transactions, prepared ones, and replication slots.
func checkOldestSnapshot(ctx context.Context, e *examination) (found []Finding) {
	connected := e.connected()
	if len(connected) == 0 {
		return noConnection()
	}
	rows, err := connected[0].conn.Query(ctx, `
		select format('session %s of %s', a.pid, coalesce(a.usename, a.backend_type)), 'select pg_terminate_backend(' || a.pid || ');',
				coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)::float8, coalesce(greatest(age(a.backend_xmin), age(a.backend_xid)), 0)
			from pg_stat_activity a where a.pid <> pg_backend_pid() and (a.xact_start is not null or a.backend_xmin is not null or a.backend_xid is not null)
				and coalesce(a.backend_type, 'client backend') in ('client backend', 'walsender')
		union all
		select format('prepared transaction %L of %s', p.gid, p.owner), 'rollback prepared ' || quote_literal(p.gid) || ';',
				extract(epoch from clock_timestamp() - p.prepared)::float8, age(p.transaction)
			from pg_prepared_xacts p
		union all
		select format('replication slot %s', s.slot_name), 'select pg_drop_replication_slot(' || quote_literal(s.slot_name) || ');', 0, greatest(age(s.xmin), age(s.catalog_xmin))
			from pg_replication_slots s where s.xmin is not null or s.catalog_xmin is not null
		order by 3 desc, 4 desc`)
	if err != nil {
		return refused(err)
	}
	var what, end string
	var seconds float64
	var transactions int64
	_, err = pgx.ForEachRow(rows, []any{&what, &end, &seconds, &transactions}, func() error {
		age := time.Duration(seconds * float64(time.Second)).Round(time.Second)
		if age >= oldSnapshot || transactions >= oldTransactions {
			since := fmt.Sprintf("for %s", age)
			if age == 0 {
				since = fmt.Sprintf("for %d transactions", transactions)
			}
			found = append(found, warning("end it, if nobody needs it: "+end, "the %s keeps an old snapshot, %s: dead rows stay, and tables grow", what, since))
		}
		return nil
	})
	if err != nil {
		return refused(err)
	}
	return found
}

// checkNotifyQueue looks how full the server's queue of notifications is: a
// session that listens in an open transaction keeps it from being emptied.
func checkNotifyQueue(ctx context.Context, e *examination) []Finding {
	connected := e.connected()
	if len(connected) == 0 {
		return noConnection()
	}
	var usage float64
	if err := connected[0].conn.QueryRow(ctx, "select pg_notification_queue_usage()").Scan(&usage); err != nil {
		return refused(err)
	}
	return notifyQueue(usage)
}

// notifyQueue judges how full the queue is, from 0 to 1.
func notifyQueue(usage float64) []Finding {
	const do = "end the session that listens in a transaction which it leaves open: look for an old xact_start in pg_stat_activity"
	switch {
	case usage >= 0.5:
		return []Finding{failure(do, "the queue of notifications is %.0f %% full; when it is full, NOTIFY fails for everybody on the server", usage*100)}
	case usage > 0.01:
		return []Finding{warning(do, "the queue of notifications is %.0f %% full, and is not emptied", usage*100)}
	}
	return nil
}

// checkEventLog checks that the log of events has the partitions into which this
// month's and the next month's events go, and agents' logs theirs.
func checkEventLog(ctx context.Context, e *examination) (found []Finding) {
	connected := e.connected()
	switch {
	case len(connected) == 0:
		return noConnection()
	case e.version == 0:
		return unchecked("see what the check of migrations says", "the database is not at the version of this Paddock")
	}
	rows, err := connected[0].conn.Query(ctx, `select to_char(month, 'YYYY-MM'), n = 0, log.of = 'agent_logs_sent'
		from generate_series(0, 1) n, (values ('account_events', 'account_events_'), ('agent_logs_sent', 'agent_logs_')) log (of, name),
			lateral (select date_trunc('month', clock_timestamp() at time zone 'UTC') + n * interval '1 month' as month) m
		where not exists (select from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
			join pg_namespace s on s.oid = p.relnamespace
			where s.nspname = 'app' and p.relname = log.of and c.relname = log.name || to_char(month, 'YYYY_MM')) order by 3, 1`)
	if err != nil {
		return refused(err)
	}
	var month string
	var now, ofAgents bool
	_, err = pgx.ForEachRow(rows, []any{&month, &now, &ofAgents}, func() error {
		do := "run paddock migrate, and look in the log of serve for: partitions could not be looked after"
		if ofAgents {
			found = append(found, warning(do, "agents' logs have no partition for the month %s: its lines go to app.agent_logs_other, and are not dropped as a whole", month))
		} else if now {
			found = append(found, failure(do, "the log of events has no partition for this month, %s: no order can be written", month))
		} else {
			found = append(found, warning(do, "the log of events has no partition for the next month, %s", month))
		}
		return nil
	})
	if err != nil {
		return refused(err)
	}
	return found
}
