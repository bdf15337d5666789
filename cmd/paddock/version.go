package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print what this binary was built from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return fmt.Errorf("this binary was built without Go modules, so it does not know its version")
			}
			fmt.Fprintln(cmd.OutOrStdout(), versionOf(info))
			return nil
		},
	}
}

// versionOf returns a line such as
//
//	paddock v0.1.0 (commit 20a2f8153c62, 2026-11-28T18:43:00Z, modified) go1.26.8 linux/amd64
//
// without what the build did not record. "(devel)" is a build without a tag,
// and "modified" one of files that were not committed.
func versionOf(info *debug.BuildInfo) string {
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	line := "paddock " + info.Main.Version
	if commit := set["vcs.revision"]; commit != "" {
		line += " (commit " + commit[:min(12, len(commit))] + ", " + set["vcs.time"]
		if set["vcs.modified"] == "true" {
			line += ", modified"
		}
		line += ")"
	}
	return line + " " + info.GoVersion + " " + set["GOOS"] + "/" + set["GOARCH"]
}
