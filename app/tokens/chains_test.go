package tokens_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// chainToken is a token as it was asked for, and as it must be if it was made.
type chainToken struct {
	id        uuid.UUID
	parent    *chainToken // nil for one that a session made
	scopes    []string
	accounts  []int
	paper     bool
	expires   int            // hours from now
	sleeves   map[int]int    // in which of an account's sleeves it trades
	numbers   map[string]int // limits
	lists     map[string][]string
	deep      int
	lifeHours int  // if expires is not asked for
	asked     bool // whether expires is
}

// chainWorld is a user with four paper accounts, two live ones and two sleeves in each.
type chainWorld struct {
	accounts []uuid.UUID
	sleeves  [][2]uuid.UUID
}

const (
	paperAccounts = 4
	sleeveCash    = 900
)

var (
	chainNumbers = []string{"max_order_notional", "max_position_notional", "max_position_qty", "max_open_orders", "orders_per_minute", "orders_per_day",
		"daily_loss_limit", "max_drawdown", "max_refusals", "heartbeat_seconds", "approval_above"}
	chainLists = map[string][]string{"allowed_symbols": {"AAPL", "MSFT", "SPY", "NVDA"}, "allowed_sides": {"buy", "sell"}}
)

// request asks for a token at random, by one that was made or by a session: for what may be
// less than that one has, as much, or more.
func (c *chainWorld) request(dice *rand.Rand, made []*chainToken) *chainToken {
	t := &chainToken{id: uuid.New(), sleeves: map[int]int{}, numbers: map[string]int{}, lists: map[string][]string{}, deep: 1}
	if len(made) > 0 && dice.IntN(25) > 0 {
		t.parent = made[dice.IntN(len(made))]
		if dice.IntN(2) == 0 { // rather a young one, so that chains become long
			t.parent = made[len(made)-1-dice.IntN(min(8, len(made)))]
		}
		t.deep = t.parent.deep + 1
	}
	p := t.parent
	same := p != nil && dice.IntN(3) > 0 // asks for what its parent has, but for a thing or two
	for _, s := range []string{"read", "trade", "cancel", "log"} {
		if same && slices.Contains(p.scopes, s) && dice.IntN(12) > 0 || !same && dice.IntN(10) < 9 || dice.IntN(60) == 0 {
			t.scopes = append(t.scopes, s)
		}
	}
	for i := range c.accounts {
		if same && slices.Contains(p.accounts, i) && dice.IntN(12) > 0 || !same && dice.IntN(10) < 9 && (i < paperAccounts || dice.IntN(3) == 0) || dice.IntN(60) == 0 {
			t.accounts = append(t.accounts, i)
		}
	}
	t.paper = dice.IntN(5) < 2
	if same {
		t.paper = p.paper != (dice.IntN(20) == 0)
	}
	t.asked, t.lifeHours = dice.IntN(10) < 3, 1+dice.IntN(2000)
	t.expires = 1 + dice.IntN(2000)
	if same && dice.IntN(10) > 0 {
		t.expires = max(1, p.expires-dice.IntN(3))
	}
	for i := range c.accounts {
		if dice.IntN(12) == 0 {
			t.sleeves[i] = dice.IntN(2)
		}
		if p != nil && dice.IntN(3) == 0 {
			if s, bound := p.sleeves[i]; bound {
				t.sleeves[i] = s
			}
		}
	}
	for _, name := range chainNumbers {
		if dice.IntN(6) == 0 {
			t.numbers[name] = dice.IntN(1500)
			switch name {
			case "max_refusals", "max_drawdown":
				t.numbers[name]++
			case "heartbeat_seconds":
				if t.numbers[name] += 5; dice.IntN(4) > 0 {
					delete(t.numbers, name) // it stops every order here
				}
			case "max_open_orders", "orders_per_minute", "orders_per_day", "max_position_qty":
				t.numbers[name] = dice.IntN(30)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(chainLists)) {
		if dice.IntN(6) == 0 {
			t.lists[name] = []string{}
			for _, s := range chainLists[name] {
				if dice.IntN(4) > 0 {
					t.lists[name] = append(t.lists[name], s)
				}
			}
		}
	}
	return t
}

// judge completes a token as it is made, and returns in what it would be wider than the one
// that makes it, or what else forbids it. It is written by what docs/api.md says, and
// shares nothing with the database.
func (t *chainToken) judge() (forbidden []string) {
	p := t.parent
	if slices.Contains(t.scopes, "trade") && !slices.Contains(t.scopes, "cancel") {
		t.scopes = append(t.scopes, "cancel")
	}
	if !slices.Contains(t.scopes, "read") {
		t.scopes = append(t.scopes, "read")
	}
	if !t.asked {
		if t.expires = t.lifeHours; p != nil {
			t.expires = min(t.lifeHours, p.expires)
		}
	}
	for i := range t.sleeves {
		if !slices.Contains(t.accounts, i) {
			forbidden = append(forbidden, "a sleeve of another account")
		}
	}
	for _, i := range t.accounts {
		if t.paper && i >= paperAccounts {
			forbidden = append(forbidden, "live")
		}
	}
	if p == nil {
		return forbidden
	}
	for _, s := range t.scopes {
		if !slices.Contains(p.scopes, s) {
			forbidden = append(forbidden, "scope "+s)
		}
	}
	for _, i := range t.accounts {
		if !slices.Contains(p.accounts, i) {
			forbidden = append(forbidden, fmt.Sprint("account ", i))
		}
	}
	for i, s := range p.sleeves {
		own, named := t.sleeves[i]
		switch {
		case named && own != s:
			forbidden = append(forbidden, "another sleeve")
		case slices.Contains(t.accounts, i):
			t.sleeves[i] = s
		}
	}
	if p.paper && !t.paper {
		forbidden = append(forbidden, "no paper_only")
	}
	if t.expires > p.expires {
		forbidden = append(forbidden, "time")
	}
	if t.deep > 8 {
		forbidden = append(forbidden, "depth")
	}
	return forbidden
}

// chain returns the token and those of which it was made.
func (t *chainToken) chain() (all []*chainToken) {
	for ; t != nil; t = t.parent {
		all = append(all, t)
	}
	return all
}

// least returns the tightest of a limit in the chain, and whether there is any.
func (t *chainToken) least(name string) (least int, limited bool) {
	for _, c := range t.chain() {
		if n, has := c.numbers[name]; has && (!limited || n < least) {
			least, limited = n, true
		}
	}
	return least, limited
}

// common returns what all lists of the chain have, and whether there is any list.
func (t *chainToken) common(name string) (common []string, limited bool) {
	common = chainLists[name]
	for _, c := range t.chain() {
		if list, has := c.lists[name]; has {
			limited = true
			common = slices.DeleteFunc(slices.Clone(common), func(s string) bool { return !slices.Contains(list, s) })
		}
	}
	return common, limited
}

// mayBuy says what becomes of an order that buys shares at a limit: "sent", "waits" or
// "refused".
func (t *chainToken) mayBuy(account int, symbol string, qty, price int) string {
	worth := qty * price
	refused := !slices.Contains(t.scopes, "trade")
	for name, reaches := range map[string]int{"max_order_notional": worth, "max_position_notional": worth, "max_position_qty": qty, "max_open_orders": 1, "orders_per_minute": 1, "orders_per_day": 1} {
		if most, limited := t.least(name); limited && reaches > most {
			refused = true
		}
	}
	for name, has := range map[string]string{"allowed_symbols": symbol, "allowed_sides": "buy"} {
		if list, limited := t.common(name); limited && !slices.Contains(list, has) {
			refused = true
		}
	}
	if loss, limited := t.least("daily_loss_limit"); limited && loss == 0 { // it has lost nothing
		refused = true
	}
	if _, limited := t.least("heartbeat_seconds"); limited { // none was ever sent
		refused = true
	}
	if _, bound := t.sleeves[account]; bound && worth > sleeveCash {
		refused = true
	}
	above, limited := t.least("approval_above")
	switch {
	case refused:
		return "refused"
	case limited && (worth > above || above == 0):
		return "waits"
	}
	return "sent"
}

// Whatever is sent, no token can do anything that the one by which it was made cannot, and
// all that is narrower is made. PADDOCK_CHAINS is how many tokens are tried.
func TestNoChainOfTokensWidens(t *testing.T) {
	tries := 2000
	if n, err := strconv.Atoi(os.Getenv("PADDOCK_CHAINS")); err == nil {
		tries = n
	}
	seed := rand.Uint64() >> 32
	if n, err := strconv.ParseUint(os.Getenv("PADDOCK_CHAINS_SEED"), 10, 64); err == nil {
		seed = n
	}
	const each = 1000 // tries of a user, of whose tokens no more than 500 may hold
	db := pgtest.New(t)
	var did chainCounts
	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for range 2 {
		w := &chainWorker{t: t, seed: seed, did: &did, admin: db.Conn(t, "admin"), app: db.Conn(t, "paddock_app"), auth: db.Conn(t, "paddock_auth")}
		w.exec(w.app, "set synchronous_commit = off")
		workers.Go(func() {
			for n := next.Add(1); int(n-1)*each < tries && !t.Failed(); n = next.Add(1) {
				w.user(int(n), min(each, tries-int(n-1)*each))
			}
		})
	}
	workers.Wait()
	t.Logf("PADDOCK_CHAINS_SEED=%d: %d tokens asked for and %d made, %d of them three deep or more; %d orders tried, of which %d could be sent and %d would wait; %s",
		seed, did.asked.Load(), did.made.Load(), did.deep.Load(), did.orders.Load(), did.sent.Load(), did.wait.Load(), time.Since(began).Round(time.Second))
	// Orders that would wait are few: of some thousand tokens there may be none.
	if n := did.made.Load(); n < int64(tries/20) || did.deep.Load() < n/20 || did.sent.Load() == 0 || tries >= 20_000 && did.wait.Load() == 0 {
		t.Error("the test did less than it says")
	}
}

type chainCounts struct{ asked, made, deep, orders, sent, wait atomic.Int64 }

// chainWorker tries one user's tokens after the other's.
type chainWorker struct {
	t                *testing.T
	seed             uint64
	did              *chainCounts
	began            time.Time // from which hours count
	admin, app, auth *pgx.Conn
}

func (w *chainWorker) exec(conn *pgx.Conn, sql string, args ...any) {
	if _, err := conn.Exec(context.Background(), sql, args...); err != nil {
		w.t.Errorf("%.200s: %v", sql, err)
	}
}

func (w *chainWorker) user(n, tries int) {
	ctx, user := context.Background(), fmt.Sprintf("chains-%d", n)
	dice := rand.New(rand.NewPCG(w.seed, uint64(n)))
	session := kit.UserBy(w.t, w.auth, user)
	w.began = time.Now()
	var c chainWorld
	w.exec(w.admin, fmt.Sprintf(`insert into app.user_accounts (user_id, name, environment) select '%s', n::text, case when n > %d then 'live' else 'paper' end from generate_series(1, %[2]d + 2) n;
		insert into app.account_grants (account_id, user_id, role) select id, user_id, 'owner' from app.user_accounts where user_id = '%[1]s';
		insert into app.sleeves (account_id, name, transferred, made_by) select id, s, %[3]d, 'x' from app.user_accounts, unnest(array['one', 'two']) s where user_id = '%[1]s';
		insert into app.stream_cursors (account_id, last_event_id, agreed_at) select id, '1', now() from app.user_accounts where user_id = '%[1]s' on conflict (account_id) do update set agreed_at = now();
		insert into app.account_balances (account_id, equity, last_equity, as_of) select id, 100000, 100000, now() from app.user_accounts where user_id = '%[1]s'`, user, paperAccounts, sleeveCash))
	rows, err := w.admin.Query(ctx, `select u.id, (select array_agg(s.id order by s.name) from app.sleeves s where s.account_id = u.id) from app.user_accounts u where u.user_id = $1 order by u.name`, user)
	if err != nil {
		w.t.Error(err)
		return
	}
	var id uuid.UUID
	var sleeves []uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&id, &sleeves}, func() error {
		c.accounts, c.sleeves = append(c.accounts, id), append(c.sleeves, [2]uuid.UUID{sleeves[0], sleeves[1]})
		return nil
	}); err != nil || len(c.accounts) != paperAccounts+2 {
		w.t.Errorf("%d accounts: %v", len(c.accounts), err)
		return
	}
	var made []*chainToken
	check := func() {
		w.compare(&c, user, made)
		for i := 0; i < len(made); i += 1 + dice.IntN(20) {
			w.order(&c, dice, made[i])
		}
		w.exec(w.admin, "delete from private.api_tokens where user_id = $1", user)
		made = nil
	}
	for tried := 0; tried < tries; tried += 40 {
		// A user may have no more than 500: who has as many begins anew.
		if len(made) > 450 {
			check()
		}
		made = append(made, w.ask(&c, dice, session, made, min(40, tries-tried))...)
	}
	check()
	if n%50 == 0 {
		w.exec(w.admin, "truncate app.audit_log, app.user_audit_log")
	}
}

