-- Notes that an import is done, with all of its tables. 22023: a table has not
-- ended.
create or replace function private.finish_import(p_account uuid, p_import uuid) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.lock_import(p_account, p_import, 'running');
  if exists (select from private.import_tables t where t.account_id = p_account and t.import_id = p_import and not t.ended) then
    raise exception 'not all tables of the import have ended' using errcode = '22023';
  end if;
  update private.imports i set state = 'done', ended_at = clock_timestamp() where i.account_id = p_account and i.id = p_import;
  perform private.audit_import(p_account, p_import, 'done', (select jsonb_object_agg(t.name, jsonb_build_object('taken', t.taken, 'refused', t.refused))
    from private.import_tables t where t.account_id = p_account and t.import_id = p_import));
end
$$;
