-- What each agent did on each day: its orders, their executions, and what it logged.
create view report.agent_activity with (security_invoker = true, security_barrier = true) as
  select account_id, orchestrator_agent_id, trading_day, sum(orders) as orders, sum(filled) as filled, sum(canceled) as canceled, sum(rejected) as rejected,
    sum(fills) as fills, sum(traded) as traded, sum(logs) as logs, sum(warnings) as warnings, sum(errors) as errors, min(at) as first_at, max(at) as last_at
  from (
    select account_id, orchestrator_agent_id, (created_at at time zone 'America/New_York')::date as trading_day, created_at as at, 1 as orders,
        case status when 'filled' then 1 else 0 end as filled, case status when 'canceled' then 1 else 0 end as canceled,
        case status when 'rejected' then 1 else 0 end as rejected, 0 as fills, 0::numeric as traded, 0 as logs, 0 as warnings, 0 as errors
      from app.alpaca_orders where orchestrator_agent_id is not null
    union all
    select account_id, orchestrator_agent_id, (at at time zone 'America/New_York')::date, at, 0, 0, 0, 0, 1, qty * price * multiplier, 0, 0, 0
      from app.fills where orchestrator_agent_id is not null and state = 'live'
    union all
    select account_id, orchestrator_agent_id, (at at time zone 'America/New_York')::date, at, 0, 0, 0, 0, 0, 0, 1,
        case level when 'warn' then 1 else 0 end, case level when 'error' then 1 else 0 end
      from app.agent_logs where orchestrator_agent_id is not null
  ) parts
  group by account_id, orchestrator_agent_id, trading_day;
comment on view report.agent_activity is 'What each agent did on each day.';
comment on column report.agent_activity.account_id is 'The account''s id, as in report.accounts.';
comment on column report.agent_activity.orchestrator_agent_id is 'The agent, as it named itself.';
comment on column report.agent_activity.trading_day is 'A day of New York''s calendar. [day]';
comment on column report.agent_activity.orders is 'Orders that it made on that day, legs included. [count]';
comment on column report.agent_activity.filled is 'How many of these are filled whole by now. [count]';
comment on column report.agent_activity.canceled is 'How many of these are canceled by now. [count]';
comment on column report.agent_activity.rejected is 'How many of these Alpaca refused. What the guards refused is no order. [count]';
comment on column report.agent_activity.fills is 'Executions on that day, of whatever order of its own. [count]';
comment on column report.agent_activity.traded is 'Quantity times price times multiplier of these, bought and sold added up. [USD]';
comment on column report.agent_activity.logs is 'Lines that it logged. [count]';
comment on column report.agent_activity.warnings is 'Lines of level warn. [count]';
comment on column report.agent_activity.errors is 'Lines of level error. [count]';
comment on column report.agent_activity.first_at is 'The first of all that on that day. [time]';
comment on column report.agent_activity.last_at is 'The last of all that on that day. [time]';
grant select on report.agent_activity to paddock_report;
