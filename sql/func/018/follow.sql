-- Consents that the orders of the account which offers them under this code are copied on the
-- admitted one, at a ratio, by an API token of who consents: its limits, sleeve and approvals
-- hold for each copy, and its end ends them.
--
-- 42501: the admission does not manage the account, or is a token's. PD470: it cannot be; the
-- detail says why: code (there is no such offer), paper (real money), self (it is the account's own), twice (it
-- follows that account already), token (the token is not the user's, may not trade, is not for
-- paper alone, does not reach the account, or serves another consent), many (as many follow as may).
create or replace function private.follow(p_id uuid, p_digest bytea, p_token uuid, p_ratio numeric) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('following another account', 'manage');
  who text := private.user_id();
  offer private.copy_offers;
  why text;
begin
  perform private.lock_event_log();
  select o.* into offer from private.copy_offers o where o.digest = p_digest and o.ended_at is null for key share;
  why := case
    when offer.id is null then 'code'
    when offer.account_id = account then 'self'
    when (select bool_or(u.environment <> 'paper') from app.user_accounts u where u.id in (account, offer.account_id)) then 'paper'
    when exists (select from private.copy_follows f where f.account_id = account and f.leader_id = offer.account_id and f.ended_at is null) then 'twice'
    when (select count(*) from private.copy_follows f where f.leader_id = offer.account_id and f.ended_at is null) >= 100 then 'many'
    when not private.sign_in_holds('token:' || p_token, who)
      or not exists (select from private.api_tokens t join private.token_accounts a on a.token_id = t.id and a.account_id = account
        where t.id = p_token and t.user_id = who and t.paper_only and 'trade' = any (t.scopes))
      or exists (select from private.copy_follows f where f.token_id = p_token and f.ended_at is null) then 'token' end;
  if why is not null then
    raise exception 'this cannot be followed' using errcode = 'PD470', detail = why;
  end if;
  insert into private.copy_follows (account_id, id, leader_id, offer_id, user_id, token_id, ratio)
    values (account, p_id, offer.account_id, offer.id, who, p_token, p_ratio);
  perform private.audit(account, 'copying.follow', jsonb_build_object('follow_id', p_id, 'name', offer.name, 'token_id', p_token, 'ratio', p_ratio::text));
end
$$;
