-- A block belongs to the card: to its reference, or to whatever reference the card comes under.

alter table perennial.payment_methods
    -- the provider's name for the card or account itself
    add column fingerprint text check (length(fingerprint) between 1 and 200),
    -- business time since when it is not charged; who lifts a block clears it
    add column blocked_at timestamptz,
    add column blocked_scope text check (blocked_scope in ('reference', 'card'));
update perennial.payment_methods m
   set blocked_scope = 'card',
       blocked_at = coalesce((select max(p.settled_at) from perennial.payments p
                               where p.method_id = m.id and p.status = 'declined'), m.attached_at)
 where m.blocked_reason is not null;
alter table perennial.payment_methods
    add constraint payment_methods_blocked check (
        (blocked_reason is null) = (blocked_at is null) and (blocked_reason is null) = (blocked_scope is null)) not valid;
alter table perennial.payment_methods validate constraint payment_methods_blocked;
create index payment_methods_card on perennial.payment_methods (provider, fingerprint) where fingerprint is not null;

update perennial.event_types
   set fields = fields || '{"fingerprint": {"type": "text"}}',
       description = 'A card or account was attached at the provider: first to be tried unless default is false. A card that is known stays as it is, but for its expiry and its place.'
 where type = 'payment_method.attached';
insert into perennial.event_types (type, subject, fields, description) values
    ('payment_method.unblocked', 'customer', '{
        "reference": {"type": "text", "required": true},
        "reason": {"type": "text", "required": true}}',
     'An operator says that a blocked card may be charged again.');

create table perennial.network_budgets (
    network text not null,
    attempts_max integer not null check (attempts_max > 0),
    period interval not null,
    primary key (network, period)
);
comment on table perennial.network_budgets is
    'So many re-attempts of one card in so long, as jobs/core has them; a test holds the two together. "other": any network without a row.';
insert into perennial.network_budgets (network, attempts_max, period) values
    ('other', 20, '30 days'),
    ('mastercard', 10, '24 hours'),
    ('mastercard', 35, '30 days'),
    ('us_bank_account', 2, '14 days');
