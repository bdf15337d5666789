package mirror_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"paddock/app/mirror"
)

// memoryLog is a log that is read while it is written.
type memoryLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *memoryLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *memoryLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Whatever of the keys a broken broker sends back, in its stream and in its
// lists, it is in no log and in no row: no event, no order, no odd item and no
// text of the account's health.
func TestEchoedKeysAreInNoLogAndNoRow(t *testing.T) {
	w := newWorld(t)
	echo := w.seed.KeyID + " " + w.seed.SecretKey
	now := w.brokerTime()
	var asked atomic.Int64
	w.front.list.Store(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= 2 { // the first look and its second try
			conn, _, err := http.NewResponseController(rw).Hijack()
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", echo)
			conn.Close()
			return
		}
		fmt.Fprintf(rw, `[{"id":%q,"client_order_id":"listed","symbol":"AAPL","asset_class":"us_equity","side":"buy","type":"market","time_in_force":"day","qty":"1",
			"filled_qty":"0","status":"new","updated_at":"2026-11-25T14:30:00Z","hwm":%q,"invented":[%q]},{"id":%q,"symbol":%q}]`, uuidOf(1), echo, echo, echo, echo)
	}))
	w.front.script.Store(lines(": you are reading too slowly, dropped 10 messages, "+echo+"\n\n", "event: "+echo+"\ndata: "+echo+"\n\n",
		update("01A", "new", now, map[string]any{"client_order_id": "told", "hwm": echo, "invented": echo}, map[string]any{"price": echo, echo: echo}),
		update("01B"+w.seed.KeyID, "new", now, map[string]any{"client_order_id": w.seed.KeyID, "side": echo}, nil)))
	var log memoryLog
	w.run(func(c *mirror.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, what := range []string{"left something out", "reconciliation failed", "not in its documented form"} {
		w.eventually("the log to have: "+what, func() bool { return strings.Contains(log.String(), what) })
	}
	w.waitForOrder("told", "accepted new 0")
	w.waitForOrder("listed", "accepted new 0")
	rows := scan[string](w, `select string_agg(query_to_xml(format('select t::text from %s t', c.oid::regclass), true, false, '')::text, '')
		from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('app', 'private') and c.relkind = 'r'`)
	for where, text := range map[string]string{"the log": log.String(), "the database": rows} {
		for _, secret := range []string{w.seed.KeyID, w.seed.SecretKey} {
			if strings.Contains(text, secret) {
				at := strings.Index(text, secret)
				t.Errorf("%s has a key: …%s…", where, text[max(0, at-200):min(len(text), at+100)])
			}
			if !strings.Contains(text, strings.Repeat("*", len(secret))) {
				t.Errorf("%s has nothing of what was sent back: the search proves nothing", where)
			}
		}
	}
}
