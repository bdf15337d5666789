package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errElsewhere means that the import is not where this run took it to be.
var errElsewhere = errors.New("another run of this import is at work: wait until it has ended, or end it, and run again")

// target is Paddock's database, as the role that migrates. Its statements run as
// paddock_owner, which may call the functions of imports and read no tenant's row.
type target struct {
	// do runs statements in a transaction. If they fail, it undoes them.
	do func(ctx context.Context, statements func(pgx.Tx) error) error
}

func newTarget(conn *pgx.Conn) *target {
	return &target{do: func(ctx context.Context, statements func(pgx.Tx) error) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "set local role paddock_owner"); err != nil {
				return explainTarget(err)
			}
			return statements(tx)
		})
	}}
}

// setTimeZone sets the zone of times that have none.
func setTimeZone(ctx context.Context, conn *pgx.Conn, zone string) error {
	_, err := conn.Exec(ctx, "select set_config('timezone', $1, false)", zone)
	return err
}

// begun is an import that is under way.
type begun struct {
	account, id                uuid.UUID
	resumed, madeAccount, done bool
}

// begin begins an import or goes on with one.
func (t *target) begin(ctx context.Context, tx pgx.Tx, m *Mapping, source string, user []byte) (b begun, err error) {
	mapping, err := json.Marshal(m)
	if err != nil {
		return b, err
	}
	err = tx.QueryRow(ctx, "select account_id, import_id, resumed, made_account, done from private.begin_import($1, $2, $3, $4, $5, $6, $7)",
		m.Owner, jsonOrNull(user), m.Account, m.Environment, source, string(mapping), m.moved()).
		Scan(&b.account, &b.id, &b.resumed, &b.madeAccount, &b.done)
	return b, explainTarget(err)
}

func jsonOrNull(text []byte) *string {
	if text == nil {
		return nil
	}
	s := string(text)
	return &s
}

// place is how far an import is in a table.
type place struct {
	position       *string // the key of the last row that was read
	taken, refused int64
	ended          bool
}

// places returns how far an import is in each table.
func (t *target) places(ctx context.Context, b begun) (all map[string]place, err error) {
	all = map[string]place{}
	err = t.do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "select name, position, taken, refused, ended from private.import_progress($1, $2)", b.account, b.id)
		if err != nil {
			return err
		}
		var name string
		var p place
		_, err = pgx.ForEachRow(rows, []any{&name, &p.position, &p.taken, &p.refused, &p.ended}, func() error {
			all[name] = p
			return nil
		})
		return err
	})
	return all, explainTarget(err)
}

// Refusal is a row that was not taken, and why.
type Refusal struct {
	Table  string `json:"-"`
	Key    string `json:"key"`
	Reason string `json:"reason"`
}

// take writes a batch of rows, and how far the import is with it, in one
// transaction. refused are rows of the batch whose values Postgres refused before.
// It returns all that were refused.
func (t *target) take(ctx context.Context, b begun, name string, after *string, rows []row, refused []Refusal, position *string, ended bool) (all []Refusal, err error) {
	batch := make([]json.RawMessage, len(rows))
	for i, r := range rows {
		batch[i] = r.json
	}
	values, err := json.Marshal(batch)
	if err != nil {
		return nil, err
	}
	if refused == nil {
		refused = []Refusal{}
	}
	no, err := json.Marshal(refused)
	if err != nil {
		return nil, err
	}
	err = t.do(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, "select key, reason from private.import_rows($1, $2, $3, $4, $5, $6, $7, $8)",
			b.account, b.id, name, after, string(values), string(no), position, ended)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(found, func(r pgx.CollectableRow) (Refusal, error) {
			refusal := Refusal{Table: name}
			err := r.Scan(&refusal.Key, &refusal.Reason)
			return refusal, err
		})
		return err
	})
	return all, err
}

// refused returns the rows of a table that were not taken, from after a number on.
func (t *target) refused(ctx context.Context, b begun, name string, after int64, most int) (all []Refusal, err error) {
	err = t.do(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, "select key, reason from private.import_refused($1, $2, $3, $4, $5)", b.account, b.id, name, after, most)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(found, func(r pgx.CollectableRow) (Refusal, error) {
			refusal := Refusal{Table: name}
			err := r.Scan(&refusal.Key, &refusal.Reason)
			return refusal, err
		})
		return err
	})
	return all, explainTarget(err)
}

// sum adds up what an import brought of a table.
func (t *target) sum(ctx context.Context, b begun, name string, columns []string) (s sum, err error) {
	var checksum string
	err = t.do(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, "select rows, checksum::text from private.import_checksum($1, $2, $3, $4)", b.account, b.id, name, columns).
			Scan(&s.rows, &checksum)
	})
	if err != nil {
		return s, explainTarget(err)
	}
	_, err = fmt.Sscan(checksum, &s.checksum)
	return s, err
}

// refusal returns the reason for which Postgres refuses a row's values, and
// whether err is that. secret leaves the values out.
func refusal(err error, secret bool) (reason string, refused bool) {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || !strings.HasPrefix(pg.Code, "22") && !strings.HasPrefix(pg.Code, "23") {
		return "", false
	}
	if pg.Code == "22023" { // the import itself is not as it was believed to be
		return "", false
	}
	switch {
	case secret:
		return "Postgres refuses its values (SQLSTATE " + pg.Code + ")", true
	case pg.ConstraintName != "":
		return fmt.Sprintf("its values are not ones that Paddock stores: they break the constraint %s", pg.ConstraintName), true
	case pg.ColumnName != "":
		return fmt.Sprintf("Postgres refuses its values: %s (%s)", pg.Message, pg.ColumnName), true
	}
	return "Postgres refuses its values: " + pg.Message, true
}

// explainTarget says what to do about an error of Paddock's database.
func explainTarget(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch {
	case pg.Code == "22023":
		return errors.New(pg.Message)
	case pg.Code == "PD408":
		return errElsewhere
	case pg.Code == "42883" || pg.Code == "3F000" || pg.Code == "42P01" || pg.Message == `role "paddock_owner" does not exist`:
		return fmt.Errorf("the database that DATABASE_URL names is not migrated: run paddock migrate first (%s)", pg.Message)
	case pg.Code == "42501":
		return fmt.Errorf("the role of DATABASE_URL may not import: give the role that ran paddock migrate (%s)", pg.Message)
	}
	return err
}
