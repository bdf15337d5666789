package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
)

// errDamaged is the error for a file that is not as it was written.
var errDamaged = errors.New("the backup is truncated or was altered: take another one")

// Check reads a backup from beginning to end, and returns what it says of itself. An
// error is one sentence: the file is no backup, is for somebody else's key, or is not
// as it was written.
func Check(ctx context.Context, path string, identities []age.Identity) (m Manifest, err error) {
	file, err := open(path)
	if err != nil {
		return m, err
	}
	defer file.Close()
	script, err := decrypt(file, identities)
	if err != nil {
		return m, err
	}
	if m, err = readHead(script); err != nil {
		return m, err
	}
	var end tail
	if _, err := io.Copy(&end, withContext{ctx, script}); err != nil {
		if ctx.Err() != nil {
			return m, ctx.Err()
		}
		return m, errDamaged
	}
	if !bytes.HasSuffix(end.last, []byte(lastLine)) {
		return m, errDamaged
	}
	return m, nil
}

// open opens the file, which must be one that can be read twice.
func open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("the backup cannot be read: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file: a backup is read twice, once to check all of it before anything is changed, so save it to a file first", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the backup cannot be read: %w", err)
	}
	return file, nil
}

// decrypt returns the script.
func decrypt(file io.Reader, identities []age.Identity) (*bufio.Reader, error) {
	opened, err := age.Decrypt(file, identities...)
	var other *age.NoIdentityMatchError
	switch {
	case errors.As(err, &other):
		return nil, errors.New("the backup is encrypted for another key than that of --identity")
	case err != nil:
		return nil, errors.New("the file is no backup that paddock backup wrote, or its beginning was altered")
	}
	script, err := gzip.NewReader(opened)
	if err != nil {
		return nil, errors.New("the file is no backup that paddock backup wrote, or is truncated")
	}
	return bufio.NewReaderSize(script, 1<<16), nil
}

// readHead reads the first two lines.
func readHead(script *bufio.Reader) (m Manifest, err error) {
	first, err := script.ReadString('\n')
	if err != nil || first != firstLine {
		return m, errors.New("the file is encrypted for this key and is no backup that paddock backup wrote")
	}
	second, err := script.ReadString('\n')
	if err != nil {
		return m, errDamaged
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(second, "-- ")), &m); err != nil {
		return m, errDamaged
	}
	if m.Format != format {
		return m, fmt.Errorf("the backup has the form %d, which this binary does not know: restore it with the binary that made it", m.Format)
	}
	return m, nil
}

// tail keeps the last bytes that are written to it.
type tail struct{ last []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.last = append(t.last, p...)
	t.last = append(t.last[:0], t.last[max(0, len(t.last)-len(lastLine)):]...)
	return len(p), nil
}

// withContext ends a long reading when its context does.
type withContext struct {
	ctx context.Context
	io.Reader
}

func (w withContext) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.Reader.Read(p)
}
