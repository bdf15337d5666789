-- Trigger: counts an alert in what its user has stored in a day, whoever inserts it.
create or replace function private.count_alert() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.require_account('an alert', 'trade');
  new.received_at := clock_timestamp();
  perform private.count_stored('orders', 500 + octet_length(new.request::text), true);
  return new;
end
$$;
