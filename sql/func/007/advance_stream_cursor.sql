-- Records the newest update of an account's stream that was applied or kept, by
-- its event_id: event ids are ULIDs, which grow. A stream that starts again goes
-- on from there.
create or replace function app.advance_stream_cursor(p_account uuid, p_event_id text) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into app.stream_cursors as c (account_id, last_event_id) values (p_account, p_event_id)
    on conflict (account_id) do update set last_event_id = excluded.last_event_id, updated_at = now()
    where c.last_event_id is null or c.last_event_id < excluded.last_event_id;
end
$$;
