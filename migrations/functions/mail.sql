-- Streams of mail that a customer can mute.

create or replace function perennial.set_mail_preference(customer uuid, stream text, preference text) returns void
language plpgsql security definer
set search_path = perennial, pg_temp as $$
declare
    clock uuid;
begin
    select c.clock_id into clock from customers c where c.id = set_mail_preference.customer;
    if not found then
        perform refuse_id('customer', customer, 'Emit customer.upserted first.');
    end if;
    if stream is distinct from 'usage_warning' then
        perform refuse_field('stream', format('%s cannot be muted; only usage_warning can', coalesce(stream, 'null')),
            case when nearest(stream, array['usage_warning']) is not null then 'Did you mean usage_warning?' end);
    end if;
    if preference is null or preference not in ('all', 'muted') then
        perform refuse_field('preference', format('must be all or muted, is %s', coalesce(preference, 'null')));
    end if;
    insert into mail_preferences as p (customer_id, stream, muted_at)
    values (set_mail_preference.customer, set_mail_preference.stream,
            case when preference = 'muted' then business_now(clock) end)
    on conflict on constraint mail_preferences_pkey do update
       -- muted again: since the first time
       set muted_at = case when preference = 'muted' then coalesce(p.muted_at, excluded.muted_at) end;
end
$$;
comment on function perennial.set_mail_preference is
    'Whether a customer gets the letters of a stream: `all` of them, or none (`muted`).';
