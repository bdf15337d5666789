-- Makes an approval that waits, and tells of it. Only other definer functions call it, who
-- have locked the account's log.
--
-- PD455: as many wait on the account as may.
create or replace function private.make_approval(a app.approvals) returns void
volatile set search_path = pg_catalog, pg_temp
language plpgsql as $$
begin
  if (select count(*) from app.approvals o where o.account_id = a.account_id and o.state in ('pending', 'approved')) >= 200 then
    raise exception 'as many approvals wait on this account as may' using errcode = 'PD455';
  end if;
  perform private.count_stored('orders', 1000 + octet_length(a.request::text), true);
  insert into app.approvals (account_id, id, kind, request, digest, reason, proposed_by, token_id, client_order_id, idempotency_key, above, worth, prices,
      needed, four_eyes, expires_at)
    values (a.account_id, a.id, a.kind, a.request, private.approval_digest(a), a.reason, a.proposed_by, a.token_id, a.client_order_id, a.idempotency_key,
      a.above, a.worth, a.prices, a.needed, a.four_eyes, a.expires_at);
  perform private.audit(a.account_id, 'approval.propose', jsonb_strip_nulls(jsonb_build_object('approval_id', a.id, 'kind', a.kind, 'request', a.request,
    'reason', a.reason, 'worth', a.worth::text, 'needed', a.needed, 'token_id', a.token_id)));
  perform private.write_event(a.account_id, 'approval', jsonb_build_object('event', 'pending', 'approval', app.approval_json(a.account_id, a.id)));
end
$$;
