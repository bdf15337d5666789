-- Ends sessions of reporting logins that hold up everybody else, in whichever
-- database of the server they are, and returns them. A login can lift its own
-- timeouts, so these sessions are ended from outside:
--   barred       the login is one of p_barred
--   locks        reporting logins together hold more than a quarter of the
--                server's table of locks, and this session is one of those with
--                the most; without a free entry nobody can write
--   queue        its transaction is older than ten seconds, or has failed, while
--                the queue of notifications fills, which a listener's transaction
--                can do. Once the queue is half full, any session: a listener that
--                is idle keeps what it was not told of, such as notifications of
--                transactions that failed
--   transaction  its transaction is older than p_longest: it keeps dead rows
--                from being removed, and the event log's partitions. (One that
--                has failed has no beginning any more, and holds neither: it
--                counts from its last statement.)
--   hidden       nobody knows how old its transaction is
-- ended is false where paddock_watchdog may not end the session, or not see how
-- old its transaction is: because it is a member neither of the login nor of
-- pg_signal_backend and pg_read_all_stats.
--
-- While the table of locks is full, nobody can open a relation that is shared by
-- all databases, such as those of roles. So this asks only functions, and the
-- caches of the session, which each call fills while it can: call it often, on
-- one connection that stays open.
create or replace function private.end_report_sessions(p_barred oid[], p_longest interval)
returns table (login oid, name text, pid integer, why text, ended boolean)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  pids integer[];
  most_locks bigint := current_setting('max_locks_per_transaction')::bigint
    * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) / 4;
  queue double precision := pg_notification_queue_usage();
  s record;
begin
  begin
    perform pg_has_role(m.member, 'paddock_report', 'member'), pg_has_role(m.member, 'paddock_watchdog', 'member'),
        pg_has_role('paddock_watchdog', m.member, 'usage'), pg_get_userbyid(m.member)
      from pg_auth_members m where m.roleid = 'paddock_report'::regrole;
  exception when insufficient_resources then
    null;
  end;

  -- Superusers and the migrating role count as members of paddock_watchdog.
  select array_agg(a.pid) into pids from pg_stat_get_activity(null) a
    where pg_has_role(a.usesysid, 'paddock_report', 'member') and not pg_has_role(a.usesysid, 'paddock_watchdog', 'member');
  if pids is null then
    return;
  end if;

  for s in
    select a.pid, a.usesysid,
        not pg_has_role('paddock_watchdog', a.usesysid, 'usage') and not pg_has_role('paddock_watchdog', 'pg_read_all_stats', 'usage') as hidden,
        a.state = 'idle in transaction (aborted)' as failed,
        clock_timestamp() - coalesce(a.xact_start, case when a.state like 'idle in transaction%' then a.state_change end) as open_for,
        sum(coalesce(l.held, 0)) over (order by coalesce(l.held, 0), a.pid) as locks
      from pg_stat_get_activity(null) a
      left join (select h.pid, count(*) as held from (select (pg_lock_status()).pid) h where h.pid = any (pids) group by h.pid) l on l.pid = a.pid
      where a.pid = any (pids)
        and pg_has_role(a.usesysid, 'paddock_report', 'member') and not pg_has_role(a.usesysid, 'paddock_watchdog', 'member')
  loop
    why := case
      when s.usesysid = any (p_barred) then 'barred'
      when s.locks > most_locks then 'locks'
      when queue >= 0.5 then 'queue'
      when queue > 0.05 and (s.failed or s.open_for > interval '10 seconds') then 'queue'
      when s.open_for > p_longest then 'transaction'
      when s.hidden then 'hidden' end;
    continue when why is null;
    login := s.usesysid;
    name := pg_get_userbyid(s.usesysid);
    pid := s.pid;
    begin
      ended := why <> 'hidden' and pg_terminate_backend(s.pid);
    exception when insufficient_privilege then
      ended := false;
    end;
    return next;
  end loop;
end
$$;
