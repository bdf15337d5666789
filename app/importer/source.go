package importer

import (
	"context"
	"crypto/md5" // #nosec G501 -- for a checksum
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Source is the database of one tenant that an import reads. All that is read of
// it is of one moment, in a transaction that cannot write.
type Source struct {
	// Name is its host, port and database, without user and password.
	Name    string
	tx      pgx.Tx
	inPlace bool // it is the target's own database
}

// OpenSource begins to read a source. inPlace says that it is the database of
// Paddock's own tables as well. Close ends it.
func OpenSource(ctx context.Context, conn *pgx.Conn, inPlace bool) (*Source, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("begin to read the source: %w", err)
	}
	if _, err := tx.Exec(ctx, `set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local search_path = pg_catalog;
			set local datestyle = 'ISO, YMD'; set local extra_float_digits = 1; set local bytea_output = 'hex'`); err != nil {
		return nil, fmt.Errorf("begin to read the source: %w", err)
	}
	c := conn.Config()
	return &Source{Name: fmt.Sprintf("%s:%d/%s", c.Host, c.Port, c.Database), tx: tx, inPlace: inPlace}, nil
}

// Close ends reading.
func (s *Source) Close(ctx context.Context) { _ = s.tx.Rollback(ctx) }

// setTimeZone sets the zone of times that have none.
func (s *Source) setTimeZone(ctx context.Context, zone string) error {
	_, err := s.tx.Exec(ctx, "select set_config('timezone', $1, true)", zone)
	return err
}

// columns returns the columns of a table of the source, in their order, each with
// its type. There are none where the source has no such table.
func (s *Source) columns(ctx context.Context, schema, name string) (names []string, types map[string]string, err error) {
	rows, err := s.tx.Query(ctx, `select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)
		from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
		order by a.attnum`, schema, name)
	if err != nil {
		return nil, nil, err
	}
	types = map[string]string{}
	var column, of string
	_, err = pgx.ForEachRow(rows, []any{&column, &of}, func() error {
		names = append(names, column)
		types[column] = of
		return nil
	})
	return names, types, err
}

