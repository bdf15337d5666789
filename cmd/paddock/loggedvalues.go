package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// warnOfLoggedValues logs which settings of Postgres make it log the values that
// statements are sent. API keys are encrypted in these, but session tokens and
// password hashes are not. Only a superuser may change such settings, so that
// serve does not. Each login is asked, since a setting may be one login's.
func warnOfLoggedValues(ctx context.Context, p *pools, log *slog.Logger) error {
	var advice []string
	for _, pool := range []*pgxpool.Pool{p.app, p.worker, p.auth} {
		rows, err := pool.Query(ctx, `select name, setting from pg_settings where name in ('log_statement', 'log_min_duration_statement',
			'log_min_duration_sample', 'log_transaction_sample_rate', 'log_parameter_max_length', 'log_parameter_max_length_on_error',
			'auto_explain.log_min_duration', 'auto_explain.log_parameter_max_length', 'pgaudit.log_parameter')`)
		if err != nil {
			return fmt.Errorf("look whether Postgres logs values: %w", err)
		}
		settings := map[string]string{}
		var name, setting string
		if _, err := pgx.ForEachRow(rows, []any{&name, &setting}, func() error { settings[name] = setting; return nil }); err != nil {
			return fmt.Errorf("look whether Postgres logs values: %w", err)
		}
		for _, line := range silenceValues(settings) {
			if !slices.Contains(advice, line) {
				advice = append(advice, line)
			}
		}
	}
	if len(advice) > 0 {
		log.Warn("Postgres logs the values of statements, session tokens and password hashes among them: change its settings", "set", strings.Join(advice, ", "))
	}
	return nil
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
