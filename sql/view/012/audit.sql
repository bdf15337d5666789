-- Who did what. To find rows by time, give the time: the audit has a partition a
-- month.
create view report.audit with (security_invoker = true, security_barrier = true) as
  select account_id, at, kind, actor, action, detail, request, request_id, session_id, address
  from app.audit_log;
comment on view report.audit is 'Who did what on an account. Rows are never changed.';
comment on column report.audit.account_id is 'The account''s id, as in report.accounts.';
comment on column report.audit.at is 'When it was done. [time]';
comment on column report.audit.kind is 'What sort of actor it was: user, worker (the server itself, for the account''s stream), operator, reporting_login or nobody.';
comment on column report.audit.actor is 'Who it was: a user''s id, or the name of an operator or of a reporting login; NULL: the worker, or nobody.';
comment on column report.audit.action is 'What was done, such as order.place; docs/security.md lists them.';
comment on column report.audit.detail is 'What else there is to say of it.';
comment on column report.audit.request is 'Method and path of the request; NULL: it was none.';
comment on column report.audit.request_id is 'The request''s X-Request-ID, by which the server''s log has it; NULL: it was none.';
comment on column report.audit.session_id is 'The id of the user''s session, which opens nothing; NULL: there was none.';
comment on column report.audit.address is 'The client''s address; NULL: there was no client.';
grant select on report.audit to paddock_report;
