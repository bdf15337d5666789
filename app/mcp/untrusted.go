package mcp

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// untrusted is text that others wrote: Alpaca, the press, other agents, people. In an
// answer it stands in an object of its own, {"untrusted_text": …}, and never beside words
// of ours.
type untrusted struct {
	Text string `json:"untrusted_text"`
}

// plainWord is the form of texts that can say nothing: ids, numbers, times, symbols and
// single words.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9+-][A-Za-z0-9._:/+-]{0,63}$`)

// words are fields in which others write what they like, so that even one word is theirs.
var words = map[string]bool{
	"name": true, "message": true, "tag": true, "note": true, "reason": true, "switch_reason": true, "status_message": true, "orchestrator_agent_id": true,
	"headline": true, "summary": true, "content": true, "author": true, "source": true, "title": true, "description": true, "scope_value": true,
}

// mark returns JSON with all text in it marked that others may have written: what stands in
// one of those fields, and whatever else is more than a plain word. It does not go by a
// list of what is bad, so that a field which Alpaca adds tomorrow is marked as well.
func mark(text []byte) (any, error) {
	var value any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // digits stay as they are
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	return marked("", value), nil
}

func marked(field string, value any) any {
	switch v := value.(type) {
	case string:
		if v != "" && (words[field] || !plainWord.MatchString(v)) {
			return untrusted{v}
		}
	case []any:
		for i := range v {
			v[i] = marked(field, v[i])
		}
	case map[string]any:
		for name := range v {
			if !plainWord.MatchString(name) { // such as in an agent's data: the names are words of others too
				all, err := json.Marshal(v)
				if err != nil {
					panic(err) // cannot happen: it came from JSON
				}
				return untrusted{string(all)}
			}
		}
		for name, of := range v {
			v[name] = marked(name, of)
		}
	}
	return value
}
