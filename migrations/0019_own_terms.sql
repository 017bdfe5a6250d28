-- A subscription's terms are its own: what is paid for each item is with the item, so that nothing
-- that happens to the catalogue changes it (rule C1).

alter table perennial.subscription_items
    add column unit_amount_minor bigint check (unit_amount_minor >= 0),
    add column setup_fee_minor bigint check (setup_fee_minor >= 0);
update perennial.subscription_items i
   set unit_amount_minor = r.unit_amount_minor, setup_fee_minor = r.setup_fee_minor
  from perennial.prices r where r.id = i.price_id;
alter table perennial.subscription_items
    alter column unit_amount_minor set not null,
    alter column setup_fee_minor set not null;
comment on column perennial.subscription_items.unit_amount_minor is
    'Minor units per interval and seat, as agreed when it was subscribed to. The price row says the same, for as long as it is there.';
comment on column perennial.subscription_items.setup_fee_minor is 'Minor units, once, on the first invoice.';

-- An allocation that subscribers have is revised by a new version, as a limit is.
alter table perennial.plan_allocations
    add column version integer not null default 1 check (version >= 1),
    drop constraint plan_allocations_amount_check,
    add constraint plan_allocations_amount_check check (amount between 0 and 1000000000000),
    drop constraint plan_allocations_pkey,
    add primary key (plan_id, unit, version);
comment on table perennial.plan_allocations is
    'Versions of the tokens that a plan gives each month; they expire with the month. The latest holds from each customer''s next month on; with an amount of 0 there are none.';
