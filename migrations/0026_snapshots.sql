-- Snapshots: what the business's numbers were, day by day, as they were told.

create table perennial.analytics_settings (
    only_row boolean primary key default true check (only_row),
    -- the zone whose midnights begin and end the business's days
    business_zone text not null default 'UTC'
);
comment on table perennial.analytics_settings is 'One row: whose midnight it is.';
insert into perennial.analytics_settings default values;

create function perennial.require_zone() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if not exists (select from pg_timezone_names where name = new.business_zone) then
        perform refuse_field('business_zone', format('%s is no time zone; one would be Europe/Berlin', new.business_zone));
    end if;
    return new;
end
$$;
comment on function perennial.require_zone() is 'A zone by its name: an offset would know no summer.';
create trigger zone before insert or update on perennial.analytics_settings
    for each row execute function perennial.require_zone();

create function perennial.keep_zone() returns trigger
language plpgsql
set search_path = perennial, pg_temp as $$
begin
    if new.business_zone <> old.business_zone and exists (select from analytics_runs) then
        perform refuse_field('business_zone', 'there are snapshots already, of days that ended elsewhere');
    end if;
    return new;
end
$$;
comment on function perennial.keep_zone() is 'Days of two zones cannot be added up.';
create trigger zone_kept before update on perennial.analytics_settings
    for each row execute function perennial.keep_zone();

create table perennial.analytics_runs (
    id uuid primary key,
    date date not null,
    method text not null check (method in ('scheduled', 'on_demand', 'manual', 'restated')),
    -- business time
    taken_at timestamptz not null,
    duration_ms bigint not null check (duration_ms >= 0),
    -- the business instant up to which all data was in
    fresh_to timestamptz not null,
    -- how many movements and edges the day had when it was looked at
    facts bigint not null check (facts >= 0),
    -- those of them that came after the first run of the date had been
    late_rows bigint not null,
    -- all that was recorded by then was seen (machine time)
    recorded_at timestamptz not null default now()
);
comment on table perennial.analytics_runs is 'Each time a day was looked at: how, when, how long it took, and how fresh the data was.';
create index analytics_runs_date on perennial.analytics_runs (date, recorded_at);
select perennial.make_append_only('perennial.analytics_runs');

create table perennial.analytics_snapshots (
    -- of the business's zone: what is counted is counted at its end, what happened happened in it
    date date not null,
    metric text collate "C" not null,
    -- amounts are in its minor units; '': no amount, or not of one currency
    currency text not null check (currency ~ '^([A-Z]{3})?$'),
    breakdown text collate "C" not null,
    -- which part of the breakdown; '' for the total
    key text collate "C" not null,
    -- 1; a restatement appends the next, and what was said before stays
    version integer not null check (version >= 1),
    -- null: withdrawn, there is no such figure any more
    numer numeric(39),
    denom numeric(39) not null check (denom > 0),
    run_id uuid not null references perennial.analytics_runs,
    primary key (date, metric, currency, breakdown, key, version),
    check ((breakdown = 'total') = (key = ''))
);
comment on table perennial.analytics_snapshots is
    'The business''s numbers of each day as exact fractions. A rate whose denominator is zero has no row.';
create index analytics_snapshots_metric on perennial.analytics_snapshots (metric, currency, breakdown, key, date);
select perennial.make_append_only('perennial.analytics_snapshots');

create view perennial.analytics_figures as
    select s.date, s.metric, s.currency, s.breakdown, s.key, s.numer, s.denom, s.version, s.run_id
      from perennial.analytics_snapshots s
     where s.numer is not null
       and not exists (select from perennial.analytics_snapshots l
                        where (l.date, l.metric, l.currency, l.breakdown, l.key)
                              = (s.date, s.metric, s.currency, s.breakdown, s.key) and l.version > s.version);
comment on view perennial.analytics_figures is 'Snapshots as they stand: the latest version of each figure.';
select perennial.grant_rights();
