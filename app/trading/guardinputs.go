package trading

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/tenant"
)

// guardInputs are facts that guards need and Postgres does not have. They are
// asked of the broker, for one order.
type guardInputs struct {
	reference map[string]decimal.Decimal // prices by symbol
	account   *balance
}

// balance is the account's worth according to the broker.
type balance struct {
	equity, lastEquity decimal.Decimal
	cash               *string   // nil where the answer lacks it
	asked              time.Time // by our clock, which is used only to tell how long ago that was
}

// balanceOf returns the account's worth, and nil where the answer lacks it: a
// missing equity is not an equity of zero.
func balanceOf(account broker.AccountAnswer, asked time.Time) *balance {
	equity, known := broker.Amount(account.Raw, "equity")
	last, lastKnown := broker.Amount(account.Raw, "last_equity")
	if !known || !lastKnown {
		return nil
	}
	b := &balance{equity: equity, lastEquity: last, asked: asked}
	if cash, known := broker.Amount(account.Raw, "cash"); known {
		text := cash.String()
		b.cash = &text
	}
	return b
}

const recordBalanceSQL = "select private.record_balance($1, $2, $3, $4, $5, $6)"

// queueBalance queues recording what the account is worth, unless w is nil.
func (s *Service) queueBalance(b *tenant.Batch, account uuid.UUID, w *balance) {
	if w != nil {
		versions, keys := s.keys.Proof(account)
		b.Queue(recordBalanceSQL, versions, keys, w.equity.String(), w.lastEquity.String(), w.cash, tenant.Age(w.asked))
	}
}

// prices returns the order's reference_prices.
func (f guardInputs) prices() []byte {
	if len(f.reference) == 0 {
		return nil
	}
	text, err := json.Marshal(f.reference)
	if err != nil {
		panic(err) // cannot happen: decimals always marshal
	}
	return text
}

// inquiry is what the guards have been told so far, while something is tried
// until they accept or refuse it.
type inquiry struct {
	inputs   guardInputs
	asked    []string  // what they needed to know
	waits    bool      // for a mirror that is current
	deadline time.Time // of those waits
}

func (s *Service) newInquiry() inquiry {
	return inquiry{waits: true, deadline: time.Now().Add(s.mirrorTimeout)}
}

// answerNeeds asks the broker for what a verdict needs, for the next try. What
// guards need may change meanwhile, for example when the mirror agrees for the
// first time. What was asked for once and is still missing is not available.
// Only for the mirror does it wait again, within mirrorTimeout. Where the
// verdict is a refusal, answerNeeds returns it as a problem.
func (s *Service) answerNeeds(ctx context.Context, a tenant.Admission, i *inquiry, v verdict) error {
	if len(v.Violations) > 0 {
		return v.problem()
	}
	before := len(i.asked)
	for _, need := range v.Needs {
		if !slices.Contains(i.asked, need) {
			i.asked = append(i.asked, need)
		}
	}
	current := false
	if i.waits && slices.Contains(v.Needs, "positions") {
		var err error
		if current, err = s.awaitCurrentMirror(ctx, a, i.deadline); err != nil {
			return err
		}
		i.waits = current
	}
	// The mirror may have been current and be in doubt again by now, because
	// fills arrive at any time.
	if len(i.asked) == before && !current {
		return v.needsProblem()
	}
	var err error
	i.inputs, err = s.fetchInputs(ctx, a, i.asked)
	return err
}

// fetchInputs asks the broker for what a verdict needs.
func (s *Service) fetchInputs(ctx context.Context, a tenant.Admission, needs []string) (guardInputs, error) {
	access, err := s.keys.Open(ctx, a, s.db.Tx, nil)
	if err != nil {
		return guardInputs{}, err
	}
	f, err := inputsFrom(ctx, access.Client, needs)
	if err != nil {
		return guardInputs{}, access.Explain(ctx, err)
	}
	return f, nil
}

func inputsFrom(ctx context.Context, client *broker.Client, needs []string) (f guardInputs, err error) {
	var symbols []string
	for _, need := range needs {
		if symbol, is := strings.CutPrefix(need, "price "); is {
			symbols = append(symbols, symbol)
		}
		if need == "equity" {
			asked := time.Now()
			account, err := client.Account(ctx)
			if err != nil {
				return f, err
			}
			f.account = balanceOf(account, asked)
		}
	}
	if len(symbols) > 0 {
		f.reference, err = client.Prices(ctx, symbols)
	}
	return f, err
}
