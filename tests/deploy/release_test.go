package deploy

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"paddock/tests/program"
)

// A release is the same bytes, in whatever folder and whenever it is made. It is of
// the version of the commit's tag, for each architecture, static, and names the modules that
// are in it. A commit without a tag, and changes that are not committed, are
// refused.
func TestReleaseIsReproducible(t *testing.T) {
	for _, name := range []string{"git", "npm", "node", "dpkg-deb", "tar"} {
		if _, err := exec.LookPath(name); err != nil {
			program.Missing(t, "there is no "+name, "install it")
		}
	}
	run := func(folder, name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(folder, name string, args ...string) string {
		t.Helper()
		out, err := run(folder, name, args...)
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return out
	}
	// The sources as they are, in a repository of one commit, and a copy of that
	// elsewhere. The console is the same in both: how it is built is npm's.
	parent := t.TempDir()
	first, second := filepath.Join(parent, "first"), filepath.Join(parent, "somewhere", "else")
	for _, folder := range []string{first, filepath.Dir(second)} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	must(root, "sh", "-c", `git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ -e "$f" ] && echo "$f"; done' sh | tar -cf - -T - | tar -xf - -C "$1"`, "sh", first)
	must(first, "git", "init", "-q")
	must(first, "git", "add", "-A")
	must(first, "git", "commit", "-q", "-m", "all")
	console := func(folder string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(folder, "app/web/dist/console"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "app/web/dist/console/index.html"), []byte("<title>console</title>"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if said, err := run(first, "deploy/release"); err == nil || !strings.Contains(said, "has no tag") {
		t.Errorf("without a tag it says %q", said)
	}
	must(first, "git", "tag", "v0.9.1")
	must(parent, "git", "clone", "-q", first, second)
	console(first)
	console(second)
	if err := os.WriteFile(filepath.Join(second, "new.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if said, err := run(second, "deploy/release"); err == nil || !strings.Contains(said, "not committed") {
		t.Errorf("with a change it says %q", said)
	}
	if err := os.Remove(filepath.Join(second, "new.txt")); err != nil {
		t.Fatal(err)
	}
	must(first, "deploy/release")
	must(second, "deploy/release")

	sums, err := os.ReadFile(filepath.Join(first, "dist/SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	if other, err := os.ReadFile(filepath.Join(second, "dist/SHA256SUMS")); err != nil || string(other) != string(sums) {
		t.Errorf("two releases of one commit differ (%v):\n%s\n%s", err, sums, other)
	}
	lines := strings.Split(strings.TrimSpace(string(sums)), "\n")
	if len(lines) != 7 {
		t.Errorf("the release is\n%s", sums)
	}
	for _, line := range lines {
		sum, name, _ := strings.Cut(line, "  ")
		text, err := os.ReadFile(filepath.Join(first, "dist", name))
		if err != nil || fmt.Sprintf("%x", sha256.Sum256(text)) != sum {
			t.Errorf("%s is another than its checksum says (%v)", name, err)
		}
		if !strings.Contains(name, "0.9.1") {
			t.Errorf("%s is of another version", name)
		}
		if strings.HasSuffix(name, ".cdx.json") {
			var list struct {
				BomFormat  string
				Components []struct{ Name string }
			}
			if err := json.Unmarshal(text, &list); err != nil || list.BomFormat != "CycloneDX" || len(list.Components) < 5 {
				t.Errorf("%s lists %d components (%v)", name, len(list.Components), err)
			}
		}
	}
	for _, architecture := range []string{"amd64", "arm64"} {
		name := "paddock_0.9.1_linux_" + architecture
		must(parent, "tar", "-xzf", filepath.Join(first, "dist", name+".tar.gz"))
		binary := filepath.Join(parent, name, "paddock")
		isStatic(t, binary)
		if architecture == runtime.GOARCH {
			if said := must(parent, binary, "version"); !strings.HasPrefix(said, "paddock v0.9.1 (commit ") || strings.Contains(said, "modified") {
				t.Errorf("the binary says %s", said)
			}
		}
		if said := must(parent, "dpkg-deb", "--field", filepath.Join(first, "dist", name+".deb"), "Version", "Architecture"); said != "Version: 0.9.1\nArchitecture: "+architecture+"\n" {
			t.Errorf("the package says %s", said)
		}
	}
}
