package credentials

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wantSentence fails unless err is one sentence that begins with the setting, has
// want in it and shows none of the secrets.
func wantSentence(t *testing.T, what string, err error, setting, want string, secrets ...string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), setting) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 700 {
		t.Errorf("%s: %v, want %q", what, err, want)
		return
	}
	for _, secret := range secrets {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: a secret is in %v", what, err)
		}
	}
}

// Master keys are read from a file that its owner and group alone can read. Any
// other file is refused in one sentence that says what to do, and shows no key.
func TestMasterKeysFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master-keys")
	text := "1:" + key(1) + "\n2:" + key(2) + "\n"
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	link := path + ".link" // as Kubernetes mounts a secret
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o600, 0o400, 0o440, 0o640} {
		write(text, mode)
		for _, at := range []string{path, link} {
			k, err := Source{File: at}.Read(t.Context())
			if err != nil || k.Newest() != 2 || !k.has(1) {
				t.Errorf("%04o: %v (%v)", mode, k, err)
			}
		}
	}
	for _, mode := range []os.FileMode{0o644, 0o604, 0o444, 0o660, 0o602, 0o620, 0o666} {
		write(text, mode)
		for _, at := range []string{path, link} {
			_, err := Source{File: at}.Read(t.Context())
			wantSentence(t, "a shared file", err, masterKeysFileSetting, fmt.Sprintf("can read or change %s (mode %04o): run chmod 600 on it", at, mode), key(1)[:8])
		}
		if k, err := (Source{File: path, SharedFile: true}).Read(t.Context()); err != nil || k.Newest() != 2 {
			t.Errorf("a shared file that is allowed: %v", err)
		}
	}
	write("1:"+key(1)+"\n2:short", 0o600)
	_, err := Source{File: path}.Read(t.Context())
	wantSentence(t, "a wrong key", err, masterKeysFileSetting+": ", "the key of version 2 is not 32 bytes", "short", key(1)[:8])
	write(" \n\n", 0o600)
	_, err = Source{File: path}.Read(t.Context())
	wantSentence(t, "an empty file", err, masterKeysFileSetting, "paddock keys new")
	write(strings.Repeat(text, 2000), 0o600)
	_, err = Source{File: path}.Read(t.Context())
	wantSentence(t, "a large file", err, masterKeysFileSetting, "more than 65536 bytes", key(1)[:8])
	_, err = Source{File: path + ".none"}.Read(t.Context())
	wantSentence(t, "no file", err, masterKeysFileSetting, "there is no file "+path+".none")
	_, err = Source{File: t.TempDir()}.Read(t.Context())
	wantSentence(t, "a folder", err, masterKeysFileSetting, "is not a regular file")
	pipe := path + ".pipe"
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Source{File: pipe}.Read(t.Context())
	wantSentence(t, "a pipe, which would wait", err, masterKeysFileSetting, "is not a regular file")
	if os.Getuid() != 0 { // root may read everything
		write(text, 0o000)
		_, err = Source{File: path}.Read(t.Context())
		wantSentence(t, "a file of somebody else", err, masterKeysFileSetting, "may not be read by the user that runs this")
	}
}

