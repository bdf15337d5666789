-- Appends an event to the admitted account's log and returns its number. If the
-- log has an event with this p_broker_event_id already, it writes nothing and
-- returns NULL. Each kind of event needs the scope of those who may cause it. A refusal
-- by the guards is audited and counted with its event, so that there is none of the three
-- without the others.
create or replace function private.append_event(p_kind text, p_data jsonb, p_broker_event_id text default null) returns bigint
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  refused boolean := false; -- it says that the guards have refused an order of a user's
  seq bigint;
  scopes text := split_part(private.check_seal(), '.', 3); -- with it the account is what the admission set
  account uuid := nullif(current_setting('app.account_id', true), '')::uuid;
  needed text := case p_kind when 'order' then 'cancel' when 'guard' then 'cancel' when 'agent_log' then 'log' else 'manage' end;
begin
  if scopes is null or account is null or (strpos(scopes, needed) = 0 and scopes <> 'work') then
    raise exception 'an event of this kind needs the scope "%"', needed using errcode = '42501';
  end if;

  if p_kind = 'guard' and p_data->>'event' = 'refused' and scopes <> 'work' then
    perform private.count_stored('orders', 500 + octet_length(p_data::text), true);
    perform private.audit(account, 'guards.refuse', p_data - 'event');
    refused := true;
  end if;

  if p_broker_event_id is not null then
    if scopes <> 'work' then
      raise exception 'the broker''s event ids are the worker''s to give' using errcode = '42501';
    end if;
    -- No unique constraint covers all partitions. Under the head's lock, which
    -- lets the check see every earlier event, it is enough.
    perform from app.event_heads h where h.account_id = account for update;
    if exists (select from app.account_events e where e.account_id = account and e.broker_event_id = p_broker_event_id) then
      return null;
    end if;
  end if;

  seq := private.write_event(account, p_kind, p_data, p_broker_event_id);
  if refused then
    perform private.count_refusal(account, private.token_path());
  end if;
  return seq;
end
$$;
