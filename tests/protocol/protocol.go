// Package protocol checks messages of the WebSocket protocol against their
// schemas.
package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"paddock/app/httpapi"
	"paddock/app/push/schema"
)

// Check returns an error if a message does not fit the schema of its type.
func Check(text []byte) error {
	var m struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	form, known := forms()[m.Type]
	if !known {
		return fmt.Errorf("there is no schema of %q", m.Type)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return form.Validate(whole)
}

// forms returns the schemas by type of message.
var forms = sync.OnceValue(func() map[string]*jsonschema.Schema {
	files, err := schema.Files.ReadDir(".")
	if err != nil {
		panic(err) // they are embedded
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	// The schemas refer to the API's description, which defines an order.
	if err := c.AddResource("../../httpapi/openapi.yaml", description()); err != nil {
		panic(err)
	}
	all := map[string]*jsonschema.Schema{}
	for _, file := range files {
		text, err := schema.Files.ReadFile(file.Name())
		if err != nil {
			panic(err)
		}
		form, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil {
			err = c.AddResource(file.Name(), form)
		}
		if err != nil {
			panic(err)
		}
		all[strings.TrimSuffix(file.Name(), ".json")] = c.MustCompile(file.Name())
	}
	return all
})

// description returns the API's description as JSON.
func description() any {
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.OpenAPI)
	if err != nil {
		panic(err) // it is embedded
	}
	text, err := doc.MarshalJSON()
	if err != nil {
		panic(err)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	return whole
}
