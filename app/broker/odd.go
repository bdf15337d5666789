package broker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"paddock/sql/jsonb"
)

// Odd is an item from the broker that is not in the documented form: an order,
// a position, an activity or an update. Items are read one by one, so that an
// odd one does not affect the others.
type Odd struct {
	What string `json:"-"`    // order, position, activity or update
	ID   string `json:"id"`   // the broker's id, or a position's symbol; "" where that cannot be read
	Why  string `json:"why"`  // which fields, and the type of what they hold instead; never a value
	Text string `json:"said"` // the item as it came
	// Unread: nothing of it could be used. Otherwise it is used without what
	// could not be read.
	Unread bool `json:"unread"`
	// Uncounted: it is an order that may still be filled, or a position, and
	// its quantity cannot be read.
	Uncounted bool `json:"uncounted"`
}

// Bounds of an item, in bytes: of what is recorded, as Postgres writes it, and
// of the kept text of an odd one. Real items have a few thousand.
const (
	maxItem    = 64 << 10
	maxOddText = 16 << 10
)

// item is a JSON object whose fields are being brought into the documented
// form.
type item struct {
	fields  map[string]json.RawMessage
	why     []string
	changed bool
	renamed bool // its client_order_id was changed, and may be another order's now
}

// openItem parses an object. It replaces text that Postgres cannot store: a
// NUL, or half a character.
func openItem(raw []byte) (*item, error) {
	x := &item{}
	storable, err := storableJSON(raw)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(storable, raw) {
		x.changed = true
		x.noteOdd("a text", "characters that cannot be kept")
	}
	if err := json.Unmarshal(storable, &x.fields); err != nil {
		return nil, err
	}
	if x.fields == nil {
		return nil, errors.New("null")
	}
	if x.changed {
		var before struct {
			Name string `json:"client_order_id"`
		}
		_ = json.Unmarshal(raw, &before) // where it fails there is no name
		x.renamed = before.Name != x.text("client_order_id") || strings.Contains(before.Name, "\uFFFD")
	}
	return x, nil
}

// noteOdd notes what a field holds instead of its documented form.
func (x *item) noteOdd(field, holds string) {
	if len(x.why) < 20 {
		x.why = append(x.why, field+": "+holds)
	}
}

// text returns a field that holds a text, and "" otherwise.
func (x *item) text(field string) string {
	var s string
	if json.Unmarshal(x.fields[field], &s) != nil {
		return ""
	}
	return s
}

// has reports whether a field is there and not null.
func (x *item) has(field string) bool {
	raw, there := x.fields[field]
	return there && !isNull(raw)
}

func (x *item) set(field string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // cannot happen: texts, null and raw JSON always marshal
	}
	x.fields[field], x.changed = text, true
}

// applyForms brings the fields that forms names into their forms, where they
// are there. What cannot be read becomes null.
func (x *item) applyForms(forms map[string]form) {
	for _, field := range sortedKeys(forms) {
		raw, there := x.fields[field]
		if !there || isNull(raw) {
			continue
		}
		value, holds := forms[field](raw)
		if holds == "" {
			continue
		}
		x.noteOdd(field, holds)
		x.fields[field], x.changed = value, true
	}
}

// shortenNumbers replaces numbers that become too long when Postgres writes
// them by null, in fields that have no form too.
func (x *item) shortenNumbers() {
	for _, field := range sortedKeys(x.fields) {
		if short, found := jsonb.WithoutLongNumbers(x.fields[field]); found {
			x.fields[field], x.changed = short, true
			x.noteOdd(field, "a number of more digits than can be kept")
		}
	}
}

// result returns the object, and what is odd about it, nil for nothing.
func (x *item) result(what, id string, raw []byte) (json.RawMessage, *Odd) {
	x.shortenNumbers()
	out := json.RawMessage(raw)
	if x.changed {
		text, err := json.Marshal(x.fields)
		if err != nil {
			panic(err) // cannot happen: the fields are valid JSON
		}
		out = text
	}
	if len(x.why) == 0 {
		return out, nil
	}
	return out, &Odd{What: what, ID: id, Why: strings.Join(x.why, "; "), Text: asItCame(raw)}
}

