package backup

import "time"

// format is the version of the backup's own form. A reader takes no other.
const format = 1

// Manifest is what a backup says of itself, in its second line.
type Manifest struct {
	Format  int       `json:"format"`
	MadeAt  time.Time `json:"made_at"` // of the snapshot, in UTC
	Version int32     `json:"version"` // of the migrations that the database was at
	// Server and PgDump are the major versions of Postgres and of pg_dump. What
	// a newer pg_dump writes an older server may not understand.
	Server int     `json:"server"`
	PgDump int     `json:"pg_dump"`
	Keys   []int64 `json:"master_keys"` // versions of the master key that are not retired
	Roles  []Role  `json:"roles"`
	Tables []Table `json:"tables"`
}

// Role is a role that the database names, or that is a member of one that it names.
type Role struct {
	Name       string   `json:"name"`
	Login      bool     `json:"login"`
	Inherits   bool     `json:"inherits"`
	Limit      int      `json:"connection_limit"` // -1: none
	ValidUntil *string  `json:"valid_until"`
	Settings   []string `json:"settings"`  // name=value
	MemberOf   []Member `json:"member_of"` // in the order of their names
	Connects   bool     `json:"connects"`  // was granted CONNECT on the database
	Named      bool     `json:"named"`     // owns something in the database, or is in a grant or policy
	Powers     []string `json:"powers"`    // such as superuser: a restore gives nobody these
	Reports    bool     `json:"reports"`   // a reporting login
	IsOwner    bool     `json:"is_owner"`  // owns the database
}

// Member is a membership of a role.
type Member struct {
	Role     string `json:"role"`
	Admin    bool   `json:"admin"`
	Inherits bool   `json:"inherits"`
	Sets     bool   `json:"sets"` // may SET ROLE
}

// Table is one table or partition as it was in the snapshot.
type Table struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	// Digest is the sum of 60 bits of the SHA-256 of each row's text, so that it
	// does not depend on the rows' order.
	Digest string `json:"digest"`
}

// Rows returns how many rows all tables have.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}
