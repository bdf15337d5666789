package reporting_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// expanded returns a panel's query as Grafana sends it for a span of time, an
// interval of an hour and these accounts.
func expanded(t *testing.T, sql string, accounts ...uuid.UUID) string {
	t.Helper()
	texts := make([]string, len(accounts))
	for i, id := range accounts {
		texts[i] = "'" + id.String() + "'"
	}
	sql = strings.ReplaceAll(sql, "${account:sqlstring}", strings.Join(texts, ","))
	sql = strings.ReplaceAll(sql, "$__interval", "'1h'")
	from, to := "'2020-01-01T00:00:00Z'", "'2100-01-01T00:00:00Z'"
	for _, macro := range []struct{ call, becomes string }{
		{`\$__timeFilter\((.*?)\)( and|\n|$)`, "${1} between " + from + " and " + to + "${2}"},
		{`\$__timeGroup\((\w+), *'1h'\)`, "floor(extract(epoch from ${1}) / 3600) * 3600"},
	} {
		sql = regexp.MustCompile(macro.call).ReplaceAllString(sql, macro.becomes)
	}
	if strings.Contains(sql, "$") {
		t.Errorf("a macro or variable is left: %s", sql)
	}
	return sql
}

// Each panel of docs/grafana-dashboard.json, and each of its variables, works as a
// reporting login, shows rows where there are some, and none of other accounts.
func TestGrafanaDashboard(t *testing.T) {
	text, err := os.ReadFile("../../docs/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Templating struct {
			List []struct{ Name, Type, Query string }
		}
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Format, RawSQL string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	if len(dashboard.Panels) < 10 || len(dashboard.Templating.List) != 2 {
		t.Fatalf("%d panels, %d variables", len(dashboard.Panels), len(dashboard.Templating.List))
	}
	w := newWorld(t)
	name, password := w.create(t, w.accounts[0])
	b := newBook(t, w, w.accounts[0])
	b.fill(t, at(0, 10, 0), "AAPL", "buy", "2", "100", "bot")
	b.fill(t, at(0, 11, 0), "AAPL", "sell", "2", "101", "bot")
	b.fill(t, at(1, 11, 0), "MSFT", "buy", "2", "101", "bot")
	b.adjust(t, at(1, 12, 0), "FEE", "", "", "-0.5")
	run(t, b.admin, "insert into app.agent_logs (account_id, level, message) values ($1, 'info', 'x')", b.account)
	b.compute(t)
	report := w.login(t, name, password)
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] {
			t.Errorf("%s: its id is another panel's", p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			sql := expanded(t, target.RawSQL, w.accounts[0], w.accounts[1])
			rows, err := report.Query(t.Context(), sql)
			if err != nil {
				t.Errorf("%s: %v", p.Title, err)
				continue
			}
			fields := rows.FieldDescriptions()
			count := 0
			for rows.Next() {
				count++
			}
			if err := rows.Err(); err != nil {
				t.Errorf("%s: %v: %s", p.Title, err, sql)
			} else if count == 0 {
				t.Errorf("%s: it shows nothing: %s", p.Title, sql)
			} else if target.Format == "time_series" && fields[0].Name != "time" {
				t.Errorf("%s: its first column is %s, and a series needs time", p.Title, fields[0].Name)
			}
			if foreign := expanded(t, target.RawSQL, w.accounts[1]); !strings.Contains(target.RawSQL, "${account:sqlstring}") {
				t.Errorf("%s: it does not go by the account that is chosen", p.Title)
			} else if found := lines(t, report, "select count(*) from ("+foreign+") q"); found[0] != "0" && p.Title != "Realised today" && p.Title != "Round trips without a profit" {
				t.Errorf("%s: it shows %s rows of an account that is not the login's", p.Title, found[0])
			}
		}
	}
	for _, v := range dashboard.Templating.List {
		if v.Type == "query" {
			same(t, v.Name, lines(t, report, v.Query), "ann's "+w.accounts[0].String())
		}
	}
}
