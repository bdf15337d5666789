// Package reporting makes, lists, changes and drops the Postgres logins that read
// accounts by plain SQL, through the views of schema report. What a login may
// see is decided by private.report_grants and the end of the login's time alone,
// never by a setting.
package reporting

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
	"paddock/app/scram"
)

// MaxConnections is how many sessions a login may have at once: enough for a
// dashboard and a person beside it.
const MaxConnections = 10

// Defaults of each login's sessions. A login can change its own, so nothing
// relies on them: they prevent mistakes, not attacks, which are the Watchdog's.
var sessionDefaults = [...][2]string{
	{"statement_timeout", "60s"},
	{"lock_timeout", "5s"},
	{"idle_in_transaction_session_timeout", "60s"},
	{"default_transaction_read_only", "on"},
	{"work_mem", "16MB"},
	{"max_parallel_workers_per_gather", "0"},
	{"search_path", "report"},
	{"timezone", "UTC"},
}

// Login is one reporting login and the accounts it sees.
type Login struct {
	Name     string
	Accounts []uuid.UUID
	Since    time.Time // of its first account; zero when it has none
	Until    time.Time // when it ends; zero: never
	Sessions int       // how many it has now on the server that was asked, in all databases
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Create makes a login that sees these accounts and nothing else, until a time
// (the zero time: without an end); where user is the address of a user, as Grant says. It
// returns the login's password, which is stored
// nowhere. All of it happens in one transaction. conn must be the role that
// migrates: it has CREATEROLE and may act as paddock_owner.
//
// It ends with invalid_report_name, report_name_taken (by any role of the
// server), report_needs_account, invalid_report_end, unknown_account,
// report_not_for_user, or not_permitted when conn's role may not make roles.
func Create(ctx context.Context, conn *pgx.Conn, name string, accounts []uuid.UUID, user string, until time.Time) (password string, err error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	if err := checkEnd(until); err != nil {
		return "", err
	}
	if len(accounts) == 0 {
		return "", problem.New(problem.ReportNeedsAccount, "Name at least one account that the login may see.")
	}
	password, err = newPassword()
	if err != nil {
		return "", err
	}
	verifier, err := scram.Verifier(password)
	if err != nil {
		return "", err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		return create(ctx, tx, name, verifier, accounts, user, until)
	})
	if err != nil {
		return "", explain(err, name)
	}
	return password, nil
}

func create(ctx context.Context, tx pgx.Tx, name, verifier string, accounts []uuid.UUID, user string, until time.Time) error {
	role := pgx.Identifier{name}.Sanitize()
	// Utility statements take no bound values. The name is checked and quoted.
	// The verifier is base64 and digits, and the password does not follow from
	// it.
	err := run(ctx, tx, fmt.Sprintf(`create role %s login nosuperuser nobypassrls nocreatedb nocreaterole noreplication
		inherit connection limit %d password '%s' valid until '%s'`, role, MaxConnections, verifier, validUntil(until)))
	if err != nil {
		return err
	}
	for _, setting := range sessionDefaults {
		if err := run(ctx, tx, fmt.Sprintf("alter role %s set %s = '%s'", role, setting[0], setting[1])); err != nil {
			return err
		}
	}
	var bounds bool
	if err := tx.QueryRow(ctx, "select has_parameter_privilege('temp_file_limit', 'set')").Scan(&bounds); err != nil {
		return err
	}
	if bounds { // Harden lets the role that migrates do so
		if err := run(ctx, tx, fmt.Sprintf("alter role %s set temp_file_limit = '%s'", role, tempFileLimit)); err != nil {
			return err
		}
	}
	// To end a login's sessions takes membership in it.
	err = run(ctx, tx, "grant paddock_report to "+role, fmt.Sprintf("grant %s to paddock_watchdog", role), "set local role paddock_owner")
	if err != nil {
		return err
	}
	if err := grant(ctx, tx, name, accounts, user); err != nil {
		return err
	}
	return run(ctx, tx, "reset role")
}

// Drop revokes a login's accounts, lets nobody sign in with it, ends its sessions
// and drops it. It ends with unknown_report_login for anything that is not a
// reporting login, and report_login_owns_objects when the login owns something, such
// as a large object, that would be lost with it. Then it is there still, and is good
// for nothing.
func Drop(ctx context.Context, conn *pgx.Conn, name string) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := requireLogin(ctx, tx, name); err != nil {
			return err
		}
		if err := run(ctx, tx, "set local role paddock_owner"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "select private.revoke_report($1)", name)
		return err
	})
	if err == nil {
		err = shut(ctx, conn, name)
	}
	if err == nil {
		_, err = conn.Exec(ctx, "drop role "+pgx.Identifier{name}.Sanitize())
	}
	return explain(err, name)
}

