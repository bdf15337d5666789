-- Refuses the first line of those that an agent sends which is of a time of which lines are
-- not kept (PD461), whose time is yet to come (PD462), or is about an order
-- that the admitted account does not have (PD463); the error's detail is the line's place, from 0.
-- The table's constraints, its foreign key and count_agent_logs decide the same, but cannot say which line it was.
create or replace function private.check_agent_logs(p_ats timestamptz[], p_orders uuid[]) returns void
stable security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('to log', 'log');
  oldest timestamptz := (select now() - r.keep from private.agent_log_retention r);
  latest timestamptz := now() + interval '1 minute';
  wrong bigint;
begin
  wrong := (select min(l.n) from unnest(p_ats) with ordinality l (at, n) where l.at < oldest);
  if wrong is not null then
    raise exception 'a line is older than lines are kept' using errcode = 'PD461', detail = wrong - 1;
  end if;
  wrong := (select min(l.n) from unnest(p_ats) with ordinality l (at, n) where l.at > latest);
  if wrong is not null then
    raise exception 'a line is of a time to come' using errcode = 'PD462', detail = wrong - 1;
  end if;
  wrong := (select min(l.n) from unnest(p_orders) with ordinality l (id, n) where l.id is not null
    and not exists (select from app.alpaca_orders o where o.account_id = account and o.id = l.id));
  if wrong is not null then
    raise exception 'a line is about an order that the account does not have' using errcode = 'PD463', detail = wrong - 1;
  end if;
end
$$;
