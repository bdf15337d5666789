package isolation

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// migrating has the packages that are left out. They connect as the owner of the
// schema, serve no requests, and put names that they have checked into
// statements that take no parameters.
var migrating = map[string]bool{"../../app/reporting": true, "../../app/pgdev": true}

// TestNoSimpleProtocol guards the promise that a value can never become a
// second statement: only the simple protocol allows it, and pgx uses that when
// told to and for every Exec without values.
func TestNoSimpleProtocol(t *testing.T) {
	files := 0
	for _, root := range []string{"../../app", "../../cmd"} {
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || migrating[filepath.Dir(path)] {
				return nil
			}
			files++
			for _, what := range simpleProtocol(t, path, nil) {
				t.Error(what)
			}
			return nil
		})
	}
	if files == 0 {
		t.Fatal("no source was found")
	}
}

// The check finds each way to use the simple protocol.
func TestNoSimpleProtocolCanFail(t *testing.T) {
	for _, source := range []string{
		"package p\nfunc f() { pool.Exec(ctx, \"select '\" + name + \"'\") }",
		"package p\nfunc f() { pool.Exec(ctx, query) }",
		"package p\nvar mode = pgx.QueryExecModeSimpleProtocol",
		"package p\nfunc f() { conn.PgConn().Exec(ctx, text) }",
	} {
		if len(simpleProtocol(t, "p.go", source)) == 0 {
			t.Errorf("not seen: %s", source)
		}
	}
}

func simpleProtocol(t *testing.T, path string, source any) (found []string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == "QueryExecModeSimpleProtocol" {
				found = append(found, set.Position(n.Pos()).String()+": "+n.Sel.Name+" lets a value become a statement")
			}
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || f.Sel.Name != "Exec" || len(n.Args) != 2 {
				return true
			}
			if _, literal := n.Args[1].(*ast.BasicLit); !literal {
				found = append(found, set.Position(n.Pos()).String()+": Exec without values uses the simple protocol: its text must be a literal")
			}
		}
		return true
	})
	return found
}
