-- Returns in what a token would be wider than the one that makes it, for people; null
-- where it is not. Limits are not compared: of a token and those of which it was made the
-- tightest of each holds (private.token_limits).
create or replace function private.wider_than(p_parent private.api_tokens, p_child private.api_tokens,
  p_parent_accounts uuid[], p_child_accounts uuid[]) returns text
immutable parallel safe
language sql
return nullif(concat_ws(', ',
  case when not p_child.scopes <@ p_parent.scopes then 'scopes' end,
  case when not p_child_accounts <@ p_parent_accounts then 'accounts' end,
  case when p_parent.paper_only and not p_child.paper_only then 'paper_only' end,
  case when p_child.expires_at > p_parent.expires_at then 'expires_at' end), '');
