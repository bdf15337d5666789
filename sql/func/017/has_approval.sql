-- Reports whether an approval has as many words as it needs, p_needed at least, of people
-- who may give them now, each for what it is now, and none against it. With four eyes
-- nobody's counts whose order it is, or whose token's. Without, that of the user whose
-- token proposed it does: the token is what asked.
create or replace function private.has_approval(a app.approvals, p_needed integer, p_four_eyes boolean) returns boolean
stable set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  return not exists (select from app.approval_words w where w.account_id = a.account_id and w.approval_id = a.id and w.word = 'refuse')
    and (select count(*) from app.approval_words w
      where w.account_id = a.account_id and w.approval_id = a.id and w.word = 'approve' and w.digest = a.digest
        and private.may_approve(a.account_id, w.user_id)
        and (w.user_id <> a.proposed_by or a.token_id is not null and not (a.four_eyes or p_four_eyes)))
      >= greatest(a.needed, p_needed);
end
$$;
