package main

const (
	lock       = "the lock"
	symbols    = "symbols"
	lists      = "lists of Alpaca's"
	doors      = "breakers"
	forgetting = "forgetting"
	gaps       = "journal gaps"
	mirror     = "a current mirror"
	assent     = "an answer's intent"
	open       = "open quantities"
)

// Rules that orders rest on, each with what breaks it and the tests that notice.
var mutants = []mutant{
	{lock, "sql/func/guard_order.sql", "  perform private.lock_log();\n", "", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{lock, "sql/func/guard_order.sql", "'read committed'", "current_setting('transaction_isolation')", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{lock, "sql/func/guard_order.sql", "volatile set", "stable set", []string{"app/trading TestGuardsMeasureEachRow"}},
	{lock, "sql/func/lock_log.sql", "where h.account_id = account for update", "where h.account_id = account for share", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{lock, "sql/func/guard_exercise.sql", "  perform private.lock_log();\n", "", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{lock, "sql/func/guard_exercise.sql", "'read committed'", "current_setting('transaction_isolation')", []string{"app/trading TestGuardsHoldUnderTheLock"}},

	{doors, "app/broker/breakers.go", "		return nobody\n", "		return ofTheCall\n", []string{"app/broker TestBlame"}},
	{doors, "app/broker/breakers.go", "severalAccounts = 3", "severalAccounts = 1", []string{"app/broker TestNoTenantOpensTheBreaker"}},
	{doors, "app/broker/breakers.go", "severalAccounts = 3", "severalAccounts = 4", []string{"app/broker TestFailuresOpenTheBreaker"}},
	{doors, "app/broker/breakers.go", "			ownDone(errFailed)\n			sharedDone(errLeft)", "			ownDone(errFailed)\n			sharedDone(errFailed)", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},
	{doors, "app/broker/breakers.go", "			ownDone(errFailed)\n			sharedDone(errLeft)", "			ownDone(errLeft)\n			sharedDone(errLeft)", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},
	{doors, "app/broker/breakers.go", "		clear(s.failing)\n", "", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},
	{doors, "app/broker/breakers.go", "c.ConsecutiveFailures >= failuresToOpen && shared.several()", "shared.several()", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},
	{doors, "app/broker/breakers.go", "case x.status >= http.StatusInternalServerError, x.status == 0 && x.header == nil:", "case x.status >= http.StatusInternalServerError, x.status == 0, x.header != nil:", []string{"app/broker TestBlame"}},
	{doors, "app/broker/breakers.go", "	if s.tried == account && time.Since(s.triedAt) < 2*openFor {\n		return false\n	}\n", "", []string{"app/broker TestBreakerClosesAgain"}},
	{doors, "app/broker/breakers.go", "		return left // it is not", "		return ofTheBroker // it is not", []string{"app/broker TestBlame"}},
	{doors, "app/broker/breakers.go", "		if time.Since(at) > countFor {\n			delete(s.failing, account)\n		}\n", "		_, _ = account, at\n", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},

	{lists, "app/trading/fallback.go", "	told.endsAt(beyond)\n", "", []string{"app/stream TestBothSidesOfAHiddenOrder"}},
	{lists, "app/trading/fallback.go", "			if id == l.stop {", "			if false {", []string{"app/stream TestBothSidesOfAHiddenOrder"}},
	{lists, "app/trading/fallback.go", ".Abs() <= time.Microsecond", ".Abs() == 0", []string{"app/stream TestBothSidesOfAHiddenOrder"}},
	{lists, "app/trading/fallback.go", "l.aside.submitted.Add(time.Microsecond)", "l.aside.submitted", []string{"app/stream TestBothSidesOfAHiddenOrder"}},
	{lists, "app/trading/fallback.go", "	limit := l.Page.Limit + 1\n", "	limit := l.Page.Limit\n", []string{"app/stream TestListsArePaged"}},
	{lists, "app/trading/fallback.go", "brokerPage = broker.OrderPage - 1", "brokerPage = broker.OrderPage", []string{"app/stream TestListsFromTheBrokerAreWhole"}},
	{lists, "app/trading/fallback.go", "		next.from = told.last\n", "", []string{"app/stream TestListGoesOnWhereItBegan", "app/stream TestListsFromTheBrokerAreWhole"}},
	{lists, "app/trading/list.go", "	if l.AtBroker {", "	if false {", []string{"app/stream TestListGoesOnWhereItBegan"}},
	{lists, "app/trading/list.go", "o.n > 0 or not $12 or", "o.n > 0 or true or", []string{"app/stream TestListsFromTheBrokerAreWhole"}},
	{lists, "app/trading/orderlist.go", `		q.Set("after_order_id", from.String())`, `		q.Set("before_order_id", from.String())`, []string{"app/stream TestListsFromTheBrokerAreWhole"}},

	{assent, "sql/func/is_as_sent.sql", "    and coalesce(i.position_intent, '') in ('', coalesce(nullif(o->>'position_intent', ''), i.position_intent))\n", "", []string{"app/stream TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/is_as_sent.sql", "coalesce((o->>'extended_hours')::boolean, i.extended_hours) = i.extended_hours", "true", []string{"app/stream TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/is_as_sent.sql", "else nullif(o->>'replaces', '') is null", "else true", []string{"app/stream TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/is_as_sent.sql", "i.stop_price is null or", "true or", []string{"app/stream TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/is_as_sent.sql", "i.trail_percent is null or", "true or", []string{"app/stream TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/is_as_sent.sql", "i.order_class <> 'oco' or", "true or", []string{"app/stream TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/is_as_sent.sql", "split_part(asked->>'position_intent', '_', 1), '')", "'')", []string{"app/stream TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/is_as_sent.sql", "case when i.action = 'replace' then (o->>'replaces')::uuid = i.replaces", "case when i.action = 'replace' then true", []string{"app/stream TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/record_order.sql", "before.alpaca_order_id is not null or before.intent_state = 'rejected' or not app.is_as_sent(before, o)", "before.alpaca_order_id is not null or not app.is_as_sent(before, o)", []string{"app/stream TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/claim_order_name.sql", "  perform pg_advisory_xact_lock(hashtextextended(broker::text || new.client_order_id, 0));\n", "", []string{"app/stream TestAnOrderNameIsOneAccounts"}},
}
