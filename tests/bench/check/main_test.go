package main

import (
	"strings"
	"testing"
)

// A ratio that became worse by more than a fifth fails, in both directions, and so does
// one that was not measured; one that became better, or hardly worse, does not.
func TestCompare(t *testing.T) {
	list, err := readKept(strings.NewReader("# a comment\nOrders http/pgbench more 0.60\nPlace placed/plain less 20 # another\nAdmission/clients=4 sealed/unsealed more 0.80\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what, output string
		failed       bool
	}{
		{"as they were", "BenchmarkOrders-2 \t 1\t 0.60 http/pgbench\nBenchmarkPlace-2 1 11.0 ms-p50 20 placed/plain\nBenchmarkAdmission/clients=4-16 1 0.8 sealed/unsealed", false},
		{"hardly worse", "BenchmarkOrders 1 0.49 http/pgbench\nBenchmarkPlace 1 23.9 placed/plain\nBenchmarkAdmission/clients=4 1 0.65 sealed/unsealed", false},
		{"better", "BenchmarkOrders-2 1 0.9 http/pgbench\nBenchmarkPlace-2 1 5 placed/plain\nBenchmarkAdmission/clients=4-2 1 1.1 sealed/unsealed", false},
		{"less of what should be more", "BenchmarkOrders-2 1 0.47 http/pgbench\nBenchmarkPlace-2 1 20 placed/plain\nBenchmarkAdmission/clients=4-2 1 0.8 sealed/unsealed", true},
		{"more of what should be less", "BenchmarkOrders-2 1 0.6 http/pgbench\nBenchmarkPlace-2 1 25 placed/plain\nBenchmarkAdmission/clients=4-2 1 0.8 sealed/unsealed", true},
		{"not measured", "BenchmarkOrders-2 1 0.6 http/pgbench\nBenchmarkAdmission/clients=4-2 1 0.8 sealed/unsealed\n--- FAIL: BenchmarkPlace", true},
	} {
		measured, err := readMeasured(strings.NewReader(tt.output))
		if err != nil {
			t.Fatal(err)
		}
		if lines, failed := compare(list, measured); failed != tt.failed || len(lines) != 3 {
			t.Errorf("%s: failed is %v\n%s", tt.what, failed, strings.Join(lines, ""))
		}
	}
	for _, wrong := range []string{"Orders http/pgbench 0.6", "Orders http/pgbench most 0.6", "Orders http/pgbench more much"} {
		if _, err := readKept(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q is read", wrong)
		}
	}
}
