-- A subscription may begin later, a parked one is suspended in the end, and an attempt says why it was made.

-- (found by what they say: their names were chosen by the database)
do $$
declare
    old record;
begin
    for old in
        select conname from pg_constraint
         where conrelid = 'perennial.subscriptions'::regclass and contype = 'c'
           and (conname = 'subscriptions_status_check' or pg_get_constraintdef(oid) like '%parked_reason%')
    loop
        execute format('alter table perennial.subscriptions drop constraint %I', old.conname);
    end loop;
end
$$;

alter table perennial.subscriptions
    add column parked_at timestamptz,
    add constraint subscriptions_status_check check (status in (
        'scheduled', 'incomplete', 'trialing', 'active', 'past_due', 'grace', 'paused', 'unpaid', 'canceled', 'expired')) not valid;
comment on column perennial.subscriptions.parked_at is
    'Since when it is parked: two weeks later it is suspended. What is paid for is given in any case.';
-- What was parked before has its two weeks from now on; the next decision about it puts its end on the agenda.
update perennial.subscriptions s
   set parked_at = perennial.business_now(s.clock_id),
       next_action = case when s.status in ('active', 'past_due', 'grace') then 'suspend_parked' end,
       next_action_at = case when s.status in ('active', 'past_due', 'grace')
           then greatest(perennial.business_now(s.clock_id) + interval '14 days',
                         case when exists (select from perennial.invoices i
                                            where i.subscription_id = s.id and i.status = 'open')
                              then perennial.business_now(s.clock_id) else s.period_end end) end
 where parked_reason is not null;
alter table perennial.subscriptions
    add constraint subscriptions_parked check ((parked_reason is null) = (parked_at is null)) not valid;
alter table perennial.subscriptions validate constraint subscriptions_status_check;
alter table perennial.subscriptions validate constraint subscriptions_parked;

alter table perennial.payments
    add column occasion text not null default 'schedule' check (occasion in ('schedule', 'request'));
comment on column perennial.payments.occasion is
    'request: somebody asked for this invoice to be paid. Then nothing else is collected after it.';

update perennial.event_types
   set fields = fields || '{"starts_at": {"type": "instant"}}'
 where type = 'subscription.created';
insert into perennial.event_types (type, subject, fields, description) values
    ('subscription.release_requested', 'subscription', '{}',
     'An operator has looked at a parked subscription: it goes on.');

insert into perennial.transitions (from_status, edge, to_status) values
    (null, 'scheduled', 'scheduled'), ('scheduled', 'started', 'incomplete'), ('scheduled', 'started', 'trialing'),
    ('scheduled', 'started', 'active'), ('scheduled', 'canceled', 'canceled'),
    ('active', 'suspended', 'unpaid'), ('past_due', 'suspended', 'unpaid');
