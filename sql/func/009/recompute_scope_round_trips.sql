-- Recomputes the round trips of a symbol in one scope, beginning with the trip
-- that was open at p_at and p_id. A fill that is newer than all others
-- continues the open trip as it is, so that its cost does not grow with the
-- history.
--
-- It stops after p_most executions and adjustments, if that is not null, and
-- returns the next one, with which it is to be called again; null when there is
-- none. Until then the round trips behind that one are missing.
--
-- Quantities, notionals (quantity times price) and fees are sums, and exact. An
-- exit takes its part of the cost that is still held, at average cost, cut off
-- after 18 decimals while the trip is open. The last exit takes what is left,
-- so that a closed trip's profit is exactly its exits less its entries.
create or replace function app.recompute_scope_round_trips(p_account uuid, p_symbol text, p_scope text, p_value text, p_at timestamptz, p_id text,
  p_most integer default null, out next_at timestamptz, out next_id text)
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  t app.trading_positions; -- the open trip; its id is NULL when there is none
  e record;
  start_at timestamptz := p_at;
  start_id text := p_id;
  part numeric;            -- how much of the first fill counts: the rest closed the trip before
  q numeric;               -- what is still to be booked, negative when sold
  held numeric;
  n numeric;
  cost numeric;
  before numeric;          -- a split turns this many
  after numeric;           -- into this many
  done integer := 0;       -- executions and adjustments
