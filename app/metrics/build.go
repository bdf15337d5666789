package metrics

import "runtime/debug"

// build is what the binary was built from; "" for what the build did not record.
type build struct{ version, commit, goVersion string }

func readBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build{}
	}
	b := build{version: info.Main.Version, goVersion: info.GoVersion}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.commit = s.Value[:min(12, len(s.Value))]
		}
	}
	return b
}
