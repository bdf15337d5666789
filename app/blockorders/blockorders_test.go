package blockorders_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"paddock/app/tenant"
	"paddock/tests/kit"
	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Whatever is divided by whatever weights: the parts together are the total, none is
// negative, and none is a unit or more from its exact share.
func TestPartsAreTheTotal(t *testing.T) {
	conn := pgtest.New(t).Conn(t, "admin")
	random := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- cases of a test
	digits := func() string {             // of a number with up to 17 digits
		most := uint64(1)
		for range 1 + random.IntN(17) {
			most *= 10
		}
		return fmt.Sprint(random.Uint64N(most))
	}
	for i := range 400 {
		unit := []string{"1", "0.01", "0.000000001"}[i%3]
		total := decimal.RequireFromString(digits()).Add(decimal.NewFromInt(1)).Mul(decimal.RequireFromString(unit))
		weights := make([]string, 1+random.IntN(20))
		sum := decimal.Zero
		for n := range weights {
			weights[n] = "0"
			if n == 0 || random.IntN(4) > 0 {
				weights[n] = decimal.RequireFromString(digits()).Add(decimal.NewFromInt(1)).Shift(-int32(random.IntN(18))).String()
			}
			sum = sum.Add(decimal.RequireFromString(weights[n]))
		}
		rows, err := conn.Query(t.Context(), "select a::text from unnest(app.allocate($1::text::numeric, $2::text[]::numeric[], $3::text::numeric)) with ordinality p (a, n) order by n", total.String(), weights, unit)
		if err != nil {
			t.Fatal(err)
		}
		parts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(parts) != len(weights) {
			t.Fatalf("%s by %v: %v %v", total, weights, parts, err)
		}
		given := decimal.Zero
		for n, text := range parts {
			part, weight := decimal.RequireFromString(text), decimal.RequireFromString(weights[n])
			given = given.Add(part)
			// |part - total * weight / sum| < unit, without dividing
			off := part.Mul(sum).Sub(total.Mul(weight)).Abs()
			if part.IsNegative() || off.GreaterThanOrEqual(decimal.RequireFromString(unit).Mul(sum)) || weight.IsZero() && !part.IsZero() {
				t.Errorf("%s by %v: part %d is %s", total, weights, n, part)
			}
		}
		if !given.Equal(total) {
			t.Errorf("%s by %v: the parts are %s together", total, weights, given)
		}
	}
}

