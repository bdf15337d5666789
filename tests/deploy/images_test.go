// Package deploy holds what deploys Paddock (the Dockerfile, compose.yaml, the unit of
// systemd, the Debian package, the release) against the sources that it is made of.
package deploy

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"paddock/app/config"
	"paddock/app/credentials"
)

const root = "../.."

// instruction is one of a Dockerfile's, with the name of its stage.
type instruction struct{ stage, name, rest string }

func readDockerfile(t *testing.T) (list []instruction) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	stage := ""
	for line := range strings.SplitSeq(strings.ReplaceAll(string(text), "\\\n", " "), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		if name == "FROM" {
			stage = "last"
			if _, named, is := strings.Cut(rest, " AS "); is {
				stage = named
			}
		}
		list = append(list, instruction{stage, name, strings.TrimSpace(rest)})
	}
	return list
}

// The images that the Dockerfile and compose.yaml begin with have a version, never
// latest; Go's is that of go.mod.
func TestImagesHaveVersions(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	goVersion := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(mod)[1]
	var images []string
	for _, i := range readDockerfile(t) {
		if name, image, is := strings.Cut(i.rest, "="); i.name == "ARG" && is {
			images = append(images, image)
			if name == "GO_IMAGE" && !strings.HasPrefix(image, "golang:"+string(goVersion)+"-") {
				t.Errorf("it builds with %s, and go.mod wants %s", image, goVersion)
			}
		}
		if i.name == "FROM" && !strings.HasPrefix(i.rest, "${") {
			t.Errorf("FROM %s is no argument that can be pinned", i.rest)
		}
	}
	for _, s := range readCompose(t).Services {
		if s.Image != "paddock" {
			images = append(images, s.Image)
		}
	}
	if len(images) < 5 {
		t.Fatalf("found %v alone", images)
	}
	for _, image := range images {
		_, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
		distroless := strings.Contains(image, "/distroless/static-debian12:nonroot") // it has no other versions
		if !tagged || !distroless && !regexp.MustCompile(`^\d`).MatchString(tag) {
			t.Errorf("%s has no version", image)
		}
	}
}

// What the Dockerfile copies is there, and .dockerignore keeps none of it out; the
// last stage is the binary alone, which runs as nobody's user and is asked for its
// health without a shell.
func TestDockerfile(t *testing.T) {
	var last []string
	for _, i := range readDockerfile(t) {
		if i.stage == "last" {
			last = append(last, i.name+" "+i.rest)
		}
		if i.name != "COPY" || strings.HasPrefix(i.rest, "--from=") {
			continue
		}
		fields := strings.Fields(i.rest)
		for _, source := range fields[:len(fields)-1] {
			if _, err := os.Stat(filepath.Join(root, source)); err != nil {
				t.Errorf("%s copies %s: %v", i.stage, source, err)
			}
		}
	}
	want := []string{"COPY --from=build /paddock /paddock", "USER 65532:65532", `CMD ["serve"]`, `ENTRYPOINT ["/paddock"]`}
	for _, w := range want {
		if !slices.Contains(last, w) {
			t.Errorf("the last stage has no %s:\n%s", w, strings.Join(last, "\n"))
		}
	}
	for _, line := range last {
		name, rest, _ := strings.Cut(line, " ")
		switch {
		case name == "RUN":
			t.Errorf("the last stage has no shell, and runs %s", rest)
		case name == "HEALTHCHECK" && !strings.HasSuffix(rest, `CMD ["/paddock", "health"]`):
			t.Errorf("its health is asked by %s", rest)
		case name == "ENV" && !isSetting(strings.SplitN(rest, "=", 2)[0]):
			t.Errorf("%s is no setting", rest)
		}
	}
}

// The command by which the Dockerfile builds makes a binary that no library is needed
// for.
func TestTheImagesBinaryIsStatic(t *testing.T) {
	var command string
	for _, i := range readDockerfile(t) {
		if i.name == "RUN" && strings.Contains(i.rest, "go build") {
			command = i.rest
		}
	}
	out := filepath.Join(t.TempDir(), "paddock")
	changed := strings.Replace(command, "-o /paddock", "-o "+out, 1)
	if changed == command {
		t.Fatalf("the Dockerfile builds by %q", command)
	}
	cmd := exec.Command("sh", "-c", changed)
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", changed, err, said)
	}
	isStatic(t, out)
	if said, err := exec.Command(out, "version").Output(); err != nil || !strings.HasPrefix(string(said), "paddock ") {
		t.Errorf("it says %q (%v)", said, err)
	}
}

func isStatic(t *testing.T, path string) {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	libraries, err := file.ImportedLibraries()
	if err != nil || len(libraries) > 0 || file.Section(".interp") != nil {
		t.Errorf("%s needs %v (%v)", path, libraries, err)
	}
}

// compose is what the tests read of compose.yaml. Fields that are not here are
// Docker's to check.
type compose struct {
	Services map[string]service
	Networks map[string]struct{ Internal bool }
	Volumes  map[string]any
	Secrets  map[string]struct{ File string }
}

