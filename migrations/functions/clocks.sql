-- Business time: boundaries on the wall clock of a zone, and what moves with a clock.

-- Plain expressions, so that the planner can put them in place: a million meters reset in one sweep.
create or replace function perennial.offset_before(local timestamp, zone text) returns interval
language sql immutable parallel safe as $$
    select (((local at time zone zone at time zone 'UTC') - interval '1 day') at time zone 'UTC' at time zone zone)
           - ((local at time zone zone at time zone 'UTC') - interval '1 day')
$$;
comment on function perennial.offset_before is 'The zone''s offset a day before a wall time.';

-- PostgreSQL shifts a gap forward, as rule T4 wants, but takes an overlap's second occurrence. The
-- first one is where the offset of the day before still holds. Mostly it holds at any rate, and the
-- rest, which looks up the zone a dozen times, is not needed; in UTC one look does.
create or replace function perennial.wall_instant(local timestamp, zone text) returns timestamptz
language sql immutable parallel safe as $$
    select case when zone = 'UTC' then local at time zone 'UTC'
                when (local at time zone zone) - ((local - interval '24 hours') at time zone zone) = interval '24 hours'
                then local at time zone zone
                when (local - perennial.offset_before(local, zone)) at time zone 'UTC' at time zone zone = local
                then (local - perennial.offset_before(local, zone)) at time zone 'UTC'
                else local at time zone zone end
$$;
comment on function perennial.wall_instant is 'The instant of a wall time: gaps shifted forward, the first of two (rule T4).';

create or replace function perennial.month_boundary(anchor_local timestamp, anchor_zone text, index integer) returns timestamptz
language sql immutable parallel safe as $$
    select perennial.wall_instant(anchor_local + index * interval '1 month', anchor_zone)
$$;
comment on function perennial.month_boundary is 'Boundary n of months counted from an anchor, the day clamped from the anchor''s (rule T1).';

create or replace function perennial.month_index(anchor_local timestamp, anchor_zone text, at timestamptz) returns integer
language plpgsql immutable parallel safe
set search_path = perennial, pg_temp as $$
declare
    local timestamp := at at time zone anchor_zone;
    answer integer := (extract(year from local) - extract(year from anchor_local)) * 12
                      + extract(month from local) - extract(month from anchor_local);
begin
    while month_boundary(anchor_local, anchor_zone, answer) > at loop answer := answer - 1; end loop;
    while month_boundary(anchor_local, anchor_zone, answer + 1) <= at loop answer := answer + 1; end loop;
    return answer;
end
$$;
comment on function perennial.month_index is 'The index of the month that an instant falls in: [boundary n, boundary n + 1).';

create or replace function perennial.announce_due() returns trigger
language plpgsql as $$
begin
    perform pg_notify('perennial_due', '');
    return null;
end
$$;
comment on function perennial.announce_due() is 'Wakes the scheduler: a clock moved, or a row is due at once.';
create or replace trigger announce after insert or update on perennial.clocks
    for each statement execute function perennial.announce_due();

create or replace function perennial.keep_clock_monotonic() returns trigger
language plpgsql as $$
begin
    if new.frozen_at < old.frozen_at then
        raise exception 'clock % cannot go back from % to %', new.name, old.frozen_at, new.frozen_at
            using errcode = 'check_violation', hint = 'Business time only moves forward: what was billed stays billed.';
    end if;
    return new;
end
$$;
comment on function perennial.keep_clock_monotonic() is 'A test clock only moves forward.';
create or replace trigger monotonic before update on perennial.clocks
    for each row execute function perennial.keep_clock_monotonic();
