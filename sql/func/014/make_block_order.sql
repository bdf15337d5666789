-- Makes a block order: divides it, and asks for one order on each of its accounts, as a job
-- under that account's own admission. All of it is one transaction, so that either each
-- part is asked for or none is. The parts go their own ways from here on: each has its own
-- guards, approvals and answer. Returns the block order. Where whoever asks has made one under
-- this key before, it makes nothing and returns that.
--
-- A job's id, which is its order's id and client_order_id as well, follows from who asks,
-- the key and the account: were this database to come back older than it was, Alpaca would
-- refuse the same part a second time.
--
-- All logs are locked before anything else, in the order of the accounts' ids, and the
-- owners' rows after that in an order too, so that no two of these, and no other writer, wait
-- for each other.
--
-- 42501: no user is admitted, or an account as well. PD403, PD475: an account is not the
-- user's to trade on; nothing is made on any. PD472: the key came with another request.
-- PD473, PD474: it cannot be divided. PD430, PD431: too much is stored, or waits.
create or replace function private.make_block_order(p_key text, p_hash bytea, p_request jsonb) returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  token uuid := private.token_id();
  block private.block_orders;
  first jsonb;
  part record;
  asked jsonb;
begin
  for again in 1 .. 2 loop
    first := private.find_block_order(p_key, p_hash);
    if first is not null then
      return first;
    end if;
    perform private.require_block_accounts(p_request);
    perform from app.event_heads h
      where h.account_id in (select (a->>'account_id')::uuid from jsonb_array_elements(p_request->'accounts') a) order by h.account_id for update;
    insert into private.block_orders (id, user_id, token_id, idempotency_key, request, request_hash)
      values (gen_random_uuid(), who, token, p_key, p_request, p_hash)
      on conflict do nothing returning * into block;
    exit when found; -- or else another request has just made it
  end loop;

  perform private.count_stored('orders', 500 + octet_length(p_request::text), true);
  insert into private.block_order_parts (account_id, block_order_id, place, sleeve_id, weight, equity, amount, in_dollars, job_id)
    select s.account_id, block.id, s.place, s.sleeve_id, s.weight, s.equity, s.amount, s.unit = 0.01, case when s.amount > 0 then
        encode(substr(sha256(convert_to(jsonb_build_array(who, token, p_key, s.account_id)::text, 'UTF8')), 1, 16), 'hex')::uuid end
      from private.split_block_order(p_request) s;
  for part in
    select p.*, encode(sha256(convert_to(u.user_id, 'UTF8')), 'hex') as owner
      from private.block_order_parts p join app.user_accounts u on u.id = p.account_id
      where p.block_order_id = block.id and p.job_id is not null order by owner, p.account_id
  loop
    asked := jsonb_strip_nulls((p_request->'order') - 'qty' - 'notional' || jsonb_build_object(
      case when part.in_dollars then 'notional' else 'qty' end, trim_scale(part.amount)::text, 'sleeve_id', part.sleeve_id));
    perform private.enter_account(part.account_id);
    insert into app.jobs (account_id, id, kind, request, request_hash)
      values (part.account_id, part.job_id, 'order', asked, sha256(convert_to(asked::text, 'UTF8')));
  end loop;
  perform private.enter_account(null);
  return private.block_order_json(block.id);
end
$$;
