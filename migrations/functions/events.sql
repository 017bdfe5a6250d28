-- How other services emit events, in their own transactions.

create or replace function perennial.customer_of(subject_kind text, subject uuid, data jsonb) returns uuid
language plpgsql stable as $$
declare
    found_customer uuid;
begin
    if subject_kind = 'customer' then
        return subject;
    end if;
    execute format('select customer_id from perennial.%I where id = $1', subject_kind || 's')
       into found_customer using subject;
    if found_customer is null and subject_kind = 'subscription' then
        -- not processed yet, or being created by this very event
        select e.customer_id into found_customer from perennial.lifecycle_events e
         where e.subject = customer_of.subject and e.type = 'subscription.created' order by e.seq limit 1;
    end if;
    if found_customer is null then
        if exists (select from perennial.lifecycle_events e where e.subject = customer_of.subject and e.processed_at is null) then
            perform perennial.refuse_field('subject', format('%s %s is not processed yet', subject_kind, subject),
                'It was emitted: call again when a worker has processed it.', 'object_not_in_prerequisite_state');
        end if;
        perform perennial.refuse_field('subject', format('%s %s is not known', subject_kind, subject),
            format('There is no %s with this id.', subject_kind), 'no_data_found');
    end if;
    return found_customer;
end
$$;
comment on function perennial.customer_of(text, uuid, jsonb) is 'Whose events a subject''s events are ordered with.';

create or replace function perennial.clock_known(customer uuid) returns uuid
language sql stable
set search_path = perennial, pg_temp as $$
    select coalesce((select c.clock_id from customers c where c.id = customer),
                    -- recorded, and not processed yet
                    (select e.clock_id from lifecycle_events e
                      where e.subject = customer and e.type = 'customer.upserted'
                        and e.outcome is distinct from 'refused' order by e.seq limit 1))
$$;
comment on function perennial.clock_known is 'The clock of a customer, or of one who is not processed yet; null where nobody knows them.';

create or replace function perennial.clock_to_be(customer uuid, named text default null) returns uuid
language sql stable
set search_path = perennial, pg_temp as $$
    select coalesce(clock_known(customer), (select k.id from clocks k where k.name = named),
                    '00000000-0000-0000-0000-000000000000')
$$;
comment on function perennial.clock_to_be is
    'The clock of a customer, or the one they will have: that of its name where they are new, else the global one.';

create or replace view perennial.waiting_events as
    select e.seq, e.event_id, e.type, e.subject, e.customer_id, e.clock_id, e.at,
           greatest(e.at, b.at) as runs_at, b.event_id as waits_for
      from perennial.lifecycle_events e
      left join lateral (
           select w.at, w.event_id from perennial.lifecycle_events w
            where w.clock_id = e.clock_id and w.customer_id = e.customer_id and w.processed_at is null
              and w.seq < e.seq and w.at > e.at
              and (w.subject = e.subject or w.type = 'customer.upserted'
                   and not exists (select from perennial.customers c where c.id = e.customer_id))
            order by w.at desc limit 1) b on true
     where e.processed_at is null;
comment on view perennial.waiting_events is
    'Events that are not processed yet: when each can be, and the earlier event about the same subject that it waits for.';

create or replace function perennial.check_told_again(said perennial.lifecycle_events, again perennial.lifecycle_events) returns void
language plpgsql stable as $$
begin
    if exists (select from perennial.event_types t where t.type in (said.type, again.type) and t.repeats = 'compared')
       and ((said.type, said.subject, said.data) is distinct from (again.type, again.subject, again.data)
            or said.at <> again.at) then
        perform perennial.refuse_field('event_id', format('%s names another event', said.event_id));
    end if;
end
$$;
comment on function perennial.check_told_again is 'Refuses another event under the name of one that was told before, where that matters.';

create or replace function perennial.emit(type text, subject uuid, data jsonb, event_id text, at timestamptz default null)
returns bigint
language plpgsql security definer
set search_path = perennial, pg_temp
as $$
#variable_conflict use_column
declare
    known perennial.event_types;
    said perennial.lifecycle_events;
    wish perennial.lifecycle_events;
    field text;
    whose uuid;
    clock uuid;
