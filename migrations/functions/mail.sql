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

-- Suppressed addresses, and emails that did not arrive.

create or replace function perennial.suppress_address(address text, reason text) returns boolean
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if not is_email_address(trim(address)) then
        perform refuse_field('address', 'is no mail address');
    end if;
    insert into email_suppressions (address, reason)
    values (lower(trim(suppress_address.address)), coalesce(nullif(left(suppress_address.reason, 300), ''), 'by an operator'))
    on conflict do nothing;
    return found;
end
$$;
comment on function perennial.suppress_address is 'Sends nothing to an address any more. False: it was suppressed already.';

create or replace function perennial.lift_suppression(address text) returns boolean
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    delete from email_suppressions s where s.address = lower(trim(lift_suppression.address));
    return found;
end
$$;
comment on function perennial.lift_suppression is
    'Sends to an address again what comes from now on. False: it was not suppressed. resend_email sends what was suppressed.';

create or replace function perennial.resend_email(email uuid) returns boolean
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    update emails e
       set status = 'queued', due_at = business_now(e.clock_id), settled_at = null, retry_at = null, deferred_for = null,
           first_sent_at = null
     where e.id = resend_email.email and e.status in ('uncertain', 'failed', 'suppressed', 'withdrawn');
    if found then
        notify perennial_due;
        return true;
    end if;
    if not exists (select from emails e where e.id = resend_email.email) then
        perform refuse_field('email', format('%s is not an email', coalesce(resend_email.email::text, 'null')));
    end if;
    return false;
end
$$;
comment on function perennial.resend_email is
    'Queues an email again that is uncertain, failed, suppressed or withdrawn. False: it waits, or was sent.';

-- One rule with perennial_core::email::Address; a test holds the two together. A domain beyond ASCII is judged by its letters.
create or replace function perennial.is_email_address(address text) returns boolean
language sql immutable
set search_path = perennial, pg_temp as $$
    select coalesce(
        octet_length(address) <= 254
        and octet_length(substring(address from '^(.*)@')) <= 64
        and address !~ '[\u0080-\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\uffff]'
        and address ~ '^[a-zA-Z0-9!#$%&''*+/=?^_`{|}~\u0080-\U0010ffff-]+(\.[a-zA-Z0-9!#$%&''*+/=?^_`{|}~\u0080-\U0010ffff-]+)*@'
                      '([a-zA-Z0-9\u0080-\U0010ffff]([a-zA-Z0-9\u0080-\U0010ffff-]{0,61}[a-zA-Z0-9\u0080-\U0010ffff])?)'
                      '(\.[a-zA-Z0-9\u0080-\U0010ffff]([a-zA-Z0-9\u0080-\U0010ffff-]{0,61}[a-zA-Z0-9\u0080-\U0010ffff])?)*$',
        false)
$$;
comment on function perennial.is_email_address is 'Whether a text is an address that a mail server can take.';

create or replace view perennial.undelivered_emails as
    select e.id, e.key, e.template, e.customer_id, e.subscription_id,
           case when e.status = 'queued' then 'deferred' else e.status end as outcome,
           e.reply as reason, e.attempts, e.queued_at, e.first_sent_at, e.retry_at, e.settled_at
      from perennial.emails e
     where e.status in ('uncertain', 'failed', 'suppressed', 'withdrawn') or e.deferred_for is not null;
comment on view perennial.undelivered_emails is
    'Emails that did not arrive, may not have arrived, or wait for the mail server, each with the reason.';