begin
  select p.* into t from app.trading_positions p
    where p.account_id = p_account and p.symbol = p_symbol and p.scope = p_scope and p.scope_value = p_value
      and (p.last_at, p.last_id) >= (p_at, p_id)
    order by p.last_at, p.last_id, p.opened_at, p.opened_id limit 1;
  if found then
    if (t.opened_at, t.opened_id) < (p_at, p_id) then
      start_at := t.opened_at;
      start_id := t.opened_id;
      part := t.opening_qty;
    end if;
    delete from app.trading_positions p
      where p.account_id = p_account and p.symbol = p_symbol and p.scope = p_scope and p.scope_value = p_value
        and (p.opened_at, p.opened_id) >= (t.opened_at, t.opened_id);
    t := null;
  else
    select p.* into t from app.trading_positions p
      where p.account_id = p_account and p.symbol = p_symbol and p.scope = p_scope and p.scope_value = p_value
        and p.closed_at is null;
  end if;

  for e in
    select f.at, f.execution_id as id, 'fill' as kind, case f.side when 'buy' then f.qty else -f.qty end as qty, f.price, 0::numeric as fee,
        f.multiplier, f.asset_class, null::numeric as added, null::numeric as removed
      from app.fills f
      where f.account_id = p_account and f.symbol = p_symbol and f.state = 'live' and (f.at, f.execution_id) >= (start_at, start_id)
        and case p_scope when 'account' then true when 'agent' then f.orchestrator_agent_id = p_value
          when 'sleeve' then f.sleeve_id::text = p_value when 'user' then f.submitted_by = p_value
          when 'token' then f.token_id::text = p_value else f.tag = p_value end
    union all
    -- The entries of one split count together, at the time of the first: the
    -- shares that go, and those that come. An entry that names its kind of split
    -- and is alone waits for the other.
    select l.at, l.activity_id, 'SPLIT', null, null, 0, null, null,
        coalesce(sum(a.qty) filter (where a.qty > 0), 0), coalesce(-sum(a.qty) filter (where a.qty < 0), 0)
      from app.journal_adjustments l
      join app.journal_adjustments a on a.account_id = p_account and a.symbol = replace(p_symbol, '/', '') and a.split_of = l.activity_id
      where l.account_id = p_account and l.symbol = replace(p_symbol, '/', '') and l.kind = 'SPLIT' and l.split_of = l.activity_id
        and (l.at, l.activity_id) >= (start_at, start_id)
      group by l.at, l.activity_id, l.sub_type
      having count(*) > 1 or l.sub_type is null
    union all
    select a.at, a.activity_id, a.kind, a.qty, case when a.kind in ('OPEXP', 'OPEXC', 'OPASN') then 0 else coalesce(a.price, 0) end,
        case when a.kind in ('FEE', 'CFEE') then -a.net_amount else 0 end, 1, 'us_equity', null, null
      from app.journal_adjustments a
      where a.account_id = p_account and a.symbol = replace(p_symbol, '/', '') and not a.canceled and a.kind <> 'SPLIT'
        and (a.at, a.activity_id) >= (start_at, start_id)
        and case p_scope when 'account' then true
          when 'agent' then a.kind = 'OPEXP' or a.orchestrator_agent_id = p_value
          when 'sleeve' then a.kind = 'OPEXP' or a.sleeve_id::text = p_value
          when 'user' then a.kind = 'OPEXP' or a.attributed_to = p_value
          when 'token' then a.kind = 'OPEXP' or a.token_id::text = p_value
          else a.kind = 'OPEXP' or a.tag = p_value end
    order by 1, 2
    limit p_most + 1
  loop
    if done = p_most then
      next_at := e.at;
      next_id := e.id;
      exit;
    end if;
    done := done + 1;
    held := (t.entry_qty - t.exit_qty) * case t.direction when 'long' then 1 else -1 end; -- NULL when there is no trip
    q := e.qty;

    if e.kind = 'SPLIT' then
      if p_scope = 'account' then
        -- If both entries are known, they are the ratio. If only the difference is,
        -- the ratio is that of what is held after and before it.
        before := case when e.added = 0 or e.removed = 0 then abs(held) when held > 0 then e.removed when held < 0 then e.added end;
        after := case when e.added = 0 or e.removed = 0 then sign(held) * (held + e.added - e.removed) when held > 0 then e.added else e.removed end;
        update app.journal_adjustments a
          set old_parts = case when before > 0 and after > 0 then before end, new_parts = case when before > 0 and after > 0 then after end
          where a.account_id = p_account and a.activity_id = e.id;
      end if;
      select a.old_parts, a.new_parts into before, after from app.journal_adjustments a
        where a.account_id = p_account and a.activity_id = e.id;
      n := div((t.entry_qty - t.exit_qty) * after * 1000000000, before) * 0.000000001;
      if n > 0 then
        t.exit_qty := div(t.exit_qty * after * 1000000000, before) * 0.000000001;
        t.entry_qty := t.exit_qty + n;
        t.max_qty := div(t.max_qty * after * 1000000000, before) * 0.000000001;
        t.last_at := e.at;
        t.last_id := e.id;
      end if;
      continue;
    end if;

    if e.kind <> 'fill' then
      if p_scope = 'account' then
        perform app.attribute_adjustment(p_account, e.id, p_symbol, coalesce(t.opened_at, (select max(l.opened_at) from app.trading_positions l
          where l.account_id = p_account and l.symbol = p_symbol and l.scope = 'account' and l.scope_value = '')));
      end if;
      if e.kind = 'OPEXP' then
        q := -held; -- all that is held: it expired worthless
      elsif e.kind in ('OPEXC', 'OPASN') then
        q := -sign(held) * least(abs(held), abs(q)); -- the shares that it turns into come as an OPTRD
      elsif e.kind in ('FEE', 'CFEE') and q is not null then
        -- A fee in coins is an exit at its price, of no more than is held.
        q := case when held > 0 then -least(held, abs(q)) end;
        e.fee := e.fee + coalesce(abs(e.qty) * e.price, 0);
      end if;
      if e.fee <> 0 and t.id is not null then
        t.fees := t.fees + e.fee;
        t.last_at := e.at;
        t.last_id := e.id;
      elsif e.fee <> 0 then
        -- The trip that the fee belongs to is closed already.
        update app.trading_positions p set fees = p.fees + e.fee, last_at = e.at, last_id = e.id
          where p.account_id = p_account and p.id = (select l.id from app.trading_positions l
            where l.account_id = p_account and l.symbol = p_symbol and l.scope = p_scope and l.scope_value = p_value
            order by l.opened_at desc, l.opened_id desc limit 1);
      end if;
    end if;

    if part is not null then
      q := sign(q) * part;
      part := null;
    end if;
    while q <> 0 loop
      n := abs(q);
      if t.id is null then
        t.account_id := p_account;
        t.id := md5(concat_ws(chr(31), p_scope, p_value, p_symbol, e.id))::uuid;
        t.scope := p_scope;
        t.scope_value := p_value;
        t.symbol := p_symbol;
        t.asset_class := e.asset_class;
        t.multiplier := e.multiplier;
        t.direction := case when q > 0 then 'long' else 'short' end;
        t.opened_at := e.at;
        t.opened_id := e.id;
        t.opening_qty := n;
        t.entry_qty := 0;
        t.entry_notional := 0;
        t.exit_qty := 0;
        t.exit_notional := 0;
        t.held_cost := 0;
        t.max_qty := 0;
        t.fees := 0;
        t.fills := 0;
        t.closed_at := null;
      end if;
      t.last_at := e.at;
      t.last_id := e.id;
      t.fills := t.fills + case e.kind when 'fill' then 1 else 0 end;
      held := t.entry_qty - t.exit_qty;
      if (q > 0) = (t.direction = 'long') then
        t.entry_qty := t.entry_qty + n;
        t.entry_notional := t.entry_notional + n * e.price;
        t.held_cost := t.held_cost + n * e.price;
        t.max_qty := greatest(t.max_qty, held + n);
        q := 0;
      else
        n := least(n, held);
        cost := case when n = held then t.held_cost
          else div(t.held_cost * n * 1000000000000000000, held) * 0.000000000000000001 end;
        t.exit_qty := t.exit_qty + n;
        t.exit_notional := t.exit_notional + n * e.price;
        t.held_cost := t.held_cost - cost;
        q := q - sign(q) * n;
        if n = held then
          t.closed_at := e.at;
          perform app.write_trading_position(t);
          t := null;
        end if;
      end if;
    end loop;
  end loop;
  if t.id is not null then
    perform app.write_trading_position(t);
  end if;
end
$$;
