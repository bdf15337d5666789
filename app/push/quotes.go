package push

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"paddock/app/problem"
	"paddock/app/tenant"
	"paddock/app/wait"
)

// Quotes begins to ask for the quotes of one account. What it returns is called by one
// goroutine at a time, with the token of somebody who follows the account and the
// symbols that they want besides what it holds.
type Quotes func(account uuid.UUID) func(ctx context.Context, token string, symbols []string) (json.RawMessage, error)

// The most symbols that one connection may want of an account, besides what the account
// holds, and that all connections together may.
const (
	maxSymbols        = 50
	maxAccountSymbols = 200
)

// aSymbol matches what may be a symbol: AAPL, BRK.B, BTC/USD, AAPL261218C00200000.
var aSymbol = regexp.MustCompile(`^[A-Z0-9][A-Z0-9./]{0,20}$`)

// quotesSlowest is the most time between two calls, where they fail.
const quotesSlowest = 30 * time.Second

// quotesTime bounds one call for quotes.
const quotesTime = 10 * time.Second

// quotesAtOnce is for how many accounts quotes are asked for at the same time.
const quotesAtOnce = 64

// watch is what the connections of this instance that look at an account want of it.
type watch map[*follower][]string // symbols

// symbols returns what all of them want, each symbol once.
func (w watch) symbols() []string {
	all := []string{}
	for _, symbols := range w {
		all = append(all, symbols...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// watchRequest serves a client's request for quotes.
func (f *follower) watchRequest(r request) {
	symbols, complaint := cleanSymbols(r.Symbols)
	code, sentence := problem.BadSymbols, complaint
	if complaint == "" {
		code, sentence = f.hub.watch(f, r.Account.UUID, symbols)
	}
	if sentence != "" {
		f.sendMessage(message{Type: "error", Account: r.Account.said, Code: code, Message: sentence})
	}
}

// cleanSymbols returns symbols in capitals, or what is wrong with them.
func cleanSymbols(said []string) (symbols []string, complaint string) {
	if len(said) > maxSymbols {
		return nil, "Watch at most 50 symbols. What the account holds comes without being named."
	}
	for _, symbol := range said {
		if symbol = strings.ToUpper(symbol); !aSymbol.MatchString(symbol) {
			return nil, `The "symbols" must be such as AAPL, BTC/USD or AAPL261218C00200000.`
		}
		symbols = append(symbols, symbol)
	}
	return symbols, ""
}

// watch has f sent the quotes of an account that it follows, until it unsubscribes or is
// told not to be. It returns a sentence where that cannot be.
func (h *Hub) watch(f *follower, account uuid.UUID, symbols []string) (problem.Code, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.followers.has(f) || !f.follows(account) {
		return problem.NotSubscribed, "Subscribe to the account first."
	}
	before, asks := h.watches[account]
	now := watch{}
	maps.Copy(now, before)
	now[f] = symbols
	if len(now.symbols()) > maxAccountSymbols {
		return problem.TooManySymbols, "All who look at this account watch as many symbols as one account may. Watch fewer, or try again later."
	}
	h.watches[account] = now
	if !asks {
		h.unasked[account] = struct{}{}
		signal(h.wakeQuotes)
	}
	return problem.Code{}, ""
}

// unwatch undoes watch. What asks ends by itself, at its next turn: so somebody who
// comes and goes has no more asked for than somebody who stays.
func (h *Hub) unwatch(f *follower, account uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unwatchLocked(f, account)
}

func (h *Hub) unwatchLocked(f *follower, account uuid.UUID) {
	if _, watches := h.watches[account][f]; watches {
		left := maps.Clone(h.watches[account])
		delete(left, f)
		h.watches[account] = left
	}
}

// askQuotes asks for each account's quotes while somebody looks at it.
func (h *Hub) askQuotes(ctx context.Context) {
	var asking sync.WaitGroup
	defer asking.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wakeQuotes:
		}
		h.mu.Lock()
		accounts := slices.Collect(maps.Keys(h.unasked))
		clear(h.unasked)
		h.mu.Unlock()
		for _, account := range accounts {
			asking.Go(func() { h.askFor(ctx, account) })
		}
	}
}

// askFor asks for one account's quotes, one call an interval however many look, until
// nobody does. Calls that fail come more and more seldom.
func (h *Hub) askFor(ctx context.Context, account uuid.UUID) {
	ask := h.Quotes(account)
	pause := h.QuoteEvery
	for turn := 0; ; turn++ {
		looks, there := h.looks(account)
		if !there {
			return
		}
		if h.sendQuotes(ctx, account, looks, turn, ask) {
			pause = h.QuoteEvery
		} else {
			pause = min(2*pause, max(quotesSlowest, h.QuoteEvery))
		}
		if !wait.For(ctx, pause) {
			return
		}
	}
}

// looks returns who looks at an account; where nobody does, that is the end of asking.
func (h *Hub) looks(account uuid.UUID) (watch, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.watches[account]
	if len(w) == 0 {
		delete(h.watches, account)
	}
	return w, len(w) > 0
}

// sendQuotes asks for an account's quotes by one of those who look, in turns, and sends
// the answer to those who may read the account once it is there. It reports whether
// there was one.
func (h *Hub) sendQuotes(ctx context.Context, account uuid.UUID, looks watch, turn int, ask func(context.Context, string, []string) (json.RawMessage, error)) bool {
	once, cancel := context.WithTimeout(ctx, quotesTime)
	defer cancel()
	select {
	case h.quoting <- struct{}{}:
		defer func() { <-h.quoting }()
	case <-ctx.Done():
		return false
	}
	tokens := looks.tokens()
	data, err := ask(once, tokens[turn%len(tokens)], looks.symbols())
	at := time.Now().UTC()
	m := message{Type: "quotes", Account: account, At: &at}
	if m.Data = data; err != nil {
		m.Data = nil
		p := problem.Of(err)
		if p.Code == problem.Internal && ctx.Err() == nil {
			h.Logger.Error("quotes could not be asked for", "account_id", account, "err", err)
		}
		m.Code, m.Message = p.Code, p.Message
	}
	// Whose admission failed is told so below, and the others hear nothing of it.
	silent := problem.Is(err, problem.Unauthenticated) || problem.Is(err, problem.AccountForbidden)
	if err := h.deliverQuotes(ctx, account, m.text(), silent); err != nil && ctx.Err() == nil {
		h.Logger.Warn("quotes could not be delivered", "account_id", account, "err", err)
	}
	return err == nil || silent
}

// tokens returns the tokens of those who look, each once.
func (w watch) tokens() []string {
	all := []string{}
	for f := range w {
		all = append(all, f.token)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// deliverQuotes sends a message to those who look at an account and may read it at this
// moment, which the database says of each. Who may no longer is told so.
func (h *Hub) deliverQuotes(ctx context.Context, account uuid.UUID, text []byte, silent bool) error {
	h.mu.Lock()
	looks := h.watches[account]
	h.mu.Unlock()
	for tokens := range slices.Chunk(looks.tokens(), h.subscriptionsPerRead) {
		questions := make([]tenant.AccessQuestion, len(tokens))
		for i, token := range tokens {
			questions[i] = tenant.AccessQuestion{Token: token, Account: account}
		}
		once, cancel := context.WithTimeout(ctx, 5*time.Second)
		states, err := h.Worker.CheckAccess(once, questions)
		cancel()
		if err != nil {
			return err
		}
		access := map[string]tenant.Access{}
		for i, state := range states {
			access[tokens[i]] = state.Access
		}
		for f := range looks {
			switch may, asked := access[f.token]; {
			case asked && may != tenant.AccessOK:
				f.revoke(account, may)
			case asked && !silent:
				f.deliverQuotes(account, text)
			}
		}
	}
	return nil
}

// deliverQuotes queues an account's quotes, unless there is no room: the next ones are
// newer.
func (f *follower) deliverQuotes(account uuid.UUID, text []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, follows := f.cursors[account]; follows && !f.pauseIfFull() {
		f.enqueue(text, tenant.Cursor{})
	}
}
