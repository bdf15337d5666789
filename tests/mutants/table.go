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
	refusals   = "refused requests"
	halts      = "halts"
	secrets    = "secrets"
	edges      = "edges"
	older      = "an older database"
	outages    = "outages"
	streams    = "streams"
	observed   = "what is observed"
)

// mutants breaks rules that orders depend on, and names the tests that must
// notice.
var mutants = []mutant{
	{lock, "sql/func/006/guard_order.sql", "  perform private.lock_event_log();\n", "", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{lock, "sql/func/006/guard_order.sql", "'read committed'", "current_setting('transaction_isolation')", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{lock, "sql/func/006/guard_order.sql", "volatile set", "stable set", []string{"app/trading TestGuardsMeasureEachRow"}},
	{lock, "sql/func/005/lock_event_log.sql", "where h.account_id = account for update", "where h.account_id = account for share", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{lock, "sql/func/008/guard_exercise.sql", "  perform private.lock_event_log();\n", "", []string{"app/trading TestGuardsHoldUnderTheLock"}},
	{lock, "sql/func/008/guard_exercise.sql", "'read committed'", "current_setting('transaction_isolation')", []string{"app/trading TestGuardsHoldUnderTheLock"}},

	{doors, "app/broker/breakers.go", "		return noFault\n", "		return callFault\n", []string{"app/broker TestBlame"}},
	{doors, "app/broker/breakers.go", "severalOwners = 3", "severalOwners = 1", []string{"app/broker TestNoTenantOpensTheBreaker"}},
	{doors, "app/broker/breakers.go", "severalOwners = 3", "severalOwners = 4", []string{"app/broker TestFailuresOpenTheBreaker"}},
	{doors, "app/broker/breakers.go", "			ownDone(errFailed)\n			sharedDone(errLeft)", "			ownDone(errFailed)\n			sharedDone(errFailed)", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},
	{doors, "app/broker/breakers.go", "			ownDone(errFailed)\n			sharedDone(errLeft)", "			ownDone(errLeft)\n			sharedDone(errLeft)", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},
	{doors, "app/broker/breakers.go", "		clear(s.failing)\n", "", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},
	{doors, "app/broker/breakers.go", "c.ConsecutiveFailures >= failuresToOpen && shared.failsForSeveral()", "shared.failsForSeveral()", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},
	{doors, "app/broker/breakers.go", "case x.status >= http.StatusInternalServerError, x.header == nil && (!x.onWire.Load() || x.ctx.Err() != nil || isDialing(failure.Cause)):", "case x.status >= http.StatusInternalServerError, x.status == 0, x.header != nil:", []string{"app/broker TestBlame"}},
	{doors, "app/broker/breakers.go", "	if s.tried == owner && time.Since(s.triedAt) < 2*openFor {\n		return false\n	}\n", "", []string{"app/broker TestBreakerClosesAgain"}},
	{doors, "app/broker/breakers.go", "		return callerLeft // it is not", "		return brokerFault // it is not", []string{"app/broker TestBlame"}},
	{doors, "app/broker/breakers.go", "		if time.Since(at) > countFor {\n			delete(s.failing, owner)\n		}\n", "		_, _ = owner, at\n", []string{"app/broker TestOnlyTheBrokersFailuresAreEverybodys"}},

	{doors, "app/broker/breakers.go", "!x.onWire.Load() || x.ctx.Err() != nil || isDialing(failure.Cause)", "true", []string{"app/broker TestOddAnswersAreNobodyElses"}},
	{doors, "app/broker/client.go", "breakers.allow(c.owner, c.account,", "breakers.allow(c.account, c.account,", []string{"app/broker TestNoTenantOpensTheBreaker", "app/httpapi TestOneTenantsAnswersStopNobody"}},
	{edges, "app/broker/client.go", "		if failure.Kind == Unauthorized && !c.takesAsSaid {", "		if false {", []string{"app/broker TestOnlyAConfirmed401IsUnauthorized", "app/httpapi TestOneHostsWordTakesNoKeys"}},
	{edges, "app/broker/relay.go", "		if refusal.Kind == Unauthorized {", "		if false {", []string{"app/broker TestOnlyAConfirmed401IsUnauthorized", "app/httpapi TestOneHostsWordTakesNoKeys"}},
	{edges, "app/auth/cookie.go", "		if value, ours := s.verified(c.Value); ours {\n			return value, true\n		}\n", "		return s.verified(c.Value)\n", []string{"app/auth TestCookiesOfOneName", "app/httpapi TestJunkCookiesSignNobodyOut"}},
	{edges, "app/auth/limiter.go", "len(g.newer) >= maxWindows/2", "false", []string{"app/auth TestMemoryIsBounded"}},
	{edges, "app/auth/limiter.go", "	bits6 = [numberOfNetworks]int{64, 48, 32}", "	bits6 = [numberOfNetworks]int{64, 64, 64}", []string{"app/auth TestNetworksAreLimited"}},
	{edges, "app/quota/quota.go", "		who = \"user \" + who\n", "		who = \"session \" + session\n", []string{"app/quota TestRequestsInASecond"}},
	{edges, "app/quota/quota.go", "err != nil && urgent &&", "false &&", []string{"app/quota TestTheReserveIsForWhatStops", "app/httpapi TestAFloodIsRefused"}},
	{edges, "app/httpapi/events.go", "		r.leave() // package", "		// package", []string{"app/httpapi TestRequestsUnderWayAreBounded"}},
	{edges, "sql/func/010/count_key_check.sql", "c.in_minute >= 10 or ", "", []string{"app/httpapi TestKeyChecksAreLimited"}},
	{edges, "sql/func/010/count_key_check.sql", "when p_refused then 2 else 1", "when p_refused then 0 else 1", []string{"app/httpapi TestKeyChecksAreLimited"}},
	{edges, "sql/func/006/count_order.sql", "not new.reduce_only", "true", []string{"app/httpapi TestStoredBytesAreBounded"}},
	{edges, "sql/func/010/mark_credentials_rejected.sql", "'cancel', 'work'", "'read', 'work'", []string{"tests/isolation TestNoAttackCrosses"}},
	{edges, "app/broker/refusedkeys.go", "			checks.noteWorking(keys)\n", "", []string{"app/broker TestABurstOfRefusalsIsCheckedOnce"}},

	{lists, "app/trading/ordersatbroker.go", "	listed.cutAt(beyond)\n", "", []string{"app/mirror TestBothSidesOfAHiddenOrder"}},
	{lists, "app/trading/ordersatbroker.go", "			if id == l.stop {", "			if false {", []string{"app/mirror TestBothSidesOfAHiddenOrder"}},
	{lists, "app/trading/ordersatbroker.go", ".Abs() <= time.Microsecond", ".Abs() == 0", []string{"app/mirror TestBothSidesOfAHiddenOrder"}},
	{lists, "app/trading/ordersatbroker.go", "l.anchor.submitted.Add(time.Microsecond)", "l.anchor.submitted", []string{"app/mirror TestBothSidesOfAHiddenOrder"}},
	{lists, "app/trading/ordersatbroker.go", "brokerPage = broker.OrderPage - 1", "brokerPage = broker.OrderPage", []string{"app/mirror TestAFullPageIsNotTheEnd"}},
	{lists, "app/trading/orders.go", "	if l.AtBroker {", "	if false {", []string{"app/mirror TestListGoesOnWhereItBegan"}},
	{lists, "app/trading/orders.go", "o.n > 0 or not $12 or", "o.n > 0 or true or", []string{"app/mirror TestListsFromTheBrokerAreWhole"}},
	{lists, "app/trading/orderlist.go", `		q.Set("after_order_id", from.String())`, `		q.Set("before_order_id", from.String())`, []string{"app/mirror TestListsFromTheBrokerAreWhole"}},

	{assent, "sql/func/006/matches_intent.sql", "    and coalesce(i.position_intent, '') in ('', coalesce(nullif(o->>'position_intent', ''), i.position_intent))\n", "", []string{"app/mirror TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/006/matches_intent.sql", "coalesce((o->>'extended_hours')::boolean, i.extended_hours) = i.extended_hours", "true", []string{"app/mirror TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/006/matches_intent.sql", "else nullif(o->>'replaces', '') is null", "else true", []string{"app/mirror TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/006/matches_intent.sql", "    and app.is_price_asked(i.stop_price, (o->>'stop_price')::numeric, split)\n", "", []string{"app/mirror TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/006/matches_intent.sql", "i.client_order_id = i.id::text and ", "", []string{"app/mirror TestAnOrderIsKnownAfterASplit"}},
	{assent, "sql/func/006/matches_intent.sql", "o->>'asset_class' = 'us_equity' and ", "", []string{"app/mirror TestAnOrderIsKnownAfterASplit"}},
	{assent, "sql/func/006/is_price_asked.sql", "p_split <> 1 and ", "", []string{"app/mirror TestAnOrderIsKnownAfterASplit"}},
	{assent, "sql/func/006/matches_intent.sql", "i.trail_percent is null or", "true or", []string{"app/mirror TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/006/matches_intent.sql", "i.order_class <> 'oco' or", "true or", []string{"app/mirror TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/006/matches_intent.sql", "split_part(asked->>'position_intent', '_', 1), '')", "'')", []string{"app/mirror TestAnAnswerIsWhatWasSent"}},
	{assent, "sql/func/006/matches_intent.sql", "case when i.action = 'replace' then (o->>'replaces')::uuid = i.replaces", "case when i.action = 'replace' then true", []string{"app/mirror TestWhatAnIntentIsKnownBy"}},
	{assent, "sql/func/007/record_order.sql", "before.alpaca_order_id is not null or before.intent_state = 'rejected' or not app.matches_intent(before, o)", "before.alpaca_order_id is not null or not app.matches_intent(before, o)", []string{"app/mirror TestWhatAnIntentIsKnownBy"}},
	{assent, "sql/func/006/claim_client_order_id.sql", "  perform pg_advisory_xact_lock(hashtextextended(broker::text || new.client_order_id, 0));\n", "", []string{"app/mirror TestAnOrderNameIsClaimedOnce"}},

	{halts, "sql/func/008/set_switch.sql", "from ended e where p_switch <> 'open'", "from ended e", []string{"app/mirror TestOpeningEndsWhatWasOnItsWay"}},
	{halts, "app/mirror/winddown.go", " && !p.Waits && still.Message == \"\"", " && p.Waits", []string{"app/mirror TestAWindDownTellsWhichOrdersAreInItsWay"}},
	{halts, "sql/func/007/record_order.sql", "perform app.find_overshoots(recorded, -moved,", "perform app.find_overshoots(recorded, 0 * moved,", []string{"app/mirror TestAnOvershootIsFoundWhateverIsToldFirst"}},
	{halts, "sql/func/007/find_overshoots.sql", "    beyond := beyond - x.filled_qty", "    beyond := beyond - 0 * x.filled_qty", []string{"app/mirror TestAnOvershootIsFoundWhateverIsToldFirst"}},
	{halts, "sql/func/007/find_overshoots.sql", "least(x.filled_qty, beyond) - x.overshot_qty", "least(x.filled_qty, beyond)", []string{"app/mirror TestAnOvershootIsFoundWhateverIsToldFirst"}},
	{halts, "sql/func/007/apply_trade_update.sql", "if traded and held is not null and o.reduce_only then", "if false then", []string{"app/mirror TestAClosingsFillTellsOfItsOvershoot"}},
	{halts, "app/mirror/winddown.go", "time.Since(begun) > tellAfter", "time.Since(begun) > tellAfter && attempt > quickRounds", []string{"app/mirror TestAWindDownTellsWhichOrdersAreInItsWay"}},
	{halts, "app/mirror/winddown.go", "\t\t\tleft.inTheWay = true\n", "", []string{"app/mirror TestAWindDownTellsWhichOrdersAreInItsWay"}},

	{gaps, "sql/006_orders.sql", " or filled_avg_price is distinct from fills_avg_price", "", []string{"app/mirror TestACorrectedPriceIsFound"}},
	{gaps, "app/mirror/fills.go", "fills_asked_at < updated_at or ", "", []string{"app/mirror TestWhatWasAskedInVainIsAskedAgainOnceItChanges"}},
	{gaps, "sql/func/009/record_journal_gaps.sql", "and o.fills_asked > 0 ", "and false ", []string{"app/mirror TestTakenBackOfAnEarlierTrip"}},
	{halts, "sql/func/007/record_order.sql", "if moved < 0 or not was_known then", "if not was_known then", []string{"app/mirror TestAnOvershootIsFoundWhateverIsToldFirst"}},
	{halts, "sql/func/007/record_order.sql", "if moved < 0 or not was_known then", "if moved < 0 then", []string{"app/mirror TestAnOvershootIsFoundWhateverIsToldFirst"}},
	{gaps, "sql/func/009/replace_fills.sql", "when t.fills_asked_at >= t.updated_at then", "when true then", []string{"app/mirror TestAskingInVainCountsFromAnOrdersLastChange"}},
	{gaps, "sql/func/009/replace_fills.sql", " and t.fills_asked >= 3 and", " and false and", []string{"app/mirror TestARoundedAverageIsBelievedInTheEnd"}},
	{gaps, "sql/func/009/replace_fills.sql", " and t.fills_asked >= 3 and t.fills_asked_at >= t.updated_at", "", []string{"app/mirror TestARoundedAverageIsBelievedInTheEnd"}},
	{gaps, "app/mirror/fills.go", "order by f.at desc limit $3", "order by f.at desc limit 2 + 0 * $3", []string{"app/mirror TestTakenBackOfAnEarlierTrip"}},

	{refusals, "sql/func/006/guard_order.sql", "r.refused_at > new.requested_at", "false", []string{"app/trading TestWhatARetryWasRefusedIsNotPlaced", "app/trading TestARefusedRetryStopsItsClosing"}},
	{refusals, "sql/func/006/guard_order.sql", " and r.refused_at > new.requested_at", "", []string{"app/trading TestWhatARetryWasRefusedIsNotPlaced"}},
	{refusals, "sql/func/006/guard_order.sql", " or r.client_order_id = new.client_order_id", "", []string{"app/trading TestWhatARetryWasRefusedIsNotPlaced"}},
	{refusals, "app/trading/place.go", "now() - $24::interval", "now() + $24::interval", []string{"app/trading TestWhatARetryWasRefusedIsNotPlaced"}},
	{refusals, "app/trading/replace.go", "now() - $17::interval", "now() + $17::interval", []string{"app/trading TestWhatARetryWasRefusedIsNotPlaced"}},

	{symbols, "app/broker/symbol.go", "(USDT|USDC|USD|BTC)$`)", "(USDT|USDC|USD)$`)", []string{"app/broker TestSymbols"}},
	{symbols, "app/broker/symbol.go", "			r -= 'a' - 'A'\n", "", []string{"app/broker TestSymbols"}},
	{symbols, "app/broker/symbol.go", "len(text) < 6", "len(text) < 5", []string{"app/broker TestSymbols"}},
	{symbols, "sql/func/006/order_symbol.sql", "char_length(p_symbol) < 6", "char_length(p_symbol) < 5", []string{"app/trading TestSymbolsAgreeWithPostgres"}},
	{symbols, "sql/func/008/open_quantities.sql", "(app.position_symbol(o.symbol) = app.position_symbol(p_symbol) or", "(o.symbol = p_symbol or", []string{"app/trading TestEveryRuleKnowsASymbolsNames"}},
	{symbols, "sql/func/007/held_quantity.sql", "p.symbol = app.position_symbol(p_symbol)", "p.symbol = p_symbol", []string{"app/trading TestEveryRuleKnowsASymbolsNames"}},
	{symbols, "sql/func/008/check_guards.sql", "p.symbol = app.position_symbol(l.symbol)", "p.symbol = l.symbol", []string{"app/trading TestEveryRuleKnowsASymbolsNames"}},
	{symbols, "sql/func/006/opposing_orders.sql", "app.position_symbol(o.symbol) = app.position_symbol(p_symbol)", "o.symbol = p_symbol", []string{"app/trading TestEveryRuleKnowsASymbolsNames"}},
	{symbols, "sql/func/008/set_guards.sql", "jsonb_agg(app.order_symbol(s)", "jsonb_agg(s", []string{"app/trading TestEveryRuleKnowsASymbolsNames"}},
	{symbols, "app/trading/orderlist.go", "broker.PositionSymbol(l.Symbols[i])", "broker.Symbol(l.Symbols[i])", []string{"app/trading TestSymbolsHaveOneForm"}},
	{symbols, "app/journal/journal.go", "broker.PositionSymbol(f.Symbol)", "f.Symbol", []string{"app/trading TestEveryRuleKnowsASymbolsNames"}},
	{symbols, "app/journal/journal.go", "	symbol = broker.PositionSymbol(symbol)\n", "", []string{"app/trading TestEveryRuleKnowsASymbolsNames"}},

	{forgetting, "sql/func/010/orders_blocking_deletion.sql", "(o.intent_state in ('submitting', 'unknown') or o.is_open and o.intent_state <> 'unsent')", "o.is_open and o.intent_state = 'accepted'", []string{"app/httpapi TestForgettingAsksAboutOpenOrders"}},
	{forgetting, "sql/func/010/delete_account.sql", "  perform private.lock_event_log(true);\n", "", []string{"app/trading TestForgettingHoldsUnderTheLock"}},
	{forgetting, "sql/func/005/lock_accounts.sql", "exit when not again;", "exit;", []string{"app/trading TestForgettingWaitsForAFirstLease"}},
	{forgetting, "sql/func/010/delete_credentials.sql", "  perform private.lock_event_log();\n", "", []string{"app/trading TestForgettingHoldsUnderTheLock"}},
	{forgetting, "sql/func/010/delete_account.sql", "kept is null", "true", []string{"app/httpapi TestNoStatementForgetsAnAccount"}},
	{forgetting, "app/trading/cancelopen.go", "		case !manages:", "		case false:", []string{"app/httpapi TestForgettingAsksAboutOpenOrders"}},
	{forgetting, "app/trading/cancelopen.go", "			if o.Unresolved || o.AlpacaID == nil {", "			if o.AlpacaID == nil && !o.Unresolved {", []string{"app/httpapi TestForgettingAsksAboutOpenOrders"}},

	{gaps, "sql/func/009/find_journal_gaps.sql", "app.position_symbol(o.symbol) = app.position_symbol(coalesce(t.symbol, h.symbol))", "o.symbol in (t.symbol, h.symbol)", []string{"app/mirror TestTheJournalSaysWhereItDiffers"}},
	{gaps, "sql/func/009/find_journal_gaps.sql", "app.order_symbol(h.symbol)", "h.symbol", []string{"app/mirror TestTheJournalSaysWhereItDiffers"}},
	{gaps, "sql/func/009/record_journal_gaps.sql", "(not d.unsettled or d.gap = d.last_gap)", "true", []string{"app/mirror TestTheJournalSaysWhereItDiffers"}},
	{gaps, "sql/func/009/record_journal_gaps.sql", "least(j.trips_since, excluded.trips_since)", "excluded.trips_since", []string{"app/mirror TestTheJournalSaysWhereItDiffers"}},
	{gaps, "app/journal/journal.go", ">= gap.trips_since", "> gap.trips_since and t.status = 'open'", []string{"app/mirror TestTheJournalSaysWhereItDiffers"}},

	{mirror, "sql/func/007/mirror_is_current.sql", "c.doubts = c.doubts_settled and ", "", []string{"app/trading TestGuardsTrustACurrentMirrorAlone"}},
	{mirror, "sql/func/007/mirror_is_current.sql", "app.is_fresh(c.agreed_at, c.unbroken_since, c.max_age)", "c.agreed_at is not null", []string{"app/trading TestGuardsTrustACurrentMirrorAlone"}},
	{mirror, "sql/func/007/is_fresh.sql", "p_agreed_at <= clock_timestamp() and", "true and", []string{"app/trading TestGuardsTrustACurrentMirrorAlone"}},
	{mirror, "sql/func/010/apply_key_change.sql", "set doubts = c.doubts + 1", "set doubts = c.doubts", []string{"app/trading TestGuardsTrustACurrentMirrorAlone"}},
	{mirror, "app/trading/sync.go", "			err = request()\n", "			err = s.db.Tx(ctx, a, read)\n", []string{"app/trading TestOrderWaitsForAReconciliation"}},
	{mirror, "app/trading/sync.go", "		if now.answered && syncProblem(now.answer) != nil {", "		if false {", []string{"app/trading TestOrderWaitsForAReconciliation"}},
	{mirror, "app/trading/guards.go", "			p.RetryAfter = 2 * time.Second\n", "", []string{"app/trading TestGuardsTrustACurrentMirrorAlone"}},

	{open, "sql/func/008/open_quantities.sql", "max(greatest(least(asked, entered) - filled, 0))", "max(greatest(least(asked, entered), 0))", []string{"app/mirror TestReduceOnlyNeverOpens"}},
	{open, "sql/func/008/open_quantities.sql", "u.filled_qty * coalesce(l.qty / u.qty, 1) as filled", "greatest(u.filled_qty, (select r.filled_qty from app.alpaca_orders r where r.account_id = p_account and r.alpaca_order_id = (u.the_order).replaces)) as filled", []string{"app/mirror TestReduceOnlyNeverOpens"}},
	{open, "sql/func/008/open_quantities.sql", "(p_parked or o.intent_state <> 'unknown')", "o.intent_state <> 'unknown'", []string{"app/mirror TestReduceOnlyNeverOpens"}},
	{open, "sql/func/008/open_quantities.sql", "and r.side is not distinct from o.side)", "and false)", []string{"app/mirror TestReduceOnlyNeverOpens"}},

	{secrets, "sql/func/010/store_credentials.sql", "  perform private.check_master_key(p_key_version, p_master_check);\n", "", []string{"app/accounts TestNothingIsStoredUnderAWrongMasterKey"}},
	{secrets, "sql/func/010/check_master_key.sql", " and m.check_value = p_check", "", []string{"app/accounts TestOnlyTheDatabasesMasterKeyIsTaken", "app/accounts TestInstancesAgreeOnAMasterKey"}},
	{secrets, "sql/func/010/check_master_key.sql", "if exists (select from private.user_credentials c where c.key_version = p_key_version) then", "if false then", []string{"app/accounts TestUncheckedVersionsAreOpened"}},
	{secrets, "sql/func/010/encrypt_outer.sql", "cipher-algo=aes256, ", "", []string{"app/accounts TestCredentialsAreEncryptedWithAES256"}},
	{secrets, "sql/func/010/hold_key_version.sql", "if storing is not true then", "if false then", []string{"app/accounts TestARetiredVersionStoresNothing"}},
	{secrets, "sql/func/010/rotate_credentials.sql", "    continue when (ext.pgp_sym_decrypt_bytea(c.ciphertext, w.key) = w.was) is not true;\n", "", []string{"app/accounts TestARotationOverwritesNoNewKeys"}},
	{secrets, "sql/func/010/rotate_credentials.sql", " or c.key_version <> w.version;", ";", []string{"app/accounts TestTwoRotationsAtOnce"}},
	{secrets, "sql/func/010/rotate_credentials.sql", "key_version = p_to,", "key_version = p_to, generation = u.generation + 1,", []string{"app/accounts TestRotation"}},
	{secrets, "sql/func/010/open_credentials_to_rotate.sql", "perform private.audit(", "perform jsonb_build_array(", []string{"app/accounts TestARotationGoesOn"}},
	{secrets, "sql/func/010/set_storing_key_version.sql", "if lacking > 0 then", "if false then", []string{"app/accounts TestARotationWaitsForEveryInstance"}},
	{secrets, "sql/func/010/announce_keyring.sql", "    perform from private.master_keys m order by m.key_version for share;\n", "    null;\n", []string{"app/accounts TestAnInstanceThatStartsMeetsTheRotation"}},
	{secrets, "sql/func/010/announce_keyring.sql", "m.stores and m.key_version <> all (p_versions)", "false", []string{"app/accounts TestARotationWaitsForEveryInstance"}},
	{secrets, "sql/func/010/retire_master_key.sql", "if needing > 0 then", "if false then", []string{"app/accounts TestARetiredVersionStoresNothing"}},
	{secrets, "sql/func/010/retire_master_key.sql", " and m.check_value = p_check", "", []string{"app/accounts TestARetiredVersionStoresNothing"}},
	{secrets, "app/credentials/store.go", "const storeAttempts = 3", "const storeAttempts = 1", []string{"app/accounts TestUsersStoreKeysDuringARotation"}},
	{secrets, "app/secretfile/file.go", "mode&0o026 != 0", "mode&0o022 != 0", []string{"app/credentials TestMasterKeysFromAFile", "app/config TestSecretsInFiles", "app/certificate TestCertificateInFiles"}},
	{secrets, "app/config/files.go", "	case value != \"\":", "	case false:", []string{"app/config TestSecretsInFiles"}},
	{secrets, "app/backup/tables.go", "\"auth.session\", ", "", []string{"tests/system TestTheDocumentedBackup"}},
	{secrets, "app/backup/renew.sql", "update auth.second_factor_uses set used_in = '0';", "", []string{"tests/system TestTheDocumentedBackup"}},
	{secrets, "app/backup/read.go", "	if !bytes.HasSuffix(end.last, []byte(lastLine)) {", "	if false {", []string{"app/backup TestAFileWithoutItsEndIsRefused"}},
	{secrets, "app/backup/check.sql", "    if (rows, digest) is distinct from (t.rows, t.digest) then", "    if false then", []string{"tests/system TestABackupIsRestoredByHand"}},
	{secrets, "app/certificate/redirect.go", "base+\"/\"+strings", "\"https://\"+r.Host+\"/\"+strings", []string{"app/certificate TestRedirect"}},
	{secrets, "app/certificate/acme.go", ", HostPolicy: autocert.HostWhitelist(c.Host)", "", []string{"app/certificate TestCertificateByACME"}},
	{secrets, "app/credentials/command.go", "return \"[hidden]\"", "return word", []string{"app/credentials TestMasterKeysFromACommand"}},
	{secrets, "app/credentials/command.go", "	endWithChildren(cmd)\n", "", []string{"app/credentials TestACommandIsEndedWithItsChildren"}},
	{secrets, "sql/010_credentials.sql", " check (substr(ciphertext, 1, 4) = '\\xc30d0409')", "", []string{"app/accounts TestCredentialsAreEncryptedWithAES256"}},
	{secrets, "app/credentials/opened.go", "return k.inner(version, account).Seal(nil, nil, text, nil)", "return text", []string{"app/accounts TestALogOfEveryValueOpensNothing"}},
	{secrets, "app/credentials/keyring.go", "paddock inner credential\\x00", "paddock credential\\x00", []string{"app/credentials TestInnerLayer"}},
	{secrets, "sql/func/003/maintain_seal_key.sql", "interval '1 hour' and", "interval '0' and", []string{"tests/catalogue TestSealKeyIsRenewedOnceAnHour"}},
	{secrets, "sql/func/003/maintain_seal_key.sql", "  lock table private.seal_keys in exclusive mode;  -- a second caller waits, readers do not\n", "", []string{"tests/catalogue TestSealKeyIsRenewedOnceAnHour"}},
	{secrets, "app/pgdev/server.go", "+verifier+", "+password+verifier[:0]+", []string{"cmd/paddock TestNoStatementHasAPassword"}},
	{secrets, "app/broker/foreign.go", "		return nil, withoutBytes(err)\n", "		return nil, err\n", []string{"app/broker TestNoStreamShowsEchoedKeys"}},
	{secrets, "app/broker/foreign.go", "response.Body = &maskedBody{body: response.Body, keys: f.keys}", "_ = response.Body", []string{"app/broker TestNothingShowsEchoedKeys", "app/mirror TestEchoedKeysAreInNoLogAndNoRow"}},
	{secrets, "app/broker/foreign.go", "values[i] = f.keys.maskText(value)", "_, _ = i, value", []string{"app/broker TestNothingShowsEchoedKeys"}},
	{secrets, "app/broker/socket.go", "	s.credentials.mask(text, true)\n", "", []string{"app/broker TestNoStreamShowsEchoedKeys"}},
	{secrets, "cmd/paddock/librarylog.go", "said, _, quotes := bytes.Cut(line, []byte(`\"`))", "said, quotes := line, true", []string{"cmd/paddock TestWhatNobodyAskedForIsNotLogged"}},

	{older, "sql/func/005/read_events.sql", "or t.mark is distinct from (", "or t.mark is null and t.mark is distinct from (", []string{"app/push TestAnOlderDatabaseIsNoticed"}},
	{older, "sql/func/005/read_events.sql", "when h.last_seq then h.last_at", "when h.last_seq then t.mark", []string{"app/push TestAnOlderDatabaseIsNoticed"}},
	{older, "sql/func/005/check_access.sql", "         when t.mark is not null and t.mark is distinct from e.at then 'cursor_ahead'\n", "", []string{"app/push TestAnOlderDatabaseIsNoticed"}},
	{older, "app/eventlog/log.go", ", after.Mark != 0 && after != there:", ":", []string{"app/httpapi TestPagesNoticeAnOlderDatabase"}},
	{older, "app/mirror/manager.go", "case l.LastEventID < applied[l.Account]:", "case l.LastEventID < applied[l.Account] && false:", []string{"app/mirror TestAnOlderDatabaseIsToldAgain"}},
	{outages, "app/mirror/account.go", "case unrecordable(err), attempt >=", "case attempt >= 0, attempt >=", []string{"app/mirror TestNothingIsLostWhilePostgresCannotWrite"}},
	{streams, "sql/func/011/claim_leases.sql", "free := share - held;", "free := least(share, p_max) - held;", []string{"app/mirror TestAccountsBeyondTheMaximumAreReconciled"}},
	{streams, "app/mirror/manager.go", "leases[i].Streamless = n >= left", "leases[i].Streamless = n < 0", []string{"app/mirror TestAccountsBeyondTheMaximumAreReconciled"}},
	{observed, "app/broker/observe.go", `part != "" && !words[part]`, `part != part`, []string{"app/broker TestPathPattern"}},
	{observed, "app/tracing/tracing.go", "if t.trusts(r.RemoteAddr) {", "if true {", []string{"app/tracing TestOnlyTrustedPeersTracesAreContinued"}},
	{observed, "app/tracing/statements.go", "semconv.DBResponseStatusCode(stateOf(err)))\n	}\n	span.End()", "semconv.DBResponseStatusCode(err.Error()))\n	}\n	span.End()", []string{"app/tracing TestSpansHaveNoValues"}},
	{observed, "app/metrics/metrics.go", "	return counters[other]\n}\n\nfunc knownPair", "	counters[value] = prometheus.NewCounter(prometheus.CounterOpts{Name: value})\n	return counters[value]\n}\n\nfunc knownPair", []string{"app/metrics TestUnknownValuesAreOne"}},
	{observed, "app/config/observation.go", "!public && !isLocalHost(host)", "!public && host == \"?\"", []string{"app/config TestPublicOperatorAddr"}},
	{observed, "app/origin/log.go", `line.AddAttrs(slog.String("account", account.String()))`, "_ = account", []string{"app/origin TestLinesNameTheirRequest"}},
}
