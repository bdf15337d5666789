package trading

import (
	"reflect"
	"strings"
)

// jsonName gives a field the name that clients know it by.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
