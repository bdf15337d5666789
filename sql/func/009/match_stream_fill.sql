-- Gives a fill that was read from the list of activities the execution id that
-- the stream has for it, because a bust or a correction names that id. It is
-- the fill of the same order whose activity id ends in it, or else one of the
-- same quantity and price, and of the same time within a second where the time
-- is known (p_at): another that is like it may be yet to come. Returns the fill,
-- or a row of NULLs. The row is made anew under that id, because no role may
-- change a key.
create or replace function app.match_stream_fill(p_account uuid, p_order uuid, p_execution text, p_qty numeric, p_price numeric, p_at timestamptz)
  returns app.fills
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  f app.fills;
begin
  delete from app.fills t
    where t.account_id = p_account and t.execution_id = (
      select a.execution_id from app.fills a
      where a.account_id = p_account and a.order_id = p_order and a.source = 'activities' and a.state = 'live'
        and (split_part(a.execution_id, '::', 2) = p_execution or a.qty = p_qty and a.price = p_price
          and (p_at is null or a.at between p_at - interval '1 second' and p_at + interval '1 second'))
      order by split_part(a.execution_id, '::', 2) = p_execution desc, abs(extract(epoch from a.at - p_at)), a.at, a.execution_id limit 1)
    returning * into f;
  if found then
    f.execution_id := p_execution;
    f.source := 'stream';
    insert into app.fills select f.*;
  end if;
  return f;
end
$$;
