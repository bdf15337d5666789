package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// checkLoggedValues finds settings of Postgres with which it logs the values that
// statements are sent. API keys are encrypted in these, but session tokens and
// password hashes are not. Each login is asked, since a setting may be one
// login's.
func checkLoggedValues(ctx context.Context, e *examination) []Finding {
	var advice []string
	found := e.each(e.logins[:3], func(l *login) ([]Finding, error) {
		rows, err := l.conn.Query(ctx, `select name, setting from pg_settings where name in ('log_statement', 'log_min_duration_statement',
			'log_min_duration_sample', 'log_transaction_sample_rate', 'log_parameter_max_length', 'log_parameter_max_length_on_error',
			'auto_explain.log_min_duration', 'auto_explain.log_parameter_max_length', 'pgaudit.log_parameter')`)
		if err != nil {
			return nil, err
		}
		settings := map[string]string{}
		var name, setting string
		_, err = pgx.ForEachRow(rows, []any{&name, &setting}, func() error { settings[name] = setting; return nil })
		for _, line := range silenceValues(settings) {
			if err == nil && !slices.Contains(advice, line) {
				advice = append(advice, line)
			}
		}
		return nil, err
	})
	if len(advice) > 0 {
		found = append(found, warning("as a superuser set "+strings.Join(advice, ", ")+" for the server or for its logins",
			"Postgres logs the values of statements, session tokens and password hashes among them"))
	}
	return found
}

// silenceValues returns what to set so that no value is logged. A setting that
// there is not is "".
func silenceValues(settings map[string]string) (advice []string) {
	is := func(name string, quiet ...string) bool { return slices.Contains(quiet, settings[name]) }
	statements := !is("log_statement", "none", "ddl") || !is("log_min_duration_statement", "-1") ||
		!is("log_min_duration_sample", "-1") || !is("log_transaction_sample_rate", "0")
	if statements && !is("log_parameter_max_length", "0") {
		advice = append(advice, "log_parameter_max_length = 0")
	}
	if !is("log_parameter_max_length_on_error", "0") {
		advice = append(advice, "log_parameter_max_length_on_error = 0")
	}
	if !is("auto_explain.log_min_duration", "", "-1") && !is("auto_explain.log_parameter_max_length", "", "0") {
		advice = append(advice, "auto_explain.log_parameter_max_length = 0")
	}
	if is("pgaudit.log_parameter", "on") {
		advice = append(advice, "pgaudit.log_parameter = off")
	}
	return advice
}
