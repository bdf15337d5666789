-- Moves cash between two sleeves of the admitted account, or between one and what is
-- unassigned (NULL), and returns the transfer: the earlier one for the retry of a
-- request, which has its key.
--
-- From a sleeve that was closed and got something back all of it can be moved, and to one
-- whose cash fell below 0 as much as that lacks.
--
-- What a sleeve's open buys may take stays, and so does the cash of other sleeves: the
-- unassigned has what the broker says that the account has, less what is in sleeves.
--
-- PD409: the key was used for another transfer. PD419: cash is moved into a sleeve of a
-- live account, which takes a step-up. PD457: as in private.set_guards. PD446: there is too little, and the detail has
-- how much there is; or, without a detail, it is not known, since the broker was last
-- asked more than a minute ago. PD447: there is no such sleeve, or it is closed and lacks nothing.
create or replace function private.move_cash(p_id uuid, p_from uuid, p_to uuid, p_amount numeric, p_note text, p_key text) returns app.sleeve_transfers
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('moving cash between sleeves', 'manage');
  made app.sleeve_transfers;
  there numeric;
  detail jsonb;
begin
  perform private.lock_event_log();
  select t.* into made from app.sleeve_transfers t where t.account_id = account and t.idempotency_key = p_key;
  if found then
    if (made.from_sleeve_id, made.to_sleeve_id, made.amount, made.note) is distinct from (p_from, p_to, p_amount, p_note) then
      raise exception 'this key was sent with another transfer' using errcode = 'PD409';
    end if;
    return made;
  end if;
  if exists (select from unnest(array[p_from, p_to]) a where a is not null
      and not exists (select from app.sleeves s where s.account_id = account and s.id = a
        and (s.closed_at is null or a = p_from and s.cash > 0 or a = p_to and s.cash + p_amount <= 0))) then
    raise exception 'there is no such sleeve' using errcode = 'PD447';
  end if;
  if p_to is not null then
    perform private.require_step_up();
    perform private.require_approval('cash', jsonb_build_object('from_sleeve_id', p_from, 'to_sleeve_id', p_to, 'amount', p_amount::text, 'note', p_note));
  end if;
  if p_from is not null then
    select s.cash - app.reserved_cash(account, p_from) into there from app.sleeves s where s.account_id = account and s.id = p_from;
  elsif exists (select from app.account_balances b where b.account_id = account and b.as_of > clock_timestamp() - interval '1 minute') then
    there := app.account_cash(account) - (select coalesce(sum(s.cash), 0) from app.sleeves s where s.account_id = account);
  end if;
  if there is null then
    raise exception 'the account''s cash is not known' using errcode = 'PD446';
  end if;
  if there < p_amount then
    raise exception 'there is too little cash' using errcode = 'PD446', detail = trim_scale(there)::text;
  end if;
  insert into app.sleeve_transfers (account_id, id, from_sleeve_id, to_sleeve_id, amount, note, made_by, idempotency_key)
    values (account, p_id, p_from, p_to, p_amount, p_note, private.user_id(), p_key)
    returning * into made;
  update app.sleeves s set transferred = s.transferred + case s.id when p_to then p_amount else -p_amount end
    where s.account_id = account and s.id in (p_from, p_to);
  detail := jsonb_build_object('transfer_id', p_id, 'from_sleeve_id', p_from, 'to_sleeve_id', p_to, 'amount', p_amount::text, 'note', p_note);
  perform private.audit(account, 'sleeve.transfer', detail);
  perform private.append_event('guard', detail || '{"event":"sleeve_transfer"}');
  return made;
end
$$;
