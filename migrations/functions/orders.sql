-- Orders of token packages, by hand or by themselves.

create or replace function perennial.check_package(data jsonb) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    chosen token_packages;
begin
    select * into chosen from token_packages p where p.code = data ->> 'package' and p.active;
    if chosen.code is null then
        perform refuse_name('package', format('%s is not a package', data -> 'package'), data ->> 'package',
            array(select p.code from token_packages p where p.active order by p.code));
    end if;
    if not exists (select from token_package_prices r
                    where r.package = chosen.code and r.currency = coalesce(data ->> 'currency', 'USD')) then
        perform refuse_field('currency', format('package %s is not sold in %s; it is in %s', chosen.code,
            coalesce(data ->> 'currency', 'USD'),
            (select string_agg(r.currency, ', ' order by r.currency) from token_package_prices r where r.package = chosen.code)));
    end if;
    perform check_charge('quantity', coalesce((data ->> 'quantity')::numeric, 1) * r.amount_minor, r.currency)
       from token_package_prices r
      where r.package = chosen.code and r.currency = coalesce(data ->> 'currency', 'USD');
end
$$;
comment on function perennial.check_package(jsonb) is 'Checks what an order asks for against what is sold.';

create or replace function perennial.check_new_order(event perennial.lifecycle_events) returns void
language sql stable as $$ select perennial.check_package(event.data) $$;
comment on function perennial.check_new_order is 'The check of order.placed.';

create or replace function perennial.set_auto_top_up(customer uuid, unit text, package text, below bigint, per_month_max integer)
returns void
language plpgsql security definer
set search_path = perennial, pg_temp as $$
#variable_conflict use_column
declare
    clock uuid := check_wallet_fields(customer, set_auto_top_up.unit);
    sold token_packages;
begin
    if set_auto_top_up.package is not null then
        perform check_package(jsonb_build_object('package', set_auto_top_up.package));
        select * into sold from token_packages p where p.code = set_auto_top_up.package;
        if sold.unit <> set_auto_top_up.unit then
            perform refuse_field('package', format('%s holds %s, not %s', sold.code, sold.unit, set_auto_top_up.unit));
        end if;
        if below is null or below not between 1 and 1000000000000 then
            perform refuse_field('below', format('must be between 1 and 1000000000000, is %s', coalesce(below::text, 'null')));
        end if;
        if per_month_max is null or per_month_max not between 1 and 100 then
            perform refuse_field('per_month_max', format('must be between 1 and 100, is %s', coalesce(per_month_max::text, 'null')));
        end if;
    end if;
    insert into wallets (customer_id, unit, clock_id) values (customer, set_auto_top_up.unit, clock) on conflict do nothing;
    update wallets w
       set top_up_package = sold.code,
           top_up_below = case when sold.code is not null then below end,
           top_ups_per_month_max = case when sold.code is not null then per_month_max end,
           top_up_at = null,
           -- A pending order still holds the next one back.
           top_up_not_before = case when sold.code is not null and exists (
               select from orders o join order_items i on i.order_id = o.id
                where o.customer_id = w.customer_id and o.kind = 'top_up' and o.status = 'pending' and i.unit = w.unit)
               then 'infinity'::timestamptz end
     where w.customer_id = customer and w.unit = set_auto_top_up.unit;
    perform tend_wallets(array[customer], array[set_auto_top_up.unit]);
end
$$;
comment on function perennial.set_auto_top_up is
    'From now on, when less than `below` is left, as many packages are bought in one order as are missing, at most so many in a month; package null: no more.';

create or replace function perennial.check_order_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp
as $$
    select 'I13', o.id::text, 'is ' || o.status || ', its invoice is ' || coalesce(i.status, 'none')
      from orders o left join invoices i on i.order_id = o.id
     where i.status is distinct from case o.status when 'pending' then 'open' when 'paid' then 'paid' else 'void' end
       -- What had failed, and was paid at the provider after all.
       and not (o.status = 'paid' and i.status = 'void'
                and exists (select from payments p where p.invoice_id = i.id and p.origin = 'found'))
       -- What nothing could be charged for was never invoiced.
       and not (o.status = 'failed' and i.id is null)
    union all
    select 'I13', o.id::text, 'total ' || o.total_minor || ', items ' || t.total || ', invoice ' || coalesce(i.total_minor, t.total)
      from orders o
      left join invoices i on i.order_id = o.id
     cross join lateral (select coalesce(sum(amount_minor), 0) as total from order_items t where t.order_id = o.id) t
     where o.total_minor <> t.total or i.total_minor <> t.total
    union all
    select 'I4', t.order_id::text, 'order is ' || t.status || ', granted ' || coalesce(sum(g.amount), 0) || ' of ' || t.tokens
      from (select o.status, i.* from orders o join order_items i on i.order_id = o.id) t
      left join wallet_grants g on g.source = 'order' and g.key = 'order/' || t.order_id || '/' || t.position
     group by t.order_id, t.position, t.status, t.tokens
    having coalesce(sum(g.amount), 0) <> case when t.status = 'paid' then t.tokens else 0 end
$$;
comment on function perennial.check_order_invariants() is 'What of the orders does not hold (RELIABILITY: I4, I13).';
