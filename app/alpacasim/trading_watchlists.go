package alpacasim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// watchlist is a named list of symbols of an account.
type watchlist struct {
	ID        string    `json:"id"`
	AccountID string    `json:"account_id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Symbols   []string  `json:"symbols"`
}

// watchlistRequest is the body of all watchlist requests. Absent symbols leave
// the list as it is.
type watchlistRequest struct {
	Name    string    `json:"name"`
	Symbols []*string `json:"symbols"`
	Symbol  string    `json:"symbol"`
}

func (s *Sim) listWatchlists(w http.ResponseWriter, _ *http.Request, a *account) {
	s.locked(w, func() (any, *refusal) {
		all := []map[string]any{}
		for _, l := range a.Watchlists {
			text := s.watchlistJSON(l)
			delete(text, "assets") // Alpaca's list of watchlists has no assets
			all = append(all, text)
		}
		return all, nil
	})
}

func (s *Sim) watchlistJSON(l *watchlist) map[string]any {
	assets := []assetJSON{}
	for _, symbol := range l.Symbols {
		if a, ok := s.findAsset(symbol); ok {
			assets = append(assets, a.json())
		}
	}
	return map[string]any{"id": l.ID, "account_id": l.AccountID, "name": l.Name, "created_at": l.CreatedAt, "updated_at": l.UpdatedAt, "assets": assets}
}

func (s *Sim) createWatchlist(w http.ResponseWriter, r *http.Request, a *account) {
	request, ok := readWatchlist(w, r)
	if !ok {
		return
	}
	s.locked(w, func() (any, *refusal) {
		now := s.now()
		l := &watchlist{AccountID: a.ID, CreatedAt: now, UpdatedAt: now, Symbols: []string{}}
		if bad := s.renameWatchlist(a, l, request); bad != nil {
			return nil, bad
		}
		l.ID = s.newID()
		a.Watchlists = append(a.Watchlists, l)
		s.touch(a)
		s.save()
		return s.watchlistJSON(l), nil
	})
}

func readWatchlist(w http.ResponseWriter, r *http.Request) (watchlistRequest, bool) {
	var request watchlistRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&request); err != nil {
		answerRefusal(w, refuse(400, 40010000, "request body format is invalid"))
		return request, false
	}
	return request, true
}

// findWatchlist finds a watchlist by the path's id, or the query's name. s.mu
// is held.
func findWatchlist(a *account, r *http.Request) (*watchlist, *refusal) {
	for _, l := range a.Watchlists {
		if id := r.PathValue("id"); id == l.ID || id == "" && l.Name == r.URL.Query().Get("name") {
			return l, nil
		}
	}
	return nil, refuse(404, 40410000, "watchlist not found")
}

// onWatchlist changes a watchlist and responds with it; a nil change removes
// the path's symbol.
func (s *Sim) onWatchlist(change func(*account, *watchlist, watchlistRequest) *refusal) accountHandler {
	return func(w http.ResponseWriter, r *http.Request, a *account) {
		var request watchlistRequest
		if r.Method == http.MethodPut || r.Method == http.MethodPost {
			var ok bool
			if request, ok = readWatchlist(w, r); !ok {
				return
			}
		}
		s.locked(w, func() (any, *refusal) {
			l, bad := findWatchlist(a, r)
			if bad == nil && change != nil {
				bad = change(a, l, request)
			} else if bad == nil {
				bad = s.takeFromWatchlist(l, r.PathValue("symbol"))
			}
			if bad != nil {
				return nil, bad
			}
			if r.Method != http.MethodGet {
				l.UpdatedAt = s.now()
				s.touch(a)
				s.save()
			}
			return s.watchlistJSON(l), nil
		})
	}
}

// renameWatchlist sets a watchlist's name and, if given, its symbols.
func (s *Sim) renameWatchlist(a *account, l *watchlist, r watchlistRequest) *refusal {
	if name := strings.TrimSpace(r.Name); name == "" || len(name) > 64 {
		return refuse(422, 42210000, "name is required, of at most 64 characters")
	}
	if slices.ContainsFunc(a.Watchlists, func(other *watchlist) bool { return other != l && other.Name == r.Name }) {
		return refuse(422, 42210000, "watchlist name must be unique")
	}
	symbols := []string{}
	for _, symbol := range r.Symbols {
		if symbol == nil {
			continue // Alpaca's schema allows null as an entry
		}
		known, ok := s.findAsset(*symbol)
		if !ok {
			return refuse(422, 42210000, "asset %q not found", *symbol)
		}
		if !slices.Contains(symbols, known.symbol) {
			symbols = append(symbols, known.symbol)
		}
	}
	l.Name = r.Name
	if r.Symbols != nil {
		l.Symbols = symbols
	}
	return nil
}

func (s *Sim) addToWatchlist(_ *account, l *watchlist, r watchlistRequest) *refusal {
	known, ok := s.findAsset(r.Symbol)
	if !ok {
		return refuse(422, 42210000, "asset %q not found", r.Symbol)
	}
	if slices.Contains(l.Symbols, known.symbol) {
		return refuse(422, 42210000, "duplicate symbol %q", known.symbol)
	}
	l.Symbols = append(l.Symbols, known.symbol)
	return nil
}

func (s *Sim) takeFromWatchlist(l *watchlist, symbol string) *refusal {
	known, _ := s.findAsset(symbol)
	i := slices.Index(l.Symbols, known.symbol)
	if i < 0 {
		return refuse(404, 40410000, "symbol %s is not in the watchlist", symbol)
	}
	l.Symbols = slices.Delete(l.Symbols, i, i+1)
	return nil
}

func (s *Sim) deleteWatchlist(w http.ResponseWriter, r *http.Request, a *account) {
	s.mu.Lock()
	l, bad := findWatchlist(a, r)
	if bad == nil {
		a.Watchlists = slices.DeleteFunc(a.Watchlists, func(other *watchlist) bool { return other == l })
		s.touch(a)
		s.save()
	}
	s.mu.Unlock()
	if bad != nil {
		answerRefusal(w, bad)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
