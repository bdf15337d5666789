-- Returns the accounts whose stream is behind: they have working keys and are to have a
-- stream, and none is connected, or the one that is has not agreed with the broker lately.
create or replace function private.streams_behind() returns setof uuid
stable security definer set search_path = pg_catalog, pg_temp
language sql as $$
  select c.account_id from private.user_credentials c
    join app.user_accounts u on u.id = c.account_id and u.stream_mode <> 'off'
    left join app.stream_cursors s on s.account_id = c.account_id
    where c.rejected_at is null and (s.streaming is null or not app.is_fresh(s.agreed_at, s.unbroken_since, s.max_age))
$$;
