package main

// Rules that orders rest on, each with what breaks it and the tests that notice.
var mutants = []mutant{
	{"lock", "sql/func/guard_order.sql", "  perform private.lock_log();\n", "", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{"lock", "sql/func/guard_order.sql", "'read committed'", "current_setting('transaction_isolation')", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{"lock", "sql/func/guard_order.sql", "volatile set", "stable set", []string{"app/trading TestGuardsMeasureEachRow"}},
	{"lock", "sql/func/lock_log.sql", "where h.account_id = account for update", "where h.account_id = account for share", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{"lock", "sql/func/guard_exercise.sql", "  perform private.lock_log();\n", "", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{"lock", "sql/func/guard_exercise.sql", "'read committed'", "current_setting('transaction_isolation')", []string{"app/trading TestGuardsHoldUnderTheLock"}},
}
