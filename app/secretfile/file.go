// Package secretfile reads files that hold secrets, such as keys, and refuses
// those that others on the machine could read or change.
package secretfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// ErrNotRegular is the error for a pipe, a folder or a device.
var ErrNotRegular = errors.New("it is not a regular file")

// ErrShared is the error for a file that others on the machine can read or change.
var ErrShared = errors.New("others on this machine can read or change it")

// ErrTooLarge is the error for a file with more bytes than were expected.
var ErrTooLarge = errors.New("it is too large")

// Read returns the text of a file of at most this many bytes. Unless it may be
// shared, it is refused where everybody on the machine may read it, or others
// than its owner may write it. A group may read it: that is how Kubernetes gives a
// secret to a process that is not root. The error is one sentence that names the
// file and shows nothing of what is in it.
func Read(path string, most int, shared bool) (string, error) {
	info, err := os.Stat(path) // before it is opened: to open a pipe would wait
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no file %s", path)
	case errors.Is(err, fs.ErrPermission):
		return "", notReadable(path)
	case err != nil:
		return "", fmt.Errorf("the file %s cannot be looked at: %w", path, errors.Unwrap(err))
	case !info.Mode().IsRegular():
		return "", sentence{fmt.Sprintf("%s is not a regular file", path), ErrNotRegular}
	}
	mode := info.Mode().Perm()
	if mode&0o026 != 0 && !shared && runtime.GOOS != "windows" {
		return "", sentence{fmt.Sprintf("others on this machine can read or change %s (mode %04o): run chmod 600 on it", path, mode), ErrShared}
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return "", notReadable(path)
	}
	if err != nil {
		return "", fmt.Errorf("the file %s cannot be opened: %w", path, errors.Unwrap(err))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("the file %s cannot be read: %w", path, errors.Unwrap(err))
	case len(text) > most:
		return "", sentence{fmt.Sprintf("the file %s has more than %d bytes", path, most), ErrTooLarge}
	}
	return string(text), nil
}

func notReadable(path string) error {
	return fmt.Errorf("the file %s may not be read by the user that runs this (id %d): make it that user's, with mode 600", path, os.Getuid())
}

// sentence is an error of one sentence, to which a caller may add its advice by the
// kind of error.
type sentence struct {
	text string
	kind error
}

func (s sentence) Error() string { return s.text }
func (s sentence) Unwrap() error { return s.kind }
