package tokens_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// grow makes tokens at random, each by the user's session or by any token that was made
// before, and asks for what may be less, as much or more than that one has. $1 is the
// session's token, and $2 how many are tried. A token is pdk_ and its id.
const grow = `do $grow$
declare
	session text := '%s';
	tries integer := %d;
	accounts uuid[];
	made uuid[] := '{}';
	id uuid;
	reached uuid[];
	scopes text[];
begin
	perform private.admit(session, null);
	accounts := array(select u.id from app.user_accounts u order by u.id);
	commit;
	for i in 1 .. tries loop
		id := gen_random_uuid();
		perform private.admit(case when random() < 0.05 or cardinality(made) = 0 then session else 'pdk_' || made[1 + floor(random() * cardinality(made))] end, null);
		scopes := array(select s from unnest(array['read', 'trade', 'cancel', 'log']) s where random() < 0.9);
		reached := array(select a from unnest(accounts) a where random() < case when array_position(accounts, a) > 4 then 0.3 else 0.9 end);
		begin
			perform private.make_token(id, 'x', sha256(convert_to('pdk_' || id, 'UTF8')), 'x', scopes, reached, random() < 0.4,
				case when random() < 0.7 then null else now() + random() * interval '90 days' end, random() * interval '90 days' + interval '1 hour',
				jsonb_build_object('orders_per_day', floor(random() * 10), 'id', accounts[1], 'user_id', 'somebody', 'path', array[accounts[1]], 'revoked_at', null), '{}');
			made := made || id;
		exception when sqlstate 'PD435' then
			null;
		end;
		commit;
	end loop;
end $grow$`

// Whatever is sent, no token can do anything that the one by which it was made cannot.
// PADDOCK_CHAINS is how many tokens are tried.
func TestNoChainOfTokensWidens(t *testing.T) {
	tries := 1000
	if n, err := strconv.Atoi(os.Getenv("PADDOCK_CHAINS")); err == nil {
		tries = n
	}
	db := pgtest.New(t)
	admin, app := db.Conn(t, "admin"), db.Conn(t, "paddock_app")
	exec := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	const each = 1000 // of which no more than 500 hold, as many as a user may have
	for n := 0; n*each < tries; n++ {
		user := fmt.Sprintf("user-%d", n)
		session := kit.UserBy(t, db.Conn(t, "paddock_auth"), user)
		exec(fmt.Sprintf(`insert into app.user_accounts (user_id, name, environment) select '%s', n::text, case when n > 4 then 'live' else 'paper' end from generate_series(1, 6) n;
			insert into app.account_grants (account_id, user_id, role) select id, user_id, 'owner' from app.user_accounts where user_id = '%[1]s'`, user))
		if _, err := app.Exec(t.Context(), fmt.Sprintf(grow, session, each)); err != nil {
			t.Fatal(err)
		}
	}
	var made, deep, wider, strange int
	if err := admin.QueryRow(t.Context(), `
		with reach as materialized (
			select t.id, a.account_id from private.api_tokens t join private.token_accounts a on a.token_id = t.id
		), pairs as (
			select c.*, p.scopes as of_scopes, p.paper_only as of_paper, p.expires_at as of_expiry, p.id as parent
			from private.api_tokens c join private.api_tokens p on p.id = c.path[cardinality(c.path) - 1])
		select (select count(*) from private.api_tokens), (select count(*) from pairs where cardinality(path) > 3),
			(select count(*) from pairs x where exists (select unnest(x.scopes) except select unnest(x.of_scopes))
				or exists (select r.account_id from reach r where r.id = x.id except select r.account_id from reach r where r.id = x.parent)
				or x.of_paper and not x.paper_only or x.expires_at > x.of_expiry),
			(select count(*) from private.api_tokens t where t.path[cardinality(t.path)] <> t.id or t.user_id not like 'user-%' or cardinality(t.path) > 8
				or exists (select from reach r join app.user_accounts u on u.id = r.account_id where r.id = t.id and (u.user_id <> t.user_id or t.paper_only and u.environment = 'live')))`).
		Scan(&made, &deep, &wider, &strange); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tokens of %d tries, %d of them three deep or more", made, tries, deep)
	if made < tries/20 || deep < made/50 {
		t.Error("the test did less than it says")
	}
	if wider > 0 || strange > 0 {
		t.Errorf("%d tokens can do more than the one that made them, and %d are not what was asked for", wider, strange)
	}
}
