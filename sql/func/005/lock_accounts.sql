-- Locks accounts for their deletion, in the order of all writers: the lease, which
-- the worker holds already when it comes for the log, the log, and the account's
-- row, which every row that is new in another table locks.
--
-- An account has no lease until an instance takes its first one, and so it may get
-- one while this waits for the log. Then the worker waits for the log with the
-- lease in its hands, and the deletion would wait for the worker. So all locks are
-- let go and taken again. With the account's row locked no first lease is taken.
create or replace function private.lock_accounts(p_accounts uuid[]) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  leased uuid[];
  again boolean;
begin
  loop
    begin
      again := false;
      leased := array(select l.account_id from app.stream_leases l where l.account_id = any (p_accounts) order by l.account_id for update);
      perform from app.event_heads h where h.account_id = any (p_accounts) order by h.account_id for update;
      perform from app.user_accounts u where u.id = any (p_accounts) order by u.id for update;
      again := exists (select from app.stream_leases l where l.account_id = any (p_accounts) and l.account_id <> all (leased));
      exit when not again;
      raise exception 'a lease was taken meanwhile' using errcode = '40001';
    exception when serialization_failure then -- the locks of this block are free again
      if not again then
        raise;
      end if;
    end;
  end loop;
end
$$;
