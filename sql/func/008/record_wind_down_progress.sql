-- Records how far a wind-down is, and appends an event if that has changed.
create or replace function app.record_wind_down_progress(p_account uuid, p_wind_down uuid, p_state text, p_message text, p_remaining jsonb) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  now_is app.wind_downs;
begin
  update app.wind_downs w
    set state = p_state, message = p_message, remaining = p_remaining, updated_at = clock_timestamp(),
        ended_at = case when p_state <> 'running' then clock_timestamp() end
    where w.account_id = p_account and w.id = p_wind_down and w.state = 'running'
      and (w.state, w.message, w.remaining) is distinct from (p_state, p_message, p_remaining)
    returning w.* into now_is;
  if found then
    perform private.append_event('guard', jsonb_build_object('event', 'wind_down', 'wind_down', app.wind_down_json(now_is)), null);
  end if;
end
$$;