type service struct {
	Image       string
	Command     []string
	Environment map[string]string
	Secrets     []string
	Volumes     []string
	Networks    []string
	Ports       []string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	ReadOnly    bool                                  `yaml:"read_only"`
	CapDrop     []string                              `yaml:"cap_drop"`
	SecurityOpt []string                              `yaml:"security_opt"`
	Ulimits     map[string]any
	Healthcheck struct{ Test []string }
}

func readCompose(t *testing.T) (c compose) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatalf("compose.yaml: %v", err)
	}
	return c
}

// isSetting reports whether a variable is one that the binary reads.
func isSetting(name string) bool {
	for _, s := range config.Settings {
		if s.Name == name {
			return true
		}
	}
	setting, file := strings.CutSuffix(name, "_FILE")
	return name == "DATABASE_URL" || file && (setting == "DATABASE_URL" || slices.Contains(config.InFiles, setting))
}

// compose.yaml gives Paddock settings that there are, reads each secret from a file
// that deploy/make-secrets makes and that is mounted, and what the containers
// get there can be used.
func TestCompose(t *testing.T) {
	c := readCompose(t)
	folder := filepath.Join(t.TempDir(), "secrets")
	for range 2 { // the second time nothing changes
		before := map[string]string{}
		for name := range c.Secrets {
			text, _ := os.ReadFile(filepath.Join(folder, name))
			before[name] = string(text)
		}
		if out, err := exec.Command(filepath.Join(root, "deploy/make-secrets"), folder, "postgres:5432/paddock?sslmode=disable", "444").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for name, s := range c.Secrets {
			text, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil || s.File != "./deploy/compose/secrets/"+name {
				t.Errorf("the secret %s (%s): %v", name, s.File, err)
			}
			if before[name] != "" && before[name] != string(text) {
				t.Errorf("the secret %s was made again", name)
			}
		}
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others can look into the folder of the secrets: %v, %v", info.Mode(), err)
	}

	for name, s := range c.Services {
		for _, secret := range s.Secrets {
			if _, there := c.Secrets[secret]; !there {
				t.Errorf("%s has the secret %s, which is none", name, secret)
			}
		}
		for _, network := range s.Networks {
			if _, there := c.Networks[network]; !there {
				t.Errorf("%s is in the network %s, which is none", name, network)
			}
		}
		for needs := range s.DependsOn {
			if _, there := c.Services[needs]; !there {
				t.Errorf("%s needs %s, which is none", name, needs)
			}
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			_, named := c.Volumes[source]
			if _, err := os.Stat(filepath.Join(root, source)); !named && err != nil {
				t.Errorf("%s mounts %s: %v", name, source, err)
			}
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s is reached by others, without TLS, on %s", name, port)
			}
		}
		if s.Ulimits["core"] != 0 {
			t.Errorf("%s may dump core", name)
		}
		if s.Image != "paddock" {
			continue
		}
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may do more than it needs", name)
		}
		for variable, value := range s.Environment {
			if !isSetting(variable) {
				t.Errorf("%s: %s is no setting", name, variable)
			}
			if secret, is := strings.CutPrefix(value, "/run/secrets/"); is && !slices.Contains(s.Secrets, secret) {
				t.Errorf("%s: %s names the secret %s, which it does not get", name, variable, secret)
			}
		}
	}
	serve, migrate := c.Services["paddock"], c.Services["migrate"]
	if !slices.Equal(serve.Healthcheck.Test, []string{"CMD", "/paddock", "health"}) || !slices.Equal(migrate.Command, []string{"migrate", "--set-passwords"}) {
		t.Error("serve is asked for its health, or migrate run, by another command")
	}
	if slices.Contains(serve.Secrets, "database_url") || slices.Contains(serve.Secrets, "migrator_password") || slices.Contains(serve.Secrets, "postgres_password") {
		t.Error("serve gets the password of a role that owns the database")
	}
	if slices.Contains(c.Services["postgres"].Networks, "outside") || !c.Networks["database"].Internal {
		t.Error("Postgres can be reached, or reaches others")
	}

	// serve takes what it is given.
	environment := map[string]string{}
	for variable, value := range serve.Environment {
		if value, is := strings.CutPrefix(value, "/run/secrets/"); is {
			environment[variable] = filepath.Join(folder, value)
			continue
		}
		environment[variable] = regexp.MustCompile(`\$\{\w+:-(.*?)\}`).ReplaceAllString(value, "$1")
	}
	loaded, err := config.Load(func(name string) (string, bool) { v, ok := environment[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if loaded.MasterKeys == (credentials.Source{}) || !strings.Contains(loaded.AppURL, "paddock_app:") {
		t.Error("the settings are not those of the secrets")
	}
	if _, err := loaded.MasterKeys.Read(t.Context()); err != nil {
		t.Error(err)
	}
}
