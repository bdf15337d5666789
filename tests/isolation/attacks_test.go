// Package isolation attacks the schema. Each attack is made twice: against the
// schema as it is, where it must read, change and learn nothing of the other
// tenant, and against a copy that was weakened on purpose, where it must
// succeed. An attack that cannot succeed anywhere proves nothing.
//
// The attacker has what an SQL injection or a stolen database password would
// give at worst: raw SQL as a runtime role, a session of their own, and the
// victim's account id.
package isolation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"paddock/tests/bouncer"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

// attack is one way to cross tenants.
type attack struct {
	name string
	// weak has the SQL that weakens the copy, so that the attack succeeds there.
	// It is run as superuser.
	weak []string
	// weakFn is for weakenings that need more than statements.
	weakFn func(l *lab)
	// direct says that the attack has no aim through a pooler.
	direct bool
	// spoils says that the attack, where it succeeds, leaves something on which other
	// tenants' rows depend as well.
	spoils bool
	// scene prepares the data, before the victim's state is recorded.
	scene func(l *lab)
	run   func(l *lab)
}

func all() []attack {
	return slices.Concat(settingsAttacks, sealAttacks, doorAttacks, shadowAttacks, statementAttacks, probeAttacks, roleAttacks, poolAttacks,
		reportAttacks, signInAttacks, keyAttacks, auditAttacks, importAttacks, jobAttacks, tokenAttacks, sharingAttacks, guardAttacks, sleeveAttacks, answerAttacks, approvalAttacks, portfolioAttacks, blockAttacks, copyAttacks, alertAttacks, logAttacks)
}

// verdict returns what an attack read, learnt, changed or made of the victim's;
// "" is nothing.
func (l *lab) verdict(before string) string {
	var got []string
	for _, value := range l.haul.read {
		for _, secret := range l.b.secrets() {
			if strings.Contains(value, secret) {
				got = append(got, fmt.Sprintf("read %.120q", value))
				break
			}
		}
	}
	for _, what := range l.haul.learnt {
		got = append(got, "learnt "+what)
	}
	was, is := strings.Split(before, "\n"), strings.Split(l.state(), "\n")
	for _, line := range was {
		if !slices.Contains(is, line) {
			got = append(got, "changed "+line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			got = append(got, "made "+line)
		}
	}
	return strings.Join(got, "\n")
}

// TestNoAttackCrosses guards the promise: nobody reads, changes or learns
// anything of another's account.
func TestNoAttackCrosses(t *testing.T) {
	db := pgtest.New(t)
	m := newMakers(t, db)
	for _, a := range all() {
		t.Run(name(a), func(t *testing.T) {
			l := m.lab(t, db)
			if a.scene != nil {
				a.scene(l)
			}
			before := l.state()
			a.run(l)
			if got := l.verdict(before); got != "" {
				t.Errorf("%s: the attacker has %s", a.name, got)
			}
		})
	}
}

// TestNoAttackCrossesThroughAPooler makes those that runtime logins begin through a
// PgBouncer, which gives the transactions of all of its clients to few connections.
// What one of them leaves on a connection, the next one finds.
func TestNoAttackCrossesThroughAPooler(t *testing.T) {
	db := pgtest.New(t)
	m := newMakers(t, db)
	var logins []string
	for _, role := range pooled {
		logins = append(logins, db.URL(role))
	}
	pooler := bouncer.Start(t, bouncer.Options{Mode: "transaction", URLs: logins, Connections: 3})
	t.Logf("through %s", pooler.Version())
	for _, a := range all() {
		if a.direct {
			continue
		}
		t.Run(name(a), func(t *testing.T) {
			l := m.lab(t, db)
			l.through = pooler.URL
			if a.scene != nil {
				a.scene(l)
			}
			before := l.state()
			a.run(l)
			if got := l.verdict(before); got != "" {
				t.Errorf("%s: the attacker has %s", a.name, got)
			}
		})
	}
}

// TestNoAttackCrossesOnAStandby makes those on the admission itself on a standby,
// where it, the seal and the policies are the same, and the seal's key comes with the
// log.
func TestNoAttackCrossesOnAStandby(t *testing.T) {
	if testing.Short() {
		t.Skip("starts two servers")
	}
	own := pgtest.StartOwn(t)
	m := newMakers(t, own.DB)
	standby := own.Replica(t, "one")
	there := connect(t, standby.AdminURL)
	for _, a := range slices.Concat(settingsAttacks, sealAttacks) {
		t.Run(name(a), func(t *testing.T) {
			l := m.lab(t, own.DB)
			l.through = standby.On
			if a.scene != nil {
				a.scene(l)
			}
			before := l.state()
			written := one[string](t, l.admin, "select pg_current_wal_insert_lsn()::text")
			kit.Within(t, 30*time.Second, "the standby to have the tenants", func() error {
				if !one[bool](t, there, "select pg_last_wal_replay_lsn() >= $1::text::pg_lsn", written) {
					return errors.New("it lags")
				}
				return nil
			})
			a.run(l)
			if got := l.verdict(before); got != "" {
				t.Errorf("%s: the attacker has %s", a.name, got)
			}
		})
	}
}

// TestEachAttackCanSucceed shows that the test above can fail: on a copy that
// lacks the one thing that stops it, each attack gets through.
//
// To make a copy takes longer than most attacks. Those whose weakening changes
// functions alone share one: they take the change back.
func TestEachAttackCanSucceed(t *testing.T) {
	sound := newLab(t, pgtest.New(t)) // which is copied, tenants and all
	sound.makers.close()
	shared := sound.db.Copy(t)
	m := newMakers(t, shared)
	functions := func() string {
		return one[string](t, m.admin, "select md5(string_agg(pg_get_functiondef(p.oid), '' order by p.oid)) from pg_proc p where p.pronamespace in ('app'::regnamespace, 'private'::regnamespace) and p.prokind = 'f'")
	}
	unchanged := functions()
	for _, a := range all() {
		t.Run(name(a), func(t *testing.T) {
			if a.weak == nil && a.weakFn == nil {
				t.Fatalf("%s: no weakening is given", a.name)
			}
			var l *lab
			if a.weak != nil || a.spoils {
				l = sound.copy(t)
			} else {
				l = m.lab(t, shared)
				defer func() {
					l.takeBack()
					if functions() != unchanged {
						t.Errorf("%s: its weakening of a function stays: have it spoil a copy of its own", a.name)
					}
				}()
			}
			for _, statement := range a.weak {
				must(t, l.admin, statement)
			}
			if a.weakFn != nil {
				a.weakFn(l)
			}
			if a.scene != nil {
				a.scene(l)
			}
			before := l.state()
			a.run(l)
			if l.verdict(before) == "" {
				t.Errorf("%s: got nothing even on the weakened copy, so it proves nothing; it found %.800q", a.name, l.haul.read)
			}
		})
	}
}

func name(a attack) string { return strings.ReplaceAll(a.name, " ", "_") }

// TestAttacksAreDistinct checks that no two attacks have the same name, and that
// there are at least 120.
func TestAttacksAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range all() {
		if seen[a.name] {
			t.Errorf("two attacks are named %q", a.name)
		}
		seen[a.name] = true
	}
	if len(seen) < 120 {
		t.Errorf("there are %d attacks; at least 120 are promised", len(seen))
	}
}

