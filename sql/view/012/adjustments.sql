-- What changed a round trip without a trade.
create view report.adjustments with (security_invoker = true, security_barrier = true) as
  select account_id, activity_id, kind, symbol, at, qty, price, net_amount, description, canceled, old_parts, new_parts,
    orchestrator_agent_id, tag
  from app.journal_adjustments;
comment on view report.adjustments is 'Splits, fees, and what became of options.';
comment on column report.adjustments.account_id is 'The account''s id, as in report.accounts.';
comment on column report.adjustments.activity_id is 'Alpaca''s id of the activity.';
comment on column report.adjustments.kind is 'Alpaca''s type: SPLIT, FEE, CFEE, OPEXP, OPEXC, OPASN or OPTRD.';
comment on column report.adjustments.symbol is 'The symbol, of coins without a slash; NULL: a fee of the whole account.';
comment on column report.adjustments.at is 'When it counts. One that has only a day counts at the end of it in New York, a split at its begin. [time]';
comment on column report.adjustments.qty is 'How much it added, or took where negative; NULL: nothing. [units]';
comment on column report.adjustments.price is 'The price that it names; NULL: none. [USD per unit]';
comment on column report.adjustments.net_amount is 'The money that came in; negative: that went out. [USD]';
comment on column report.adjustments.description is 'Alpaca''s words.';
comment on column report.adjustments.canceled is 'Whether Alpaca took it back: then it does not count.';
comment on column report.adjustments.old_parts is 'A split makes new_parts of this many; NULL: it is none, or is not complete. [units]';
comment on column report.adjustments.new_parts is 'What a split makes of old_parts; NULL: it is none, or is not complete. [units]';
comment on column report.adjustments.orchestrator_agent_id is 'The agent that it belongs to; NULL: nobody''s, or of several.';
comment on column report.adjustments.tag is 'The tag that it belongs to; NULL: none, or of several.';
grant select on report.adjustments to paddock_report;
