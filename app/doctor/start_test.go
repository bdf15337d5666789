package doctor

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"paddock/app/config"
	"paddock/app/credentials"
	"paddock/sql"
	"paddock/tests/pgtest"
)

// configFor returns a configuration of serve for a database.
func configFor(db *pgtest.DB) config.Config {
	return config.Config{
		Addr: "127.0.0.1:8080", AppURL: db.URL("paddock_app"), WorkerURL: db.URL("paddock_worker"), AuthURL: db.URL("paddock_auth"), ListenURL: db.URL("paddock_worker"),
		AppConns: 2, MasterKeys: credentials.Source{Text: credentials.NewMasterKey(1)}, AuthSecret: "0123456789abcdefghijklmnopqrstuv", BaseURL: "http://localhost:8080",
	}
}

// start runs the checks that serve runs at its start, and returns what is
// logged.
func start(t *testing.T, c config.Config) (logged string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = Start(t.Context(), c, slog.New(slog.NewJSONHandler(&out, nil)))
	return out.String(), err
}

// wantSentence fails unless err is a single line that contains want and no
// password.
func wantSentence(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

// serve refuses logins for which row level security does not hold, an empty
// database, one that is not whole, and one whose tables are open, before it runs
// anything else with them.
func TestStartIsRefused(t *testing.T) {
	db, empty, earlier, half, open := pgtest.New(t), pgtest.Empty(t), pgtest.New(t), pgtest.New(t), pgtest.New(t)
	for statement, of := range map[string]*pgtest.DB{
		"alter table " + sql.VersionTable + " rename to schema_version": earlier,
		"update " + sql.VersionTable + " set version = version - 1":     half,
		"alter table app.alpaca_orders disable row level security":      open,
	} {
		if _, err := of.Conn(t, "admin").Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if logged, err := start(t, configFor(db)); err != nil || logged != "" {
		t.Fatalf("a database as it should be: %v, %s", err, logged)
	}
	for what, tt := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"a superuser":          {func(c *config.Config) { c.AppURL = db.AdminURL }, "is a superuser, which row level security does not hold: use paddock_app"},
		"the owner":            {func(c *config.Config) { c.WorkerURL = db.OwnerURL }, "can become a role that does: use paddock_worker"},
		"another login":        {func(c *config.Config) { c.AuthURL = c.AppURL }, `the login is "paddock_app" where paddock_auth is needed`},
		"swapped":              {func(c *config.Config) { c.AppURL, c.AuthURL = c.AuthURL, c.AppURL }, `the login is "paddock_auth" where paddock_app is needed`},
		"another database":     {func(c *config.Config) { c.AppURL = empty.URL("paddock_app") }, "lead to different databases"},
		"an empty database":    {func(c *config.Config) { *c = configFor(empty) }, "the database is empty: run paddock migrate first"},
		"an earlier one":       {func(c *config.Config) { *c = configFor(earlier) }, "migrate a new, empty database instead"},
		"half migrated":        {func(c *config.Config) { *c = configFor(half) }, ": run paddock migrate first"},
		"a table is open":      {func(c *config.Config) { *c = configFor(open) }, "row level security of app.alpaca_orders is not enabled and forced: run alter table app.alpaca_orders enable row level security"},
		"no URL":               {func(c *config.Config) { c.AppURL = "hunter2://x" }, "the database URL cannot be read: give postgres://"},
		"a wrong password":     {func(c *config.Config) { c.AppURL = strings.Replace(c.AppURL, ":test-", ":hunter2", 1) }, "refuses this user or password: correct PADDOCK_APP_DATABASE_URL"},
		"no master key":        {func(c *config.Config) { c.MasterKeys.Text = "1:hunter2" }, "the key of version 1 is not 32 bytes"},
		"a short secret":       {func(c *config.Config) { c.AuthSecret = "hunter2" }, "BETTER_AUTH_SECRET is too short"},
		"plain http to Alpaca": {func(c *config.Config) { c.LiveURL = "http://alpaca.example" }, "PADDOCK_ALPACA_LIVE_URL must be an https URL"},
	} {
		c := configFor(db)
		tt.change(&c)
		_, err := start(t, c)
		wantSentence(t, what, err, tt.want)
	}
	t.Setenv("APCA_API_KEY_ID", "hunter2")
	_, err := start(t, configFor(db))
	wantSentence(t, "a variable of the SDK's", err, "APCA_API_KEY_ID is set")
}

// A database that is newer than the binary is told of, since it is so while an
// upgrade is under way, and its tables must have row level security as well.
func TestStartOnANewerDatabase(t *testing.T) {
	db := pgtest.New(t)
	admin := db.Conn(t, "admin")
	for _, statement := range []string{"update " + sql.VersionTable + " set version = version + 1", "create table app.newer (account_id uuid)", "alter table app.newer enable row level security, force row level security"} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	logged, err := start(t, configFor(db))
	if err != nil || strings.Count(logged, "\n") != 1 || !strings.Contains(logged, ", and this Paddock knows versions up to ") {
		t.Errorf("%v, %s", err, logged)
	}
	if _, err := admin.Exec(t.Context(), "alter table app.newer no force row level security"); err != nil {
		t.Fatal(err)
	}
	_, err = start(t, configFor(db))
	wantSentence(t, "its new table is open", err, "row level security of app.newer is enabled and not forced")
}

// Settings that make Postgres log values are warned of in one line, also where
// they are one login's alone, and serve starts.
func TestLoggedValuesAreWarnedOf(t *testing.T) {
	own := pgtest.StartOwnWith(t, map[string]string{"log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "0"})
	admin := own.Conn(t, "admin")
	logged := func(change string) string {
		t.Helper()
		if _, err := admin.Exec(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		logged, err := start(t, configFor(own.DB))
		if err != nil {
			t.Fatal(err)
		}
		return logged
	}
	if said := logged("select 1"); said != "" {
		t.Errorf("as Postgres comes, it warns: %s", said)
	}
	if said := logged("alter role paddock_auth set log_statement = 'all'"); strings.Count(said, "\n") != 1 || !strings.Contains(said, `set log_parameter_max_length = 0 for`) {
		t.Errorf("with one login's statements logged it says %q", said)
	}
	if said := logged("alter role paddock_app set log_parameter_max_length_on_error = 100"); strings.Count(said, "\n") != 1 || !strings.Contains(said, "log_parameter_max_length_on_error = 0, log_parameter_max_length = 0") {
		t.Errorf("with another's too it says %q", said)
	}
}
