-- What customers are told.

create table perennial.emails (
    id uuid primary key,
    -- what it is about, once: template, subject, occasion
    key text not null unique,
    customer_id uuid not null references perennial.customers,
    subscription_id uuid,
    clock_id uuid not null,
    -- mails of one dunning case form a thread
    case_id uuid,
    template text not null,
    letter jsonb not null,
    status text not null check (status in ('queued', 'sending', 'sent', 'uncertain', 'suppressed', 'failed')),
    queued_at timestamptz not null,
    due_at timestamptz,
    attempts integer not null default 0,
    first_sent_at timestamptz,
    settled_at timestamptz,
    reply text,
    decision bigint not null,
    check ((due_at is not null) = (status in ('queued', 'sending')))
) with (fillfactor = 80);
comment on table perennial.emails is 'Outbox and log of mail. The address is looked up when it is sent.';
create index emails_due on perennial.emails (clock_id, due_at) where due_at is not null;
create index emails_subscription on perennial.emails (subscription_id);
create index emails_case on perennial.emails (case_id, queued_at) where case_id is not null;

create table perennial.email_suppressions (
    address text primary key,
    reason text not null,
    created_at timestamptz not null default now()
);
comment on table perennial.email_suppressions is 'Addresses that refused mail for good.';
