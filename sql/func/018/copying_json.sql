-- Returns what the admitted account offers, how many follow it, and whom it follows: of each
-- leader the name that it gave itself, and nothing else.
--
-- 42501: the admission may not read the account.
create or replace function private.copying_json() returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('reading what is copied', 'read');
begin
  return jsonb_build_object(
    'offer', (select jsonb_build_object('id', o.id, 'name', o.name, 'made_at', app.rfc3339(o.made_at),
        'followers', (select count(*) from private.copy_follows f where f.leader_id = account and f.ended_at is null))
      from private.copy_offers o where o.account_id = account and o.ended_at is null),
    'follows', (select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'name', o.name, 'token_id', f.token_id, 'ratio', trim_scale(f.ratio)::text,
        'made_at', app.rfc3339(f.made_at), 'ended_at', app.rfc3339(f.ended_at), 'ended_by', f.ended_by) order by f.made_at desc, f.id), '[]')
      from private.copy_follows f join private.copy_offers o on o.account_id = f.leader_id and o.id = f.offer_id where f.account_id = account));
end
$$;
