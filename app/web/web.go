// Package web is the console: a Vue application, built by Vite into dist/console and
// embedded in the binary.
package web

import (
	"bytes"
	"crypto/rand"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed all:dist
var built embed.FS

// Handler serves the console. A binary that was made without it says so.
func Handler() http.Handler {
	dist, err := fs.Sub(built, "dist/console")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return handler(dist)
}

// missing is what a binary without the console serves.
const missing = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Paddock</title>
<h1>The console was not built</h1>
<p>The API works: try <a href="/healthz">/healthz</a>. To have the console, run <code>make web</code>
and build again; <code>make run</code> does both.</p></html>
`

func handler(dist fs.FS) http.Handler {
	files := http.FileServerFS(dist)
	index, err := fs.ReadFile(dist, "index.html")
	hasConsole := err == nil
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET and HEAD are served here.", http.StatusMethodNotAllowed)
			return
		}
		if info, err := fs.Stat(dist, name); hasConsole && err == nil && !info.IsDir() && name != "index.html" {
			if strings.HasPrefix(name, "assets/") { // their names hold a hash of what they hold
				w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			}
			if strings.HasSuffix(name, ".html") { // they name the assets of this build
				w.Header().Set("Cache-Control", "no-cache")
			}
			serveFile(w, r, dist, files, name)
			return
		}
		// Paths of the application itself, such as /orders, get its page; a
		// path with an ending asks for a file that there is not.
		isFile := name != "" && name != "index.html" && strings.Contains(path.Base(name), ".")
		if isFile || !hasConsole && name != "" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		page := []byte(missing)
		if hasConsole {
			nonce := rand.Text()
			allowStyles(w.Header(), nonce)
			page = bytes.ReplaceAll(index, []byte("STYLE_NONCE"), []byte(nonce))
		}
		_, _ = w.Write(page) // a client that left reads nothing
	})
}

// encodings has the endings of compressed files and what HTTP calls them, the best
// one first.
var encodings = []struct{ ending, name string }{{".br", "br"}, {".gz", "gzip"}}

// serveFile serves a file, compressed where the build made such a copy of it and the
// client takes it.
func serveFile(w http.ResponseWriter, r *http.Request, dist fs.FS, files http.Handler, name string) {
	for _, encoding := range encodings {
		if _, err := fs.Stat(dist, name+encoding.ending); err != nil {
			continue
		}
		w.Header().Set("Vary", "Accept-Encoding")
		if !accepts(r.Header.Get("Accept-Encoding"), encoding.name) {
			continue
		}
		w.Header().Set("Content-Encoding", encoding.name)
		w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
		r = r.Clone(r.Context())
		r.URL.Path = "/" + name + encoding.ending
		break
	}
	files.ServeHTTP(w, r)
}

// accepts reports whether a header Accept-Encoding names an encoding, and not to
// refuse it ("br;q=0").
func accepts(header, encoding string) bool {
	for one := range strings.SplitSeq(header, ",") {
		name, quality, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			_, value, weighted := strings.Cut(quality, "=")
			return !weighted || strings.Trim(value, " 0.") != ""
		}
	}
	return false
}

// allowStyles adds to the content security policy that the page may make styles with
// this nonce. A policy without styles of one's own files stays as it is.
func allowStyles(h http.Header, nonce string) {
	const policy = "Content-Security-Policy"
	h.Set(policy, strings.Replace(h.Get(policy), "style-src 'self'", "style-src 'self' 'nonce-"+nonce+"'", 1))
}
