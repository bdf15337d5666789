package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Mapping says where the rows of an import come from and to whom they go. It is
// kept in a JSON file, which a person reads and changes.
type Mapping struct {
	Owner       string                   `json:"owner"`       // email address of the user who owns the account
	Account     string                   `json:"account"`     // name of the account; it is made where the owner has none of that name
	Environment string                   `json:"environment"` // paper or live
	Schema      string                   `json:"schema"`      // of the source's tables
	TimeZone    string                   `json:"time_zone"`   // of the source's times that have none
	Tables      map[string]*TableMapping `json:"tables"`      // by the names of Paddock's tables
}

// TableMapping says what becomes of one of Paddock's tables.
type TableMapping struct {
	From    string            `json:"from"`            // the source's table; "" where it has none
	Key     string            `json:"key"`             // a column with a value of its own in each row: rows are read in its order
	Where   string            `json:"where,omitempty"` // an SQL condition, for some of its rows alone
	Columns map[string]string `json:"columns"`         // Paddock's column: the source's, or "=" and an SQL expression; "" for none
}

// ReadMapping reads a mapping from a file. Its errors say what to change.
func ReadMapping(file string) (*Mapping, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the mapping: %w", err)
	}
	var m Mapping
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("the mapping %s cannot be read: %w", file, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("the mapping %s: %w", file, err)
	}
	return &m, nil
}

// Write writes the mapping to a file that must not exist yet.
func (m *Mapping) Write(file string) error {
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the mapping: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the mapping: %w", err)
	}
	if _, err := f.Write(append(content, '\n')); err != nil {
		return errors.Join(fmt.Errorf("write the mapping: %w", err), f.Close())
	}
	return f.Close()
}

// check reports everything that is wrong with the mapping by itself.
func (m *Mapping) check() error {
	var wrong []error
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if !strings.Contains(m.Owner, "@") {
		fail(`"owner" is not an email address: name the user who owns the account`)
	}
	if m.Account == "" || m.Account != strings.TrimSpace(m.Account) || len([]rune(m.Account)) > 80 {
		fail(`"account" must be a name of 1 to 80 characters, without spaces around it`)
	}
	if m.Environment != "paper" && m.Environment != "live" {
		fail(`"environment" must be paper or live`)
	}
	if m.Schema == "" {
		fail(`"schema" is missing: it is "public" unless the tables are elsewhere`)
	}
	if _, err := time.LoadLocation(m.TimeZone); err != nil || m.TimeZone == "" || m.TimeZone == "Local" {
		fail(`"time_zone" must be one such as UTC or America/New_York`)
	}
	for name, tm := range m.Tables {
		t, ok := tableNamed(name)
		if !ok {
			fail("Paddock has no table %q that an import can fill", name)
			continue
		}
		if tm == nil || tm.From == "" {
			continue
		}
		if tm.Key == "" {
			fail(`%s has no "key": name a column that has a value of its own in each row`, name)
		}
		for c := range tm.Columns {
			if _, ok := t.column(c); !ok {
				fail("%s has no column %q that an import can fill", name, c)
			}
		}
		for _, need := range t.needs {
			if tm.Columns[need] == "" && !(need == "created_at" && tm.Columns["submitted_at"] != "") {
				fail("%s needs %q: name the source's column, or an expression", name, need)
			}
		}
	}
	return errors.Join(wrong...)
}

// moved returns the tables that the mapping moves, in their order.
func (m *Mapping) moved() (names []string) {
	for _, t := range tables {
		if tm := m.Tables[t.name]; tm != nil && tm.From != "" {
			names = append(names, t.name)
		}
	}
	return names
}

// guess names, for each of Paddock's columns, the column of a source's table that
// has its name or one that it often has. No column is named twice. It returns the
// source's columns that are left over.
func (t table) guess(have []string) (columns map[string]string, left []string) {
	columns = map[string]string{}
	used := map[string]bool{}
	take := func(c column, name string) {
		for _, h := range have {
			if columns[c.name] == "" && !used[h] && strings.EqualFold(plain(h), plain(name)) {
				columns[c.name], used[h] = h, true
			}
		}
	}
	for _, c := range t.columns {
		columns[c.name] = ""
		take(c, c.name)
	}
	// The other names come second, so that none takes a column which has the name
	// of another of Paddock's.
	for _, c := range t.columns {
		for _, other := range c.others {
			take(c, other)
		}
	}
	for _, h := range have {
		if !used[h] {
			left = append(left, h)
		}
	}
	slices.Sort(left)
	return columns, left
}

// plain is a name without what sets snake_case apart from camelCase.
func plain(name string) string { return strings.ReplaceAll(name, "_", "") }
