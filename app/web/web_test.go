package web

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// Without a built console, / says that it is missing. With one, the
// application's own paths and its assets are served, assets may be cached for
// ever, and no directory is listed.
func TestHandler(t *testing.T) {
	built := fstest.MapFS{
		"index.html":         {Data: []byte("<title>console</title>")},
		"docs.html":          {Data: []byte("<title>docs</title>")},
		"assets/app-1234.js": {Data: []byte("js")},
	}
	for _, tt := range []struct {
		name, path  string
		dist        fstest.MapFS
		status      int
		body, cache string
	}{
		{"not built", "/", fstest.MapFS{}, 200, "was not built", "no-cache"},
		{"not built, elsewhere", "/orders", fstest.MapFS{}, 404, "", ""},
		{"index", "/", built, 200, "console", "no-cache"},
		{"path of the application", "/settings/accounts", built, 200, "console", "no-cache"},
		{"another page", "/docs.html", built, 200, "docs", "no-cache"},
		{"asset", "/assets/app-1234.js", built, 200, "js", "public, max-age=31536000, immutable"},
		{"missing asset", "/assets/app-9999.js", built, 404, "", ""},
		{"directory", "/assets/", built, 200, "console", "no-cache"},
		{"out of the folder", "/../web.go", built, 404, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			handler(tt.dist).ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || (tt.cache != "" && w.Header().Get("Cache-Control") != tt.cache) {
				t.Errorf("got %d, %q, %q", w.Code, w.Header().Get("Cache-Control"), w.Body.String())
			}
		})
	}
}
