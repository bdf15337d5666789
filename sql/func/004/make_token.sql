-- Makes an API token of the admitted user. Admitted by a token, that one makes a narrower
-- one, to which all of its own bounds apply as well. What the token is by which it will be
-- used is not known here: p_digest is its SHA-256, and p_hint its last four characters.
-- Where p_expires_at is null it lasts for p_life, or as long as the token that makes it.
-- The scopes are completed: every token may read, and one that may trade may cancel.
-- p_sleeves are the sleeves in which it trades, one of an account at most; it has those of
-- the token that makes it.
--
-- PD434: the user has as many tokens that hold as one user may. PD435: it would be wider
-- than the token that makes it, or reach a live account against p_paper_only; the detail
-- says in what. PD403: an account is none of
-- those that may be reached here. PD419: it is to trade on a live account, which takes a
-- step-up. PD447: a sleeve is none of these accounts, or the second of one. 42501: nobody
-- is admitted.
create or replace function private.make_token(p_id uuid, p_name text, p_digest bytea, p_hint text, p_scopes text[], p_accounts uuid[],
  p_paper_only boolean, p_expires_at timestamptz, p_life interval, p_limits jsonb, p_sleeves uuid[]) returns void
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  who text := private.user_id();
  token uuid := private.token_id();
  accounts uuid[] := array(select distinct a from unnest(p_accounts) a);
  parent private.api_tokens;
  made private.api_tokens := jsonb_populate_record(null::private.api_tokens, p_limits);
  wider text;
  detail jsonb;
begin
  if who is null then
    raise exception 'nobody is admitted' using errcode = '42501';
  end if;
  perform from auth."user" u where u.id = who for no key update; -- whoever makes tokens at the same time waits
  if (select count(*) from private.api_tokens t where t.user_id = who and t.revoked_at is null and t.expires_at > now()) >= 500 then
    raise exception 'a user may have 500 API tokens' using errcode = 'PD434';
  end if;
  made.id := p_id;
  made.user_id := who;
  made.path := array[p_id];
  made.name := p_name;
  made.digest := p_digest;
  made.hint := p_hint;
  made.scopes := array(select s from unnest(array['read', 'trade', 'cancel', 'log']) s
    where s = any (p_scopes) or s = 'read' or s = 'cancel' and 'trade' = any (p_scopes));
  made.paper_only := p_paper_only;
  made.created_at := now();
  made.expires_at := coalesce(p_expires_at, now() + p_life);
  made.allowed_symbols := app.order_symbols(made.allowed_symbols);
  if exists (select from unnest(accounts) a where not exists (select from private.usable_grants() g
      where g.account_id = a and g.user_id = who)) then
    raise exception 'no access to this account' using errcode = 'PD403';
  end if;
  if p_paper_only and exists (select from app.user_accounts u where u.id = any (accounts) and u.environment = 'live') then
    raise exception 'a live account is named for a token that is for paper accounts alone' using errcode = 'PD435', detail = 'live';
  end if;
  if token is null then
    if 'trade' = any (made.scopes) and exists (select from app.user_accounts u where u.id = any (accounts) and u.environment = 'live')
        and not private.has_stepped_up() then
      raise exception 'this session has to show its password or a code again' using errcode = 'PD419';
    end if;
  else
    -- Its row is locked, so that it is not revoked meanwhile.
    select t.* into parent from private.api_tokens t where t.id = token and t.revoked_at is null for update;
    if not found then
      raise exception 'no such session' using errcode = 'PD401';
    end if;
    made.path := parent.path || p_id;
    made.expires_at := coalesce(p_expires_at, least(made.expires_at, parent.expires_at));
    wider := private.wider_than(parent, made, private.reach(), accounts);
    if exists (select from app.sleeves s join private.token_accounts p on p.token_id = token and p.account_id = s.account_id
        where s.id = any (p_sleeves) and p.sleeve_id <> s.id) then
      wider := concat_ws(', ', wider, 'sleeves');
    end if;
    if cardinality(made.path) > 8 then
      wider := concat_ws(', ', wider, 'depth');
    end if;
    if wider is not null then
      raise exception 'a token makes narrower ones alone' using errcode = 'PD435', detail = wider;
    end if;
  end if;
  insert into private.api_tokens select made.*;
  if (select count(distinct s.account_id) from app.sleeves s where s.id = any (p_sleeves) and s.account_id = any (accounts) and s.closed_at is null)
      <> (select count(distinct l) from unnest(p_sleeves) l) then
    raise exception 'a sleeve is of none of these accounts' using errcode = 'PD447';
  end if;
  insert into private.token_accounts (account_id, token_id, sleeve_id)
    select a, p_id, coalesce((select s.id from app.sleeves s where s.account_id = a and s.id = any (p_sleeves)),
      (select p.sleeve_id from private.token_accounts p where p.account_id = a and p.token_id = token))
    from unnest(accounts) a;
  detail := jsonb_build_object('token_id', p_id, 'name', p_name, 'scopes', made.scopes, 'accounts', accounts,
    'paper_only', p_paper_only, 'expires_at', app.rfc3339(made.expires_at), 'path', made.path, 'sleeves', p_sleeves);
  perform private.audit(null, 'token.create', detail, who);
  perform private.audit(a, 'token.create', detail) from unnest(accounts) a;
end
$$;
