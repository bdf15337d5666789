-- The accounts of a login.
create view report.accounts with (security_invoker = true, security_barrier = true) as
  select id as account_id, name, environment, alpaca_account_number, is_active, created_at
  from app.user_accounts;
comment on view report.accounts is 'The accounts that this login may report on.';
comment on column report.accounts.account_id is 'The account''s id; all other views have it too.';
comment on column report.accounts.name is 'The name that its owner gave it.';
comment on column report.accounts.environment is 'paper or live.';
comment on column report.accounts.alpaca_account_number is 'Alpaca''s number of the account; NULL until keys were checked first.';
comment on column report.accounts.is_active is 'Whether its owner has it in use.';
comment on column report.accounts.created_at is 'When it was made in Paddock. [time]';
grant select on report.accounts to paddock_report;
