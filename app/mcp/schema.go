package mcp

import (
	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// place says where in the request to the API an argument goes.
type place int

const (
	inBody   place = iota
	inQuery        // lists are joined by commas
	inPath         // the path has its name in braces
	asKey          // the header Idempotency-Key
	ofAnswer       // nowhere: the tool's own function reads it
)

// argument is an argument of a tool.
type argument struct {
	name     string
	in       place
	required bool
	schema   *jsonschema.Schema
}

// needed returns the argument as one that must be there.
func (a argument) needed() argument {
	a.required = true
	return a
}

// to returns the argument as one that goes to another place than the body.
func (a argument) to(p place) argument {
	a.in = p
	return a
}

func text(name, description string, most int) argument {
	return argument{name: name, schema: &jsonschema.Schema{Type: "string", Description: description, MinLength: new(1), MaxLength: &most}}
}

func matching(name, description, pattern string) argument {
	return argument{name: name, schema: &jsonschema.Schema{Type: "string", Description: description, Pattern: pattern}}
}

// The forms of arguments. What is in a path has no form that could lead to another path.
const (
	amountForm    = `^[0-9]{1,15}(\.[0-9]{1,9})?$`
	signedForm    = `^-?[0-9]{1,15}(\.[0-9]{1,9})?$`
	idForm        = `^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`
	symbolForm    = `^[A-Za-z0-9]+([./-][A-Za-z0-9]+)?$`
	keyForm       = `^[!-~]([ -~]{0,126}[!-~])?$`
	timeForm      = `^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))?$`
	timeframeForm = `^([1-9]|[1-5][0-9])(Min|T)$|^([1-9]|1[0-9]|2[0-3])(Hour|H)$|^1(Day|D|Week|W)$|^(1|2|3|4|6|12)(Month|M)$`
)

func amount(name, description string) argument {
	return matching(name, description+` A decimal string such as "1.5".`, amountForm)
}

func id(name, description string) argument { return matching(name, description, idForm) }

func symbol(name string) argument {
	return matching(name, "Symbol: AAPL, BRK.B, BTC/USD, or an option contract such as AAPL261218C00200000.", symbolForm)
}

func instant(name, description string) argument {
	return matching(name, description+" RFC 3339, such as 2026-12-01T14:30:00Z, or a day.", timeForm)
}

func oneOf(name, description string, values ...any) argument {
	return argument{name: name, schema: &jsonschema.Schema{Type: "string", Description: description, Enum: values}}
}

func number(name, description string, most float64) argument {
	return argument{name: name, schema: &jsonschema.Schema{Type: "integer", Description: description, Minimum: new(1.0), Maximum: &most}}
}

func boolean(name, description string) argument {
	return argument{name: name, schema: &jsonschema.Schema{Type: "boolean", Description: description}}
}

func symbols(name, description string, most int) argument {
	return argument{name: name, schema: &jsonschema.Schema{Type: "array", Description: description, MinItems: new(1), MaxItems: &most,
		Items: &jsonschema.Schema{Type: "string", Pattern: symbolForm}}}
}

// object returns the schema of an object that has these fields and no others.
func object(description string, fields ...argument) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Description: description, Properties: map[string]*jsonschema.Schema{},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
	for _, f := range fields {
		s.Properties[f.name] = f.schema
		s.PropertyOrder = append(s.PropertyOrder, f.name)
		if f.required {
			s.Required = append(s.Required, f.name)
		}
	}
	return s
}

// hints are a tool's annotations.
type hints struct {
	changes     bool // it changes something
	destructive bool // it takes something away, or may spend money
	idempotent  bool // the same call again changes nothing more
	outside     bool // it reaches Alpaca
}

func (h hints) annotations(title string) *sdk.ToolAnnotations {
	return &sdk.ToolAnnotations{Title: title, ReadOnlyHint: !h.changes, DestructiveHint: &h.destructive, IdempotentHint: h.idempotent || !h.changes, OpenWorldHint: &h.outside}
}
