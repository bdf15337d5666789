package system

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// The backup of docs/operations.md holds no key of the seal, no session and no
// name of the doorbell's channel. Restored as the page says, it serves: people
// sign in again, and their stored keys open.
func TestTheDocumentedBackup(t *testing.T) {
	w := newWorld(t)
	folder := w.commands()
	w.start()
	ada := w.signUp("ada")
	a := ada.connect("one", w.seeds[0])
	a.mustBuy("AAPL", 1)
	w.settle([]*account{a})
	admin := w.postgres.Conn(t, "admin")
	if _, err := admin.Exec(t.Context(), `insert into auth.verification (id, identifier, value, "expiresAt") values ('v', 'ada@example.com', 'a-value-that-resets-a-password', now() + interval '1 hour')`); err != nil {
		t.Fatal(err)
	}
	secrets := w.databaseSecrets(admin)
	secrets["API key"], secrets["API secret"], secrets["master key"] = a.seed.KeyID, a.seed.SecretKey, w.masterKey

	const password = "of-the-backup-alone"
	role := strings.ReplaceAll(documented(t, "sql", "create role paddock_backup"), "database paddock ", "database "+w.postgres.Name+" ")
	for _, statement := range []string{role, "alter role paddock_backup password '" + password + "'"} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	backup := documented(t, "sh", "pg_dump")
	from := "BACKUP_URL=" + asRole(t, w.postgres.AdminURL, "paddock_backup", password)
	run(t, folder, backup, from)
	for what, secret := range secrets {
		if contains(t, folder, secret) {
			t.Errorf("%s is in the backup", what)
		}
	}
	// A dump of everything has what the command leaves out: the search finds it.
	run(t, folder, "mv paddock.dump kept; "+regexp.MustCompile(`--exclude-table-data=\S+`).ReplaceAllString(backup, ""), from)
	for what, secret := range secrets {
		encrypted := strings.HasPrefix(what, "API ") || what == "master key"
		if contains(t, folder, secret) == encrypted {
			t.Errorf("%s in a dump of everything: %v", what, !encrypted)
		}
	}
	w.stop()

	restored := w.postgres.Name + "_restored"
	if _, err := admin.Exec(t.Context(), "create database "+restored+" owner paddock_migrator"); err != nil {
		t.Fatal(err)
	}
	w.postgres.DB = &pgtest.DB{Name: restored, AdminURL: onDatabase(t, w.postgres.AdminURL, restored), OwnerURL: onDatabase(t, w.postgres.OwnerURL, restored)}
	run(t, folder, "mv kept paddock.dump; "+documented(t, "sh", "pg_restore"), "RESTORE_URL="+w.postgres.AdminURL, "DATABASE_URL="+w.postgres.OwnerURL)
	if now := w.databaseSecrets(w.postgres.Conn(t, "admin")); now["seal 0, inner"] == "" || now["seal 0, inner"] == secrets["seal 0, inner"] {
		t.Error("the restored database has no key of the seal of its own")
	}
	w.start()
	if r := ada.call("GET", "/api/accounts", "", nil); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("a session from before the restore: %d", r.StatusCode)
	}
	a.user = w.signIn("ada")
	if r := a.buy("MSFT", 2, "after-the-restore"); r.StatusCode != http.StatusCreated && r.StatusCode != http.StatusAccepted {
		t.Errorf("an order after the restore: %d", r.StatusCode)
	}
	w.settle([]*account{a})
	if now := w.databaseSecrets(w.postgres.Conn(t, "admin")); now["doorbell"] == "" || now["doorbell"] == secrets["doorbell"] {
		t.Error("the restored database's doorbell has no name of its own")
	}
}

// A restored database serves without migrate too: serve makes the key of the
// seal by itself.
func TestServeMakesWhatABackupLeavesOut(t *testing.T) {
	w := newWorld(t)
	admin := w.postgres.Conn(t, "admin")
	for _, table := range []string{"private.seal_keys", "private.doorbell"} {
		if _, err := admin.Exec(t.Context(), "delete from "+table); err != nil {
			t.Fatal(err)
		}
	}
	w.start()
	a := w.signUp("ada").connect("one", w.seeds[0])
	a.mustBuy("AAPL", 1)
	w.settle([]*account{a})
}

// databaseSecrets returns what a database holds that opens something by itself.
func (w *world) databaseSecrets(admin *pgx.Conn) map[string]string {
	w.t.Helper()
	rows, err := admin.Query(w.t.Context(), `select format('seal %s, inner', row_number() over (order by id) - 1), encode(inner_pad, 'hex') from private.seal_keys
		union all select format('seal %s, outer', row_number() over (order by id) - 1), encode(outer_pad, 'hex') from private.seal_keys
		union all select 'doorbell', channel from private.doorbell
		union all select format('session of %s', "userId"), token from auth.session
		union all select 'verification', value from auth.verification`)
	if err != nil {
		w.t.Fatal(err)
	}
	found := map[string]string{}
	var what, secret string
	if _, err := pgx.ForEachRow(rows, []any{&what, &secret}, func() error { found[what] = secret; return nil }); err != nil {
		w.t.Fatal(err)
	}
	return found
}

// commands makes a folder in which documented commands run, with Postgres' own
// programs and the binary in PATH.
func (w *world) commands() string {
	w.t.Helper()
	folder := w.t.TempDir()
	if err := os.Symlink(program.Binary(w.t), filepath.Join(folder, "paddock")); err != nil {
		w.t.Fatal(err)
	}
	programs := filepath.Dir(w.pgDump())
	if _, err := os.Stat(w.pgDump()); err != nil {
		program.Missing(w.t, "there is no pg_dump beside the server", "install Postgres' client programs")
	}
	w.t.Setenv("PATH", folder+":"+programs+":"+os.Getenv("PATH"))
	return folder
}

// documented returns the one block of docs/operations.md in a language that
// contains a text.
func documented(t *testing.T, language, part string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, block := range regexp.MustCompile("(?ms)^\\s*```"+language+"\n(.*?)^\\s*```$").FindAllStringSubmatch(string(page), -1) {
		if strings.Contains(block[1], part) {
			found = append(found, block[1])
		}
	}
	if len(found) != 1 {
		t.Fatalf("docs/operations.md has %d blocks with %q", len(found), part)
	}
	return found[0]
}

func run(t *testing.T, folder, script string, environment ...string) {
	t.Helper()
	cmd := exec.Command("bash", "-e", "-c", script)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, out)
	}
}

// contains reports whether the folder's paddock.dump contains a text.
func contains(t *testing.T, folder, text string) bool {
	t.Helper()
	cmd := exec.Command("pg_restore", "--file=-", "paddock.dump")
	cmd.Dir = folder
	dump, err := cmd.Output()
	if err != nil || !bytes.Contains(dump, []byte("COPY private.user_credentials")) {
		t.Fatalf("the dump is not whole (%v)", err)
	}
	return bytes.Contains(dump, []byte(text))
}

func asRole(t *testing.T, text, role, password string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}

func onDatabase(t *testing.T, text, name string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
