-- Writes what became of an import into the audit log. All functions of imports
-- write it through this one.
create or replace function private.audit_import(p_account uuid, p_import uuid, p_what text, p_detail jsonb) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.audit(p_account, 'import.' || p_what, p_detail || jsonb_build_object('import', p_import));
end
$$;
