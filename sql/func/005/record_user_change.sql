-- Trigger: writes into the audit what happens to a user, a password or another way
-- of signing in, two-factor authentication, or a session, whoever does it: Paddock's sign-in, a Better Auth
-- server on the same database, or an operator. A session's token is never written, nor are secrets and codes,
-- nor names and addresses of email, which would outlive the user.
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
        if coalesce(after->>'twoFactorEnabled', 'false') <> coalesce(before->>'twoFactorEnabled', 'false') then
          what := 'two_factor.' || case when after->>'twoFactorEnabled' = 'true' then 'enable' else 'disable' end;
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
    when 'twoFactor' then
      -- Its end is in the audit as that of the user's two-factor authentication.
      if tg_op = 'DELETE' or tg_op = 'UPDATE' and (before->>'secret', before->>'backupCodes') is not distinct from (after->>'secret', after->>'backupCodes') then
        return null;
      end if;
      what := 'two_factor.' || case
        when tg_op = 'INSERT' or before->>'secret' <> after->>'secret' then 'set_up'
        when exists (select from auth.second_factor_uses f where f.user_id = who and f.used_in = pg_current_xact_id()) then 'use_backup_code'
        else 'change_backup_codes' end;
  end case;
  perform private.audit(null, what, detail, who);
  return null;
end
$$;
