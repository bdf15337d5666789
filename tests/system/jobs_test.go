package system

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/tests/kit"
)

// gate stops the server wherever it locks an account's log, by holding that lock. Two
// sessions take turns: the one that waits gets the lock right after whoever waited
// before it.
type gate struct {
	w       *world
	account string
	conns   [2]*pgx.Conn // the first of them holds the lock
	eye     *pgx.Conn    // looks at who waits
}

func (w *world) newGate(account string) *gate {
	g := &gate{w: w, account: account, eye: w.postgres.Conn(w.t, "admin")}
	for i := range g.conns {
		g.conns[i] = w.postgres.Conn(w.t, "admin")
	}
	if err := g.lock(g.conns[0]); err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (g *gate) lock(conn *pgx.Conn) error {
	_, err := conn.Exec(context.Background(), "begin")
	if err == nil {
		_, err = conn.Exec(context.Background(), "select from app.event_heads where account_id = $1 for update", g.account)
	}
	return err
}

// waiting is a statement of the server's that waits for a lock.
type waiting struct {
	PID          int32
	Since        time.Time
	Login, Query string
}

func (g *gate) waits() (who []waiting) {
	rows, err := g.eye.Query(context.Background(), `select pid, query_start, usename::text, query from pg_stat_activity
		where wait_event_type = 'Lock' and usename <> current_user and backend_type = 'client backend'`)
	if err == nil {
		who, err = pgx.CollectRows(rows, pgx.RowToStructByPos[waiting])
	}
	if err != nil {
		g.w.t.Fatal(err)
	}
	return who
}

// reach lets the server go on from lock to lock until it waits for one as that login in
// that statement, for the nth time. It reports whether that was seen: whoever waits for
// a row that changes may be overtaken, and then the order's job ends first, or the request
// was refused.
func (g *gate) reach(clientOrderID, login, statement string, nth int, refused func() bool) (reached bool) {
	g.w.t.Helper()
	seen := map[waiting]bool{}
	for {
		var who []waiting
		var over bool
		g.w.eventually("the server at the lock", func() error {
			if who = g.waits(); len(who) > 0 {
				return nil
			}
			if err := g.eye.QueryRow(context.Background(), `select exists (select from app.jobs where client_order_id = $1 and ended_at is not null) or $2`,
				clientOrderID, refused()).Scan(&over); err != nil || !over {
				return fmt.Errorf("nobody waits: %v", err)
			}
			return nil
		})
		if over {
			return false
		}
		for _, one := range who {
			if one.Login == login && strings.Contains(one.Query, statement) && !seen[one] {
				seen[one] = true
				if nth--; nth == 0 {
					return true
				}
			}
		}
		g.step()
	}
}

// step lets whoever waits pass, and holds the lock again behind them.
func (g *gate) step() {
	next := make(chan error, 1)
	go func() { next <- g.lock(g.conns[1]) }()
	g.w.eventually("the other session to wait", func() error {
		var waiting bool
		if err := g.eye.QueryRow(context.Background(), `select wait_event_type = 'Lock' from pg_stat_activity where pid = $1`, g.conns[1].PgConn().PID()).Scan(&waiting); err != nil || !waiting {
			return fmt.Errorf("it does not wait: %v", err)
		}
		return nil
	})
	g.open(g.conns[0])
	if err := <-next; err != nil {
		g.w.t.Fatal(err)
	}
	g.conns[0], g.conns[1] = g.conns[1], g.conns[0]
}

func (g *gate) open(conn *pgx.Conn) {
	if _, err := conn.Exec(context.Background(), "commit"); err != nil {
		g.w.t.Fatal(err)
	}
}

// later has an order accepted that is sent afterwards, and returns the path of its job.
func (a *account) later(clientOrderID string) (path string, err error) {
	request, err := http.NewRequest(http.MethodPost, "http://"+a.user.w.addr+"/api/orders",
		strings.NewReader(`{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day","qty":"1","client_order_id":"`+clientOrderID+`"}`))
	if err != nil {
		return "", err
	}
	for name, value := range map[string]string{"Cookie": a.user.cookieHeader(), "Content-Type": "application/json", "X-Account-ID": a.id, "Prefer": "respond-async"} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if path = response.Header.Get("Location"); response.StatusCode != http.StatusAccepted || path == "" || response.Header.Get("Preference-Applied") != "respond-async" {
		return "", fmt.Errorf("accepting an order answers %d, %v", response.StatusCode, response.Header)
	}
	return path, nil
}

// An order that was accepted is sent once, wherever on its way the server is killed; and
// its job ends, and says what is so.
func TestAcceptedOrdersOutliveTheServer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	w := newWorld(t)
	w.start()
	u := w.signUp("ada")
	a := u.connect("one", w.seeds[0])
	for i, step := range []struct {
		what, login, statement string
		nth                    int
		sent                   bool // whether the broker has the order by then
	}{
		{"when it has accepted the order", "paddock_worker", "private.begin_job", 1, false},
		{"when the job has begun", "paddock_app", "private.lock_event_log", 1, false},
		{"when the broker has answered", "paddock_app", "private.lock_event_log", 2, true},
		{"when the answer is recorded", "paddock_worker", "private.finish_job", 1, true},
	} {
		t.Run(step.what, func(t *testing.T) {
			var id, job string
			g := w.newGate(a.id)
			for try := 0; ; try++ {
				id = fmt.Sprintf("killed-%d-%d", i, try)
				accepted := make(chan error, 1)
				go func() (err error) {
					defer func() { accepted <- err }()
					job, err = a.later(id)
					return err
				}()
				answered := func() bool { return len(accepted) > 0 } // on a busy machine it may have waited too long for the lock
				if g.reach(id, "paddock_app", "private.lock_event_log", 1, answered) {
					g.step()
				}
				err := <-accepted
				if err == nil && g.reach(id, step.login, step.statement, step.nth, func() bool { return false }) {
					break
				}
				if try == 20 {
					t.Fatalf("the server is never seen there: %v", err)
				}
			}
			w.kill()
			g.open(g.conns[0])
			kit.Within(t, time.Minute, "the dead server's sessions to end", func() error {
				if who := g.waits(); len(who) > 0 {
					return fmt.Errorf("%v", who)
				}
				return nil
			})
			w.start()
			var ended struct {
				State  string
				Status int
				Answer struct{ ID string }
			}
			kit.Within(t, time.Minute, "the end of the job", func() error {
				if err := json.NewDecoder(u.call("GET", job, a.id, nil).Body).Decode(&ended); err != nil || ended.State != "done" {
					return fmt.Errorf("%+v %v", ended, err)
				}
				return nil
			})
			there := 0
			for _, o := range w.sim.Orders(a.seed.KeyID) {
				if o.ClientOrderID == id {
					there++
				}
			}
			// Killed between its intent and the call, an order is not sent again: whether it was sent is what nobody knows.
			if there > 1 || step.sent && there != 1 || there == 0 && ended.Status != http.StatusAccepted {
				t.Errorf("the broker has it %d times, and the job says %d", there, ended.Status)
			}
			if there == 1 {
				kit.Within(t, time.Minute, "the order to be known", func() error {
					for _, o := range a.orders() {
						if o.ClientOrderID == id && o.Status == "filled" && o.FilledQty.Equal(decimal.NewFromInt(1)) {
							return nil
						}
					}
					return fmt.Errorf("%+v", a.orders())
				})
			}
		})
	}
}
