package config

// CommandSettings are the variables that other commands than serve read, and some
// of them of the Go runtime and of this machine.
var CommandSettings = []Setting{
	{"DATABASE_URL", "", "the role that migrates, of paddock migrate, report, user and import, and where it is set of doctor and dev; a role that sees every row, of backup; a superuser, of restore and report harden"},
	{"PADDOCK_REPORT_URL", "", "of paddock report: the replica that reporting logins connect to, without a password; unset, it is the primary"},
	{"IMPORT_SOURCE_URL", "", "of paddock import: the database that rows are moved from; unset, it is the one of DATABASE_URL"},
	{"PADDOCK_URL", "", "of paddock mcp: the server whose API its tools call, such as https://paddock.example.com"},
	{"PADDOCK_TOKEN", "", "of paddock mcp: an API token"},
	{"PADDOCK_TOKEN_FILE", "", "of paddock mcp: a file with the API token, in place of PADDOCK_TOKEN, that others cannot read"},
	{"PADDOCK_POSTGRES_REPOSITORY", "", "of paddock dev: where a Postgres is downloaded from if the machine has none"},
	{"GOGC", "", "of the Go runtime: how much garbage there may be before it is collected, in percent of what is in use; unset, and without GOMEMLIMIT, it is 50, but 16 MiB at least"},
	{"GOMEMLIMIT", "", "of the Go runtime: how much memory it should take at most, such as 1GiB"},
}
