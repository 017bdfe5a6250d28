-- What is everybody's trouble at the provider, and what is one subscription's.

create table perennial.provider_circuits (
    provider text primary key references perennial.payment_providers,
    -- machine time
    opened_at timestamptz not null,
    reason text not null,
    failures integer not null check (failures > 0),
    probe_at timestamptz not null,
    closed_at timestamptz
);
comment on table perennial.provider_circuits is
    'The provider does not let us in (key, permission, account): nothing is sent but a probe, and nothing settled, until it does. Open while closed_at is null.';

alter table perennial.subscriptions
    -- the core's word (ParkedFor): what an operator releases by
    add column parked_kind text;
update perennial.subscriptions
   set parked_kind = case
           when parked_reason like 'the provider rejected %' then 'request_rejected'
           when parked_reason like '%periods are due, more than%' then 'too_far_behind'
           else 'outcome_unknown' end
 where parked_reason is not null;
create index subscriptions_parked_kind on perennial.subscriptions (parked_kind) where parked_kind is not null;
