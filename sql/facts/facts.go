// Package facts knows what the migrations make: roles, grants, row security,
// policies, functions and everything else in Paddock's schemas, one fact for
// each. A database's own facts are read from its catalogue, which every login
// may read, and compared with these. No second database is needed for it.
package facts

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed facts.sql
var factsSQL string

// made is written by make schema, and a test holds it against the migrations.
//
//go:embed facts.txt
var made string

// Fact is one thing that is so of an object.
type Fact struct {
	Kind  string // such as "policy"
	Name  string // of the object
	Value string
}

// String returns the fact as a line of facts.txt.
func (f Fact) String() string { return f.Kind + "\t" + f.Name + "\t" + f.Value }

// Made returns the facts that the migrations make.
func Made() (list []Fact) {
	for line := range strings.Lines(made) {
		if parts := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3); len(parts) == 3 {
			list = append(list, Fact{parts[0], parts[1], parts[2]})
		}
	}
	return list
}

// Of returns the facts of the database that conn is connected to. It changes
// nothing there, and works as any login.
func Of(ctx context.Context, conn *pgx.Conn) (list []Fact, err error) {
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		// Postgres writes names without their schema where they are found without.
		// To compile the query takes it twenty times as long as to run it.
		// Constants within texts are written as these settings say.
		if _, err := tx.Exec(ctx, `set local search_path = pg_catalog; set local jit = off; set local datestyle = iso; set local intervalstyle = postgres;
			set local timezone = 'UTC'; set local bytea_output = hex; set local quote_all_identifiers = off; set local extra_float_digits = 1`); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, factsSQL)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Fact])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the facts of the database: %w", err)
	}
	for i, f := range list {
		list[i].Value = normal(f)
	}
	return list, nil
}

var (
	casts   = regexp.MustCompile(`::(?:character varying|double precision|timestamp with(?:out)? time zone|[a-z_][a-z0-9_.]*)(?:\[\])?`)
	aliases = regexp.MustCompile(`(?i) AS [a-z_][a-z0-9_]*`)
	spaces  = regexp.MustCompile(`\s+`)
)

// normal returns a fact's value without what versions of Postgres may write in
// their own ways: casts, the names of columns of a subselect, and white space.
func normal(f Fact) string {
	if f.Kind != "policy" {
		return f.Value
	}
	return spaces.ReplaceAllString(aliases.ReplaceAllString(casts.ReplaceAllString(f.Value, ""), ""), " ")
}

// Difference is an object that is not as the migrations make it. Made is what
// it should be, and Found what it is; of one that is missing, or that is there
// in addition, the other is empty.
type Difference struct{ Kind, Name, Made, Found string }

// Compare returns what differs, sorted by kind and name.
func Compare(made, found []Fact) (list []Difference) {
	type object struct{ kind, name string }
	group := func(facts []Fact) map[object][]string {
		of := map[object][]string{}
		for _, f := range facts {
			of[object{f.Kind, f.Name}] = append(of[object{f.Kind, f.Name}], f.Value)
		}
		return of
	}
	should, is := group(made), group(found)
	add := func(o object) {
		// An object has several values where a name stands for several objects.
		want, have := slices.Clone(should[o]), slices.Clone(is[o])
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			list = append(list, Difference{o.kind, o.name, strings.Join(want, "; "), strings.Join(have, "; ")})
		}
	}
	for o := range should {
		add(o)
	}
	for o := range is {
		if should[o] == nil {
			add(o)
		}
	}
	slices.SortFunc(list, func(a, b Difference) int {
		return strings.Compare(a.Kind+"\t"+a.Name, b.Kind+"\t"+b.Name)
	})
	return list
}
