package importer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// TablePlan is what an import would do with a table.
type TablePlan struct {
	Table, From string
	Rows        int64
	Columns     [][2]string // Paddock's column, and what fills it
	Empty       []string    // Paddock's columns that nothing fills
	Left        []string    // the source's columns that nothing takes
	Taken       int64
	Refused     []RefusedFor
}

// RefusedFor is how many rows would be refused for a reason.
type RefusedFor struct {
	Reason string
	Rows   int64
	Keys   []string // of some of them
}

const keysShown = 3

// errNotKept undoes a rehearsal.
var errNotKept = errors.New("a rehearsal is not kept")

// Plan does all that Move does, and keeps nothing of it. Where the account is new,
// it is one transaction that is undone. Where it is there already, each batch is
// undone by itself, so that nobody who trades waits for long; then rows that only
// collide with another batch are not found.
func (i *Import) Plan(ctx context.Context) (plans []TablePlan, wholly bool, err error) {
	if err := i.prepare(ctx); err != nil {
		return nil, false, err
	}
	user, err := i.owner(ctx)
	if err != nil {
		return nil, false, err
	}
	var readers []*reader
	var wrong []error
	for _, name := range i.Mapping.moved() {
		r, err := i.Source.reader(ctx, i.Mapping, name)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		readers = append(readers, r)
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, false, err
	}
	outer := newTarget(i.Conn)
	err = outer.do(ctx, func(tx pgx.Tx) error {
		i.target = &target{do: func(ctx context.Context, statements func(pgx.Tx) error) error {
			return pgx.BeginFunc(ctx, tx, statements)
		}}
		if i.begun, err = i.target.begin(ctx, tx, i.Mapping, i.Source.Name, user); err != nil {
			return err
		}
		if i.begun.resumed {
			return fmt.Errorf("the import %s of this account is under way: paddock import run goes on with it", i.begun.id)
		}
		if i.begun.done {
			return fmt.Errorf("the import %s has moved this source by this mapping already", i.begun.id)
		}
		if !i.begun.madeAccount {
			return errNotKept
		}
		wholly = true
		for _, r := range readers {
			p, err := i.rehearse(ctx, r, i.send)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, explainTarget(err))
			}
			plans = append(plans, p)
		}
		return errNotKept
	})
	if !errors.Is(err, errNotKept) || wholly {
		if errors.Is(err, errNotKept) {
			err = nil
		}
		return plans, wholly, err
	}
	for _, r := range readers {
		p, err := i.rehearse(ctx, r, func(ctx context.Context, r *reader, at *place, rows []row, ended bool) error {
			err := outer.do(ctx, func(tx pgx.Tx) (err error) {
				i.target = &target{do: func(ctx context.Context, statements func(pgx.Tx) error) error {
					return pgx.BeginFunc(ctx, tx, statements)
				}}
				if i.begun, err = i.target.begin(ctx, tx, i.Mapping, i.Source.Name, user); err != nil {
					return err
				}
				before := *at
				at.position = nil
				if err := i.send(ctx, r, at, rows, ended); err != nil {
					*at = before
					return err
				}
				return errNotKept
			})
			if errors.Is(err, errNotKept) {
				err = nil
			}
			return err
		})
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", r.name, explainTarget(err))
		}
		plans = append(plans, p)
	}
	return plans, false, nil
}

// rehearse sends all rows of a table, and says what became of them.
func (i *Import) rehearse(ctx context.Context, r *reader, send func(context.Context, *reader, *place, []row, bool) error) (p TablePlan, err error) {
	p = TablePlan{Table: r.name, From: r.mapping.From, Left: r.left}
	for _, c := range r.table.columns {
		if from := r.mapping.Columns[c.name]; from != "" {
			p.Columns = append(p.Columns, [2]string{c.name, from})
		} else {
			p.Empty = append(p.Empty, c.name)
		}
	}
	if p.Rows, err = r.count(ctx); err != nil {
		return p, err
	}
	reasons := map[string]*RefusedFor{}
	i.onRefusal = func(no Refusal) {
		f := reasons[no.Reason]
		if f == nil {
			f = &RefusedFor{Reason: no.Reason}
			reasons[no.Reason] = f
		}
		f.Rows++
		if len(f.Keys) < keysShown {
			f.Keys = append(f.Keys, no.Key)
		}
	}
	defer func() { i.onRefusal = nil }()
	for at := (place{}); !at.ended; {
		rows, ended, err := r.read(ctx, at.position, batchRows)
		if err != nil {
			return p, err
		}
		if err := send(ctx, r, &at, rows, ended); err != nil {
			return p, err
		}
		p.Taken = at.taken
		i.tell(r, at, p.Rows)
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		p.Refused = append(p.Refused, *reasons[reason])
	}
	slices.SortStableFunc(p.Refused, func(a, b RefusedFor) int { return int(b.Rows - a.Rows) })
	return p, nil
}
