package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Listed is an import as the database has it.
type Listed struct {
	AccountID, ID               uuid.UUID
	Account, Environment, Owner string
	Source, State               string
	MovedKeys                   bool
	StartedAt                   time.Time
	EndedAt                     *time.Time
	Taken, Refused              int64
}

// List returns the imports that there are, oldest first. conn is of the role that
// migrates.
func List(ctx context.Context, conn *pgx.Conn) (all []Listed, err error) {
	return list(ctx, conn, nil)
}

func list(ctx context.Context, conn *pgx.Conn, only *uuid.UUID) (all []Listed, err error) {
	err = newTarget(conn).do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select account_id, id, account, environment, owner, source, state, moved_keys, started_at, ended_at, taken, refused
			from private.list_imports($1)`, only)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Listed])
		return err
	})
	return all, explainTarget(err)
}

// Undone is what an undo took away and what it kept, in numbers of rows by table;
// "account" is 1 or 0.
type Undone struct {
	Removed map[string]int64 `json:"removed"`
	Kept    map[string]int64 `json:"kept"`
	Ended   bool             `json:"ended"`
}

// Undo takes away what an import brought, in batches, and calls tell after each.
// It may be called again after whatever ended it. It keeps what later work depends
// on: see private.undo_import.
func Undo(ctx context.Context, conn *pgx.Conn, id uuid.UUID, tell func(removed map[string]int64)) (Undone, error) {
	total := Undone{Removed: map[string]int64{}, Kept: map[string]int64{}}
	found, err := list(ctx, conn, &id)
	if err != nil {
		return total, err
	}
	if len(found) == 0 {
		return total, fmt.Errorf("there is no import %s: paddock import list shows those that there are", id)
	}
	t := newTarget(conn)
	for !total.Ended {
		var text []byte
		err := t.do(ctx, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, "select private.undo_import($1, $2, $3)", found[0].AccountID, id, batchRows).Scan(&text)
		})
		if passing(err) {
			continue
		}
		if err != nil {
			return total, explainTarget(err)
		}
		var part Undone
		if err := json.Unmarshal(text, &part); err != nil {
			return total, err
		}
		for name, n := range part.Removed {
			total.Removed[name] += n
		}
		for name, n := range part.Kept {
			total.Kept[name] += n
		}
		total.Ended = part.Ended
		if tell != nil {
			tell(total.Removed)
		}
	}
	return total, nil
}
