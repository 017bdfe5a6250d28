-- Email that a mail server puts off is tried again for days, and all of it waits while the server
-- refuses us. In machine time: a mail server's trouble moves nobody's business.

alter table perennial.emails
    add column retry_at timestamptz,
    add column deferred_for text,
    add column resends integer not null default 0,
    drop constraint emails_status_check,
    add constraint emails_status_check
        check (status in ('queued', 'sending', 'sent', 'uncertain', 'suppressed', 'failed', 'withdrawn'));
comment on column perennial.emails.retry_at is 'The server put it off: not tried again before this instant of the machine''s time.';
comment on column perennial.emails.deferred_for is
    'Why it is tried again: mailbox_unavailable, sender_refused, server_unavailable or not_now.';
comment on column perennial.emails.resends is 'How often it was sent again although it may have been delivered.';

create table perennial.mail_brake (
    singleton boolean primary key default true check (singleton),
    -- in a row, with nothing accepted in between
    refusals integer not null check (refusals > 0),
    since timestamptz not null,
    reason text not null,
    probe_at timestamptz not null
);
comment on table perennial.mail_brake is
    'One row while the mail server refuses us: from the third refusal in a row on all mail waits, but for one probe at a time.';

-- Said by no server: these addresses were only beyond ASCII, or none.
delete from perennial.email_suppressions where reason = 'refused with 5xx';

-- A cancellation that stopped attempts (on_cancel = "stop") was taken back.
insert into perennial.transitions (from_status, edge, to_status) values ('grace', 'cancel_undone', 'past_due');

-- Addresses that no server can take are refused on entry: one rule, perennial.is_email_address.
update perennial.event_types
   set fields = jsonb_set(fields, '{email}', ((fields -> 'email') - 'pattern') || '{"max": 254, "format": "email"}')
 where type = 'customer.upserted';
