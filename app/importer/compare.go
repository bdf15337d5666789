package importer

import (
	"context"
	"fmt"
)

// Comparison is what both sides have of a table.
type Comparison struct {
	Table                        string
	Rows, Refused                int64 // of the source
	Taken                        int64 // as counted while they were moved
	Here                         int64 // as counted now
	SourceChecksum, HereChecksum uint64
}

// Agrees reports whether nothing is missing and nothing differs.
func (c Comparison) Agrees() bool {
	return c.Rows == c.Taken+c.Refused && c.Here == c.Taken && c.SourceChecksum == c.HereChecksum
}

// Compare counts the rows of each table on both sides and adds up checksums over
// all columns that were moved, each side by its own SQL. Rows that were refused
// are left out of the source's.
func (i *Import) Compare(ctx context.Context) (all []Comparison, err error) {
	places, err := i.target.places(ctx, i.begun)
	if err != nil {
		return nil, err
	}
	for _, name := range i.Mapping.moved() {
		r, err := i.Source.reader(ctx, i.Mapping, name)
		if err != nil {
			return nil, err
		}
		c := Comparison{Table: name, Refused: places[name].refused, Taken: places[name].taken}
		if c.Rows, err = r.count(ctx); err != nil {
			return nil, err
		}
		known := int64(0)
		there, err := r.sum(ctx, batchRows, func(n int) ([]string, error) {
			part, err := i.target.refused(ctx, i.begun, name, known, n)
			known += int64(len(part))
			keys := make([]string, len(part))
			for i, p := range part {
				keys[i] = p.Key
			}
			return keys, err
		})
		if err != nil {
			return nil, err
		}
		here, err := i.target.sum(ctx, i.begun, name, r.summed())
		if err != nil {
			return nil, err
		}
		c.Here, c.SourceChecksum, c.HereChecksum = here.rows, there.checksum, here.checksum
		all = append(all, c)
		if there.rows != c.Rows-c.Refused {
			return nil, fmt.Errorf("%s: the source has %d rows that were not refused, where %d are expected: it has changed since they were moved", name, there.rows, c.Rows-c.Refused)
		}
	}
	return all, nil
}