// boundedResult is result for an item that is recorded as a whole. It returns
// nil for one that is larger than can be kept.
func (x *item) boundedResult(what, id string, raw []byte) (json.RawMessage, *Odd) {
	out, odd := x.result(what, id, raw)
	if jsonb.Size(out) > maxItem {
		return nil, unread(what, id, strings.Join(append(x.why, "it is larger than can be kept"), "; "), raw)
	}
	return out, odd
}

// unread is an item of which nothing could be used.
func unread(what, id, why string, raw []byte) *Odd {
	return &Odd{What: what, ID: id, Why: why, Text: asItCame(raw), Unread: true}
}

// Unreadable is an item of a kind of which nothing could be used.
func Unreadable(what string, said []byte) Odd {
	return *unread(what, "", "it cannot be read", said)
}

// asItCame returns an item's text as far as it can be stored.
func asItCame(raw []byte) string {
	if len(raw) > maxOddText {
		raw = raw[:maxOddText]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(raw), "\uFFFD"), "\x00", "\uFFFD")
}

// readItem brings an item of a list into its form. It returns nil where nothing
// of it can be used, or, with nothing odd, where it is no item itself.
type readItem func(raw []byte) (json.RawMessage, *Odd)

// readList reads a list item by item, and returns the usable items. null is an
// empty list.
func readList[T any](body []byte, read readItem) (a Answer[[]T], err error) {
	var raws []json.RawMessage
	if err := json.Unmarshal(bytes.ToValidUTF8(body, []byte("\uFFFD")), &raws); err != nil {
		return a, errors.New("the broker's answer is not a list")
	}
	a.Value, a.Items, a.Listed = make([]T, 0, len(raws)), make([]json.RawMessage, 0, len(raws)), len(raws)
	for _, raw := range raws {
		clean, strange := read(raw)
		if strange != nil {
			a.Odd = append(a.Odd, *strange)
		}
		if clean == nil {
			continue
		}
		var value T
		unmarshalLenient(clean, &value)
		a.Value, a.Items = append(a.Value, value), append(a.Items, clean)
	}
	a.Raw, err = json.Marshal(a.Items)
	return a, err
}

// unmarshalLenient unmarshals an object into a struct and skips fields that do
// not fit.
func unmarshalLenient(text []byte, into any) {
	if json.Unmarshal(text, into) == nil {
		return
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return
	}
	for name, value := range fields {
		alone, err := json.Marshal(map[string]json.RawMessage{name: value})
		if err == nil {
			_ = json.Unmarshal(alone, into) // a field that does not fit stays as it is
		}
	}
}

// readObject parses an object that is a whole answer.
func readObject[T any](body []byte) (*T, error) {
	x, err := openItem(body)
	if err != nil {
		return nil, errors.New("the broker's answer is not an object")
	}
	value := new(T)
	clean, _ := x.result("", "", body)
	unmarshalLenient(clean, value)
	return value, nil
}

// storableJSON removes from JSON what Postgres cannot store.
func storableJSON(raw []byte) ([]byte, error) {
	raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	if !bytes.Contains(raw, []byte(`\u0000`)) && !bytes.Contains(bytes.ToLower(raw), []byte(`\ud`)) {
		return raw, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	text, err := json.Marshal(withoutNUL(value))
	if err != nil {
		return nil, fmt.Errorf("write JSON without what cannot be kept: %w", err)
	}
	if !bytes.Contains(raw, []byte(`\u0000`)) && !bytes.Contains(text, []byte("\uFFFD")) {
		return raw, nil // whole characters, escaped as two halves
	}
	return text, nil
}

func withoutNUL(value any) any {
	switch v := value.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "")
	case []any:
		for i := range v {
			v[i] = withoutNUL(v[i])
		}
	case map[string]any:
		for name, inner := range v {
			delete(v, name)
			v[strings.ReplaceAll(name, "\x00", "")] = withoutNUL(inner)
		}
	}
	return value
}

func isNull(raw []byte) bool { return string(bytes.TrimSpace(raw)) == "null" }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for name := range m {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	return keys
}