begin
    wish.type := emit.type;
    wish.subject := emit.subject;
    wish.data := emit.data;
    wish.at := emit.at;
    if emit.event_id is null or length(emit.event_id) not between 1 and 200 then
        perform perennial.refuse_field('event_id', 'must have 1 to 200 characters');
    end if;
    -- A repeat answers the same and does nothing.
    select * into said from perennial.lifecycle_events e where e.event_id = emit.event_id;
    if found then
        perform perennial.check_told_again(said, wish);
        return said.seq;
    end if;
    select * into known from perennial.event_types t where t.type = emit.type;
    if known.type is null then
        perform perennial.refuse_name('type', format('%s is not an event', coalesce(emit.type, 'null')), emit.type,
            array(select t.type from perennial.event_types t order by t.type));
    end if;
    if subject is null then
        perform perennial.refuse_field('subject', format('is required: the %s', known.subject));
    end if;
    if emit.at > now() + interval '100 years' or emit.at < '1900-01-01' then
        perform perennial.refuse_field('at', format('must lie between 1900 and a hundred years from now, is %s', emit.at));
    end if;
    if emit.data is null or jsonb_typeof(emit.data) <> 'object' then
        perform perennial.refuse_field('data', 'must be a JSON object');
    end if;
    for field in select jsonb_object_keys(emit.data) loop
        if not known.fields ? field then
            perform perennial.refuse_name(field, format('is not a field of %s', known.type), field,
                array(select k from jsonb_object_keys(known.fields) k order by k));
        end if;
    end loop;
    for field in select jsonb_object_keys(known.fields) loop
        perform perennial.check_field(field, emit.data -> field, known.fields -> field);
        if known.fields -> field ->> 'type' = 'uuid' and emit.data ->> field is not null then
            -- In whichever form it was given, it is kept in one.
            emit.data := jsonb_set(emit.data, array[field], to_jsonb(perennial.id(emit.data ->> field, field)));
        end if;
    end loop;
    wish.data := emit.data;
    if known.fields ? 'customer' then
        whose := (emit.data ->> 'customer')::uuid;
    else
        whose := perennial.customer_of(known.subject, emit.subject, emit.data);
    end if;
    if known.type <> 'customer.upserted' and not exists (select from perennial.customers where id = whose)
       and not exists (select from perennial.lifecycle_events e where e.subject = whose and e.type = 'customer.upserted') then
        perform perennial.refuse_field('customer', format('%s is not known: emit customer.upserted first', whose),
            'Emit customer.upserted first, in the same transaction if you like.', 'no_data_found');
    end if;
    if known.check_function is not null then
        execute format('select perennial.%I($1)', known.check_function) using wish;
    end if;
    -- The time of an event is that of its customer's clock, also where the customer is new with it.
    clock := perennial.clock_to_be(whose, emit.data ->> 'clock');
    -- An event acts at its own instant and never earlier: clocks may differ a little, and no more.
    if emit.at > perennial.business_now(clock) + interval '5 minutes' then
        perform perennial.refuse_field('at', format(
            'lies ahead of the customer''s clock (%s): %s. An event says what has happened%s',
            perennial.business_now(clock), emit.at,
            case when known.type = 'subscription.created' then '; a later start is its field starts_at' else '' end));
    end if;
    insert into perennial.lifecycle_events (event_id, type, subject, customer_id, clock_id, data, at)
    values (emit.event_id, known.type, emit.subject, whose, clock, emit.data,
            coalesce(emit.at, perennial.business_now(clock)))
    on conflict (event_id) do nothing
    returning seq into wish.seq;
    if wish.seq is null then
        select * into said from perennial.lifecycle_events e where e.event_id = emit.event_id;
        perform perennial.check_told_again(said, wish);
        return said.seq;
    end if;
    -- The sweep that this wakes makes the job: its key, taken here, would be locked for as long as
    -- the caller's transaction is open.
    perform pg_notify('perennial_due', '');
    return wish.seq;
end
$$;
comment on function perennial.emit(text, uuid, jsonb, text, timestamptz) is
    'Tells Perennial of something. A repeat of an event_id answers the same and does nothing. Processed in order per customer.';

create or replace function perennial.check_new_customer(event perennial.lifecycle_events) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    wanted text := event.data ->> 'clock';
    held text;
begin
    if wanted is null then
        return;
    elsif not exists (select from clocks k where k.name = wanted) then
        perform refuse_field('clock', format('there is no %s; `perennial clock set` makes one', event.data -> 'clock'),
            (select format('Did you mean %s?', meant) from nearest(wanted, array(select k.name from clocks k)) meant
              where meant is not null));
    end if;
    select k.name into held from clocks k where k.id = clock_known(event.subject);
    if held <> wanted then
        perform refuse_field('clock', format('the customer is on %s, and stays there', to_jsonb(held)));
    end if;
end
$$;
comment on function perennial.check_new_customer is 'The check of customer.upserted.';
