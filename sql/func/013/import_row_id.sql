-- Returns the id that an imported row gets: its own where that is a UUID, else
-- one that follows from the account, the table and the row's key. So it is the
-- same however often the row is read.
create or replace function app.import_row_id(p_account uuid, p_table text, p_id text, p_key text) returns uuid
immutable parallel safe
language sql
return case when p_id ~ '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$' then p_id::uuid
  else md5(concat_ws(chr(31), p_account, p_table, p_key))::uuid end;
