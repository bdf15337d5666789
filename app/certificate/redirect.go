package certificate

import (
	"net/http"
	"net/url"
	"strings"
)

// Redirect answers plain http: what only reads is sent on to the https URL, whatever
// host it asked for, and everything else is refused, since what it carried has been
// seen on the way already.
func Redirect(base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "Use "+base+": plain http is not encrypted.", http.StatusBadRequest)
			return
		}
		to := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, base+"/"+strings.TrimLeft(to.RequestURI(), "/"), http.StatusMovedPermanently)
	})
}
