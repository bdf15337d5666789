package credentials

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"paddock/app/secretfile"
)

// The settings that say where the master keys come from, of which one is set.
const (
	masterKeysSetting        = "PADDOCK_MASTER_KEYS"
	masterKeysFileSetting    = "PADDOCK_MASTER_KEYS_FILE"
	masterKeysCommandSetting = "PADDOCK_MASTER_KEYS_COMMAND"
)

// maxSource bounds what is read of a file or a command's output, in bytes: some
// hundreds of keys.
const maxSource = 64 << 10

// Source is where the master keys come from: exactly one of the first three is
// set.
type Source struct {
	Text    string // the keys themselves; a secret
	File    string // a file that has them
	Command string // a command line that prints them; it may hold a secret
	// SharedFile allows a file that others on the machine can read.
	SharedFile bool
}

// Check returns an error unless exactly one source is set. It reads nothing.
func (s Source) Check() error {
	set := 0
	for _, value := range []string{s.Text, s.File, s.Command} {
		if value != "" {
			set++
		}
	}
	switch {
	case set == 0:
		return fmt.Errorf("%s is not set: give the master keys in it, a file of them in %s, or a command that prints them in %s", masterKeysSetting, masterKeysFileSetting, masterKeysCommandSetting)
	case set > 1:
		return fmt.Errorf("of %s, %s and %s set one alone, so that it is clear which keys count", masterKeysSetting, masterKeysFileSetting, masterKeysCommandSetting)
	}
	return nil
}

// Read reads the master keys. Its errors are one sentence for the operator, and
// show no key and no command.
func (s Source) Read(ctx context.Context) (*Keyring, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	switch {
	case s.File != "":
		text, err := s.readFile()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", masterKeysFileSetting, err)
		}
		return parseKeyring(masterKeysFileSetting, text)
	case s.Command != "":
		text, err := runCommand(ctx, s.Command, commandTimeout)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", masterKeysCommandSetting, err)
		}
		return parseKeyring(masterKeysCommandSetting, text)
	}
	return parseKeyring(masterKeysSetting, s.Text)
}

// readFile reads the file.
func (s Source) readFile() (string, error) {
	text, err := secretfile.Read(s.File, maxSource, s.SharedFile)
	switch {
	case errors.Is(err, secretfile.ErrNotRegular):
		return "", fmt.Errorf("%w: for a program's output there is %s", err, masterKeysCommandSetting)
	case errors.Is(err, secretfile.ErrShared):
		return "", fmt.Errorf("%w, or set PADDOCK_ALLOW_SHARED_KEYS_FILE=true where nobody else is on the machine, as in a container", err)
	case errors.Is(err, secretfile.ErrTooLarge):
		return "", fmt.Errorf("%w: it cannot be one of master keys", err)
	}
	return text, err
}

// String keeps the keys and the command out of every log.
func (s Source) String() string { return "source of the master keys" }

// GoString keeps them out of %#v.
func (s Source) GoString() string { return s.String() }

// Format keeps them out of every other verb.
func (s Source) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue keeps them out of slog, whose JSON would list the fields.
func (s Source) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps them out of JSON and every other encoding.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
