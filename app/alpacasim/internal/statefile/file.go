// Package statefile keeps a state in a file that survives being killed at any
// moment. The file is a log of JSON lines: the first is a whole state, and each
// later one is what changed, so that saving takes as long as the change is
// large, and not the state. What a line holds, and how changes are merged, is the
// caller's.
package statefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
)

// File is a state file.
type File struct {
	name     string
	file     *os.File
	snapshot int64 // size of its first line in bytes
	size     int64 // size of the other lines in bytes
}

// The file should be replaced once its changes have this many bytes, and this
// many times the bytes of the first line: rarely enough that it takes little
// time.
const (
	compactFrom  = 16 << 20
	compactTimes = 4
)

// Read returns the lines of a file, oldest first; none if there is no file. A
// last line without its end is left out, unless it is the only one: it was being
// written when the program was killed, before any response.
func Read(name string) (lines [][]byte, err error) {
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for len(text) > 0 {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole && len(lines) > 0 {
			break
		}
		lines, text = append(lines, line), rest
	}
	return lines, nil
}

// New returns the state file of a name. Replace writes it before anything is
// appended.
func New(name string) *File { return &File{name: name} }

// Append appends a change in one write.
func (f *File) Append(change any) error {
	text, err := json.Marshal(change)
	if err != nil {
		return err
	}
	f.size += int64(len(text))
	_, err = f.file.Write(append(text, '\n'))
	return err
}

// IsLong reports whether the changes have grown so much that the file should be
// replaced.
func (f *File) IsLong() bool { return f.size > max(compactFrom, compactTimes*f.snapshot) }

// Replace replaces the file, in one step, by a whole state.
func (f *File) Replace(state any) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	next := f.name + ".new"
	if err := os.WriteFile(next, append(text, '\n'), 0o600); err != nil {
		return err
	}
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if err := os.Rename(next, f.name); err != nil {
		return err
	}
	if f.file != nil {
		_ = f.file.Close() // it is not used any more
	}
	*f = File{name: f.name, file: file, snapshot: int64(len(text))}
	return nil
}
