package broker

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// form reads a field's value, which is not null. Where it is in form, holds is
// "". Otherwise holds says what is there instead, and value is what it means,
// or null where that cannot be told.
type form func(raw json.RawMessage) (value json.RawMessage, holds string)

var null = json.RawMessage("null")

// kindOf says what a JSON value is.
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

// textOf is a value's text: that of a text, or a number's digits.
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
		panic(err) // texts always marshal
	}
	return raw
}

// aText is any text. A number is taken for its digits.
func aText(raw json.RawMessage) (json.RawMessage, string) {
	if kindOf(raw) == "a text" {
		return raw, ""
	}
	if text, ok := textOf(raw); ok {
		return quoted(text), "a number"
	}
	return null, kindOf(raw)
}

// The bounds of an amount: Postgres and the arithmetic on it take more, and
// nothing that is traded needs it.
const (
	maxAmountText     = 64
	maxAmountExponent = 30
)

// anAmount is a decimal number, written as a number or as a text.
func anAmount(raw json.RawMessage) (json.RawMessage, string) {
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

// positive is an amount above 0.
func positive(raw json.RawMessage) (json.RawMessage, string) {
	return above(raw, decimal.Decimal.IsPositive)
}

// notNegative is an amount that is 0 or more.
func notNegative(raw json.RawMessage) (json.RawMessage, string) {
	return above(raw, func(d decimal.Decimal) bool { return !d.IsNegative() })
}

func above(raw json.RawMessage, fits func(decimal.Decimal) bool) (json.RawMessage, string) {
	if value, holds := anAmount(raw); holds != "" {
		return value, holds
	}
	if text, _ := textOf(raw); !fits(decimal.RequireFromString(text)) {
		return null, "an amount that it cannot have"
	}
	return raw, ""
}

// otherMoments are times as they are written against the documentation; one
// without a zone is Alpaca's, which are in UTC.
var otherMoments = []string{"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999-07", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly}

// aMoment is a time as RFC 3339 has it.
func aMoment(raw json.RawMessage) (json.RawMessage, string) {
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
	case err == nil && kept(raw, text):
		return raw, ""
	}
	for _, layout := range otherMoments {
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

// kept says whether a text's value stands in the JSON as it is.
func kept(raw json.RawMessage, text string) bool { return string(raw) == `"`+text+`"` }

// aDay is a date.
func aDay(raw json.RawMessage) (json.RawMessage, string) {
	text, ok := textOf(raw)
	switch {
	case !ok || kindOf(raw) != "a text":
		return null, kindOf(raw)
	case text == "":
		return null, "an empty text"
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil && day.Year() > 0 && kept(raw, text) {
		return raw, ""
	}
	if len(text) > len(time.DateOnly) {
		if at, holds := aMoment(raw); !bytes.Equal(at, null) {
			_ = holds // the day that it names is in its own zone: what is written counts
			return quoted(text[:len(time.DateOnly)]), "a time"
		}
	}
	return null, "not a day"
}

// aFlag is true or false.
func aFlag(raw json.RawMessage) (json.RawMessage, string) {
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

// anID is a UUID.
func anID(raw json.RawMessage) (json.RawMessage, string) {
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
	if strings.EqualFold(id.String(), text) && kept(raw, text) {
		return raw, ""
	}
	return quoted(id.String()), "an id in another form"
}

// aSide is buy or sell. A short sale is a sale.
func aSide(raw json.RawMessage) (json.RawMessage, string) {
	text, _ := textOf(raw)
	switch lower := strings.ToLower(text); {
	case text == "buy", text == "sell", text == "" && kindOf(raw) == "a text": // orders of several legs have none
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
