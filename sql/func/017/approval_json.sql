-- Returns an approval as the API shows it, with what each person said; null where there is
-- none.
create or replace function app.approval_json(p_account uuid, p_id uuid) returns jsonb
stable set search_path = pg_catalog, pg_temp
language sql as $$
  select jsonb_build_object('id', a.id, 'kind', a.kind, 'state', case when a.state in ('pending', 'approved') and a.expires_at <= clock_timestamp() then 'expired' else a.state end,
      'request', a.request, 'digest', encode(a.digest, 'hex'), 'reason', a.reason, 'proposed_by', a.proposed_by, 'token_id', a.token_id,
      'names', private.approval_names(a.account_id, a.id),
      'above', a.above::text, 'worth', a.worth::text, 'prices', a.prices, 'needed', a.needed, 'four_eyes', a.four_eyes,
      'proposed_at', app.rfc3339(a.proposed_at), 'expires_at', app.rfc3339(a.expires_at), 'decided_at', app.rfc3339(a.decided_at),
      'words', (select coalesce(jsonb_agg(jsonb_build_object('user_id', w.user_id, 'word', w.word, 'max_price_move', w.max_price_move::text,
          'note', w.note, 'said_at', app.rfc3339(w.said_at)) order by w.said_at), '[]')
        from app.approval_words w where w.account_id = a.account_id and w.approval_id = a.id))
    from app.approvals a where a.account_id = p_account and a.id = p_id
$$;
