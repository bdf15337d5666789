-- Returns one guard's refusal of an order as JSON.
create or replace function app.violation(p_guard text, p_limit text, p_value text, p_message text) returns jsonb
immutable parallel safe
language sql
return jsonb_build_object('guard', p_guard, 'limit', p_limit, 'value', p_value, 'message', p_message);
