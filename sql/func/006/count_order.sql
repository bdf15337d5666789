-- Trigger: counts an order that a user sends as stored for the user, with the
-- events that follow from it. A closing is never refused for that.
create or replace function private.count_order() returns trigger
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  perform private.count_stored('orders', 5000 + coalesce(octet_length(new.request::text), 0), not new.reduce_only);
  return new;
end
$$;
