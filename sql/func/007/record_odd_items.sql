-- Keeps items of the broker that are not in its documented form, as they came,
-- and appends an event for each that is new, or odd in another way than before,
-- at most 20 at once. p_read are the ids of items of the same kind that came in
-- form: their rows are deleted. p_whole means that the list had everything that
-- is open or held: an item that was not in it is not uncounted any more.
-- Returns the items that it appended events for.
create or replace function app.record_odd_items(p_account uuid, p_what text, p_items jsonb, p_read text[], p_whole boolean)
returns table (odd_id text, odd_why text)
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  i record;
  known text;
  ids text[] := '{}';
  appended integer := 0;
begin
  if p_items = '[]' and not exists (select from app.odd_items t where t.account_id = p_account) then
    return; -- as it is at almost every account, almost always
  end if;
  delete from app.odd_items t where t.account_id = p_account and t.what = p_what and t.item_id = any (p_read);
  for i in
    -- An item without an id gets a digest of its text for one.
    select distinct on (named.id) named.id, left(x.why, 2000) as why, x.said, x.unread, x.uncounted
    from jsonb_to_recordset(p_items) x(id text, why text, said text, unread boolean, uncounted boolean)
    cross join lateral (select left(coalesce(nullif(x.id, ''), 'md5:' || md5(x.said)), 200) as id) named
    order by named.id, x.uncounted desc, x.why
    limit 500
  loop
    ids := ids || i.id;
    select t.why into known from app.odd_items t where t.account_id = p_account and t.what = p_what and t.item_id = i.id;
    insert into app.odd_items as t (account_id, what, item_id, why, said, unread, uncounted)
      values (p_account, p_what, i.id, i.why, i.said, i.unread, i.uncounted)
      on conflict (account_id, what, item_id) do update
        set why = excluded.why, said = excluded.said, unread = excluded.unread, uncounted = excluded.uncounted, last_at = clock_timestamp();
    if known is distinct from i.why and appended < 20 then
      appended := appended + 1;
      odd_id := i.id;
      odd_why := i.why;
      perform private.append_event('order', jsonb_build_object('event', 'unapplied', 'what', p_what, 'id', i.id, 'why', i.why, 'update', i.said), null);
      return next;
    end if;
  end loop;
  if p_whole then
    update app.odd_items t set uncounted = false
      where t.account_id = p_account and t.what = p_what and t.uncounted and t.item_id <> all (ids);
  end if;
  delete from app.odd_items t
    where t.account_id = p_account and not t.uncounted and (t.what, t.item_id) in (
      select o.what, o.item_id from app.odd_items o where o.account_id = p_account order by o.last_at desc, o.what, o.item_id offset 500);
end
$$;
