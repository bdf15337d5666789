-- Renews the holder's leases, takes up to p_max free ones, and answers all it
-- then holds, with what a stream needs to begin. Accounts without working
-- credentials are not streamed. generation grows when keys are replaced.
-- unresolved: some order's answer from the broker has been missing for 3 s.
create function private.claim_leases(p_holder uuid, p_ttl interval, p_max integer)
returns table (account_id uuid, environment text, fence bigint, generation bigint, last_event_id text, unresolved boolean)
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
begin
  -- Expired and not deleted: the fence must never begin again at 1.
  update app.stream_leases l set expires_at = '-infinity'
    where l.expires_at > clock_timestamp()
      and not exists (select from private.user_credentials c where c.account_id = l.account_id and c.rejected_at is null);

  update app.stream_leases l set expires_at = clock_timestamp() + p_ttl
    where l.holder = p_holder and l.expires_at > clock_timestamp();

  insert into app.stream_leases as l (account_id, holder, fence, expires_at)
    select c.account_id, p_holder, 1, clock_timestamp() + p_ttl
      from private.user_credentials c
      where c.rejected_at is null
        and not exists (select from app.stream_leases h where h.account_id = c.account_id and h.expires_at > clock_timestamp())
      order by c.account_id
      limit p_max
    on conflict (account_id) do update
      set holder = excluded.holder, fence = l.fence + 1, expires_at = excluded.expires_at
      where l.expires_at <= clock_timestamp();

  return query
    select l.account_id, u.environment, l.fence, c.generation, s.last_event_id,
      exists (select from app.alpaca_orders o
        where o.account_id = l.account_id and o.intent_state = 'submitting' and o.created_at < clock_timestamp() - interval '3 seconds')
    from app.stream_leases l
    join app.user_accounts u on u.id = l.account_id
    join private.user_credentials c on c.account_id = l.account_id
    left join app.stream_cursors s on s.account_id = l.account_id
    where l.holder = p_holder and l.expires_at > clock_timestamp();
end
$$;
