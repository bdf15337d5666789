-- Records up to which event the admitted user has read what happened on the account, and returns
-- that: never less than before, and nothing beyond the newest event.
--
-- 42501: the scope "read" is needed, and a person's session: an API token is a program's.
create or replace function private.mark_read(p_seq bigint) returns bigint
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('a mark of what was read', 'read');
  marked bigint;
begin
  if private.token_id() is not null then
    raise exception 'what was read is marked in a session' using errcode = '42501';
  end if;
  insert into app.read_marks as m (account_id, user_id, seq)
    select account, private.user_id(), least(p_seq, h.last_seq) from app.event_heads h where h.account_id = account
    on conflict (account_id, user_id) do update set seq = greatest(m.seq, excluded.seq)
    returning m.seq into marked;
  return marked;
end
$$;
