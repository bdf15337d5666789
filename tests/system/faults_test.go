package system

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// faultTime returns for how long things are broken: PADDOCK_FAULTS, or what CI has
// the time for.
func faultTime(t *testing.T) time.Duration {
	text := os.Getenv("PADDOCK_FAULTS")
	if text == "" {
		return 25 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second {
		t.Fatal("PADDOCK_FAULTS must be a time, such as 5m")
	}
	return d
}

// Three instances are killed or stopped and started again, Postgres is restarted,
// connections of listeners and others are terminated, the broker's streams are
// cut, and followers hang up at random. In the end each follower has exactly the
// events of its accounts, in order. A follower who loses access meanwhile is told
// so and gets no more events.
func TestEveryFollowerHearsEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	during, seed := faultTime(t), chaosSeed(t)
	t.Logf("PADDOCK_CHAOS_SEED=%d, %v", seed, during)
	dice := rand.New(rand.NewPCG(seed, 1))
	w := newChaos(t, size{accounts: 8}, seed)
	in := w.startInstances(3)

	// Each user has two accounts and may see one of the next user's. The guest may
	// see one account until that grant is taken away.
	users := make([]*user, 4)
	accounts := make([]*account, 2*len(users))
	for i := range users {
		users[i] = in.all[i%3].signUp(fmt.Sprint("user-", i))
		for j := range 2 {
			accounts[2*i+j] = users[i].connect(fmt.Sprint("account-", j), w.seeds[2*i+j])
		}
	}
	guest := in.all[0].signUp("guest")
	for i, u := range users {
		in.grant(accounts[(2*i+2)%len(accounts)], u)
	}
	in.grant(accounts[0], guest)

	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	var all []*follower
	follow := func(u *user, stream bool, ids ...string) *follower {
		f := in.newFollower(u, dice.Uint64(), stream, ids...)
		all = append(all, f)
		following.Go(func() { f.run(ctx) })
		return f
	}
	for i, u := range users {
		own, others := []string{accounts[2*i].id, accounts[2*i+1].id}, accounts[(2*i+2)%len(accounts)].id
		for range 3 {
			follow(u, false, append(own, others)...)
		}
		follow(u, false, own[0], accounts[(2*i+5)%len(accounts)].id) // the last account is another user's, and is refused
		follow(u, true, own[1])
		follow(u, true, others)
	}
	leaving := follow(guest, false, accounts[0].id)
	leavingStream := follow(guest, true, accounts[0].id)
	t.Cleanup(func() {
		cancel()
		following.Wait()
	})

	quit := make(chan struct{})
	var writing sync.WaitGroup
	var written atomic.Int64
	for i, a := range accounts {
		dice := rand.New(rand.NewPCG(seed, uint64(100+i)))
		writing.Go(func() { in.write(a, dice, quit, &written) })
	}
	in.breakThings(dice, during, func() {
		in.exec(`delete from app.account_grants g using auth."user" u where u.id = g.user_id and u.name = 'guest'`)
		for _, f := range []*follower{leaving, leavingStream} {
			w.eventually("the guest to be told", func() error {
				f.mu.Lock()
				defer f.mu.Unlock()
				if !f.refused[accounts[0].id] {
					return fmt.Errorf("heard %d events", len(f.events[accounts[0].id]))
				}
				return nil
			})
		}
	})
	close(quit)
	writing.Wait()

	in.settleAll(accounts)
	total, breaks := 0, 0
	for i, f := range all {
		if f != leaving && f != leavingStream {
			total += in.compare(fmt.Sprint("follower ", i), f)
		}
		breaks += f.breaks
	}
	t.Logf("%d things written, %d events told to %d followers who were cut off %d times", written.Load(), total, len(all), breaks)
	if written.Load() < int64(during.Seconds())*5 {
		t.Error("too little was written for the test to prove anything")
	}
}

// write places orders and writes agent logs through any instance, until quit is
// closed. A request that gets no answer is not repeated.
func (in *instances) write(a *account, dice *rand.Rand, quit <-chan struct{}, written *atomic.Int64) {
	for n := 0; ; n++ {
		select {
		case <-quit:
			return
		case <-time.After(time.Duration(50+dice.IntN(400)) * time.Millisecond):
		}
		one, up := in.pick(dice.IntN(1000))
		if !up {
			continue
		}
		there := &account{user: a.user.at(one), name: a.name, id: a.id, seed: a.seed}
		status := 0
		if dice.IntN(3) == 0 {
			status = there.buy("AAPL", 1+dice.IntN(3), "").StatusCode
		} else {
			status = there.user.call("POST", "/api/agent-logs", a.id, map[string]any{"logs": []any{map[string]any{"level": "info", "message": fmt.Sprint("line ", n)}}}).StatusCode
		}
		if status/100 == 2 {
			written.Add(1)
		}
	}
}

// breakThings causes each fault once, in a random order, and then goes on until
// the time is over. Half way through it calls revoke.
func (in *instances) breakThings(dice *rand.Rand, during time.Duration, revoke func()) {
	pause := func() { time.Sleep(time.Duration(500+dice.IntN(2500)) * time.Millisecond) }
	faults := map[string]func(){
		"an instance is killed":     func() { in.bounce(dice.IntN(3), true, pause) },
		"an instance is stopped":    func() { in.bounce(dice.IntN(3), false, pause) },
		"Postgres is killed":        in.restartPostgres,
		"the listeners are cut off": func() { in.exec(`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'`) },
		"some connections are cut off": func() {
			in.exec(`select pg_terminate_backend(pid) from pg_stat_activity where usename in ('paddock_app', 'paddock_worker') and random() < 0.3`)
		},
		"the broker's streams are cut":   in.sim.CutStreams,
		"the first instance of all goes": func() { in.bounce(0, true, func() { in.bounce(1, true, pause) }) },
	}
	names := []string{}
	for name := range faults {
		names = append(names, name)
	}
	began, revoked := time.Now(), false
	for round := 0; round == 0 || time.Since(began) < during; round++ {
		dice.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			if round > 0 && time.Since(began) > during {
				break
			}
			in.t.Logf("%5.1f s: %s", time.Since(began).Seconds(), name)
			faults[name]()
			if !revoked && (round > 0 || time.Since(began) > during/2) {
				revoked = true
				revoke()
			}
			pause()
		}
	}
	if !revoked {
		revoke()
	}
}

