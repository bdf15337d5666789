package problem

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every code is listed once, has a status, and is explained by a sentence.
func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Codes() {
		form := `^[a-z]+(_[a-z]+)*$`
		if c.Place() == InAuth {
			form = `^[A-Z]+(_[A-Z]+)*$` // Better Auth's own codes have this form
		}
		if seen[c.String()] || !regexp.MustCompile(form).MatchString(c.String()) {
			t.Errorf("%s is listed twice, or spelled differently from the others", c)
		}
		seen[c.String()] = true
		if !regexp.MustCompile("^[A-Z`].*[A-Za-z0-9`]\\.$").MatchString(c.Meaning()) || strings.Contains(c.Meaning(), "|") {
			t.Errorf("%s: %q is not a sentence for the table", c, c.Meaning())
		}
		if c.Kind().Status() == 0 {
			t.Errorf("%s has no status", c)
		}
		if got, ok := Named(c.String()); !ok || got != c {
			t.Errorf("%s is not found by its name", c)
		}
	}
	if _, ok := Named(""); ok {
		t.Error("the empty name finds a code")
	}
}

// Later makes a problem unavailable, with the time after which to try again,
// and changes nothing else.
func TestLater(t *testing.T) {
	p := New(BrokerForbidden, "A %s.", "sentence")
	if p.Kind() != KindUnprocessable {
		t.Errorf("kind %v", p.Kind())
	}
	p.Later(3)
	if p.Kind() != KindUnavailable || p.Code != BrokerForbidden || p.RetryAfter != 3 || !Is(p, BrokerForbidden) || p.Message != "A sentence." {
		t.Errorf("%+v", p)
	}
}

// read calls f with each file below a folder whose name has this ending.
func read(t *testing.T, root, ending string, f func(file, text string)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ending) {
			return err
		}
		text, err := os.ReadFile(file)
		f(file, string(text))
		n++
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("read %d files below %s: %v", n, root, err)
	}
}

// declared returns the names of the variables that hold the codes.
func declared(t *testing.T) (names []string) {
	t.Helper()
	for _, file := range []string{"codes.go", "authcodes.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			for _, s := range d.(*ast.GenDecl).Specs {
				names = append(names, s.(*ast.ValueSpec).Names[0].Name)
			}
		}
	}
	return names
}

// A code that no problem has is not listed.
func TestEveryCodeIsUsed(t *testing.T) {
	used := map[string]bool{"Internal": true} // used by Of
	read(t, "..", ".go", func(file, text string) {
		if !strings.HasSuffix(file, "_test.go") {
			for _, name := range regexp.MustCompile(`\bproblem\.(\w+)|= New\((\w+)`).FindAllStringSubmatch(text, -1) {
				used[name[1]+name[2]] = true
			}
		}
	})
	names := declared(t)
	if len(names) != len(Codes()) {
		t.Errorf("%d variables are declared, and %d codes are listed", len(names), len(Codes()))
	}
	for _, name := range names {
		if !used[name] {
			t.Errorf("%s is listed, and no problem has it", name)
		}
	}
}

// Every error state that SQL raises is listed with the codes that it becomes,
// and every state of ours that Go compares with is raised.
func TestSQLStates(t *testing.T) {
	raised, without := map[string]bool{}, []string{}
	read(t, "../../sql/func", ".sql", func(file, text string) {
		text = regexp.MustCompile(`(?m)^\s*--.*$`).ReplaceAllString(text, "")
		for _, statement := range regexp.MustCompile(`(?is)\braise\s+exception\b.*?;`).FindAllString(text, -1) {
			state := regexp.MustCompile(`errcode\s*=\s*'(\w+)'`).FindStringSubmatch(statement)
			if state == nil {
				without = append(without, file)
				continue
			}
			raised[state[1]] = true
			if len(SQLStates[state[1]]) == 0 {
				t.Errorf("%s raises %s, which is not listed", file, state[1])
			}
		}
	})
	if len(without) > 0 {
		t.Errorf("these files raise an exception without an errcode: %v", without)
	}
	for state := range SQLStates {
		if !raised[state] {
			t.Errorf("%s is listed, and no function raises it", state)
		}
	}
	read(t, "..", ".go", func(file, text string) {
		for _, state := range regexp.MustCompile(`"(PD\d{3})"`).FindAllStringSubmatch(text, -1) {
			if !raised[state[1]] {
				t.Errorf("%s compares with %s, which no function raises", file, state[1])
			}
		}
	})
}

