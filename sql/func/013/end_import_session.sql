-- Ends the session that begin_import_session made, and notes whether the API keys
-- were stored by it.
create or replace function private.end_import_session(p_account uuid, p_import uuid, p_token text, p_moved_keys boolean) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.lock_import(p_account, p_import, 'running');
  delete from auth.session s where s.token = p_token and s.id like 'import-%';
  update private.imports i set moved_keys = i.moved_keys or p_moved_keys where i.account_id = p_account and i.id = p_import;
end
$$;
