// Package bench measures the server. Where it compares contenders, these run in
// turn, round after round, and the ratios of their medians are reported, because
// absolute figures differ from machine to machine and from hour to hour.
package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"paddock/tests/pgtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(brokerOfRest) != "" {
		serveRest()
	}
	pgtest.Main(m)
}

const (
	connections = 16
	rounds      = 5
	round       = 3 * time.Second
)

// contender is something whose throughput is measured.
type contender struct {
	name string
	run  func() float64 // measures once, per second
	seen []float64
}

func (c *contender) median() float64 {
	sorted := slices.Sorted(slices.Values(c.seen))
	return sorted[len(sorted)/2]
}

// compare runs the contenders in turn. The first is what the others are
// compared with.
func compare(b *testing.B, title string, all ...*contender) {
	b.Helper()
	for range rounds {
		for _, c := range all {
			c.seen = append(c.seen, c.run())
		}
	}
	fmt.Printf("\n%s\n", title)
	for i, c := range all {
		ratio := c.median() / all[0].median()
		fmt.Printf("  %-58s %8.0f a second  %5.2f\n", c.name, c.median(), ratio)
		if i > 0 {
			b.ReportMetric(ratio, word(c.name)+"/"+word(all[0].name))
		}
	}
	b.ReportMetric(0, "ns/op") // the total time means nothing
}

// word returns the first word of a name.
func word(name string) string { return strings.TrimSuffix(strings.Fields(name)[0], ",") }

// BenchmarkOrders compares GET /api/orders of the built binary with pgbench, which
// sends the same statements in one pipeline to the same Postgres. A thousand sockets are
// connected meanwhile.
func BenchmarkOrders(b *testing.B) {
	db := pgtest.New(b)
	fillTenants(b, db, orders)
	addViewers(b, db, 1)
	same := script(b, recordList(b, db))
	addr, pid := startServerProcess(b, db)
	fmt.Printf("\nGET /api/orders: the server takes %.1f MiB at rest", mebibytes(b, pid))
	defer connect(b, addr, tenants).close()
	fmt.Printf(", and %.1f with %d sockets\n", mebibytes(b, pid), tenants)
	for _, clients := range []int{connections, 4 * connections} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			compare(b, fmt.Sprintf("GET /api/orders, 50 of %d orders of %d tenants, %d connections", orders, tenants, clients),
				&contender{name: "pgbench, the same statements in one pipeline", run: func() float64 { return pgbench(b, db, same, clients) }},
				&contender{name: "http, the whole product", run: func() float64 { return load(b, addr, "/api/orders", clients) }},
			)
			_, took := loadKnown(b, addr, "/api/orders", clients, nil)
			fmt.Printf("  p50 %.2f ms, p99 %.2f ms (%.1f×); the server takes %.1f MiB\n", ms(took, 50), ms(took, 99), ms(took, 99)/ms(took, 50), mebibytes(b, pid))
		})
	}
}

// BenchmarkKnownOrders compares GET /api/orders of clients that have the list already
// with that of clients that have not.
func BenchmarkKnownOrders(b *testing.B) {
	db := pgtest.New(b)
	fillTenants(b, db, orders)
	addr := startServer(b, db)
	tags := make([]string, tenants+1)
	for n := 1; n <= tenants; n++ {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://"+addr+"/api/orders", nil)
		if err != nil {
			b.Fatal(err)
		}
		request.Header = http.Header{"Cookie": {cookie(token(n))}, "X-Account-Id": {account(n)}}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		response.Body.Close()
		if tags[n] = response.Header.Get("ETag"); tags[n] == "" {
			b.Fatal("the list has no entity tag")
		}
	}
	compare(b, fmt.Sprintf("GET /api/orders, 50 of %d orders of %d tenants, %d connections", orders, tenants, connections),
		&contender{name: "read, 200 with the page", run: func() float64 { return load(b, addr, "/api/orders", connections) }},
		&contender{name: "known, 304", run: func() float64 {
			perSecond, _ := loadKnown(b, addr, "/api/orders", connections, func(n int) string { return tags[n] })
			return perSecond
		}},
	)
}

