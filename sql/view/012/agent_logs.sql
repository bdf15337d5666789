-- What agents said, the newest of which an index finds by account_id and at.
create view report.agent_logs with (security_invoker = true, security_barrier = true) as
  select account_id, id as log_id, orchestrator_agent_id, level, message, data, at, order_id, token_id, created_at as received_at
  from app.agent_logs;
comment on view report.agent_logs is 'What agents logged of their work.';
comment on column report.agent_logs.account_id is 'The account''s id, as in report.accounts.';
comment on column report.agent_logs.log_id is 'The line''s id.';
comment on column report.agent_logs.orchestrator_agent_id is 'The agent, as it named itself; NULL: it did not.';
comment on column report.agent_logs.level is 'debug, info, warn or error.';
comment on column report.agent_logs.message is 'What it said.';
comment on column report.agent_logs.data is 'What it added; NULL: nothing.';
comment on column report.agent_logs.at is 'When, by the agent''s clock where it said so. [time]';
comment on column report.agent_logs.order_id is 'The order that it is about, as in report.orders; NULL: none.';
comment on column report.agent_logs.token_id is 'The API token that sent it; NULL: none did, or an import brought it.';
comment on column report.agent_logs.received_at is 'When it came here. [time]';
grant select on report.agent_logs to paddock_report;
