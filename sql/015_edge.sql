-- What comes in is taken in one form.

set local role paddock_owner;

{{ template "func/order_symbol.sql" . }}
grant execute on function app.order_symbol(text) to paddock_app, paddock_worker, paddock_gate;

-- The owner is held by RLS too, but for this.
alter table app.account_guards no force row level security;
update app.account_guards g
  set allowed_symbols = (select array_agg(app.order_symbol(s) order by n) from unnest(g.allowed_symbols) with ordinality a (s, n))
  where array_length(g.allowed_symbols, 1) > 0;
alter table app.account_guards force row level security;

reset role;

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/set_guards.sql" . }}
reset role;
revoke create on schema private from paddock_gate;

---- create above / drop below ----

grant create on schema private to paddock_gate;
set local role paddock_gate;
{{ template "func/old/set_guards_1.sql" . }}
reset role;
revoke create on schema private from paddock_gate;

set local role paddock_owner;
drop function app.order_symbol(text);
reset role;
