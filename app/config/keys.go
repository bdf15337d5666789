package config

import (
	"errors"
	"fmt"
	"log/slog"

	"paddock/app/credentials"
)

// Keys is those settings of paddock serve that the commands for master keys need:
// they run with the environment of an instance.
type Keys struct {
	WorkerURL  string // Postgres as paddock_worker
	Pooler     bool   // that is the URL of a pooler in transaction mode
	MasterKeys credentials.Source
}

// LoadKeys reads the environment through lookup (os.LookupEnv). Its error lists
// everything that is wrong, one sentence for each setting, and shows no value.
func LoadKeys(lookup func(string) (string, bool)) (Keys, error) {
	var wrong []error
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	get := reader(lookup, fail)
	k := Keys{
		WorkerURL:  required(lookup, get, fail, "PADDOCK_WORKER_DATABASE_URL"),
		Pooler:     readPooler(get, fail),
		MasterKeys: readMasterKeys(get, fail),
	}
	return k, errors.Join(wrong...)
}

// String keeps the URL with its password, and secrets, out of every log.
func (k Keys) String() string { return "settings of the master keys" }

// GoString keeps them out of %#v.
func (k Keys) GoString() string { return k.String() }

// Format keeps them out of every other verb.
func (k Keys) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue keeps them out of slog, whose JSON would list the fields.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText keeps them out of JSON and every other encoding.
func (k Keys) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
