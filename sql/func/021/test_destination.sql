-- Has a test message sent to a webhook (p_webhook), or by a notice, of the admitted account, and
-- reports whether there is such a one. It is an event of the account's log that this
-- destination alone is told of, whatever it is told of otherwise: so it goes the way of all
-- others, behind those that wait, and again until it is taken. In quiet hours it is urgent.
--
-- 42501: the scope "manage" is needed. PD466: it is off. PD467: the user has had ten sent within an hour.
create or replace function private.test_destination(p_id uuid, p_webhook boolean) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('a test message', 'manage');
  what text := case when p_webhook then 'webhook' else 'notice' end;
  is_on boolean;
  counted integer;
begin
  perform private.lock_event_log();
  select d.state = 'on' into is_on from app.destinations d where d.account_id = account and d.id = p_id and (d.type = 'webhook') = p_webhook;
  if not found then
    return false;
  end if;
  if not is_on then
    raise exception 'it is off' using errcode = 'PD466';
  end if;
  insert into private.test_messages as t (user_id, sent) values (private.user_id(), 1)
    on conflict (user_id) do update
      set since = case when t.since < clock_timestamp() - interval '1 hour' then clock_timestamp() else t.since end,
        sent = case when t.since < clock_timestamp() - interval '1 hour' then 1 else t.sent + 1 end
    returning t.sent into counted;
  if counted > 10 then
    raise exception 'a user may have 10 sent within an hour' using errcode = 'PD467';
  end if;
  perform private.write_event(account, what, jsonb_build_object('event', 'test', what || '_id', p_id));
  perform private.audit(account, what || '.test', jsonb_build_object(what || '_id', p_id));
  return true;
end
$$;
