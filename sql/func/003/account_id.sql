-- The admitted account, when the admission holds the scope that is needed;
-- NULL otherwise, so that a policy then shows nothing. Policies call it as
-- (select private.account_id('read')): an InitPlan, once a statement.
-- STABLE and not IMMUTABLE: a cached plan would keep a folded answer for the
-- next tenant.
create or replace function private.account_id(need text default '') returns uuid
stable parallel restricted security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  -- The scopes are read behind the seal's check: check_seal() comes first.
  return case when strpos(private.check_seal(), need) > 0 then nullif(current_setting('app.account_id', true), '')::uuid end;
end
$$;
