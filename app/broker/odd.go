package broker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Odd is an item of the broker's that is not in the form that Alpaca documents:
// an order, a position, an activity or an update. Items are read one by one, so
// that one that is odd takes none of the others along.
type Odd struct {
	What string `json:"-"`    // order, position, activity or update
	ID   string `json:"id"`   // the broker's id, or a position's symbol; "" where that cannot be read
	Why  string `json:"why"`  // which fields, and what they hold instead; never what they say
	Text string `json:"said"` // the item as it came
	// Unread: nothing of it could be used. Otherwise it is there without what
	// could not be read of it.
	Unread bool `json:"unread"`
	// Uncounted: it is an order that may still be filled, or a position, and how
	// much of what cannot be told.
	Uncounted bool `json:"uncounted"`
}

// maxOddText bounds what is kept of an item, in bytes.
const maxOddText = 16 << 10

// item is one JSON object while its fields are brought into form.
type item struct {
	fields  map[string]json.RawMessage
	why     []string
	changed bool
	renamed bool // its name is not what it was: it could be another's by now
}

// openItem reads an object. Text that Postgres cannot keep, a NUL or half a
// character, is taken out of it.
func openItem(raw []byte) (*item, error) {
	x := &item{}
	storable, err := storableJSON(raw)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(storable, raw) {
		x.changed = true
		x.odd("a text", "characters that cannot be kept")
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
		_ = json.Unmarshal(raw, &before) // then there is no name
		x.renamed = before.Name != x.text("client_order_id") || strings.Contains(before.Name, "\uFFFD")
	}
	return x, nil
}

// odd notes what a field holds instead of what it should.
func (x *item) odd(field, holds string) {
	if len(x.why) < 20 {
		x.why = append(x.why, field+": "+holds)
	}
}

// text is a field that holds a text, and "" otherwise.
func (x *item) text(field string) string {
	var s string
	if json.Unmarshal(x.fields[field], &s) != nil {
		return ""
	}
	return s
}

// has says whether there is anything in a field.
func (x *item) has(field string) bool {
	raw, there := x.fields[field]
	return there && !isNull(raw)
}

func (x *item) set(field string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts, null and raw JSON always marshal
	}
	x.fields[field], x.changed = text, true
}

// form brings the fields into their forms, those that it names and that are
// there. What cannot be read becomes null.
func (x *item) form(forms map[string]form) {
	for _, field := range sortedKeys(forms) {
		raw, there := x.fields[field]
		if !there || isNull(raw) {
			continue
		}
		value, holds := forms[field](raw)
		if holds == "" {
			continue
		}
		x.odd(field, holds)
		x.fields[field], x.changed = value, true
	}
}

// end answers the object, and what is odd about it, which is nil for nothing.
func (x *item) end(what, id string, raw []byte) (json.RawMessage, *Odd) {
	out := json.RawMessage(raw)
	if x.changed {
		text, err := json.Marshal(x.fields)
		if err != nil {
			panic(err) // they came out of valid JSON
		}
		out = text
	}
	if len(x.why) == 0 {
		return out, nil
	}
	return out, &Odd{What: what, ID: id, Why: strings.Join(x.why, "; "), Text: asItCame(raw)}
}

// unread is an item of which nothing could be used.
func unread(what, id, why string, raw []byte) *Odd {
	return &Odd{What: what, ID: id, Why: why, Text: asItCame(raw), Unread: true}
}

// Unreadable is what came of a kind, of which nothing could be used.
func Unreadable(what string, said []byte) Odd {
	return *unread(what, "", "it cannot be read", said)
}

// asItCame is an item's text as far as it can be kept as one.
func asItCame(raw []byte) string {
	if len(raw) > maxOddText {
		raw = raw[:maxOddText]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(raw), "\uFFFD"), "\x00", "\uFFFD")
}

// readItem is how an item of a list is read: into its form, or nil where
// nothing of it can be used, or where it is no item of its own (then without
// anything odd).
type readItem func(raw []byte) (json.RawMessage, *Odd)

// readList reads a list item by item, and returns those that can be used. null
// is an empty list.
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
		lenient(clean, &value)
		a.Value, a.Items = append(a.Value, value), append(a.Items, clean)
	}
	a.Raw, err = json.Marshal(a.Items)
	return a, err
}

// lenient reads an object into a struct, and where a field does not fit, all of
// the others.
func lenient(text []byte, into any) {
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

// readObject reads an object that is an answer by itself.
func readObject[T any](body []byte) (*T, error) {
	x, err := openItem(body)
	if err != nil {
		return nil, errors.New("the broker's answer is not an object")
	}
	value := new(T)
	clean, _ := x.end("", "", body)
	lenient(clean, value)
	return value, nil
}

// storableJSON takes out of JSON what Postgres cannot keep.
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
		return raw, nil // whole characters, written as two halves
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
