package system

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"paddock/app/backup"
	"paddock/app/doctor"
	"paddock/app/pgdev"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// The backup of docs/operations.md holds no key of the seal, no session and no
// name of the doorbell's channel, and nothing of it can be read without its key. It is
// made while orders go on. Restored as the page says, on a server that has nothing of
// Paddock's, it serves: people sign in again by their passwords, their stored keys
// open, and they trade. The reporting login sees its account again.
func TestTheDocumentedBackup(t *testing.T) {
	w := newWorld(t)
	folder := w.commands()
	w.start()
	ada := w.signUp("ada")
	a := ada.connect("one", w.seeds[0])
	a.mustBuy("AAPL", 1)
	w.settle([]*account{a})
	w.reportLogin("grafana", a)
	admin := w.postgres.Conn(t, "admin")
	for _, statement := range []string{
		`insert into auth.verification (id, identifier, value, "expiresAt") values ('v', 'ada@example.com', 'a-value-that-resets-a-password', now() + interval '1 hour')`,
		`insert into auth.second_factor_uses (user_id, used_in) select id, '4000000000' from auth."user"`,
		`create role watcher login createdb in role paddock_report`,
	} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
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
	from := "BACKUP_URL=" + asRole(t, w.postgres.AdminURL, "paddock_backup", password)
	run(t, folder, documented(t, "sh", "backup new-key"))
	ctx, stop := context.WithCancel(t.Context())
	buying := make(chan struct{})
	go func() {
		defer close(buying)
		for ctx.Err() == nil {
			a.mustBuy("AAPL", 1)
		}
	}()
	run(t, folder, `RECIPIENT=$(sed -n 's/.*public key: //p' backup.key)`+"\n"+documented(t, "sh", "--recipient"), from)
	stop()
	<-buying
	whole, dump := script(t, folder), output(t, folder, `pg_dump "$BACKUP_URL"`, from)
	for what, secret := range secrets {
		if strings.Contains(whole, secret) {
			t.Errorf("%s is in the backup", what)
		}
		// A dump of everything has what the backup leaves out: the search finds it.
		if encrypted := strings.HasPrefix(what, "API ") || what == "master key"; strings.Contains(dump, secret) == encrypted {
			t.Errorf("%s in a dump of everything: %v", what, !encrypted)
		}
	}
	if !strings.Contains(whole, "ada@example.com") || strings.Contains(output(t, folder, "cat paddock-*.age"), "COPY") {
		t.Error("the backup has no rows, or shows them without its key")
	}
	if strings.Contains(whole, "SCRAM-SHA-256") {
		t.Error("the backup has a verifier of a password")
	}
	w.settle([]*account{a})
	w.stop()

	w.postgres = pgtest.StartBare(t)
	restored := output(t, folder, documented(t, "sh", "paddock restore paddock-"), "RESTORE_URL="+w.postgres.AdminURL)
	for _, told := range []string{"paddock_app, paddock_auth, paddock_worker", "paddock report rotate NAME: grafana.", "The role paddock_backup was not made, since it was bypassrls", "The role watcher was not made, since it was createdb", "version 1"} {
		if !strings.Contains(restored, told) {
			t.Errorf("it does not say %q:\n%s", told, restored)
		}
	}
	admin = w.postgres.Conn(t, "admin")
	if now := w.databaseSecrets(admin); now["seal 0, inner"] == "" || now["seal 0, inner"] == secrets["seal 0, inner"] {
		t.Error("the restored database has no key of the seal of its own")
	}
	var uses, verifiers int
	if err := admin.QueryRow(t.Context(), `select (select count(*) from auth.second_factor_uses where used_in <> '0'),
		(select count(*) from pg_authid where rolname like 'paddock%' and rolname <> 'paddock_migrator' and rolpassword is not null)`).Scan(&uses, &verifiers); err != nil || uses != 0 || verifiers != 0 {
		t.Errorf("%d uses of a second factor are of the old server's transactions, and %d roles have passwords (%v)", uses, verifiers, err)
	}
	for _, login := range []string{"paddock_app", "paddock_worker", "paddock_auth"} {
		u, err := url.Parse(w.postgres.URL(login))
		if err != nil {
			t.Fatal(err)
		}
		given, _ := u.User.Password()
		if err := pgdev.GivePassword(t.Context(), admin, login, given); err != nil {
			t.Fatal(err)
		}
	}
	w.command("migrate")
	w.start()
	if r := ada.call("GET", "/api/accounts", "", nil); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("a session from before the restore: %d", r.StatusCode)
	}
	a.user = w.signIn("ada")
	if r := a.buy("MSFT", 2, "after-the-restore"); r.StatusCode != http.StatusCreated && r.StatusCode != http.StatusAccepted {
		t.Errorf("an order after the restore: %d", r.StatusCode)
	}
	w.settle([]*account{a}) // those of after the backup too
	if now := w.databaseSecrets(admin); now["doorbell"] == "" || now["doorbell"] == secrets["doorbell"] {
		t.Error("the restored database's doorbell has no name of its own")
	}
	if sees := w.command("report", "list"); !regexp.MustCompile(`grafana .*` + a.id).MatchString(sees) {
		t.Errorf("the reporting login does not see its account:\n%s", sees)
	}
	w.sql("set session authorization grafana; do $$ begin if (select count(*) from report.orders) = 0 then raise 'none'; end if; end $$")
	w.findsNoDrift()
}

