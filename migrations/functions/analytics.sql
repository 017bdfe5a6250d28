-- A day of the business, exact sums, and what can be asked for.

create or replace function perennial.require_zone() returns trigger
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
create or replace trigger zone before insert or update on perennial.analytics_settings
    for each row execute function perennial.require_zone();

create or replace function perennial.keep_zone() returns trigger
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
create or replace trigger zone_kept before update on perennial.analytics_settings
    for each row execute function perennial.keep_zone();

create or replace view perennial.analytics_figures as
    select s.date, s.metric, s.currency, s.breakdown, s.key, s.numer, s.denom, s.version, s.run_id
      from perennial.analytics_snapshots s
     where s.numer is not null
       and not exists (select from perennial.analytics_snapshots l
                        where (l.date, l.metric, l.currency, l.breakdown, l.key)
                              = (s.date, s.metric, s.currency, s.breakdown, s.key) and l.version > s.version);
comment on view perennial.analytics_figures is 'Snapshots as they stand: the latest version of each figure.';

create or replace function perennial.day_start(day date) returns timestamptz
language sql stable
set search_path = perennial, pg_temp as $$
    select wall_instant(day_start.day::timestamp, business_zone) from analytics_settings
$$;
comment on function perennial.day_start(date) is 'The midnight that a day of the business begins with: the first, where there are two (rule T4).';

create or replace function perennial.business_day(at timestamptz default perennial.business_now()) returns date
language sql stable
set search_path = perennial, pg_temp as $$
    select (business_day.at at time zone business_zone)::date from analytics_settings
$$;
comment on function perennial.business_day(timestamptz) is 'The day of the business that an instant lies in.';

create or replace function perennial.month_of(at timestamptz, zone text) returns text
language sql immutable as $$ select to_char(month_of.at at time zone month_of.zone, 'YYYY-MM') $$;
comment on function perennial.month_of(timestamptz, text) is 'The month that an instant lies in: the key of a cohort.';

create or replace function perennial.first_day() returns date
language sql stable
set search_path = perennial, pg_temp as $$
    select business_day(min(first_subscription_at)) from customer_cohorts
$$;
comment on function perennial.first_day() is 'The first day of which there is something to tell; null: none.';

create or replace function perennial.analytics_fresh_to() returns timestamptz
language sql stable
set search_path = perennial, pg_temp as $$
    select coalesce((select frozen_at from clocks where id = '00000000-0000-0000-0000-000000000000'),
                    case when pg_is_in_recovery() then coalesce(pg_last_xact_replay_timestamp(), '-infinity') end,
                    business_now())
$$;
comment on function perennial.analytics_fresh_to() is
    'The business instant up to which all data is here: on a replica what was replayed last, elsewhere now.';

create or replace function perennial.facts_of(day date, out facts bigint, out stock_facts bigint)
language plpgsql stable
-- A day's facts are found by index, however little is known of how much there is.
set jit = off set enable_seqscan = off set search_path = perennial, pg_temp as $$
declare
    since constant timestamptz := day_start(facts_of.day);
    until constant timestamptz := day_start(facts_of.day + 1);
begin
    stock_facts := (select count(*) from mrr_movements where at >= since and at < until)
        + (select count(*) from subscription_history where at >= since and at < until)
        + (select count(*) from ledger_entries where at >= since and at < until)
        + (select count(*) from usage_warnings where crossed_at >= since and crossed_at < until);
    facts := stock_facts
        + (select count(*) from payments where settled_at >= since and settled_at < until)
        + (select count(*) from refunds where at >= since and at < until)
        + (select count(*) from disputes where opened_at >= since and opened_at < until)
        + (select count(*) from dunning_cases where failed_at >= since and failed_at < until)
        + (select count(*) from dunning_cases where closed_at >= since and closed_at < until)
        + (select count(*) from usage_closings where period_end >= since and period_end < until)
        + (select count(*) from wallet_entries where at >= since and at < until)
        + (select count(*) from emails where settled_at >= since and settled_at < until);
end
$$;
comment on function perennial.facts_of(date) is
    'How many facts a day has of all kinds that its figures are made of, and how many of those that stocks are made of. More than before means that some came late.';

-- The snapshot that can be gone on from; null: none, or what came since does not fit it.
create or replace function perennial.snapshot_base(day date) returns uuid
language plpgsql stable
set jit = off set enable_seqscan = off set search_path = perennial, pg_temp as $$
declare
    base analytics_runs;
    since timestamptz := day_start(snapshot_base.day - 1);
begin
    select r.* into base from analytics_runs r
     where r.date = snapshot_base.day - 1 and r.figures is not null
     order by r.recorded_at desc limit 1;
    -- What was not yet committed when the base was taken was recorded before it.
    if base.stock_facts = (facts_of(base.date)).stock_facts
       and not exists (select from mrr_movements where recorded_at > base.recorded_at and at < since)
       and not exists (select from subscription_history where recorded_at > base.recorded_at and at < since)
       and not exists (select from ledger_entries where recorded_at > base.recorded_at and at < since)
       and not exists (select from usage_warnings where recorded_at > base.recorded_at and crossed_at < since) then
        return base.id;
    end if;
    return null;
