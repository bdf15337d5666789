-- Finds which entries of a symbol belong to one split, and sets split_of. The
-- broker reports a split as two entries, the shares that go and the shares that
-- come, seconds to minutes apart and in either order. Entries of one group
-- belong together. Of the others, two that follow one another do if they have
-- opposite signs, lie on one day or within an hour, and do not name different
-- kinds of split. A split counts at the time of its first entry. Returns the
-- time from which on something has changed; NULL if nothing has.
create or replace function app.pair_splits(p_account uuid, p_symbol text) returns timestamptz
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  e record;
  waiting app.journal_adjustments; -- an entry without its other half
  leader text;
  since timestamptz;
begin
  for e in
    select a.*, (select g.activity_id from app.journal_adjustments g
        where g.account_id = p_account and g.symbol = p_symbol and g.kind = 'SPLIT' and not g.canceled and g.group_id = a.group_id
        order by g.at, g.activity_id limit 1) as group_leader
      from app.journal_adjustments a
      where a.account_id = p_account and a.symbol = p_symbol and a.kind = 'SPLIT'
      order by a.at, a.activity_id
  loop
    leader := null;
    if not e.canceled then
      if e.group_leader <> e.activity_id then
        select g.split_of into leader from app.journal_adjustments g where g.account_id = p_account and g.activity_id = e.group_leader;
        if waiting.activity_id = leader then
          waiting := null;
        end if;
      elsif waiting.qty * e.qty < 0 and (waiting.group_id is null or e.group_id is null)
          and coalesce(waiting.sub_type = e.sub_type, true) and (waiting.day = e.day or e.at <= waiting.at + interval '1 hour') then
        leader := waiting.activity_id;
        waiting := null;
      else
        leader := e.activity_id;
        select a.* into waiting from app.journal_adjustments a where a.account_id = p_account and a.activity_id = e.activity_id;
      end if;
    end if;
    if e.split_of is distinct from leader then
      update app.journal_adjustments a set split_of = leader where a.account_id = p_account and a.activity_id = e.activity_id;
      select least(since, min(a.at)) into since from app.journal_adjustments a
        where a.account_id = p_account and a.activity_id in (e.activity_id, e.split_of, leader);
    end if;
  end loop;
  return since;
end
$$;
