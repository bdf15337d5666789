package doctor

import (
	"testing"

	"paddock/app/config"
	"paddock/tests/bouncer"
	"paddock/tests/pgtest"
)

// serve refuses a pooler over which transactions, settings or notifications
// would be lost, before it answers any request, and says what to do.
func TestPoolersAreChecked(t *testing.T) {
	const settings = "search_path,timezone,datestyle,client_encoding,plan_cache_mode,synchronous_commit"
	for what, tt := range map[string]struct {
		mode, ignored string
		change        func(c *config.Config, direct config.Config)
		statement     string // run before, as the owner
		want          string // "" where it is accepted
	}{
		"transaction mode, as docs/operations.md says": {mode: "transaction", change: func(c *config.Config, direct config.Config) {
			c.Pooler, c.ListenURL = true, direct.WorkerURL
		}},
		"transaction mode, without the setting": {mode: "transaction", ignored: settings, change: func(c *config.Config, direct config.Config) {
			c.ListenURL = direct.WorkerURL
		}, want: "set PADDOCK_DATABASE_POOLER=transaction"},
		"LISTEN through transaction mode": {mode: "transaction", ignored: settings, change: func(c *config.Config, _ config.Config) {
			c.Pooler = true
		}, want: "let PADDOCK_LISTEN_DATABASE_URL lead to Postgres itself"},
		"one login through the pooler by mistake": {mode: "transaction", ignored: settings, change: func(c *config.Config, direct config.Config) {
			auth := c.AuthURL
			*c = direct
			c.AuthURL = auth
		}, want: "the database URL of paddock_auth leads to a pooler in transaction mode"},
		"statement mode": {mode: "statement", change: func(c *config.Config, direct config.Config) {
			c.Pooler, c.ListenURL = true, direct.WorkerURL
		}, want: "statement mode, which takes transactions apart"},
		"session mode that refuses settings": {mode: "session", change: func(*config.Config, config.Config) {},
			want: "refuses the settings of a session"},
		"session mode that drops settings": {mode: "session", ignored: settings, change: func(*config.Config, config.Config) {}},
		"a login without its settings": {mode: "transaction", change: func(c *config.Config, direct config.Config) {
			c.Pooler, c.ListenURL = true, direct.WorkerURL
		}, statement: "alter role paddock_worker in database %I set search_path = 'app'",
			want: "run alter role paddock_worker set search_path = 'pg_catalog';"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			if tt.statement != "" {
				if _, err := db.Conn(t, "admin").Exec(t.Context(), "do $do$ begin execute format($$"+tt.statement+"$$, current_database()); end $do$"); err != nil {
					t.Fatal(err)
				}
			}
			direct := configFor(db)
			b := bouncer.Start(t, bouncer.Options{Mode: tt.mode, URLs: []string{direct.AppURL, direct.WorkerURL, direct.AuthURL}, IgnoredParameters: tt.ignored, Connections: 10})
			c := direct
			c.AppURL, c.WorkerURL, c.ListenURL, c.AuthURL = b.URL(direct.AppURL), b.URL(direct.WorkerURL), b.URL(direct.WorkerURL), b.URL(direct.AuthURL)
			tt.change(&c, direct)
			_, err := start(t, c)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantSentence(t, what, err, tt.want)
		})
	}
}
