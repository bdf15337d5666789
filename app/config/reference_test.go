package config_test

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
	"strconv"
	"strings"
	"testing"

	"paddock/app/config"
)

const reference = "../../docs/configuration.md"

// docs/configuration.md has every setting, with its default, as the code has them.
// UPDATE_GOLDEN=1 writes its tables again.
func TestReferenceOfSettings(t *testing.T) {
	page, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	want := string(page)
	for name, settings := range map[string][]config.Setting{"serve": config.Settings, "commands": config.CommandSettings} {
		begin, end := "<!-- made by make configuration: "+name+" -->\n", "<!-- end -->\n"
		_, rest, found := strings.Cut(want, begin)
		_, after, ended := strings.Cut(rest, end)
		if !found || !ended {
			t.Fatalf("docs/configuration.md has no place for the settings of %s", name)
		}
		want = want[:strings.Index(want, begin)] + begin + "\n" + settingsTable(settings) + "\n" + end + after
	}
	if want == string(page) {
		return
	}
	if os.Getenv("UPDATE_GOLDEN") == "" {
		t.Error("docs/configuration.md differs from the settings of app/config: run make configuration")
		return
	}
	if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func settingsTable(settings []config.Setting) string {
	var b strings.Builder
	b.WriteString("| setting | default | |\n| --- | --- | --- |\n")
	for _, s := range settings {
		value := ""
		if s.Default != "" {
			value = "`" + s.Default + "`"
		}
		if slices.Contains(config.InFiles, s.Name) || s.Name == "DATABASE_URL" {
			s.Text += "; or a file in `" + s.Name + "_FILE`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, value, strings.ReplaceAll(s.Text, "|", `\|`))
	}
	return b.String()
}

// .env.example names every setting of serve and no other, with its default where it
// has one. BETTER_AUTH_URL has none that fits a server.
func TestExampleOfSettings(t *testing.T) {
	text, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		if _, twice := given[m[1]]; twice {
			t.Errorf("%s is there twice", m[1])
		}
		given[m[1]] = m[2]
	}
	for _, s := range config.Settings {
		value, there := given[s.Name]
		if !there {
			t.Errorf("%s is missing", s.Name)
		}
		if s.Default != "" && value != s.Default && s.Name != "BETTER_AUTH_URL" {
			t.Errorf("%s is %q, and its default is %q", s.Name, value, s.Default)
		}
		delete(given, s.Name)
	}
	for _, s := range config.CommandSettings {
		delete(given, s.Name)
	}
	for name := range given {
		t.Errorf("%s is no setting", name)
	}
}

// Every variable that the program reads by its name is in a list. Only what the
// operating system sets, and what tests set, is in none.
func TestNoSettingIsHidden(t *testing.T) {
	known := map[string]bool{"SUDO_USER": true, "PADDOCK_ALPACA_OPENAPI": true, "UPDATE_GOLDEN": true, "PADDOCK_JOURNAL_SEED": true, "APCA_API_BASE_URL": true}
	for _, s := range append(slices.Clone(config.Settings), config.CommandSettings...) {
		known[s.Name] = true
	}
	read := 0
	for _, folder := range []string{"../../app", "../../cmd"} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return filepath.SkipDir
			case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, is := n.(*ast.CallExpr)
				if !is || len(call.Args) != 1 {
					return true
				}
				function, is := call.Fun.(*ast.SelectorExpr)
				if !is || function.Sel.Name != "Getenv" && function.Sel.Name != "LookupEnv" {
					return true
				}
				if literal, is := call.Args[0].(*ast.BasicLit); is {
					read++
					if name, err := strconv.Unquote(literal.Value); err != nil || !known[name] {
						t.Errorf("%s reads %s, which is in no list of app/config", path, literal.Value)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 4 {
		t.Errorf("only %d readings were found", read)
	}
}
