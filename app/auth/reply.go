package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"paddock/app/problem"
)

// refusal is an error in Better Auth's form; a few have no code.
type refusal struct {
	status  int
	Message string       `json:"message"`
	Code    problem.Code `json:"code,omitzero"`
}

func (r *refusal) Error() string { return r.Message }

func refuse(code problem.Code, format string, args ...any) *refusal {
	return &refusal{status: code.Kind().Status(), Code: code, Message: fmt.Sprintf(format, args...)}
}

// invalidRequest is a refusal to which Better Auth gives no code.
func invalidRequest(format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}
}

// redirect is the answer that sends a browser to another URL.
type redirect struct{ to string }

func (r *redirect) Error() string { return "redirect" }

// writeJSON sends a response.
func (s *Service) writeJSON(w http.ResponseWriter, status int, body any, cookies []*http.Cookie) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"message":"Internal error","code":"`+problem.AuthInternal.String()+`"}`)
	}
	for _, c := range cookies {
		http.SetCookie(w, c)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // fails only where the client is gone
}

// writeError sends an error: a refusal as it is, 503 where the database is
// unreachable, and for anything else a 500 that does not say why.
func (s *Service) writeError(w http.ResponseWriter, c *call, err error) {
	var refused *refusal
	var often *tooManyTries
	var elsewhere *redirect
	switch {
	case errors.As(err, &elsewhere):
		for _, cookie := range c.cookies {
			http.SetCookie(w, cookie)
		}
		w.Header().Set("Location", escapeLocation(elsewhere.to))
		w.Header().Set("Content-Type", "application/json") // of an empty body, as Better Auth does
		w.WriteHeader(http.StatusFound)
	case errors.As(err, &refused):
		s.writeRefusal(w, refused, c)
	case errors.As(err, &often):
		s.tooMany(w, often.wait)
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "2")
		s.writeRefusal(w, refuse(problem.AuthBusy, "Too many people sign in at the moment. Try again in a few seconds."), c)
	case isCanceled(c.Context(), err):
		w.WriteHeader(499) // the client is gone
	case isUnavailable(err):
		s.config.Logger.WarnContext(c.Context(), "sign-in could not reach the database", "path", c.URL.Path, "err", err)
		w.Header().Set("Retry-After", "2")
		s.writeRefusal(w, refuse(problem.AuthDatabaseUnavailable, "The database cannot be reached at the moment. Try again in a few seconds."), c)
	default:
		s.config.Logger.ErrorContext(c.Context(), "sign-in failed", "path", c.URL.Path, "err", err)
		s.writeRefusal(w, refuse(problem.AuthInternal, "Something went wrong on our side. Try again."), c)
	}
}

func (s *Service) writeRefusal(w http.ResponseWriter, r *refusal, c *call) {
	s.writeJSON(w, r.status, r, c.cookies)
}

// isUnavailable reports whether an error is no answer of Postgres, or an answer
// that it cannot do this now.
func isUnavailable(err error) bool {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return problem.IsUnavailable(pg.Code)
	}
	return pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errDatabase)
}

// errDatabase marks errors that happened on the way to or from Postgres.
var errDatabase = errors.New("the database did not answer")

// tooMany sends a body with a message alone, as Better Auth does.
func (s *Service) tooMany(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("X-Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	s.writeJSON(w, http.StatusTooManyRequests, map[string]string{"message": "Too many requests. Please try again later."}, nil)
}
