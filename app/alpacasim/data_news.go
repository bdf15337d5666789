package alpacasim

import (
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"paddock/app/alpacasim/internal/calendar"
	"paddock/app/alpacasim/internal/draw"
)

// newsEvery is the length of a slot; each slot has one article.
const newsEvery = 2 * time.Hour

// article returns the news of a slot, about one or two assets.
func (s *Sim) article(slot int64, content bool) (at time.Time, symbols []string, text map[string]any) {
	h := draw.Mix(draw.Mix(uint64(s.config.Seed)) ^ uint64(slot))
	at = time.Unix(slot*int64(newsEvery/time.Second), 0).UTC().Add(time.Duration(h%uint64(newsEvery/time.Second)) * time.Second)
	first := s.assets[h>>8%uint64(len(s.assets))]
	second := s.assets[h>>24%uint64(len(s.assets))]
	symbols = []string{strings.ReplaceAll(first.symbol, "/", "")}
	if h>>40&3 == 0 && second.symbol != first.symbol {
		symbols = append(symbols, strings.ReplaceAll(second.symbol, "/", ""))
	}
	headline := fmt.Sprintf([]string{
		"%s Draws Simulated Attention", "What To Watch In %s, In A World That Is Not There", "%s Moves As Its Seed Would Have It", "Analysts Of Nobody Revisit %s",
	}[h>>44&3], first.name)
	text = map[string]any{
		"id": slot, "headline": headline, "author": "Paddock Simulator", "source": "simulator", "created_at": at, "updated_at": at.Add(90 * time.Second),
		"summary": headline + ". Nothing of this has happened.", "content": "", "images": []any{}, "symbols": symbols,
		"url": fmt.Sprintf("https://news.invalid/%d", slot),
	}
	if content {
		text["content"] = "<p>" + headline + ". This article was made by a simulated market and says nothing about the real one.</p>"
	}
	return at, symbols, text
}

// listNews serves the newest articles first, unless asked otherwise.
func (s *Sim) listNews(w http.ResponseWriter, r *http.Request, _ *account) {
	q := r.URL.Query()
	if q.Get("sort") == "" {
		q.Set("sort", "desc")
	}
	part, err := s.window(q, 10, 50)
	if q.Get("start") == "" {
		part.From = historyBegins
	}
	for _, name := range []string{"include_content", "exclude_contentless"} {
		if _, boolErr := strconv.ParseBool(q.Get(name)); err == nil && q.Get(name) != "" && boolErr != nil {
			err = fmt.Errorf("invalid %s: %s", name, q.Get(name))
		}
	}
	if err != nil {
		wrong(w, http.StatusBadRequest, err)
		return
	}
	wanted := listed(strings.ReplaceAll(strings.ToUpper(q.Get("symbols")), "/", ""))
	articles := []any{}
	var next *string
	for at, text := range s.news(wanted, q.Get("include_content") == "true", part) {
		if len(articles) == part.limit {
			token := cursor{symbol: "news", at: at}.token()
			next = &token
			break
		}
		articles = append(articles, text)
	}
	answer(w, 200, map[string]any{"news": articles, "next_page_token": next})
}

func (s *Sim) news(wanted []string, content bool, w window) iter.Seq2[time.Time, any] {
	if !w.cursor.at.IsZero() && w.Desc {
		w.To = calendar.Earlier(w.To, w.cursor.at)
	} else if !w.cursor.at.IsZero() {
		w.From = calendar.Later(w.From, w.cursor.at)
	}
	return func(yield func(time.Time, any) bool) {
		first, last := w.From.Unix()/int64(newsEvery/time.Second), w.To.Unix()/int64(newsEvery/time.Second)
		for i := range last - first + 1 {
			slot := first + i
			if w.Desc {
				slot = last - i
			}
			at, symbols, text := s.article(slot, content)
			about := len(wanted) == 0 || slices.ContainsFunc(symbols, func(symbol string) bool { return slices.Contains(wanted, symbol) })
			if about && !at.Before(w.From) && !at.After(w.To) && !yield(at, text) {
				return
			}
		}
	}
}
