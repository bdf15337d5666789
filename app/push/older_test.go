package push_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/app/push"
)

// comeBackOlder makes a user's log what it was after an event, followed by other
// events: as where a database was restored, or a standby promoted that had not
// received the rest. Nobody sees a moment between.
func (f *fixture) comeBackOlder(user int, seq int64, others int) {
	f.t.Helper()
	var all pgx.Batch
	all.Queue("delete from app.account_events where account_id = $1 and seq > $2", account(user), seq)
	all.Queue(`insert into app.account_events (account_id, seq, kind, data)
		select $1, $2 + n, 'agent_log', jsonb_build_object('count', 1, 'first_at', '2026-01-01T00:00:00Z', 'last_at', '2026-01-01T00:00:00Z', 'levels', '{"info": 1}'::jsonb, 'logs', jsonb_build_array(
			jsonb_build_object('id', gen_random_uuid(), 'at', '2026-01-01T00:00:00Z', 'orchestrator_agent_id', null, 'order_id', null, 'level', 'info', 'message', 'other ' || n - 1))) from generate_series(1, $3::int) n`,
		account(user), seq, others)
	all.Queue(`update app.event_heads h set last_seq = e.seq, last_at = e.at from app.account_events e
		where h.account_id = $1 and e.account_id = $1 and e.seq = $2`, account(user), seq+int64(others))
	if err := f.db.Conn(f.t, "admin").SendBatch(f.t.Context(), &all).Close(); err != nil {
		f.t.Fatal(err)
	}
}

// Whoever has an event that the database no longer has begins again with a
// snapshot: whether the log has fewer events by now, as many or more, on every
// road, connected and coming back. Whoever has none of the lost events goes on.
func TestAnOlderDatabaseIsNoticed(t *testing.T) {
	for _, others := range []int{0, 4, 7} { // after event 3 of 7: a shorter log, one of the same length, and a longer one
		t.Run(fmt.Sprint(3+others, " of 7 events"), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(c *push.Config) { c.Poll = 0 })
			say := func(n int) {
				for i := range n {
					f.say(1, fmt.Sprint("line ", i))
				}
			}
			say(3)
			early := f.dial(1)
			early.subscribe(1, `,"cursor":2`)
			early.want("subscribed", "")
			common := early.want("event", "")
			early.conn.CloseNow()
			say(4)

			socket := f.dial(1)
			socket.subscribe(1, `,"cursor":6`)
			socket.want("subscribed", "")
			last := socket.want("event", "")
			stream := f.listen(1, "?since="+last.Resume+"&account_id="+account(1), nil)
			stream.want("subscribed", "")
			bare := f.dial(1) // says no mark, and is followed from an event that has one
			bare.subscribe(1, `,"cursor":7`)
			bare.want("subscribed", "")

			f.comeBackOlder(1, 3, others)
			began := time.Now()
			socket.want("unsubscribed", "cursor_ahead")
			bare.want("unsubscribed", "cursor_ahead")
			stream.want("unsubscribed", "cursor_ahead")
			stream.wantEnd()
			if took := time.Since(began); took > 5*time.Second { // a look a second, on a busy machine
				t.Errorf("it took %v until all were told", took)
			}

			startsAgain := func(reset, snapshot said) {
				t.Helper()
				if head := int64(3 + others); !reset.Reset || reset.Cursor != head || snapshot.Cursor != head || snapshot.Resume == "" || reset.Resume != snapshot.Resume {
					t.Errorf("came %+v and %+v, want a reset to event %d", reset, snapshot, head)
				}
			}
			socket.subscribe(1, `,"cursor":"`+last.Resume+`"`)
			startsAgain(socket.want("subscribed", "cursor_ahead"), socket.want("snapshot", ""))
			byAddress := f.dialAt(1, "/?account_id="+account(1)+"&cursor="+last.Resume)
			startsAgain(byAddress.want("subscribed", "cursor_ahead"), byAddress.want("snapshot", ""))
			stream = f.listen(1, "?account_id="+account(1), http.Header{"Last-Event-Id": {last.Resume}})
			startsAgain(stream.want("subscribed", "cursor_ahead"), stream.want("snapshot", ""))
			if !strings.Contains(stream.lastID, "-") {
				t.Errorf("the snapshot's id is %q, which has no mark", stream.lastID)
			}

			early = f.dial(1)
			early.subscribe(1, `,"cursor":"`+common.Resume+`"`)
			early.want("subscribed", "")
			for n := range others {
				if m := early.want("event", ""); m.Cursor != int64(4+n) || !strings.Contains(string(m.Data), fmt.Sprint("other ", n)) {
					t.Errorf("after the last event of both came %+v", m)
				}
			}
			f.say(1, "after all")
			for _, c := range []*client{socket, byAddress, early} {
				if m := c.want("event", ""); m.Cursor != int64(4+others) {
					t.Errorf("then came %+v", m)
				}
			}
		})
	}
}
