package importer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Bounds of a batch. Smaller ones cost more round trips; larger ones hold the
// account's log for longer.
const (
	batchRows  = 2000
	batchBytes = 4 << 20
)

// tries is how often a batch is tried that met a deadlock, or an answer that was
// lost.
const tries = 5

// Progress is told after each batch.
type Progress struct {
	Table          string
	Taken, Refused int64
	Rows           int64 // that the source has
	Ended          bool
}

// Import moves the rows of a source.
type Import struct {
	Source  *Source
	Conn    *pgx.Conn // Paddock's database, as the role that migrates
	Mapping *Mapping
	Tell    func(Progress)

	target    *target
	begun     begun
	onRefusal func(Refusal)
}

// Account returns the account that the rows go to, once Run has begun.
func (i *Import) Account() uuid.UUID { return i.begun.account }

// ID returns the import's id, once Run has begun.
func (i *Import) ID() uuid.UUID { return i.begun.id }

// Done reports whether Begin found that the same was imported before.
func (i *Import) Done() bool { return i.begun.done }

// Begin begins the import, or goes on with the one of its account that is under
// way, and reports whether it does. Its errors are sentences for the operator.
func (i *Import) Begin(ctx context.Context) (resumed bool, err error) {
	i.target = newTarget(i.Conn)
	if err := i.prepare(ctx); err != nil {
		return false, err
	}
	user, err := i.owner(ctx)
	if err != nil {
		return false, err
	}
	err = i.target.do(ctx, func(tx pgx.Tx) (err error) {
		i.begun, err = i.target.begin(ctx, tx, i.Mapping, i.Source.Name, user)
		return err
	})
	return i.begun.resumed, err
}

// prepare sets the zone of times that have none, in both databases.
func (i *Import) prepare(ctx context.Context) error {
	if len(i.Mapping.moved()) == 0 {
		return errors.New("the mapping names no table to move: the source has none of those that Paddock knows, or they have other names")
	}
	if err := i.Source.setTimeZone(ctx, i.Mapping.TimeZone); err != nil {
		return fmt.Errorf("set the source's time zone: %w", err)
	}
	if err := setTimeZone(ctx, i.Conn, i.Mapping.TimeZone); err != nil {
		return fmt.Errorf("set the time zone: %w", err)
	}
	return nil
}

// owner returns the owner of the account as the source has them, nil where it has
// none.
func (i *Import) owner(ctx context.Context) ([]byte, error) {
	if tm := i.Mapping.Tables["users"]; tm == nil || tm.From == "" {
		return nil, nil
	}
	r, err := i.Source.reader(ctx, i.Mapping, "users")
	if err != nil {
		return nil, err
	}
	return r.user(ctx, i.Mapping.Owner)
}

// Move moves all rows that are still to be moved. It may be called again after
// whatever ended it.
func (i *Import) Move(ctx context.Context) error {
	for _, name := range i.Mapping.moved() {
		r, err := i.Source.reader(ctx, i.Mapping, name)
		if err != nil {
			return err
		}
		if err := i.moveTable(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (i *Import) moveTable(ctx context.Context, r *reader) error {
	all, err := r.count(ctx)
	if err != nil {
		return err
	}
	failed := 0
	for {
		places, err := i.target.places(ctx, i.begun)
		if err != nil {
			return err
		}
		at := places[r.name]
		for !at.ended {
			rows, ended, err := r.read(ctx, at.position, batchRows)
			if err != nil {
				return err
			}
			if err = i.send(ctx, r, &at, rows, ended); err != nil {
				if !passing(err) || failed == tries {
					return explainTarget(err)
				}
				failed++
				break
			}
			failed = 0
			if !at.ended {
				i.tell(r, at, all)
			}
		}
		if at.ended {
			i.tell(r, at, all)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(failed) * 200 * time.Millisecond):
		}
	}
}

func (i *Import) tell(r *reader, at place, all int64) {
	if i.Tell != nil {
		i.Tell(Progress{Table: r.name, Taken: at.taken, Refused: at.refused, Rows: all, Ended: at.ended})
	}
}

// passing reports whether a batch may be tried again from where the import is: it
// met a deadlock, or the batch before it was committed and its answer lost.
func passing(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "PD408" || pg.Code == "40P01")
}

// send writes rows and moves at on. Where Postgres refuses the values of a row, it
// tries halves until that row alone is left out.
func (i *Import) send(ctx context.Context, r *reader, at *place, rows []row, ended bool) error {
	position := at.position
	if len(rows) > 0 {
		position = &rows[len(rows)-1].key
	}
	refused, err := i.target.take(ctx, i.begun, r.name, at.position, rows, nil, position, ended)
	reason, unstorable := refusal(err, r.secret)
	switch {
	case unstorable && len(rows) > 1:
		half := len(rows) / 2
		if err := i.send(ctx, r, at, rows[:half], false); err != nil {
			return err
		}
		return i.send(ctx, r, at, rows[half:], ended)
	case unstorable && len(rows) == 1:
		no := []Refusal{{Table: r.name, Key: rows[0].key, Reason: reason}}
		refused, err = i.target.take(ctx, i.begun, r.name, at.position, nil, no, position, ended)
	}
	if err != nil {
		return err
	}
	for _, no := range refused {
		if i.onRefusal != nil {
			i.onRefusal(no)
		}
	}
	at.position, at.ended = position, ended
	at.refused += int64(len(refused))
	at.taken += int64(len(rows) - len(refused))
	return nil
}

// Finish notes that the import is done.
func (i *Import) Finish(ctx context.Context) error {
	return explainTarget(i.target.do(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "select private.finish_import($1, $2)", i.begun.account, i.begun.id)
		return err
	}))
}

// Refused calls each with all rows that were not taken.
func (i *Import) Refused(ctx context.Context, each func(Refusal) error) error {
	for _, name := range i.Mapping.moved() {
		for n := int64(0); ; {
			part, err := i.target.refused(ctx, i.begun, name, n, batchRows)
			if err != nil {
				return err
			}
			for _, r := range part {
				if err := each(r); err != nil {
					return err
				}
			}
			if n += int64(len(part)); len(part) < batchRows {
				break
			}
		}
	}
	return nil
}

// Open opens an import that was begun before, in whatever state it is.
func (i *Import) Open(ctx context.Context, id uuid.UUID) error {
	i.target = newTarget(i.Conn)
	if err := i.prepare(ctx); err != nil {
		return err
	}
	found, err := list(ctx, i.Conn, &id)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("there is no import %s: paddock import list shows those that there are", id)
	}
	i.begun = begun{account: found[0].AccountID, id: id, resumed: true}
	return nil
}
