-- Recomputes the round trips of the shares that contracts of a symbol became since p_at: whose
-- they are follows from whose the contracts were (app.attribute_adjustment).
create or replace function app.recompute_exercised(p_account uuid, p_symbol text, p_at timestamptz) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  shares text := app.underlying(p_symbol);
  since timestamptz;
begin
  if shares is null then
    return;
  end if;
  since := (select min(s.at) from app.journal_adjustments c
    join app.journal_adjustments s on s.account_id = p_account and s.symbol = shares and s.kind = 'OPTRD' and (s.group_id = c.group_id or s.day = c.day)
    where c.account_id = p_account and c.symbol = p_symbol and c.kind in ('OPEXC', 'OPASN') and c.at >= p_at);
  if since is not null then
    perform app.recompute_round_trips(p_account, shares, since, '');
  end if;
end
$$;
