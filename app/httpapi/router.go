package httpapi

import (
	"net/http"

	"github.com/julienschmidt/httprouter"
)

// router is httprouter, and remembers its routes: the tests compare them with
// the description.
type router struct {
	*httprouter.Router
	served []string // "GET /api/orders/:id"
}

func newRouter() *router { return &router{Router: httprouter.New()} }

// Handle registers a handler. GET and the others call it.
func (r *router) Handle(method, path string, h httprouter.Handle) {
	r.served = append(r.served, method+" "+path)
	r.Router.Handle(method, path, h)
}

// Handler registers a handler of net/http's.
func (r *router) Handler(method, path string, h http.Handler) {
	r.served = append(r.served, method+" "+path)
	r.Router.Handler(method, path, h)
}

// GET registers a handler.
func (r *router) GET(path string, h httprouter.Handle) { r.Handle(http.MethodGet, path, h) }

// POST registers a handler.
func (r *router) POST(path string, h httprouter.Handle) { r.Handle(http.MethodPost, path, h) }

// PUT registers a handler.
func (r *router) PUT(path string, h httprouter.Handle) { r.Handle(http.MethodPut, path, h) }

// PATCH registers a handler.
func (r *router) PATCH(path string, h httprouter.Handle) { r.Handle(http.MethodPatch, path, h) }

// DELETE registers a handler.
func (r *router) DELETE(path string, h httprouter.Handle) { r.Handle(http.MethodDelete, path, h) }
