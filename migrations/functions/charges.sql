-- The most that the payment provider charges at once: refused on entry, by name.

create or replace function perennial.charge_max(currency text) returns bigint
language sql immutable parallel safe as $$
    select case currency
               when 'IDR' then 999999999999
               when 'COP' then 9999999999 when 'HUF' then 9999999999 when 'JPY' then 9999999999
               when 'INR' then 999999999
               -- without decimals here, with two there; and the other way round
               when 'ISK' then 999999 when 'UGX' then 999999 when 'MGA' then 9999999900
               -- multiples of ten
               when 'BHD' then 99999990 when 'JOD' then 99999990 when 'KWD' then 99999990 when 'OMR' then 99999990
               when 'TND' then 99999990
               else 99999999 end
$$;
comment on function perennial.charge_max is
    'The largest amount that can be charged, in our minor units. As jobs/core has it (`Currency::max_charge_minor`); a test holds the two together.';

create or replace function perennial.check_charge(field text, amount_minor numeric, currency text) returns void
language plpgsql immutable
set search_path = perennial, pg_temp as $$
begin
    if amount_minor > charge_max(currency) then
        perform refuse_field(field, format('%s %s (minor units) is more than the payment provider charges at once: %s at most',
                                           amount_minor, currency, charge_max(currency)),
            'Sell less at once: fewer seats or packages, or a shorter interval.');
    end if;
end
$$;
comment on function perennial.check_charge is 'Refuses an amount that could never be charged.';

create or replace function perennial.check_price() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    perform check_charge('unit_amount_minor', new.unit_amount_minor, new.currency);
    perform check_charge('setup_fee_minor', new.setup_fee_minor, new.currency);
    return new;
end
$$;
comment on function perennial.check_price is 'A price can be charged.';
create or replace trigger chargeable before insert or update of unit_amount_minor, setup_fee_minor, currency on perennial.prices
    for each row execute function perennial.check_price();

create or replace function perennial.check_package_price() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    perform check_charge('amount_minor', new.amount_minor, new.currency);
    return new;
end
$$;
comment on function perennial.check_package_price is 'A package can be charged.';
create or replace trigger chargeable before insert or update of amount_minor, currency on perennial.token_package_prices
    for each row execute function perennial.check_package_price();
