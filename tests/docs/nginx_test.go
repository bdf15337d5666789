package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// docs/operations.md has nginx's configuration word for word as the test of an
// upgrade uses it.
func TestNginxIsAsTested(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"paddock.conf", "paddock-instances.conf"} {
		text, err := os.ReadFile(filepath.Join(root, "deploy", "nginx", name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(doc), "```nginx\n"+string(text)+"```\n") {
			t.Errorf("docs/operations.md does not have deploy/nginx/%s as it is", name)
		}
	}
}
