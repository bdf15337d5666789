package trading

import (
	"database/sql/driver"
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"
)

// Amount is a quantity or a price from a client: a decimal in a JSON string, or
// in a JSON number whose digits are kept as written. Any other text is kept, so
// that Check can name its field.
type Amount struct {
	decimal.Decimal
	text string // the text that is no decimal; "" for a decimal
}

// ParseAmount parses an amount of a query; nil for "".
func ParseAmount(text string) *Amount {
	if text == "" {
		return nil
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return &Amount{text: text}
	}
	return &Amount{Decimal: d}
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

// Value returns the decimal for Postgres.
func (a *Amount) Value() (driver.Value, error) {
	if a == nil {
		return nil, nil
	}
	return a.Decimal.String(), nil
}

// decimal returns the amount for the SDK.
func (a *Amount) decimal() *decimal.Decimal {
	if a == nil {
		return nil
	}
	return &a.Decimal
}

// maxDigits bounds an amount on either side of its point: far above any real
// one, and few enough to compute with cheaply.
const maxDigits = 18

// check returns what is wrong with an amount that must be positive. A nil
// amount is valid.
func (a *Amount) check(field string) error {
	if err := a.CheckSize(field); err != nil {
		return err
	}
	if a != nil && !a.IsPositive() {
		return invalidOrder("%q must be greater than 0.", field)
	}
	return nil
}

// CheckSize returns what is wrong with an amount that may be negative. A nil amount is
// valid.
func (a *Amount) CheckSize(field string) error {
	switch {
	case a == nil:
		return nil
	case a.text != "":
		return invalidOrder("%q must be a number, such as \"1.5\".", field)
	// Decimals parse 1e999999: look at the exponent before computing.
	case a.Exponent() > maxDigits || a.Exponent() < -maxDigits || a.NumDigits()+int(a.Exponent()) > maxDigits:
		return invalidOrder("%q has too many digits: at most %d may stand on either side of the point.", field, maxDigits)
	}
	return nil
}
