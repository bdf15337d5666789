package sleeves

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"paddock/app/optional"
	"paddock/app/problem"
	"paddock/app/trading"
)

// Change is what a client sets of a sleeve. Fields that are left out stay as they are;
// a limit that is null is none.
type Change struct {
	Name                optional.Field[string]          `json:"name"`
	Switch              optional.Field[string]          `json:"switch"` // open, reduce_only or halted
	MaxOrderNotional    optional.Field[*trading.Amount] `json:"max_order_notional"`
	MaxPositionNotional optional.Field[*trading.Amount] `json:"max_position_notional"`
	AllowedSymbols      optional.Field[[]string]        `json:"allowed_symbols"`
	// MaxDrawdown is how far it may fall below its high-water mark, in dollars.
	MaxDrawdown optional.Field[*trading.Amount] `json:"max_drawdown"`
	// ApprovalAbove is what an order of it must be worth to wait for a person's word.
	ApprovalAbove optional.Field[*trading.Amount] `json:"approval_above"`
}

// MarshalJSON writes the fields that are there.
func (c Change) MarshalJSON() ([]byte, error) {
	set := map[string]any{}
	add(set, "name", c.Name)
	add(set, "switch", c.Switch)
	add(set, "max_order_notional", c.MaxOrderNotional)
	add(set, "max_position_notional", c.MaxPositionNotional)
	add(set, "allowed_symbols", c.AllowedSymbols)
	add(set, "approval_above", c.ApprovalAbove)
	add(set, "max_drawdown", c.MaxDrawdown)
	return json.Marshal(set)
}

func add[T any](set map[string]any, name string, f optional.Field[T]) {
	if f.There {
		set[name] = f.Value
	}
}

// check brings the symbols into their normal form, and returns invalid_sleeve where a
// field is none that a sleeve can have.
func (c *Change) check() error {
	name := c.Name.Value
	switch {
	case c.Name.There && (name != strings.TrimSpace(name) || name == "" || utf8.RuneCountInString(name) > 80):
		return invalid(`"name" must have 1 to 80 characters, without spaces around it.`)
	case c.Switch.There && c.Switch.Value != "open" && c.Switch.Value != "reduce_only" && c.Switch.Value != "halted":
		return invalid(`"switch" must be open, reduce_only or halted.`)
	}
	limits := trading.Limits{MaxOrderNotional: c.MaxOrderNotional.Value, MaxPositionNotional: c.MaxPositionNotional.Value, AllowedSymbols: c.AllowedSymbols.Value, ApprovalAbove: c.ApprovalAbove.Value, MaxDrawdown: c.MaxDrawdown.Value}
	if err := limits.Check(); err != nil {
		return invalid("%s", problem.Of(err).Message)
	}
	return nil
}

// cents reports whether an amount of money has at most two decimals.
func cents(d decimal.Decimal) bool { return d.Equal(d.Truncate(2)) }
