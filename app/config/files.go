package config

import (
	"fmt"
	"strings"

	"paddock/app/secretfile"
)

// maxFile bounds the file of one setting, in bytes.
const maxFile = 16 << 10

// valueOrFile returns a setting's value, or what stands in the file that NAME_FILE
// names, without the white space around it; "" where neither is set.
func valueOrFile(get func(string) string, name string) (string, error) {
	value, path := get(name), get(name+"_FILE")
	switch {
	case path == "":
		return value, nil
	case value != "":
		return "", fmt.Errorf("%s and %s_FILE are both set: set one alone, so that it is clear which counts", name, name)
	}
	text, err := secretfile.Read(path, maxFile, get("PADDOCK_ALLOW_SHARED_KEYS_FILE") == "true")
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", fmt.Errorf("%s_FILE: the file %s is empty", name, path)
	}
	return text, nil
}

// OwnerURL returns DATABASE_URL, or what is in the file that DATABASE_URL_FILE names;
// "" where neither is set. It is of the commands that act as the role which
// owns the database, or as another that they name.
func OwnerURL(lookup func(string) (string, bool)) (string, error) {
	return valueOrFile(func(name string) string {
		v, _ := lookup(name)
		return strings.TrimSpace(v)
	}, "DATABASE_URL")
}
