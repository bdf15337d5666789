package reporting

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
)

// Place is the server that reporting logins connect to: a replica where there is
// one for reports, else the primary. Roles belong to the whole cluster, so a login
// that is made on the primary is on its replicas a moment later.
type Place struct {
	Host     string
	Port     int
	Database string
	SSLMode  string // as libpq has it; "" leaves it to the client
	RootCert string // the file of the authority that signed the server's certificate; ""
	TLS      bool   // the server has TLS switched on
	Replica  bool
}

// ReplicaAt returns the place that a URL names, as in PADDOCK_REPORT_URL:
// postgres://replica.example:5432/paddock?sslmode=verify-full. Without an sslmode
// it is verify-full, and the certificate is then checked against those that the
// client's machine trusts. It ends with invalid_report_url, also for a URL with a
// password, which has no use there.
func ReplicaAt(text string) (Place, error) {
	fail := func(why string) (Place, error) {
		return Place{}, problem.New(problem.InvalidReportURL, "PADDOCK_REPORT_URL %s. Give the replica's address, such as postgres://replica.example:5432/paddock?sslmode=verify-full.", why)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Hostname() == "" {
		return fail("is no URL of a Postgres") // without err, which quotes the URL
	}
	if _, has := u.User.Password(); has {
		return fail("has a password, which nothing here needs: take it out")
	}
	p := Place{Host: u.Hostname(), Port: 5432, Database: strings.TrimPrefix(u.Path, "/"), SSLMode: "verify-full", TLS: true, Replica: true}
	if p.Database == "" {
		return fail("names no database")
	}
	if port := u.Port(); port != "" {
		p.Port, _ = strconv.Atoi(port) // url.Parse takes digits alone
	}
	for name, values := range u.Query() {
		switch name {
		case "sslmode":
			p.SSLMode = values[0]
			p.TLS = p.SSLMode != "disable"
		case "sslrootcert":
		default:
			return fail(fmt.Sprintf("has %q, and only sslmode and sslrootcert may be in it", name))
		}
	}
	if file := u.Query().Get("sslrootcert"); file != "" {
		p.RootCert = file
	}
	if !sslModes[p.SSLMode] {
		return fail("has an sslmode that there is not")
	}
	return p, nil
}

var sslModes = map[string]bool{"disable": true, "allow": true, "prefer": true, "require": true, "verify-ca": true, "verify-full": true}

// PrimaryOf returns the server that conn is connected to.
func PrimaryOf(ctx context.Context, conn *pgx.Conn) (Place, error) {
	c := conn.Config()
	p := Place{Host: c.Host, Port: int(c.Port), Database: c.Database}
	if err := conn.QueryRow(ctx, "select current_setting('ssl') = 'on'").Scan(&p.TLS); err != nil {
		return p, fmt.Errorf("ask whether the server has TLS: %w", err)
	}
	if p.TLS {
		p.SSLMode = "require"
		if mode, file := tlsOf(c.ConnString()); mode == "verify-full" || mode == "verify-ca" {
			p.SSLMode, p.RootCert = mode, file
		}
	}
	return p, nil
}

// tlsOf returns sslmode and sslrootcert of a connection URL; "" where it has none.
func tlsOf(connString string) (mode, rootCert string) {
	if _, err := pgconn.ParseConfig(connString); err != nil {
		return "", ""
	}
	u, err := url.Parse(connString)
	if err != nil {
		return "", "" // it is of the form "host=… dbname=…"
	}
	return u.Query().Get("sslmode"), u.Query().Get("sslrootcert")
}

// ConnString returns libpq's connection string for a login, without a password.
func (p Place) ConnString(login string) string {
	text := fmt.Sprintf("host=%s port=%d dbname=%s user=%s", p.Host, p.Port, p.Database, login)
	if p.SSLMode != "" {
		text += " sslmode=" + p.SSLMode
	}
	if p.RootCert != "" {
		text += " sslrootcert=" + p.RootCert
	}
	return text
}

// AccessRules returns the lines of pg_hba.conf that let reporting logins into this
// place alone, and no nearer: by TLS, with their password, and into this database.
// Where the server has no TLS, only programs of its own machine may connect.
func (p Place) AccessRules() []string {
	kind, from := "hostssl", "all"
	if !p.TLS {
		kind, from = "host", "127.0.0.1/32"
	}
	return append([]string{fmt.Sprintf("%-8s %s  +paddock_report  %s  scram-sha-256", kind, hbaName(p.Database), from)}, RefusalRules()...)
}

// RefusalRules returns the lines of pg_hba.conf that keep reporting logins out: of
// the primary, where they have a replica.
func RefusalRules() []string {
	return []string{"host     all  +paddock_report  all  reject", "local    all  +paddock_report  reject"}
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// hbaName quotes a database's name where pg_hba.conf would read it otherwise, such
// as all or replication.
func hbaName(name string) string {
	switch {
	case name == "all", name == "sameuser", name == "samerole", name == "samegroup", name == "replication", !plainName.MatchString(name):
		return `"` + name + `"`
	}
	return name
}
