package credentials

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// commandTimeout is how long a command may take to print the master keys.
const commandTimeout = 30 * time.Second

// maxSaid bounds what is shown of a command's complaint, in bytes.
const maxSaid = 300

// runCommand runs a command line with sh and returns what it prints. It gets no
// input, and the environment but for the settings of this program. Errors show
// neither the command nor what it printed; of what it complained about on stderr
// they show the end, without what may be a secret.
func runCommand(ctx context.Context, line string, most time.Duration) (string, error) {
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	cmd := exec.CommandContext(limited, "sh", "-c", line)
	endWithChildren(cmd)
	cmd.WaitDelay = time.Second // a child of its own may hold the pipes open
	out, said := &bounded{most: maxSource, full: cancel}, &bounded{most: maxSource}
	cmd.Stdout, cmd.Stderr = out, said
	for _, v := range os.Environ() {
		if !ownSetting.MatchString(v) {
			cmd.Env = append(cmd.Env, v)
		}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case out.over:
		return "", fmt.Errorf("the command printed more than %d bytes: it must print the master keys and nothing else", maxSource)
	case ctx.Err() != nil:
		return "", ctx.Err()
	case limited.Err() != nil:
		return "", fmt.Errorf("the command took longer than %s and was ended: it must print the master keys without asking for anything%s", most, said.complaint())
	case errors.As(err, &exit) && exit.Exited():
		return "", fmt.Errorf("the command ended with exit code %d in place of 0%s", exit.ExitCode(), said.complaint())
	case errors.As(err, &exit):
		return "", fmt.Errorf("the command was ended (%s)%s", exit, said.complaint())
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("there is no sh on this machine to run the command with: give the keys in a file")
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return "", errors.New("the command could not be run")
	case strings.TrimSpace(out.kept.String()) == "":
		return "", fmt.Errorf("the command printed nothing: it must print the master keys, VERSION:BASE64 each%s", said.complaint())
	}
	return out.kept.String(), nil
}

// ownSetting matches variables of the environment that are this program's own
// and hold secrets, which the command has no use for.
var ownSetting = regexp.MustCompile(`^(PADDOCK_|BETTER_AUTH_|DATABASE_URL=)`)

// bounded keeps the first most bytes that are written to it, and calls full, if
// there is one, at the first byte that is too many.
type bounded struct {
	kept bytes.Buffer // no embedded one, whose ReadFrom io.Copy would prefer to Write
	most int
	over bool
	full func()
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.most - b.kept.Len()
	if len(p) > room {
		b.over = true
		if b.full != nil {
			b.full()
		}
	}
	b.kept.Write(p[:min(len(p), max(room, 0))])
	return len(p), nil
}

// maySecret matches words in which keys and tokens come.
var maySecret = regexp.MustCompile(`[A-Za-z0-9+/=_.:~-]{16,}`)

// complaint returns the end of what was written, on one line and without words
// that may be secret: those of 16 characters or more with a digit in them, or of 32.
func (b *bounded) complaint() string {
	text := strings.Join(strings.Fields(b.kept.String()), " ")
	text = maySecret.ReplaceAllStringFunc(text, func(word string) string {
		if len(word) >= 32 || strings.ContainsAny(word, "0123456789") {
			return "[hidden]"
		}
		return word
	})
	text = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text), "")
	if text == "" {
		return ""
	}
	if len(text) > maxSaid {
		text = "… " + strings.ToValidUTF8(text[len(text)-maxSaid:], "")
	}
	return "; it said: " + text
}