// A command that prints the master keys is run with the environment, but without
// our own secrets. Whatever is wrong is told in one sentence without any key,
// token or command.
func TestMasterKeysFromACommand(t *testing.T) {
	for name, value := range map[string]string{"VAULT_ADDR": "https://vault.example", "PADDOCK_APP_DATABASE_URL": "hunter2", "BETTER_AUTH_SECRET": "hunter2", "DATABASE_URL": "hunter2", "FIRST": "1:" + key(1), "SECOND": "2:" + key(2)} {
		t.Setenv(name, value)
	}
	for _, command := range []string{
		`echo "$FIRST"; echo "$SECOND"`, `printf '%s,%s' "$SECOND" "$FIRST"`, `(echo "$FIRST"; echo warning >&2; echo "$SECOND") | cat`,
		`test "$VAULT_ADDR" = https://vault.example && test -z "$PADDOCK_APP_DATABASE_URL$BETTER_AUTH_SECRET$DATABASE_URL" && echo "$SECOND"`,
		`cat; echo "$SECOND"`, // there is no input to wait for
	} {
		if k, err := (Source{Command: command}).Read(t.Context()); err != nil || k.Newest() != 2 {
			t.Errorf("%s: %v (%v)", command, k, err)
		}
	}
	const token, ageKey = "hvs.CAESIJfakeFAKE12", "AGE-SECRET-KEY-1QQPQYQZQQQ"
	secrets := []string{key(1)[:8], key(2)[:8], token, ageKey, "swordfish", "hunter2"}
	for command, want := range map[string]string{
		"exit 3 # swordfish":                                         "exit code 3 in place of 0",
		"kill -9 $$ # swordfish":                                     "was ended (signal: killed)",
		"true # swordfish":                                           "printed nothing: it must print the master keys",
		"echo swordfish":                                             "entry 1 is not VERSION:BASE64",
		`echo "$FIRST"; exit 1`:                                      "exit code 1 in place of 0",
		"no-such-program swordfish":                                  "exit code 127 in place of 0; it said: ",
		`echo "2:$(echo "$FIRST")"`:                                  "the key of version 2 is not 32 bytes",
		"yes swordfish":                                              "printed more than 65536 bytes",
		"yes '' >&2 & sleep 0.2; exit 1":                             "exit code 1 in place of 0",
		"echo 'permission denied: secret/paddock' >&2; exit 2":       "exit code 2 in place of 0; it said: permission denied: secret/paddock",
		`echo "bad key $FIRST and ${SECOND#2:}" >&2; exit 2`:         "it said: bad key [hidden] and [hidden]",
		"echo 'token " + token + " has expired' >&2; exit 2":         "it said: token [hidden] has expired",
		"printf 'no\\033[31m\\nidentity " + ageKey + "' >&2; exit 2": "it said: no[31m identity [hidden]",
		"head -c 100000 /dev/zero | tr '\\0' 'x ' >&2; exit 2":       "exit code 2 in place of 0; it said: [hidden]",
		"for i in $(seq 300); do echo line $i >&2; done; exit 2":     "it said: … ",
	} {
		_, err := Source{Command: command}.Read(t.Context())
		wantSentence(t, command, err, masterKeysCommandSetting, want, secrets...)
	}
	_, err := Source{Command: "for i in $(seq 300); do echo line $i >&2; done; exit 2"}.Read(t.Context())
	wantSentence(t, "the end is what is shown", err, masterKeysCommandSetting, "line 299 line 300")
}

// A command that takes too long is ended, with whatever it started.
func TestACommandIsEndedWithItsChildren(t *testing.T) {
	alive := filepath.Join(t.TempDir(), "alive")
	began := time.Now()
	_, err := runCommand(t.Context(), "(while true; do date >> '"+alive+"'; sleep 0.05; done) & echo waiting >&2; wait", 300*time.Millisecond)
	wantSentence(t, "a command that waits", err, "", "took longer than 300ms and was ended: it must print the master keys without asking for anything; it said: waiting")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it was ended after %v", took)
	}
	size := func() int64 {
		info, err := os.Stat(alive)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	before := size()
	time.Sleep(500 * time.Millisecond) // ten rounds of what must not run any more
	if now := size(); now != before {
		t.Error("what it started runs on")
	}
}

// A source that is printed or logged by mistake shows no key and no command.
func TestSourceIsHidden(t *testing.T) {
	for _, s := range []Source{{Text: "swordfish"}, {Command: "swordfish"}} {
		shown := []string{}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, struct{ Source Source }{s}))
		}
		text, err := json.Marshal(map[string]any{"source": s})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range append(shown, string(text)) {
			if strings.Contains(one, "swordfish") || strings.Contains(one, fmt.Sprintf("%x", "swordfish")) {
				t.Errorf("it shows %s", one)
			}
		}
	}
}
