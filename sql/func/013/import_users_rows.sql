-- Takes a batch of an import's users. Returns those that were refused, as a JSON
-- array. A user whose address is known here stays as it is.
create or replace function private.import_users_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  with r as materialized (
    select r.*, row_number() over (partition by r.id) as nth, row_number() over (partition by r.email) as nth_email
    from jsonb_to_recordset(p_rows) r (key text, id text, name text, email text, "emailVerified" boolean, image text,
      "createdAt" timestamptz, "updatedAt" timestamptz)
  ), judged as materialized (
    select r.*, case
        when nullif(r.id, '') is null then 'it has no id'
        when coalesce(r.email, '') !~ '^[^@\s]+@[^@\s]+$' then 'it has no email address'
        when r.nth > 1 or r.nth_email > 1 then 'another user of the source has this id or address'
      end as fault,
      exists (select from private.import_users i where i.account_id = p_account and i.import_id = p_import and i.user_id = r.id)
        and exists (select from auth."user" u where u.id = r.id and u.email = r.email) as is_owner
    from r
  ), made as (
    insert into auth."user" (id, name, email, "emailVerified", image, "createdAt", "updatedAt")
      select j.id, coalesce(j.name, j.email), j.email, coalesce(j."emailVerified", false), j.image, coalesce(j."createdAt", now()),
        coalesce(j."updatedAt", j."createdAt", now())
      from judged j where j.fault is null and not j.is_owner
      on conflict do nothing returning id
  ), noted as (
    insert into private.import_users (account_id, import_id, user_id) select p_account, p_import, m.id from made m
  )
  select jsonb_agg(jsonb_build_object('key', j.key, 'reason', coalesce(j.fault, 'a user with this address or id is here already, and stays as it is')))
    from judged j left join made m on m.id = j.id where j.fault is not null or not j.is_owner and m.id is null
$$;
