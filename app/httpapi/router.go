package httpapi

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/julienschmidt/httprouter"

	"paddock/app/problem"
)

// router routes requests to the routes of the table, by httprouter. It refuses
// a name and a variable in the same place (stocks/bars and
// stocks/{symbol}/bars, orders/preview and orders/{id}/dismiss) and colons in
// names, and has no variable for a symbol with a slash. Such routes, and so all
// of Alpaca's paths, are in mux, which is asked first.
type router struct {
	*httprouter.Router
	mux *http.ServeMux
}

// newRouter returns the router of the table.
func (s *Server) newRouter() *router {
	r := &router{Router: httprouter.New(), mux: http.NewServeMux()}
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.RedirectFixedPath = false
	r.NotFound = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) { s.notFound(w, request, r.muxMethods(request)) })
	r.MethodNotAllowed = http.HandlerFunc(s.methodNotAllowed)
	for _, rt := range s.routes() {
		serve := s.serve(rt)
		if rt.mux {
			r.mux.Handle(rt.method+" "+rt.path, serve)
			continue
		}
		r.Handle(rt.method, forHTTPRouter(rt.path), func(w http.ResponseWriter, request *http.Request, variables httprouter.Params) {
			for _, v := range variables {
				request.SetPathValue(v.Key, v.Value)
			}
			serve.ServeHTTP(w, request)
		})
	}
	return r
}

// forHTTPRouter writes a path's variables as httprouter does: :id and *path.
func forHTTPRouter(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		name, isVariable := strings.CutPrefix(part, "{")
		if !isVariable {
			continue
		}
		if name = strings.TrimSuffix(name, "}"); strings.HasSuffix(name, "...") {
			parts[i] = "*" + strings.TrimSuffix(name, "...")
		} else {
			parts[i] = ":" + name
		}
	}
	return strings.Join(parts, "/")
}

// ServeHTTP routes a request.
func (r *router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.inMux(request, request.Method) {
		r.mux.ServeHTTP(w, request)
		return
	}
	r.Router.ServeHTTP(w, request)
}

// inMux reports whether mux has a route with the request's path and this
// method. ServeMux would redirect a path with superfluous slashes and serve
// HEAD as GET: those are left to httprouter, which has neither.
func (r *router) inMux(request *http.Request, method string) bool {
	named := request.URL.EscapedPath()
	_, pattern := r.mux.Handler(&http.Request{Method: method, Host: request.Host, URL: request.URL})
	begin, _, _ := strings.Cut(strings.TrimPrefix(pattern, method+" "), "{") // ServeMux would redirect /api/assets to the path with a symbol
	return strings.HasPrefix(pattern, method+" ") && strings.HasPrefix(request.URL.Path, begin) && path.Clean(named) == named
}

// muxMethods returns the methods that mux has for the request's path.
func (r *router) muxMethods(request *http.Request) []string {
	return slices.DeleteFunc([]string{"DELETE", "GET", "PATCH", "POST", "PUT"}, func(method string) bool { return !r.inMux(request, method) })
}

// notFound serves paths without a route for the method: those that have other
// methods, those of the API, and the console's, which are all others.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request, methods []string) {
	if len(methods) > 0 {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		s.methodNotAllowed(w, r)
		return
	}
	if r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/") {
		s.fail(w, r, problem.New(problem.NoSuchPath, "There is nothing at this path."))
		return
	}
	exchangeOf(r.Context()).route = s.console
	s.Console.ServeHTTP(w, r)
}

func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	body := problem.Body{Code: problem.MethodNotAllowed, Message: "This path does not take " + r.Method + ". See the header Allow.", RequestID: requestID(r.Context())}
	_ = response{status: http.StatusMethodNotAllowed, body: body}.write(w) // cannot fail: a failure always marshals
}