// enums returns the enumerations in a text of JSON or YAML.
func enums(text string) (lists [][]string) {
	for _, list := range regexp.MustCompile(`(?s)"?enum"?: \[(.*?)\]`).FindAllStringSubmatch(text, -1) {
		var values []string
		for _, v := range strings.Split(list[1], ",") {
			values = append(values, strings.Trim(strings.TrimSpace(v), `"`))
		}
		lists = append(lists, values)
	}
	return lists
}

// Where a description of the API lists codes, it lists exactly those that
// exist.
func TestDescribedCodes(t *testing.T) {
	hold := func(file, about string, values []string) {
		for _, v := range values {
			if _, ok := Named(v); !ok {
				t.Errorf("%s: %s lists %s, which is not a code", file, about, v)
			}
		}
	}
	for _, name := range []string{"error", "subscribed", "unsubscribed"} {
		file := "../push/schema/" + name + ".json"
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := enums(string(text))
		if len(found) != 1 {
			t.Errorf("%s has %d enumerations, and is expected to have one, of its codes", file, len(found))
		}
		for _, values := range found {
			hold(file, "code", values)
		}
	}
	text, err := os.ReadFile("../httpapi/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var warnings []string
	for _, c := range Codes() {
		if c.Place() == InPreview {
			warnings = append(warnings, c.String())
		}
	}
	listed := false
	for _, values := range enums(string(text)) {
		if slices.Contains(values, warnings[0]) {
			slices.Sort(values)
			listed = slices.Equal(values, warnings)
		}
	}
	if !listed {
		t.Errorf("openapi.yaml lists other warnings of a preview than there are: %v", warnings)
	}
}

// table returns the codes of a place as a table in Markdown.
func table(place Place) string {
	status := place == InAPI || place == InAuth
	b := &strings.Builder{}
	if status {
		b.WriteString("| status | code | when |\n| --- | --- | --- |\n")
	} else {
		b.WriteString("| code | when |\n| --- | --- |\n")
	}
	list := slices.DeleteFunc(Codes(), func(c Code) bool { return c.Place() != place })
	slices.SortStableFunc(list, func(a, b Code) int { return a.Kind().Status() - b.Kind().Status() })
	for _, c := range list {
		if status {
			fmt.Fprintf(b, "| %d ", c.Kind().Status())
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", c, c.Meaning())
	}
	return b.String()
}

// The tables of codes in the documents are up to date. make codes writes them.
func TestTablesOfCodes(t *testing.T) {
	for _, tt := range []struct {
		file, name string
		place      Place
	}{
		{"api.md", "errors", InAPI}, {"api.md", "sign-in", InAuth}, {"api.md", "preview", InPreview},
		{"websocket.md", "live", InLive}, {"reporting.md", "report", InCommand},
	} {
		file := "../../docs/" + tt.file
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		begin, end := "<!-- codes "+tt.name+": written by make codes -->\n", "<!-- end of codes -->"
		before, rest, ok := strings.Cut(string(text), begin)
		old, after, ended := strings.Cut(rest, end)
		if !ok || !ended {
			t.Errorf("%s lacks the marks around its table: %q and %q", file, begin, end)
			continue
		}
		want := "\n" + table(tt.place) + "\n"
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if old != want {
			t.Errorf("the table of codes (%s) in %s is not the list in app/problem: run make codes", tt.name, file)
		}
	}
}

// Where a document names a status next to a code, the code has that status.
func TestCodesInDocuments(t *testing.T) {
	named := 0
	hold := func(file, text string) {
		for _, m := range regexp.MustCompile("\\b([45]\\d\\d)\\s+`([a-z]+(?:_[a-z]+)+)`").FindAllStringSubmatch(text, -1) {
			named++
			if c, ok := Named(m[2]); !ok || fmt.Sprint(c.Kind().Status()) != m[1] {
				t.Errorf("%s says %s %s: its status is %d", file, m[1], m[2], c.Kind().Status())
			}
		}
		for _, m := range regexp.MustCompile("`([a-z]+(?:_[a-z]+)+)` \\(([45]\\d\\d)\\b").FindAllStringSubmatch(text, -1) {
			named++
			if c, ok := Named(m[1]); !ok || fmt.Sprint(c.Kind().Status()) != m[2] {
				t.Errorf("%s says %s %s: its status is %d", file, m[2], m[1], c.Kind().Status())
			}
		}
	}
	read(t, "../../docs", ".md", hold)
	for _, file := range []string{"../../README.md", "../../CHANGELOG.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		hold(file, string(text))
	}
	if named == 0 {
		t.Error("no document names a code: the test does not recognise them")
	}
}
