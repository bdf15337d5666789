package system

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/app/alpacasim"
	"paddock/app/broker"
	"paddock/app/credentials"
	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
	"paddock/tests/program"
)

// rotationSize returns how many credentials are rotated: PADDOCK_ROTATION, or what
// CI has the time for.
func rotationSize(t *testing.T) int {
	text := os.Getenv("PADDOCK_ROTATION")
	if text == "" {
		return 300
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 200 {
		t.Fatal("PADDOCK_ROTATION must be a number of credentials, such as 10000")
	}
	return n
}

// vault is the credentials that a rotation must keep, and the way to look at them.
type vault struct {
	*world
	db    *tenant.DB
	admin *pgx.Conn
	ids   []uuid.UUID
	owner map[uuid.UUID]string // session token
	want  map[uuid.UUID]broker.Credentials
}

// fill stores made-up keys for count accounts. The broker counts as having refused
// them, so that nobody streams these accounts; a rotation makes no difference.
func (v *vault) fill(k *credentials.Keyring, count int) {
	t := v.t
	t.Helper()
	for n := range (count + 99) / 100 {
		kit.User(t, v.postgres.DB, fmt.Sprint("owner-", n))
	}
	var mu sync.Mutex
	var storing sync.WaitGroup
	var next atomic.Int64
	for range 4 {
		storing.Go(func() {
			for n := int(next.Add(1)) - 1; n < count; n = int(next.Add(1)) - 1 {
				a := tenant.Admission{Token: fmt.Sprint("token-of-owner-", n/100)}
				keys := broker.Credentials{KeyID: broker.NewSecret(fmt.Sprintf("PK%018d", n)), SecretKey: broker.NewSecret(fmt.Sprintf("%040d", n))}
				err := v.db.Tx(t.Context(), a, func(b *tenant.Batch) {
					b.Queue("select private.create_account($1, 'paper')", fmt.Sprint("account-", n)).QueryRow(func(row pgx.Row) error { return row.Scan(&a.Account) })
				})
				if err == nil {
					err = k.Store(t.Context(), v.db, a, keys, uuid.New(), fmt.Sprint(n), func(*tenant.Batch) {})
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				v.ids, v.owner[a.Account], v.want[a.Account] = append(v.ids, a.Account), a.Token, keys
				mu.Unlock()
			}
		})
	}
	storing.Wait()
	if len(v.ids) != count {
		t.Fatalf("%d of %d credentials were stored", len(v.ids), count)
	}
	if _, err := v.admin.Exec(t.Context(), "update private.user_credentials set rejected_at = now()"); err != nil {
		t.Fatal(err)
	}
}

// check fails the test unless these accounts' keys open and are what was stored.
func (v *vault) check(what string, k *credentials.Keyring, ids []uuid.UUID) {
	v.t.Helper()
	var checking sync.WaitGroup
	var next atomic.Int64
	for range 4 {
		checking.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(ids); n = int(next.Add(1)) - 1 {
				var opened credentials.Opened
				err := v.db.Tx(v.t.Context(), tenant.Admission{Token: v.owner[ids[n]], Account: ids[n]}, func(b *tenant.Batch) { k.QueueOpen(b, ids[n], &opened) })
				want := v.want[ids[n]]
				if err != nil || opened.Credentials.KeyID.Reveal() != want.KeyID.Reveal() || opened.Credentials.SecretKey.Reveal() != want.SecretKey.Reveal() {
					v.t.Errorf("%s: account %s: %v", what, ids[n], err)
				}
			}
		})
	}
	checking.Wait()
}

// under returns how many credentials are under a version.
func (v *vault) under(version int) (n int) {
	v.t.Helper()
	if err := v.admin.QueryRow(v.t.Context(), "select count(*) from private.user_credentials where key_version = $1", version).Scan(&n); err != nil {
		v.t.Fatal(err)
	}
	return n
}