// Guess makes a first mapping: the source's tables and columns that have the names
// of Paddock's, or names that such often have. owner, where it is empty, is the
// source's only user.
func (s *Source) Guess(ctx context.Context, schema, owner, account, environment string) (*Mapping, error) {
	m := &Mapping{Owner: owner, Account: account, Environment: environment, Schema: schema, TimeZone: "UTC", Tables: map[string]*TableMapping{}}
	for _, t := range tables {
		tm := &TableMapping{Columns: map[string]string{}}
		m.Tables[t.name] = tm
		for _, name := range t.others {
			have, _, err := s.columns(ctx, schema, name)
			if err != nil {
				return nil, fmt.Errorf("read the source's columns: %w", err)
			}
			if len(have) == 0 {
				continue
			}
			tm.From = name
			tm.Columns, _ = t.guess(have)
			for _, key := range t.key {
				if i := slices.IndexFunc(have, func(h string) bool { return strings.EqualFold(h, key) }); i >= 0 && tm.Key == "" {
					tm.Key = have[i]
				}
			}
			break
		}
	}
	if m.Owner == "" {
		if err := s.onlyUser(ctx, m); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// onlyUser makes the source's only user the owner.
func (s *Source) onlyUser(ctx context.Context, m *Mapping) error {
	tm := m.Tables["users"]
	if tm.From == "" || tm.Columns["email"] == "" {
		return errors.New("the source has no users: name the owner with --owner, by the email address of a user of Paddock")
	}
	rows, err := s.tx.Query(ctx, fmt.Sprintf("select %s from %s t limit 2", word.value(tm.Columns["email"]), from(m.Schema, tm)))
	if err != nil {
		return explainSource(err, tm.From)
	}
	emails, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return explainSource(err, tm.From)
	}
	if len(emails) != 1 {
		return errors.New("the source has several users, or none: name the one who owns the account with --owner and the email address")
	}
	m.Owner = emails[0]
	return nil
}

// from returns the source's table as SQL has it.
func from(schema string, tm *TableMapping) string { return quote(schema) + "." + quote(tm.From) }

// reader reads one table of the source in the order of its key.
type reader struct {
	table
	source  *Source
	mapping *TableMapping
	from    string // the table, and "where" with a condition
	keyType string
	columns []mapped
	left    []string // the source's columns that nothing takes
}

// reader checks a table of the mapping against the source, and returns what reads
// it.
func (s *Source) reader(ctx context.Context, m *Mapping, name string) (*reader, error) {
	t, _ := tableNamed(name)
	tm := m.Tables[name]
	if s.inPlace && slices.Contains([]string{"app", "auth", "private", "report"}, m.Schema) {
		return nil, fmt.Errorf("the schema %s is Paddock's own: an import reads the tables of the program before it", m.Schema)
	}
	have, types, err := s.columns(ctx, m.Schema, tm.From)
	if err != nil {
		return nil, err
	}
	if len(have) == 0 {
		return nil, fmt.Errorf(`the source has no table %s.%s: correct "from" of %s, or make it ""`, m.Schema, tm.From, name)
	}
	used := map[string]bool{}
	var wrong []error
	for _, c := range t.columns {
		if from := tm.Columns[c.name]; from != "" && !strings.HasPrefix(from, "=") {
			used[from] = true
			if types[from] == "" {
				wrong = append(wrong, fmt.Errorf(`%s.%s has no column %q: correct the one of %s.%s`, m.Schema, tm.From, from, name, c.name))
			}
		}
	}
	if types[tm.Key] == "" {
		wrong = append(wrong, fmt.Errorf(`%s.%s has no column %q: correct "key" of %s`, m.Schema, tm.From, tm.Key, name))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	r := &reader{table: t, source: s, mapping: tm, from: from(m.Schema, tm) + " t where true", keyType: types[tm.Key], columns: t.mapColumns(tm)}
	if tm.Where != "" {
		r.from += " and (" + tm.Where + ")"
	}
	for _, h := range have {
		if !used[h] {
			r.left = append(r.left, h)
		}
	}
	return r, r.checkKey(ctx, m.Schema)
}

// checkKey refuses a key by which a row could be read twice or not at all.
func (r *reader) checkKey(ctx context.Context, schema string) error {
	key := "t." + quote(r.mapping.Key)
	var known bool
	err := r.source.tx.QueryRow(ctx, `select exists (select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid
		join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
		where n.nspname = $1 and c.relname = $2 and a.attname = $3 and i.indisunique and i.indisvalid and i.indnkeyatts = 1 and i.indpred is null and a.attnotnull)`,
		schema, r.mapping.From, r.mapping.Key).Scan(&known)
	if err != nil || known {
		return err
	}
	var none, twice int64
	err = r.source.tx.QueryRow(ctx, fmt.Sprintf("select count(*) filter (where %s is null), count(%s) - count(distinct %s) from %s", key, key, key, r.from)).
		Scan(&none, &twice)
	if err != nil {
		return explainSource(err, r.mapping.From)
	}
	if none+twice > 0 {
		return fmt.Errorf(`%s.%s cannot be the key: %d rows have none, and %d have one that another row has. Name another column as "key" of %s`,
			r.mapping.From, r.mapping.Key, none, twice, r.name)
	}
	return nil
}

// count returns how many rows there are.
func (r *reader) count(ctx context.Context) (n int64, err error) {
	err = r.source.tx.QueryRow(ctx, "select count(*) from "+r.from).Scan(&n)
	return n, explainSource(err, r.mapping.From)
}

// row is one row of the source: its key, and itself as JSON in which all values
// are texts.
type row struct {
	key  string
	json json.RawMessage
}

// after returns the condition for the rows after a key, nil for all, and its
// argument.
func (r *reader) after(key *string) (condition string, args []any) {
	if key == nil {
		return "", nil
	}
	return fmt.Sprintf(" and t.%s > $1::text::%s", quote(r.mapping.Key), r.keyType), []any{*key}
}

// read returns the next rows after a key, at most most of them and of about
// batchBytes, and whether the table ends with them.
func (r *reader) read(ctx context.Context, key *string, most int) (rows []row, ended bool, err error) {
	pairs := []string{fmt.Sprintf("'key', (t.%s)::text", quote(r.mapping.Key))}
	for _, c := range r.columns {
		pairs = append(pairs, literal(c.name)+", "+c.value)
	}
	condition, args := r.after(key)
	found, err := r.source.tx.Query(ctx, fmt.Sprintf("select (t.%s)::text, json_build_object(%s)::text from %s%s order by t.%s limit %d",
		quote(r.mapping.Key), strings.Join(pairs, ", "), r.from, condition, quote(r.mapping.Key), most), args...)
	if err != nil {
		return nil, false, explainSource(err, r.mapping.From)
	}
	defer found.Close()
	bytes := 0
	for bytes < batchBytes && found.Next() {
		var next row
		var text string
		if err := found.Scan(&next.key, &text); err != nil {
			return nil, false, explainSource(err, r.mapping.From)
		}
		next.json = json.RawMessage(text)
		rows = append(rows, next)
		bytes += len(text)
	}
	full := bytes >= batchBytes
	found.Close()
	if err := found.Err(); err != nil {
		return nil, false, explainSource(err, r.mapping.From)
	}
	return rows, !full && len(rows) < most, nil
}

// sum is what both sides are compared by.
type sum struct {
	rows     int64
	checksum uint64
}

// sum adds up all rows but those that were refused, whose keys next returns in the
// order in which they were read.
func (r *reader) sum(ctx context.Context, most int, next func(n int) ([]string, error)) (total sum, err error) {
	values, texts := []string{fmt.Sprintf("(t.%s)::text as the_key", quote(r.mapping.Key))}, []string{}
	for _, c := range r.columns {
		if !c.unsummed {
			values = append(values, c.value+" as "+quote(c.name))
			texts = append(texts, "coalesce("+c.canonical+", chr(30))")
		}
	}
	var key *string
	var refused []string
	for {
		if len(refused) < most {
			more, err := next(most - len(refused))
			if err != nil {
				return sum{}, err
			}
			refused = append(refused, more...)
		}
		condition, args := r.after(key)
		args = append(args, refused)
		// A refused row may have values that cannot be read, so they are not
		// looked at.
		found, err := r.source.tx.Query(ctx, fmt.Sprintf(`select c.the_key, case when c.the_key = any ($%d::text[]) then null else concat_ws(chr(31), %s) end
			from (select %s from %s%s order by t.%s limit %d) c`, len(args), strings.Join(texts, ", "),
			strings.Join(values, ", "), r.from, condition, quote(r.mapping.Key), most), args...)
		if err != nil {
			return sum{}, explainSource(err, r.mapping.From)
		}
		n, left := 0, 0
		var last string
		var text *string
		_, err = pgx.ForEachRow(found, []any{&last, &text}, func() error {
			n++
			if text == nil {
				left++
				return nil
			}
			digest := md5.Sum([]byte(*text)) // #nosec G401 -- a checksum of rows, as Postgres makes it, that keeps nobody out
			total.rows++
			total.checksum += binary.BigEndian.Uint64(digest[:8])
			return nil
		})
		if err != nil {
			return sum{}, explainSource(err, r.mapping.From)
		}
		refused = refused[left:]
		if n < most {
			return total, nil
		}
		key = &last
	}
}

// summed returns the names of the columns that are compared.
func (r *reader) summed() (names []string) {
	for _, c := range r.columns {
		if !c.unsummed {
			names = append(names, c.name)
		}
	}
	return names
}

// user returns the source's user of this address as JSON, nil where there is none.
func (r *reader) user(ctx context.Context, email string) ([]byte, error) {
	pairs := []string{}
	for _, c := range r.columns {
		pairs = append(pairs, literal(c.name)+", "+c.value)
	}
	var text string
	err := r.source.tx.QueryRow(ctx, fmt.Sprintf("select json_build_object(%s)::text from %s and %s = lower($1) limit 1",
		strings.Join(pairs, ", "), r.from, word.value(r.mapping.Columns["email"])), email).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return []byte(text), explainSource(err, r.mapping.From)
}

// literal returns a text as SQL has it. It is used for names of our own alone.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// explainSource says what to do about an error of reading.
func explainSource(err error, table string) error {
	if err == nil {
		return nil
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == "42501":
			return fmt.Errorf("the source does not let its user read %s (%s): grant select on it", table, pg.Message)
		case strings.HasPrefix(pg.Code, "42"):
			return fmt.Errorf("an expression or a condition of the mapping for %s is wrong: %s", table, pg.Message)
		case strings.HasPrefix(pg.Code, "22"):
			return fmt.Errorf("an expression of the mapping for %s fails for one of its rows (%s): let it return null, or the text as it is", table, pg.Message)
		}
	}
	return fmt.Errorf("read %s of the source: %w", table, err)
}
