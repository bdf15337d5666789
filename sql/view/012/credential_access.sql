-- What of the audit is about keys.
create view report.credential_access with (security_invoker = true, security_barrier = true) as
  select account_id, at, kind, actor, action, (detail->>'key_version')::integer as key_version, detail->>'key_last4' as key_last4,
    request, request_id, session_id, address
  from app.audit_log
  where action in ('credentials.store', 'credentials.delete', 'credentials.rejected', 'credentials.decrypt', 'credentials.rotate');
comment on view report.credential_access is 'Each use and change of an account''s API keys.';
comment on column report.credential_access.account_id is 'The account''s id, as in report.accounts.';
comment on column report.credential_access.at is 'When it was done. [time]';
comment on column report.credential_access.kind is 'What sort of actor it was: user, worker (the server itself, for the account''s stream) or operator.';
comment on column report.credential_access.actor is 'Who it was: a user''s id, or an operator''s name; NULL: the worker.';
comment on column report.credential_access.action is 'credentials.store, delete, rejected (by Alpaca), decrypt or rotate.';
comment on column report.credential_access.key_version is 'The version of the master key that they are under; NULL: none is meant. [number]';
comment on column report.credential_access.key_last4 is 'The last four characters of the key''s id; NULL: it is not said.';
comment on column report.credential_access.request is 'The request that needed them, as method and path; NULL: it was none.';
comment on column report.credential_access.request_id is 'The request''s X-Request-ID, by which the server''s log has it; NULL: it was none.';
comment on column report.credential_access.session_id is 'The id of the user''s session, which opens nothing; NULL: there was none.';
comment on column report.credential_access.address is 'The client''s address; NULL: there was no client.';
grant select on report.credential_access to paddock_report;
