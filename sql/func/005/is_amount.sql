-- Returns whether a number can be an amount: it has at most 400 digits before
-- its point and 1,200 after it. Far fewer are ever needed, and quotients have up
-- to 1,000; but numeric itself takes 131,072 and 16,383, and also NaN and
-- Infinity. Of null it returns null, which satisfies a constraint, without being
-- called.
--
-- It is not in SQL, because constraints call it, and Postgres plans a function in SQL
-- anew for each statement that checks a constraint.
create or replace function app.is_amount(n numeric) returns boolean
immutable strict parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return abs(n) < 1e400 and scale(n) <= 1200;
end
$$;
