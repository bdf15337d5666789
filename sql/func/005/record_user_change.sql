-- Trigger: writes into the audit what happens to a user, a password or another way
-- of signing in, or a session, whoever does it: Paddock's sign-in, a Better Auth
-- server on the same database, or an operator. A session's token is never written,
-- nor are names and addresses of email, which would outlive the user.
create or replace function private.record_user_change() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  either jsonb := coalesce(after, before);
  who text := coalesce(either->>'userId', either->>'id');
  what text;
  detail jsonb := '{}';
begin
  case tg_table_name
    when 'user' then
      what := 'user.' || case tg_op when 'INSERT' then 'create' when 'DELETE' then 'delete' else 'change' end;
      if tg_op = 'UPDATE' then
        select jsonb_build_object('changed', jsonb_agg(n.key order by n.key)) into detail
          from jsonb_each(after) n where n.key <> 'updatedAt' and n.value is distinct from before->n.key;
        if detail->'changed' = 'null' then
          return null;
        end if;
      end if;
    when 'session' then
      what := 'session.' || case tg_op when 'INSERT' then 'begin' else 'end' end;
      if tg_op = 'DELETE' and old."expiresAt" <= now() then
        return null;
      end if;
      detail := jsonb_build_object('session_id', either->>'id', 'user_agent', left(either->>'userAgent', 512), 'address', left(either->>'ipAddress', 64));
    when 'account' then
      if tg_op = 'UPDATE' and (before->>'password', before->>'providerId') is not distinct from (after->>'password', after->>'providerId') then
        return null;
      end if;
      what := case when either->>'providerId' = 'credential' then 'password.' else 'sign_in_method.' end
        || case tg_op when 'INSERT' then 'create' when 'DELETE' then 'delete' else 'change' end;
      detail := jsonb_build_object('provider', either->>'providerId');
  end case;
  perform private.audit(null, what, detail, who);
  return null;
end
$$;
