-- Reports whether each of the numbers can be an amount, as app.is_amount says. NULL can.
--
-- A constraint with a call for each of a dozen columns is read, prepared and called a
-- dozen times by every statement that changes a row.
create or replace function app.are_amounts(numbers numeric[]) returns boolean
immutable strict parallel safe set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  n numeric;
begin
  foreach n in array numbers loop
    if not (abs(n) < 1e400 and scale(n) <= 1200) then
      return false;
    end if;
  end loop;
  return true;
end
$$;
