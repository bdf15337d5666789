-- Notes that a user has used a second factor in this transaction, so that a session of
-- theirs may begin in it. Only other definer functions call it, once they have used
-- one up.
create or replace function private.note_second_factor(p_user text, p_step bigint default null) returns boolean
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  insert into auth.second_factor_uses as u (user_id, last_step, used_in) values (p_user, p_step, pg_current_xact_id())
    on conflict (user_id) do update set last_step = coalesce(excluded.last_step, u.last_step), used_in = excluded.used_in
    where p_step is null or u.last_step is null or u.last_step < p_step;
  return found;
end
$$;