// askFor asks for tokens, those of one that makes them in one transaction, and says of each
// whether it was made, or the error's code and detail.
const askFor = `do $ask$
declare
	said jsonb := '[]';
	g jsonb;
	r jsonb;
	what text;
	more text;
begin
	for g in select jsonb_array_elements($requests$%s$requests$::jsonb) loop
		perform private.admit(g->>'by', null);
		for r in select jsonb_array_elements(g->'asks') loop
			begin
				perform private.make_token((r->>'id')::uuid, 'x', sha256(convert_to('pdk_' || (r->>'id'), 'UTF8')), 'x', array(select jsonb_array_elements_text(r->'scopes')),
					array(select jsonb_array_elements_text(r->'accounts')::uuid), (r->>'paper')::boolean, (r->>'expires')::timestamptz, (r->>'life')::interval,
					r->'limits', array(select jsonb_array_elements_text(r->'sleeves')::uuid));
				said := said || '"made"';
			exception when others then
				get stacked diagnostics more = pg_exception_detail;
				said := said || to_jsonb(concat_ws(' ', sqlstate, more, case when sqlstate not like 'PD%%' then sqlerrm end));
			end;
		end loop;
		commit;
	end loop;
	perform set_config('chains.said', said::text, false);
end $ask$`

// ask asks for so many tokens and returns those that were made. It fails the test where one
// was made that may not be, or one was not that may.
func (w *chainWorker) ask(c *chainWorld, dice *rand.Rand, session string, made []*chainToken, n int) (more []*chainToken) {
	type ask struct {
		ID       uuid.UUID      `json:"id"`
		Scopes   []string       `json:"scopes"`
		Accounts []uuid.UUID    `json:"accounts"`
		Paper    bool           `json:"paper"`
		Expires  *string        `json:"expires"`
		Life     string         `json:"life"`
		Limits   map[string]any `json:"limits"`
		Sleeves  []uuid.UUID    `json:"sleeves"`
	}
	type group struct {
		By   string `json:"by"`
		Asks []ask  `json:"asks"`
	}
	var groups []group
	byParent := map[*chainToken][]*chainToken{}
	var parents []*chainToken
	for range n {
		t := c.request(dice, made)
		if byParent[t.parent] == nil {
			parents = append(parents, t.parent)
		}
		byParent[t.parent] = append(byParent[t.parent], t)
	}
	var order []*chainToken
	for _, p := range parents {
		g := group{By: session}
		if p != nil {
			g.By = "pdk_" + p.id.String()
		}
		for _, t := range byParent[p] {
			a := ask{ID: t.id, Scopes: append([]string{}, t.scopes...), Paper: t.paper, Life: fmt.Sprint(t.lifeHours, " hours"), Accounts: []uuid.UUID{}, Sleeves: []uuid.UUID{},
				Limits: map[string]any{"id": c.accounts[0], "user_id": "somebody", "path": []uuid.UUID{c.accounts[0]}, "revoked_at": nil, "scopes": []string{"manage"}}} // and what it may not set
			if t.asked {
				text := w.began.Add(time.Duration(t.expires) * time.Hour).Format(time.RFC3339Nano)
				a.Expires = &text
			}
			for _, i := range t.accounts {
				a.Accounts = append(a.Accounts, c.accounts[i])
			}
			for _, i := range slices.Sorted(maps.Keys(t.sleeves)) {
				a.Sleeves = append(a.Sleeves, c.sleeves[i][t.sleeves[i]])
			}
			for name, n := range t.numbers {
				a.Limits[name] = n
			}
			for name, list := range t.lists {
				a.Limits[name] = list
			}
			g.Asks, order = append(g.Asks, a), append(order, t)
		}
		groups = append(groups, g)
	}
	text, err := json.Marshal(groups)
	if err != nil {
		panic(err) // texts, numbers and ids always marshal
	}
	w.exec(w.app, fmt.Sprintf(askFor, text))
	var said []string
	if err := w.app.QueryRow(context.Background(), "select current_setting('chains.said')::jsonb").Scan(&said); err != nil || len(said) != len(order) {
		w.t.Errorf("%d answers of %d: %v", len(said), len(order), err)
		return nil
	}
	w.did.asked.Add(int64(len(order)))
	for i, t := range order {
		forbidden := t.judge()
		if (said[i] == "made") != (len(forbidden) == 0) {
			w.t.Errorf("a token of %+v made by %+v, forbidden by %q, was answered %q", t, t.parent, forbidden, said[i])
		}
		if said[i] != "made" && !strings.HasPrefix(said[i], "PD435") && !strings.HasPrefix(said[i], "PD447") {
			w.t.Errorf("a token was answered %q", said[i])
		}
		if said[i] == "made" {
			if more = append(more, t); t.deep >= 3 {
				w.did.deep.Add(1)
			}
		}
	}
	w.did.made.Add(int64(len(more)))
	return more
}

