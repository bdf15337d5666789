package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"paddock/app/pgdev"
)

const (
	memory = "/dev/shm"
	// enough is how much memory must be free, in bytes: for the databases of the tests that
	// run at once, and their log.
	enough = 6 << 30
)

// newFolder makes a folder for a test server's data, and returns it with a function that
// removes it. It is in memory where there is plenty: a test's database is some 750 files,
// and to make and remove those on a disk takes longer than most tests.
func newFolder() (dir string, remove func(), err error) {
	root := ""
	if hasMemory() {
		root = memory
		removeLeftovers()
	}
	if dir, err = os.MkdirTemp(root, "paddock-test-"); err != nil {
		return "", nil, fmt.Errorf("make a folder for the test server: %w", err)
	}
	remove = func() { os.RemoveAll(dir) }
	if err := os.Chmod(dir, 0o755); err != nil { // so that the server's own user can get there
		remove()
		return "", nil, fmt.Errorf("open the test server's folder: %w", err)
	}
	return dir, remove, nil
}

// hasMemory reports whether there is a file system in memory that has room for test
// servers, and the machine memory for it. Programs may have to be unpacked there too.
func hasMemory() bool {
	var fs unix.Statfs_t
	if unix.Statfs(memory, &fs) != nil || fs.Type != unix.TMPFS_MAGIC || fs.Flags&unix.ST_NOEXEC != 0 || fs.Bavail*uint64(fs.Bsize) < enough {
		return false
	}
	about, _ := os.ReadFile("/proc/meminfo")
	_, available, _ := strings.Cut(string(about), "MemAvailable:")
	var kibibytes uint64
	_, err := fmt.Sscan(available, &kibibytes)
	return err == nil && kibibytes<<10 > enough
}

// removeLeftovers removes what test processes have left that were killed, since nothing
// else would give the memory back.
func removeLeftovers() {
	left, _ := filepath.Glob(filepath.Join(memory, "paddock-test-*"))
	for _, dir := range left {
		if at, err := os.Stat(dir); err == nil && time.Since(at.ModTime()) > time.Minute {
			_ = pgdev.Remove(dir) // or it is in use
		}
	}
}