// edit returns a weakening that replaces a piece of a function's source. It fails
// the test if the source lacks the piece, so that no weakening becomes outdated
// unnoticed.
func edit(function, old, new string) func(l *lab) {
	return func(l *lab) {
		l.t.Helper()
		source := one[string](l.t, l.admin, "select pg_get_functiondef($1::regprocedure)", function)
		if !strings.Contains(source, old) {
			l.t.Fatalf("the source of %s has no %q any more: mend this weakening", function, old)
		}
		l.edited = append(l.edited, source)
		must(l.t, l.admin, strings.ReplaceAll(source, old, new))
	}
}

// takeBack takes back what edit changed.
func (l *lab) takeBack() {
	l.t.Helper()
	must(l.t, l.admin, "reset role")
	for _, source := range slices.Backward(l.edited) {
		must(l.t, l.admin, source)
	}
}

func edits(fns ...func(l *lab)) func(l *lab) {
	return func(l *lab) {
		for _, fn := range fns {
			fn(l)
		}
	}
}

// Weakenings that several attacks use.
const (
	// The accessor as it is often written: it trusts a setting, which any SQL can
	// change.
	rawAccessor = `create or replace function private.account_id(need text default null) returns uuid
		stable parallel restricted security definer set search_path = pg_catalog, pg_temp
		language sql as $$ select nullif(current_setting('app.account_id', true), '')::uuid $$`
	rawUser = `create or replace function private.user_id() returns text
		stable parallel restricted security definer set search_path = pg_catalog, pg_temp
		language sql as $$ select nullif(current_setting('app.user_id', true), '') $$`
	// No row level security on the table that all attacks want.
	noRLS = "alter table app.alpaca_orders disable row level security"
	// A schema in which the attacker may create objects.
	evilSchema = "create schema evil; grant usage, create on schema evil to paddock_app"
)
