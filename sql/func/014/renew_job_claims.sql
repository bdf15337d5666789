-- Renews the claims of an instance's jobs that are still its own.
create or replace function private.renew_job_claims(p_holder uuid, p_ttl interval) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language sql as $$
  update private.job_lists l set live_until = clock_timestamp() + p_ttl
    where l.waits and l.holder = p_holder and l.live_until > clock_timestamp()
$$;
