package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/julienschmidt/httprouter"

	"paddock/app/problem"
)

// handle returns a handler that calls h for requests whose query has only the
// given parameters, named between spaces, each at most once.
func (s *Server) handle(h func(http.ResponseWriter, *http.Request, httprouter.Params) error, parameters ...string) httprouter.Handle {
	known := strings.Fields(strings.Join(parameters, " "))
	return s.handleAnyQuery(func(w http.ResponseWriter, r *http.Request, p httprouter.Params) error {
		if err := checkRequest(r, known); err != nil {
			return err
		}
		return h(w, r, p)
	})
}

// handleAnyQuery returns a handler that calls h without checking the query, and
// responds with h's error.
func (s *Server) handleAnyQuery(h func(http.ResponseWriter, *http.Request, httprouter.Params) error) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
		if err := h(w, r, p); err != nil {
			s.fail(w, r, err)
		}
	}
}

// failure is the body of every error.
type failure struct {
	Code      problem.Code    `json:"code"`
	Message   string          `json:"message"`
	RequestID string          `json:"request_id"`
	Broker    *problem.Broker `json:"broker,omitempty"`
	Details   any             `json:"details,omitempty"`
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if p := problem.Of(err); p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	status, body := s.failure(r, err)
	_ = writeRaw(w, status, body) // fails only where the client is gone
}

// failure logs an error and returns the status and body for the client.
func (s *Server) failure(r *http.Request, err error) (status int, body []byte) {
	p := problem.Of(err)
	status = p.Kind().Status()
	switch {
	case r.Context().Err() != nil && errors.Is(err, context.Canceled):
		status = 499 // the client has left, and nobody reads the response
	case status == http.StatusInternalServerError:
		s.Logger.ErrorContext(r.Context(), "request failed", "request_id", requestID(r.Context()), "path", r.URL.Path, "err", p.Cause)
	case p.Cause != nil:
		s.Logger.LogAttrs(r.Context(), slog.LevelWarn, "request refused", slog.String("request_id", requestID(r.Context())),
			slog.String("path", r.URL.Path), slog.String("code", p.Code.String()), slog.Any("err", p.Cause))
	}
	body, err = json.Marshal(failure{Code: p.Code, Message: p.Message, RequestID: requestID(r.Context()), Broker: p.Broker, Details: p.Details})
	if err != nil {
		panic(err) // cannot happen: a problem's contents always marshal
	}
	return status, body
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return writeRaw(w, status, text)
}

// writeRaw sends JSON.
func writeRaw(w http.ResponseWriter, status int, body []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only where the client is gone
	return nil
}
