-- Deletes rows that mean nothing any more, p_most of each kind at most: sessions
-- and the tokens of sign-in (links that reset a password, invitations, what a
-- Better Auth server on this database verifies by) that ended more than a day ago,
-- invitations to accounts a month after their time was over, counts of limits whose time is over, counts of orders of more than a week ago, notes of requests to log of more than a day ago, and jobs that ended longer ago than they are
-- kept. Returns how many it deleted of each
-- kind, and the caller asks again while one is p_most. Nothing that lives is
-- touched: whoever comes with a session or a token that is gone is answered as with
-- one that has ended.
--
-- The day is for a Better Auth server whose clock is another. One caller at a time
-- deletes; another gets no rows. It waits only shortly for locks.
create or replace function private.purge_expired(p_most integer) returns table (kind text, deleted integer)
volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '200ms'
language plpgsql as $$
declare
  bound timestamptz := clock_timestamp() - interval '1 day';
begin
  perform from private.event_retention r for update skip locked;
  if not found then
    return;
  end if;

  kind := 'sessions';
  delete from auth.session d where d.id in (select s.id from auth.session s where s."expiresAt" < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'tokens';
  delete from auth.verification d where d.id in (select v.id from auth.verification v where v."expiresAt" < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'invitations';
  delete from private.invitations d where d.id in (select i.id from private.invitations i where i.expires_at < bound - interval '30 days' limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'address tries';
  delete from private.address_tries d where d.user_id in (select t.user_id from private.address_tries t where t.since < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'sign-ups';
  delete from auth.sign_up_counts d where d.network in (select c.network from auth.sign_up_counts c where c.since < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'sign-ins';
  delete from auth.sign_in_counts d where d.who in (select c.who from auth.sign_in_counts c where c.since < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'mails';
  delete from auth.mail_counts d where d.who in (select c.who from auth.mail_counts c where c.since < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'stored bytes';
  delete from private.stored_bytes d where (d.user_id, d.what) in (select c.user_id, c.what from private.stored_bytes c where c.since < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'key checks';
  delete from private.key_checks d where d.user_id in (select c.user_id from private.key_checks c where c.day_from < bound and c.minute_from < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'reporting sessions';
  delete from private.report_sessions d where (d.login, d.address) in (select c.login, c.address from private.report_sessions c where c.noted_at < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'order counts';
  delete from app.order_counts d where (d.account_id, d.day) in (select c.account_id, c.day from app.order_counts c
    where c.day < (clock_timestamp() at time zone 'America/New_York')::date - 7 limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'order counts of API tokens';
  delete from private.token_order_counts d where (d.account_id, d.token_id, d.day) in (select c.account_id, c.token_id, c.day from private.token_order_counts c
    where c.day < (clock_timestamp() at time zone 'America/New_York')::date - 7 limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'requests to log';
  delete from app.agent_log_requests d where (d.account_id, d.idempotency_key) in (select r.account_id, r.idempotency_key from app.agent_log_requests r
    where r.created_at < bound limit p_most);
  get diagnostics deleted = row_count;
  return next;

  kind := 'jobs';
  delete from app.jobs d where (d.account_id, d.id) in (select j.account_id, j.id from app.jobs j
    where j.ended_at < clock_timestamp() - (select r.keep from private.job_retention r) limit p_most);
  get diagnostics deleted = row_count;
  return next;
end
$$;
