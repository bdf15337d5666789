-- Returns the next events of a destination that p_holder has claimed, p_most at most, and
-- with each the secret without its outer layer, which p_key opens. The last row may have
-- no kind: up to that number there is no event that is wanted, or none that is
-- kept any more. In the quiet hours of a notice, as of p_at, it returns what is urgent alone,
-- apart from the rest, which waits: end_delivery is told so.
create or replace function private.read_delivery(p_account uuid, p_destination uuid, p_holder uuid, p_key text, p_most integer,
  p_at timestamptz default clock_timestamp())
returns table (secret bytea, apart boolean, seq bigint, kind text, at timestamptz, data jsonb)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  to_it app.destinations;
  head bigint;
  opened bytea;
  after bigint;
  reached bigint;
  quiet boolean;
  wanted bigint[];
begin
  select d.* into to_it from app.destinations d
    where d.account_id = p_account and d.id = p_destination and d.holder = p_holder and d.live_until > clock_timestamp() and d.state = 'on';
  if not found then
    return;
  end if;
  quiet := app.is_quiet(to_it.quiet_from, to_it.quiet_until, to_it.time_zone, p_at);
  if quiet and not to_it.urgent then
    return;
  end if;
  head := (select h.last_seq from app.event_heads h where h.account_id = p_account);
  opened := (select ext.pgp_sym_decrypt_bytea(s.ciphertext, p_key) from private.destination_secrets s where s.account_id = p_account and s.destination_id = p_destination);
  after := case when quiet then greatest(to_it.last_seq, to_it.urgent_seq) else to_it.last_seq end;
  -- No more than a thousand are passed over at a time, so that it stays short.
  reached := least(head, after + 1000);
  wanted := array(select e.seq from app.account_events e
    where e.account_id = p_account and e.seq > after and e.seq <= reached
      and case when to_it.type = 'webhook' then to_it.kinds is null or e.kind = any (to_it.kinds)
        when e.kind = 'summary' then (e.data->>'notice_id')::uuid = p_destination and not quiet
        else app.event_topic(e.kind, e.data) = any (to_it.topics)
          and case when quiet then app.is_urgent(e.kind, e.data) else e.seq > to_it.urgent_seq or not app.is_urgent(e.kind, e.data) end end
    order by e.seq limit p_most);
  if cardinality(wanted) = 0 then
    return query select opened, quiet, reached, null, null::timestamptz, null::jsonb;
  else
    return query select opened, quiet, e.seq, e.kind, e.at, e.data from app.account_events e
      where e.account_id = p_account and e.seq = any (wanted) order by e.seq;
  end if;
end
$$;
