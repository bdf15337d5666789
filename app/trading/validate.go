package trading

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

var validate = newValidator()

func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	err := v.RegisterValidation("symbol", func(f validator.FieldLevel) bool { return symbolText.MatchString(f.Field().String()) })
	if err != nil {
		panic(err) // cannot happen: only an empty name fails
	}
	v.RegisterTagNameFunc(jsonName)
	return v
}

// mostCounted is the largest number of orders that a guard accepts.
const mostCounted = 1_000_000

// jsonName returns a field's name in JSON.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// explainField turns a failed rule into a sentence.
func explainField(err error) error {
	var fields validator.ValidationErrors
	if !errors.As(err, &fields) || len(fields) == 0 {
		return fmt.Errorf("validate the order: %w", err)
	}
	f := fields[0]
	_, name, _ := strings.Cut(f.Namespace(), ".") // without the type's name
	switch f.Tag() {
	case "required":
		return invalidOrder("%q is missing.", name)
	case "oneof":
		return invalidOrder("%q must be one of: %s.", name, strings.Join(strings.Fields(f.Param()), ", "))
	case "min", "max":
		switch f.Kind() {
		case reflect.Int:
			return invalidOrder("%q must be a whole number from 0 to %d.", name, mostCounted)
		case reflect.Slice:
			return invalidOrder("%q has too many entries: at most %s.", name, f.Param())
		}
		return invalidOrder("%q is too long: at most %s characters.", name, f.Param())
	case "symbol":
		return invalidOrder(`%q must be a symbol as Alpaca writes it, such as AAPL, BRK.B or BTC/USD.`, name)
	case "printascii":
		return invalidOrder("%q must be printable ASCII.", name)
	}
	return invalidOrder("%q is not valid.", name)
}
