-- Approvals, the newest of which an index finds by account_id and proposed_at.
create view report.approvals with (security_invoker = true, security_barrier = true) as
  select account_id, id as approval_id, kind, state, reason, token_id, worth, needed, proposed_at, expires_at, decided_at
  from app.approvals;
comment on view report.approvals is 'What waited for a person''s word before it was done, and what became of it.';
comment on column report.approvals.account_id is 'The account''s id, as in report.accounts.';
comment on column report.approvals.approval_id is 'Paddock''s id of the approval; that of an order is the order''s, as in report.orders.';
comment on column report.approvals.kind is 'What it is for: order, or the kind of change.';
comment on column report.approvals.state is 'pending, approved, used, refused, expired, withdrawn, void or failed.';
comment on column report.approvals.reason is 'Why it was asked for, in the words of who did; NULL: no reason was given.';
comment on column report.approvals.token_id is 'The API token that asked for it; NULL: a person did.';
comment on column report.approvals.worth is 'What the order was worth when it was proposed; NULL: it is for a change. [USD]';
comment on column report.approvals.needed is 'How many people must approve. [count]';
comment on column report.approvals.proposed_at is 'When it was asked for. [time]';
comment on column report.approvals.expires_at is 'When it is void, whatever was said. [time]';
comment on column report.approvals.decided_at is 'When it was decided; NULL: it waits. [time]';
grant select on report.approvals to paddock_report;
