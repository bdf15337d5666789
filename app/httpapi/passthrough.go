package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"paddock/app/broker"
	"paddock/app/passthrough"
	"paddock/app/problem"
	"paddock/app/tenant"
)

// endpoint is an endpoint of Alpaca that a route is passed through to.
type endpoint struct {
	path    string // Alpaca's path, with the variables of ours
	body    any    // a pointer to a struct with the fields that Alpaca documents; nil for no body
	check   string // a sentence that says where to see the outcome of a change
	changes effect // what it can change at the broker
}

// dataPrefix begins the paths of Alpaca's host of market data.
const dataPrefix = "/api/data"

// effect is what a passed-through endpoint can change at the broker. What opens
// or enlarges a position must pass the account's guards, on every way:
// TestEveryWayToOpenIsGuarded checks it.
type effect string

// The effects.
const (
	nothing   effect = ""
	cancels   effect = "cancels orders"
	lists     effect = "changes watchlists"
	settings  effect = "changes settings of the account"
	declines  effect = "lets an option expire"
	exercises effect = "opens shares by exercising an option" // guarded by trading.Exercise
)

// actions are what the audit calls these effects.
var actions = map[effect]string{
	cancels:   "order.cancel_all",
	lists:     "watchlist.change",
	settings:  "configuration.change",
	declines:  "option.decline",
	exercises: "option.exercise",
}

// passThrough passes a call through, and its answer back.
func (s *Server) passThrough(r *request) (response, error) {
	to := r.route.alpaca
	call := passthrough.Call{Scope: string(r.route.who), Check: to.check, Action: actions[to.changes], Request: broker.Request{Method: r.route.method}}
	var err error
	if call.Path, err = r.alpacaPath(); err != nil {
		return response{}, err
	}
	call.Query = r.filters()
	call.Kind = call.Path[0] + "/" + call.Path[1]
	if strings.HasPrefix(r.route.path, dataPrefix+"/") {
		call.Host = broker.Data
	}
	if to.body != nil {
		call.Body, err = readBodyAsSent(r.Request, reflect.New(reflect.TypeOf(to.body).Elem()).Interface())
	} else {
		err = requireEmptyBody(r.Request)
	}
	if err != nil {
		return response{}, err
	}
	send := s.Relay.Do
	if to.changes == exercises {
		send = func(ctx context.Context, a tenant.Admission, call passthrough.Call) (*broker.Response, error) {
			return s.Trading.Exercise(ctx, a, call, r.PathValue("symbol"))
		}
	}
	answer, err := send(r.Context(), r.admission, call)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	return response{}, s.copyAnswer(r.writer, r.Request, answer, call.Explain)
}

var (
	segment = regexp.MustCompile(`^[A-Za-z0-9]+([._:-][A-Za-z0-9]+)*$`)
	pair    = regexp.MustCompile(`^[A-Za-z0-9]+([._:-][A-Za-z0-9]+)*(/[A-Za-z0-9]+)?$`)
)

// alpacaPath returns Alpaca's path, by segments, with the request's values for
// the variables.
func (r *request) alpacaPath() ([]string, error) {
	segments := strings.Split(r.route.alpaca.path[1:], "/")
	for i, text := range segments {
		name, isVariable := strings.CutPrefix(text, "{")
		if !isVariable {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		value, form := r.PathValue(name), segment
		if strings.Contains(r.route.path, "{"+name+"...}") {
			form = pair
		}
		ofPosition := segments[1] == "positions"
		joined := strings.ReplaceAll(value, "/", "")
		if len(value) > 100 || !form.MatchString(value) || ofPosition && joined != value && broker.PositionSymbol(joined) == broker.Symbol(joined) {
			return nil, problem.New(problem.PathMalformed, "%q cannot be a %s. It has letters and digits, with single dots and dashes between them.", value, strings.ReplaceAll(name, "_", " "))
		}
		if ofPosition && uuid.Validate(value) != nil { // Alpaca accepts an asset's id as well
			value = broker.PositionSymbol(value)
		}
		segments[i] = value
	}
	return segments, nil
}

// clientTimeout is how long a client may take to accept a part of a response.
const clientTimeout = 30 * time.Second

// slowWriter gives the client clientTimeout for each part: the server's own
// deadline is for responses that it writes at once.
type slowWriter struct{ http.ResponseWriter }

func (w slowWriter) Write(p []byte) (int, error) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(clientTimeout)) // not every connection has deadlines
	return w.ResponseWriter.Write(p)
}

// copyAnswer sends the broker's answer while it arrives. Where it breaks off
// before anything was sent, there is an error response; later the connection is
// cut, so that a part is never taken for the whole.
func (s *Server) copyAnswer(w http.ResponseWriter, r *http.Request, answer *broker.Response, explain func(error) error) error {
	part := make([]byte, 32<<10)
	n, err := answer.Body.Read(part)
	if err != nil && !errors.Is(err, io.EOF) {
		return explain(err)
	}
	w.Header().Set("X-Alpaca-Request-ID", answer.RequestID)
	if answer.Length > 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(answer.Length, 10))
	}
	if n > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(answer.Status)
	for {
		if _, gone := (slowWriter{w}).Write(part[:n]); gone != nil {
			return nil // the client is gone
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && r.Context().Err() == nil:
			s.Logger.WarnContext(r.Context(), "the broker's answer broke off", "path", r.URL.Path, "err", err)
			fallthrough
		case err != nil:
			panic(http.ErrAbortHandler)
		}
		_ = http.NewResponseController(w).Flush()
		n, err = answer.Body.Read(part)
	}
}

// The fields of bodies that are passed through, as Alpaca documents them.
type (
	configurations struct {
		SuspendTrade           bool   `json:"suspend_trade"`
		NoShorting             bool   `json:"no_shorting"`
		FractionalTrading      bool   `json:"fractional_trading"`
		TradeConfirmEmail      string `json:"trade_confirm_email"`
		MaxMarginMultiplier    string `json:"max_margin_multiplier"`
		MaxOptionsTradingLevel *int   `json:"max_options_trading_level"` // null sets no limit
		PTPNoExceptionEntry    bool   `json:"ptp_no_exception_entry"`
		OvernightDisabled      bool   `json:"disable_overnight_trading"`
	}
	watchlist struct {
		Name    string   `json:"name"`
		Symbols []string `json:"symbols"`
	}
	watchlistSymbol struct {
		Symbol string `json:"symbol"`
	}
)
