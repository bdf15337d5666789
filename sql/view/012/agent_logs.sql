-- What agents said, the newest of which an index finds by account_id and at.
create view report.agent_logs with (security_invoker = true, security_barrier = true) as
  select account_id, id as log_id, orchestrator_agent_id, level, message, data, created_at as at
  from app.agent_logs;
comment on view report.agent_logs is 'What agents logged of their work.';
comment on column report.agent_logs.account_id is 'The account''s id, as in report.accounts.';
comment on column report.agent_logs.log_id is 'The line''s id.';
comment on column report.agent_logs.orchestrator_agent_id is 'The agent, as it named itself; NULL: it did not.';
comment on column report.agent_logs.level is 'debug, info, warn or error.';
comment on column report.agent_logs.message is 'What it said.';
comment on column report.agent_logs.data is 'What it added; NULL: nothing.';
comment on column report.agent_logs.at is 'When. [time]';
grant select on report.agent_logs to paddock_report;