// noOperatorSQL is the condition that r is no superuser and not the role that migrates.
// From version 16 of Postgres on, that one is a member of the roles that it made; of
// paddock_watchdog no reporting login may be one.
const noOperatorSQL = `not pg_has_role(r.oid, 'paddock_watchdog', 'member')`

const isLoginSQL = `select exists (
	select from pg_catalog.pg_roles r
	join pg_catalog.pg_auth_members m on m.member = r.oid
	join pg_catalog.pg_roles g on g.oid = m.roleid and g.rolname = 'paddock_report'
	where r.rolname = $1 and r.rolname !~ '^(paddock_|pg_)' and ` + noOperatorSQL + `)`

// requireLogin ends with unknown_report_login for anything that is not a
// reporting login.
func requireLogin(ctx context.Context, tx pgx.Tx, name string) error {
	var known bool
	if err := tx.QueryRow(ctx, isLoginSQL, name).Scan(&known); err != nil {
		return err
	}
	if !known {
		return problem.New(problem.UnknownReportLogin, "There is no reporting login %q. paddock report list names those that there are.", name)
	}
	return nil
}

// List returns the reporting logins by name, with the accounts of this database
// that each sees.
func List(ctx context.Context, conn *pgx.Conn) ([]Login, error) {
	var logins []Login
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Only paddock_gate may read the grants; the migrating role may act as
		// it.
		if err := run(ctx, tx, "set local role paddock_gate"); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select r.rolname::text,
				coalesce(array_agg(s.account_id order by s.account_id) filter (where s.account_id is not null), '{}'),
				min(s.created_at), case when isfinite(r.rolvaliduntil) then r.rolvaliduntil end,
				(select count(*) from pg_catalog.pg_stat_activity a where a.usesysid = r.oid)
			from pg_catalog.pg_roles r
			join pg_catalog.pg_auth_members m on m.member = r.oid
			join pg_catalog.pg_roles g on g.oid = m.roleid and g.rolname = 'paddock_report'
			left join private.report_grants s on s.role_oid = r.oid and s.role_name = r.rolname
			where (r.rolcanlogin or s.account_id is not null) and `+noOperatorSQL+`
			group by r.rolname, r.oid, r.rolvaliduntil order by r.rolname`)
		if err != nil {
			return err
		}
		logins, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Login, error) {
			var l Login
			var since, until *time.Time
			err := row.Scan(&l.Name, &l.Accounts, &since, &until, &l.Sessions)
			if since != nil {
				l.Since = since.UTC()
			}
			if until != nil {
				l.Until = until.UTC()
			}
			return l, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the reporting logins: %w", err)
	}
	return logins, nil
}

func checkName(name string) error {
	if !namePattern.MatchString(name) || strings.HasPrefix(name, "paddock_") || strings.HasPrefix(name, "pg_") {
		return problem.New(problem.InvalidReportName,
			`Choose a name of lower-case letters, digits and "_" that begins with a letter, is at most 63 characters long, and does not begin with "paddock_" or "pg_".`)
	}
	switch name {
	case "public", "none", "current_user", "current_role", "session_user", "user":
		return problem.New(problem.InvalidReportName, "%q means something else to Postgres. Choose another name.", name)
	}
	return nil
}

// newPassword returns 192 random bits as 32 characters that need no quoting in
// a URL.
func newPassword() (string, error) {
	var random [24]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("make a password: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(random[:]), nil
}

func run(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func explain(err error, name string) error {
	if err == nil {
		return nil
	}
	var p *problem.Problem
	if errors.As(err, &p) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "42710":
			return problem.New(problem.ReportNameTaken, "The server has a role %q already. Choose another name.", name)
		case pg.Code == "PD443":
			return problem.New(problem.ReportNotForUser, "This user neither owns one of these accounts nor has the role reports there, or the login sees it already for somebody else: paddock report revoke takes it away. Nothing was changed.").Because(err)
		case pg.Code == "23503":
			return problem.New(problem.UnknownAccount, "One of these accounts does not exist. Nothing was changed.")
		case pg.Code == "2BP01":
			return problem.New(problem.ReportLoginOwnsObjects,
				"The login %q sees nothing and signs in no more, but it owns objects on this server. Look at them, run DROP OWNED BY it as an administrator, and drop the login again.", name).Because(err)
		case pg.Code == "42501":
			return problem.New(problem.NotPermitted,
				"The database role used here may not manage reporting logins. Use the role that migrates, which has CREATEROLE.").Because(err)
		}
	}
	return fmt.Errorf("reporting login %s: %w", name, err)
}
