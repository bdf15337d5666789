package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"paddock/app/config"
	"paddock/app/doctor"
)

// exitCode is an error that ends the program with another code than 1. Without a
// text there is nothing more to say.
type exitCode struct {
	code int
	text string
}

func (e exitCode) Error() string { return e.text }

func newDoctorCommand() *cobra.Command {
	var asJSON bool
	var skip []string
	var help strings.Builder
	for _, c := range doctor.Checks() {
		fmt.Fprintf(&help, "  %-17s %s\n", c[0], c[1])
	}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with a deployment",
		Long: `Look for what is wrong with a deployment, and say what to do. It changes
nothing. It reads the settings of paddock serve from the environment, and of
DATABASE_URL, where that is set, the role that migrates or a superuser: these
see more. serve runs a part of it by itself at its start.

It ends with 0 where all is well, with 1 where there are warnings or something
could not be checked, and with 2 where something fails.

What each check makes sure of:
` + help.String(),
		Example: `  # As a job that tells of what is wrong, where people may sign up by themselves
  paddock doctor --skip sign_up --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exitCode{2, "paddock doctor takes no arguments"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, wrong := config.FromEnvironment()
			ownerURL, err := config.OwnerURL(os.LookupEnv)
			if err != nil {
				return exitCode{2, err.Error()}
			}
			report, err := doctor.Run(cmd.Context(), doctor.Options{Config: c, Wrong: wrong, OwnerURL: ownerURL, Skip: skip})
			if err != nil {
				return exitCode{2, err.Error()}
			}
			write := report.WriteText
			if asJSON {
				write = report.WriteJSON
			}
			if err := write(cmd.OutOrStdout()); err != nil {
				return exitCode{2, fmt.Sprintf("write the report: %v", err)}
			}
			if code := report.ExitCode(); code != 0 {
				return exitCode{code: code}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	cmd.Flags().StringSliceVar(&skip, "skip", nil, "checks that are not to be run, between commas")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exitCode{2, err.Error()} })
	return cmd
}
