-- Cash that was moved, the newest of which an index finds by account_id and made_at.
create view report.sleeve_transfers with (security_invoker = true, security_barrier = true) as
  select account_id, id as transfer_id, from_sleeve_id, to_sleeve_id, amount, note, made_at
  from app.sleeve_transfers;
comment on view report.sleeve_transfers is 'Cash that was moved into a sleeve, out of one, or from one to another.';
comment on column report.sleeve_transfers.account_id is 'The account''s id, as in report.accounts.';
comment on column report.sleeve_transfers.transfer_id is 'Paddock''s id of the transfer.';
comment on column report.sleeve_transfers.from_sleeve_id is 'The sleeve that gave it, as in report.sleeves; NULL: it was unassigned.';
comment on column report.sleeve_transfers.to_sleeve_id is 'The sleeve that got it, as in report.sleeves; NULL: it became unassigned.';
comment on column report.sleeve_transfers.amount is 'How much was moved. [USD]';
comment on column report.sleeve_transfers.note is 'What the owner wrote about it; NULL: nothing.';
comment on column report.sleeve_transfers.made_at is 'When it was moved. [time]';
grant select on report.sleeve_transfers to paddock_report;
