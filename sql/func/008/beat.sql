-- Notes a heartbeat of the admitted account, and of the API token by which it was
-- admitted: of that one alone, since a token whose helper is alive may itself be dead.
-- Returns when it was, and until when it holds for each, null where nothing asks for it.
-- It writes no event and no audit: it comes every few seconds.
--
-- 42501: the admission lacks the scope "trade".
create or replace function private.beat() returns jsonb
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('a heartbeat', 'trade');
  token uuid := private.token_id();
  of_account timestamptz;
  of_token timestamptz;
begin
  -- The clock is read once the row is locked, so that of two at once the later one stays.
  insert into app.heartbeats (account_id, beaten_at) values (account, clock_timestamp())
    on conflict (account_id) do update set beaten_at = clock_timestamp() returning beaten_at into of_account;
  if token is not null then
    insert into private.token_heartbeats (token_id, beaten_at) values (token, clock_timestamp())
      on conflict (token_id) do update set beaten_at = clock_timestamp() returning beaten_at into of_token;
  end if;
  return jsonb_build_object('at', app.rfc3339(of_account),
    'account_holds_until', (select app.rfc3339(of_account + make_interval(secs => g.heartbeat_seconds)) from app.account_guards g where g.account_id = account),
    'token_holds_until', (select app.rfc3339(of_token + make_interval(secs => t.heartbeat_seconds)) from private.api_tokens t where t.id = token));
end
$$;
