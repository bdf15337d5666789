package alpacasim_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Code that writes HTTP responses stands in a file whose name begins with its
// surface (trading, data, stream or control), or in the files that all surfaces
// share. So a handler can be found by the name of its file.
func TestHandlersStandInTheirSurfaces(t *testing.T) {
	surface := regexp.MustCompile(`^(trading|data|stream|control)_[a-z]+\.go$`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	handlers := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || !writesResponse(f) {
				continue
			}
			handlers++
			if !surface.MatchString(file) && file != "handler.go" && file != "limits.go" {
				t.Errorf("%s in %s serves HTTP: it belongs in a file trading_, data_, stream_ or control_", f.Name.Name, file)
			}
		}
	}
	if handlers < 50 {
		t.Errorf("only %d functions that serve HTTP were found", handlers)
	}
}

// writesResponse reports whether a function takes an http.ResponseWriter, or
// returns a function that does.
func writesResponse(f *ast.FuncDecl) (writes bool) {
	ast.Inspect(f.Type, func(n ast.Node) bool {
		if x, is := n.(*ast.SelectorExpr); is && x.Sel.Name == "ResponseWriter" {
			writes = true
		}
		if x, is := n.(*ast.Ident); is && x.Name == "accountHandler" {
			writes = true
		}
		return true
	})
	return writes
}
