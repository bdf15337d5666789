package broker

import (
	"sync"
	"time"
)

// maxPages is how many answers an account may have under way at once. A page
// that its reader takes slowly holds a connection: without a bound one account
// could hold all of them.
const maxPages = 16

// pages counts the answers that are being passed through, by account.
type pages struct {
	mu    sync.Mutex
	under map[string]int
}

func newPages() *pages { return &pages{under: map[string]int{}} }

// enter answers what to call when the page has ended, once or more often.
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
