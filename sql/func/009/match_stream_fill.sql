-- Gives a fill that was read from the list of activities the execution id that
-- the stream has for it, because a bust or a correction names that id. It is
-- the fill of the same order whose activity id ends in it, or else one of the
-- same quantity and price. Returns the fill, or a row of NULLs. The row is made
-- anew under that id, because no role may change a key.
create or replace function app.match_stream_fill(p_account uuid, p_order uuid, p_execution text, p_qty numeric, p_price numeric) returns app.fills
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  f app.fills;
begin
  delete from app.fills t
    where t.account_id = p_account and t.execution_id = (
      select a.execution_id from app.fills a
      where a.account_id = p_account and a.order_id = p_order and a.source = 'activities' and a.state = 'live'
        and (a.execution_id like '%::' || p_execution or a.qty = p_qty and a.price = p_price)
      order by a.execution_id like '%::' || p_execution desc, a.at, a.execution_id limit 1)
    returning * into f;
  if found then
    f.execution_id := p_execution;
    f.source := 'stream';
    insert into app.fills select f.*;
  end if;
  return f;
end
$$;
