package origin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"paddock/app/origin"
)

// A line that is logged with a request's context has the request's id, and the
// account once the database has admitted the request to it. Any other line has
// neither.
func TestLinesNameTheirRequest(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(origin.LogHandler(slog.NewJSONHandler(&out, nil))).With("a", 1)
	line := func(ctx context.Context) map[string]any {
		out.Reset()
		log.InfoContext(ctx, "x")
		var fields map[string]any
		if err := json.Unmarshal(out.Bytes(), &fields); err != nil {
			t.Fatal(err)
		}
		return fields
	}
	ctx := origin.With(t.Context(), origin.Origin{RequestID: "request-1"})
	if f := line(ctx); f["request_id"] != "request-1" || f["account"] != nil || f["a"] != 1.0 {
		t.Errorf("before the admission: %v", f)
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	account := uuid.New()
	origin.Admitted(inner, account)
	if f := line(ctx); f["request_id"] != "request-1" || f["account"] != account.String() {
		t.Errorf("after it: %v", f)
	}
	origin.Admitted(t.Context(), account)
	if f := line(t.Context()); f["request_id"] != nil || f["account"] != nil {
		t.Errorf("of no request: %v", f)
	}
}

// requestPackages are those whose lines are about a request.
var requestPackages = []string{"accounts", "agents", "audit", "auth", "httpapi", "journal", "passthrough", "quota", "trading"}

// What serves requests logs with their context, so that no line lacks the
// request's id: slog's methods without a context are not used.
func TestRequestsLogWithTheirContext(t *testing.T) {
	seen := 0
	for _, pkg := range requestPackages {
		files, err := filepath.Glob("../" + pkg + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				method, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !isLogger(method.X) {
					return true
				}
				seen++
				switch method.Sel.Name {
				case "Debug", "Info", "Warn", "Error":
					t.Errorf("%s logs without the request's context", set.Position(call.Pos()))
				}
				return true
			})
		}
	}
	if seen < 10 {
		t.Errorf("only %d calls of a logger were seen", seen)
	}
}

// isLogger reports whether an expression is a logger, by its name.
func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "log" || x.Name == "logger"
	case *ast.SelectorExpr:
		return x.Sel.Name == "log" || x.Sel.Name == "Logger"
	}
	return false
}