// unseal makes a copy of the schema trust plain settings, as schemas with row level
// security mostly do: admission looks up the same things and makes no seal.
const unseal = `
create or replace function private.account_id(need text default '') returns uuid stable parallel restricted language sql
	as $$ select nullif(current_setting('app.account_id', true), '')::uuid $$;
create or replace function private.user_id() returns text stable parallel restricted language sql
	as $$ select nullif(current_setting('app.user_id', true), '') $$;
create or replace function private.admit(p_token text, p_account uuid, p_origin text default '') returns text
volatile security definer set search_path = pg_catalog, pg_temp language plpgsql as $$
declare
	who record;
	done text;
begin
	select s."userId" as user_id, private.scopes_for_role(g.role, u.is_active) as scopes into who
		from auth.session s
		left join app.account_grants g on g.account_id = p_account and g.user_id = s."userId" and (g.expires_at is null or g.expires_at > now())
		left join app.user_accounts u on u.id = g.account_id
		where s.token = p_token and s."expiresAt" > now();
	if who.scopes is null then
		raise exception 'no access';
	end if;
	done := set_config('app.user_id', who.user_id, true) || set_config('app.account_id', p_account::text, true);
	return who.user_id;
end
$$`

// The benchmarks' tenants, statements and copy without a seal go with the schema as it
// is: a list is read from the mirror, and an admission begins the script.
func TestBenchmarksGoWithTheSchema(t *testing.T) {
	db := pgtest.New(t)
	fillTenants(t, db, 50)
	if same := script(t, recordList(t, db)); !admission.MatchString(same) {
		t.Errorf("the script has no admission: %s", same)
	}
	execAll(t, db.AdminURL, unseal)
	recordList(t, db)
}

// admission matches the statement of a script that admits.
var admission = regexp.MustCompile(`(?m)^select private\.admit\(.*;$`)

// BenchmarkAdmission measures what the seal costs. It compares a transaction with
// the same one on a copy that trusts settings, with the look-ups of the admission
// and without them.
func BenchmarkAdmission(b *testing.B) {
	db := pgtest.New(b)
	fillTenants(b, db, orders)
	statements := recordList(b, db)
	unsealed := copyOf(b, db)
	execAll(b, unsealed.AdminURL, unseal)

	same := script(b, statements)
	bare := admission.ReplaceAllLiteralString(same,
		"select set_config('app.user_id', 'bench-user-' || :t::text, true), set_config('app.account_id', ("+accountExpression+")::text, true);")
	if bare == same {
		b.Fatal("the script does not begin with an admission")
	}
	// As many clients as the product's pool has connections, and more.
	for _, clients := range []int{4, connections} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			compare(b, fmt.Sprintf("Admission, in transactions that read 50 of %d orders, %d clients of pgbench", orders, clients),
				&contender{name: "unsealed, settings that are believed", run: func() float64 { return pgbench(b, unsealed, same, clients) }},
				&contender{name: "sealed, as it is", run: func() float64 { return pgbench(b, db, same, clients) }},
				&contender{name: "bare, believed settings without any look-up", run: func() float64 { return pgbench(b, unsealed, bare, clients) }},
			)
		})
	}
}

// copyOf makes a second database with the same contents.
func copyOf(b *testing.B, db *pgtest.DB) *pgtest.DB {
	b.Helper()
	twin := pgtest.Empty(b)
	execAll(b, onPostgres(b, db.AdminURL), "drop database "+twin.Name, "create database "+twin.Name+" template "+db.Name)
	execAll(b, twin.AdminURL, "grant connect on database "+twin.Name+" to paddock_app")
	return twin
}

// onPostgres returns the URL of the database postgres on the same server.
func onPostgres(b testing.TB, target string) string {
	b.Helper()
	u, err := url.Parse(target)
	if err != nil {
		b.Fatal(err)
	}
	u.Path = "/postgres"
	return u.String()
}

func execAll(b testing.TB, target string, statements ...string) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), target)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(b.Context()))
	for _, text := range statements {
		if _, err := conn.Exec(b.Context(), text); err != nil {
			b.Fatalf("%.60s…: %v", text, err)
		}
	}
}