// keys returns the command paddock keys with the environment of an instance.
func (v *vault) keys(masterKeys string, args ...string) (cmd *exec.Cmd, out, said *bytes.Buffer) {
	cmd = exec.Command(v.binary, append([]string{"keys"}, args...)...)
	out, said = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, said
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PADDOCK_MASTER_KEYS=" + masterKeys, "PADDOCK_WORKER_DATABASE_URL=" + v.databaseURL("paddock_worker")}
	return cmd, out, said
}

// wantKeys runs paddock keys, and fails the test unless it ends with this exit
// code, prints what is wanted and shows no secret.
func (v *vault) wantKeys(code int, want, masterKeys string, args ...string) string {
	v.t.Helper()
	cmd, out, said := v.keys(masterKeys, args...)
	_ = cmd.Run() // the exit code tells
	both := out.String() + said.String()
	if cmd.ProcessState.ExitCode() != code || !strings.Contains(both, want) {
		v.t.Errorf("keys %v ended with %d, want %d, and said\n%s, want %q", args, cmd.ProcessState.ExitCode(), code, both, want)
	}
	v.hidden(both, masterKeys)
	return out.String()
}

func (v *vault) hidden(text, masterKeys string) {
	v.t.Helper()
	for _, entry := range strings.Split(masterKeys, ",") {
		if _, key, _ := strings.Cut(entry, ":"); strings.Contains(text, key[:8]) || strings.Contains(text, "test-paddock") {
			v.t.Errorf("a secret is in %q", text)
		}
	}
}

// traffic is requests that need credentials, sent all the time to all instances.
type traffic struct {
	reads, stores, failed atomic.Int64
	slowest               atomic.Int64 // in nanoseconds
	stop                  func()
}

