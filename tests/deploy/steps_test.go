package deploy

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"paddock/app/pgdev"
	"paddock/tests/kit"
	"paddock/tests/program"
)

// What compose.yaml does, step after step and without containers: the secrets are made,
// Postgres' first start makes the role and the database, the migration readies the
// logins, and serve is healthy with the settings that it is given. No password is in
// Postgres' log.
func TestTheStepsOfCompose(t *testing.T) {
	folder := t.TempDir()
	for parent := folder; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
		_ = os.Chmod(parent, 0o755) // so that the server's own user can get there
	}
	server, err := pgdev.Start(t.Context(), pgdev.Config{Dir: filepath.Join(folder, "postgres"), Settings: map[string]string{"log_min_duration_statement": "0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	admin, err := url.Parse(server.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := admin.User.Password()
	secrets := filepath.Join(folder, "secrets")
	do := func(environment []string, name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env = append([]string{"PATH=" + filepath.Dir(server.Program("psql")) + ":" + os.Getenv("PATH")}, environment...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	do(nil, filepath.Join(root, "deploy/make-secrets"), secrets, admin.Host+"/paddock?sslmode=disable", "444")
	script, err := os.ReadFile(filepath.Join(root, "deploy/compose/postgres/10-paddock.sh"))
	if err != nil {
		t.Fatal(err)
	}
	do([]string{"PGHOST=" + admin.Hostname(), "PGPORT=" + admin.Port(), "PGPASSWORD=" + password}, "bash", "-c", strings.ReplaceAll(string(script), "/run/secrets/", secrets+"/"))

	c := readCompose(t)
	addr := program.FreeAddr(t)
	environment := func(name string) (list []string) {
		for variable, value := range c.Services[name].Environment {
			value = strings.Replace(value, "/run/secrets/", secrets+"/", 1)
			list = append(list, variable+"="+regexp.MustCompile(`\$\{\w+:-(.*?)\}`).ReplaceAllString(value, "$1"))
		}
		return append(list, "PADDOCK_ADDR="+addr)
	}
	binary := program.Binary(t)
	for range 2 { // an upgrade runs it again
		if said := do(environment("migrate"), binary, c.Services["migrate"].Command...); !strings.Contains(said, "The database is at version") {
			t.Errorf("migrate says %s", said)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	serve := exec.CommandContext(ctx, binary, "serve")
	serve.Env = environment("paddock")
	serve.Cancel = func() error { return serve.Process.Signal(os.Interrupt) }
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	serve.Stderr = log
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "serve to be healthy", func() bool {
		cmd := exec.Command(binary, c.Services["paddock"].Healthcheck.Test[2:]...)
		cmd.Env = environment("paddock")
		return cmd.Run() == nil
	})
	stop()
	_ = serve.Wait() // its code is that of a program that was interrupted

	logged, err := os.ReadFile(server.LogPath())
	if err != nil {
		t.Fatal(err)
	}
	for name := range c.Secrets {
		text, err := os.ReadFile(filepath.Join(secrets, name))
		if err != nil {
			t.Fatal(err)
		}
		secret := strings.TrimSpace(string(text))
		if u, err := url.Parse(secret); err == nil && u.User != nil {
			secret, _ = u.User.Password()
		}
		if strings.Contains(string(logged), secret) {
			t.Errorf("the secret %s is in Postgres' log", name)
		}
	}
}
