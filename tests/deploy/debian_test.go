package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"paddock/tests/program"
)

// maxExposure is how much of the machine a unit may reach, by systemd-analyze, from 0
// to 10.
const maxExposure = 1.5

// systemd finds little that the units let the service reach, and none may dump core:
// a dump would have keys in it. Secrets come as credentials, and no variable of
// theirs is unknown.
func TestUnitsAreHardened(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		program.Missing(t, "there is no systemd-analyze", "install systemd")
	}
	for _, unit := range []string{"paddock.service", "paddock-migrate.service"} {
		path := filepath.Join(root, "deploy/debian", unit)
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", path).CombinedOutput()
		found := regexp.MustCompile(`Overall exposure level for \S+: (\d+\.\d+)`).FindSubmatch(out)
		if err != nil || found == nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if exposure, err := strconv.ParseFloat(string(found[1]), 64); err != nil || exposure > maxExposure {
			t.Errorf("%s is exposed by %s, and may be by %v:\n%s", unit, found[1], maxExposure, out)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\nLimitCORE=0\n") {
			t.Errorf("%s may dump core", unit)
		}
		credentials := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^LoadCredential=(\w+):/etc/paddock/credentials/(\w+)$`).FindAllStringSubmatch(string(text), -1) {
			if credentials[m[1]] = true; m[1] != m[2] {
				t.Errorf("%s has %s from %s", unit, m[1], m[2])
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^Environment=(\w+)=%d/(\w+)$`).FindAllStringSubmatch(string(text), -1) {
			if !isSetting(m[1]) || !credentials[m[2]] {
				t.Errorf("%s: %s is no setting, or %s no credential", unit, m[1], m[2])
			}
		}
		if len(credentials) < 4 {
			t.Errorf("%s has %v alone", unit, credentials)
		}
	}
	settings, err := os.ReadFile(filepath.Join(root, "deploy/debian/paddock.env"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)=`).FindAllStringSubmatch(string(settings), -1) {
		if !isSetting(m[1]) {
			t.Errorf("paddock.env has %s, which is no setting", m[1])
		}
	}
}

// The Debian package holds the binary, the units, the settings that root alone reads
// and what makes the secrets. It is the same bytes each time, and it installs and
// is removed again; purged, it leaves the credentials alone.
func TestDebianPackage(t *testing.T) {
	for _, name := range []string{"dpkg-deb", "dpkg", "chroot"} {
		if _, err := exec.LookPath(name); err != nil {
			program.Missing(t, "there is no "+name, "install dpkg")
		}
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "paddock.deb")
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	build := func(binary, file string) {
		t.Helper()
		run(filepath.Join(root, "deploy/debian/build"), binary, "amd64", "0.1.0", file)
	}
	binary, err := filepath.Abs(program.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	build(binary, file)
	again := filepath.Join(folder, "again.deb")
	build(binary, again)
	run("cmp", file, again)
	contents := run("dpkg-deb", "--contents", file)
	for _, want := range []string{
		`-rwxr-xr-x root/root .* \./usr/bin/paddock\n`, `-rw------- root/root .* \./etc/paddock/paddock\.env\n`, `drwx------ root/root .* \./etc/paddock/credentials/\n`,
		`-rw-r--r-- root/root .* \./usr/lib/systemd/system/paddock\.service\n`, `-rwxr-xr-x root/root .* \./usr/lib/paddock/make-secrets\n`,
	} {
		if !regexp.MustCompile(want).MatchString(contents) {
			t.Errorf("it has no %s:\n%s", want, contents)
		}
	}
	if regexp.MustCompile(`2\d\d\d-`).FindAllString(contents, -1)[0] != "2023-" {
		t.Errorf("its files are not of SOURCE_DATE_EPOCH:\n%s", contents)
	}

	// Scripts of packages run in the root that they are installed into, which takes
	// root and a shell in there: so here without them.
	if os.Getuid() != 0 {
		program.Missing(t, "a package is installed by root alone", "run the tests as root")
	}
	target := filepath.Join(folder, "root")
	run("mkdir", "-p", target+"/var/lib/dpkg/updates", target+"/var/lib/dpkg/info")
	run("touch", target+"/var/lib/dpkg/status")
	dpkg := func(args ...string) {
		t.Helper()
		run("dpkg", append([]string{"--root=" + target, "--log=/dev/null", "--force-not-root", "--force-script-chrootless"}, args...)...)
	}
	t.Setenv("SYSTEMD_OFFLINE", "1")
	scripts := t.TempDir() // what the package's scripts would change on this machine
	for _, name := range []string{"systemd-sysusers", "systemctl", "useradd"} {
		if err := os.WriteFile(filepath.Join(scripts, name), []byte("#!/bin/sh\necho "+name+" \"$@\" >>"+scripts+"/called\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", scripts+":"+os.Getenv("PATH"))
	dpkg("--install", file)
	if called, err := os.ReadFile(scripts + "/called"); err != nil || !strings.Contains(string(called), "systemd-sysusers paddock.conf") {
		t.Errorf("no user was made: %s (%v)", called, err)
	}
	if said := run(target+"/usr/bin/paddock", "version"); !strings.HasPrefix(said, "paddock ") {
		t.Errorf("the installed binary says %s", said)
	}
	run(target+"/usr/lib/paddock/make-secrets", target+"/etc/paddock/credentials", "localhost:5432/paddock")
	if info, err := os.Stat(target + "/etc/paddock/credentials/master_keys"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the master keys: %v, %v", info, err)
	}
	// Commands of the operator get what the service gets.
	operate, err := os.ReadFile(target + "/usr/lib/paddock/operate")
	if err != nil {
		t.Fatal(err)
	}
	there := strings.NewReplacer("/etc/", target+"/etc/", "/usr/bin/paddock", "env").Replace(string(operate))
	given := run("sh", "-c", there)
	for _, want := range []string{"BETTER_AUTH_URL=http://localhost:8080\n", "DATABASE_URL_FILE=" + target + "/etc/paddock/credentials/database_url\n"} {
		if !strings.Contains(given, want) {
			t.Errorf("operate does not set %s", want)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^(\w+_FILE)=`+target+`(.*)$`).FindAllStringSubmatch(given, -1) {
		if _, err := os.Stat(target + m[2]); err != nil || !isSetting(m[1]) {
			t.Errorf("operate sets %s to %s: %v", m[1], m[2], err)
		}
	}
	dpkg("--purge", "paddock")
	if _, err := os.Stat(target + "/usr/bin/paddock"); err == nil {
		t.Error("the binary is still there")
	}
	if _, err := os.Stat(target + "/etc/paddock/paddock.env"); err == nil {
		t.Error("the settings are still there")
	}
	if _, err := os.Stat(target + "/etc/paddock/credentials/master_keys"); err != nil {
		t.Error("the master keys are gone, and the stored API keys with them")
	}
}
