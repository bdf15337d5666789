package pgtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Standby is a copy of a server as it was when the copy was made.
type Standby struct {
	own    *Own
	data   string // the server's folder
	copied string // the standby's
}

// Standby makes a standby with pg_basebackup. It receives nothing more.
func (o *Own) Standby(t testing.TB) *Standby {
	t.Helper()
	data, err := dataFolder(t.Context(), o.Server.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Standby{own: o, data: data, copied: filepath.Join(filepath.Dir(data), "standby")}
	o.copyTo(t, s.copied)
	return s
}

// TakeOver kills the server and starts the standby in its place, by the same
// URLs. It takes no changes until it is promoted.
func (s *Standby) TakeOver(t testing.TB) {
	t.Helper()
	s.own.Server.Kill()
	if err := os.Rename(s.data, s.data+"-lost"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(s.copied, s.data); err != nil {
		t.Fatal(err)
	}
	if err := s.own.Server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Promote lets the standby take changes.
func (s *Standby) Promote(t testing.TB) {
	t.Helper()
	if err := exec(t.Context(), s.own.Server.AdminURL("postgres"), "select pg_promote()"); err != nil {
		t.Fatal(err)
	}
}
