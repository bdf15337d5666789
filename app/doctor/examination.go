package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/credentials"
	"paddock/app/tenant"
	"paddock/sql/facts"
)

// examination is what the checks of one run share.
type examination struct {
	Options
	current string   // the name of the check that runs
	logins  []*login // those of serve
	owner   *login   // nil where its URL is not known
	replica *login   // nil where there is no standby
	http    *http.Client

	keys       *credentials.Keyring // see masterKeys
	worker     *tenant.Worker       // see readOnlyWorker
	closers    []func()
	version    int32 // of the database, where it is not older than this binary's
	newer      bool  // it is newer
	found      []facts.Fact
	foundError error
	state      *tenant.DeploymentState
}

// login is one URL, and the connection that it leads to.
type login struct {
	role    string // that it should be; "" where any will do
	setting string // the variable that has the URL
	pool    tenant.PoolConfig
	conn    *pgx.Conn // nil where there is none
	err     error     // why
	pooling tenant.Pooling
}

// lies finds out, once, what lies between here and Postgres.
func (l *login) lies(ctx context.Context) (tenant.Pooling, error) {
	if l.pooling != "" {
		return l.pooling, nil
	}
	pooling, err := tenant.DetectPooling(ctx, l.pool.URL)
	l.pooling = pooling
	return pooling, err
}

// examine connects with each URL that is known.
func examine(ctx context.Context, o Options) *examination {
	c := o.Config
	e := &examination{Options: o, http: &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	listen := "PADDOCK_LISTEN_DATABASE_URL"
	if c.ListenURL == c.WorkerURL {
		listen = "PADDOCK_WORKER_DATABASE_URL"
	}
	e.logins = []*login{
		{role: "paddock_app", setting: "PADDOCK_APP_DATABASE_URL", pool: tenant.PoolConfig{URL: c.AppURL, Name: "paddock doctor", ThroughPooler: c.Pooler}},
		{role: "paddock_worker", setting: "PADDOCK_WORKER_DATABASE_URL", pool: tenant.PoolConfig{URL: c.WorkerURL, Name: "paddock doctor", ThroughPooler: c.Pooler}},
		{role: "paddock_auth", setting: "PADDOCK_AUTH_DATABASE_URL", pool: tenant.PoolConfig{URL: c.AuthURL, Name: "paddock doctor", ThroughPooler: c.Pooler}},
		{role: "paddock_worker", setting: listen, pool: tenant.PoolConfig{URL: c.ListenURL, Name: "paddock doctor", AsyncCommit: true}},
	}
	all := e.logins
	if o.OwnerURL != "" {
		e.owner = &login{setting: "DATABASE_URL", pool: tenant.PoolConfig{URL: o.OwnerURL, Name: "paddock doctor"}}
		all = append(all[:len(all):len(all)], e.owner)
	}
	if c.ReplicaURL != "" {
		e.replica = &login{role: "paddock_app", setting: "PADDOCK_REPLICA_DATABASE_URL", pool: tenant.PoolConfig{URL: c.ReplicaURL, Name: "paddock doctor", ThroughPooler: c.Pooler}}
		all = append(all[:len(all):len(all)], e.replica)
	}
	var connecting sync.WaitGroup
	for _, l := range all {
		if l.pool.URL == "" {
			continue // the configuration says so
		}
		connecting.Go(func() {
			limited, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			if l.conn, l.err = tenant.Connect(limited, l.pool); l.err != nil {
				l.err = tenant.ExplainConnect(l.err)
			}
		})
	}
	connecting.Wait()
	return e
}

func (e *examination) close() {
	for _, l := range e.connected() {
		_ = l.conn.Close(context.Background()) // nothing was changed
	}
	if e.replica != nil && e.replica.conn != nil {
		_ = e.replica.conn.Close(context.Background()) // nothing was changed
	}
	for _, closer := range e.closers {
		closer()
	}
}

// connected returns the logins with a connection, the owner's first and Postgres
// itself before a pooler.
func (e *examination) connected() (list []*login) {
	order := []*login{e.owner, e.logins[3], e.logins[1], e.logins[0], e.logins[2]}
	for _, l := range order {
		if l != nil && l.conn != nil {
			list = append(list, l)
		}
	}
	return list
}

// noConnection is the finding of a check that asks Postgres where that does not
// answer: the check of connections says why.
func noConnection() []Finding {
	return unchecked("", "there is no connection to Postgres")
}

// refused is the finding of a check whose question Postgres did not answer.
func refused(err error) []Finding {
	return unchecked("", "Postgres did not answer: %s", strings.Join(strings.Fields(err.Error()), " "))
}

// readOnlyWorker returns a Worker on which Postgres refuses every change, or nil
// where there is none.
func (e *examination) readOnlyWorker(ctx context.Context) *tenant.Worker {
	if e.worker != nil {
		return e.worker
	}
	l := e.logins[3]
	if l.conn == nil {
		return nil
	}
	// A pooler that shares connections would pass the setting on to others.
	if pooling, err := l.lies(ctx); err != nil || pooling != tenant.Direct && pooling != tenant.PoolsSession {
		return nil
	}
	pool := tenant.PoolConfig{URL: l.pool.URL, Name: l.pool.Name, MaxConns: 1, ReadOnly: true}
	opened, err := tenant.OpenPool(ctx, pool)
	if err != nil {
		return nil
	}
	e.closers = append(e.closers, opened.Close)
	e.worker = tenant.NewWorker(opened, nil)
	return e.worker
}

// mask takes passwords and other secrets of the configuration out of a text. No
// text should have one.
func (e *examination) mask(text string) string {
	c := e.Config
	secrets := []string{c.MasterKeys.Text, c.MasterKeys.Command, c.AuthSecret}
	for _, entry := range strings.Split(c.MasterKeys.Text, ",") {
		_, key, _ := strings.Cut(entry, ":")
		secrets = append(secrets, key)
	}
	for _, text := range []string{c.AppURL, c.WorkerURL, c.AuthURL, c.ListenURL, c.ReplicaURL, e.OwnerURL} {
		secrets = append(secrets, text)
		if u, err := url.Parse(text); err == nil {
			password, _ := u.User.Password()
			secrets = append(secrets, password)
		}
		if parsed, err := pgconn.ParseConfig(text); err == nil {
			secrets = append(secrets, parsed.Password)
		}
	}
	for _, secret := range secrets {
		if len(secret) >= 6 { // a shorter one may be a part of any word
			text = strings.ReplaceAll(text, secret, "[REDACTED]")
		}
	}
	return text
}

// each looks at each of these logins. One without a connection is not checked.
func (e *examination) each(logins []*login, look func(*login) ([]Finding, error)) (found []Finding) {
	var without []string
	for _, l := range logins {
		if l.conn == nil {
			without = append(without, l.setting)
			continue
		}
		f, err := look(l)
		if err != nil {
			f = refused(err)
		}
		found = append(found, f...)
	}
	if len(without) == len(logins) {
		return noConnection()
	}
	for _, setting := range unique(without) {
		found = append(found, unchecked("", "there is no connection by %s", setting)...)
	}
	return found
}
