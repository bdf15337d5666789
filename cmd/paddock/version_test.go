package main

import (
	"runtime/debug"
	"testing"
)

// The version states exactly what was built.
func TestVersion(t *testing.T) {
	for want, info := range map[string]debug.BuildInfo{
		"paddock v0.1.0 (commit 20a2f8153c62, 2026-11-28T18:43:00Z) go1.26.8 linux/amd64": {
			GoVersion: "go1.26.8", Main: debug.Module{Version: "v0.1.0"},
			Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "amd64"}, {Key: "vcs.modified", Value: "false"},
				{Key: "vcs.revision", Value: "20a2f8153c62b3a8"}, {Key: "vcs.time", Value: "2026-11-28T18:43:00Z"}},
		},
		"paddock (devel) (commit abc, 2026-11-28T18:43:00Z, modified) go1.26.8 linux/arm64": {
			GoVersion: "go1.26.8", Main: debug.Module{Version: "(devel)"},
			Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "arm64"}, {Key: "vcs.modified", Value: "true"},
				{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-11-28T18:43:00Z"}},
		},
		"paddock (devel) go1.26.8 linux/amd64": {
			GoVersion: "go1.26.8", Main: debug.Module{Version: "(devel)"},
			Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "amd64"}},
		},
	} {
		if got := versionOf(&info); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
