package system

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// log is what an account's events say.
type log struct {
	made     map[string]int64 // the number of the intent's event, by client_order_id
	turned   map[string]int64 // the number of the switch's event, by the reason
	overshot map[string]bool  // closings of which an event says that they did too much
	stuck    map[string]bool  // wind-downs of which an event says why they are stuck
}

func readLog(conn *pgx.Conn, account string) log {
	l := log{made: map[string]int64{}, turned: map[string]int64{}, overshot: map[string]bool{}, stuck: map[string]bool{}}
	rows, err := conn.Query(context.Background(), `select seq, kind, data->>'event', coalesce(data->'order'->>'client_order_id', ''), coalesce(data->>'reason', ''),
			coalesce(data->'wind_down'->>'id', ''), coalesce(data->'wind_down'->>'state', ''), coalesce(data->'wind_down'->>'message', '')
		from app.account_events where account_id = $1 and kind in ('order', 'guard') order by seq`, account)
	if err != nil {
		panic(err) // the administrator may read everything
	}
	var seq int64
	var kind, event, order, reason, windDown, state, message string
	if _, err := pgx.ForEachRow(rows, []any{&seq, &kind, &event, &order, &reason, &windDown, &state, &message}, func() error {
		switch {
		case kind == "order" && event == "submitting":
			l.made[order] = seq // the last one, if the intent was sent again
		case kind == "order" && event == "overshot":
			l.overshot[order] = true
		case kind == "guard" && event == "switch" && l.turned[reason] == 0:
			l.turned[reason] = seq
		case kind == "guard" && event == "wind_down" && state == "stuck" && message != "":
			l.stuck[windDown] = true
		}
		return nil
	}); err != nil {
		panic(err)
	}
	return l
}

// windDownsLeft returns the wind-downs that have not ended, or that are stuck and
// no event says why.
func windDownsLeft(conn *pgx.Conn, account string, l log) (found []string) {
	rows, err := conn.Query(context.Background(), `select id::text, state, coalesce(message, ''), coalesce(remaining, 'null') from app.wind_downs where account_id = $1`, account)
	if err != nil {
		panic(err) // the administrator may read everything
	}
	var id, state, message string
	var remaining json.RawMessage
	if _, err := pgx.ForEachRow(rows, []any{&id, &state, &message, &remaining}, func() error {
		if state == "running" || state == "stuck" && (message == "" || !l.stuck[id]) {
			found = append(found, fmt.Sprintf("the wind-down %s is %s (%s), with %s left", id, state, message, remaining))
		}
		return nil
	}); err != nil {
		panic(err)
	}
	return found
}
