// Package protocol holds messages of the live protocol against their schemas.
package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"paddock/app/push/schema"
)

// Check answers what is wrong with a message, by the schema of its type.
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

// forms are the schemas by type of message.
var forms = sync.OnceValue(func() map[string]*jsonschema.Schema {
	files, err := schema.Files.ReadDir(".")
	if err != nil {
		panic(err) // they are embedded
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
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
