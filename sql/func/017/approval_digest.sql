-- Returns the SHA-256 of all that a word for an approval is given for: what is to be done,
-- by whom, at which prices, and until when. A word names it, so that it is for exactly
-- what the person saw.
create or replace function private.approval_digest(a app.approvals) returns bytea
immutable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return sha256(convert_to(jsonb_build_array(a.account_id, a.id, a.kind, a.request, a.reason, a.proposed_by, a.token_id, a.above, a.worth,
    a.prices, a.needed, a.four_eyes, extract(epoch from a.expires_at))::text, 'UTF8'));
end
$$;
