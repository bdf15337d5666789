package doctor

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
)

// checkTLS looks at the connections as they are: whether they are encrypted, and
// whether the server had to prove its name, without which anybody in between
// could pass for it.
func checkTLS(_ context.Context, e *examination) []Finding {
	all := e.logins
	if e.owner != nil {
		all = append(all[:len(all):len(all)], e.owner)
	}
	if e.replica != nil {
		all = append(all[:len(all):len(all)], e.replica)
	}
	return e.each(all, func(l *login) ([]Finding, error) {
		socket := l.conn.PgConn().Conn()
		_, encrypted := socket.(*tls.Conn)
		return judgeConnection(l.setting, socket.RemoteAddr(), encrypted, l.conn.Config().TLSConfig), nil
	})
}

// judgeConnection judges one connection, with the configuration of TLS that it
// was made with.
func judgeConnection(setting string, remote net.Addr, encrypted bool, config *tls.Config) []Finding {
	switch {
	case isThisMachine(remote):
	case !encrypted:
		return []Finding{failure("add sslmode=verify-full to "+setting+", and let the server use TLS", "the connection of %s to Postgres on another machine is not encrypted", setting)}
	case config == nil || config.InsecureSkipVerify && config.VerifyPeerCertificate == nil && config.VerifyConnection == nil:
		return []Finding{warning("add sslmode=verify-full to "+setting+", with sslrootcert where the certificate is not of a public authority",
			"the connection of %s to Postgres is encrypted, and the server's certificate is not checked: who can get in between can read along", setting)}
	}
	return nil
}

// isThisMachine reports whether an address is a local socket's or a loopback
// one.
func isThisMachine(addr net.Addr) bool {
	if addr == nil || addr.Network() == "unix" {
		return true
	}
	at, err := netip.ParseAddrPort(addr.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}
