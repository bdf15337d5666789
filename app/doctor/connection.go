package doctor

import (
	"context"
	"strings"
	"time"
)

// The major versions of Postgres that Paddock is made for.
const (
	oldestPostgres = 15
	newestPostgres = 18
)

// checkConnection checks that every URL leads to the same database of one
// primary server. That a server cannot be reached is one finding, however many
// logins want to.
func checkConnection(ctx context.Context, e *examination) (found []Finding) {
	all := e.logins
	if e.owner != nil {
		all = append(all[:len(all):len(all)], e.owner)
	}
	settings := map[string][]string{}
	var errs []string
	for _, l := range all {
		if l.err == nil {
			continue
		}
		said := l.err.Error()
		if settings[said] == nil {
			errs = append(errs, said)
		}
		if have := settings[said]; len(have) == 0 || have[len(have)-1] != l.setting {
			settings[said] = append(have, l.setting)
		}
	}
	for _, said := range errs {
		found = append(found, failure("correct "+strings.Join(unique(settings[said]), ", ")+", or see to the server", "%s", said))
	}
	connected := e.connected()
	if len(connected) == 0 {
		if len(found) == 0 {
			return unchecked("give the three database URLs, or DATABASE_URL", "no database URL is given")
		}
		return found
	}
	var first place
	for i, l := range connected {
		here, err := placeOf(ctx, l)
		if err != nil {
			return append(found, refused(err)...)
		}
		if i == 0 {
			first = here
			switch {
			case here.version < oldestPostgres:
				found = append(found, failure("use Postgres 15 to 18", "this is Postgres %d, which Paddock does not work on", here.version))
			case here.version > newestPostgres:
				found = append(found, warning("use Postgres 15 to 18", "this is Postgres %d, which this Paddock was not tried on", here.version))
			}
		}
		if here.standby {
			found = append(found, failure("let "+l.setting+" lead to the primary server", "%s leads to a standby, on which nothing can be written", l.setting))
		} else if here.database != first.database || !here.started.Equal(first.started) {
			found = append(found, failure("let them lead to one database", "%s and %s lead to different databases", connected[0].setting, l.setting))
		}
	}
	return found
}

// place is where a connection leads. No two databases of running servers have
// the same oid and time of start.
type place struct {
	database uint32
	started  time.Time
	standby  bool
	version  int
}

func placeOf(ctx context.Context, l *login) (p place, err error) {
	err = l.conn.QueryRow(ctx, `select d.oid, pg_postmaster_start_time(), pg_is_in_recovery(), current_setting('server_version_num')::int / 10000
		from pg_database d where d.datname = current_database()`).Scan(&p.database, &p.started, &p.standby, &p.version)
	return p, err
}

func unique(list []string) (out []string) {
	seen := map[string]bool{}
	for _, text := range list {
		if !seen[text] {
			seen[text] = true
			out = append(out, text)
		}
	}
	return out
}