// keptToken is a token as the database has it.
type keptToken struct {
	ID       uuid.UUID
	Path     []uuid.UUID
	Scopes   []string
	Paper    bool
	Revoked  bool
	Expires  time.Time
	Accounts map[uuid.UUID]*uuid.UUID // with the sleeve in each
	Limits   map[string]any
}

// compare reads a user's tokens, and fails the test where one is not what was asked for, or
// is wider than the one that made it.
func (w *chainWorker) compare(c *chainWorld, user string, made []*chainToken) {
	rows, err := w.admin.Query(context.Background(), `select t.id, t.path, t.scopes, t.paper_only, t.revoked_at is not null, t.expires_at,
			(select jsonb_object_agg(a.account_id, a.sleeve_id) from private.token_accounts a where a.token_id = t.id), jsonb_strip_nulls(to_jsonb(t))
		from private.api_tokens t where t.user_id = $1`, user)
	if err != nil {
		w.t.Error(err)
		return
	}
	kept := map[uuid.UUID]*keptToken{}
	for rows.Next() {
		k := &keptToken{}
		if err := rows.Scan(&k.ID, &k.Path, &k.Scopes, &k.Paper, &k.Revoked, &k.Expires, &k.Accounts, &k.Limits); err != nil {
			w.t.Error(err)
		}
		kept[k.ID] = k
	}
	if rows.Err() != nil || len(kept) != len(made) {
		w.t.Errorf("%d tokens were made and %d are kept: %v", len(made), len(kept), rows.Err())
		return
	}
	for _, t := range made {
		k := kept[t.id]
		if k == nil || k.Revoked || len(k.Path) != t.deep || k.Path[len(k.Path)-1] != t.id || k.Paper != t.paper || len(k.Accounts) != len(t.accounts) ||
			!slices.Equal(slices.Sorted(slices.Values(k.Scopes)), slices.Sorted(slices.Values(t.scopes))) {
			w.t.Errorf("%+v is kept as %+v", t, k)
			continue
		}
		for _, i := range t.accounts {
			s, bound := t.sleeves[i]
			if in := k.Accounts[c.accounts[i]]; bound != (in != nil) || bound && *in != c.sleeves[i][s] {
				w.t.Errorf("%+v trades in %v on the account %d", t, in, i)
			}
		}
		for name := range chainLists {
			if list, has := t.lists[name]; has != (k.Limits[name] != nil) || has && len(list) != len(k.Limits[name].([]any)) {
				w.t.Errorf("%+v has %v of %s", t, k.Limits[name], name)
			}
		}
		for _, name := range chainNumbers {
			if n, has := t.numbers[name]; has != (k.Limits[name] != nil) || has && k.Limits[name] != float64(n) {
				w.t.Errorf("%+v has %v of %s", t, k.Limits[name], name)
			}
		}
		if t.parent == nil {
			continue
		}
		p := kept[t.parent.id]
		if wider := k.widerThan(p); len(wider) > 0 {
			w.t.Errorf("%+v was made by %+v, and is wider in %q", k, p, wider)
		}
	}
}

