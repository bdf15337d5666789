package sleeves

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"paddock/app/problem"
	"paddock/app/trading"
)

// Change is what a client sets of a sleeve. Fields that are left out stay as they are;
// a limit that is null is none.
type Change struct {
	Name                field[string]          `json:"name"`
	Switch              field[string]          `json:"switch"` // open, reduce_only or halted
	MaxOrderNotional    field[*trading.Amount] `json:"max_order_notional"`
	MaxPositionNotional field[*trading.Amount] `json:"max_position_notional"`
	AllowedSymbols      field[symbols]         `json:"allowed_symbols"`
	// MaxDrawdown is how far it may fall below its high-water mark, in dollars.
	MaxDrawdown field[*trading.Amount] `json:"max_drawdown"`
	// ApprovalAbove is what an order of it must be worth to wait for a person's word.
	ApprovalAbove field[*trading.Amount] `json:"approval_above"`
}

// symbols is a list of symbols.
type symbols []string

// UnmarshalJSON parses the list, and refuses null in it.
func (s *symbols) UnmarshalJSON(text []byte) error {
	var all []*string
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	if all == nil {
		*s = nil
		return nil
	}
	*s = symbols{}
	for _, one := range all {
		if one == nil {
			return errors.New("a symbol is null")
		}
		*s = append(*s, *one)
	}
	return nil
}

// field is a field of a JSON object, which tells null from one that is left out.
type field[T any] struct {
	There bool
	Value T
}

// UnmarshalJSON parses the field.
func (f *field[T]) UnmarshalJSON(text []byte) error {
	f.There = true
	return json.Unmarshal(text, &f.Value)
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

func add[T any](set map[string]any, name string, f field[T]) {
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
