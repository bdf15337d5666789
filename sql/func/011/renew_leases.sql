-- Records that the holder lives, which renews all its leases, and returns what it
-- must know soon. mark changes when a look at all accounts (claim_leases) may find
-- something new: keys were stored, replaced or refused, or an instance came or
-- went. unresolved are its accounts with an order to which the broker's answer has
-- been missing for 3 s, syncing those of which somebody waits for a
-- reconciliation, with its number in syncs, winding_down those with a wind-down that
-- is running, and importing those whose history is to be imported.
--
-- It runs every second or two, and reads nothing of accounts at which nothing
-- happens: each question has a partial index that has no other rows.
create or replace function private.renew_leases(p_holder uuid, p_ttl interval, p_max integer,
  out mark text, out unresolved uuid[], out syncing uuid[], out syncs bigint[], out winding_down uuid[], out importing uuid[])
volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
language plpgsql as $$
begin
  perform private.give_sign(p_holder, p_ttl, p_max);
  -- A digest, because a holder's id is its key to its leases.
  mark := (select c.last_value from private.stream_changes c) || ' ' || coalesce(
    (select encode(sha256(convert_to(string_agg(i.holder || ' ' || i.most, ' ' order by i.holder), 'UTF8')), 'hex') from private.live_instances() i), '');
  unresolved := array(select distinct o.account_id from app.alpaca_orders o
    join app.stream_leases l on l.account_id = o.account_id and l.holder = p_holder
    where o.intent_state = 'submitting' and o.created_at < clock_timestamp() - interval '3 seconds');
  select coalesce(array_agg(y.account_id), '{}'), coalesce(array_agg(y.asked), '{}') into syncing, syncs from app.syncs y
    join app.stream_leases l on l.account_id = y.account_id and l.holder = p_holder
    where y.asked > y.answered and y.asked_at > clock_timestamp() - interval '1 minute';
  winding_down := array(select distinct w.account_id from app.wind_downs w
    join app.stream_leases l on l.account_id = w.account_id and l.holder = p_holder
    where w.state = 'running');
  importing := array(select h.account_id from app.history_imports h
    join app.stream_leases l on l.account_id = h.account_id and l.holder = p_holder
    where h.state <> 'done' or h.asked > h.begun);
end
$$;