// findsNoDrift fails the test where paddock doctor finds a restored database to
// differ from what the migrations make.
func (w *world) findsNoDrift() {
	w.t.Helper()
	var report struct{ Findings []doctor.Finding }
	cmd := exec.Command(w.binary, "doctor", "--json")
	cmd.Env = append(w.process.Env, "DATABASE_URL="+w.postgres.AdminURL)
	out, _ := cmd.Output() // its code says that there are findings, such as of the simulated broker
	if err := json.Unmarshal(out, &report); err != nil {
		w.t.Fatalf("doctor prints %s (%v)", out, err)
	}
	for _, f := range report.Findings {
		switch f.Check {
		case "policies", "grants", "functions", "roles", "objects", "row_security", "migrations", "logins", "reporting_logins", "seal_key", "event_log":
			if f.Status != doctor.OK {
				w.t.Errorf("doctor says of the restored database: %s: %s %s", f.Check, f.Says, f.Object)
			}
		}
	}
}

// A backup can be restored without Paddock, by the programs that docs/operations.md
// names. What is in it checks itself: where a row is missing, nothing is restored.
func TestABackupIsRestoredByHand(t *testing.T) {
	if _, err := exec.LookPath("age"); err != nil {
		program.Missing(t, "there is no age", "install it (Debian: age)")
	}
	w := newWorld(t)
	folder := w.commands()
	w.sql(`insert into auth."user" (id, name, email, "emailVerified") values ('u', 'it''s $$ \ :x', 'u@example.com', false)`)
	run(t, folder, `paddock backup new-key > backup.key; chmod 600 backup.key
		paddock backup --recipient "$(sed -n 's/.*public key: //p' backup.key)" --output paddock-1.age`, "DATABASE_URL="+w.postgres.AdminURL)
	byHand := documented(t, "sh", "age --decrypt")
	users := func(target *pgtest.Own) (n int) {
		t.Helper()
		if err := target.Conn(t, "admin").QueryRow(t.Context(), `select case when to_regclass('auth."user"') is null then -1 else (xpath('/row/n/text()', query_to_xml('select count(*) as n from auth."user"', false, true, '')))[1]::text::integer end`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	target := pgtest.StartBare(t)
	lossy := strings.Replace(byHand, "| psql", `| grep -v u@example.com | psql`, 1)
	if lossy == byHand {
		t.Fatal("the documented command is another")
	}
	cmd := exec.Command("bash", "-c", lossy)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "RESTORE_URL="+target.AdminURL)
	if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), "the table auth.user differs from the backup: it has 0 rows") || users(target) != -1 {
		t.Errorf("a row is missing, and it says %s", out)
	}
	run(t, folder, byHand, "RESTORE_URL="+target.AdminURL)
	if n := users(target); n != 1 {
		t.Errorf("%d users were restored", n)
	}
}

