package agents

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"paddock/app/ids"
	"paddock/app/paging"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// Filter selects lines. Empty fields do not filter.
type Filter struct {
	Agent    string // as it named itself
	Level    string // of this level
	MinLevel string // of this level or a higher one
	OrderID  string
	TokenID  string
	Since    string // RFC 3339; lines from then on
	Until    string // RFC 3339; lines before then
}

// selection is a filter that was checked.
type selection struct {
	agent        string
	levels       []string // empty for all
	order, token uuid.UUID
	since        time.Time
}

// check returns the filter as the query takes it, and the page that begins at its
// end.
func (f Filter) check(page paging.Page) (s selection, _ paging.Page, err error) {
	s.agent = f.Agent
	if f.Level != "" && f.MinLevel != "" {
		return s, page, problem.New(problem.InvalidAgentLog, `Give one of "level" and "min_level".`)
	}
	for _, of := range []struct {
		name, value string
		and         int // how many levels it takes; -1 for all that follow
	}{{"level", f.Level, 1}, {"min_level", f.MinLevel, -1}} {
		if of.value == "" {
			continue
		}
		from := slices.Index(levels, of.value)
		if from < 0 {
			return s, page, problem.New(problem.InvalidAgentLog, `Set %q to debug, info, warn or error.`, of.name)
		}
		if s.levels = levels[from:]; of.and == 1 {
			s.levels = s.levels[:1]
		}
	}
	if s.order, err = parseID("order_id", f.OrderID, "/api/orders"); err == nil {
		s.token, err = parseID("token_id", f.TokenID, "/api/tokens")
	}
	if err != nil {
		return s, page, err
	}
	var until time.Time
	if s.since, err = parseTime("since", f.Since); err == nil {
		until, err = parseTime("until", f.Until)
	}
	if !until.IsZero() && until.Before(page.At) {
		page.At, page.ID = until, uuid.Nil // no row has this id
	}
	return s, page, err
}

func parseID(name, text, list string) (id uuid.UUID, err error) {
	if text == "" {
		return id, nil
	}
	id, ok := ids.Parse(text)
	if !ok {
		return id, problem.New(problem.InvalidAgentLog, "%q is not a UUID. Copy it from GET %s.", name, list)
	}
	return id, nil
}

func parseTime(name, text string) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	if t, err = time.Parse(time.RFC3339, text); err != nil || t.Year() < 1 {
		return t, problem.New(problem.InvalidQuery, `Give %q as a time such as 2026-01-31T00:00:00Z.`, name)
	}
	return t.UTC(), nil
}

// The bound by "at" alone is for Postgres, which finds by it the months that need not be
// read. The other bounds are of pairs: from two bounds of one column Postgres would expect so few rows
// that an index without the agent looks as good as the agent's. Of each level the newest are read, by indexes that have the level: otherwise the few errors
// would be looked for among all lines.
const (
	lineColumnsSQL = `id, user_id, token_id, orchestrator_agent_id, order_id, level, message, data, at, created_at`
	linesSQL       = `select ` + lineColumnsSQL + ` from app.agent_logs where account_id = $1 and (at, id) < ($2, $3) and at <= $2`
	sinceSQL       = ` and (at, id) >= ($5, '00000000-0000-0000-0000-000000000000')`
	newestSQL      = ` order by at desc, id desc limit $4`
)

// inOrderSQL has the lines read in the order of an index. Postgres keeps no statistics of whose
// they are, by which agent or token, and expects so few that it would read all of them and sort. A plan
// that was kept from when a month was empty would not have its indexes in it.
// The one sort that is left then seems dear enough to compile the query first, which takes seconds.
const inOrderSQL = `select set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true),
	set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)`

// statement returns the query for a selection, and its arguments. One of order, token
// and agent is looked for by its index, the one with the fewest lines, and the
// others are compared: as plain conditions Postgres, which has no statistics of them, might
// take the index of either.
func (s selection) statement(account uuid.UUID, page paging.Page) (string, []any) {
	var where strings.Builder
	args := []any{account, page.At, page.ID, page.Limit + 1}
	if !s.since.IsZero() {
		where.WriteString(sinceSQL)
		args = append(args, s.since)
	}
	indexed := false
	and := func(column string, value any) {
		args = append(args, value)
		condition := fmt.Sprintf("%s = $%d", column, len(args))
		if indexed {
			condition = "case when " + condition + " then true else false end"
		}
		where.WriteString(" and " + condition)
		indexed = true
	}
	if s.order != uuid.Nil {
		and("order_id", s.order)
	}
	if s.token != uuid.Nil {
		and("token_id", s.token)
	}
	if s.agent != "" {
		and("orchestrator_agent_id", s.agent)
	}
	of := s.levels
	switch {
	case len(of) == 0 && !indexed:
		return linesSQL + where.String() + newestSQL, args
	case len(of) == 0:
		of = levels
	}
	args = append(args, of)
	return fmt.Sprintf(`select newest.* from unnest($%d::text[]) wanted cross join lateral (`, len(args)) + linesSQL + ` and level = wanted` + where.String() +
		newestSQL + `) newest` + newestSQL, args
}

// List returns {"agent_logs":[…],"next_cursor":…}: lines, newest first. It ends with
// invalid_agent_log or invalid_query.
func (l *Logs) List(ctx context.Context, a tenant.Admission, f Filter, page paging.Page) ([]byte, error) {
	s, page, err := f.check(page)
	if err != nil {
		return nil, err
	}
	query, args := s.statement(a.Account, page)
	logs := page.List("agent_logs", "at")
	err = l.db.Read(ctx, a, func(b *tenant.Batch) {
		b.Queue(inOrderSQL)
		b.Queue(query, args...).Query(logs.Read)
	})
	switch {
	case tenant.Unstorable(err): // no agent has such a name
		return logs.Empty(), nil
	case err != nil:
		return nil, err
	}
	return logs.JSON(), nil
}
