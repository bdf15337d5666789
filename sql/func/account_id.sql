-- The admitted account, when the admission holds the scope that is needed;
-- NULL otherwise, so that a policy then shows nothing. Policies call it as
-- (select private.account_id('read')): an InitPlan, once a statement.
-- STABLE and not IMMUTABLE: a cached plan would keep a folded answer for the
-- next tenant.
create function private.account_id(need text default null) returns uuid
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  context text := private.sealed();
begin
  if need is not null and strpos(split_part(context, '.', 3), need) = 0 then
    return null;
  end if;
  return nullif(split_part(context, '.', 4), '')::uuid;
end
$$;