// widerThan returns in what a token as it is kept is wider than another one.
func (k *keptToken) widerThan(p *keptToken) (wider []string) {
	if !slices.Equal(k.Path[:len(k.Path)-1], p.Path) {
		wider = append(wider, "whose it is")
	}
	for _, s := range k.Scopes {
		if !slices.Contains(p.Scopes, s) {
			wider = append(wider, s)
		}
	}
	for account, sleeve := range k.Accounts {
		of, reaches := p.Accounts[account]
		if !reaches || of != nil && (sleeve == nil || *sleeve != *of) {
			wider = append(wider, account.String())
		}
	}
	if p.Paper && !k.Paper {
		wider = append(wider, "live")
	}
	if k.Expires.After(p.Expires) {
		wider = append(wider, "time")
	}
	return wider
}

// order tries an order with a token that is judged as it is by the limits of its whole
// chain, and takes it back; and compares what the database holds to be these limits.
func (w *chainWorker) order(c *chainWorld, dice *rand.Rand, t *chainToken) {
	if len(t.accounts) == 0 {
		return
	}
	ctx, account := context.Background(), t.accounts[dice.IntN(len(t.accounts))]
	symbol, qty, price := chainLists["allowed_symbols"][dice.IntN(4)], 1+dice.IntN(20), 1+dice.IntN(80)
	w.exec(w.admin, "update app.account_balances set as_of = clock_timestamp() where account_id = $1", c.accounts[account])
	w.exec(w.admin, "update app.stream_cursors set agreed_at = clock_timestamp() where account_id = $1", c.accounts[account])
	tx, err := w.app.Begin(ctx)
	if err != nil {
		w.t.Error(err)
		return
	}
	defer tx.Rollback(ctx) //nolint:errcheck // it changes nothing either way
	var limits map[string]any
	if _, err := tx.Exec(ctx, "select private.admit($1, $2)", "pdk_"+t.id.String(), c.accounts[account]); err != nil {
		w.t.Error(err)
		return
	}
	if err := tx.QueryRow(ctx, "select to_jsonb(private.token_limits())").Scan(&limits); err != nil {
		w.t.Error(err)
		return
	}
	for _, name := range chainNumbers {
		if least, limited := t.least(name); limited != (limits[name] != nil) || limited && limits[name] != float64(least) {
			w.t.Errorf("the chain of %+v has the limit %s of %v, and %d is the tightest (%v)", t, name, limits[name], least, limited)
		}
	}
	for name := range chainLists {
		common, limited := t.common(name)
		has, _ := limits[name].([]any)
		if limited != (limits[name] != nil) || len(has) != len(common) && limited {
			w.t.Errorf("the chain of %+v has %v of %s, and %v is in all lists", t, has, name, common)
		}
	}
	_, err = tx.Exec(ctx, `insert into app.alpaca_orders (account_id, client_order_id, submitted_by, symbol, side, qty, type, limit_price, time_in_force, reference_prices, request_hash, request)
		values ($1, $2, private.user_id(), $3, 'buy', $4, 'limit', $5, 'day', jsonb_build_object($3::text, $5::numeric), sha256(''), '{}')`, c.accounts[account], t.id.String(), symbol, qty, price)
	got := "refused"
	switch {
	case err == nil:
		got = "sent"
		w.did.sent.Add(1)
	case strings.Contains(err.Error(), "PD450") && slices.Contains(t.scopes, "trade"): // for others nobody may propose it
		got = "waits"
		w.did.wait.Add(1)
	case strings.Contains(err.Error(), "42501"), strings.Contains(err.Error(), "PD422"), strings.Contains(err.Error(), "PD450"):
	default:
		w.t.Error(err)
	}
	w.did.orders.Add(1)
	if want := t.mayBuy(account, symbol, qty, price); got != want {
		w.t.Errorf("%d %s at %d by %+v is %s (%v), want %s", qty, symbol, price, t, got, err, want)
	}
}