end
$$;
comment on function perennial.snapshot_base(date) is
    'The run of the day before, if nothing came late since: its stocks and the day''s changes are the day''s stocks.';

create or replace function perennial.add_fraction(total numeric[], numer numeric, denom numeric) returns numeric[]
language plpgsql immutable as $$
declare
    n numeric := total[1] + numer;
    d numeric := denom;
begin
    -- Counts and amounts are whole, and nearly all there is to add.
    if total[2] = 1 and denom = 1 then
        return array[n, d];
    elsif total[2] <> denom then
        d := lcm(total[2], denom);
        n := total[1] * div(d, total[2]) + numer * div(d, denom);
    end if;
    return array[div(n, gcd(n, d)), div(d, gcd(n, d))];
end
$$;
comment on function perennial.add_fraction(numeric[], numeric, numeric) is 'Adds a fraction to another, and reduces.';

create or replace aggregate perennial.sum_of(numeric, numeric) (
    sfunc = perennial.add_fraction, stype = numeric[], initcond = '{0,1}');
comment on aggregate perennial.sum_of(numeric, numeric) is
    'The exact sum of fractions, reduced. Add up what has the same denominator before: it is quicker.';

create or replace function perennial.summed(parts perennial.figure[]) returns setof perennial.figure
language sql stable
set search_path = perennial, pg_temp as $$
    select p.metric, p.currency, p.breakdown, p.key, p.total[1], p.total[2]
      from (select metric, currency, breakdown, key, sum_of(numer, denom) as total
              from unnest(parts) group by 1, 2, 3, 4) p
     where p.total[1] <> 0 or p.breakdown = 'total'
$$;
comment on function perennial.summed(perennial.figure[]) is 'Figures of the same name added up; parts of which nothing is left are gone.';

create or replace function perennial.divided(numer_n numeric, numer_d numeric, denom_n numeric, denom_d numeric) returns numeric[]
language sql immutable as $$
    -- Reduced; null by nothing.
    select array[div(n, gcd(n, d)), div(d, gcd(n, d))]
      from (select sign(denom_n) * numer_n * denom_d, abs(numer_d * denom_n)) f (n, d) where denom_n <> 0 and numer_n is not null
$$;
comment on function perennial.divided(numeric, numeric, numeric, numeric) is 'One fraction by another, reduced; null by nothing.';

create or replace function perennial.require_day(day date) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    first date := first_day();
begin
    if require_day.day is null then
        perform refuse_field('date', 'is not given');
    elsif pg_is_in_recovery() and day_start(require_day.day + 1) > analytics_fresh_to() then
        raise exception 'date: % is not all here: the replica has replayed up to %, the day ends at %',
            require_day.day, analytics_fresh_to(), day_start(require_day.day + 1)
            using errcode = 'object_not_in_prerequisite_state';
    elsif day_start(require_day.day + 1) > business_now() then
        perform refuse_field('date', format('%s is not over: it is %s in %s', require_day.day, business_day(),
                                            (select business_zone from analytics_settings)));
    elsif first is null then
        perform refuse_field('date', format('nothing was recorded on %s, nor on any day', require_day.day));
    elsif require_day.day < first then
        perform refuse_field('date', format('%s lies before the first day that something was recorded on, %s', require_day.day, first));
    end if;
end
$$;
comment on function perennial.require_day(date) is 'Refuses days that nothing can be told of: to come, before the first, or not yet replicated.';

create or replace function perennial.require_metric(metric text, currency text) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
begin
    if not exists (select from analytics_metrics m where m.metric = require_metric.metric) then
        perform refuse_name('metric', format('%s is no metric', require_metric.metric), require_metric.metric,
            array(select m.metric from analytics_metrics m order by m.metric));
    elsif require_metric.currency <> '' and not exists (select from subscriptions s where s.currency = require_metric.currency)
          and not exists (select from ledger_entries e where e.currency = require_metric.currency) then
        perform refuse_field('currency', format('nothing was ever sold in %s', require_metric.currency));
    end if;
end
$$;
comment on function perennial.require_metric(text, text) is 'Refuses metrics and currencies that nobody has heard of.';

create or replace function perennial.require_breakdown(metric text, breakdown text) returns void
language plpgsql stable
set search_path = perennial, pg_temp as $$
declare
    known text[];
begin
    perform require_metric(require_breakdown.metric, '');
    select m.breakdowns into known from analytics_metrics m where m.metric = require_breakdown.metric;
    if (require_breakdown.breakdown = any (known)) is not true then
        perform refuse_field('breakdown', format('%s is not told by %s; it is by %s', require_breakdown.metric,
            coalesce(require_breakdown.breakdown, 'nothing'), array_to_string(known, ', ')),
            (select format('Did you mean %s?', meant) from nearest(require_breakdown.breakdown, known) meant
              where meant is not null));
    end if;
end
$$;
comment on function perennial.require_breakdown(text, text) is 'Refuses to tell a metric by what means nothing for it.';
