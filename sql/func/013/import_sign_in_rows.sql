-- Takes a batch of the ways in which an import's users sign in: passwords alone,
-- and of those users alone whom this import brought, so that it changes nobody
-- else's password. Returns those that were refused, as a JSON array.
create or replace function private.import_sign_in_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  with r as materialized (
    select r.*, row_number() over (partition by r.id) as nth, row_number() over (partition by r."userId") as nth_user
    from jsonb_to_recordset(p_rows) r (key text, id text, "accountId" text, "providerId" text, "userId" text, password text,
      "createdAt" timestamptz, "updatedAt" timestamptz)
  ), judged as materialized (
    select r.*, case
        when r."providerId" is distinct from 'credential' then 'Paddock signs people in by their password alone, and this is another way'
        when nullif(r.id, '') is null then 'it has no id'
        when not exists (select from private.import_users i where i.account_id = p_account and i.import_id = p_import and i.user_id = r."userId")
          then 'its user was not moved'
        when coalesce(r.password, '') !~ '^[0-9a-f]{32}:[0-9a-f]{128}$' then 'its password is not hashed as Better Auth does (scrypt): its user cannot sign in'
        when r.nth > 1 or r.nth_user > 1 or exists (select from auth.account a where a."userId" = r."userId")
          then 'its user has a password already'
      end as fault
    from r
  ), made as (
    insert into auth.account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
      select j.id, coalesce(j."accountId", j."userId"), 'credential', j."userId", j.password, coalesce(j."createdAt", now()),
        coalesce(j."updatedAt", j."createdAt", now())
      from judged j where j.fault is null
      on conflict do nothing returning id
  )
  select jsonb_agg(jsonb_build_object('key', j.key, 'reason', coalesce(j.fault, 'a way of signing in with this id is here already')))
    from judged j left join made m on m.id = j.id where j.fault is not null or m.id is null
$$;