// A restore that is refused says in one sentence why, and changes nothing: no role,
// no schema. A backup that is refused leaves no file.
func TestRefusedRestoresChangeNothing(t *testing.T) {
	w := newWorld(t)
	folder := w.commands()
	target := pgtest.StartBare(t)
	inserted := `insert into auth."user" (id, name, email, "emailVerified") select i, i, i || '@example.com', false from generate_series(1, 20000) i`
	w.sql(inserted)
	run(t, folder, `paddock backup new-key > backup.key; paddock backup new-key > other.key; chmod 600 *.key
		paddock backup --recipient "$(sed -n 's/.*public key: //p' backup.key)" --output whole.age
		paddock restore whole.age --identity backup.key --check
		size=$(stat -c %s whole.age)
		head -c $((size / 2)) whole.age > half.age
		head -c $((size - 1)) whole.age > nearly.age
		head -c 65800 whole.age > first.age    # ends between two of age's chunks, or nearly
		cp whole.age altered.age; printf x | dd of=altered.age bs=1 seek=$((size / 2)) conv=notrunc status=none
		echo 'select 1' > foreign.age; cp foreign.age foreign.key; chmod 600 foreign.key; : > empty.age
		mkfifo pipe.age
		mkdir old; printf '#!/bin/sh\necho "psql (PostgreSQL) 9.6.1"\n' > old/psql; printf '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.1"\n' > old/pg_dump; chmod +x old/*
		cp backup.key shared.key; chmod 644 shared.key`, "DATABASE_URL="+w.postgres.AdminURL)
	state := func() (text string) {
		t.Helper()
		if err := target.Conn(t, "admin").QueryRow(t.Context(), `select (select string_agg(rolname, ' ' order by rolname) from pg_roles) || (select string_agg(nspname, ' ' order by nspname) from pg_namespace)`).Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := state()
	refused := func(command, want string, environment ...string) {
		t.Helper()
		cmd := exec.Command("bash", "-c", command)
		cmd.Dir, cmd.Env = folder, append(os.Environ(), append([]string{"DATABASE_URL=" + target.AdminURL}, environment...)...)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) || strings.Count(string(out), "\n") != 1 {
			t.Errorf("%s: %v, and it says %s", command, err, out)
		}
		if now := state(); now != before {
			t.Errorf("%s changed something: %s, before %s", command, now, before)
		}
	}
	for file, want := range map[string]string{
		"half.age": "truncated or was altered", "nearly.age": "truncated or was altered", "first.age": "truncated or was altered", "altered.age": "truncated or was altered",
		"foreign.age": "no backup that paddock backup wrote", "empty.age": "no backup that paddock backup wrote", "pipe.age": "is not a file", "missing.age": "cannot be read",
	} {
		refused("paddock restore "+file+" --identity backup.key", want)
		refused("paddock restore "+file+" --identity backup.key --check", want)
	}
	refused("paddock restore whole.age --identity other.key", "encrypted for another key")
	refused("paddock restore whole.age --identity shared.key", "run chmod 600 on it")
	refused("paddock restore whole.age --identity foreign.key", "none of age's identities")
	refused("paddock restore whole.age", "--identity is not given")
	refused("paddock restore whole.age --identity backup.key --postgres-bin old", "too old")
	refused("paddock restore whole.age --identity backup.key --postgres-bin nowhere", "there is no psql in nowhere")
	refused("paddock restore whole.age --identity backup.key", "no superuser", "DATABASE_URL="+target.OwnerURL)
	refused("paddock restore whole.age --identity backup.key", "not empty", "DATABASE_URL="+w.postgres.AdminURL)

	from := "DATABASE_URL=" + w.postgres.AdminURL
	to := ` --recipient "$(sed -n 's/.*public key: //p' backup.key)" --output new.age`
	refused("paddock backup"+to, "row level security holds the role", "DATABASE_URL="+w.postgres.OwnerURL)
	refused("paddock backup"+to, "no database of Paddock's", "DATABASE_URL="+target.AdminURL)
	refused("paddock backup --output new.age", "nobody is named", from)
	refused("paddock backup --output new.age --recipient hello", "not one of age's", from)
	refused("paddock backup --postgres-bin old"+to, "too old", from)
	refused("paddock backup --postgres-bin nowhere"+to, "there is no pg_dump in nowhere", from)
	refused("paddock backup"+strings.Replace(to, "new.age", "whole.age", 1), "is there already", from)
	refused("paddock backup"+strings.Replace(to, "new.age", "nowhere/new.age", 1), "cannot be written", from)
	if left, err := filepath.Glob(filepath.Join(folder, "new.age*")); err != nil || left != nil {
		t.Errorf("a backup that failed left %v (%v)", left, err)
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

// output runs a script and returns what it prints.
func output(t *testing.T, folder, script string, environment ...string) string {
	t.Helper()
	cmd := exec.Command("bash", "-e", "-c", script)
	cmd.Dir, cmd.Env, cmd.Stderr = folder, append(os.Environ(), environment...), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s\n%v", script, err)
	}
	return string(out)
}

// script returns what is encrypted in the folder's one backup.
func script(t *testing.T, folder string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "paddock-*.age"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the backups are %v (%v)", found, err)
	}
	file, err := os.Open(found[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	identities, err := backup.Identities(filepath.Join(folder, "backup.key"))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := age.Decrypt(file, identities...)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(opened)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err != nil || !bytes.Contains(text, []byte("COPY private.user_credentials")) {
		t.Fatalf("the backup is not whole (%v)", err)
	}
	return string(text)
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
