package broker

import (
	"sync"
	"time"
)

// maxPages is how many passed-through answers an account may have open at once.
// A page that is read slowly holds a connection, and without a bound one
// account could hold all of them.
const maxPages = 16

// pages counts the open passed-through answers of each account.
type pages struct {
	mu    sync.Mutex
	under map[string]int
}

func newPages() *pages { return &pages{under: map[string]int{}} }

// enter counts a page and returns a function to call, once or more, when it has
// ended.
func (p *pages) enter(account string) (leave func(), refused *Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.under[account] >= maxPages {
		return nil, &Error{Kind: RateLimited, Message: "this account has too many answers under way at once", RetryAfter: time.Second}
	}
	p.under[account]++
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.under[account]--; p.under[account] == 0 {
			delete(p.under, account)
		}
	}), nil
}
