-- Sets the agent, the tag, the sleeve, the user and the API token of an adjustment by the fills since the round trip
-- began: by those at the adjustment's own price if there are any, else by all.
-- If all of them are one agent's, the adjustment is that agent's, and the same
-- holds for the others. If several had a part in it, it is the account's alone.
--
-- The shares of an exercise or an assignment belong to whom the contracts belonged:
-- whoever holds other shares of that symbol has no part in it. Those contracts are of the
-- same group, or else of the same day and strike.
create or replace function app.attribute_adjustment(p_account uuid, p_activity text, p_symbol text, p_since timestamptz) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  update app.journal_adjustments a
    set orchestrator_agent_id = case when whose.agents = 1 then whose.agent end, tag = case when whose.tags = 1 then whose.tag end,
        sleeve_id = case when whose.sleeves = 1 then whose.sleeve::uuid end,
        attributed_to = case when whose.users = 1 then whose.who end, token_id = case when whose.tokens = 1 then whose.token::uuid end
    from (
      select count(distinct coalesce(p.orchestrator_agent_id, '')) as agents, min(p.orchestrator_agent_id) as agent,
        count(distinct coalesce(p.tag, '')) as tags, min(p.tag) as tag,
        count(distinct coalesce(p.sleeve_id::text, '')) as sleeves, min(p.sleeve_id::text) as sleeve,
        count(distinct coalesce(p.who, '')) as users, min(p.who) as who,
        count(distinct coalesce(p.token_id::text, '')) as tokens, min(p.token_id::text) as token
      from app.journal_adjustments j
      cross join lateral (
        select c.orchestrator_agent_id, c.tag, c.sleeve_id, c.attributed_to as who, c.token_id, 1 as place
        from app.journal_adjustments c
        where j.kind = 'OPTRD' and c.account_id = p_account and c.kind in ('OPEXC', 'OPASN') and not c.canceled
          and app.underlying(c.symbol) = j.symbol
          and coalesce(c.group_id = j.group_id, c.day = j.day and right(c.symbol, 8)::numeric / 1000 = j.price)
        union all
        select t.orchestrator_agent_id, t.tag, t.sleeve_id, t.submitted_by, t.token_id, rank() over (order by t.price is distinct from j.price)
        from app.fills t
        where j.kind <> 'OPTRD' and t.account_id = p_account and t.symbol = p_symbol and t.state = 'live' and t.at >= p_since
          and (t.at, t.execution_id) < (j.at, j.activity_id)) p
      where j.account_id = p_account and j.activity_id = p_activity and p.place = 1) whose
    where a.account_id = p_account and a.activity_id = p_activity;
end
$$;
