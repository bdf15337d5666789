-- Writes into the copies of a leader's orders at which price these were filled, and when, as
-- far as they are over. Locks copies alone, and passes over those that somebody else has.
create or replace function private.settle_copies(p_leader uuid) returns integer
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  settled integer;
begin
  update app.copies c set leader_price = l.filled_avg_price, leader_filled_at = l.filled_at, settled = true
    from (
      select t.account_id, t.id, o.filled_avg_price, o.filled_at
        from private.copy_follows f join app.copies t on t.account_id = f.account_id and t.follow_id = f.id and not t.settled
        join app.alpaca_orders o on o.account_id = p_leader and o.id = t.led_order_id and not o.is_open
        where f.leader_id = p_leader order by t.account_id, t.id for update of t skip locked) l
    where c.account_id = l.account_id and c.id = l.id;
  get diagnostics settled = row_count;
  return settled;
end
$$;
