package reporting_test

import (
	"slices"
	"strings"
	"testing"

	"paddock/app/problem"
	"paddock/app/reporting"
)

// The replica's URL becomes the connection string that is printed, without a
// password. One that is wrong is refused, and not quoted.
func TestReplicaAt(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://replica.example/paddock":                                           "host=replica.example port=5432 dbname=paddock user=r sslmode=verify-full",
		"postgresql://[::1]:6432/paddock?sslmode=require":                              "host=::1 port=6432 dbname=paddock user=r sslmode=require",
		"postgres://replica.example/paddock?sslmode=verify-ca&sslrootcert=/etc/ca.crt": "host=replica.example port=5432 dbname=paddock user=r sslmode=verify-ca sslrootcert=/etc/ca.crt",
		"postgres://somebody@replica.example:5433/paddock?sslmode=verify-full":         "host=replica.example port=5433 dbname=paddock user=r sslmode=verify-full",
	} {
		p, err := reporting.ReplicaAt(url)
		if err != nil || p.ConnString("r") != want || !p.Replica {
			t.Errorf("%s: %q (%v), want %q", url, p.ConnString("r"), err, want)
		}
	}
	for _, url := range []string{"", "replica.example", "host=replica.example dbname=paddock", "http://replica.example/paddock", "postgres://replica.example",
		"postgres:///paddock", "postgres://u:hunter2@replica.example/paddock", "postgres://replica.example/paddock?sslmode=perhaps",
		"postgres://replica.example/paddock?password=hunter2", "postgres://u:hunter2@replica.example:x/paddock"} {
		_, err := reporting.ReplicaAt(url)
		if !problem.Is(err, problem.InvalidReportURL) {
			t.Errorf("%s: %v", url, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the message has the password: %v", url, err)
		}
	}
}

// The lines for pg_hba.conf let logins in by TLS with a password alone, and into
// one database; Postgres reads them without an error, whatever the database's name.
func TestAccessRules(t *testing.T) {
	p, err := reporting.ReplicaAt("postgres://replica.example/paddock")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.AccessRules(); got[0] != "hostssl  paddock  +paddock_report  all  scram-sha-256" || !slices.Equal(got[1:], reporting.RefusalRules()) {
		t.Errorf("%q", got)
	}
	p.TLS = false
	if got := p.AccessRules()[0]; got != "host     paddock  +paddock_report  127.0.0.1/32  scram-sha-256" {
		t.Errorf("without TLS: %q", got)
	}
	p.Database = "all"
	if got := p.AccessRules()[0]; !strings.Contains(got, ` "all" `) {
		t.Errorf("a database named all: %q", got)
	}
}
