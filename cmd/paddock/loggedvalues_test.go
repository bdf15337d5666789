package main

import (
	"log/slog"
	"maps"
	"strings"
	"testing"

	"paddock/app/config"
	"paddock/tests/pgtest"
)

// What makes Postgres log values is found, setting by setting, and nothing else.
func TestLoggedValuesAreFound(t *testing.T) {
	quiet := map[string]string{ // as Postgres comes
		"log_statement": "none", "log_min_duration_statement": "-1", "log_min_duration_sample": "-1", "log_transaction_sample_rate": "0",
		"log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "0",
	}
	const all, onError = "log_parameter_max_length = 0", "log_parameter_max_length_on_error = 0"
	for _, tt := range []struct {
		change map[string]string
		want   string
	}{
		{nil, ""},
		{map[string]string{"log_statement": "ddl"}, ""},
		{map[string]string{"log_statement": "mod"}, all},
		{map[string]string{"log_statement": "all"}, all},
		{map[string]string{"log_min_duration_statement": "0"}, all},
		{map[string]string{"log_min_duration_statement": "60000"}, all},
		{map[string]string{"log_min_duration_sample": "100"}, all},
		{map[string]string{"log_transaction_sample_rate": "0.01"}, all},
		{map[string]string{"log_statement": "all", "log_parameter_max_length": "0"}, ""},
		{map[string]string{"log_statement": "all", "log_parameter_max_length": "64"}, all},
		{map[string]string{"log_parameter_max_length_on_error": "-1"}, onError},
		{map[string]string{"log_statement": "mod", "log_parameter_max_length_on_error": "1"}, all + ", " + onError},
		{map[string]string{"auto_explain.log_min_duration": "-1", "auto_explain.log_parameter_max_length": "-1"}, ""},
		{map[string]string{"auto_explain.log_min_duration": "0", "auto_explain.log_parameter_max_length": "-1"}, "auto_explain.log_parameter_max_length = 0"},
		{map[string]string{"auto_explain.log_min_duration": "0", "auto_explain.log_parameter_max_length": "0"}, ""},
		{map[string]string{"auto_explain.log_min_duration": "0"}, ""}, // of Postgres 15, which logs none
		{map[string]string{"pgaudit.log_parameter": "off"}, ""},
		{map[string]string{"pgaudit.log_parameter": "on"}, "pgaudit.log_parameter = off"},
	} {
		settings := maps.Clone(quiet)
		maps.Copy(settings, tt.change)
		if got := strings.Join(silenceValues(settings), ", "); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.change, got, tt.want)
		}
	}
}

// serve warns of them in one line, also where they are one login's alone, and
// the runtime logins can see them.
func TestLoggedValuesAreWarnedOf(t *testing.T) {
	own := pgtest.StartOwnWith(t, map[string]string{"log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "0"})
	admin := own.Conn(t, "admin")
	warning := func(change string) string {
		t.Helper()
		if _, err := admin.Exec(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		pools, err := openPools(t.Context(), config.Config{AppURL: own.URL("paddock_app"), WorkerURL: own.URL("paddock_worker"), AuthURL: own.URL("paddock_auth"), ListenURL: own.URL("paddock_worker"), AppConns: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer pools.close()
		var out lockedText
		if err := warnOfLoggedValues(t.Context(), pools, slog.New(slog.NewJSONHandler(&out, nil))); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if said := warning("select 1"); said != "" {
		t.Errorf("as Postgres comes, it warns: %s", said)
	}
	if said := warning("alter role paddock_auth set log_statement = 'all'"); strings.Count(said, "\n") != 1 || !strings.Contains(said, `"set":"log_parameter_max_length = 0"`) {
		t.Errorf("with one login's statements logged it says %q", said)
	}
	if said := warning("alter role paddock_app set log_parameter_max_length_on_error = 100"); strings.Count(said, "\n") != 1 || !strings.Contains(said, "log_parameter_max_length_on_error = 0, log_parameter_max_length = 0") {
		t.Errorf("with another's too it says %q", said)
	}
}
