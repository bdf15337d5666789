package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"paddock/tests/program"
)

// SmallDisk is a database on a disk that a test may fill. The server's log of
// changes is on another one, without which Postgres would stop.
type SmallDisk struct {
	*Own
	t   testing.TB
	dir string
}

// smallDiskBytes is the size of the disk: a migrated database takes a third of it.
const smallDiskBytes = 64 << 20

// StartOnSmallDisk starts a server of the test's own with a migrated database on
// a small disk, a tmpfs. The test is skipped where it may not mount one.
func StartOnSmallDisk(t testing.TB) *SmallDisk {
	t.Helper()
	_ = t.TempDir() // so that it is removed after the unmounting
	d := &SmallDisk{t: t}
	t.Cleanup(func() {
		if d.dir == "" {
			return
		}
		if err := unix.Unmount(d.dir, 0); err != nil {
			t.Error(err)
		}
	})
	d.Own = StartOwn(t)
	admin := d.Server.AdminURL("postgres")
	data, err := dataFolder(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	user := owner.Sys().(*syscall.Stat_t)
	dir := filepath.Join(filepath.Dir(data), "small-disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	options := fmt.Sprintf("size=%d,mode=0700,uid=%d,gid=%d", smallDiskBytes, user.Uid, user.Gid)
	switch err := unix.Mount("paddock-small-disk", dir, "tmpfs", 0, options); {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EACCES):
		program.Missing(t, "a small disk is mounted by root with CAP_SYS_ADMIN alone: "+err.Error(), "run the tests as root")
	case err != nil:
		t.Fatal(err)
	}
	d.dir = dir
	for _, statement := range []string{
		"create tablespace small location '" + d.dir + "'",
		"alter database " + d.Name + " set tablespace small",
	} {
		if err := exec(t.Context(), admin, statement); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// dataFolder returns where a server keeps its data.
func dataFolder(ctx context.Context, url string) (folder string, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "show data_directory").Scan(&folder)
	return folder, err
}

func (d *SmallDisk) ballast() string { return filepath.Join(d.dir, "ballast") }

// Fill leaves no byte free.
func (d *SmallDisk) Fill() {
	d.t.Helper()
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, unix.ENOSPC) {
		d.t.Fatal(err)
	}
}

// Empty makes room again.
func (d *SmallDisk) Empty() {
	d.t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		d.t.Fatal(err)
	}
}
