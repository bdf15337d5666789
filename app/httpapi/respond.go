package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"paddock/app/paging"
	"paddock/app/problem"
)

// response is what a handler returns. The zero response is that of a handler
// that has written one itself.
type response struct {
	status int
	tag    string // the entity tag; "" for none
	body   any    // []byte or json.RawMessage is JSON already and sent as it is; any other value is encoded; nil is no body
}

// ok returns the response 200 with a body, or the error.
func ok(body any, err error) (response, error) {
	return response{status: http.StatusOK, body: body}, err
}

// created returns the response 201 with a body, or the error.
func created(body any, err error) (response, error) {
	return response{status: http.StatusCreated, body: body}, err
}

// accepted returns the response 202 with a body, or the error.
func accepted(body any, err error) (response, error) {
	return response{status: http.StatusAccepted, body: body}, err
}

// noContent returns the response 204, or the error.
func noContent(err error) (response, error) { return response{status: http.StatusNoContent}, err }

// listed returns the response 200 with a page, 304 where the client has it, or the
// error.
func listed(page []byte, state paging.State, err error) (response, error) {
	if err == nil && page == nil {
		return response{status: http.StatusNotModified, tag: state.Tag()}, nil
	}
	return response{status: http.StatusOK, tag: state.Tag(), body: page}, err
}

// write sends the response. It fails only before anything is sent.
func (a response) write(w http.ResponseWriter) (err error) {
	if a.status == 0 {
		return nil
	}
	if a.tag != "" {
		w.Header().Set("ETag", a.tag)
	}
	var text []byte
	switch body := a.body.(type) {
	case nil:
		w.WriteHeader(a.status)
		return nil
	case []byte:
		text = body
	case json.RawMessage:
		text = body
	default:
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(a.status)
	_, _ = w.Write(text) // fails only where the client is gone
	return nil
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if p := problem.Of(err); p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	status, body := s.failure(r, err)
	_ = response{status: status, body: body}.write(w) // cannot fail: the body is JSON already
}

// failure logs an error and returns the status and body for the client.
func (s *Server) failure(r *http.Request, err error) (status int, body []byte) {
	p := problem.Of(err)
	s.OnProblem(p.Code.String())
	status = p.Kind().Status()
	switch {
	case r.Context().Err() != nil && errors.Is(err, context.Canceled):
		status = 499 // the client has left, and nobody reads the response
	case status == http.StatusInternalServerError:
		s.Logger.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "err", p.Cause)
	case p.Cause != nil:
		s.Logger.LogAttrs(r.Context(), slog.LevelWarn, "request refused",
			slog.String("path", r.URL.Path), slog.String("code", p.Code.String()), slog.Any("err", p.Cause))
	}
	body, err = json.Marshal(p.Body(requestID(r.Context())))
	if err != nil {
		panic(err) // cannot happen: a problem's contents always marshal
	}
	return status, body
}
