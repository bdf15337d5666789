package pgdev

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity is the user that the server runs as. Postgres refuses to run as
// root, so that root's server runs as another user, who owns its data.
type identity struct {
	uid, gid int
	drop     bool
}

func chooseIdentity() (identity, error) {
	if os.Geteuid() != 0 {
		return identity{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return identity{uid: uid, gid: gid, drop: true}, nil
		}
	}
	return identity{}, fmt.Errorf("cannot run Postgres as root, and this machine has neither a user postgres nor nobody to run it as: make one, or run as another user")
}

// attributes make a child process run as the identity, in its own process
// group, so that Ctrl-C at the terminal reaches only us, and we stop it
// properly.
func (i identity) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if i.drop {
		attributes.Credential = &syscall.Credential{Uid: uint32(i.uid), Gid: uint32(i.gid)}
	}
	return attributes
}

// own makes dir and gives it to the identity.
func (i identity) own(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder %s: %w", dir, err)
	}
	if i.drop {
		if err := os.Chown(dir, i.uid, i.gid); err != nil {
			return fmt.Errorf("give the folder %s to the user that Postgres runs as: %w", dir, err)
		}
	}
	return nil
}

// canReach reports whether the identity can reach dir: every folder above it
// must let others through.
func (i identity) canReach(dir string) bool {
	if !i.drop {
		return true
	}
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		if info, err := os.Stat(parent); err == nil {
			owner := false
			if s, ok := info.Sys().(*syscall.Stat_t); ok {
				owner = int(s.Uid) == i.uid && info.Mode()&0o100 != 0
			}
			if info.Mode()&0o001 == 0 && !owner {
				return false
			}
		}
		if parent == filepath.Dir(parent) {
			return true
		}
	}
}
