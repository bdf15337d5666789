package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"paddock/app/credentials"
)

func newKeysCommand() *cobra.Command {
	keys := &cobra.Command{Use: "keys", Short: "Master keys, which encrypt the tenants' API keys"}
	var version int
	create := &cobra.Command{
		Use:   "new",
		Short: "Print a new master key for PADDOCK_MASTER_KEYS",
		Long: `Print a new master key, as VERSION:BASE64.

PADDOCK_MASTER_KEYS holds one or more of them between commas. The highest
version encrypts; all of them decrypt, so keep an old one as long as a row
still needs it. Whoever has these keys and the database has every API key.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version < 1 {
				return fmt.Errorf("--version must be 1 or more")
			}
			fmt.Fprintln(cmd.OutOrStdout(), credentials.NewMasterKey(version))
			return nil
		},
	}
	create.Flags().IntVar(&version, "version", 1, "version of the key: one more than the newest you have")
	keys.AddCommand(create)
	return keys
}
