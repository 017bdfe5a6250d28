-- What was sold is not changed (rule C1): a catalogue row that anything refers to keeps its terms. A
-- change is a new row; who subscribed keeps the old one.

create or replace function perennial.keep_sold() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
declare
    -- of the trigger: the columns that are terms, what refers to the row `$1`, and how to change it
    terms constant text[] := string_to_array(tg_argv[0], ',');
    changed text;
    sold boolean;
begin
    if tg_op = 'UPDATE' then
        select t into changed from unnest(terms) t where to_jsonb(old) -> t is distinct from to_jsonb(new) -> t limit 1;
        if changed is null then
            return new;
        end if;
    end if;
    execute format('select exists (%s)', tg_argv[1]) into sold using old;
    if sold then
        raise exception using
            message = format('perennial.%s: %s of what was sold is not %s', tg_table_name,
                             coalesce(changed, 'a row'), case when changed is null then 'deleted' else 'changed' end),
            errcode = 'restrict_violation', schema = 'perennial', table = tg_table_name, column = coalesce(changed, ''),
            detail = 'Nothing was changed. Who has it keeps it as it was agreed.', hint = tg_argv[2];
    end if;
    return case when tg_op = 'UPDATE' then new else old end;
end
$$;
comment on function perennial.keep_sold is
    'Refuses to change the terms of a catalogue row that history depends on; `active`, names and descriptions may change.';

create or replace trigger sold before update or delete on perennial.plans
    for each row execute function perennial.keep_sold('code,negotiated',
        'select from perennial.subscriptions s where s.plan_id = ($1).id',
        'Add another plan, and set active = false on this one.');
create or replace trigger sold before update or delete on perennial.prices
    for each row execute function perennial.keep_sold(
        'plan_id,customer_id,currency,interval_unit,interval_count,scheme,unit_amount_minor,setup_fee_minor',
        'select from perennial.subscription_items i where i.price_id = ($1).id
         union all select from perennial.invoice_items i where i.price_id = ($1).id',
        'Set active = false on this price and insert another: new subscriptions take it, those that run keep theirs.');
create or replace trigger sold before update or delete on perennial.plan_allocations
    for each row execute function perennial.keep_sold('plan_id,unit,amount,priority,version',
        'select from perennial.subscriptions s where s.plan_id = ($1).plan_id',
        'perennial.revise_allocation(plan, unit, amount, priority) makes a new version, which holds from the next month on.');
create or replace trigger sold before update or delete on perennial.token_packages
    for each row execute function perennial.keep_sold('code,unit,tokens',
        'select from perennial.order_items i where i.package = ($1).code
         union all select from perennial.wallets w where w.top_up_package = ($1).code',
        'Add another package, and set active = false on this one.');
create or replace trigger sold before update or delete on perennial.token_package_prices
    for each row execute function perennial.keep_sold('package,currency,amount_minor',
        'select from perennial.order_items i join perennial.orders o on o.id = i.order_id
          where i.package = ($1).package and o.currency = ($1).currency
         union all select from perennial.wallets w where w.top_up_package = ($1).package',
        'Add another package with the new price, and set active = false on this one.');
create or replace trigger sold before update or delete on perennial.membership_types
    for each row execute function perennial.keep_sold('code,duration,duration_days,price_minor,currency,features',
        'select from perennial.user_memberships m where m.membership_type_id = ($1).id',
        'Add another membership type, and set active = false on this one.');
create or replace trigger sold before update or delete on perennial.metrics
    for each row execute function perennial.keep_sold('kind',
        'select from perennial.usage_meters m where m.metric_id = ($1).id
         union all select from perennial.plan_quotas q where q.metric_id = ($1).id',
        'Add another metric; perennial.rename_metric(old_code, new_code) gives this one another code.');

create or replace function perennial.advise() returns trigger
language plpgsql as $$
begin
    raise exception using
        message = format('perennial.%s: what was sold is not %s', tg_table_name,
                         case tg_op when 'UPDATE' then 'changed' else 'deleted' end),
        errcode = 'restrict_violation', schema = 'perennial', table = tg_table_name, detail = 'Nothing was changed.',
        hint = tg_argv[0];
end
$$;
comment on function perennial.advise is
    'Says how to change what only gets new versions. By its name it comes before the trigger of append-only tables.';
create or replace trigger advise before update or delete on perennial.plan_quotas
    for each statement execute function perennial.advise(
        'perennial.revise_quota(plan, metric, changes) makes a new version, which holds from each customer''s next period on.');
create or replace trigger advise before update or delete on perennial.plan_quota_tiers
    for each statement execute function perennial.advise(
        'perennial.revise_quota(plan, metric, changes) makes a new version; insert its tiers beside those it was given.');
create or replace trigger advise before update or delete on perennial.dunning_policies
    for each statement execute function perennial.advise(
        'Publish a new version: `perennial policy publish`. A subscription in dunning keeps the version it began with.');

create or replace function perennial.note_terms() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    select coalesce(new.unit_amount_minor, r.unit_amount_minor), coalesce(new.setup_fee_minor, r.setup_fee_minor)
      into new.unit_amount_minor, new.setup_fee_minor
      from prices r where r.id = new.price_id;
    return new;
end
$$;
comment on function perennial.note_terms is 'An item whose terms are not given has those of its price.';
create or replace trigger terms before insert on perennial.subscription_items
    for each row when (new.unit_amount_minor is null or new.setup_fee_minor is null)
    execute function perennial.note_terms();

create or replace view perennial.current_allocations as
    select distinct on (a.plan_id, a.unit) a.plan_id, a.unit, a.amount, a.priority, a.version
      from perennial.plan_allocations a
     order by a.plan_id, a.unit, a.version desc;
comment on view perennial.current_allocations is 'The tokens that each plan gives from the next month on.';

create or replace function perennial.revise_allocation(plan text, unit text, amount bigint, priority integer default null)
returns integer
language plpgsql
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    revised plan_allocations;
begin
    select a.* into revised from plan_allocations a join plans p on p.id = a.plan_id
     where p.code = revise_allocation.plan and a.unit = revise_allocation.unit
     order by a.version desc limit 1 for update of a;
    if revised.plan_id is null then
        perform refuse_field('plan', format('%s gives no %s', coalesce(revise_allocation.plan, 'null'),
                                            coalesce(revise_allocation.unit, 'null')),
            'Insert into perennial.plan_allocations what a plan begins to give.');
    elsif amount between 0 and 1000000000000 is not true then
        perform refuse_field('amount', format('must be between 0 and 1000000000000, is %s', coalesce(amount::text, 'null')));
    end if;
    insert into plan_allocations (plan_id, unit, amount, priority, version)
    values (revised.plan_id, revised.unit, revise_allocation.amount,
            coalesce(revise_allocation.priority, revised.priority), revised.version + 1);
    return revised.version + 1;
end
$$;
comment on function perennial.revise_allocation is
    'Changes what a plan gives, from each customer''s next month on: a new version, whose number is the answer. An amount of 0 ends it.';
