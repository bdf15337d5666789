package tenant

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ExplainConnect describes a failed connection in one sentence, without the
// URL, which may hold a password.
func ExplainConnect(err error) error {
	var pg *pgconn.PgError
	var op *net.OpError
	var dns *net.DNSError
	var parse *pgconn.ParseConfigError
	switch {
	case errors.As(err, &parse):
		return errors.New("the database URL cannot be read: give postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	case errors.As(err, &pg) && (pg.Code == "28P01" || pg.Code == "28000"):
		return errors.New("the database refuses this user or password")
	case errors.As(err, &pg) && pg.Code == "3D000":
		return errors.New("the database server has no database of this name")
	case errors.As(err, &pg) && pg.Code == "08P01" && strings.Contains(pg.Message, "startup parameter"):
		return errors.New("a pooler lies between Paddock and Postgres and refuses the settings of a session: set PADDOCK_DATABASE_POOLER=transaction if it is in transaction mode, or connect to Postgres itself")
	case errors.As(err, &dns):
		return fmt.Errorf("the database server's name %s cannot be found", dns.Name)
	case errors.As(err, &op) && op.Addr != nil:
		return fmt.Errorf("the database server cannot be reached at %v", op.Addr)
	}
	// pgx writes each address that it tried on its own line.
	return errors.New("connect to the database: " + strings.Join(strings.Fields(err.Error()), " "))
}
