-- The event log. To find events by time, give the time: the log has a partition a month.
create view report.events with (security_invoker = true, security_barrier = true) as
  select account_id, seq, kind, at, data
  from app.account_events;
comment on view report.events is 'The event log of each account, numbered without gaps.';
comment on column report.events.account_id is 'The account''s id, as in report.accounts.';
comment on column report.events.seq is 'The event''s number in its account, from 1, without gaps. [number]';
comment on column report.events.kind is 'order, position, agent_log, account, credentials, guard or journal.';
comment on column report.events.at is 'When it was written. [time]';
comment on column report.events.data is 'The event as clients get it.';
grant select on report.events to paddock_report;
