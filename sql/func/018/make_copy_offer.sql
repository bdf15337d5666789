-- Offers that the admitted account's orders are copied, by who has the code of which p_digest
-- is the SHA-256. An account has one offer at a time.
--
-- 42501: the admission does not manage the account. PD470: it cannot be; the detail says why:
-- paper (it trades real money) or twice (there is an offer).
create or replace function private.make_copy_offer(p_id uuid, p_name text, p_digest bytea) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('offering to be copied', 'manage');
begin
  perform private.lock_event_log();
  if (select u.environment from app.user_accounts u where u.id = account) <> 'paper' then
    raise exception 'a live account is not copied' using errcode = 'PD470', detail = 'paper';
  end if;
  if exists (select from private.copy_offers o where o.account_id = account and o.ended_at is null) then
    raise exception 'there is an offer already' using errcode = 'PD470', detail = 'twice';
  end if;
  insert into private.copy_offers (account_id, id, name, digest, made_by) values (account, p_id, p_name, p_digest, private.user_id());
  perform private.audit(account, 'copying.offer', jsonb_build_object('offer_id', p_id, 'name', p_name));
end
$$;
