-- Rings the doorbell. The payload says little: the last 32 bits of each account
-- that has news, or nothing where they are not known or too many, and '!' where
-- somebody's access has changed. Readers ask the log and admission what it is.
-- Meant for a transaction of its own with synchronous_commit off, since NOTIFY
-- holds a database-wide lock while it commits.
create function private.ring(p_accounts uuid[] default null) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform pg_notify(d.channel, case
      when cardinality(p_accounts) between 1 and 64 then
        (select string_agg(right(a::text, 8), '') from unnest(p_accounts) a)
      else '' end)
    from private.doorbell d;
end
$$;
