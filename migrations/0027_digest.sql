-- The team's weekly digest: one per week, with an outbox row of its own, since it is no customer's.

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

select perennial.grant_rights();