func (in *instances) restartPostgres() {
	in.postgres.Server.Kill()
	time.Sleep(time.Second)
	if err := in.postgres.Server.Restart(in.t.Context()); err != nil {
		in.t.Fatal(err)
	}
}

func (in *instances) exec(sql string) {
	in.t.Helper()
	if _, err := in.postgres.Conn(in.t, "admin").Exec(in.t.Context(), sql); err != nil {
		in.t.Fatal(err)
	}
}

// grant makes a user a viewer of another user's account.
func (in *instances) grant(a *account, u *user) {
	in.t.Helper()
	_, err := in.postgres.Conn(in.t, "admin").Exec(in.t.Context(),
		`insert into app.account_grants (account_id, user_id, role) select $1, id, 'viewer' from auth."user" where name = $2`, a.id, u.name)
	if err != nil {
		in.t.Fatal(err)
	}
}

// settleAll waits until every order is over, both at the broker and in the
// database. An order that never reached the broker is given up a minute after the
// account's lease last changed hands.
func (in *instances) settleAll(accounts []*account) {
	in.t.Helper()
	conn := in.postgres.Conn(in.t, "admin")
	for _, a := range accounts {
		in.within(3*time.Minute, "the orders of "+a.name+" to settle", func() error {
			var open, filled int
			err := conn.QueryRow(in.t.Context(), `select count(*) filter (where is_open and intent_state <> 'unknown'), count(*) filter (where status = 'filled')
				from app.alpaca_orders where account_id = $1`, a.id).Scan(&open, &filled)
			if err != nil {
				return err
			}
			if there := in.sim.Orders(a.seed.KeyID); open > 0 || filled != len(there) {
				return fmt.Errorf("%d orders are open and %d filled here, %d at the broker", open, filled, len(there))
			}
			return nil
		})
	}
}

// compare fails the test unless a follower got exactly the events of the accounts
// that it may see, and GET /api/events has the same. It returns how many events
// there are.
func (in *instances) compare(name string, f *follower) (events int) {
	t := in.t
	conn := in.postgres.Conn(t, "admin")
	for _, id := range f.accounts {
		var may bool
		err := conn.QueryRow(t.Context(), `select exists (select from app.account_grants g join auth."user" u on u.id = g.user_id where g.account_id = $1 and u.name = $2)`,
			id, f.user.name).Scan(&may)
		if err != nil {
			t.Fatal(err)
		}
		if !may {
			in.eventually(name+" to be refused", func() error {
				f.mu.Lock()
				defer f.mu.Unlock()
				if !f.refused[id] || len(f.events[id]) > 0 {
					return fmt.Errorf("refused: %v, and told %d events", f.refused[id], len(f.events[id]))
				}
				return nil
			})
			continue
		}
		var log []heard
		in.eventually(name+" to have heard everything", func() error {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.finished != nil {
				t.Fatalf("%s: %v", name, f.finished)
			}
			rows, err := conn.Query(t.Context(), "select seq, data::text from app.account_events where account_id = $1 order by seq", id)
			if err != nil {
				return err
			}
			log = nil
			for rows.Next() {
				var e heard
				if err := rows.Scan(&e.Cursor, &e.Text); err != nil {
					return err
				}
				log = append(log, e)
			}
			if len(f.events[id]) < len(log) {
				return fmt.Errorf("%d of %d events", len(f.events[id]), len(log))
			}
			return rows.Err()
		})
		f.mu.Lock()
		told := f.events[id]
		f.mu.Unlock()
		for i, e := range log {
			if told[i].Cursor != e.Cursor || !sameJSON(told[i].Text, e.Text) {
				t.Errorf("%s: event %d is %+v, the log has %+v", name, i+1, told[i], e)
			}
		}
		events += len(log)
		in.comparePage(name, f.user, id, log)
	}
	return events
}

// comparePage fails the test unless GET /api/events has the last events of log. It
// may have more: the broker may have sent updates since log was read.
func (in *instances) comparePage(name string, u *user, account string, log []heard) {
	one, up := in.pick(0)
	if !up {
		in.t.Fatal("no instance is up")
	}
	since := max(0, len(log)-50)
	r := u.at(one).call("GET", fmt.Sprintf("/api/events?since=%d", since), account, nil)
	var page struct {
		Events []struct {
			Cursor int64
			Data   json.RawMessage
		}
		Head int64
	}
	if err := json.NewDecoder(r.Body).Decode(&page); err != nil || r.StatusCode != 200 {
		in.t.Errorf("%s: GET /api/events: %d, %v", name, r.StatusCode, err)
		return
	}
	if len(page.Events) < len(log)-since || page.Head < int64(len(log)) {
		in.t.Errorf("%s: GET /api/events has %d events up to %d, the log %d up to %d", name, len(page.Events), page.Head, len(log)-since, len(log))
		return
	}
	for i, e := range log[since:] {
		if page.Events[i].Cursor != e.Cursor || !sameJSON(string(page.Events[i].Data), e.Text) {
			in.t.Errorf("%s: GET /api/events has %d %s, the log %+v", name, page.Events[i].Cursor, page.Events[i].Data, e)
		}
	}
}
