-- Returns the admitted account if the admission holds the scope "need", and
-- NULL otherwise, so that a policy then shows no rows. Policies call it as
-- (select private.account_id('read')): an InitPlan, which runs once a
-- statement.
--
-- It is STABLE and not IMMUTABLE: an immutable call would be folded into a
-- cached plan, which would then keep this answer for the next tenant.
create or replace function private.account_id(need text default '') returns uuid
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  -- check_seal() runs first: it raises an error if no admission made the settings.
  return case when strpos(private.check_seal(), need) > 0 then nullif(current_setting('app.account_id', true), '')::uuid end;
end
$$;
