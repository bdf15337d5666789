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

// The console's page may make styles, by a nonce that it is told and that is another
// in each answer. No other file may, nor a page without a console.
func TestOnlyThePageMakesStyles(t *testing.T) {
	built := fstest.MapFS{
		"index.html":         {Data: []byte(`<meta name="style-nonce" content="STYLE_NONCE" />`)},
		"docs.html":          {Data: []byte("<title>docs</title>")},
		"assets/app-1234.js": {Data: []byte("js")},
	}
	const policy = "default-src 'self'; style-src 'self'; object-src 'none'"
	get := func(dist fstest.MapFS, path string) (body, found string) {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Security-Policy", policy)
		handler(dist).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Body.String(), w.Header().Get("Content-Security-Policy")
	}
	seen := map[string]bool{}
	for _, path := range []string{"/", "/", "/orders"} {
		body, found := get(built, path)
		_, nonce, _ := strings.Cut(body, `content="`)
		nonce, _, _ = strings.Cut(nonce, `"`)
		if len(nonce) < 20 || seen[nonce] || found != "default-src 'self'; style-src 'self' 'nonce-"+nonce+"'; object-src 'none'" {
			t.Errorf("%s: the nonce is %q, and the policy %q", path, nonce, found)
		}
		seen[nonce] = true
	}
	for path, dist := range map[string]fstest.MapFS{"/docs.html": built, "/assets/app-1234.js": built, "/": {}} {
		if _, found := get(dist, path); found != policy {
			t.Errorf("%s: the policy is %q", path, found)
		}
	}
}

// A file of which the build made compressed copies is sent as the best one that the
// client takes, under its own type. Others are sent as they are.
func TestFilesAreSentCompressed(t *testing.T) {
	built := fstest.MapFS{
		"index.html":            {Data: []byte("<title>console</title>")},
		"assets/app-1234.js":    {Data: []byte("plain")},
		"assets/app-1234.js.br": {Data: []byte("by brotli")},
		"assets/app-1234.js.gz": {Data: []byte("by gzip")},
		"assets/small-1234.css": {Data: []byte("small")},
	}
	for _, tt := range []struct{ path, accept, body, encoding, mediaType, vary string }{
		{"/assets/app-1234.js", "gzip, deflate, br, zstd", "by brotli", "br", "text/javascript", "Accept-Encoding"},
		{"/assets/app-1234.js", "gzip;q=0.8, BR ; q=0.5", "by brotli", "br", "text/javascript", "Accept-Encoding"},
		{"/assets/app-1234.js", "gzip, br;q=0", "by gzip", "gzip", "text/javascript", "Accept-Encoding"},
		{"/assets/app-1234.js", "br;q=0.000,gzip;q=0.001", "by gzip", "gzip", "text/javascript", "Accept-Encoding"},
		{"/assets/app-1234.js", "", "plain", "", "text/javascript", "Accept-Encoding"},
		{"/assets/app-1234.js", "identity, sbr, gzipped", "plain", "", "text/javascript", "Accept-Encoding"},
		{"/assets/small-1234.css", "gzip, br", "small", "", "text/css", ""},
		{"/", "gzip, br", "console", "", "text/html", ""},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", tt.path, nil)
		r.Header.Set("Accept-Encoding", tt.accept)
		handler(built).ServeHTTP(w, r)
		h := w.Header()
		if w.Code != 200 || !strings.Contains(w.Body.String(), tt.body) || h.Get("Content-Encoding") != tt.encoding || h.Get("Vary") != tt.vary || !strings.HasPrefix(h.Get("Content-Type"), tt.mediaType) {
			t.Errorf("%s, %q: %d, %q, %v", tt.path, tt.accept, w.Code, w.Body.String(), h)
		}
	}
}
