-- Returns how much of a change of a position, by p_move units, the mirror's
-- quantity has already: a list of positions had it before its cause was known.
-- That much is explained now. The mirror is in doubt then, since the list may
-- have had another change.
create or replace function app.take_uncounted(p_account uuid, p_symbol text, p_move numeric) returns numeric
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  taken numeric;
begin
  update app.alpaca_positions p set uncounted = p.uncounted - t.taken
    from (select case when p_move < 0 then greatest(u.uncounted, p_move) else least(u.uncounted, p_move) end as taken
      from app.alpaca_positions u where u.account_id = p_account and u.symbol = app.position_symbol(p_symbol)) t
    where p.account_id = p_account and p.symbol = app.position_symbol(p_symbol) and sign(p.uncounted) = sign(p_move)
    returning t.taken into taken;
  if not found then
    return 0;
  end if;
  perform app.doubt_mirror(p_account);
  return taken;
end
$$;
