package broker

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// form checks a field's value, which is not null. Where the value has the
// documented form, holds is "". Otherwise holds says what the field contains
// instead, and value is its meaning, or null where it has none.
type form func(raw json.RawMessage) (value json.RawMessage, holds string)

var null = json.RawMessage("null")

// kindOf names the type of a JSON value.
func kindOf(raw json.RawMessage) string {
	switch bytes.TrimSpace(raw)[0] {
	case '"':
		return "a text"
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

// textOf returns the text of a JSON string, or the digits of a number.
func textOf(raw json.RawMessage) (text string, ok bool) {
	if json.Unmarshal(raw, &text) == nil {
		return strings.TrimSpace(text), true
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String(), true
	}
	return "", false
}

func quoted(text string) json.RawMessage {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err) // cannot happen: texts always marshal
	}
	return raw
}

// textForm is any text; a number counts as its digits.
func textForm(raw json.RawMessage) (json.RawMessage, string) {
	if kindOf(raw) == "a text" {
		return raw, ""
	}
	if text, ok := textOf(raw); ok {
		return quoted(text), "a number"
	}
	return null, kindOf(raw)
}

// The bounds of an amount. Postgres accepts more, but nothing that is traded
// needs it.
const (
	maxAmountText     = 64
	maxAmountExponent = 30
)

// amountForm is a decimal number, written as a number or as a text.
func amountForm(raw json.RawMessage) (json.RawMessage, string) {
	text, ok := textOf(raw)
	switch {
	case !ok:
		return null, kindOf(raw)
	case text == "":
		return null, "an empty text"
	case len(text) > maxAmountText:
		return null, "a number that is too long"
	}
	amount, err := decimal.NewFromString(text)
	if err != nil {
		return null, "not an amount"
	}
	if amount.Exponent() > maxAmountExponent || amount.Exponent() < -maxAmountExponent {
		return null, "a number out of range"
	}
	return raw, ""
}

// positiveForm is an amount above 0.
func positiveForm(raw json.RawMessage) (json.RawMessage, string) {
	return above(raw, decimal.Decimal.IsPositive)
}

// notNegativeForm is an amount of at least 0.
func notNegativeForm(raw json.RawMessage) (json.RawMessage, string) {
	return above(raw, func(d decimal.Decimal) bool { return !d.IsNegative() })
}

func above(raw json.RawMessage, fits func(decimal.Decimal) bool) (json.RawMessage, string) {
	if value, holds := amountForm(raw); holds != "" {
		return value, holds
	}
	if text, _ := textOf(raw); !fits(decimal.RequireFromString(text)) {
		return null, "an amount that it cannot have"
	}
	return raw, ""
}

// otherTimeLayouts are undocumented forms of times. One without a zone is in
// UTC, as Alpaca's are.
var otherTimeLayouts = []string{"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-07", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly}

// timeForm is an RFC 3339 time.
func timeForm(raw json.RawMessage) (json.RawMessage, string) {
	if kindOf(raw) != "a text" {
		return null, kindOf(raw)
	}
	text, _ := textOf(raw)
	if text == "" {
		return null, "an empty text"
	}
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err == nil && (at.Year() < 1 || at.UTC().Year() > 9999 || at.UTC().Year() < 1):
		return null, "a time out of range"
	case err == nil && isVerbatim(raw, text):
		return raw, ""
	}
	for _, layout := range otherTimeLayouts {
		if err == nil {
			break
		}
		at, err = time.Parse(layout, text)
	}
	if err != nil || at.Year() < 1 {
		return null, "not a time"
	}
	return quoted(at.UTC().Format(time.RFC3339Nano)), "a time in another form"
}

// isVerbatim reports whether the JSON holds the text without escapes.
func isVerbatim(raw json.RawMessage, text string) bool { return string(raw) == `"`+text+`"` }

// dateForm is a date.
func dateForm(raw json.RawMessage) (json.RawMessage, string) {
	text, ok := textOf(raw)
	switch {
	case !ok || kindOf(raw) != "a text":
		return null, kindOf(raw)
	case text == "":
		return null, "an empty text"
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil && day.Year() > 0 && isVerbatim(raw, text) {
		return raw, ""
	}
	if len(text) > len(time.DateOnly) {
		if at, holds := timeForm(raw); !bytes.Equal(at, null) {
			_ = holds // the date as written counts, in its own zone
			return quoted(text[:len(time.DateOnly)]), "a time"
		}
	}
	return null, "not a day"
}

// boolForm is true or false.
func boolForm(raw json.RawMessage) (json.RawMessage, string) {
	if kindOf(raw) == "true or false" {
		return raw, ""
	}
	text, _ := textOf(raw)
	switch strings.ToLower(text) {
	case "true", "1":
		return json.RawMessage("true"), kindOf(raw)
	case "false", "0":
		return json.RawMessage("false"), kindOf(raw)
	}
	return null, kindOf(raw)
}

// uuidForm is a UUID.
func uuidForm(raw json.RawMessage) (json.RawMessage, string) {
	text, ok := textOf(raw)
	switch {
	case !ok || kindOf(raw) != "a text":
		return null, kindOf(raw)
	case text == "":
		return null, "an empty text"
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return null, "not an id"
	}
	if strings.EqualFold(id.String(), text) && isVerbatim(raw, text) {
		return raw, ""
	}
	return quoted(id.String()), "an id in another form"
}

// sideForm is buy or sell; a short sale is a sale.
func sideForm(raw json.RawMessage) (json.RawMessage, string) {
	text, _ := textOf(raw)
	switch lower := strings.ToLower(text); {
	case text == "buy", text == "sell", text == "" && kindOf(raw) == "a text": // multi-leg orders have none
		return raw, ""
	case lower == "buy", strings.HasPrefix(lower, "buy_"):
		return quoted("buy"), "another word for buy"
	case lower == "sell", strings.HasPrefix(lower, "sell_"):
		return quoted("sell"), "another word for sell"
	case kindOf(raw) == "a text":
		return null, "neither buy nor sell"
	}
	return null, kindOf(raw)
}
