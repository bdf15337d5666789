package trading

import (
	"database/sql/driver"
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"
)

// Amount is a quantity or a price as a client sends it: a decimal in a JSON
// string, or in a JSON number whose digits are taken as they stand. What is
// none is kept, so that Check can name its field.
type Amount struct {
	decimal.Decimal
	text string // what could not be read; "" for a decimal
}

// UnmarshalJSON never fails: Check does.
func (a *Amount) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	d, err := decimal.NewFromString(text)
	if err != nil {
		*a = Amount{text: string(raw)}
		return nil
	}
	*a = Amount{Decimal: d}
	return nil
}

// MarshalJSON writes the decimal as a string.
func (a Amount) MarshalJSON() ([]byte, error) { return json.Marshal(a.Decimal.String()) }

// Value is the decimal for Postgres.
func (a *Amount) Value() (driver.Value, error) {
	if a == nil {
		return nil, nil
	}
	return a.Decimal.String(), nil
}

// decimal is the amount for the SDK.
func (a *Amount) decimal() *decimal.Decimal {
	if a == nil {
		return nil
	}
	return &a.Decimal
}
