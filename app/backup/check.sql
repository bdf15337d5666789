-- Compares every table with what the snapshot had, and ends the transaction where
-- one differs: then nothing is restored.
set local timezone = 'UTC';
set local datestyle = 'ISO, MDY';
set local intervalstyle = 'postgres';
set local bytea_output = 'hex';
set local extra_float_digits = 1;
do $$
declare
  t record;
  rows bigint;
  digest numeric;
begin
  for t in select x.* from pg_temp.paddock_backup b, pg_catalog.jsonb_to_recordset(b.manifest -> 'tables')
      as x(schema name, name name, rows bigint, digest numeric)
  loop
    execute pg_catalog.format($query$
      select count(*), coalesce(sum(('x' || left(encode(sha256(convert_to(r::text, 'UTF8')), 'hex'), 15))::bit(60)::bigint::numeric), 0)
      from only %I.%I r $query$, t.schema, t.name) into rows, digest;
    if (rows, digest) is distinct from (t.rows, t.digest) then
      raise exception 'the table %.% differs from the backup: it has % rows and the digest %, and should have % and %',
        t.schema, t.name, rows, digest, t.rows, t.digest;
    end if;
  end loop;
end
$$;
