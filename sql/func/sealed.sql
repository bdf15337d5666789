-- The context that this transaction was admitted with, in five parts between
-- dots: key, door, scopes, account, user (whose id comes last, as it may hold
-- dots). NULL without admission. Anything that does not fit its seal, the two
-- public settings included, raises 42501; with strict false it answers NULL.
--
-- Only the accessors and doors call it, from inside their pinned search_path.
create function private.sealed(strict boolean default true) returns text
stable parallel restricted
language plpgsql as $$
declare
  seal text := current_setting('app.seal', true);
  context text;
  k record;
begin
  if seal is null or seal = '' then
    if coalesce(current_setting('app.account_id', true), '') = ''
       and coalesce(current_setting('app.user_id', true), '') = '' then
      return null;
    end if;
  else
    context := substr(seal, 65);
    select inner_pad, outer_pad into k from private.seal_keys
      where id::text = split_part(context, '.', 1);
    if found
       and left(seal, 64) = encode(private.mac(k.inner_pad, k.outer_pad, context), 'hex')
       and current_setting('app.account_id', true) = split_part(context, '.', 4)
       and current_setting('app.user_id', true) = private.user_of(context)
    then
      return context;
    end if;
  end if;
  if strict then
    raise exception 'the settings of this transaction were not made by its admission'
      using errcode = '42501', hint = 'app.user_id and app.account_id are set by private.admit alone';
  end if;
  return null;
end
$$;