// A statement that goes around the server's own checks divides nothing that cannot be
// divided, and asks for nothing: Postgres checks it all again.
func TestForgedBlockOrdersAreRefused(t *testing.T) {
	db := pgtest.New(t)
	app, admin := db.Conn(t, "paddock_app"), db.Conn(t, "admin")
	token := kit.User(t, db, "u")
	do := func(account *uuid.UUID, sql string, args ...any) (text string, err error) {
		t.Helper()
		tx, err := app.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Commit(t.Context()) }() // of one that failed it undoes all
		if _, err = tx.Exec(t.Context(), "select private.admit($1, $2)", token, account); err == nil {
			err = tx.QueryRow(t.Context(), sql, args...).Scan(&text)
		}
		return text, err
	}
	var accounts []uuid.UUID
	for _, name := range []string{"one", "two"} {
		id, err := do(nil, "select private.create_account($1, 'paper')::text", name)
		if err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, uuid.MustParse(id))
		if _, err := admin.Exec(t.Context(), "insert into app.account_balances (account_id, equity, last_equity, as_of) values ($1, $2, 1, now())", id, -100*len(accounts)); err != nil {
			t.Fatal(err)
		}
	}
	one, two := `{"account_id":"`+accounts[0].String()+`"}`, `{"account_id":"`+accounts[1].String()+`"}`
	with := func(account, more string) string { return strings.Replace(account, "}", ","+more+"}", 1) }
	request := func(order, method string, named ...string) string {
		return fmt.Sprintf(`{"order":{"symbol":"AAPL","side":"buy","type":"market","time_in_force":"day"%s},"allocation":{"method":%s,"fractions":false},"accounts":[%s]}`,
			order, method, strings.Join(named, ","))
	}
	ten := `,"qty":"10"`
	for _, c := range []struct{ name, request, state string }{
		{"a total that is no number", request(`,"qty":"NaN"`, `"equal"`, one, two), "PD474"},
		{"an infinite total", request(`,"qty":"Infinity"`, `"equal"`, one, two), "PD474"},
		{"a total below 0", request(`,"qty":"-10"`, `"equal"`, one, two), "PD474"},
		{"no total", request("", `"equal"`, one, two), "PD474"},
		{"a total that is no multiple of a share", request(`,"qty":"10.5"`, `"equal"`, one, two), "PD474"},
		{"a total in half cents", request(`,"notional":"1.005"`, `"equal"`, one, two), "PD474"},
		{"a ratio that is no number", request(ten, `"ratio"`, with(one, `"ratio":"NaN"`), with(two, `"ratio":"1"`)), "PD474"},
		{"a ratio below 0", request(ten, `"ratio"`, with(one, `"ratio":"-1"`), with(two, `"ratio":"2"`)), "PD474"},
		{"no ratio", request(ten, `"ratio"`, one, with(two, `"ratio":"2"`)), "PD474"},
		{"an account twice", request(ten, `"equal"`, one, one), "PD474"},
		{"no account", request(ten, `"equal"`), "PD474"},
		{"an account without an id", request(ten, `"equal"`, one, `{"account_id":null}`), "PD474"},
		{"no method", request(ten, `null`, one), "PD474"},
		{"another method", request(ten, `"all"`, one), "PD474"},
		{"a percentage above 100", request("", `"percent"`, with(one, `"percent":"101"`)), "PD474"},
		{"a percentage that is no number", request("", `"percent"`, with(one, `"percent":"NaN"`)), "PD474"},
		{"a percentage by a price below 0", request(`,"limit_price":"-1"`, `"percent"`, with(one, `"percent":"1"`)), "PD474"},
		{"a percentage of what is not divided", request(ten, `"percent"`, with(one, `"percent":"1"`)), "23514"},
		{"accounts that are worth nothing", request(ten, `"net_liquidation"`, one, two), "PD474"},
		{"accounts by the hundred", request(ten, `"equal"`, strings.Repeat(one+",", 100)+two), "PD474"},
	} {
		if _, err := do(nil, "select private.make_block_order($1, sha256(''), $2)::text", c.name, c.request); tenant.SQLState(err) != c.state {
			t.Errorf("%s: %v, want %s", c.name, err, c.state)
		}
	}
	good := request(ten, `"equal"`, one, two)
	if _, err := do(&accounts[0], "select private.make_block_order('k', sha256(''), $1)::text", good); tenant.SQLState(err) != "42501" {
		t.Errorf("with an account admitted: %v", err)
	}
	// A forged price does no more than a price does: with less than nothing there is no part.
	if text, err := do(nil, "select private.preview_block_order($1)::text", request("", `"percent"`, with(one, `"percent":"1"`))); err != nil || !strings.Contains(text, `"notional": "0"`) {
		t.Errorf("one percent of less than nothing: %s %v", text, err)
	}
	if _, err := admin.Exec(t.Context(), "update app.account_balances set as_of = now() - interval '61 seconds'"); err != nil {
		t.Fatal(err)
	}
	if _, err := do(nil, "select private.make_block_order('k', sha256(''), $1)::text", request(ten, `"net_liquidation"`, one, two)); tenant.SQLState(err) != "PD473" {
		t.Errorf("by an equity of a minute ago: %v", err)
	}
	var made int
	if err := admin.QueryRow(t.Context(), "select (select count(*) from app.jobs) + (select count(*) from private.block_orders)").Scan(&made); err != nil || made != 0 {
		t.Errorf("%d rows were made: %v", made, err)
	}

	// A job's id follows from the key and the account, so that a database which has lost the
	// block order asks Alpaca for the same orders again, and for no others.
	var ids []string
	for range 2 {
		if _, err := do(nil, "select private.make_block_order('k', sha256(''), $1)::text", good); err != nil {
			t.Fatal(err)
		}
		var now string
		if err := admin.QueryRow(t.Context(), "select string_agg(id::text, ' ' order by account_id) from app.jobs").Scan(&now); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, now)
		if _, err := admin.Exec(t.Context(), "delete from app.jobs; delete from private.block_orders"); err != nil {
			t.Fatal(err)
		}
	}
	if ids[0] != ids[1] || len(strings.Fields(ids[0])) != 2 {
		t.Errorf("the jobs are %q", ids)
	}
}
