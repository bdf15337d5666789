-- Returns how this transaction was admitted, as key.door.scopes: the id of the
-- seal's key, the door (R for a request, W for the worker, J for a job, whose id
-- comes fourth) and the scopes.
-- Returns NULL without an admission. Settings that do not match their seal
-- raise 42501; with strict false they return NULL. Once it has returned a
-- value, app.account_id, app.user_id and app.origin are known to be what the
-- admission set.
--
-- Only the accessors and doors call it, from inside their pinned search_path.
-- It runs for each statement under a policy, and plpgsql takes time for every
-- expression, so it is written to have few.
create or replace function private.check_seal(strict boolean default true) returns text
stable parallel restricted
language plpgsql as $$
declare
  seal text := current_setting('app.seal', true);
  door text := substr(seal, 65);
  inner_key bytea;
  outer_key bytea;
begin
  if seal <> '' then
    select inner_pad, outer_pad into inner_key, outer_key from private.seal_keys
      where id::text = split_part(door, '.', 1);
    if encode(private.seal_mac(inner_key, outer_key, door, current_setting('app.account_id', true),
         current_setting('app.user_id', true), current_setting('app.origin', true)), 'hex')
       || door = seal
    then
      return door;
    end if;
  elsif coalesce(current_setting('app.account_id', true), '') = ''
     and coalesce(current_setting('app.user_id', true), '') = '' then
    return null;
  end if;
  if strict then
    raise exception 'the settings of this transaction were not made by its admission'
      using errcode = '42501', hint = 'app.user_id and app.account_id are set by private.admit alone';
  end if;
  return null;
end
$$;
