package blockorders

import (
	"crypto/sha256"
	"encoding/json"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"paddock/app/broker"
	"paddock/app/ids"
	"paddock/app/trading"
)

// BlockOrder is an order with the accounts among which it is divided. The order's "qty" or
// "notional" is the total.
type BlockOrder struct {
	Order      trading.OrderRequest `json:"order"`
	Allocation Allocation           `json:"allocation"`
	Accounts   []Account            `json:"accounts"`
}

// Allocation is how an order is divided.
type Allocation struct {
	// Method is equal, ratio, net_liquidation or percent: private.split_block_order says
	// what each does.
	Method string `json:"method"`
	// Fractions says that parts need not be whole shares; where it is left out, they need
	// not where the total is not, and for coins.
	Fractions *bool `json:"fractions,omitempty"`
}

// Account is one that gets a part.
type Account struct {
	AccountID string          `json:"account_id"`
	Ratio     *trading.Amount `json:"ratio,omitempty"`
	Percent   *trading.Amount `json:"percent,omitempty"`
	SleeveID  string          `json:"sleeve_id,omitempty"`

	id uuid.UUID
}

// The methods.
const (
	equal          = "equal"
	ratio          = "ratio"
	netLiquidation = "net_liquidation"
	percent        = "percent"
)

// mostAccounts is how many accounts a block order may name.
const mostAccounts = 100

func (o *BlockOrder) byEquity() bool {
	return o.Allocation.Method == netLiquidation || o.Allocation.Method == percent
}

// inFractions reports whether parts of a share are asked for, which not every one can be
// traded in. Coins always can.
func (o *BlockOrder) inFractions() bool {
	return o.Allocation.Fractions != nil && *o.Allocation.Fractions && !broker.IsCrypto(o.Order.Symbol)
}

func (o *BlockOrder) needsBroker() bool { return o.byEquity() || o.inFractions() }

// text returns the request as it is kept, and its digest, by which a retry is known.
func (o *BlockOrder) text() (text, hash []byte) {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // cannot happen: strings, booleans and decimals always marshal
	}
	sum := sha256.Sum256(text)
	return text, sum[:]
}

// check completes the request and brings it into one form. It ends with
// invalid_block_order, or as an order's own check does.
func (o *BlockOrder) check() error {
	r := &o.Order
	if err := o.checkOrder(); err != nil {
		return err
	}
	switch {
	case r.ClientOrderID != "":
		return invalid(`"order" takes no client_order_id: each part gets one that follows from the Idempotency-Key.`)
	case r.SleeveID != "":
		return invalid(`"order" takes no sleeve_id, since sleeves are an account's own: give it in "accounts".`)
	}
	if err := o.checkAccounts(); err != nil {
		return err
	}
	return o.checkUnit()
}

func (o *BlockOrder) checkAccounts() error {
	method := o.Allocation.Method
	switch method {
	case equal, ratio, netLiquidation, percent:
	default:
		return invalid(`"allocation.method" must be equal, ratio, net_liquidation or percent.`)
	}
	if len(o.Accounts) == 0 || len(o.Accounts) > mostAccounts {
		return invalid(`"accounts" must name 1 to %d accounts.`, mostAccounts)
	}
	seen := map[uuid.UUID]bool{}
	for i := range o.Accounts {
		account := &o.Accounts[i]
		id, ok := ids.Parse(account.AccountID)
		switch {
		case !ok:
			return invalid(`"accounts[%d].account_id" must be an account's id, a UUID. Copy it from GET /api/accounts.`, i)
		case seen[id]:
			return invalid(`"accounts[%d].account_id" is there twice. Name each account once.`, i)
		case (account.Ratio != nil) != (method == ratio):
			return invalid(`"accounts[%d].ratio" is for the method ratio, and each account needs one there.`, i)
		case (account.Percent != nil) != (method == percent):
			return invalid(`"accounts[%d].percent" is for the method percent, and each account needs one there.`, i)
		case account.SleeveID != "" && (uuid.Validate(account.SleeveID) != nil || len(account.SleeveID) != 36):
			return invalid(`"accounts[%d].sleeve_id" must be a sleeve's id, a UUID. Copy it from GET /api/sleeves.`, i)
		}
		for name, amount := range map[string]*trading.Amount{"ratio": account.Ratio, "percent": account.Percent} {
			if amount.CheckSize(name) != nil || amount != nil && !amount.IsPositive() {
				return invalid(`"accounts[%d].%s" must be a number above 0, with at most 18 digits on either side of the point.`, i, name)
			}
		}
		if account.Percent != nil && account.Percent.GreaterThan(decimal.NewFromInt(100)) {
			return invalid(`"accounts[%d].percent" is a percentage of the account's equity: at most 100.`, i)
		}
		seen[id] = true
		account.id, account.AccountID = id, id.String()
	}
	return nil
}

// checkOrder checks the order itself. One by percent has no total, so that it is checked
// with one in its place.
func (o *BlockOrder) checkOrder() error {
	r := &o.Order
	if o.Allocation.Method != percent {
		return r.Check()
	}
	switch {
	case r.Qty != nil || r.Notional != nil:
		return invalid(`"order" takes no "qty" and no "notional" with the method percent: each account gets its percentage of its own equity.`)
	case r.OrderClass == "mleg":
		return invalid(`An mleg order cannot be divided by percent: its price is not what it takes.`)
	}
	whole := &trading.Amount{Decimal: decimal.NewFromInt(1)}
	if r.LimitPrice != nil {
		r.Qty = whole
	} else {
		r.Notional = whole
	}
	err := r.Check()
	r.Qty, r.Notional = nil, nil
	return err
}

// checkUnit decides of what the parts are multiples.
func (o *BlockOrder) checkUnit() error {
	r, given := &o.Order, o.Allocation.Fractions
	if r.Notional != nil || o.Allocation.Method == percent && r.LimitPrice == nil {
		switch {
		case given != nil:
			return invalid(`"allocation.fractions" is for orders with a "qty": dollars are divided to the cent.`)
		case r.Notional != nil && !r.Notional.Equal(r.Notional.Truncate(2)):
			return invalid(`"order.notional" must be whole cents.`)
		}
		return nil
	}
	fractions := broker.IsCrypto(r.Symbol) || r.Qty != nil && !r.Qty.IsInteger()
	if given != nil {
		fractions = *given
	}
	o.Allocation.Fractions = &fractions
	switch {
	case !fractions && r.Qty != nil && !r.Qty.IsInteger():
		return invalid(`"order.qty" is no whole number, and "allocation.fractions" is false.`)
	case !fractions:
		return nil
	case r.Qty != nil && !r.Qty.Equal(r.Qty.Truncate(9)):
		return invalid(`"order.qty" may have nine decimals.`)
	case r.OrderClass == "mleg" || broker.IsOption(r.Symbol):
		return invalid(`Options are traded in whole contracts: set "allocation.fractions" to false.`)
	case !broker.IsCrypto(r.Symbol) && (r.TimeInForce != "day" || r.OrderClass != "" && r.OrderClass != "simple" || r.Type == "trailing_stop"):
		return invalid(`Alpaca takes fractions of shares in simple orders for the day alone: set "allocation.fractions" to false, or change the order.`)
	}
	return nil
}
