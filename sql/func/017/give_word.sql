-- Records that the admitted user approves or refuses (p_word) what waits, as they saw it
-- (p_digest). With the last word that it needs, an order is sent by its job, and a change
-- may be made by who proposed it. One refusal ends it, also where others have approved, as
-- long as it was not used. Saying the same again does nothing. Returns whether there is
-- such an approval.
--
-- p_move is by how much of a hundred a price may have moved, either way, since it was
-- proposed; the least of all words counts.
--
-- 42501: the user's role does not approve, or it is asked for with an API token. PD452: it
-- does not wait any more; the detail is its state. PD453: it is not what the user saw.
-- PD454: it is their own.
create or replace function private.give_word(p_id uuid, p_digest bytea, p_word text, p_move numeric, p_note text) returns boolean
volatile security definer set search_path = pg_catalog, pg_temp
language plpgsql as $$
declare
  account uuid := private.require_account('approving', 'approve');
  who text := private.user_id();
  a app.approvals;
  job app.jobs;
  decided text; -- its state from now on
begin
  if private.token_id() is not null or private.job_id() is not null then
    raise exception 'a person approves, in a session of theirs' using errcode = '42501';
  end if;
  perform private.lock_event_log();
  select t.* into a from app.approvals t where t.account_id = account and t.id = p_id for update;
  if not found then
    return false;
  end if;
  if exists (select from app.approval_words w where w.account_id = account and w.approval_id = p_id and w.user_id = who and w.word = p_word and w.digest = p_digest) then
    return true;
  end if;
  select j.* into job from app.jobs j where j.account_id = account and j.id = p_id;
  if a.expires_at <= clock_timestamp() or a.state <> 'pending' and (p_word = 'approve' or a.state <> 'approved' or job.state = 'running') then
    raise exception 'it does not wait any more' using errcode = 'PD452', detail = case when a.state = 'pending' then 'expired' else a.state end;
  end if;
  if a.digest is distinct from p_digest then
    raise exception 'it is not what was shown' using errcode = 'PD453';
  end if;
  if p_word = 'approve' and who = a.proposed_by and (a.token_id is null or a.four_eyes) then
    raise exception 'nobody approves what they propose' using errcode = 'PD454';
  end if;
  insert into app.approval_words (account_id, approval_id, user_id, word, digest, max_price_move, note)
    values (account, p_id, who, p_word, p_digest, p_move, p_note);
  perform private.audit(account, 'approval.' || p_word, jsonb_strip_nulls(jsonb_build_object('approval_id', p_id, 'kind', a.kind, 'request', a.request,
    'note', p_note, 'max_price_move', case when p_word = 'approve' then p_move::text end)));
  decided := case when p_word = 'refuse' then 'refused' when private.has_approval(a, a.needed, a.four_eyes) then 'approved' end;
  if decided = 'refused' and a.kind = 'order' then
    perform private.end_job(account, p_id, 'failed', 422, jsonb_build_object('code', 'approval_refused',
      'message', 'A person has refused this order' || coalesce(': ' || p_note, '') || '. It was not sent.'));
    return true; -- private.end_approval has told the rest
  end if;
  if decided is not null then
    update app.approvals t set state = decided, decided_at = clock_timestamp() where t.account_id = account and t.id = p_id;
  end if;
  perform private.write_event(account, 'approval', jsonb_build_object('event', coalesce(decided, 'word'), 'approval', app.approval_json(account, p_id)));
  if decided = 'approved' and a.kind = 'order' then
    update app.jobs j set state = 'waiting', due_at = clock_timestamp() where j.account_id = account and j.id = p_id;
    update private.job_lists l set waits = true, free_since = case when l.waits then l.free_since else clock_timestamp() end
      where l.account_id = account and l.kind = 'order';
    perform private.wake_jobs((select l.owner from private.job_lists l where l.account_id = account and l.kind = 'order'));
  end if;
  return true;
end
$$;
