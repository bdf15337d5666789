package doctor

import (
	"maps"
	"strings"
	"testing"
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
