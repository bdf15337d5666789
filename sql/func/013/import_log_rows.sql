-- Takes a batch of an import's agent logs. Returns those that were refused, as a
-- JSON array. They become no events: nobody is told of what is long over. However old
-- they are they stay, in a partition of their own.
create or replace function private.import_log_rows(p_account uuid, p_import uuid, p_rows jsonb) returns jsonb
volatile set search_path = pg_catalog, pg_temp
language sql as $$
  with r as materialized (
    select r.*, app.import_row_id(p_account, 'agent_logs', r.id, r.key) as row_id,
      row_number() over (partition by app.import_row_id(p_account, 'agent_logs', r.id, r.key)) as nth
    from jsonb_to_recordset(p_rows) r (key text, id text, user_id text, orchestrator_agent_id text, level text, message text, data text,
      created_at timestamptz)
  ), judged as materialized (
    select r.*, case
        when coalesce(r.message, '') = '' then 'it has no message'
        when coalesce(r.level, 'info') not in ('debug', 'info', 'warn', 'error')
          then 'its level "' || left(r.level, 40) || '" is none of debug, info, warn and error: say in the mapping what it means'
        when char_length(r.message) > 10000 then 'its message is longer than 10000 characters'
        when r.created_at is null then 'it has no time'
        when r.nth > 1 then 'another row of the source has its id'
      end as fault
    from r
  ), made as (
    insert into app.agent_logs (account_id, id, import_id, user_id, orchestrator_agent_id, level, message, data, at, created_at)
      select p_account, j.row_id, p_import, j.user_id, j.orchestrator_agent_id, coalesce(j.level, 'info'), j.message, j.data::jsonb, j.created_at, j.created_at
      from judged j where j.fault is null
      on conflict do nothing returning id
  )
  select jsonb_agg(jsonb_build_object('key', j.key, 'reason', coalesce(j.fault, 'an entry with its id is here already')))
    from judged j left join made m on m.id = j.row_id where j.fault is not null or m.id is null
$$;
