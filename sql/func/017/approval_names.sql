-- Returns the names of those whose ids are in an approval of the admitted account, by their
-- ids: who proposed it, who said something of it, the one on the account whose role it
-- changes, and the sleeves that it is about. Who has left Paddock since is not among them.
create or replace function private.approval_names(p_account uuid, p_id uuid) returns jsonb
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  a app.approvals;
begin
  if p_account is distinct from private.account_id() then
    return null;
  end if;
  select p.* into a from app.approvals p where p.account_id = p_account and p.id = p_id;
  return (select coalesce(jsonb_object_agg(n.id, n.name), '{}') from (
    select u.id, u.name from auth."user" u where u.id = a.proposed_by
    union
    select u.id, u.name from app.approval_words w join auth."user" u on u.id = w.user_id where w.account_id = p_account and w.approval_id = p_id
    union
    select u.id, u.name from private.usable_grants() g join auth."user" u on u.id = g.user_id
      where a.kind = 'grant' and g.account_id = p_account and g.user_id = a.request->>'user_id'
    union
    select s.id::text, s.name from app.sleeves s
      where s.account_id = p_account and s.id::text in (a.request->>'sleeve_id', a.request->>'from_sleeve_id', a.request->>'to_sleeve_id')) n);
end
$$;
