-- Returns the admitted account's orders before a time and id that were copied, newest first,
-- each with how its copies went together: how many there are, were sent and were filled, the
-- time from the leader's order to theirs on average, and their average price. Nobody's are
-- told apart.
--
-- 42501: the admission may not read the account.
create or replace function private.list_led_orders(p_before timestamptz, p_before_id uuid, p_most integer)
returns table (led_at timestamptz, id uuid, symbol text, side text, price numeric, copies bigint, sent bigint, filled bigint, skipped bigint, lag_ms numeric, copies_price numeric)
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
#variable_conflict use_column
declare
  account uuid := private.require_account('reading what is copied', 'read');
begin
  return query
    select min(c.led_at), c.led_order_id, min(c.symbol), min(c.side), min(l.filled_avg_price), count(*), count(o.id), count(*) filter (where o.filled_qty > 0),
        count(*) filter (where c.state = 'skipped'),
        round(avg(extract(epoch from o.created_at - c.led_at) * 1000)), round(sum(o.filled_qty * o.filled_avg_price) / nullif(sum(o.filled_qty), 0), 6)
      from private.copy_follows f
      join app.copies c on c.account_id = f.account_id and c.follow_id = f.id and c.action <> 'cancel'
      join app.alpaca_orders l on l.account_id = account and l.id = c.led_order_id
      left join app.alpaca_orders o on o.account_id = c.account_id and o.id = c.id
      where f.leader_id = account
      group by c.led_order_id having (min(c.led_at), c.led_order_id) < (p_before, p_before_id)
      order by 1 desc, 2 desc limit p_most;
end
$$;
