package mcp

import (
	"encoding/json"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// The outcomes of a call.
const (
	done    = "done"
	pending = "pending" // an order's answer is not known yet: the same call again finds out
	waiting = "waiting" // for a person's word: nothing was sent yet
	refused = "refused" // by guards: nothing was sent
	failed  = "error"
)

// result is what each tool returns.
type result struct {
	Outcome string     `json:"outcome"`
	Account *resultOn  `json:"account"` // nil where the tool is about none, or it is not known which
	Refused []refusal  `json:"refused,omitempty"`
	Error   *failure   `json:"error,omitempty"`
	Data    any        `json:"data,omitempty"`
	Budget  any        `json:"budget,omitempty"`
	Rates   any        `json:"rate_limit,omitempty"`
	Notes   []string   `json:"notes,omitempty"`
	Choices []resultOn `json:"choices,omitempty"` // the accounts that could be meant
}

// resultOn says which account an answer is about.
type resultOn struct {
	ID          string    `json:"id"`
	Name        untrusted `json:"name"`
	Environment string    `json:"environment"` // paper or live
}

// refusal is a guard that refused an order.
type refusal struct {
	Guard   string    `json:"guard"`
	Limit   any       `json:"limit"`
	Value   any       `json:"value"` // that the order would have led to
	Message untrusted `json:"message"`
	Advice  string    `json:"what_to_do"`
}

// failure is why a call did nothing, or is not known to have done something.
type failure struct {
	Code       string `json:"code"`
	Message    string `json:"message"`
	Status     int    `json:"status,omitempty"` // of the API's answer
	RetryAfter *int   `json:"retry_after_seconds,omitempty"`
	RequestID  string `json:"request_id,omitempty"` // to ask for help with
	Broker     any    `json:"broker,omitempty"`     // what Alpaca said
	Details    any    `json:"details,omitempty"`
}

func anything(description string) *jsonschema.Schema {
	return &jsonschema.Schema{Description: description}
}

// resultSchema is the output schema of every tool. It stands in the list once for each, and
// models read that list: so it is short.
var resultSchema = func() *jsonschema.Schema {
	list := func(name, description string) argument {
		return argument{name: name, schema: &jsonschema.Schema{Type: "array", Description: description}}
	}
	return object("",
		argument{name: "outcome", required: true, schema: &jsonschema.Schema{Type: "string", Enum: []any{done, pending, waiting, refused, failed}}},
		argument{name: "account", required: true, schema: &jsonschema.Schema{Types: []string{"object", "null"}, Description: "id, name, environment (paper or live)"}},
		list("refused", "guards that refused: guard, limit, value, what_to_do"),
		argument{name: "error", schema: &jsonschema.Schema{Type: "object", Description: "code, message, retry_after_seconds"}},
		argument{name: "data", schema: anything("what was asked for")},
		argument{name: "budget", schema: anything("limits, and what is left of them")},
		argument{name: "rate_limit", schema: anything("requests that are left")},
		list("notes", ""), list("choices", "accounts that could be meant"),
	)
}()

// answer returns the result as the protocol has it: structured, and as a text for clients
// that know no other. A refusal by guards is an answer, with numbers, and no error: what a
// model is told as an error it is told to try again.
func (r result) answer() *sdk.CallToolResult {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // cannot happen: all of it came from JSON, or is plain
	}
	return &sdk.CallToolResult{
		StructuredContent: json.RawMessage(text),
		Content:           []sdk.Content{&sdk.TextContent{Text: string(text)}},
		IsError:           r.Outcome == failed,
	}
}
