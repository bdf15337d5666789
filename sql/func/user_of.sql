-- The user in a context: all that follows its fourth dot.
create function private.user_of(context text) returns text
immutable parallel safe
language sql
return substr(context, 5
  + length(split_part(context, '.', 1)) + length(split_part(context, '.', 2))
  + length(split_part(context, '.', 3)) + length(split_part(context, '.', 4)));