// startTraffic lets each account's user ask the broker for the positions several
// times a second, and one after the other store their keys again.
func (in *instances) startTraffic(accounts []*account) *traffic {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	tr := &traffic{}
	tr.stop = func() { cancel(); all.Wait() }
	note := func(what string, began time.Time, status int, body io.Reader) {
		if took := int64(time.Since(began)); took > tr.slowest.Load() {
			tr.slowest.Store(took)
		}
		if status != 200 {
			text, _ := io.ReadAll(body)
			tr.failed.Add(1)
			in.t.Errorf("%s during the rotation: %d %s", what, status, text)
		}
	}
	for i, a := range accounts {
		all.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				began := time.Now()
				r := a.user.at(in.all[n%len(in.all)]).call("GET", "/api/positions", a.id, nil)
				note("a read", began, r.StatusCode, r.Body)
				tr.reads.Add(1)
				pause(ctx, 300*time.Millisecond) // Alpaca lets an account ask 200 times a minute
			}
		})
	}
	all.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			a := accounts[n%len(accounts)]
			began := time.Now()
			r := a.user.at(in.all[n%len(in.all)]).call("PUT", "/api/accounts/"+a.id+"/credentials", "", map[string]string{"key_id": a.seed.KeyID, "secret_key": a.seed.SecretKey})
			note("storing keys", began, r.StatusCode, r.Body)
			tr.stores.Add(1)
			pause(ctx, 8*time.Second/time.Duration(len(accounts))) // a user may have 10 pairs of keys checked in a minute
		}
	})
	return tr
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// A rotation of all credentials while two instances serve, killed again and again
// at random, in the middle of a transaction too, loses nothing: afterwards all are
// readable and none is under the old version. No request that needs credentials
// fails, and keys that users store meanwhile are kept. An instance that lacks the
// new version keeps the rotation from beginning; the old one is retired only when
// nothing needs it, and then nothing is stored under it.
func TestRotationUnderLoad(t *testing.T) {
	count, seed := rotationSize(t), chaosSeed(t)
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	long := os.Getenv("PADDOCK_ROTATION") != ""
	t.Logf("PADDOCK_CHAOS_SEED=%d, %d credentials", seed, count)
	dice := rand.New(rand.NewPCG(seed, 2))
	connected := 6
	if long {
		connected = 16
	}
	w := &world{t: t, dir: t.TempDir(), binary: program.Binary(t)}
	for i := range connected {
		w.seeds = append(w.seeds, alpacasim.DemoAccounts(int64(seed) + int64(i))[0])
	}
	w.postgres = pgtest.StartOwn(t)
	w.startBroker()
	w.settings = []string{"PADDOCK_AUTH_RATE_LIMIT=false"}
	v1, v2 := w.masterKey, credentials.NewMasterKey(2)
	parse := func(text string) *credentials.Keyring {
		k, err := credentials.ParseKeyring(text)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	v := &vault{world: w, db: tenant.NewDB(w.postgres.Pool(t, "paddock_app"), kit.SilentBell{}), admin: w.postgres.Conn(t, "admin"),
		owner: map[uuid.UUID]string{}, want: map[uuid.UUID]broker.Credentials{}}
	v.fill(parse(v1), count-connected)

	in := w.startInstances(2)
	var accounts []*account
	var users []*user
	for i := range connected {
		u := in.all[0].signUp(fmt.Sprint("user-", i))
		users, accounts = append(users, u), append(accounts, u.connect("one", w.seeds[i]))
	}

	t.Log("the new version comes to one instance after the other")
	v.wantKeys(0, "Give version 2 to the 2 running instance(s)", v1+","+v2, "status")
	in.all[0].masterKey = v1 + "," + v2
	in.bounce(0, false, func() {})
	v.wantKeys(1, "1 running instance(s) lack version 2", v1+","+v2, "rotate")
	in.all[1].masterKey = v1 + "," + v2
	in.bounce(1, false, func() {})
	v.wantKeys(1, "the key of version 2 is not the one", v1+","+credentials.NewMasterKey(2), "rotate")
	v.wantKeys(1, "has no key of version 1", v2, "rotate")
	if n := v.under(2); n != 0 {
		t.Errorf("%d credentials are under version 2 before the rotation", n)
	}

	t.Log("it is killed in the middle of a transaction")
	began := time.Now()
	traffic := in.startTraffic(accounts)
	kills, terms := v.killInATransaction(v1+","+v2), 0
	v.check("after a kill in a transaction", parse(v1+","+v2), v.ids[:50])
	if state := v.wantKeys(2, "Run paddock keys rotate.", v1+","+v2, "status"); !strings.Contains(state, "needed") {
		t.Errorf("half-way the status is\n%s", state)
	}
	v.wantKeys(1, "rotate first", v1+","+v2, "retire", "1")

	t.Log("it is killed at random")
	for finished := false; !finished; {
		cmd, out, said := v.keys(v1+","+v2, "rotate")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		exited := make(chan error, 1)
		go func() { exited <- cmd.Wait() }()
		ended, signal := error(nil), syscall.SIGKILL
		if dice.IntN(4) == 0 {
			signal = syscall.SIGTERM
		}
		// It is killed some time after it came to the database, ever later, so that it
		// comes to an end however slow the machine is. In CI it is left alone at last.
		var mercy <-chan time.Time
		if long || kills+terms < 8 {
			v.waitForRotation(exited)
			mercy = time.After(time.Duration(dice.IntN(60+5*(kills+terms))) * time.Millisecond)
		}
		select {
		case ended = <-exited:
		case <-mercy:
			_ = cmd.Process.Signal(signal) // it may have ended
			ended = <-exited
		}
		var exit *exec.ExitError
		switch killed := errors.As(ended, &exit) && exit.ExitCode() < 0; {
		case ended == nil:
			finished = true
			t.Log(strings.TrimSpace(out.String()))
		case killed:
			kills++
		case exit.ExitCode() == 2 && strings.Contains(said.String(), "not finished"):
			terms++
		default:
			t.Fatalf("the rotation ended with %v and said %s", ended, said)
		}
		v.hidden(out.String()+said.String(), v1+","+v2)
		sample := make([]uuid.UUID, 20)
		for i := range sample {
			sample[i] = v.ids[dice.IntN(len(v.ids))]
		}
		v.check("after a kill", parse(v1+","+v2), sample)
		if time.Since(began) > 10*time.Minute {
			t.Fatal("the rotation does not come to an end")
		}
	}
	took := time.Since(began)
	pause(t.Context(), time.Second) // whatever the rotation broke is met by further requests
	traffic.stop()
	t.Logf("%d credentials in %v, with %d times kill -9 and %d times SIGTERM; %d reads and %d stores by users, %d failed, the slowest in %v",
		count, took.Round(time.Millisecond), kills, terms, traffic.reads.Load(), traffic.stores.Load(), traffic.failed.Load(), time.Duration(traffic.slowest.Load()).Round(time.Millisecond))

	t.Log("all are readable, under the new version alone")
	if old, now := v.under(1), v.under(2); old != 0 || now != count {
		t.Errorf("%d credentials are under version 1 and %d under version 2, want 0 and %d", old, now, count)
	}
	v.check("after the rotation", parse(v2), v.ids)
	var s credentials.Status
	if err := json.Unmarshal([]byte(v.wantKeys(0, "", v1+","+v2, "status", "--json")), &s); err != nil || !s.Complete || *s.Storing != 2 || s.Versions[1].Credentials != int64(count) || !s.Versions[0].CanRetire || s.Instances[0].Instances != 2 {
		t.Errorf("the status is %+v (%v)", s, err)
	}
	v.wantKeys(0, "Version 1 is retired", v1+","+v2, "retire", "1")
	v.wantKeys(0, "retired", v2, "status")
	v.wantKeys(1, "version 1 of the master key is retired", v1+","+v2, "rotate", "--to", "1")

	t.Log("the instances go on with the new version alone, from a file and from a command")
	file := filepath.Join(w.dir, "master-keys")
	if err := os.WriteFile(file, []byte(v2+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, setting := range []string{"PADDOCK_MASTER_KEYS_FILE=" + file, "PADDOCK_MASTER_KEYS_COMMAND=cat " + file} {
		in.all[i].masterKey, in.all[i].settings = "", []string{setting}
		in.bounce(i, false, func() {})
		for _, a := range accounts {
			if r := a.user.at(in.all[i]).call("GET", "/api/positions", a.id, nil); r.StatusCode != 200 {
				t.Errorf("without the old version %s cannot ask for its positions: %d", a.name, r.StatusCode)
			}
		}
	}
	for _, one := range in.all {
		one.masterKey = v2
		one.findSecrets(users...)
		one.masterKey = v1
		one.findSecrets()
	}
}

// waitForRotation waits until a rotation is connected to the database, or has
// ended; how it ended stays in exited.
func (v *vault) waitForRotation(exited chan error) {
	v.t.Helper()
	v.eventually("the rotation to connect", func() error {
		var there bool
		err := v.admin.QueryRow(v.t.Context(), "select exists (select from pg_stat_activity where application_name = 'paddock keys')").Scan(&there)
		if err == nil && !there && len(exited) == 0 {
			err = errors.New("it is not there")
		}
		return err
	})
}

// killInATransaction kills a rotation while it waits for the row of an account
// within its transaction, and returns 1.
//
// It waits in the first batch: Postgres may end that although the client is gone, and
// then others are left all the same.
func (v *vault) killInATransaction(masterKeys string) int {
	t := v.t
	t.Helper()
	account := slices.MinFunc(v.ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	holder := v.postgres.Conn(t, "admin")
	tx, err := holder.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "select from private.user_credentials where account_id = $1 for update", account); err != nil {
		t.Fatal(err)
	}
	cmd, _, said := v.keys(masterKeys, "rotate")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.eventually("the rotation to wait for the row", func() error {
		var waits bool
		err := v.admin.QueryRow(t.Context(), "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%rotate_credentials%')").Scan(&waits)
		if err == nil && !waits {
			err = fmt.Errorf("it does not: %s", said)
		}
		return err
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	return 1
}
