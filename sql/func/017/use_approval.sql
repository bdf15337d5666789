-- Uses the approval of an order that is about to be sent, and that needs one by what
-- app.check_guards says now (p_need). Only the job that the approval is for can: of any
-- other order, PD450, with p_need as its detail. All is asked again here, in the
-- transaction that makes the order: whether there are as many words as are needed now, of
-- people who may still give them, and whether the order, its worth and its prices are
-- what these people saw. If not, PD451, with why as its detail, and nothing is sent.
create or replace function private.use_approval(o app.alpaca_orders, p_need jsonb) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  a app.approvals;
  most numeric; -- by how much a price may have moved, as a factor
  void text;
  price record;
begin
  select t.* into a from app.approvals t
    where t.account_id = o.account_id and t.id = private.job_id() and t.kind = 'order' and o.account_id = private.account_id('trade') for update;
  if not found then
    raise exception 'the order needs a person''s word' using errcode = 'PD450', detail = p_need::text;
  end if;
  most := (select min(w.max_price_move) from app.approval_words w where w.account_id = a.account_id and w.approval_id = a.id and w.word = 'approve') / 100;
  void := case
    when a.state <> 'approved' then 'It is ' || a.state || '.'
    when a.expires_at <= clock_timestamp() then 'It has expired.'
    when a.digest <> private.approval_digest(a) or a.request is distinct from o.request or a.proposed_by is distinct from o.submitted_by
        or a.token_id is distinct from private.token_id() then 'The order is another than the one that was approved.'
    when not private.has_approval(a, (p_need->>'needed')::integer, (p_need->>'four_eyes')::boolean)
      then 'Fewer people stand by it than it needs now.'
    when (p_need->>'worth')::numeric > a.worth * (1 + most) then format('It could be worth %s by now, and was approved for %s.', p_need->>'worth', a.worth)
  end;
  for price in select key as symbol, value::numeric as was, (o.reference_prices->>key)::numeric as now from jsonb_each_text(a.prices) loop
    if coalesce(abs(price.now - price.was) > price.was * most, true) then
      void := coalesce(void, format('The price of %s was %s when it was proposed and is %s, which is a larger move than was approved.', price.symbol, price.was, price.now));
    end if;
  end loop;
  if void is not null then
    raise exception 'the approval does not hold' using errcode = 'PD451', detail = void;
  end if;
  update app.approvals t set state = 'used' where t.account_id = a.account_id and t.id = a.id;
  perform private.write_event(a.account_id, 'approval', jsonb_build_object('event', 'used', 'approval', app.approval_json(a.account_id, a.id)));
end
$$;
