-- Emails to customers and to the team.

create table perennial.emails (
    id uuid primary key,
    -- what it is about, once: template, subject, occasion
    key text not null unique,
    customer_id uuid not null references perennial.customers,
    subscription_id uuid,
    order_id uuid,
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
create index emails_settled on perennial.emails using brin (settled_at) with (pages_per_range = 32);

create table perennial.email_suppressions (
    address text primary key,
    reason text not null,
    created_at timestamptz not null default now()
);
comment on table perennial.email_suppressions is 'Addresses that refused mail for good.';

create table perennial.mail_preferences (
    customer_id uuid not null references perennial.customers,
    stream text not null check (stream in ('usage_warning')),
    -- in the link of each letter of the stream: whoever has it can mute the stream, and do nothing else
    token text collate "C" not null unique check (token ~ '^[0-9a-f]{64}$')
        default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
    muted_at timestamptz,
    primary key (customer_id, stream)
);
comment on table perennial.mail_preferences is 'Which streams of mail a customer muted, and the secret by which a letter''s link does it.';

create table perennial.digests (
    -- what it is about, once: the Message-ID is derived from it
    key text primary key,
    -- the last day it tells of, a Sunday of the business's zone
    until date not null unique,
    status text not null check (status in ('queued', 'sending', 'sent', 'uncertain', 'failed')),
    -- business time
    queued_at timestamptz not null,
    first_sent_at timestamptz,
    settled_at timestamptz,
    attempts integer not null default 0 check (attempts >= 0),
    reply text,
    check ((settled_at is null) = (status in ('queued', 'sending')))
);
comment on table perennial.digests is
    'Weekly digests to the team. The address is a setting, read when one is sent (PERENNIAL_DIGEST_TO).';
