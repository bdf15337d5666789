package alpacasim

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/prices"
)

// historyBegins is where Alpaca's own history of shares begins.
var historyBegins = time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)

// window is the part of a history that a client asks for.
type window struct {
	prices.Span
	limit  int
	cursor cursor // where an earlier page ended
}

// cursor is the next point of a history with several symbols.
type cursor struct {
	symbol string
	at     time.Time
}

func (c cursor) token() string {
	return base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "%s|%d", c.symbol, c.at.UnixMicro()))
}

func parseToken(text string) (cursor, error) {
	plain, err := base64.URLEncoding.DecodeString(text)
	symbol, micros, found := strings.Cut(string(plain), "|")
	n, numberErr := strconv.ParseInt(micros, 10, 64)
	if err != nil || !found || numberErr != nil {
		return cursor{}, fmt.Errorf("invalid page_token: %s", text)
	}
	return cursor{symbol: symbol, at: time.UnixMicro(n).UTC()}, nil
}

// window parses start, end, limit, page_token and sort. Without a start the
// history is today's, and it never goes beyond the present.
func (s *Sim) window(q url.Values, usual, most int) (window, error) {
	now, _ := s.present()
	w := window{Span: prices.Span{From: calendar.Midnight(now), To: now}, limit: usual}
	var err error
	for name, into := range map[string]*time.Time{"start": &w.From, "end": &w.To} {
		if text := q.Get(name); text != "" {
			if *into, err = parseTime(text); err != nil {
				return w, fmt.Errorf("invalid %s: %s", name, text)
			}
		}
	}
	if text := q.Get("limit"); text != "" {
		if w.limit, err = strconv.Atoi(text); err != nil || w.limit < 1 || w.limit > most {
			return w, fmt.Errorf("invalid limit: it must be between 1 and %d", most)
		}
	}
	if text := q.Get("page_token"); text != "" {
		if w.cursor, err = parseToken(text); err != nil {
			return w, err
		}
	}
	switch sort := q.Get("sort"); sort {
	case "", "asc":
	case "desc":
		w.Desc = true
	default:
		return w, fmt.Errorf("invalid sort: %s", sort)
	}
	if q.Get("start") != "" && q.Get("end") != "" && w.To.Before(w.From) {
		return w, fmt.Errorf("end should not be before start")
	}
	w.From, w.To = calendar.Later(w.From, historyBegins), calendar.Earlier(w.To, now)
	return w, nil
}

// historyQuery reads what a request for histories asks for: its symbols, by
// symbolsOf, its window, and for bars their length.
func (s *Sim) historyQuery(r *http.Request, name string, symbolsOf func(*http.Request) ([]string, error)) (symbols []string, part window, frame prices.Timeframe, err error) {
	if symbols, err = symbolsOf(r); err != nil {
		return nil, part, frame, err
	}
	if part, err = s.window(r.URL.Query(), 1000, 10_000); err == nil && name == "bars" {
		frame, err = prices.ParseTimeframe(r.URL.Query().Get("timeframe"))
	}
	return symbols, part, frame, err
}

// history returns the points of one symbol in a window, in its order.
type history func(symbol string, w window) iter.Seq2[time.Time, any]

// pages responds with the histories of one or several symbols, under a name
// such as bars. Points are written while they are computed, up to the limit
// over all symbols, and then comes a token for the next page.
func pages(out http.ResponseWriter, r *http.Request, name string, symbols []string, single bool, w window, make history) {
	out.Header().Set("Content-Type", "application/json; charset=UTF-8")
	text := bufio.NewWriterSize(out, 32<<10)
	defer text.Flush()
	if single {
		fmt.Fprintf(text, `{"symbol":%s,%q:`, quoted(symbols[0]), name)
	} else {
		fmt.Fprintf(text, `{%q:{`, name)
	}
	symbols = slices.Compact(slices.Sorted(slices.Values(symbols)))
	written, listed := 0, 0
	var next *string
	for _, symbol := range symbols {
		part := w
		if w.cursor.symbol != "" {
			if symbol < w.cursor.symbol {
				continue
			}
			if symbol == w.cursor.symbol && w.Desc {
				part.To = calendar.Earlier(w.To, w.cursor.at)
			} else if symbol == w.cursor.symbol {
				part.From = calendar.Later(w.From, w.cursor.at)
			}
		}
		some := false
		for at, point := range make(symbol, part) {
			if written == w.limit {
				token := cursor{symbol: symbol, at: at}.token()
				next = &token
				break
			}
			switch {
			case some:
				text.WriteByte(',')
			case single:
				text.WriteByte('[')
			default:
				if listed > 0 {
					text.WriteByte(',')
				}
				fmt.Fprintf(text, `%s:[`, quoted(symbol))
			}
			some = true
			written++
			if err := json.NewEncoder(text).Encode(point); err != nil || r.Context().Err() != nil {
				return // the client is gone
			}
		}
		if some {
			text.WriteByte(']')
			listed++
		}
		if next != nil {
			break
		}
	}
	switch {
	case single && listed == 0 && name == "bars":
		text.WriteString("null") // as Alpaca does, whatever its OpenAPI file says
	case single && listed == 0:
		text.WriteString("[]")
	}
	if !single {
		text.WriteByte('}')
	}
	token, _ := json.Marshal(next) // a text, or null
	fmt.Fprintf(text, `,"next_page_token":%s}`, token)
}

func quoted(text string) string {
	plain, _ := json.Marshal(text) // every text marshals
	return string(plain)
}
