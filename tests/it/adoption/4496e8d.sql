-- A database as the last commit before the baseline (4496e8d) left it on 2 March 2026: seven customers,
-- with subscriptions that are active, past due, on trial, canceled and paused. Made with
-- `pg_dump --inserts`; comments and the bodies of functions are left out.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA perennial;
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA perennial;
CREATE TYPE perennial.figure AS (
	metric text,
	currency text,
	breakdown text,
	key text,
	numer numeric,
	denom numeric
);
CREATE TYPE perennial.usage_batch_answer AS (
	number bigint,
	event_id text,
	plain boolean,
	recorded boolean,
	used bigint,
	"limit" bigint,
	remaining bigint,
	period_end timestamp with time zone,
	error text
);
CREATE FUNCTION perennial.accrue_commissions(after uuid, customers_max integer, OUT accrued bigint, OUT reached uuid) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.accrue_commissions_of(customers uuid[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.add_fraction(total numeric[], numer numeric, denom numeric) RETURNS numeric[]
    LANGUAGE plpgsql IMMUTABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.add_grant(customer uuid, unit text, amount bigint, kind text, priority integer, effective_at timestamp with time zone, expires_at timestamp with time zone, source text, key text) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.analytics_fresh_to() RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.announce_due() RETURNS trigger
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.answer_listed_usage(event jsonb, answer perennial.usage_batch_answer) RETURNS perennial.usage_batch_answer
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.api_key_limit(customer uuid, own integer) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.authorize_api_key(key text, scope text, OUT customer uuid, OUT allowed boolean, OUT remaining bigint, OUT retry_after integer, OUT reason text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.await_allocation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.await_allocations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.base62(bytes bytea, digits integer) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.billed_moved(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.billed_parts(sums perennial.figure[]) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.bucket_spent(spent bigint, spent_at timestamp with time zone, limit_per_hour bigint, moment timestamp with time zone) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.business_now(clock uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$
begin
    return coalesce(
        (select frozen_at from perennial.clocks where id = clock),
        (select frozen_at from perennial.clocks where id = '00000000-0000-0000-0000-000000000000'),
        statement_timestamp());
end
$$;
CREATE FUNCTION perennial.business_day(at timestamp with time zone DEFAULT perennial.business_now()) RETURNS date
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$
    select (business_day.at at time zone business_zone)::date from analytics_settings
$$;
CREATE FUNCTION perennial.can_access(user_id uuid, content_key text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.cancel_membership(id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_books_and_usage_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_catalog(data jsonb) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_commission_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE perennial.lifecycle_events (
    seq bigint NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    subject uuid NOT NULL,
    customer_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    data jsonb NOT NULL,
    at timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    processed_at timestamp with time zone,
    outcome text,
    reason text,
    CONSTRAINT lifecycle_events_check CHECK (((processed_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT lifecycle_events_event_id_check CHECK (((length(event_id) >= 1) AND (length(event_id) <= 200))),
    CONSTRAINT lifecycle_events_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text])))
);
CREATE FUNCTION perennial.check_dispute(event perennial.lifecycle_events) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_dispute_closed(event perennial.lifecycle_events) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_feature(customer uuid, feature text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_field(field text, value jsonb, rule jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_invariants_before_commissions() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_isolation() RETURNS void
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_key(key text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE TABLE perennial.payments (
    id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    subscription_id uuid,
    customer_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    attempt integer NOT NULL,
    method_id uuid NOT NULL,
    network text,
    provider text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    idempotency_key text NOT NULL,
    request_hash text NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    due_at timestamp with time zone,
    first_sent_at timestamp with time zone,
    inquiries integer DEFAULT 0 NOT NULL,
    decline_code text,
    network_decline_code text,
    network_advice_code text,
    advice_code text,
    charge_reference text,
    request_id text,
    http_status integer,
    replayed boolean,
    last_error text,
    decision bigint NOT NULL,
    outcome_decision bigint,
    order_id uuid,
    refunded_minor bigint DEFAULT 0 NOT NULL,
    disputed_minor bigint DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone,
    CONSTRAINT payments_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT payments_attempt_check CHECK ((attempt >= 1)),
    CONSTRAINT payments_check CHECK (((due_at IS NOT NULL) = (status = ANY (ARRAY['planned'::text, 'executing'::text, 'unknown'::text, 'processing'::text])))),
    CONSTRAINT payments_check1 CHECK (((status = ANY (ARRAY['succeeded'::text, 'declined'::text, 'rejected'::text, 'canceled'::text])) = (settled_at IS NOT NULL))),
    CONSTRAINT payments_disputed_minor_check CHECK ((disputed_minor >= 0)),
    CONSTRAINT payments_gone_back_at_most_paid CHECK (((refunded_minor + disputed_minor) <=
CASE
    WHEN (status = 'succeeded'::text) THEN amount_minor
    ELSE (0)::bigint
END)),
    CONSTRAINT payments_refunded_minor_check CHECK ((refunded_minor >= 0)),
    CONSTRAINT payments_status_check CHECK ((status = ANY (ARRAY['planned'::text, 'executing'::text, 'unknown'::text, 'processing'::text, 'succeeded'::text, 'declined'::text, 'rejected'::text, 'canceled'::text]))),
    CONSTRAINT payments_subject CHECK ((num_nonnulls(subscription_id, order_id) = 1))
)
WITH (fillfactor='70');
CREATE FUNCTION perennial.check_left(event perennial.lifecycle_events, paid perennial.payments) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_lifecycle_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_lives_and_books_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE TABLE perennial.membership_types (
    id uuid NOT NULL,
    code text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    duration text NOT NULL,
    duration_days integer,
    price_minor bigint NOT NULL,
    currency text NOT NULL,
    features text[] DEFAULT '{}'::text[] NOT NULL,
    notice_days integer,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT membership_types_check CHECK (((duration = 'fixed'::text) = (duration_days IS NOT NULL))),
    CONSTRAINT membership_types_check1 CHECK (((notice_days IS NULL) OR ((duration = 'fixed'::text) AND (notice_days <= duration_days)))),
    CONSTRAINT membership_types_code_check CHECK ((code ~ '^[a-z][a-z0-9_-]{0,59}$'::text)),
    CONSTRAINT membership_types_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT membership_types_duration_check CHECK ((duration = ANY (ARRAY['recurring'::text, 'fixed'::text, 'lifetime'::text]))),
    CONSTRAINT membership_types_duration_days_check CHECK (((duration_days >= 1) AND (duration_days <= 36600))),
    CONSTRAINT membership_types_features_check CHECK (((array_position(features, NULL::text) IS NULL) AND (array_to_string(features, ' '::text) ~ '^([a-z][a-z0-9_]{0,59}( [a-z][a-z0-9_]{0,59})*)?$'::text))),
    CONSTRAINT membership_types_name_check CHECK (((name !~ '[[:cntrl:]]'::text) AND ((length(name) >= 1) AND (length(name) <= 200)))),
    CONSTRAINT membership_types_notice_days_check CHECK ((notice_days > 0)),
    CONSTRAINT membership_types_price_minor_check CHECK ((price_minor >= 0))
);
CREATE FUNCTION perennial.check_membership(type text, subscription uuid, order_id uuid, starts_at timestamp with time zone) RETURNS perennial.membership_types
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_mrr_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_new_customer(event perennial.lifecycle_events) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_new_order(event perennial.lifecycle_events) RETURNS void
    LANGUAGE sql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_new_subscription(event perennial.lifecycle_events) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_open(quota uuid, moment timestamp with time zone, now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_order_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_package(data jsonb) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_paid(event perennial.lifecycle_events) RETURNS perennial.payments
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_past(field text, at timestamp with time zone, now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_quota(customer uuid, metric text, quantity bigint DEFAULT 1) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_refund(event perennial.lifecycle_events) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_refund_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_repeat(event_id text, customer uuid, metric integer, quantity bigint) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_scopes(scopes text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_snapshot(day date) RETURNS TABLE(metric text, currency text, breakdown text, key text, told text, recomputed text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_token_amount(amount bigint) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_told_again(said perennial.lifecycle_events, again perennial.lifecycle_events) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_usage(quantity bigint, event_id text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_usage_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_wallet_fields(customer uuid, unit text) RETURNS uuid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.check_wallet_invariants() RETURNS TABLE(invariant text, subject text, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.churn_since(currency text, since timestamp with time zone, until timestamp with time zone) RETURNS TABLE(paying bigint, churned bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.claim_jobs(queue_name text, wanted integer, worker uuid, lease_ms bigint) RETURNS TABLE(id bigint, payload text, attempt integer, run integer, max_attempts smallint, trace text)
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.clock_to_be(customer uuid) RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.close_periods(clock uuid, of_customers uuid[], batch integer, OUT closed bigint, OUT notable jsonb) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET work_mem TO '64MB'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.cohorts(first text, from_month date, to_month date) RETURNS TABLE(cohort date, month date, currency text, size bigint, customers bigint, numer numeric, denom numeric)
    LANGUAGE plpgsql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE TABLE perennial.commission_rules (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    affiliate_code text COLLATE pg_catalog."C",
    percent_numer bigint,
    percent_denom bigint,
    fixed_minor bigint,
    currency text,
    duration text NOT NULL,
    months integer,
    hold_days integer DEFAULT 30 NOT NULL,
    active_from timestamp with time zone DEFAULT perennial.business_now() NOT NULL,
    active_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT commission_rules_check CHECK ((active_until > active_from)),
    CONSTRAINT commission_rules_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT commission_rules_duration_check CHECK ((duration = ANY (ARRAY['once'::text, 'recurring'::text]))),
    CONSTRAINT commission_rules_fixed_minor_check CHECK ((fixed_minor > 0)),
    CONSTRAINT commission_rules_hold_days_check CHECK (((hold_days >= 0) AND (hold_days <= 3650))),
    CONSTRAINT commission_rules_months_check CHECK (((months >= 1) AND (months <= 1200))),
    CONSTRAINT commission_rules_percent_denom_check CHECK ((percent_denom > 0)),
    CONSTRAINT commission_rules_percent_numer_check CHECK ((percent_numer > 0)),
    CONSTRAINT fixed_amount_has_a_currency CHECK (((fixed_minor IS NULL) = (currency IS NULL))),
    CONSTRAINT percent_at_most_100 CHECK ((((percent_numer)::numeric / 100.0) <= (percent_denom)::numeric)),
    CONSTRAINT percent_is_a_fraction CHECK (((percent_numer IS NULL) = (percent_denom IS NULL))),
    CONSTRAINT percent_or_fixed_amount CHECK ((num_nonnulls(percent_numer, fixed_minor) = 1)),
    CONSTRAINT recurring_has_months CHECK (((duration = 'recurring'::text) = (months IS NOT NULL)))
);
CREATE FUNCTION perennial.commission_of(rule perennial.commission_rules, amount_minor bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.commission_rule_of(affiliate text, currency text, referred_at timestamp with time zone) RETURNS SETOF perennial.commission_rules
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.consume(customer uuid, metric text, quantity bigint, event_id text) RETURNS TABLE(allowed boolean, remaining bigint, used bigint, "limit" bigint, period_end timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.consume_tokens(customer uuid, unit text, amount bigint, event_id text) RETURNS TABLE(allowed boolean, consumed bigint, balance bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE TABLE perennial.content_access_rules (
    id integer NOT NULL,
    content_key text NOT NULL COLLATE pg_catalog."C",
    requirement text NOT NULL,
    plan text,
    feature text,
    membership text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT content_access_rules_check CHECK ((num_nonnulls(plan, feature, membership) = ((requirement <> 'public'::text))::integer)),
    CONSTRAINT content_access_rules_check1 CHECK (((plan IS NOT NULL) = (requirement = 'plan'::text))),
    CONSTRAINT content_access_rules_check2 CHECK (((feature IS NOT NULL) = (requirement = 'feature'::text))),
    CONSTRAINT content_access_rules_check3 CHECK (((membership IS NOT NULL) = (requirement = 'membership'::text))),
    CONSTRAINT content_access_rules_content_key_check CHECK (((content_key ~ '^[^*[:cntrl:]]{0,200}\*?$'::text) AND (content_key <> ''::text))),
    CONSTRAINT content_access_rules_feature_check CHECK ((feature ~ '^[a-z][a-z0-9_]{0,59}$'::text)),
    CONSTRAINT content_access_rules_requirement_check CHECK ((requirement = ANY (ARRAY['public'::text, 'plan'::text, 'feature'::text, 'membership'::text])))
);
CREATE FUNCTION perennial.content_rules(content_key text) RETURNS SETOF perennial.content_access_rules
    LANGUAGE sql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.correct_commissions(customers uuid[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.count_usage(customer uuid, metric integer, period timestamp with time zone, quantity bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.create_api_key(customer uuid, name text, scopes text[], expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, limit_per_hour integer DEFAULT NULL::integer) RETURNS TABLE(id uuid, key text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.customer_of(subject_kind text, subject uuid, data jsonb) RETURNS uuid
    LANGUAGE plpgsql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.customer_of_user(user_id uuid) RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.day_start(day date) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.derived(stocks perennial.figure[], since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.divided(numer_n numeric, numer_d numeric, denom_n numeric, denom_d numeric) RETURNS numeric[]
    LANGUAGE sql IMMUTABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.drop_usage_partitions() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET lock_timeout TO '1s'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.dunning_flows(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.emit(type text, subject uuid, data jsonb, event_id text, at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $_$
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
        perform perennial.refuse_field('type', format('%s is not an event; known are %s', emit.type,
            (select string_agg(t.type, ', ' order by t.type) from perennial.event_types t)));
    end if;
    if subject is null then
        perform perennial.refuse_field('subject', format('is required: the %s', known.subject));
    end if;
    -- A customer's later events wait for it, so that one that never comes would hold them for ever.
    if emit.at > now() + interval '100 years' or emit.at < '1900-01-01' then
        perform perennial.refuse_field('at', format('must lie between 1900 and a hundred years from now, is %s', emit.at));
    end if;
    if emit.data is null or jsonb_typeof(emit.data) <> 'object' then
        perform perennial.refuse_field('data', 'must be a JSON object');
    end if;
    for field in select jsonb_object_keys(emit.data) loop
        if not known.fields ? field then
            perform perennial.refuse_field(field, format('is not a field of %s; known are %s', known.type,
                (select string_agg(k, ', ' order by k) from jsonb_object_keys(known.fields) k)));
        end if;
    end loop;
    for field in select jsonb_object_keys(known.fields) loop
        perform perennial.check_field(field, emit.data -> field, known.fields -> field);
    end loop;
    if known.fields ? 'customer' then
        whose := (emit.data ->> 'customer')::uuid;
    else
        whose := perennial.customer_of(known.subject, emit.subject, emit.data);
    end if;
    if known.type <> 'customer.upserted' and not exists (select from perennial.customers where id = whose)
       and not exists (select from perennial.lifecycle_events e where e.subject = whose and e.type = 'customer.upserted') then
        perform perennial.refuse_field('customer', format('%s is not known: emit customer.upserted first', whose));
    end if;
    if known.check_function is not null then
        execute format('select perennial.%I($1)', known.check_function) using wish;
    end if;
    clock := coalesce((select clock_id from perennial.customers where id = whose),
                      (select id from perennial.clocks where name = emit.data ->> 'clock'),
                      '00000000-0000-0000-0000-000000000000');
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
    perform perennial.enqueue_job('process_events', jsonb_build_object('customer', whose), whose::text);
    perform pg_notify('perennial_due', '');
    return wish.seq;
end
$_$;
CREATE FUNCTION perennial.enqueue(job text, payload jsonb, key text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.enqueue_job(queue text, payload jsonb, key text DEFAULT NULL::text, run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, priority smallint DEFAULT 0, max_attempts smallint DEFAULT NULL::smallint, trace text DEFAULT NULL::text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.enqueue_jobs(queues text[], payloads jsonb[], keys text[] DEFAULT NULL::text[], run_ats timestamp with time zone[] DEFAULT NULL::timestamp with time zone[], priorities smallint[] DEFAULT NULL::smallint[]) RETURNS bigint
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE TABLE perennial.usage_meters (
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    clock_id uuid NOT NULL,
    subscription_id uuid,
    quota_id uuid,
    limit_units bigint NOT NULL,
    rollover_units bigint DEFAULT 0 NOT NULL,
    enforcement text NOT NULL,
    anchor_local timestamp without time zone NOT NULL,
    anchor_zone text NOT NULL,
    period_index integer NOT NULL,
    period_start timestamp with time zone NOT NULL,
    period_end timestamp with time zone,
    closed_start timestamp with time zone,
    closed_used bigint,
    ends boolean DEFAULT false NOT NULL,
    CONSTRAINT usage_meters_check CHECK ((period_end > period_start)),
    CONSTRAINT usage_meters_enforcement_check CHECK ((enforcement = ANY (ARRAY['hard'::text, 'soft'::text]))),
    CONSTRAINT usage_meters_limit_units_check CHECK ((limit_units >= '-1'::integer)),
    CONSTRAINT usage_meters_rollover_units_check CHECK ((rollover_units >= 0))
)
WITH (fillfactor='60');
CREATE FUNCTION perennial.entitle_meter(customer uuid, metric integer) RETURNS perennial.usage_meters
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.entitle_meters(customers uuid[]) RETURNS bigint
    LANGUAGE sql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.entitlement(customer uuid, metric integer) RETURNS TABLE(subscription_id uuid, quota_id uuid, limit_units bigint, enforcement text, reset text, anchor_local timestamp without time zone, anchor_zone text)
    LANGUAGE sql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.extend_leases(ids bigint[], runs integer[], worker uuid, leases_ms bigint[]) RETURNS SETOF bigint
    LANGUAGE sql
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.facts_of(day date, OUT facts bigint, OUT stock_facts bigint) RETURNS record
    LANGUAGE plpgsql STABLE
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.features_of(customers uuid[], user_id uuid) RETURNS SETOF text
    LANGUAGE sql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.figures_of(day date, how text) RETURNS SETOF perennial.figure
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.first_day() RETURNS date
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.get_limit(customer uuid, metric text) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.give_back_jobs(ids bigint[], runs integer[], worker uuid) RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.grant_membership(user_id uuid, type text, key text, subscription uuid DEFAULT NULL::uuid, order_id uuid DEFAULT NULL::uuid, starts_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.grant_rights() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.grant_tokens(customer uuid, unit text, amount bigint, kind text DEFAULT 'promotional'::text, priority integer DEFAULT 0, effective_at timestamp with time zone DEFAULT NULL::timestamp with time zone, expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, key text DEFAULT NULL::text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.has_feature(customer uuid, feature text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.instant_of(said text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.interval_key(unit text, count integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$before the baseline$$;
CREATE TABLE perennial.api_keys (
    id uuid NOT NULL,
    public_id text NOT NULL COLLATE pg_catalog."C",
    mode text NOT NULL,
    key_hash bytea NOT NULL,
    customer_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    limit_per_hour integer,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    rotated_to uuid,
    last_used_at timestamp with time zone,
    spent bigint DEFAULT 0 NOT NULL,
    spent_at timestamp with time zone NOT NULL,
    CONSTRAINT api_keys_expires_at_check CHECK (isfinite(expires_at)),
    CONSTRAINT api_keys_key_hash_check CHECK ((length(key_hash) = 32)),
    CONSTRAINT api_keys_limit_per_hour_check CHECK (((limit_per_hour = '-1'::integer) OR (limit_per_hour > 0))),
    CONSTRAINT api_keys_mode_check CHECK ((mode = ANY (ARRAY['live'::text, 'test'::text]))),
    CONSTRAINT api_keys_name_check CHECK (((name !~ '[[:cntrl:]]'::text) AND ((length(name) >= 1) AND (length(name) <= 200)))),
    CONSTRAINT api_keys_public_id_check CHECK ((public_id ~ '^[0-9A-Za-z]{8}$'::text)),
    CONSTRAINT api_keys_scopes_check CHECK (((array_position(scopes, NULL::text) IS NULL) AND (array_to_string(scopes, ' '::text) ~ '^[a-z][a-z0-9_.:-]{0,59}( [a-z][a-z0-9_.:-]{0,59})*$'::text))),
    CONSTRAINT api_keys_spent_check CHECK ((spent >= 0))
)
WITH (fillfactor='50');
CREATE FUNCTION perennial.issue_api_key(wanted perennial.api_keys) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.keep_clock_monotonic() RETURNS trigger
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.keep_dispute() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.keep_first() RETURNS trigger
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.keep_rule() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.keep_zone() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE TABLE perennial.disputes (
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    reason text NOT NULL,
    reference text NOT NULL,
    status text NOT NULL,
    inquired_at timestamp with time zone,
    opened_at timestamp with time zone,
    closed_at timestamp with time zone,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT disputes_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT disputes_check CHECK (((status = 'inquiry'::text) = (opened_at IS NULL))),
    CONSTRAINT disputes_check1 CHECK ((num_nonnulls(inquired_at, opened_at) > 0)),
    CONSTRAINT disputes_check2 CHECK (((status <> ALL (ARRAY['won'::text, 'lost'::text])) OR (closed_at IS NOT NULL))),
    CONSTRAINT disputes_check3 CHECK (((status <> 'open'::text) OR (closed_at IS NULL))),
    CONSTRAINT disputes_check4 CHECK ((inquired_at <= opened_at)),
    CONSTRAINT disputes_check5 CHECK ((COALESCE(opened_at, inquired_at) <= closed_at)),
    CONSTRAINT disputes_closed_at_check CHECK (isfinite(closed_at)),
    CONSTRAINT disputes_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT disputes_inquired_at_check CHECK (isfinite(inquired_at)),
    CONSTRAINT disputes_opened_at_check CHECK (isfinite(opened_at)),
    CONSTRAINT disputes_reason_check CHECK ((reason ~ '^[a-z][a-z0-9_]{0,59}$'::text)),
    CONSTRAINT disputes_reference_check CHECK (((length(reference) >= 1) AND (length(reference) <= 200))),
    CONSTRAINT disputes_status_check CHECK ((status = ANY (ARRAY['inquiry'::text, 'open'::text, 'won'::text, 'lost'::text])))
);
CREATE FUNCTION perennial.known_dispute(event perennial.lifecycle_events) RETURNS perennial.disputes
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.late_usage_until(quota uuid, over timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.late_window() RETURNS interval
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE TABLE perennial.plan_quotas (
    id uuid NOT NULL,
    plan_id uuid NOT NULL,
    metric_id integer NOT NULL,
    version integer NOT NULL,
    limit_units bigint NOT NULL,
    limit_per text DEFAULT 'subscription'::text NOT NULL,
    enforcement text NOT NULL,
    reset text DEFAULT 'anniversary'::text NOT NULL,
    rollover_max bigint DEFAULT 0 NOT NULL,
    warn_at integer[] DEFAULT '{80,100}'::integer[] NOT NULL,
    late_usage text DEFAULT 'bill_next'::text NOT NULL,
    open_days integer DEFAULT 35 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT plan_quotas_enforcement_check CHECK ((enforcement = ANY (ARRAY['hard'::text, 'soft'::text]))),
    CONSTRAINT plan_quotas_late_usage_check CHECK ((late_usage = ANY (ARRAY['bill_next'::text, 'drop'::text]))),
    CONSTRAINT plan_quotas_limit_per_check CHECK ((limit_per = ANY (ARRAY['subscription'::text, 'seat'::text]))),
    CONSTRAINT plan_quotas_limit_units_check CHECK ((limit_units >= '-1'::integer)),
    CONSTRAINT plan_quotas_open_days_check CHECK (((open_days >= 0) AND (open_days <= 400))),
    CONSTRAINT plan_quotas_reset_check CHECK ((reset = ANY (ARRAY['anniversary'::text, 'calendar_month'::text, 'never'::text]))),
    CONSTRAINT plan_quotas_rollover_max_check CHECK ((rollover_max >= 0)),
    CONSTRAINT plan_quotas_version_check CHECK ((version >= 1)),
    CONSTRAINT plan_quotas_warn_at_check CHECK (((1 <= ALL (warn_at)) AND (1000 >= ALL (warn_at)) AND (array_position(warn_at, NULL::integer) IS NULL)))
);
CREATE FUNCTION perennial.latest_quota(plan uuid, metric integer) RETURNS perennial.plan_quotas
    LANGUAGE sql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.listed_usage(events jsonb) RETURNS TABLE(number bigint, event_id text, customer uuid, metric text, quantity bigint, at timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.make_append_only(target regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    execute format('create trigger append_only before update or delete on %s
                    for each statement execute function perennial.refuse_change()', target);
    execute format('create trigger append_only_truncate before truncate on %s
                    for each statement execute function perennial.refuse_change()', target);
end
$$;
CREATE FUNCTION perennial.make_month_partition(parent text, month date) RETURNS void
    LANGUAGE plpgsql
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '1s'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.make_month_partitions() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.make_snapshot_partition(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE TABLE perennial.user_memberships (
    id uuid NOT NULL,
    key text NOT NULL,
    user_id uuid NOT NULL,
    membership_type_id uuid NOT NULL,
    subscription_id uuid,
    order_id uuid,
    clock_id uuid NOT NULL,
    status text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    notice_at timestamp with time zone,
    notice_sent_at timestamp with time zone,
    canceled_at timestamp with time zone,
    addons jsonb DEFAULT '[]'::jsonb NOT NULL,
    due_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_memberships_addons_check CHECK ((jsonb_typeof(addons) = 'array'::text)),
    CONSTRAINT user_memberships_check CHECK (((ends_at > starts_at) AND isfinite(ends_at))),
    CONSTRAINT user_memberships_check1 CHECK ((notice_at < ends_at)),
    CONSTRAINT user_memberships_check2 CHECK ((num_nonnulls(subscription_id, order_id) <= 1)),
    CONSTRAINT user_memberships_check3 CHECK (((subscription_id IS NULL) OR (ends_at IS NULL))),
    CONSTRAINT user_memberships_check4 CHECK (((notice_at IS NULL) <= (notice_sent_at IS NULL))),
    CONSTRAINT user_memberships_check5 CHECK (((status = 'canceled'::text) = (canceled_at IS NOT NULL))),
    CONSTRAINT user_memberships_check6 CHECK (((due_at IS NULL) OR (status = ANY (ARRAY['pending'::text, 'active'::text])))),
    CONSTRAINT user_memberships_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT user_memberships_starts_at_check CHECK (isfinite(starts_at)),
    CONSTRAINT user_memberships_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'expired'::text, 'canceled'::text])))
);
CREATE FUNCTION perennial.membership_due(membership perennial.user_memberships, moment timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.meter_of(customer uuid, metric text) RETURNS perennial.usage_meters
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.meter_then(meter perennial.usage_meters, period timestamp with time zone, now timestamp with time zone) RETURNS perennial.usage_meters
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.metric_of(metric text) RETURNS integer
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.month_boundary(anchor_local timestamp without time zone, anchor_zone text, index integer) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.month_index(anchor_local timestamp without time zone, anchor_zone text, at timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.month_of(at timestamp with time zone, zone text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.movement_flows(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET work_mem TO '64MB'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.near_at(until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.near_moved(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET enable_mergejoin TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.next_turn(customer uuid, unit text, moment timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.note_country() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.note_customer(customer uuid, act text, at timestamp with time zone, facts jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.note_late_usage(customer uuid, metric integer, found_in timestamp with time zone) RETURNS TABLE(period_start timestamp with time zone, period_end timestamp with time zone, subscription_id uuid, quota_id uuid, limit_units bigint, known bigint, used bigint)
    LANGUAGE sql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.note_missed_warnings() RETURNS bigint
    LANGUAGE sql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.note_mrr_decisions() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.note_quota() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.note_warnings(meter perennial.usage_meters, period timestamp with time zone, used bigint, moment timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.offset_before(local timestamp without time zone, zone text) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.open_mrr_ledger() RETURNS bigint
    LANGUAGE sql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.other_flows(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.owed_at(until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET work_mem TO '64MB'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.paid_to_date(customer uuid) RETURNS TABLE(currency text, paid_minor numeric)
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.parts_of(plan text, "interval" text, country text, cohort text) RETURNS TABLE(breakdown text, key text)
    LANGUAGE sql IMMUTABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.parts_of(currency text, plan text, "interval" text, country text, cohort text) RETURNS TABLE(breakdown text, key text)
    LANGUAGE sql IMMUTABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.pass_memberships(clock uuid, batch integer) RETURNS TABLE(id uuid, customer_id uuid, type_name text, ends_at timestamp with time zone)
    LANGUAGE sql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.pause_queue(queue_name text) RETURNS void
    LANGUAGE sql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.paying_at(until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET work_mem TO '64MB'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.paying_moved(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET work_mem TO '64MB'
    SET enable_mergejoin TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.payment_of(payment_intent text, provider text DEFAULT 'stripe'::text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.promote_jobs(queue_name text) RETURNS integer
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.prunable_usage_partitions() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.prune_jobs(keep_dead interval, keep_ticks interval) RETURNS void
    LANGUAGE sql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.prune_usage(partition text, after uuid, rows_max integer, OUT deleted bigint, OUT reached uuid) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.prune_usage_counters(rows_max integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.prune_usage_ids(rows_max integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.random_bits() RETURNS bytea
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.reclaim_jobs(worker uuid, deaths_max integer) RETURNS TABLE(id bigint, queue text, deaths integer, quarantined boolean)
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.record_listed_usage(event jsonb) RETURNS TABLE(recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamp with time zone)
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.record_plain_usage(events jsonb) RETURNS SETOF perennial.usage_batch_answer
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.record_roi_event(key text, kind text, amount_minor bigint, currency text, feature text DEFAULT NULL::text, query_id text DEFAULT NULL::text, at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.record_usage(customer uuid, metric text, quantity bigint, event_id text, at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS TABLE(recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.record_usage_batch(events jsonb) RETURNS TABLE(event_id text, recorded boolean, used bigint, "limit" bigint, remaining bigint, period_end timestamp with time zone, error text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.refer_customer(customer uuid, affiliate_code text, key text, at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.refund_tokens(event_id text) RETURNS TABLE(refunded bigint, lost bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'perennial.% is append-only: % refused', tg_table_name, lower(tg_op)
        using errcode = 'restrict_violation', hint = 'Corrections are new rows.';
end
$$;
CREATE FUNCTION perennial.refuse_field(field text, problem text) RETURNS void
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.refuse_mixed_units(customer uuid, unit text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.release_usage(customer uuid, metric text, quantity bigint, event_id text) RETURNS TABLE(released boolean, used bigint, "limit" bigint, remaining bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.rename_metric(old_code text, new_code text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.require_balanced_postings() RETURNS trigger
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.require_breakdown(metric text, breakdown text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.require_day(day date) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.require_metric(metric text, currency text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.require_zone() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.rest_jobs(queue_name text, worker uuid, OUT ready boolean, OUT next_ms bigint) RETURNS record
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.resume_queue(queue_name text) RETURNS void
    LANGUAGE sql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.returned(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.revise_quota(plan text, metric text, changes jsonb) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.revive_job(dead_id bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.revoke_api_key(id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.risks_at(until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.roi(feature text, since timestamp with time zone, until timestamp with time zone, query_id text DEFAULT NULL::text) RETURNS TABLE(currency text, cost_minor numeric, revenue_minor numeric, net_minor numeric, ratio_numer numeric, ratio_denom numeric)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.rotate_api_key(INOUT id uuid, overlap interval, OUT key text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET "TimeZone" TO 'UTC'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.set_auto_top_up(customer uuid, unit text, package text, below bigint, per_month_max integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.set_customer_quota(customer uuid, metric text, limit_units bigint, enforcement text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.set_low_balance(customer uuid, unit text, threshold bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.set_mail_preference(customer uuid, stream text, preference text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.settle_dead(ids bigint[], runs integer[], worker uuid, kinds text[], reasons text[], holds_ms bigint[]) RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.settle_done(ids bigint[], runs integer[], worker uuid) RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.settle_later(ids bigint[], runs integer[], worker uuid, delays_ms bigint[], refunds integer[], reasons text[]) RETURNS bigint
    LANGUAGE plpgsql
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.snapshot_base(day date) RETURNS uuid
    LANGUAGE plpgsql STABLE
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.statuses_at(until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET work_mem TO '64MB'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.statuses_moved(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET enable_mergejoin TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.store_usage(meter perennial.usage_meters, quantity bigint, event_id text, moment timestamp with time zone, now timestamp with time zone, period timestamp with time zone, late_usage text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.subscription_access(subscription uuid) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.summed(parts perennial.figure[]) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.take_tokens(bucket text, wanted integer, per_second double precision, burst integer) RETURNS bigint
    LANGUAGE sql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.tend_wallets(customers uuid[], units text[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.tokens_at(customer uuid, unit text, moment timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.told_before(event perennial.lifecycle_events) RETURNS SETOF perennial.lifecycle_events
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.trial_flows(since timestamp with time zone, until timestamp with time zone) RETURNS SETOF perennial.figure
    LANGUAGE sql STABLE
    SET jit TO 'off'
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.upgrade_suggestion(customer uuid, feature_or_metric text) RETURNS TABLE(plan text, plan_name text, amount_minor bigint, currency text, interval_unit text, interval_count integer, suggestion text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.usage_answer(meter perennial.usage_meters, used bigint, OUT "limit" bigint, OUT remaining bigint) RETURNS record
    LANGUAGE plpgsql IMMUTABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.usage_kept_since() RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.usage_period(meter perennial.usage_meters, moment timestamp with time zone, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone, OUT closed boolean, OUT quota_id uuid) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.usage_settled_before() RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE FUNCTION perennial.used_in(customer uuid, metric integer, period timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql STABLE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.wake_workers(queue_name text) RETURNS void
    LANGUAGE sql
    AS $$before the baseline$$;
CREATE FUNCTION perennial.wall_instant(local timestamp without time zone, zone text) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$before the baseline$$;
CREATE FUNCTION perennial.wallet_balance(customer uuid, unit text) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'perennial', 'pg_temp'
    AS $$before the baseline$$;
CREATE AGGREGATE perennial.lcm_of(numeric) (
    SFUNC = pg_catalog.lcm,
    STYPE = numeric,
    INITCOND = '1'
);
CREATE AGGREGATE perennial.sum_of(numeric, numeric) (
    SFUNC = perennial.add_fraction,
    STYPE = numeric[],
    INITCOND = '{0,1}'
);
CREATE TABLE perennial.affiliates (
    code text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    email text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT affiliates_code_check CHECK ((code ~ '^[a-z0-9][a-z0-9_-]{0,59}$'::text)),
    CONSTRAINT affiliates_email_check CHECK ((email ~ '^[^@\s]+@[^@\s]+$'::text)),
    CONSTRAINT affiliates_name_check CHECK (((name !~ '[[:cntrl:]]'::text) AND ((length(name) >= 1) AND (length(name) <= 200))))
);
CREATE TABLE perennial.analytics_snapshots (
    date date NOT NULL,
    metric text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL,
    breakdown text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    numer numeric(39,0),
    denom numeric(39,0) NOT NULL,
    run_id uuid NOT NULL,
    CONSTRAINT analytics_snapshots_check CHECK (((breakdown = 'total'::text) = (key = ''::text))),
    CONSTRAINT analytics_snapshots_currency_check CHECK ((currency ~ '^([A-Z]{3})?$'::text)),
    CONSTRAINT analytics_snapshots_denom_check CHECK ((denom > (0)::numeric)),
    CONSTRAINT analytics_snapshots_version_check CHECK ((version >= 1))
)
PARTITION BY RANGE (date);
CREATE VIEW perennial.analytics_figures AS
 SELECT s.date,
    s.metric,
    s.currency,
    s.breakdown,
    s.key,
    s.numer,
    s.denom,
    s.version,
    s.run_id
   FROM perennial.analytics_snapshots s
  WHERE ((s.numer IS NOT NULL) AND (NOT (EXISTS ( SELECT
           FROM perennial.analytics_snapshots l
          WHERE (((l.date = s.date) AND (l.metric = s.metric) AND (l.currency = s.currency) AND (l.breakdown = s.breakdown) AND (l.key = s.key)) AND (l.version > s.version))))));
CREATE TABLE perennial.analytics_metrics (
    metric text NOT NULL COLLATE pg_catalog."C",
    unit text NOT NULL,
    span text NOT NULL,
    breakdowns text[] NOT NULL,
    description text NOT NULL,
    CONSTRAINT analytics_metrics_breakdowns_check CHECK ((cardinality(breakdowns) > 0)),
    CONSTRAINT analytics_metrics_span_check CHECK ((span = ANY (ARRAY['stock'::text, 'flow'::text, 'window'::text]))),
    CONSTRAINT analytics_metrics_unit_check CHECK ((unit = ANY (ARRAY['money'::text, 'count'::text, 'rate'::text])))
);
CREATE TABLE perennial.analytics_runs (
    id uuid NOT NULL,
    date date NOT NULL,
    method text NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    duration_ms bigint NOT NULL,
    fresh_to timestamp with time zone NOT NULL,
    facts bigint NOT NULL,
    stock_facts bigint NOT NULL,
    figures bigint,
    late_rows bigint NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT analytics_runs_duration_ms_check CHECK ((duration_ms >= 0)),
    CONSTRAINT analytics_runs_facts_check CHECK ((facts >= 0)),
    CONSTRAINT analytics_runs_figures_check CHECK ((figures >= 0)),
    CONSTRAINT analytics_runs_method_check CHECK ((method = ANY (ARRAY['scheduled'::text, 'on_demand'::text, 'manual'::text, 'restated'::text]))),
    CONSTRAINT analytics_runs_stock_facts_check CHECK ((stock_facts >= 0))
);
CREATE TABLE perennial.analytics_settings (
    only_row boolean DEFAULT true NOT NULL,
    business_zone text DEFAULT 'UTC'::text NOT NULL,
    CONSTRAINT analytics_settings_only_row_check CHECK (only_row)
);
CREATE TABLE perennial.analytics_snapshots_2026_11 (
    date date NOT NULL,
    metric text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL,
    breakdown text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    numer numeric(39,0),
    denom numeric(39,0) NOT NULL,
    run_id uuid NOT NULL,
    CONSTRAINT analytics_snapshots_check CHECK (((breakdown = 'total'::text) = (key = ''::text))),
    CONSTRAINT analytics_snapshots_currency_check CHECK ((currency ~ '^([A-Z]{3})?$'::text)),
    CONSTRAINT analytics_snapshots_denom_check CHECK ((denom > (0)::numeric)),
    CONSTRAINT analytics_snapshots_version_check CHECK ((version >= 1))
);
CREATE TABLE perennial.analytics_snapshots_2026_12 (
    date date NOT NULL,
    metric text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL,
    breakdown text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    numer numeric(39,0),
    denom numeric(39,0) NOT NULL,
    run_id uuid NOT NULL,
    CONSTRAINT analytics_snapshots_check CHECK (((breakdown = 'total'::text) = (key = ''::text))),
    CONSTRAINT analytics_snapshots_currency_check CHECK ((currency ~ '^([A-Z]{3})?$'::text)),
    CONSTRAINT analytics_snapshots_denom_check CHECK ((denom > (0)::numeric)),
    CONSTRAINT analytics_snapshots_version_check CHECK ((version >= 1))
);
CREATE TABLE perennial.analytics_snapshots_2027_01 (
    date date NOT NULL,
    metric text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL,
    breakdown text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    numer numeric(39,0),
    denom numeric(39,0) NOT NULL,
    run_id uuid NOT NULL,
    CONSTRAINT analytics_snapshots_check CHECK (((breakdown = 'total'::text) = (key = ''::text))),
    CONSTRAINT analytics_snapshots_currency_check CHECK ((currency ~ '^([A-Z]{3})?$'::text)),
    CONSTRAINT analytics_snapshots_denom_check CHECK ((denom > (0)::numeric)),
    CONSTRAINT analytics_snapshots_version_check CHECK ((version >= 1))
);
CREATE TABLE perennial.analytics_snapshots_2027_02 (
    date date NOT NULL,
    metric text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL,
    breakdown text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    numer numeric(39,0),
    denom numeric(39,0) NOT NULL,
    run_id uuid NOT NULL,
    CONSTRAINT analytics_snapshots_check CHECK (((breakdown = 'total'::text) = (key = ''::text))),
    CONSTRAINT analytics_snapshots_currency_check CHECK ((currency ~ '^([A-Z]{3})?$'::text)),
    CONSTRAINT analytics_snapshots_denom_check CHECK ((denom > (0)::numeric)),
    CONSTRAINT analytics_snapshots_version_check CHECK ((version >= 1))
);
CREATE TABLE perennial.analytics_snapshots_default (
    date date NOT NULL,
    metric text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL,
    breakdown text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    numer numeric(39,0),
    denom numeric(39,0) NOT NULL,
    run_id uuid NOT NULL,
    CONSTRAINT analytics_snapshots_check CHECK (((breakdown = 'total'::text) = (key = ''::text))),
    CONSTRAINT analytics_snapshots_currency_check CHECK ((currency ~ '^([A-Z]{3})?$'::text)),
    CONSTRAINT analytics_snapshots_denom_check CHECK ((denom > (0)::numeric)),
    CONSTRAINT analytics_snapshots_version_check CHECK ((version >= 1))
);
CREATE TABLE perennial.audit_log (
    subject_id uuid NOT NULL,
    subject_kind text NOT NULL,
    version bigint NOT NULL,
    act text NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    facts jsonb NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT audit_log_subject_kind_check CHECK ((subject_kind = ANY (ARRAY['subscription'::text, 'customer'::text, 'order'::text])))
);
CREATE TABLE perennial.churn_indicators (
    customer_id uuid NOT NULL,
    date date NOT NULL,
    indicator text NOT NULL,
    points integer NOT NULL,
    facts jsonb NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    CONSTRAINT churn_indicators_facts_check CHECK ((jsonb_typeof(facts) = 'object'::text)),
    CONSTRAINT churn_indicators_indicator_check CHECK ((indicator = ANY (ARRAY['failed_payments'::text, 'in_dunning'::text, 'falling_use'::text, 'downgrade'::text, 'cancel_scheduled'::text, 'card_expiring'::text]))),
    CONSTRAINT churn_indicators_points_check CHECK (((points >= 1) AND (points <= 100)))
)
PARTITION BY RANGE (date);
CREATE TABLE perennial.churn_indicators_2026_11 (
    customer_id uuid NOT NULL,
    date date NOT NULL,
    indicator text NOT NULL,
    points integer NOT NULL,
    facts jsonb NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    CONSTRAINT churn_indicators_facts_check CHECK ((jsonb_typeof(facts) = 'object'::text)),
    CONSTRAINT churn_indicators_indicator_check CHECK ((indicator = ANY (ARRAY['failed_payments'::text, 'in_dunning'::text, 'falling_use'::text, 'downgrade'::text, 'cancel_scheduled'::text, 'card_expiring'::text]))),
    CONSTRAINT churn_indicators_points_check CHECK (((points >= 1) AND (points <= 100)))
);
CREATE TABLE perennial.churn_indicators_2026_12 (
    customer_id uuid NOT NULL,
    date date NOT NULL,
    indicator text NOT NULL,
    points integer NOT NULL,
    facts jsonb NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    CONSTRAINT churn_indicators_facts_check CHECK ((jsonb_typeof(facts) = 'object'::text)),
    CONSTRAINT churn_indicators_indicator_check CHECK ((indicator = ANY (ARRAY['failed_payments'::text, 'in_dunning'::text, 'falling_use'::text, 'downgrade'::text, 'cancel_scheduled'::text, 'card_expiring'::text]))),
    CONSTRAINT churn_indicators_points_check CHECK (((points >= 1) AND (points <= 100)))
);
CREATE TABLE perennial.churn_indicators_2027_01 (
    customer_id uuid NOT NULL,
    date date NOT NULL,
    indicator text NOT NULL,
    points integer NOT NULL,
    facts jsonb NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    CONSTRAINT churn_indicators_facts_check CHECK ((jsonb_typeof(facts) = 'object'::text)),
    CONSTRAINT churn_indicators_indicator_check CHECK ((indicator = ANY (ARRAY['failed_payments'::text, 'in_dunning'::text, 'falling_use'::text, 'downgrade'::text, 'cancel_scheduled'::text, 'card_expiring'::text]))),
    CONSTRAINT churn_indicators_points_check CHECK (((points >= 1) AND (points <= 100)))
);
CREATE TABLE perennial.churn_indicators_2027_02 (
    customer_id uuid NOT NULL,
    date date NOT NULL,
    indicator text NOT NULL,
    points integer NOT NULL,
    facts jsonb NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    CONSTRAINT churn_indicators_facts_check CHECK ((jsonb_typeof(facts) = 'object'::text)),
    CONSTRAINT churn_indicators_indicator_check CHECK ((indicator = ANY (ARRAY['failed_payments'::text, 'in_dunning'::text, 'falling_use'::text, 'downgrade'::text, 'cancel_scheduled'::text, 'card_expiring'::text]))),
    CONSTRAINT churn_indicators_points_check CHECK (((points >= 1) AND (points <= 100)))
);
CREATE TABLE perennial.churn_indicators_default (
    customer_id uuid NOT NULL,
    date date NOT NULL,
    indicator text NOT NULL,
    points integer NOT NULL,
    facts jsonb NOT NULL,
    scored_at timestamp with time zone NOT NULL,
    CONSTRAINT churn_indicators_facts_check CHECK ((jsonb_typeof(facts) = 'object'::text)),
    CONSTRAINT churn_indicators_indicator_check CHECK ((indicator = ANY (ARRAY['failed_payments'::text, 'in_dunning'::text, 'falling_use'::text, 'downgrade'::text, 'cancel_scheduled'::text, 'card_expiring'::text]))),
    CONSTRAINT churn_indicators_points_check CHECK (((points >= 1) AND (points <= 100)))
);
CREATE VIEW perennial.churn_scores AS
 SELECT churn_indicators.date,
    churn_indicators.customer_id,
    (sum(churn_indicators.points))::integer AS score,
    jsonb_object_agg(churn_indicators.indicator, jsonb_build_object('points', churn_indicators.points, 'facts', churn_indicators.facts)) AS because
   FROM perennial.churn_indicators
  GROUP BY churn_indicators.date, churn_indicators.customer_id;
CREATE TABLE perennial.clocks (
    id uuid NOT NULL,
    name text NOT NULL,
    frozen_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE perennial.commissions (
    payment_id uuid NOT NULL,
    "position" integer NOT NULL,
    kind text NOT NULL,
    affiliate_code text NOT NULL COLLATE pg_catalog."C",
    customer_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    payable_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT commissions_check CHECK (((kind = 'accrued'::text) = ("position" = 0))),
    CONSTRAINT commissions_check1 CHECK (
CASE kind
    WHEN 'accrued'::text THEN (amount_minor >= 0)
    WHEN 'reversed'::text THEN (amount_minor < 0)
    ELSE (amount_minor > 0)
END),
    CONSTRAINT commissions_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT commissions_kind_check CHECK ((kind = ANY (ARRAY['accrued'::text, 'reversed'::text, 'reinstated'::text]))),
    CONSTRAINT commissions_position_check CHECK (("position" >= 0))
);
CREATE VIEW perennial.commissions_due AS
SELECT
    NULL::uuid AS payment_id,
    NULL::uuid AS customer_id,
    NULL::numeric AS stands_minor,
    NULL::integer AS "position",
    NULL::bigint AS due_minor;
ALTER TABLE perennial.content_access_rules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME perennial.content_access_rules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE perennial.customer_balance_entries (
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    kind text NOT NULL,
    invoice_id uuid,
    at timestamp with time zone NOT NULL,
    decision bigint NOT NULL,
    CONSTRAINT customer_balance_entries_amount_minor_check CHECK ((amount_minor <> 0)),
    CONSTRAINT customer_balance_entries_kind_check CHECK ((kind = ANY (ARRAY['credit'::text, 'applied'::text, 'carried'::text, 'collected'::text, 'late_payment'::text])))
);
CREATE TABLE perennial.customer_cohorts (
    customer_id uuid NOT NULL,
    first_subscription_at timestamp with time zone NOT NULL,
    first_purchase_at timestamp with time zone,
    country text DEFAULT 'unknown'::text NOT NULL
);
CREATE TABLE perennial.customer_mrr (
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    numer numeric(39,0) NOT NULL,
    denom numeric(39,0) NOT NULL,
    ever_paid boolean NOT NULL,
    CONSTRAINT customer_mrr_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT customer_mrr_denom_check CHECK ((denom > (0)::numeric)),
    CONSTRAINT customer_mrr_numer_check CHECK ((numer >= (0)::numeric))
)
WITH (fillfactor='80');
CREATE TABLE perennial.customer_quotas (
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    limit_units bigint NOT NULL,
    enforcement text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT customer_quotas_enforcement_check CHECK ((enforcement = ANY (ARRAY['hard'::text, 'soft'::text]))),
    CONSTRAINT customer_quotas_limit_units_check CHECK ((limit_units >= '-1'::integer))
);
CREATE TABLE perennial.customers (
    id uuid NOT NULL,
    user_id uuid,
    organization_id uuid,
    email text NOT NULL,
    name text NOT NULL,
    locale text DEFAULT 'en-US'::text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    clock_id uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT customers_check CHECK ((num_nonnulls(user_id, organization_id) = 1)),
    CONSTRAINT customers_email_check CHECK ((email ~ '^[^@\s]+@[^@\s]+$'::text)),
    CONSTRAINT customers_name_check CHECK ((name !~ '[[:cntrl:]]'::text))
);
CREATE TABLE perennial.dead_jobs (
    id bigint NOT NULL,
    queue text NOT NULL COLLATE pg_catalog."C",
    unique_key text COLLATE pg_catalog."C",
    kind text NOT NULL,
    reason text NOT NULL,
    attempt integer NOT NULL,
    deaths smallint NOT NULL,
    payload jsonb NOT NULL,
    payload_hash text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    died_at timestamp with time zone DEFAULT now() NOT NULL,
    key_held_until timestamp with time zone NOT NULL,
    CONSTRAINT dead_jobs_kind_check CHECK ((kind = ANY (ARRAY['exhausted'::text, 'given_up'::text, 'undecodable'::text, 'quarantined'::text])))
);
CREATE TABLE perennial.digests (
    key text NOT NULL,
    until date NOT NULL,
    status text NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    first_sent_at timestamp with time zone,
    settled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    reply text,
    CONSTRAINT digests_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT digests_check CHECK (((settled_at IS NULL) = (status = ANY (ARRAY['queued'::text, 'sending'::text])))),
    CONSTRAINT digests_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'uncertain'::text, 'failed'::text])))
);
CREATE TABLE perennial.dunning_cases (
    id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    failed_at timestamp with time zone NOT NULL,
    next_rung integer NOT NULL,
    next_rung_at timestamp with time zone,
    attempts_made integer DEFAULT 0 NOT NULL,
    last_decline_code text,
    last_reason text,
    not_before timestamp with time zone,
    closed_at timestamp with time zone,
    outcome text,
    CONSTRAINT dunning_cases_check CHECK (((closed_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT dunning_cases_next_rung_check CHECK ((next_rung >= 0)),
    CONSTRAINT dunning_cases_outcome_check CHECK ((outcome = ANY (ARRAY['recovered'::text, 'expired'::text, 'canceled'::text, 'downgraded'::text])))
);
CREATE TABLE perennial.dunning_policies (
    id uuid NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    document jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dunning_policies_version_check CHECK ((version >= 1))
);
CREATE TABLE perennial.email_suppressions (
    address text NOT NULL,
    reason text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE perennial.emails (
    id uuid NOT NULL,
    key text NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid,
    clock_id uuid NOT NULL,
    case_id uuid,
    template text NOT NULL,
    letter jsonb NOT NULL,
    status text NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    first_sent_at timestamp with time zone,
    settled_at timestamp with time zone,
    reply text,
    decision bigint NOT NULL,
    order_id uuid,
    CONSTRAINT emails_check CHECK (((due_at IS NOT NULL) = (status = ANY (ARRAY['queued'::text, 'sending'::text])))),
    CONSTRAINT emails_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'sending'::text, 'sent'::text, 'uncertain'::text, 'suppressed'::text, 'failed'::text])))
)
WITH (fillfactor='80');
CREATE TABLE perennial.event_types (
    type text NOT NULL,
    subject text NOT NULL,
    fields jsonb NOT NULL,
    description text NOT NULL,
    check_function text,
    repeats text DEFAULT 'ignored'::text NOT NULL,
    CONSTRAINT event_types_repeats_check CHECK ((repeats = ANY (ARRAY['ignored'::text, 'compared'::text]))),
    CONSTRAINT event_types_subject_check CHECK ((subject ~ '^[a-z]+$'::text))
);
CREATE TABLE perennial.pending_invoice_items (
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    kind text NOT NULL,
    metric_id integer NOT NULL,
    currency text NOT NULL,
    description text NOT NULL,
    quantity bigint NOT NULL,
    amount_minor bigint NOT NULL,
    period_start timestamp with time zone NOT NULL,
    period_end timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    final_at timestamp with time zone,
    invoice_id uuid,
    CONSTRAINT pending_invoice_items_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT pending_invoice_items_kind_check CHECK ((kind = ANY (ARRAY['overage'::text, 'late_usage'::text]))),
    CONSTRAINT pending_invoice_items_quantity_check CHECK ((quantity > 0))
);
CREATE VIEW perennial.final_invoices_due AS
 SELECT w.clock_id,
    w.subscription_id,
    min(w.final_at) AS due_at
   FROM perennial.pending_invoice_items w
  WHERE ((w.invoice_id IS NULL) AND (w.final_at IS NOT NULL) AND (NOT (EXISTS ( SELECT
           FROM perennial.payments p
          WHERE ((p.subscription_id = w.subscription_id) AND (p.status = ANY (ARRAY['planned'::text, 'executing'::text, 'unknown'::text, 'processing'::text])))))))
  GROUP BY w.clock_id, w.subscription_id;
CREATE TABLE perennial.invoice_items (
    invoice_id uuid NOT NULL,
    "position" integer NOT NULL,
    kind text NOT NULL,
    description text NOT NULL,
    quantity bigint NOT NULL,
    unit_amount_minor bigint NOT NULL,
    amount_minor bigint NOT NULL,
    period_start timestamp with time zone,
    period_end timestamp with time zone,
    price_id uuid,
    CONSTRAINT invoice_items_kind_check CHECK ((kind = ANY (ARRAY['subscription'::text, 'setup_fee'::text, 'proration'::text, 'carried_balance'::text, 'overage'::text, 'late_usage'::text, 'package'::text]))),
    CONSTRAINT invoice_items_quantity_check CHECK ((quantity >= 1))
);
CREATE TABLE perennial.invoice_series (
    prefix text NOT NULL,
    last_number bigint DEFAULT 0 NOT NULL
);
CREATE TABLE perennial.invoices (
    id uuid NOT NULL,
    subscription_id uuid,
    customer_id uuid NOT NULL,
    period_index bigint,
    kind text NOT NULL,
    series text NOT NULL,
    number bigint NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    finalized_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    provider text,
    intent_reference text,
    receipt_key text,
    decision bigint NOT NULL,
    order_id uuid,
    CONSTRAINT invoices_check CHECK (((status = 'open'::text) = (closed_at IS NULL))),
    CONSTRAINT invoices_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT invoices_kind_check CHECK ((kind = ANY (ARRAY['period'::text, 'final'::text, 'order'::text]))),
    CONSTRAINT invoices_number_check CHECK ((number > 0)),
    CONSTRAINT invoices_status_check CHECK ((status = ANY (ARRAY['open'::text, 'paid'::text, 'void'::text, 'uncollectible'::text]))),
    CONSTRAINT invoices_subject CHECK ((((kind = 'order'::text) = (order_id IS NOT NULL)) AND ((kind = 'period'::text) = ((subscription_id IS NOT NULL) AND (period_index IS NOT NULL))) AND (num_nonnulls(subscription_id, order_id) = 1))),
    CONSTRAINT invoices_total_minor_check CHECK ((total_minor >= 0))
)
WITH (fillfactor='80');
CREATE TABLE perennial.mrr_movements (
    seq bigint NOT NULL,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    subscription_id uuid NOT NULL,
    decision bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    amount_numer numeric(39,0) NOT NULL,
    amount_denom numeric(39,0) NOT NULL,
    before_numer numeric(39,0) NOT NULL,
    before_denom numeric(39,0) NOT NULL,
    plan_before uuid,
    after_numer numeric(39,0) NOT NULL,
    after_denom numeric(39,0) NOT NULL,
    plan_after uuid NOT NULL,
    total_numer numeric(39,0) NOT NULL,
    total_denom numeric(39,0) NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mrr_movements_after_denom_check CHECK ((after_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_after_numer_check CHECK ((after_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_amount_denom_check CHECK ((amount_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_denom_check CHECK ((before_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_numer_check CHECK ((before_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT mrr_movements_kind_check CHECK ((kind = ANY (ARRAY['new'::text, 'expansion'::text, 'contraction'::text, 'churn_voluntary'::text, 'churn_involuntary'::text, 'reactivation'::text, 'internal'::text]))),
    CONSTRAINT mrr_movements_total_denom_check CHECK ((total_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_total_numer_check CHECK ((total_numer >= (0)::numeric))
)
PARTITION BY RANGE (at);
CREATE TABLE perennial.plans (
    id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    tier integer NOT NULL,
    negotiated boolean DEFAULT false NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retention_days integer,
    CONSTRAINT plans_code_check CHECK ((code ~ '^[a-z][a-z0-9_-]*$'::text)),
    CONSTRAINT plans_retention_days_check CHECK ((retention_days > 0))
);
CREATE TABLE perennial.prices (
    id uuid NOT NULL,
    plan_id uuid NOT NULL,
    customer_id uuid,
    currency text NOT NULL,
    interval_unit text NOT NULL,
    interval_count integer NOT NULL,
    scheme text NOT NULL,
    unit_amount_minor bigint NOT NULL,
    setup_fee_minor bigint DEFAULT 0 NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT prices_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT prices_interval_count_check CHECK (((interval_count >= 1) AND (interval_count <= 3650))),
    CONSTRAINT prices_interval_unit_check CHECK ((interval_unit = ANY (ARRAY['day'::text, 'week'::text, 'month'::text, 'year'::text]))),
    CONSTRAINT prices_scheme_check CHECK ((scheme = ANY (ARRAY['flat'::text, 'per_seat'::text]))),
    CONSTRAINT prices_setup_fee_minor_check CHECK ((setup_fee_minor >= 0)),
    CONSTRAINT prices_unit_amount_minor_check CHECK ((unit_amount_minor >= 0))
);
CREATE TABLE perennial.subscriptions (
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    anchor_local timestamp without time zone NOT NULL,
    anchor_zone text NOT NULL,
    interval_unit text NOT NULL,
    interval_count integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    trial_end timestamp with time zone,
    period_index bigint NOT NULL,
    period_start timestamp with time zone NOT NULL,
    period_end timestamp with time zone NOT NULL,
    cancel_requested_at timestamp with time zone,
    ended_at timestamp with time zone,
    policy_id uuid NOT NULL,
    dunning_case_id uuid,
    status_until timestamp with time zone,
    renewal_notice_index bigint,
    card_notice_index bigint,
    trial_notice_at timestamp with time zone,
    grace_notice_at timestamp with time zone,
    parked_reason text,
    next_action text,
    next_action_at timestamp with time zone,
    version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT subscriptions_check CHECK ((period_end > period_start)),
    CONSTRAINT subscriptions_check1 CHECK (((next_action IS NULL) = (next_action_at IS NULL))),
    CONSTRAINT subscriptions_check2 CHECK (((ended_at IS NOT NULL) = (status = ANY (ARRAY['canceled'::text, 'expired'::text])))),
    CONSTRAINT subscriptions_check3 CHECK (((status = ANY (ARRAY['past_due'::text, 'grace'::text])) <= (dunning_case_id IS NOT NULL))),
    CONSTRAINT subscriptions_check4 CHECK (((status = ANY (ARRAY['grace'::text, 'incomplete'::text])) = (status_until IS NOT NULL))),
    CONSTRAINT subscriptions_check5 CHECK (((status <> ALL (ARRAY['canceled'::text, 'expired'::text])) OR (next_action IS NULL))),
    CONSTRAINT subscriptions_check6 CHECK (((parked_reason IS NULL) OR (next_action IS NULL))),
    CONSTRAINT subscriptions_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT subscriptions_interval_count_check CHECK ((interval_count >= 1)),
    CONSTRAINT subscriptions_interval_unit_check CHECK ((interval_unit = ANY (ARRAY['day'::text, 'week'::text, 'month'::text, 'year'::text]))),
    CONSTRAINT subscriptions_status_check CHECK ((status = ANY (ARRAY['incomplete'::text, 'trialing'::text, 'active'::text, 'past_due'::text, 'grace'::text, 'paused'::text, 'unpaid'::text, 'canceled'::text, 'expired'::text])))
)
WITH (fillfactor='70');
CREATE VIEW perennial.invoice_traits AS
 SELECT i.id AS invoice_id,
    COALESCE(l.plan, w.plan, 'none'::text) AS plan,
    COALESCE(perennial.interval_key(s.interval_unit, s.interval_count), 'once'::text) AS "interval",
    COALESCE(h.country, 'unknown'::text) AS country,
    COALESCE(perennial.month_of(h.first_subscription_at, z.business_zone), 'unknown'::text) AS cohort
   FROM (((((perennial.invoices i
     CROSS JOIN perennial.analytics_settings z)
     LEFT JOIN perennial.subscriptions s ON ((s.id = i.subscription_id)))
     LEFT JOIN perennial.customer_cohorts h ON (((h.customer_id = i.customer_id) AND ((i.subscription_id IS NOT NULL) OR (h.first_subscription_at <= i.finalized_at)))))
     LEFT JOIN LATERAL ( SELECT p.code AS plan
           FROM ((perennial.invoice_items t
             JOIN perennial.prices r ON ((r.id = t.price_id)))
             JOIN perennial.plans p ON ((p.id = r.plan_id)))
          WHERE (t.invoice_id = i.id)
          ORDER BY t."position"
         LIMIT 1) l ON (true))
     LEFT JOIN LATERAL ( SELECT p.code AS plan
           FROM perennial.plans p
          WHERE (p.id =
                CASE
                    WHEN (l.plan IS NULL) THEN COALESCE(( SELECT v.plan_before
                       FROM perennial.mrr_movements v
                      WHERE ((v.subscription_id = s.id) AND (v.at > i.finalized_at) AND (v.plan_before <> v.plan_after))
                      ORDER BY v.decision
                     LIMIT 1), s.plan_id)
                    ELSE NULL::uuid
                END)) w ON (true));
CREATE TABLE perennial.job_catalogue (
    name text NOT NULL COLLATE pg_catalog."C",
    schedulable boolean NOT NULL,
    CONSTRAINT job_catalogue_name_check CHECK ((name ~ '^[a-z][a-z0-9_]{0,39}$'::text))
);
CREATE TABLE perennial.job_history (
    id bigint NOT NULL,
    queue text NOT NULL COLLATE pg_catalog."C",
    unique_key text COLLATE pg_catalog."C",
    attempt integer NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone DEFAULT now() NOT NULL,
    delete_at timestamp with time zone NOT NULL
);
CREATE TABLE perennial.job_queues (
    name text NOT NULL COLLATE pg_catalog."C",
    paused boolean DEFAULT false NOT NULL,
    running_max integer,
    keep_done_for interval,
    CONSTRAINT job_queues_keep_done_for_check CHECK ((keep_done_for > '00:00:00'::interval)),
    CONSTRAINT job_queues_running_max_check CHECK ((running_max > 0))
);
CREATE UNLOGGED TABLE perennial.job_waiters (
    queue text NOT NULL COLLATE pg_catalog."C",
    worker uuid NOT NULL,
    waiting boolean NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE perennial.job_workers (
    id uuid NOT NULL,
    name text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE perennial.jobs (
    id bigint NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_until timestamp with time zone,
    attempt integer DEFAULT 0 NOT NULL,
    run integer DEFAULT 0 NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    deaths smallint DEFAULT 0 NOT NULL,
    max_attempts smallint,
    holder uuid,
    state text NOT NULL COLLATE pg_catalog."C",
    queue text NOT NULL COLLATE pg_catalog."C",
    unique_key text COLLATE pg_catalog."C",
    payload jsonb NOT NULL,
    last_error text,
    trace text,
    CONSTRAINT jobs_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT jobs_deaths_check CHECK ((deaths >= 0)),
    CONSTRAINT jobs_lease CHECK (((state = 'running'::text) = (holder IS NOT NULL))),
    CONSTRAINT jobs_max_attempts_check CHECK ((max_attempts > 0)),
    CONSTRAINT jobs_payload_check CHECK ((pg_column_size(payload) <= 65536)),
    CONSTRAINT jobs_queue_check CHECK (((length(queue) >= 1) AND (length(queue) <= 40))),
    CONSTRAINT jobs_run_check CHECK ((run >= 0)),
    CONSTRAINT jobs_state CHECK ((state = ANY (ARRAY['ready'::text, 'later'::text, 'running'::text]))),
    CONSTRAINT jobs_unique_key_check CHECK (((length(unique_key) >= 1) AND (length(unique_key) <= 300)))
)
WITH (fillfactor='85', autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_threshold='5000', autovacuum_analyze_scale_factor='0.2', autovacuum_vacuum_cost_delay='0');
ALTER TABLE perennial.jobs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME perennial.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE perennial.ledger_accounts (
    code text NOT NULL,
    kind text NOT NULL,
    description text NOT NULL,
    CONSTRAINT ledger_accounts_kind_check CHECK ((kind = ANY (ARRAY['asset'::text, 'liability'::text, 'revenue'::text, 'expense'::text])))
);
CREATE TABLE perennial.ledger_entries (
    posting_id uuid NOT NULL,
    "position" integer NOT NULL,
    account text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    kind text NOT NULL,
    customer_id uuid NOT NULL,
    subscription_id uuid,
    invoice_id uuid,
    payment_id uuid,
    at timestamp with time zone NOT NULL,
    decision bigint NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    order_id uuid,
    CONSTRAINT ledger_entries_amount_minor_check CHECK ((amount_minor <> 0)),
    CONSTRAINT ledger_entries_subject CHECK ((num_nonnulls(subscription_id, order_id) = 1))
);
ALTER TABLE perennial.lifecycle_events ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME perennial.lifecycle_events_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE perennial.subscription_items (
    subscription_id uuid NOT NULL,
    "position" integer NOT NULL,
    price_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    quantity bigint NOT NULL,
    CONSTRAINT subscription_items_quantity_check CHECK ((quantity >= 1))
);
CREATE VIEW perennial.live_subscriptions AS
 SELECT s.id,
    s.customer_id,
    s.clock_id,
    s.plan_id,
    s.status,
    s.currency,
    s.anchor_local,
    s.anchor_zone,
    s.started_at,
    COALESCE(i.quantity, (1)::bigint) AS seats
   FROM (perennial.subscriptions s
     LEFT JOIN perennial.subscription_items i ON (((i.subscription_id = s.id) AND (i."position" = 1))))
  WHERE (s.status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text, 'grace'::text]));
CREATE VIEW perennial.live_memberships AS
 SELECT m.id,
    m.user_id,
    m.membership_type_id,
    t.code,
    t.features
   FROM (perennial.user_memberships m
     JOIN perennial.membership_types t ON ((t.id = m.membership_type_id)))
  WHERE ((m.status = ANY (ARRAY['pending'::text, 'active'::text])) AND (m.starts_at <= perennial.business_now(m.clock_id)) AND ((m.ends_at IS NULL) OR (m.ends_at > perennial.business_now(m.clock_id))) AND ((m.subscription_id IS NULL) OR (EXISTS ( SELECT
           FROM perennial.live_subscriptions s
          WHERE (s.id = m.subscription_id)))));
CREATE TABLE perennial.mail_preferences (
    customer_id uuid NOT NULL,
    stream text NOT NULL,
    token text DEFAULT replace(((gen_random_uuid())::text || (gen_random_uuid())::text), '-'::text, ''::text) NOT NULL COLLATE pg_catalog."C",
    muted_at timestamp with time zone,
    CONSTRAINT mail_preferences_stream_check CHECK ((stream = 'usage_warning'::text)),
    CONSTRAINT mail_preferences_token_check CHECK ((token ~ '^[0-9a-f]{64}$'::text))
);
CREATE TABLE perennial.metric_codes (
    code text NOT NULL COLLATE pg_catalog."C",
    metric_id integer NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT metric_codes_code_check CHECK ((code ~ '^[a-z][a-z0-9_]{0,59}$'::text))
);
CREATE TABLE perennial.metrics (
    id integer NOT NULL,
    name text NOT NULL,
    unit text NOT NULL,
    kind text DEFAULT 'count'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT metrics_kind_check CHECK ((kind = ANY (ARRAY['count'::text, 'ceiling'::text])))
);
ALTER TABLE perennial.metrics ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME perennial.metrics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE perennial.mrr_decisions (
    subscription_id uuid NOT NULL,
    decision bigint NOT NULL
);
CREATE TABLE perennial.mrr_movements_2026_11 (
    seq bigint NOT NULL,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    subscription_id uuid NOT NULL,
    decision bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    amount_numer numeric(39,0) NOT NULL,
    amount_denom numeric(39,0) NOT NULL,
    before_numer numeric(39,0) NOT NULL,
    before_denom numeric(39,0) NOT NULL,
    plan_before uuid,
    after_numer numeric(39,0) NOT NULL,
    after_denom numeric(39,0) NOT NULL,
    plan_after uuid NOT NULL,
    total_numer numeric(39,0) NOT NULL,
    total_denom numeric(39,0) NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mrr_movements_after_denom_check CHECK ((after_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_after_numer_check CHECK ((after_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_amount_denom_check CHECK ((amount_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_denom_check CHECK ((before_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_numer_check CHECK ((before_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT mrr_movements_kind_check CHECK ((kind = ANY (ARRAY['new'::text, 'expansion'::text, 'contraction'::text, 'churn_voluntary'::text, 'churn_involuntary'::text, 'reactivation'::text, 'internal'::text]))),
    CONSTRAINT mrr_movements_total_denom_check CHECK ((total_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_total_numer_check CHECK ((total_numer >= (0)::numeric))
);
CREATE TABLE perennial.mrr_movements_2026_12 (
    seq bigint NOT NULL,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    subscription_id uuid NOT NULL,
    decision bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    amount_numer numeric(39,0) NOT NULL,
    amount_denom numeric(39,0) NOT NULL,
    before_numer numeric(39,0) NOT NULL,
    before_denom numeric(39,0) NOT NULL,
    plan_before uuid,
    after_numer numeric(39,0) NOT NULL,
    after_denom numeric(39,0) NOT NULL,
    plan_after uuid NOT NULL,
    total_numer numeric(39,0) NOT NULL,
    total_denom numeric(39,0) NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mrr_movements_after_denom_check CHECK ((after_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_after_numer_check CHECK ((after_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_amount_denom_check CHECK ((amount_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_denom_check CHECK ((before_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_numer_check CHECK ((before_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT mrr_movements_kind_check CHECK ((kind = ANY (ARRAY['new'::text, 'expansion'::text, 'contraction'::text, 'churn_voluntary'::text, 'churn_involuntary'::text, 'reactivation'::text, 'internal'::text]))),
    CONSTRAINT mrr_movements_total_denom_check CHECK ((total_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_total_numer_check CHECK ((total_numer >= (0)::numeric))
);
CREATE TABLE perennial.mrr_movements_2027_01 (
    seq bigint NOT NULL,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    subscription_id uuid NOT NULL,
    decision bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    amount_numer numeric(39,0) NOT NULL,
    amount_denom numeric(39,0) NOT NULL,
    before_numer numeric(39,0) NOT NULL,
    before_denom numeric(39,0) NOT NULL,
    plan_before uuid,
    after_numer numeric(39,0) NOT NULL,
    after_denom numeric(39,0) NOT NULL,
    plan_after uuid NOT NULL,
    total_numer numeric(39,0) NOT NULL,
    total_denom numeric(39,0) NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mrr_movements_after_denom_check CHECK ((after_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_after_numer_check CHECK ((after_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_amount_denom_check CHECK ((amount_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_denom_check CHECK ((before_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_numer_check CHECK ((before_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT mrr_movements_kind_check CHECK ((kind = ANY (ARRAY['new'::text, 'expansion'::text, 'contraction'::text, 'churn_voluntary'::text, 'churn_involuntary'::text, 'reactivation'::text, 'internal'::text]))),
    CONSTRAINT mrr_movements_total_denom_check CHECK ((total_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_total_numer_check CHECK ((total_numer >= (0)::numeric))
);
CREATE TABLE perennial.mrr_movements_2027_02 (
    seq bigint NOT NULL,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    subscription_id uuid NOT NULL,
    decision bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    amount_numer numeric(39,0) NOT NULL,
    amount_denom numeric(39,0) NOT NULL,
    before_numer numeric(39,0) NOT NULL,
    before_denom numeric(39,0) NOT NULL,
    plan_before uuid,
    after_numer numeric(39,0) NOT NULL,
    after_denom numeric(39,0) NOT NULL,
    plan_after uuid NOT NULL,
    total_numer numeric(39,0) NOT NULL,
    total_denom numeric(39,0) NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mrr_movements_after_denom_check CHECK ((after_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_after_numer_check CHECK ((after_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_amount_denom_check CHECK ((amount_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_denom_check CHECK ((before_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_numer_check CHECK ((before_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT mrr_movements_kind_check CHECK ((kind = ANY (ARRAY['new'::text, 'expansion'::text, 'contraction'::text, 'churn_voluntary'::text, 'churn_involuntary'::text, 'reactivation'::text, 'internal'::text]))),
    CONSTRAINT mrr_movements_total_denom_check CHECK ((total_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_total_numer_check CHECK ((total_numer >= (0)::numeric))
);
CREATE TABLE perennial.mrr_movements_default (
    seq bigint NOT NULL,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    subscription_id uuid NOT NULL,
    decision bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    amount_numer numeric(39,0) NOT NULL,
    amount_denom numeric(39,0) NOT NULL,
    before_numer numeric(39,0) NOT NULL,
    before_denom numeric(39,0) NOT NULL,
    plan_before uuid,
    after_numer numeric(39,0) NOT NULL,
    after_denom numeric(39,0) NOT NULL,
    plan_after uuid NOT NULL,
    total_numer numeric(39,0) NOT NULL,
    total_denom numeric(39,0) NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mrr_movements_after_denom_check CHECK ((after_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_after_numer_check CHECK ((after_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_amount_denom_check CHECK ((amount_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_denom_check CHECK ((before_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_before_numer_check CHECK ((before_numer >= (0)::numeric)),
    CONSTRAINT mrr_movements_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT mrr_movements_kind_check CHECK ((kind = ANY (ARRAY['new'::text, 'expansion'::text, 'contraction'::text, 'churn_voluntary'::text, 'churn_involuntary'::text, 'reactivation'::text, 'internal'::text]))),
    CONSTRAINT mrr_movements_total_denom_check CHECK ((total_denom > (0)::numeric)),
    CONSTRAINT mrr_movements_total_numer_check CHECK ((total_numer >= (0)::numeric))
);
ALTER TABLE perennial.mrr_movements ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME perennial.mrr_movements_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE perennial.usage_closings (
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    period_start timestamp with time zone NOT NULL,
    period_end timestamp with time zone NOT NULL,
    subscription_id uuid,
    quota_id uuid,
    limit_units bigint NOT NULL,
    used bigint NOT NULL,
    overage_units bigint NOT NULL,
    rollover_units bigint NOT NULL,
    closed_at timestamp with time zone NOT NULL
);
CREATE TABLE perennial.usage_warnings (
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    period_start timestamp with time zone NOT NULL,
    threshold integer NOT NULL,
    clock_id uuid NOT NULL,
    used bigint NOT NULL,
    limit_units bigint NOT NULL,
    crossed_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    outcome text,
    quota_id uuid,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_warnings_check CHECK (((due_at IS NULL) = (outcome IS NOT NULL))),
    CONSTRAINT usage_warnings_outcome_check CHECK ((outcome = ANY (ARRAY['told'::text, 'muted'::text, 'too_late'::text])))
);
CREATE VIEW perennial.near_limits AS
 SELECT w.customer_id,
    c.code AS metric,
    COALESCE(p.code, 'none'::text) AS plan,
    w.crossed_at,
    COALESCE(g.period_end, m.period_end, (
        CASE
            WHEN (m.customer_id IS NULL) THEN '-infinity'::text
            ELSE 'infinity'::text
        END)::timestamp with time zone) AS ends_at
   FROM (((((perennial.usage_warnings w
     JOIN perennial.metric_codes c ON (((c.metric_id = w.metric_id) AND (c.retired_at IS NULL))))
     LEFT JOIN perennial.plan_quotas q ON ((q.id = w.quota_id)))
     LEFT JOIN perennial.plans p ON ((p.id = q.plan_id)))
     LEFT JOIN perennial.usage_closings g ON (((g.customer_id = w.customer_id) AND (g.metric_id = w.metric_id) AND (g.period_start = w.period_start))))
     LEFT JOIN perennial.usage_meters m ON (((m.customer_id = w.customer_id) AND (m.metric_id = w.metric_id) AND (m.period_start = w.period_start))));
CREATE TABLE perennial.token_allocations (
    customer_id uuid NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    clock_id uuid NOT NULL,
    due_at timestamp with time zone NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE perennial.wallet_grants (
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    clock_id uuid NOT NULL,
    amount bigint NOT NULL,
    remaining bigint NOT NULL,
    kind text NOT NULL,
    priority integer NOT NULL,
    effective_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    seq bigint NOT NULL,
    source text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT wallet_grants_amount_check CHECK ((amount > 0)),
    CONSTRAINT wallet_grants_check CHECK (((remaining >= 0) AND (remaining <= amount))),
    CONSTRAINT wallet_grants_check1 CHECK ((expires_at > effective_at)),
    CONSTRAINT wallet_grants_key_check CHECK (((length(key) >= 1) AND (length(key) <= 300))),
    CONSTRAINT wallet_grants_kind_check CHECK ((kind = ANY (ARRAY['paid'::text, 'promotional'::text]))),
    CONSTRAINT wallet_grants_source_check CHECK ((source = ANY (ARRAY['granted'::text, 'allocation'::text, 'order'::text])))
)
WITH (fillfactor='80');
CREATE TABLE perennial.wallets (
    customer_id uuid NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    clock_id uuid NOT NULL,
    low_balance_at bigint,
    low_balance_told_at timestamp with time zone,
    warn_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    top_up_package text COLLATE pg_catalog."C",
    top_up_below bigint,
    top_ups_per_month_max integer,
    top_up_not_before timestamp with time zone,
    top_up_at timestamp with time zone,
    CONSTRAINT wallets_check CHECK ((num_nonnulls(top_up_package, top_up_below, top_ups_per_month_max) = ANY (ARRAY[0, 3]))),
    CONSTRAINT wallets_check1 CHECK (((top_up_package IS NOT NULL) OR (num_nonnulls(top_up_not_before, top_up_at) = 0))),
    CONSTRAINT wallets_low_balance_at_check CHECK ((low_balance_at >= 0)),
    CONSTRAINT wallets_top_up_below_check CHECK ((top_up_below > 0)),
    CONSTRAINT wallets_top_ups_per_month_max_check CHECK ((top_ups_per_month_max > 0))
)
WITH (fillfactor='70');
CREATE VIEW perennial.next_due AS
 SELECT c.id AS clock_id,
    LEAST(( SELECT min(subscriptions.next_action_at) AS min
           FROM perennial.subscriptions
          WHERE (subscriptions.clock_id = c.id)), ( SELECT min(payments.due_at) AS min
           FROM perennial.payments
          WHERE (payments.clock_id = c.id)), ( SELECT min(lifecycle_events.at) AS min
           FROM perennial.lifecycle_events
          WHERE ((lifecycle_events.clock_id = c.id) AND (lifecycle_events.processed_at IS NULL))), ( SELECT min(usage_meters.period_end) AS min
           FROM perennial.usage_meters
          WHERE (usage_meters.clock_id = c.id)), ( SELECT min(usage_warnings.due_at) AS min
           FROM perennial.usage_warnings
          WHERE (usage_warnings.clock_id = c.id)), ( SELECT min(final_invoices_due.due_at) AS min
           FROM perennial.final_invoices_due
          WHERE (final_invoices_due.clock_id = c.id)), ( SELECT min(user_memberships.due_at) AS min
           FROM perennial.user_memberships
          WHERE (user_memberships.clock_id = c.id)), ( SELECT min(wallet_grants.expires_at) AS min
           FROM perennial.wallet_grants
          WHERE ((wallet_grants.clock_id = c.id) AND (wallet_grants.remaining > 0))), ( SELECT min(token_allocations.due_at) AS min
           FROM perennial.token_allocations
          WHERE (token_allocations.clock_id = c.id)), ( SELECT min(wallets.warn_at) AS min
           FROM perennial.wallets
          WHERE (wallets.clock_id = c.id)), ( SELECT min(wallets.top_up_at) AS min
           FROM perennial.wallets
          WHERE (wallets.clock_id = c.id))) AS at
   FROM perennial.clocks c;
CREATE TABLE perennial.order_items (
    order_id uuid NOT NULL,
    "position" integer NOT NULL,
    package text NOT NULL COLLATE pg_catalog."C",
    description text NOT NULL,
    quantity bigint NOT NULL,
    unit_amount_minor bigint NOT NULL,
    amount_minor bigint NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    tokens bigint NOT NULL,
    CONSTRAINT order_items_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT order_items_quantity_check CHECK (((quantity >= 1) AND (quantity <= 1000))),
    CONSTRAINT order_items_tokens_check CHECK ((tokens > 0)),
    CONSTRAINT order_items_unit_amount_minor_check CHECK ((unit_amount_minor > 0))
);
CREATE TABLE perennial.orders (
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    placed_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    reason text,
    version bigint NOT NULL,
    CONSTRAINT orders_check CHECK (((status = 'pending'::text) = (closed_at IS NULL))),
    CONSTRAINT orders_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT orders_key_check CHECK (((length(key) >= 1) AND (length(key) <= 300))),
    CONSTRAINT orders_kind_check CHECK ((kind = ANY (ARRAY['purchase'::text, 'top_up'::text]))),
    CONSTRAINT orders_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'paid'::text, 'failed'::text]))),
    CONSTRAINT orders_total_minor_check CHECK ((total_minor > 0))
);
CREATE TABLE perennial.organization_members (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT organization_members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'billing'::text, 'member'::text])))
);
CREATE TABLE perennial.organizations (
    id uuid NOT NULL,
    name text NOT NULL,
    tax_id text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE VIEW perennial.payable_commissions AS
 SELECT c.affiliate_code,
    c.currency,
    COALESCE(sum(c.amount_minor) FILTER (WHERE (c.payable_at <= k.now)), (0)::numeric) AS payable_minor,
    COALESCE(sum(c.amount_minor) FILTER (WHERE (c.payable_at > k.now)), (0)::numeric) AS held_minor,
    min(c.payable_at) FILTER (WHERE (c.payable_at > k.now)) AS next_payable_at
   FROM (perennial.commissions c
     JOIN ( SELECT clocks.id,
            perennial.business_now(clocks.id) AS now
           FROM perennial.clocks
         OFFSET 0) k ON ((k.id = c.clock_id)))
  GROUP BY c.affiliate_code, c.currency;
CREATE TABLE perennial.payment_methods (
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    provider text NOT NULL,
    reference text NOT NULL,
    kind text NOT NULL,
    network text,
    last4 text,
    expires_at timestamp with time zone,
    "position" bigint NOT NULL,
    blocked_reason text,
    not_before timestamp with time zone,
    attached_at timestamp with time zone NOT NULL,
    CONSTRAINT payment_methods_last4_check CHECK ((last4 ~ '^[0-9]{4}$'::text))
);
CREATE TABLE perennial.payment_providers (
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE perennial.plan_allocations (
    plan_id uuid NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    CONSTRAINT plan_allocations_amount_check CHECK (((amount >= 1) AND (amount <= '1000000000000'::bigint)))
);
CREATE TABLE perennial.plan_features (
    plan_id uuid NOT NULL,
    feature text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT plan_features_feature_check CHECK ((feature ~ '^[a-z][a-z0-9_]{0,59}$'::text))
);
CREATE TABLE perennial.plan_quota_tiers (
    quota_id uuid NOT NULL,
    currency text NOT NULL,
    "position" integer NOT NULL,
    up_to bigint,
    amount_minor bigint NOT NULL,
    per_units bigint DEFAULT 1 NOT NULL,
    CONSTRAINT plan_quota_tiers_amount_minor_check CHECK ((amount_minor >= 0)),
    CONSTRAINT plan_quota_tiers_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT plan_quota_tiers_per_units_check CHECK ((per_units > 0)),
    CONSTRAINT plan_quota_tiers_position_check CHECK (("position" >= 1)),
    CONSTRAINT plan_quota_tiers_up_to_check CHECK ((up_to > 0))
);
CREATE TABLE perennial.provider_customers (
    provider text NOT NULL,
    customer_id uuid NOT NULL,
    reference text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE perennial.rate_limits (
    name text NOT NULL COLLATE pg_catalog."C",
    empty_until timestamp with time zone NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE perennial.referrals (
    customer_id uuid NOT NULL,
    affiliate_code text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT referrals_at_check CHECK (isfinite(at)),
    CONSTRAINT referrals_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);
CREATE TABLE perennial.refunds (
    id uuid NOT NULL,
    payment_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    reason text NOT NULL,
    reference text NOT NULL,
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT refunds_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT refunds_at_check CHECK (isfinite(at)),
    CONSTRAINT refunds_check CHECK ((at <= recorded_at)),
    CONSTRAINT refunds_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT refunds_reason_check CHECK ((reason = ANY (ARRAY['requested_by_customer'::text, 'duplicate'::text, 'fraudulent'::text, 'other'::text]))),
    CONSTRAINT refunds_reference_check CHECK (((length(reference) >= 1) AND (length(reference) <= 200)))
);
CREATE TABLE perennial.roi_events (
    key text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    feature text COLLATE pg_catalog."C",
    query_id text COLLATE pg_catalog."C",
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT feature_or_query CHECK ((num_nonnulls(feature, query_id) >= 1)),
    CONSTRAINT roi_events_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT roi_events_at_check CHECK (isfinite(at)),
    CONSTRAINT roi_events_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT roi_events_feature_check CHECK ((feature ~ '^[a-z][a-z0-9_]{0,59}$'::text)),
    CONSTRAINT roi_events_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT roi_events_kind_check CHECK ((kind = ANY (ARRAY['cost'::text, 'revenue'::text]))),
    CONSTRAINT roi_events_query_id_check CHECK (((length(query_id) >= 1) AND (length(query_id) <= 200)))
);
CREATE TABLE perennial.schedules (
    name text NOT NULL COLLATE pg_catalog."C",
    cursor timestamp with time zone NOT NULL
);
CREATE TABLE perennial.subscription_history (
    subscription_id uuid NOT NULL,
    version bigint NOT NULL,
    "position" integer NOT NULL,
    from_status text,
    to_status text NOT NULL,
    edge text NOT NULL,
    period_index bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    by_job text NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE VIEW perennial.subscription_mrr AS
 SELECT s.id AS subscription_id,
    s.customer_id,
    s.clock_id,
    s.currency,
    s.plan_id,
    s.status,
    s.interval_unit,
    s.interval_count,
    s.version,
    (m.numer / gcd(m.numer, m.denom)) AS numer,
    (m.denom / gcd(m.numer, m.denom)) AS denom
   FROM (perennial.subscriptions s
     CROSS JOIN LATERAL ( SELECT (COALESCE(sum(((i.quantity)::numeric * (r.unit_amount_minor)::numeric)), (0)::numeric) * (
                CASE s.interval_unit
                    WHEN 'day'::text THEN 365
                    WHEN 'week'::text THEN 52
                    ELSE 1
                END)::numeric) AS numer,
            ((s.interval_count)::numeric * (
                CASE s.interval_unit
                    WHEN 'month'::text THEN 1
                    ELSE 12
                END)::numeric) AS denom
           FROM (perennial.subscription_items i
             JOIN perennial.prices r ON ((r.id = i.price_id)))
          WHERE (i.subscription_id = s.id)) m)
  WHERE ((s.status = ANY (ARRAY['active'::text, 'past_due'::text, 'grace'::text])) AND (m.numer > (0)::numeric));
CREATE TABLE perennial.subscription_periods (
    subscription_id uuid NOT NULL,
    period_index bigint NOT NULL,
    kind text NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    CONSTRAINT subscription_periods_check CHECK ((ends_at > starts_at)),
    CONSTRAINT subscription_periods_kind_check CHECK ((kind = ANY (ARRAY['trial'::text, 'service'::text])))
);
CREATE VIEW perennial.subscription_traits AS
 SELECT s.id AS subscription_id,
    s.customer_id,
    s.currency,
    perennial.interval_key(s.interval_unit, s.interval_count) AS "interval",
    COALESCE(h.country, 'unknown'::text) AS country,
    COALESCE(perennial.month_of(h.first_purchase_at, z.business_zone), 'unknown'::text) AS purchase_cohort,
    COALESCE(perennial.month_of(h.first_subscription_at, z.business_zone), 'unknown'::text) AS subscription_cohort
   FROM ((perennial.subscriptions s
     LEFT JOIN perennial.customer_cohorts h ON ((h.customer_id = s.customer_id)))
     CROSS JOIN perennial.analytics_settings z);
CREATE TABLE perennial.ticks (
    schedule text NOT NULL COLLATE pg_catalog."C",
    tick timestamp with time zone NOT NULL,
    fired_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE perennial.time_zones (
    name text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE perennial.token_package_prices (
    package text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT token_package_prices_amount_minor_check CHECK (((amount_minor >= 1) AND (amount_minor <= 99999999))),
    CONSTRAINT token_package_prices_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);
CREATE TABLE perennial.token_packages (
    code text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    tokens bigint NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT token_packages_code_check CHECK ((code ~ '^[a-z][a-z0-9_-]{0,59}$'::text)),
    CONSTRAINT token_packages_name_check CHECK ((name !~ '[[:cntrl:]]'::text)),
    CONSTRAINT token_packages_tokens_check CHECK (((tokens >= 1) AND (tokens <= 1000000000)))
);
CREATE TABLE perennial.token_units (
    code text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT token_units_code_check CHECK ((code ~ '^[a-z][a-z0-9_]{0,39}$'::text))
);
CREATE TABLE perennial.transitions (
    from_status text,
    edge text NOT NULL,
    to_status text NOT NULL
);
CREATE TABLE perennial.usage_counters (
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    period_start timestamp with time zone NOT NULL,
    shard smallint NOT NULL,
    used bigint NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.05', autovacuum_vacuum_cost_delay='0');
CREATE TABLE perennial.usage_event_ids (
    event_id text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    quantity bigint NOT NULL,
    CONSTRAINT usage_event_ids_event_id_check CHECK (((length(event_id) >= 1) AND (length(event_id) <= 200)))
);
CREATE TABLE perennial.usage_events (
    event_id text NOT NULL,
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    quantity bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    period_start timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_events_quantity_check CHECK ((quantity <> 0))
)
PARTITION BY RANGE (at);
CREATE TABLE perennial.usage_events_2026_10 (
    event_id text NOT NULL,
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    quantity bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    period_start timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_events_quantity_check CHECK ((quantity <> 0))
);
CREATE TABLE perennial.usage_events_2026_11 (
    event_id text NOT NULL,
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    quantity bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    period_start timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_events_quantity_check CHECK ((quantity <> 0))
);
CREATE TABLE perennial.usage_events_2026_12 (
    event_id text NOT NULL,
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    quantity bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    period_start timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_events_quantity_check CHECK ((quantity <> 0))
);
CREATE TABLE perennial.usage_events_2027_01 (
    event_id text NOT NULL,
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    quantity bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    period_start timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_events_quantity_check CHECK ((quantity <> 0))
);
CREATE TABLE perennial.usage_events_2027_02 (
    event_id text NOT NULL,
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    quantity bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    period_start timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_events_quantity_check CHECK ((quantity <> 0))
);
CREATE TABLE perennial.usage_events_default (
    event_id text NOT NULL,
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    quantity bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    period_start timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usage_events_quantity_check CHECK ((quantity <> 0))
);
CREATE TABLE perennial.usage_late (
    customer_id uuid NOT NULL,
    metric_id integer NOT NULL,
    period_start timestamp with time zone NOT NULL,
    found_in timestamp with time zone NOT NULL,
    units bigint NOT NULL,
    CONSTRAINT usage_late_units_check CHECK ((units > 0))
);
CREATE VIEW perennial.usage_partitions AS
 SELECT (c.oid)::regclass AS partition,
    ((to_date("right"((c.relname)::text, 7), 'YYYY_MM'::text))::timestamp without time zone AT TIME ZONE 'UTC'::text) AS starts_at,
    ((to_date("right"((c.relname)::text, 7), 'YYYY_MM'::text) + '1 mon'::interval) AT TIME ZONE 'UTC'::text) AS ends_at
   FROM (pg_inherits i
     JOIN pg_class c ON ((c.oid = i.inhrelid)))
  WHERE ((i.inhparent = ('perennial.usage_events'::regclass)::oid) AND (c.relname ~ '^usage_events_[0-9]{4}_[0-9]{2}$'::text));
CREATE VIEW perennial.usage_retention AS
 SELECT c.id AS customer_id,
    c.clock_id,
    NULLIF(COALESCE(( SELECT max(COALESCE(p.retention_days, 2147483647)) AS max
           FROM (perennial.live_subscriptions s
             JOIN perennial.plans p ON ((p.id = s.plan_id)))
          WHERE (s.customer_id = c.id)), ( SELECT max(COALESCE(p.retention_days, 2147483647)) AS max
           FROM (perennial.subscriptions s
             JOIN perennial.plans p ON ((p.id = s.plan_id)))
          WHERE (s.customer_id = c.id)), ( SELECT COALESCE(p.retention_days, 2147483647) AS "coalesce"
           FROM perennial.plans p
          WHERE p.active
          ORDER BY p.tier
         LIMIT 1)), 2147483647) AS days
   FROM perennial.customers c;
CREATE TABLE perennial.users (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_email_check CHECK ((email ~ '^[^@\s]+@[^@\s]+$'::text))
);
CREATE TABLE perennial.wallet_entries (
    id bigint NOT NULL,
    customer_id uuid NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    grant_id uuid NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    event_id text COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT wallet_entries_amount_check CHECK ((amount <> 0)),
    CONSTRAINT wallet_entries_check CHECK (((kind = ANY (ARRAY['grant'::text, 'refund'::text])) = (amount > 0))),
    CONSTRAINT wallet_entries_check1 CHECK (((kind = ANY (ARRAY['burn'::text, 'refund'::text])) = (event_id IS NOT NULL))),
    CONSTRAINT wallet_entries_kind_check CHECK ((kind = ANY (ARRAY['grant'::text, 'burn'::text, 'expire'::text, 'refund'::text])))
);
ALTER TABLE perennial.wallet_entries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME perennial.wallet_entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE perennial.wallet_events (
    event_id text NOT NULL COLLATE pg_catalog."C",
    customer_id uuid NOT NULL,
    unit text NOT NULL COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    allowed boolean NOT NULL,
    balance bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    refunded_at timestamp with time zone,
    refunded bigint,
    lost bigint,
    CONSTRAINT wallet_events_check CHECK ((((refunded_at IS NULL) = (refunded IS NULL)) AND ((refunded IS NULL) = (lost IS NULL)))),
    CONSTRAINT wallet_events_event_id_check CHECK (((length(event_id) >= 1) AND (length(event_id) <= 200)))
);
ALTER TABLE perennial.wallet_grants ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME perennial.wallet_grants_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
ALTER TABLE ONLY perennial.analytics_snapshots ATTACH PARTITION perennial.analytics_snapshots_2026_11 FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
ALTER TABLE ONLY perennial.analytics_snapshots ATTACH PARTITION perennial.analytics_snapshots_2026_12 FOR VALUES FROM ('2026-12-01') TO ('2027-01-01');
ALTER TABLE ONLY perennial.analytics_snapshots ATTACH PARTITION perennial.analytics_snapshots_2027_01 FOR VALUES FROM ('2027-01-01') TO ('2027-02-01');
ALTER TABLE ONLY perennial.analytics_snapshots ATTACH PARTITION perennial.analytics_snapshots_2027_02 FOR VALUES FROM ('2027-02-01') TO ('2027-03-01');
ALTER TABLE ONLY perennial.analytics_snapshots ATTACH PARTITION perennial.analytics_snapshots_default DEFAULT;
ALTER TABLE ONLY perennial.churn_indicators ATTACH PARTITION perennial.churn_indicators_2026_11 FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
ALTER TABLE ONLY perennial.churn_indicators ATTACH PARTITION perennial.churn_indicators_2026_12 FOR VALUES FROM ('2026-12-01') TO ('2027-01-01');
ALTER TABLE ONLY perennial.churn_indicators ATTACH PARTITION perennial.churn_indicators_2027_01 FOR VALUES FROM ('2027-01-01') TO ('2027-02-01');
ALTER TABLE ONLY perennial.churn_indicators ATTACH PARTITION perennial.churn_indicators_2027_02 FOR VALUES FROM ('2027-02-01') TO ('2027-03-01');
ALTER TABLE ONLY perennial.churn_indicators ATTACH PARTITION perennial.churn_indicators_default DEFAULT;
ALTER TABLE ONLY perennial.mrr_movements ATTACH PARTITION perennial.mrr_movements_2026_11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');
ALTER TABLE ONLY perennial.mrr_movements ATTACH PARTITION perennial.mrr_movements_2026_12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');
ALTER TABLE ONLY perennial.mrr_movements ATTACH PARTITION perennial.mrr_movements_2027_01 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');
ALTER TABLE ONLY perennial.mrr_movements ATTACH PARTITION perennial.mrr_movements_2027_02 FOR VALUES FROM ('2027-02-01 00:00:00+00') TO ('2027-03-01 00:00:00+00');
ALTER TABLE ONLY perennial.mrr_movements ATTACH PARTITION perennial.mrr_movements_default DEFAULT;
ALTER TABLE ONLY perennial.usage_events ATTACH PARTITION perennial.usage_events_2026_10 FOR VALUES FROM ('2026-10-01 00:00:00+00') TO ('2026-11-01 00:00:00+00');
ALTER TABLE ONLY perennial.usage_events ATTACH PARTITION perennial.usage_events_2026_11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');
ALTER TABLE ONLY perennial.usage_events ATTACH PARTITION perennial.usage_events_2026_12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');
ALTER TABLE ONLY perennial.usage_events ATTACH PARTITION perennial.usage_events_2027_01 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');
ALTER TABLE ONLY perennial.usage_events ATTACH PARTITION perennial.usage_events_2027_02 FOR VALUES FROM ('2027-02-01 00:00:00+00') TO ('2027-03-01 00:00:00+00');
ALTER TABLE ONLY perennial.usage_events ATTACH PARTITION perennial.usage_events_default DEFAULT;
INSERT INTO perennial.analytics_metrics VALUES
	('mrr', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Monthly recurring revenue'),
	('arr', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Twelve times that'),
	('arpu', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Monthly recurring revenue per paying customer'),
	('customers', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Customers with recurring revenue; where a currency is named, in that currency'),
	('subscriptions_active', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Active subscriptions'),
	('subscriptions_trialing', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Subscriptions in their trial'),
	('subscriptions_past_due', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Subscriptions whose payment failed and is retried'),
	('subscriptions_grace', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Subscriptions whose retries are over, with access for a while'),
	('subscriptions_paused', 'count', 'stock', '{total,currency,plan,interval,country,cohort}', 'Paused subscriptions'),
	('outstanding', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Invoiced and not yet paid'),
	('money_at_risk', 'money', 'stock', '{total,plan,interval,country,cohort}', 'Outstanding of subscriptions in dunning'),
	('customers_near_limit', 'count', 'stock', '{total,metric,plan}', 'Customers who crossed a warning threshold of a period that goes on; by plan: whose limit it is'),
	('movement_new', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Recurring revenue of new customers'),
	('movement_new_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'New customers'),
	('movement_expansion', 'money', 'flow', '{total,plan,interval,country,cohort}', 'More of customers who were there'),
	('movement_expansion_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Times that a customer''s revenue grew'),
	('movement_contraction', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Less of customers who stay: below zero'),
	('movement_contraction_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Times that it shrank'),
	('movement_churn_voluntary', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Of customers who left: below zero'),
	('movement_churn_voluntary_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Customers who left'),
	('movement_churn_involuntary', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Of customers lost for want of payment: below zero'),
	('movement_churn_involuntary_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Customers lost for want of payment'),
	('movement_reactivation', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Of customers who came back'),
	('movement_reactivation_count', 'count', 'flow', '{total,plan,interval,country,cohort}', 'Customers who came back'),
	('nrr_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Net revenue retention'),
	('grr_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Gross revenue retention'),
	('revenue_churn_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Churned revenue by what there was'),
	('logo_churn_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Churned customers by those there were'),
	('logo_churn_voluntary_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'The part of them who left'),
	('logo_churn_involuntary_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'The part of them lost for want of payment'),
	('quick_ratio_30d', 'rate', 'window', '{total,plan,interval,country,cohort}', 'Revenue gained by revenue lost'),
	('ltv', 'money', 'window', '{total,plan,interval,country,cohort}', 'Revenue per customer by the churn of 30 days'),
	('billed', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Put to account: debits of receivables'),
	('collected', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Captured by the payment provider'),
	('refunded', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Paid back to customers, on the day it was'),
	('disputed', 'money', 'flow', '{total,plan,interval,country,cohort}', 'Taken back by banks, on the day they did, whatever became of it; an inquiry is none'),
	('dunning_attempts', 'count', 'flow', '{total,currency,plan,interval,country,cohort}', 'Second and later attempts to collect an invoice that ended'),
	('dunning_recovered', 'count', 'flow', '{total,currency,plan,interval,country,cohort}', 'Dunning cases that ended with payment'),
	('dunning_recovery_by_attempt', 'rate', 'flow', '{attempt}', 'Succeeded by tried, not reduced, so that days add up; by number of the attempt'),
	('dunning_recovery_by_code', 'rate', 'flow', '{code}', 'The same by the code the attempt before was declined with'),
	('trials_started', 'count', 'flow', '{total,currency,plan,interval,country,cohort}', 'Trials that began'),
	('trials_converted', 'count', 'flow', '{total,currency,plan,interval,country,cohort}', 'Trials that became paid subscriptions'),
	('trial_conversion', 'rate', 'flow', '{total,currency,plan,interval,country,cohort}', 'Converted by ended, of the trials that ended; not reduced, so that days add up'),
	('usage', 'count', 'flow', '{metric,plan}', 'Units used in metered periods that ended; by plan: of each metric, as metric/plan'),
	('tokens_granted', 'count', 'flow', '{total,unit}', 'Tokens put into wallets'),
	('tokens_used', 'count', 'flow', '{total,unit}', 'Tokens consumed, less those given back'),
	('tokens_expired', 'count', 'flow', '{total,unit}', 'Tokens that expired'),
	('mails_sent', 'count', 'flow', '{total,template}', 'Mails that were handed over'),
	('mails_bounced', 'count', 'flow', '{total,template}', 'Mails whose address refused them');
INSERT INTO perennial.analytics_settings VALUES
	(true, 'UTC');
INSERT INTO perennial.audit_log VALUES
	('ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 'customer', 1, 'customer_upserted', '2026-01-31 12:00:00+00', 'process_events', '{}', '2026-11-28 00:03:15.136604+00'),
	('7d0c8e47-a735-5e12-94dd-d3641e78df85', 'customer', 1, 'customer_upserted', '2026-01-31 12:00:00+00', 'process_events', '{}', '2026-11-28 00:03:15.150677+00'),
	('abb437e5-3c48-5036-ae83-8207a69ed599', 'customer', 1, 'customer_upserted', '2026-01-31 12:00:00+00', 'process_events', '{}', '2026-11-28 00:03:15.192648+00'),
	('7d0c8e47-a735-5e12-94dd-d3641e78df85', 'customer', 2, 'payment_method_attached', '2026-01-31 12:00:00+00', 'process_events', '{"method": "pm_0fc58007976c55baaf9cb29c89393a22"}', '2026-11-28 00:03:15.215209+00'),
	('ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 'customer', 1, 'customer_upserted', '2026-01-31 12:00:00+00', 'process_events', '{}', '2026-11-28 00:03:15.256371+00'),
	('ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 'customer', 2, 'payment_method_attached', '2026-01-31 12:00:00+00', 'process_events', '{"method": "pm_cbed8e5dd9975cc3b884e60593f24a7d"}', '2026-11-28 00:03:15.207831+00'),
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 'customer', 1, 'customer_upserted', '2026-01-31 12:00:00+00', 'process_events', '{}', '2026-11-28 00:03:15.30892+00'),
	('abb437e5-3c48-5036-ae83-8207a69ed599', 'customer', 2, 'payment_method_attached', '2026-01-31 12:00:00+00', 'process_events', '{"method": "pm_6f4dfa65aebf50fe982bf3f411f004bf"}', '2026-11-28 00:03:15.307407+00'),
	('5119de65-b9da-5d01-a50d-0a4603f2d186', 'customer', 1, 'customer_upserted', '2026-01-31 12:00:00+00', 'process_events', '{}', '2026-11-28 00:03:15.353291+00'),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 'customer', 1, 'customer_upserted', '2026-01-31 12:00:00+00', 'process_events', '{}', '2026-11-28 00:03:15.389618+00'),
	('ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 'customer', 2, 'payment_method_attached', '2026-01-31 12:00:00+00', 'process_events', '{"method": "pm_e3ff3bb77c235dc2be4ddf95afdb4d67"}', '2026-11-28 00:03:15.342892+00'),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 'customer', 2, 'payment_method_attached', '2026-01-31 12:00:00+00', 'process_events', '{"method": "pm_9db4291b3bcd58cfabad26974f971601"}', '2026-11-28 00:03:15.44765+00'),
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 'subscription', 1, 'started', '2026-01-31 12:00:00+00', 'process_events', '{"edges": ["started"], "invoices": ["inv_d8dca286772c58a78b5325426741699c"], "payments": ["pay_bd75e3331a9350c3aefacaa2bfdb9bf1"], "postings": ["post_5c9693a104045e35906902cc321f2901"]}', '2026-11-28 00:03:15.34013+00'),
	('68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', 'subscription', 1, 'started', '2026-01-31 12:00:00+00', 'process_events', '{"edges": ["started"]}', '2026-11-28 00:03:15.443951+00'),
	('5e25a31c-0f62-58b6-bd18-f36535fd9e30', 'subscription', 1, 'started', '2026-01-31 12:00:00+00', 'process_events', '{"edges": ["started"]}', '2026-11-28 00:03:15.409424+00'),
	('6cafa946-116a-565c-b6c6-bf64a01c00c2', 'subscription', 1, 'started', '2026-01-31 12:00:00+00', 'process_events', '{"edges": ["started"], "invoices": ["inv_a7f7473410d3584a8b2a3f12f24a66d3"]}', '2026-11-28 00:03:15.390671+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 'subscription', 1, 'started', '2026-01-31 12:00:00+00', 'process_events', '{"edges": ["started"], "invoices": ["inv_5be27f3476425004bdd2394cf1ff77b9"], "payments": ["pay_0b8db5b4969d57baa46bbe96eb10f67d"], "postings": ["post_1bef85dcf0fa563386b8e050bd4d8103"]}', '2026-11-28 00:03:15.398637+00'),
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 'subscription', 2, 'payment_succeeded', '2026-01-31 12:00:00+00', 'collect_payment', '{"edges": ["first_payment_received"], "emails": ["receipt/inv_d8dca286772c58a78b5325426741699c"], "settled": ["pay_bd75e3331a9350c3aefacaa2bfdb9bf1"], "postings": ["post_f10a995a7dbf5aa7861d7f8e917469d7"]}', '2026-11-28 00:03:15.69484+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 'subscription', 1, 'started', '2026-01-31 12:00:00+00', 'process_events', '{"edges": ["started"], "invoices": ["inv_ef1fa88b80fa58f4bff0306344d2a7ed"], "payments": ["pay_bb325293a0ac5100b91c230ac9a3d4f6"], "postings": ["post_208a02414f6a51e298854e9ca60d30d8"]}', '2026-11-28 00:03:15.523669+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 'subscription', 2, 'payment_succeeded', '2026-01-31 12:00:00+00', 'collect_payment', '{"edges": ["first_payment_received"], "emails": ["receipt/inv_5be27f3476425004bdd2394cf1ff77b9"], "settled": ["pay_0b8db5b4969d57baa46bbe96eb10f67d"], "postings": ["post_fde3e7d8493b5ab4b3bcf87005dd1c19"]}', '2026-11-28 00:03:15.829512+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 'subscription', 1, 'started', '2026-01-31 12:00:00+00', 'process_events', '{"edges": ["started"], "invoices": ["inv_23963329934f58c4a70f2f2416447a45"], "payments": ["pay_96a4ec4f16e75c2aada6a47a2ca46693"], "postings": ["post_f975914b3afe53f68e18071248cf47d0"]}', '2026-11-28 00:03:15.478063+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 'subscription', 2, 'payment_succeeded', '2026-01-31 12:00:00+00', 'collect_payment', '{"edges": ["first_payment_received"], "emails": ["receipt/inv_ef1fa88b80fa58f4bff0306344d2a7ed"], "settled": ["pay_bb325293a0ac5100b91c230ac9a3d4f6"], "postings": ["post_1a1db69860ae517a9dd9cda2ab7ab21b"]}', '2026-11-28 00:03:16.043552+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 'subscription', 2, 'payment_succeeded', '2026-01-31 12:00:00+00', 'collect_payment', '{"edges": ["first_payment_received"], "emails": ["receipt/inv_23963329934f58c4a70f2f2416447a45"], "settled": ["pay_96a4ec4f16e75c2aada6a47a2ca46693"], "postings": ["post_c532834c65fe579db19d0616905f942f"]}', '2026-11-28 00:03:16.091807+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 'subscription', 3, 'cancel_requested', '2026-01-31 12:00:00+00', 'process_events', '{"edges": ["cancel_scheduled"], "emails": ["canceled/sub_772bfc172f335b43be3d684d87b7a558/3"]}', '2026-11-28 00:03:16.198915+00'),
	('5e25a31c-0f62-58b6-bd18-f36535fd9e30', 'subscription', 2, 'trial_ending_notice', '2026-02-11 12:00:00+00', 'trial_ending_notice', '{"emails": ["trial_ending/sub_5e25a31c0f6258b6bd18f36535fd9e30/2"]}', '2026-11-28 00:03:16.28111+00'),
	('5e25a31c-0f62-58b6-bd18-f36535fd9e30', 'subscription', 3, 'end_trial', '2026-02-14 12:00:00+00', 'end_trial', '{"edges": ["trial_lapsed"], "emails": ["payment_failed/sub_5e25a31c0f6258b6bd18f36535fd9e30/3"]}', '2026-11-28 00:03:16.383034+00'),
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 'subscription', 3, 'renew', '2026-02-28 12:00:00+00', 'renew', '{"edges": ["renewed"], "invoices": ["inv_83146a605b015ffc9981a40b6acc842f"], "payments": ["pay_ff52cf5a4347582fb4b0ed400bc3c997"], "postings": ["post_cf3de820588c5a6bb8c6859aec99b17e"]}', '2026-11-28 00:03:16.549494+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 'subscription', 3, 'renew', '2026-02-28 12:00:00+00', 'renew', '{"edges": ["renewed"], "invoices": ["inv_35ad1def05ee562384e645d952a3ceb5"], "payments": ["pay_859a42b6f0e55382922ad5151f158944"], "postings": ["post_6e912e60686751e5a42cdebf44c1fc76"]}', '2026-11-28 00:03:16.549494+00'),
	('6cafa946-116a-565c-b6c6-bf64a01c00c2', 'subscription', 2, 'renew', '2026-02-28 12:00:00+00', 'renew', '{"edges": ["renewed"], "invoices": ["inv_76200f228e0c574d9c7017f010e1c940"]}', '2026-11-28 00:03:16.549494+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 'subscription', 3, 'renew', '2026-02-28 12:00:00+00', 'renew', '{"edges": ["renewed"], "invoices": ["inv_b68d0c675bae58e69d67653c6a8717f7"], "payments": ["pay_0100defca6ca545585f1daef68893a90"], "postings": ["post_97f3ad3ff8595be59af06006c90c7a98"]}', '2026-11-28 00:03:16.543713+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 'subscription', 4, 'cancel_at_period_end', '2026-02-28 12:00:00+00', 'cancel_at_period_end', '{"edges": ["canceled"]}', '2026-11-28 00:03:16.63733+00'),
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 'subscription', 4, 'payment_succeeded', '2026-02-28 12:00:00+00', 'collect_payment', '{"emails": ["receipt/inv_83146a605b015ffc9981a40b6acc842f"], "settled": ["pay_ff52cf5a4347582fb4b0ed400bc3c997"], "postings": ["post_abed442ff8c05263a04f8b5a1bb23724"]}', '2026-11-28 00:03:16.68949+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 'subscription', 4, 'payment_succeeded', '2026-02-28 12:00:00+00', 'collect_payment', '{"emails": ["receipt/inv_35ad1def05ee562384e645d952a3ceb5"], "settled": ["pay_859a42b6f0e55382922ad5151f158944"], "postings": ["post_13232a8608f0511f877008397a15f20c"]}', '2026-11-28 00:03:16.760489+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 'subscription', 4, 'payment_declined', '2026-02-28 12:00:00+00', 'collect_payment', '{"edges": ["payment_failed"], "emails": ["payment_failed/sub_91e8a657d4cf56888defe0ef23233421/4"], "settled": ["pay_0100defca6ca545585f1daef68893a90"]}', '2026-11-28 00:03:16.760489+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 'subscription', 5, 'retry_payment', '2026-03-01 12:00:00+00', 'retry_payment', '{"edges": ["rung_passed"], "payments": ["pay_a3d63718a10d5415a05275650080b786"]}', '2026-11-28 00:03:16.911926+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 'subscription', 6, 'payment_declined', '2026-03-01 12:00:00+00', 'collect_payment', '{"emails": ["payment_failed/sub_91e8a657d4cf56888defe0ef23233421/6"], "settled": ["pay_a3d63718a10d5415a05275650080b786"]}', '2026-11-28 00:03:16.964253+00'),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 'customer', 3, 'usage_warned', '2026-03-02 18:00:00+00', 'warn_usage', '{"metric": "ai_decisions", "threshold": 100}', '2026-11-28 00:03:17.177844+00'),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 'customer', 4, 'usage_warned', '2026-03-02 18:00:00+00', 'warn_usage', '{"metric": "ai_decisions", "threshold": 80}', '2026-11-28 00:03:17.180782+00');
INSERT INTO perennial.clocks VALUES
	('00000000-0000-0000-0000-000000000000', 'global', '2026-03-02 18:00:00+00', '2026-11-28 00:03:13.668573+00');
INSERT INTO perennial.customer_cohorts VALUES
	('abb437e5-3c48-5036-ae83-8207a69ed599', '2026-01-31 12:00:00+00', NULL, 'US'),
	('5119de65-b9da-5d01-a50d-0a4603f2d186', '2026-01-31 12:00:00+00', NULL, 'US'),
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', '2026-01-31 12:00:00+00', NULL, 'US'),
	('7d0c8e47-a735-5e12-94dd-d3641e78df85', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', 'US'),
	('ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', 'US'),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', 'US'),
	('ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', 'US');
INSERT INTO perennial.customer_mrr VALUES
	('7d0c8e47-a735-5e12-94dd-d3641e78df85', 'USD', 4900, 1, true),
	('ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 'USD', 4900, 1, true),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 'USD', 14700, 1, true),
	('ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 'USD', 0, 1, true);
INSERT INTO perennial.customers VALUES
	('7d0c8e47-a735-5e12-94dd-d3641e78df85', '01a21f76-965f-7724-9619-512677f61d66', NULL, 'ada@customers.example', 'ada', 'en-US', 'Europe/London', '00000000-0000-0000-0000-000000000000', 2, '2026-11-28 00:03:15.150677+00'),
	('ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '01a21f76-9650-7583-b7e9-530709892ddd', NULL, 'bob@customers.example', 'bob', 'en-US', 'Europe/London', '00000000-0000-0000-0000-000000000000', 2, '2026-11-28 00:03:15.136604+00'),
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', '01a21f76-96f9-7650-9bb5-8b6cafc7e62b', NULL, 'eve@customers.example', 'eve', 'en-US', 'Europe/London', '00000000-0000-0000-0000-000000000000', 1, '2026-11-28 00:03:15.30892+00'),
	('abb437e5-3c48-5036-ae83-8207a69ed599', '01a21f76-9687-762c-8f17-89f76e9a1dbc', NULL, 'cy@customers.example', 'cy', 'en-US', 'Europe/London', '00000000-0000-0000-0000-000000000000', 2, '2026-11-28 00:03:15.192648+00'),
	('5119de65-b9da-5d01-a50d-0a4603f2d186', '01a21f76-972c-7497-8598-1c3c269a1bce', NULL, 'fay@customers.example', 'fay', 'en-US', 'Europe/London', '00000000-0000-0000-0000-000000000000', 1, '2026-11-28 00:03:15.353291+00'),
	('ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '01a21f76-96bb-71d4-8f18-a7e62f88fb1f', NULL, 'dan@customers.example', 'dan', 'en-US', 'Europe/London', '00000000-0000-0000-0000-000000000000', 2, '2026-11-28 00:03:15.256371+00'),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '01a21f76-974a-7015-b976-5a928c35092d', NULL, 'gil@customers.example', 'gil', 'en-US', 'Europe/London', '00000000-0000-0000-0000-000000000000', 4, '2026-11-28 00:03:15.389618+00');
INSERT INTO perennial.dunning_cases VALUES
	('276662b2-6c07-5ea4-8d09-4720feabbc68', '91e8a657-d4cf-5688-8def-e0ef23233421', '00000000-0000-7000-8000-000000000201', '2026-02-28 12:00:00+00', 1, '2026-03-03 09:00:00+00', 1, 'insufficient_funds', NULL, NULL, NULL, NULL);
INSERT INTO perennial.dunning_policies VALUES
	('00000000-0000-7000-8000-000000000201', 'standard', 1, '{"end": "cancel", "name": "standard", "rungs": [{"after": "1d", "email": "send"}, {"after": "3d", "email": "send", "at_hour": 9}, {"after": "5d", "email": "send", "at_hour": 9}, {"after": "7d", "email": "send", "at_hour": 9}], "notices": {"renewal_before": "7d", "grace_ending_before": "1d", "trial_ending_before": "3d", "card_expiring_before": "14d", "renewal_of_intervals_from": "180d"}, "access_ends_after": "14d", "trial_without_method": "pause"}', '2026-11-28 00:03:13.883385+00');
INSERT INTO perennial.emails VALUES
	('a6c3a904-8dcf-5bfd-b4f7-6ead902d9c9a', 'receipt/inv_d8dca286772c58a78b5325426741699c', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '00000000-0000-0000-0000-000000000000', NULL, 'receipt', '{"plan": "Professional", "total": {"minor": 4900, "currency": "USD"}, "method": {"kind": "card", "last4": "4242", "network": "visa"}, "paid_at": "2026-01-31T12:00:00Z", "invoices": [{"lines": [{"amount": {"minor": 4900, "currency": "USD"}, "description": "Professional"}], "total": {"minor": 4900, "currency": "USD"}, "number": "INV-000001", "period": {"end": "2026-02-28T12:00:00Z", "start": "2026-01-31T12:00:00Z"}}], "template": "receipt", "renews_at": "2026-02-28T12:00:00Z"}', 'sent', '2026-01-31 12:00:00+00', NULL, 1, '2026-11-28 00:03:15.863529+00', '2026-01-31 12:00:00+00', '250 2.0.0 Kept as 1', 2, NULL),
	('4a880ea6-99d7-5e5a-b4ac-ec0a352523ad', 'receipt/inv_5be27f3476425004bdd2394cf1ff77b9', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '91e8a657-d4cf-5688-8def-e0ef23233421', '00000000-0000-0000-0000-000000000000', NULL, 'receipt', '{"plan": "Professional", "total": {"minor": 4900, "currency": "USD"}, "method": {"kind": "card", "last4": "4242", "network": "visa"}, "paid_at": "2026-01-31T12:00:00Z", "invoices": [{"lines": [{"amount": {"minor": 4900, "currency": "USD"}, "description": "Professional"}], "total": {"minor": 4900, "currency": "USD"}, "number": "INV-000003", "period": {"end": "2026-02-28T12:00:00Z", "start": "2026-01-31T12:00:00Z"}}], "template": "receipt", "renews_at": "2026-02-28T12:00:00Z"}', 'sent', '2026-01-31 12:00:00+00', NULL, 1, '2026-11-28 00:03:16.038733+00', '2026-01-31 12:00:00+00', '250 2.0.0 Kept as 2', 2, NULL),
	('70602d0d-cc8a-5bb4-ad52-c364abc23a56', 'payment_failed/sub_5e25a31c0f6258b6bd18f36535fd9e30/3', '5119de65-b9da-5d01-a50d-0a4603f2d186', '5e25a31c-0f62-58b6-bd18-f36535fd9e30', '00000000-0000-0000-0000-000000000000', NULL, 'payment_failed', '{"next": {"kind": "add_method"}, "plan": "Professional", "method": null, "reason": "no_method", "attempt": 0, "template": "payment_failed", "amount_due": {"minor": 4900, "currency": "USD"}, "access_until": null, "attempts_max": 1, "invoice_numbers": []}', 'sent', '2026-02-14 12:00:00+00', NULL, 1, '2026-11-28 00:03:16.454907+00', '2026-02-14 12:00:00+00', '250 2.0.0 Kept as 7', 3, NULL),
	('10a186e9-6dba-5acb-bd30-69822ae7dce0', 'receipt/inv_ef1fa88b80fa58f4bff0306344d2a7ed', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '00000000-0000-0000-0000-000000000000', NULL, 'receipt', '{"plan": "Pro", "total": {"minor": 14700, "currency": "USD"}, "method": {"kind": "card", "last4": "4242", "network": "visa"}, "paid_at": "2026-01-31T12:00:00Z", "invoices": [{"lines": [{"amount": {"minor": 14700, "currency": "USD"}, "description": "Pro, 3 seats"}], "total": {"minor": 14700, "currency": "USD"}, "number": "INV-000004", "period": {"end": "2026-02-28T12:00:00Z", "start": "2026-01-31T12:00:00Z"}}], "template": "receipt", "renews_at": "2026-02-28T12:00:00Z"}', 'sent', '2026-01-31 12:00:00+00', NULL, 1, '2026-11-28 00:03:16.138986+00', '2026-01-31 12:00:00+00', '250 2.0.0 Kept as 3', 2, NULL),
	('04e63042-e7f5-5866-a4d1-e5e89390ef1b', 'payment_failed/sub_91e8a657d4cf56888defe0ef23233421/6', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '91e8a657-d4cf-5688-8def-e0ef23233421', '00000000-0000-0000-0000-000000000000', '276662b2-6c07-5ea4-8d09-4720feabbc68', 'payment_failed', '{"next": {"at": "2026-03-03T09:00:00Z", "kind": "retry"}, "plan": "Professional", "method": {"kind": "card", "last4": "4242", "network": "visa"}, "reason": "insufficient_funds", "attempt": 2, "template": "payment_failed", "amount_due": {"minor": 4900, "currency": "USD"}, "access_until": "2026-03-14T12:00:00Z", "attempts_max": 5, "invoice_numbers": ["INV-000009"]}', 'sent', '2026-03-01 12:00:00+00', NULL, 1, '2026-11-28 00:03:17.01936+00', '2026-03-01 12:00:00+00', '250 2.0.0 Kept as 11', 6, NULL),
	('95d9e9cf-b19c-56ba-abbf-10e8d4ae7a53', 'receipt/inv_23963329934f58c4a70f2f2416447a45', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '772bfc17-2f33-5b43-be3d-684d87b7a558', '00000000-0000-0000-0000-000000000000', NULL, 'receipt', '{"plan": "Professional", "total": {"minor": 4900, "currency": "USD"}, "method": {"kind": "card", "last4": "4242", "network": "visa"}, "paid_at": "2026-01-31T12:00:00Z", "invoices": [{"lines": [{"amount": {"minor": 4900, "currency": "USD"}, "description": "Professional"}], "total": {"minor": 4900, "currency": "USD"}, "number": "INV-000005", "period": {"end": "2026-02-28T12:00:00Z", "start": "2026-01-31T12:00:00Z"}}], "template": "receipt", "renews_at": "2026-02-28T12:00:00Z"}', 'sent', '2026-01-31 12:00:00+00', NULL, 1, '2026-11-28 00:03:16.183371+00', '2026-01-31 12:00:00+00', '250 2.0.0 Kept as 4', 2, NULL),
	('6ecdd1a5-36e3-5297-90e9-a05b6d3eece9', 'canceled/sub_772bfc172f335b43be3d684d87b7a558/3', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '772bfc17-2f33-5b43-be3d-684d87b7a558', '00000000-0000-0000-0000-000000000000', NULL, 'canceled', '{"plan": "Professional", "effect": {"kind": "at_period_end", "ends_at": "2026-02-28T12:00:00Z"}, "template": "canceled", "requested_at": "2026-01-31T12:00:00Z"}', 'sent', '2026-01-31 12:00:00+00', NULL, 1, '2026-11-28 00:03:16.247014+00', '2026-01-31 12:00:00+00', '250 2.0.0 Kept as 5', 3, NULL),
	('6f484b26-312a-55a3-9ec7-04c06b18c31c', 'usage_warning/41b38a33-82ec-5fdb-a81d-e74fe2f8ef87/3/100@1772280000000000', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', NULL, '00000000-0000-0000-0000-000000000000', NULL, 'usage_warning', '{"unit": "AI decisions", "used": 12000, "limit": 10000, "beyond": "billed", "upgrade": {"plan": "Enterprise", "price": {"minor": 19900, "currency": "USD"}, "interval": {"unit": "month", "count": 1}}, "template": "usage_warning", "resets_at": "2026-03-31T11:00:00Z", "period_start": "2026-02-28T12:00:00Z", "threshold_percent": 100}', 'sent', '2026-03-02 18:00:00+00', NULL, 1, '2026-11-28 00:03:18.206021+00', '2026-03-02 18:00:00+00', '250 2.0.0 Kept as 12', 3, NULL),
	('9e69313d-5430-5306-9b3d-8b1c78318535', 'trial_ending/sub_5e25a31c0f6258b6bd18f36535fd9e30/2', '5119de65-b9da-5d01-a50d-0a4603f2d186', '5e25a31c-0f62-58b6-bd18-f36535fd9e30', '00000000-0000-0000-0000-000000000000', NULL, 'trial_ending', '{"plan": "Professional", "then": {"kind": "paused", "amount": {"minor": 4900, "currency": "USD"}}, "ends_at": "2026-02-14T12:00:00Z", "template": "trial_ending"}', 'sent', '2026-02-11 12:00:00+00', NULL, 1, '2026-11-28 00:03:16.328057+00', '2026-02-11 12:00:00+00', '250 2.0.0 Kept as 6', 2, NULL),
	('9396bb5c-a566-5c26-b73d-cf5e981a582c', 'receipt/inv_83146a605b015ffc9981a40b6acc842f', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '00000000-0000-0000-0000-000000000000', NULL, 'receipt', '{"plan": "Professional", "total": {"minor": 4900, "currency": "USD"}, "method": {"kind": "card", "last4": "4242", "network": "visa"}, "paid_at": "2026-02-28T12:00:00Z", "invoices": [{"lines": [{"amount": {"minor": 4900, "currency": "USD"}, "description": "Professional"}], "total": {"minor": 4900, "currency": "USD"}, "number": "INV-000006", "period": {"end": "2026-03-31T11:00:00Z", "start": "2026-02-28T12:00:00Z"}}], "template": "receipt", "renews_at": "2026-03-31T11:00:00Z"}', 'sent', '2026-02-28 12:00:00+00', NULL, 1, '2026-11-28 00:03:16.782483+00', '2026-02-28 12:00:00+00', '250 2.0.0 Kept as 8', 4, NULL),
	('7638eb92-72ec-5967-b8e1-9fe1e8b1ca1a', 'receipt/inv_35ad1def05ee562384e645d952a3ceb5', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '00000000-0000-0000-0000-000000000000', NULL, 'receipt', '{"plan": "Pro", "total": {"minor": 14700, "currency": "USD"}, "method": {"kind": "card", "last4": "4242", "network": "visa"}, "paid_at": "2026-02-28T12:00:00Z", "invoices": [{"lines": [{"amount": {"minor": 14700, "currency": "USD"}, "description": "Pro, 3 seats"}], "total": {"minor": 14700, "currency": "USD"}, "number": "INV-000007", "period": {"end": "2026-03-31T11:00:00Z", "start": "2026-02-28T12:00:00Z"}}], "template": "receipt", "renews_at": "2026-03-31T11:00:00Z"}', 'sent', '2026-02-28 12:00:00+00', NULL, 1, '2026-11-28 00:03:16.855125+00', '2026-02-28 12:00:00+00', '250 2.0.0 Kept as 9', 4, NULL),
	('210a2f06-3222-56aa-bba2-40e787da4855', 'payment_failed/sub_91e8a657d4cf56888defe0ef23233421/4', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '91e8a657-d4cf-5688-8def-e0ef23233421', '00000000-0000-0000-0000-000000000000', '276662b2-6c07-5ea4-8d09-4720feabbc68', 'payment_failed', '{"next": {"at": "2026-03-01T12:00:00Z", "kind": "retry"}, "plan": "Professional", "method": {"kind": "card", "last4": "4242", "network": "visa"}, "reason": "insufficient_funds", "attempt": 1, "template": "payment_failed", "amount_due": {"minor": 4900, "currency": "USD"}, "access_until": "2026-03-14T12:00:00Z", "attempts_max": 5, "invoice_numbers": ["INV-000009"]}', 'sent', '2026-02-28 12:00:00+00', NULL, 1, '2026-11-28 00:03:16.860696+00', '2026-02-28 12:00:00+00', '250 2.0.0 Kept as 10', 4, NULL),
	('83a05284-4482-5c53-ae48-52e471e9d165', 'usage_warning/41b38a33-82ec-5fdb-a81d-e74fe2f8ef87/3/80@1772280000000000', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', NULL, '00000000-0000-0000-0000-000000000000', NULL, 'usage_warning', '{"unit": "AI decisions", "used": 12000, "limit": 10000, "beyond": "billed", "upgrade": {"plan": "Enterprise", "price": {"minor": 19900, "currency": "USD"}, "interval": {"unit": "month", "count": 1}}, "template": "usage_warning", "resets_at": "2026-03-31T11:00:00Z", "period_start": "2026-02-28T12:00:00Z", "threshold_percent": 80}', 'sent', '2026-03-02 18:00:00+00', NULL, 1, '2026-11-28 00:03:18.206021+00', '2026-03-02 18:00:00+00', '250 2.0.0 Kept as 13', 4, NULL);
INSERT INTO perennial.event_types VALUES
	('payment_method.attached', 'customer', '{"kind": {"type": "text"}, "last4": {"form": "four digits", "type": "text", "pattern": "^[0-9]{4}$"}, "default": {"type": "boolean"}, "network": {"type": "text"}, "exp_year": {"max": 2200, "min": 2000, "type": "integer"}, "provider": {"type": "text", "one_of": ["stripe"]}, "exp_month": {"max": 12, "min": 1, "type": "integer"}, "reference": {"type": "text", "required": true}, "provider_customer": {"type": "text", "required": true}}', 'A card or account was attached at the provider: first to be tried unless default is false.', NULL, 'ignored'),
	('subscription.cancel_requested', 'subscription', '{"when": {"type": "text", "one_of": ["period_end", "now"]}, "unused_time": {"type": "text", "one_of": ["forfeited", "credited"]}}', 'A subscription is to end: with its period unless when is now.', NULL, 'ignored'),
	('subscription.cancel_undone', 'subscription', '{}', 'A subscription that was to end goes on.', NULL, 'ignored'),
	('invoice.pay_requested', 'invoice', '{}', 'An open invoice is to be collected now.', NULL, 'ignored'),
	('subscription.created', 'subscription', '{"plan": {"type": "text", "required": true}, "seats": {"max": 1000000, "min": 1, "type": "integer"}, "anchor": {"form": "a date, or an RFC 3339 instant", "type": "text", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?$"}, "policy": {"type": "text"}, "currency": {"type": "currency"}, "customer": {"type": "uuid", "required": true}, "interval": {"type": "text", "one_of": ["day", "week", "month", "year"], "required": true}, "time_zone": {"type": "zone"}, "trial_end": {"type": "instant"}, "interval_count": {"max": 120, "min": 1, "type": "integer"}, "negotiated_amount_minor": {"type": "integer"}, "negotiated_setup_fee_minor": {"type": "integer"}}', 'A customer subscribes.', 'check_new_subscription', 'ignored'),
	('order.placed', 'order', '{"package": {"type": "text", "required": true}, "currency": {"type": "currency"}, "customer": {"type": "uuid", "required": true}, "quantity": {"max": 1000, "min": 1, "type": "integer"}}', 'A customer buys packages of tokens.', 'check_new_order', 'ignored'),
	('payment.refunded', 'payment', '{"reason": {"type": "text", "one_of": ["requested_by_customer", "duplicate", "fraudulent", "other"], "required": true}, "currency": {"type": "currency", "required": true}, "reference": {"type": "text", "required": true}, "amount_minor": {"min": 1, "type": "integer", "required": true}}', 'Of a payment, so much was paid back.', 'check_refund', 'compared'),
	('payment.disputed', 'payment', '{"reason": {"form": "product_not_received", "type": "text", "pattern": "^[a-z][a-z0-9_]{0,59}$", "required": true}, "status": {"type": "text", "one_of": ["inquiry", "open"], "required": true}, "currency": {"type": "currency", "required": true}, "reference": {"type": "text", "required": true}, "amount_minor": {"min": 1, "type": "integer", "required": true}}', 'The customer''s bank asks about a payment (inquiry), or took the money back (open).', 'check_dispute', 'compared'),
	('payment.dispute_closed', 'payment', '{"status": {"type": "text", "one_of": ["won", "lost", "warning_closed"], "required": true}, "reference": {"type": "text", "required": true}}', 'The bank has decided: the money comes back (won), or is gone (lost); or its inquiry came to nothing (warning_closed).', 'check_dispute_closed', 'compared'),
	('customer.upserted', 'customer', '{"kind": {"type": "text", "one_of": ["user", "organization"]}, "name": {"max": 200, "type": "text", "required": true}, "clock": {"type": "text"}, "email": {"max": 320, "form": "name@domain", "type": "text", "pattern": "^[^@[:space:]]+@[^@[:space:]]+$", "required": true}, "locale": {"max": 35, "form": "en-US", "type": "text", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"}, "time_zone": {"type": "zone"}}', 'A customer is new, or what we know of one has changed.', 'check_new_customer', 'ignored');
INSERT INTO perennial.invoice_items VALUES
	('d8dca286-772c-58a7-8b53-25426741699c', 1, 'subscription', 'Professional', 1, 4900, 4900, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '00000000-0000-7000-8000-000000000104'),
	('a7f74734-10d3-584a-8b2a-3f12f24a66d3', 1, 'subscription', 'Free', 1, 0, 0, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '00000000-0000-7000-8000-000000000101'),
	('5be27f34-7642-5004-bdd2-394cf1ff77b9', 1, 'subscription', 'Professional', 1, 4900, 4900, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '00000000-0000-7000-8000-000000000104'),
	('ef1fa88b-80fa-58f4-bff0-306344d2a7ed', 1, 'subscription', 'Pro, 3 seats', 3, 4900, 14700, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '00000000-0000-7000-8000-000000000103'),
	('23963329-934f-58c4-a70f-2f2416447a45', 1, 'subscription', 'Professional', 1, 4900, 4900, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '00000000-0000-7000-8000-000000000104'),
	('83146a60-5b01-5ffc-9981-a40b6acc842f', 1, 'subscription', 'Professional', 1, 4900, 4900, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '00000000-0000-7000-8000-000000000104'),
	('35ad1def-05ee-5623-84e6-45d952a3ceb5', 1, 'subscription', 'Pro, 3 seats', 3, 4900, 14700, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '00000000-0000-7000-8000-000000000103'),
	('76200f22-8e0c-574d-9c70-17f010e1c940', 1, 'subscription', 'Free', 1, 0, 0, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '00000000-0000-7000-8000-000000000101'),
	('b68d0c67-5bae-58e6-9d67-653c6a8717f7', 1, 'subscription', 'Professional', 1, 4900, 4900, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '00000000-0000-7000-8000-000000000104');
INSERT INTO perennial.invoice_series VALUES
	('INV', 9);
INSERT INTO perennial.invoices VALUES
	('a7f74734-10d3-584a-8b2a-3f12f24a66d3', '6cafa946-116a-565c-b6c6-bf64a01c00c2', 'f4767e1a-64e2-5995-b2c8-78526daa05f3', 0, 'period', 'INV', 2, 'paid', 'USD', 0, '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', NULL, NULL, 'none', 1, NULL),
	('d8dca286-772c-58a7-8b53-25426741699c', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '7d0c8e47-a735-5e12-94dd-d3641e78df85', 0, 'period', 'INV', 1, 'paid', 'USD', 4900, '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', 'stripe', 'pi_0CB5iXLnowdED9sbGeyH00EG', 'receipt/inv_d8dca286772c58a78b5325426741699c', 1, NULL),
	('5be27f34-7642-5004-bdd2-394cf1ff77b9', '91e8a657-d4cf-5688-8def-e0ef23233421', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 0, 'period', 'INV', 3, 'paid', 'USD', 4900, '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', 'stripe', 'pi_JtQkqW5hVKar8qslrgDUGgZu', 'receipt/inv_5be27f3476425004bdd2394cf1ff77b9', 1, NULL),
	('ef1fa88b-80fa-58f4-bff0-306344d2a7ed', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 0, 'period', 'INV', 4, 'paid', 'USD', 14700, '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', 'stripe', 'pi_HlRoVQKDkuSXl4PkKGsK174J', 'receipt/inv_ef1fa88b80fa58f4bff0306344d2a7ed', 1, NULL),
	('23963329-934f-58c4-a70f-2f2416447a45', '772bfc17-2f33-5b43-be3d-684d87b7a558', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 0, 'period', 'INV', 5, 'paid', 'USD', 4900, '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', 'stripe', 'pi_uC0f7YWNjUYnOFoWC1wup04g', 'receipt/inv_23963329934f58c4a70f2f2416447a45', 1, NULL),
	('76200f22-8e0c-574d-9c70-17f010e1c940', '6cafa946-116a-565c-b6c6-bf64a01c00c2', 'f4767e1a-64e2-5995-b2c8-78526daa05f3', 1, 'period', 'INV', 8, 'paid', 'USD', 0, '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', NULL, NULL, 'none', 2, NULL),
	('b68d0c67-5bae-58e6-9d67-653c6a8717f7', '91e8a657-d4cf-5688-8def-e0ef23233421', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 1, 'period', 'INV', 9, 'open', 'USD', 4900, '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', NULL, 'stripe', 'pi_SJcnhqEvxBas1GpccQUSrIxc', NULL, 3, NULL),
	('83146a60-5b01-5ffc-9981-a40b6acc842f', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '7d0c8e47-a735-5e12-94dd-d3641e78df85', 1, 'period', 'INV', 6, 'paid', 'USD', 4900, '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', 'stripe', 'pi_5k94kOFHfuFYwM48i5kPj0TT', 'receipt/inv_83146a605b015ffc9981a40b6acc842f', 3, NULL),
	('35ad1def-05ee-5623-84e6-45d952a3ceb5', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 1, 'period', 'INV', 7, 'paid', 'USD', 14700, '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', 'stripe', 'pi_4Ic2ITVLVacbnRmbJykoIzBU', 'receipt/inv_35ad1def05ee562384e645d952a3ceb5', 3, NULL);
INSERT INTO perennial.job_catalogue VALUES
	('accrue_commissions', true),
	('allocate_tokens', true),
	('bill_final_usage', false),
	('cancel_at_period_end', false),
	('check_invariants', true),
	('collect_payment', false),
	('end_trial', false),
	('expire_grace', false),
	('expire_grants', true),
	('expire_incomplete', false),
	('expire_membership', false),
	('grace_ending_notice', false),
	('pre_dunning_notice', false),
	('process_events', false),
	('prune_jobs', true),
	('renew', false),
	('reset_quota', false),
	('resolve_unknown', false),
	('retain_usage', true),
	('retry_payment', false),
	('send_digest', true),
	('score_churn', true),
	('send_email', false),
	('snapshot', true),
	('top_up_wallet', false),
	('trial_ending_notice', false),
	('upcoming_renewal_notice', false),
	('warn_usage', false),
	('warn_low_balance', false);
INSERT INTO perennial.job_waiters VALUES
	('bill_final_usage', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('expire_grace', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('grace_ending_notice', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('expire_incomplete', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('expire_membership', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('resolve_unknown', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('prune_jobs', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('retain_usage', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('score_churn', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('upcoming_renewal_notice', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('send_digest', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('warn_low_balance', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('snapshot', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('top_up_wallet', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('check_invariants', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('pre_dunning_notice', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('accrue_commissions', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('renew', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('cancel_at_period_end', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('reset_quota', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('allocate_tokens', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('expire_grants', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('process_events', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('retry_payment', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('collect_payment', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('trial_ending_notice', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('end_trial', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('warn_usage', '01a21f76-95e4-71ea-acb1-9debb6580817', true),
	('send_email', '01a21f76-95e4-71ea-acb1-9debb6580817', true);
INSERT INTO perennial.job_workers VALUES
	('01a21f76-95e4-71ea-acb1-9debb6580817', 'worker', '2026-11-28 00:03:15.05152+00', '2026-11-28 00:03:18.081908+00');
INSERT INTO perennial.ledger_accounts VALUES
	('accounts_receivable', 'asset', 'Invoiced, not yet paid'),
	('cash', 'asset', 'Captured by the payment provider'),
	('customer_credit', 'liability', 'Balances of customers'),
	('revenue', 'revenue', 'Invoiced services'),
	('bad_debt', 'expense', 'Invoices given up'),
	('refunds', 'revenue', 'Paid back to customers: lessens revenue'),
	('disputes', 'revenue', 'Taken back by banks on behalf of customers: lessens revenue');
INSERT INTO perennial.ledger_entries VALUES
	('5c9693a1-0404-5e35-9069-02cc321f2901', 1, 'accounts_receivable', 4900, 'USD', 'invoice_issued', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', 'd8dca286-772c-58a7-8b53-25426741699c', NULL, '2026-01-31 12:00:00+00', 1, '2026-11-28 00:03:15.34013+00', NULL),
	('5c9693a1-0404-5e35-9069-02cc321f2901', 2, 'revenue', -4900, 'USD', 'invoice_issued', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', 'd8dca286-772c-58a7-8b53-25426741699c', NULL, '2026-01-31 12:00:00+00', 1, '2026-11-28 00:03:15.34013+00', NULL),
	('1bef85dc-f0fa-5633-86b8-e050bd4d8103', 1, 'accounts_receivable', 4900, 'USD', 'invoice_issued', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '91e8a657-d4cf-5688-8def-e0ef23233421', '5be27f34-7642-5004-bdd2-394cf1ff77b9', NULL, '2026-01-31 12:00:00+00', 1, '2026-11-28 00:03:15.398637+00', NULL),
	('1bef85dc-f0fa-5633-86b8-e050bd4d8103', 2, 'revenue', -4900, 'USD', 'invoice_issued', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '91e8a657-d4cf-5688-8def-e0ef23233421', '5be27f34-7642-5004-bdd2-394cf1ff77b9', NULL, '2026-01-31 12:00:00+00', 1, '2026-11-28 00:03:15.398637+00', NULL),
	('f10a995a-7dbf-5aa7-861d-7f8e917469d7', 1, 'cash', 4900, 'USD', 'payment_received', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', 'd8dca286-772c-58a7-8b53-25426741699c', 'bd75e333-1a93-50c3-aefa-caa2bfdb9bf1', '2026-01-31 12:00:00+00', 2, '2026-11-28 00:03:15.69484+00', NULL),
	('f10a995a-7dbf-5aa7-861d-7f8e917469d7', 2, 'accounts_receivable', -4900, 'USD', 'payment_received', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', 'd8dca286-772c-58a7-8b53-25426741699c', 'bd75e333-1a93-50c3-aefa-caa2bfdb9bf1', '2026-01-31 12:00:00+00', 2, '2026-11-28 00:03:15.69484+00', NULL),
	('208a0241-4f6a-51e2-9885-4e9ca60d30d8', 1, 'accounts_receivable', 14700, 'USD', 'invoice_issued', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', 'ef1fa88b-80fa-58f4-bff0-306344d2a7ed', NULL, '2026-01-31 12:00:00+00', 1, '2026-11-28 00:03:15.523669+00', NULL),
	('208a0241-4f6a-51e2-9885-4e9ca60d30d8', 2, 'revenue', -14700, 'USD', 'invoice_issued', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', 'ef1fa88b-80fa-58f4-bff0-306344d2a7ed', NULL, '2026-01-31 12:00:00+00', 1, '2026-11-28 00:03:15.523669+00', NULL),
	('fde3e7d8-493b-5ab4-b3bc-f87005dd1c19', 1, 'cash', 4900, 'USD', 'payment_received', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '91e8a657-d4cf-5688-8def-e0ef23233421', '5be27f34-7642-5004-bdd2-394cf1ff77b9', '0b8db5b4-969d-57ba-a46b-be96eb10f67d', '2026-01-31 12:00:00+00', 2, '2026-11-28 00:03:15.829512+00', NULL),
	('fde3e7d8-493b-5ab4-b3bc-f87005dd1c19', 2, 'accounts_receivable', -4900, 'USD', 'payment_received', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '91e8a657-d4cf-5688-8def-e0ef23233421', '5be27f34-7642-5004-bdd2-394cf1ff77b9', '0b8db5b4-969d-57ba-a46b-be96eb10f67d', '2026-01-31 12:00:00+00', 2, '2026-11-28 00:03:15.829512+00', NULL),
	('f975914b-3afe-53f6-8e18-071248cf47d0', 1, 'accounts_receivable', 4900, 'USD', 'invoice_issued', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '772bfc17-2f33-5b43-be3d-684d87b7a558', '23963329-934f-58c4-a70f-2f2416447a45', NULL, '2026-01-31 12:00:00+00', 1, '2026-11-28 00:03:15.478063+00', NULL),
	('f975914b-3afe-53f6-8e18-071248cf47d0', 2, 'revenue', -4900, 'USD', 'invoice_issued', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '772bfc17-2f33-5b43-be3d-684d87b7a558', '23963329-934f-58c4-a70f-2f2416447a45', NULL, '2026-01-31 12:00:00+00', 1, '2026-11-28 00:03:15.478063+00', NULL),
	('1a1db698-60ae-517a-9dd9-cda2ab7ab21b', 1, 'cash', 14700, 'USD', 'payment_received', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', 'ef1fa88b-80fa-58f4-bff0-306344d2a7ed', 'bb325293-a0ac-5100-b91c-230ac9a3d4f6', '2026-01-31 12:00:00+00', 2, '2026-11-28 00:03:16.043552+00', NULL),
	('1a1db698-60ae-517a-9dd9-cda2ab7ab21b', 2, 'accounts_receivable', -14700, 'USD', 'payment_received', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', 'ef1fa88b-80fa-58f4-bff0-306344d2a7ed', 'bb325293-a0ac-5100-b91c-230ac9a3d4f6', '2026-01-31 12:00:00+00', 2, '2026-11-28 00:03:16.043552+00', NULL),
	('c532834c-65fe-579d-b19d-0616905f942f', 1, 'cash', 4900, 'USD', 'payment_received', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '772bfc17-2f33-5b43-be3d-684d87b7a558', '23963329-934f-58c4-a70f-2f2416447a45', '96a4ec4f-16e7-5c2a-ada6-a47a2ca46693', '2026-01-31 12:00:00+00', 2, '2026-11-28 00:03:16.091807+00', NULL),
	('c532834c-65fe-579d-b19d-0616905f942f', 2, 'accounts_receivable', -4900, 'USD', 'payment_received', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '772bfc17-2f33-5b43-be3d-684d87b7a558', '23963329-934f-58c4-a70f-2f2416447a45', '96a4ec4f-16e7-5c2a-ada6-a47a2ca46693', '2026-01-31 12:00:00+00', 2, '2026-11-28 00:03:16.091807+00', NULL),
	('cf3de820-588c-5a6b-b8c6-859aec99b17e', 1, 'accounts_receivable', 4900, 'USD', 'invoice_issued', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '83146a60-5b01-5ffc-9981-a40b6acc842f', NULL, '2026-02-28 12:00:00+00', 3, '2026-11-28 00:03:16.549494+00', NULL),
	('cf3de820-588c-5a6b-b8c6-859aec99b17e', 2, 'revenue', -4900, 'USD', 'invoice_issued', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '83146a60-5b01-5ffc-9981-a40b6acc842f', NULL, '2026-02-28 12:00:00+00', 3, '2026-11-28 00:03:16.549494+00', NULL),
	('6e912e60-6867-51e5-a42c-debf44c1fc76', 1, 'accounts_receivable', 14700, 'USD', 'invoice_issued', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '35ad1def-05ee-5623-84e6-45d952a3ceb5', NULL, '2026-02-28 12:00:00+00', 3, '2026-11-28 00:03:16.549494+00', NULL),
	('6e912e60-6867-51e5-a42c-debf44c1fc76', 2, 'revenue', -14700, 'USD', 'invoice_issued', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '35ad1def-05ee-5623-84e6-45d952a3ceb5', NULL, '2026-02-28 12:00:00+00', 3, '2026-11-28 00:03:16.549494+00', NULL),
	('97f3ad3f-f859-5be5-9af0-6006c90c7a98', 1, 'accounts_receivable', 4900, 'USD', 'invoice_issued', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '91e8a657-d4cf-5688-8def-e0ef23233421', 'b68d0c67-5bae-58e6-9d67-653c6a8717f7', NULL, '2026-02-28 12:00:00+00', 3, '2026-11-28 00:03:16.543713+00', NULL),
	('97f3ad3f-f859-5be5-9af0-6006c90c7a98', 2, 'revenue', -4900, 'USD', 'invoice_issued', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '91e8a657-d4cf-5688-8def-e0ef23233421', 'b68d0c67-5bae-58e6-9d67-653c6a8717f7', NULL, '2026-02-28 12:00:00+00', 3, '2026-11-28 00:03:16.543713+00', NULL),
	('abed442f-f8c0-5263-a04f-8b5a1bb23724', 1, 'cash', 4900, 'USD', 'payment_received', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '83146a60-5b01-5ffc-9981-a40b6acc842f', 'ff52cf5a-4347-582f-b4b0-ed400bc3c997', '2026-02-28 12:00:00+00', 4, '2026-11-28 00:03:16.68949+00', NULL),
	('abed442f-f8c0-5263-a04f-8b5a1bb23724', 2, 'accounts_receivable', -4900, 'USD', 'payment_received', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '83146a60-5b01-5ffc-9981-a40b6acc842f', 'ff52cf5a-4347-582f-b4b0-ed400bc3c997', '2026-02-28 12:00:00+00', 4, '2026-11-28 00:03:16.68949+00', NULL),
	('13232a86-08f0-511f-8770-08397a15f20c', 1, 'cash', 14700, 'USD', 'payment_received', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '35ad1def-05ee-5623-84e6-45d952a3ceb5', '859a42b6-f0e5-5382-922a-d5151f158944', '2026-02-28 12:00:00+00', 4, '2026-11-28 00:03:16.760489+00', NULL),
	('13232a86-08f0-511f-8770-08397a15f20c', 2, 'accounts_receivable', -14700, 'USD', 'payment_received', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '35ad1def-05ee-5623-84e6-45d952a3ceb5', '859a42b6-f0e5-5382-922a-d5151f158944', '2026-02-28 12:00:00+00', 4, '2026-11-28 00:03:16.760489+00', NULL);
INSERT INTO perennial.lifecycle_events OVERRIDING SYSTEM VALUE VALUES
	(4, 'bob/new', 'customer.upserted', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '00000000-0000-0000-0000-000000000000', '{"name": "bob", "email": "bob@customers.example", "time_zone": "Europe/London"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.131394+00', '2026-11-28 00:03:15.136604+00', 'done', NULL),
	(1, 'ada/new', 'customer.upserted', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '00000000-0000-0000-0000-000000000000', '{"name": "ada", "email": "ada@customers.example", "time_zone": "Europe/London"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:14.987076+00', '2026-11-28 00:03:15.150677+00', 'done', NULL),
	(7, 'cy/new', 'customer.upserted', 'abb437e5-3c48-5036-ae83-8207a69ed599', 'abb437e5-3c48-5036-ae83-8207a69ed599', '00000000-0000-0000-0000-000000000000', '{"name": "cy", "email": "cy@customers.example", "time_zone": "Europe/London"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.179017+00', '2026-11-28 00:03:15.192648+00', 'done', NULL),
	(10, 'dan/new', 'customer.upserted', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '00000000-0000-0000-0000-000000000000', '{"name": "dan", "email": "dan@customers.example", "time_zone": "Europe/London"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.226306+00', '2026-11-28 00:03:15.256371+00', 'done', NULL),
	(2, 'ada/pm_sbx_visa__ok', 'payment_method.attached', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '00000000-0000-0000-0000-000000000000', '{"last4": "4242", "network": "visa", "exp_year": 2036, "exp_month": 12, "reference": "pm_AzW9tLVMx24AbOURonyyfvHx", "provider_customer": "cus_Ii7NV7IPLioxGH"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.03578+00', '2026-11-28 00:03:15.215209+00', 'done', NULL),
	(13, 'eve/new', 'customer.upserted', 'f4767e1a-64e2-5995-b2c8-78526daa05f3', 'f4767e1a-64e2-5995-b2c8-78526daa05f3', '00000000-0000-0000-0000-000000000000', '{"name": "eve", "email": "eve@customers.example", "time_zone": "Europe/London"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.295956+00', '2026-11-28 00:03:15.30892+00', 'done', NULL),
	(5, 'bob/pm_sbx_visa__ok1__insufficient_funds', 'payment_method.attached', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '00000000-0000-0000-0000-000000000000', '{"last4": "4242", "network": "visa", "exp_year": 2036, "exp_month": 12, "reference": "pm_qW0C1xmXyq2MkCcYE83YMvIK", "provider_customer": "cus_4xKmaDWu3UTOZV"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.163715+00', '2026-11-28 00:03:15.207831+00', 'done', NULL),
	(15, 'fay/new', 'customer.upserted', '5119de65-b9da-5d01-a50d-0a4603f2d186', '5119de65-b9da-5d01-a50d-0a4603f2d186', '00000000-0000-0000-0000-000000000000', '{"name": "fay", "email": "fay@customers.example", "time_zone": "Europe/London"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.319967+00', '2026-11-28 00:03:15.353291+00', 'done', NULL),
	(17, 'gil/new', 'customer.upserted', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '00000000-0000-0000-0000-000000000000', '{"name": "gil", "email": "gil@customers.example", "time_zone": "Europe/London"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.338549+00', '2026-11-28 00:03:15.389618+00', 'done', NULL),
	(8, 'cy/pm_sbx_mastercard__ok', 'payment_method.attached', 'abb437e5-3c48-5036-ae83-8207a69ed599', 'abb437e5-3c48-5036-ae83-8207a69ed599', '00000000-0000-0000-0000-000000000000', '{"last4": "4444", "network": "mastercard", "exp_year": 2036, "exp_month": 12, "reference": "pm_mayEajeYPcUnBcmsFr2Cozrx", "provider_customer": "cus_zj3R8NmVHSDy0q"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.20339+00', '2026-11-28 00:03:15.307407+00', 'done', NULL),
	(11, 'dan/pm_sbx_visa__ok', 'payment_method.attached', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '00000000-0000-0000-0000-000000000000', '{"last4": "4242", "network": "visa", "exp_year": 2036, "exp_month": 12, "reference": "pm_CSfFuXfYoLUP9Cq7rAAotPer", "provider_customer": "cus_kMnLeetr9N6NgN"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.275049+00', '2026-11-28 00:03:15.342892+00', 'done', NULL),
	(18, 'gil/pm_sbx_visa__ok', 'payment_method.attached', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '00000000-0000-0000-0000-000000000000', '{"last4": "4242", "network": "visa", "exp_year": 2036, "exp_month": 12, "reference": "pm_C2ft0h9XYIDeliJgnofr1mgf", "provider_customer": "cus_zisGaQoODBKLaL"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.355096+00', '2026-11-28 00:03:15.44765+00', 'done', NULL),
	(9, 'cy/subscription', 'subscription.created', '68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', 'abb437e5-3c48-5036-ae83-8207a69ed599', '00000000-0000-0000-0000-000000000000', '{"plan": "professional", "customer": "abb437e5-3c48-5036-ae83-8207a69ed599", "interval": "month", "trial_end": "2026-03-20T12:00:00Z"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.211956+00', '2026-11-28 00:03:15.443951+00', 'done', NULL),
	(3, 'ada/subscription', 'subscription.created', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '00000000-0000-0000-0000-000000000000', '{"plan": "professional", "customer": "7d0c8e47-a735-5e12-94dd-d3641e78df85", "interval": "month"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.107368+00', '2026-11-28 00:03:15.34013+00', 'done', NULL),
	(16, 'fay/subscription', 'subscription.created', '5e25a31c-0f62-58b6-bd18-f36535fd9e30', '5119de65-b9da-5d01-a50d-0a4603f2d186', '00000000-0000-0000-0000-000000000000', '{"plan": "professional", "customer": "5119de65-b9da-5d01-a50d-0a4603f2d186", "interval": "month", "trial_end": "2026-02-14T12:00:00Z"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.323351+00', '2026-11-28 00:03:15.409424+00', 'done', NULL),
	(14, 'eve/subscription', 'subscription.created', '6cafa946-116a-565c-b6c6-bf64a01c00c2', 'f4767e1a-64e2-5995-b2c8-78526daa05f3', '00000000-0000-0000-0000-000000000000', '{"plan": "free", "customer": "f4767e1a-64e2-5995-b2c8-78526daa05f3", "interval": "month"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.299414+00', '2026-11-28 00:03:15.390671+00', 'done', NULL),
	(6, 'bob/subscription', 'subscription.created', '91e8a657-d4cf-5688-8def-e0ef23233421', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '00000000-0000-0000-0000-000000000000', '{"plan": "professional", "customer": "ba1b9d5c-b34a-598a-b08f-d7a28b891e35", "interval": "month"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.171332+00', '2026-11-28 00:03:15.398637+00', 'done', NULL),
	(19, 'gil/subscription', 'subscription.created', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '00000000-0000-0000-0000-000000000000', '{"plan": "pro", "seats": 3, "customer": "41b38a33-82ec-5fdb-a81d-e74fe2f8ef87", "interval": "month"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.360392+00', '2026-11-28 00:03:15.523669+00', 'done', NULL),
	(12, 'dan/subscription', 'subscription.created', '772bfc17-2f33-5b43-be3d-684d87b7a558', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '00000000-0000-0000-0000-000000000000', '{"plan": "professional", "customer": "ef269d1b-a2fc-5807-bce2-c6f61f6e40ec", "interval": "month"}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.27676+00', '2026-11-28 00:03:15.478063+00', 'done', NULL),
	(20, 'dan/end', 'subscription.cancel_requested', '772bfc17-2f33-5b43-be3d-684d87b7a558', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '00000000-0000-0000-0000-000000000000', '{}', '2026-01-31 12:00:00+00', '2026-11-28 00:03:16.19593+00', '2026-11-28 00:03:16.198915+00', 'done', NULL);
INSERT INTO perennial.mail_preferences VALUES
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 'usage_warning', '2c5dbf9439694df4af5ffacbfd02b80a7752028a213442749dbc92b91200f171', NULL);
INSERT INTO perennial.membership_types VALUES
	('00000000-0000-7000-8000-000000000401', 'supporter', 'Supporter', 'recurring', NULL, 500, 'USD', '{supporter_badge}', NULL, true, '2026-11-28 00:03:14.107365+00'),
	('00000000-0000-7000-8000-000000000402', 'annual_pass', 'Annual pass', 'fixed', 365, 9900, 'USD', '{course_library}', 14, true, '2026-11-28 00:03:14.107365+00'),
	('00000000-0000-7000-8000-000000000403', 'founding_member', 'Founding member', 'lifetime', NULL, 49900, 'USD', '{course_library,supporter_badge}', NULL, true, '2026-11-28 00:03:14.107365+00');
INSERT INTO perennial.metric_codes VALUES
	('ai_operations', 1, NULL),
	('data_processing', 2, NULL),
	('ai_decisions', 3, NULL),
	('members', 4, NULL),
	('api_calls_per_hour', 5, NULL),
	('project_size_mb', 6, NULL);
INSERT INTO perennial.metrics OVERRIDING SYSTEM VALUE VALUES
	(1, 'AI operations', 'AI operations', 'count', '2026-11-28 00:03:13.918412+00'),
	(2, 'Data processing', 'data processing runs', 'count', '2026-11-28 00:03:13.918412+00'),
	(3, 'AI decisions', 'AI decisions', 'count', '2026-11-28 00:03:13.918412+00'),
	(4, 'Members', 'members', 'count', '2026-11-28 00:03:13.918412+00'),
	(5, 'API calls per hour', 'API calls per hour', 'ceiling', '2026-11-28 00:03:13.918412+00'),
	(6, 'Project size', 'MB per project', 'ceiling', '2026-11-28 00:03:13.918412+00');
INSERT INTO perennial.mrr_decisions VALUES
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 2),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 2),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 2),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 2),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 4);
INSERT INTO perennial.mrr_movements_default VALUES
	(1, '7d0c8e47-a735-5e12-94dd-d3641e78df85', 'USD', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', 2, '2026-01-31 12:00:00+00', 'new', 4900, 1, 0, 1, NULL, 4900, 1, '00000000-0000-7000-8000-000000000003', 4900, 1, '2026-11-28 00:03:15.69484+00'),
	(2, 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 'USD', '91e8a657-d4cf-5688-8def-e0ef23233421', 2, '2026-01-31 12:00:00+00', 'new', 4900, 1, 0, 1, NULL, 4900, 1, '00000000-0000-7000-8000-000000000003', 4900, 1, '2026-11-28 00:03:15.829512+00'),
	(3, '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 'USD', '631b7727-8e75-5c58-a05a-bbc7f824b81e', 2, '2026-01-31 12:00:00+00', 'new', 14700, 1, 0, 1, NULL, 14700, 1, '00000000-0000-7000-8000-000000000002', 14700, 1, '2026-11-28 00:03:16.043552+00'),
	(4, 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 'USD', '772bfc17-2f33-5b43-be3d-684d87b7a558', 2, '2026-01-31 12:00:00+00', 'new', 4900, 1, 0, 1, NULL, 4900, 1, '00000000-0000-7000-8000-000000000003', 4900, 1, '2026-11-28 00:03:16.091807+00'),
	(5, 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 'USD', '772bfc17-2f33-5b43-be3d-684d87b7a558', 4, '2026-02-28 12:00:00+00', 'churn_voluntary', -4900, 1, 4900, 1, '00000000-0000-7000-8000-000000000003', 0, 1, '00000000-0000-7000-8000-000000000003', 0, 1, '2026-11-28 00:03:16.63733+00');
INSERT INTO perennial.payment_methods VALUES
	('0fc58007-976c-55ba-af9c-b29c89393a22', '7d0c8e47-a735-5e12-94dd-d3641e78df85', 'stripe', 'pm_AzW9tLVMx24AbOURonyyfvHx', 'card', 'visa', '4242', '2037-01-01 00:00:00+00', 0, NULL, NULL, '2026-01-31 12:00:00+00'),
	('cbed8e5d-d997-5cc3-b884-e60593f24a7d', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 'stripe', 'pm_qW0C1xmXyq2MkCcYE83YMvIK', 'card', 'visa', '4242', '2037-01-01 00:00:00+00', 0, NULL, NULL, '2026-01-31 12:00:00+00'),
	('6f4dfa65-aebf-50fe-982b-f3f411f004bf', 'abb437e5-3c48-5036-ae83-8207a69ed599', 'stripe', 'pm_mayEajeYPcUnBcmsFr2Cozrx', 'card', 'mastercard', '4444', '2037-01-01 00:00:00+00', 0, NULL, NULL, '2026-01-31 12:00:00+00'),
	('e3ff3bb7-7c23-5dc2-be4d-df95afdb4d67', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 'stripe', 'pm_CSfFuXfYoLUP9Cq7rAAotPer', 'card', 'visa', '4242', '2037-01-01 00:00:00+00', 0, NULL, NULL, '2026-01-31 12:00:00+00'),
	('9db4291b-3bcd-58cf-abad-26974f971601', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 'stripe', 'pm_C2ft0h9XYIDeliJgnofr1mgf', 'card', 'visa', '4242', '2037-01-01 00:00:00+00', 0, NULL, NULL, '2026-01-31 12:00:00+00');
INSERT INTO perennial.payment_providers VALUES
	('stripe', '2026-11-28 00:03:13.820705+00');
INSERT INTO perennial.payments VALUES
	('bd75e333-1a93-50c3-aefa-caa2bfdb9bf1', 'd8dca286-772c-58a7-8b53-25426741699c', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '00000000-0000-0000-0000-000000000000', 1, '0fc58007-976c-55ba-af9c-b29c89393a22', 'visa', 'stripe', 4900, 'USD', 'succeeded', 'perennial-execute-inv_d8dca286772c58a78b5325426741699c-1', 'c1479ae35515959fe80a757c446c4539', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', NULL, '2026-11-28 00:03:15.645844+00', 0, NULL, NULL, NULL, NULL, 'ch_H5RHaXdKNND0vyTKMXgSRIPA', 'req_KyD101Wa4mMxb0', 200, false, NULL, 1, 2, NULL, 0, 0, '2026-01-31 12:00:00+00'),
	('0b8db5b4-969d-57ba-a46b-be96eb10f67d', '5be27f34-7642-5004-bdd2-394cf1ff77b9', '91e8a657-d4cf-5688-8def-e0ef23233421', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '00000000-0000-0000-0000-000000000000', 1, 'cbed8e5d-d997-5cc3-b884-e60593f24a7d', 'visa', 'stripe', 4900, 'USD', 'succeeded', 'perennial-execute-inv_5be27f3476425004bdd2394cf1ff77b9-1', '1f11d2f9763cd5e86bda143a020f90e7', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', NULL, '2026-11-28 00:03:15.822403+00', 0, NULL, NULL, NULL, NULL, 'ch_mYCkf8Qb721bjiM0XB5401uS', 'req_Uem0zxQSalUHtn', 200, false, NULL, 1, 2, NULL, 0, 0, '2026-01-31 12:00:00+00'),
	('bb325293-a0ac-5100-b91c-230ac9a3d4f6', 'ef1fa88b-80fa-58f4-bff0-306344d2a7ed', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '00000000-0000-0000-0000-000000000000', 1, '9db4291b-3bcd-58cf-abad-26974f971601', 'visa', 'stripe', 14700, 'USD', 'succeeded', 'perennial-execute-inv_ef1fa88b80fa58f4bff0306344d2a7ed-1', '0f1a3e656e9c104b4eddc47c0a9a540a', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', NULL, '2026-11-28 00:03:15.982393+00', 0, NULL, NULL, NULL, NULL, 'ch_WnoInM5Pyt4MAoL1yNhTdgOM', 'req_rF8LDMAHH6Od3x', 200, false, NULL, 1, 2, NULL, 0, 0, '2026-01-31 12:00:00+00'),
	('96a4ec4f-16e7-5c2a-ada6-a47a2ca46693', '23963329-934f-58c4-a70f-2f2416447a45', '772bfc17-2f33-5b43-be3d-684d87b7a558', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '00000000-0000-0000-0000-000000000000', 1, 'e3ff3bb7-7c23-5dc2-be4d-df95afdb4d67', 'visa', 'stripe', 4900, 'USD', 'succeeded', 'perennial-execute-inv_23963329934f58c4a70f2f2416447a45-1', '5de4cabb497ed9628a9faa77a1502a48', '2026-01-31 12:00:00+00', '2026-01-31 12:00:00+00', NULL, '2026-11-28 00:03:16.082173+00', 0, NULL, NULL, NULL, NULL, 'ch_YmgoF14yiFRBn9ZXrbCTzctv', 'req_1R73fNM5aOHHsM', 200, false, NULL, 1, 2, NULL, 0, 0, '2026-01-31 12:00:00+00'),
	('ff52cf5a-4347-582f-b4b0-ed400bc3c997', '83146a60-5b01-5ffc-9981-a40b6acc842f', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '00000000-0000-0000-0000-000000000000', 1, '0fc58007-976c-55ba-af9c-b29c89393a22', 'visa', 'stripe', 4900, 'USD', 'succeeded', 'perennial-execute-inv_83146a605b015ffc9981a40b6acc842f-1', '530fba88a16cb41483853875ac5a8da1', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', NULL, '2026-11-28 00:03:16.667549+00', 0, NULL, NULL, NULL, NULL, 'ch_JHlz41PXLvpgHIrXLO1ktQvL', 'req_yhy7aSSva6csHM', 200, false, NULL, 3, 4, NULL, 0, 0, '2026-02-28 12:00:00+00'),
	('859a42b6-f0e5-5382-922a-d5151f158944', '35ad1def-05ee-5623-84e6-45d952a3ceb5', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '00000000-0000-0000-0000-000000000000', 1, '9db4291b-3bcd-58cf-abad-26974f971601', 'visa', 'stripe', 14700, 'USD', 'succeeded', 'perennial-execute-inv_35ad1def05ee562384e645d952a3ceb5-1', 'b8260d9798c1a92a0735c0777e33d7c5', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', NULL, '2026-11-28 00:03:16.664055+00', 0, NULL, NULL, NULL, NULL, 'ch_bgxV34ENAe8vmFFJfBzxUYrL', 'req_L17UbdYNNVG33N', 200, false, NULL, 3, 4, NULL, 0, 0, '2026-02-28 12:00:00+00'),
	('0100defc-a6ca-5455-85f1-daef68893a90', 'b68d0c67-5bae-58e6-9d67-653c6a8717f7', '91e8a657-d4cf-5688-8def-e0ef23233421', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '00000000-0000-0000-0000-000000000000', 1, 'cbed8e5d-d997-5cc3-b884-e60593f24a7d', 'visa', 'stripe', 4900, 'USD', 'declined', 'perennial-execute-inv_b68d0c675bae58e69d67653c6a8717f7-1', 'fee97ac21c1f31cd33f27e04c7b1aa76', '2026-02-28 12:00:00+00', '2026-02-28 12:00:00+00', NULL, '2026-11-28 00:03:16.701048+00', 0, 'insufficient_funds', '51', NULL, 'try_again_later', 'ch_QECCTzczdDIPKt8RnVcg65wF', 'req_ves0WzRgnzloTs', 402, false, NULL, 3, 4, NULL, 0, 0, '2026-02-28 12:00:00+00'),
	('a3d63718-a10d-5415-a052-75650080b786', 'b68d0c67-5bae-58e6-9d67-653c6a8717f7', '91e8a657-d4cf-5688-8def-e0ef23233421', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '00000000-0000-0000-0000-000000000000', 2, 'cbed8e5d-d997-5cc3-b884-e60593f24a7d', 'visa', 'stripe', 4900, 'USD', 'declined', 'perennial-execute-inv_b68d0c675bae58e69d67653c6a8717f7-2', 'f26bae8ed7b20fb083608eb28baec015', '2026-03-01 12:00:00+00', '2026-03-01 12:00:00+00', NULL, '2026-11-28 00:03:16.949547+00', 0, 'insufficient_funds', '51', NULL, 'try_again_later', 'ch_nab0ffwCl6Pc7hqzjRcQVSLo', 'req_RQ1cjyrgNkixW1', 402, false, NULL, 5, 6, NULL, 0, 0, '2026-03-01 12:00:00+00');
INSERT INTO perennial.plan_allocations VALUES
	('00000000-0000-7000-8000-000000000001', 'tokens', 3, 0);
INSERT INTO perennial.plan_features VALUES
	('00000000-0000-7000-8000-000000000001', 'simple_validation'),
	('00000000-0000-7000-8000-000000000001', 'basic_processing'),
	('00000000-0000-7000-8000-000000000002', 'simple_validation'),
	('00000000-0000-7000-8000-000000000002', 'basic_processing'),
	('00000000-0000-7000-8000-000000000003', 'integrations'),
	('00000000-0000-7000-8000-000000000003', 'export_formats'),
	('00000000-0000-7000-8000-000000000003', 'compliance_check'),
	('00000000-0000-7000-8000-000000000003', 'advanced_processing'),
	('00000000-0000-7000-8000-000000000003', 'simple_validation'),
	('00000000-0000-7000-8000-000000000003', 'basic_processing'),
	('00000000-0000-7000-8000-000000000004', 'dedicated_support'),
	('00000000-0000-7000-8000-000000000004', 'sso'),
	('00000000-0000-7000-8000-000000000004', 'white_label'),
	('00000000-0000-7000-8000-000000000004', 'custom_models'),
	('00000000-0000-7000-8000-000000000004', 'all_features');
INSERT INTO perennial.plan_quota_tiers VALUES
	('00000000-0000-7000-8000-000000000307', 'USD', 1, 10000, 1, 1),
	('00000000-0000-7000-8000-000000000307', 'USD', 2, NULL, 1, 2);
INSERT INTO perennial.plan_quotas VALUES
	('00000000-0000-7000-8000-000000000301', '00000000-0000-7000-8000-000000000001', 1, 1, 5, 'subscription', 'hard', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000302', '00000000-0000-7000-8000-000000000001', 2, 1, 2, 'subscription', 'hard', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000303', '00000000-0000-7000-8000-000000000001', 3, 1, 100, 'subscription', 'hard', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000304', '00000000-0000-7000-8000-000000000001', 4, 1, 3, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000305', '00000000-0000-7000-8000-000000000001', 5, 1, 10, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000306', '00000000-0000-7000-8000-000000000001', 6, 1, 50, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000307', '00000000-0000-7000-8000-000000000002', 3, 1, 10000, 'subscription', 'soft', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000308', '00000000-0000-7000-8000-000000000002', 4, 1, 10, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000309', '00000000-0000-7000-8000-000000000003', 1, 1, 100, 'subscription', 'hard', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000310', '00000000-0000-7000-8000-000000000003', 2, 1, 20, 'subscription', 'hard', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000311', '00000000-0000-7000-8000-000000000003', 5, 1, 100, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000312', '00000000-0000-7000-8000-000000000003', 6, 1, 500, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000313', '00000000-0000-7000-8000-000000000004', 1, 1, -1, 'subscription', 'soft', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000314', '00000000-0000-7000-8000-000000000004', 2, 1, -1, 'subscription', 'soft', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000315', '00000000-0000-7000-8000-000000000004', 3, 1, -1, 'subscription', 'soft', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000316', '00000000-0000-7000-8000-000000000004', 4, 1, -1, 'subscription', 'soft', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000317', '00000000-0000-7000-8000-000000000004', 5, 1, 1000, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000318', '00000000-0000-7000-8000-000000000004', 6, 1, -1, 'subscription', 'soft', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000319', '00000000-0000-7000-8000-000000000005', 1, 1, 0, 'subscription', 'hard', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000320', '00000000-0000-7000-8000-000000000005', 2, 1, 0, 'subscription', 'hard', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000321', '00000000-0000-7000-8000-000000000005', 3, 1, 0, 'subscription', 'hard', 'anniversary', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000322', '00000000-0000-7000-8000-000000000005', 4, 1, 0, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000323', '00000000-0000-7000-8000-000000000005', 5, 1, 0, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00'),
	('00000000-0000-7000-8000-000000000324', '00000000-0000-7000-8000-000000000005', 6, 1, 0, 'subscription', 'hard', 'never', 0, '{80,100}', 'bill_next', 35, '2026-11-28 00:03:13.918412+00');
INSERT INTO perennial.plans VALUES
	('00000000-0000-7000-8000-000000000004', 'enterprise', 'Enterprise', 'For companies', 30, false, true, '2026-11-28 00:03:13.883385+00', NULL),
	('00000000-0000-7000-8000-000000000005', 'custom', 'Custom', 'As agreed', 40, true, true, '2026-11-28 00:03:13.883385+00', NULL),
	('00000000-0000-7000-8000-000000000001', 'free', 'Free', 'For trying it out', 0, false, true, '2026-11-28 00:03:13.883385+00', 30),
	('00000000-0000-7000-8000-000000000002', 'pro', 'Pro', 'For teams, by the seat', 10, false, true, '2026-11-28 00:03:13.883385+00', 365),
	('00000000-0000-7000-8000-000000000003', 'professional', 'Professional', 'For professionals', 20, false, true, '2026-11-28 00:03:13.883385+00', 365);
INSERT INTO perennial.prices VALUES
	('00000000-0000-7000-8000-000000000101', '00000000-0000-7000-8000-000000000001', NULL, 'USD', 'month', 1, 'flat', 0, 0, true, '2026-11-28 00:03:13.883385+00'),
	('00000000-0000-7000-8000-000000000102', '00000000-0000-7000-8000-000000000001', NULL, 'USD', 'year', 1, 'flat', 0, 0, true, '2026-11-28 00:03:13.883385+00'),
	('00000000-0000-7000-8000-000000000103', '00000000-0000-7000-8000-000000000002', NULL, 'USD', 'month', 1, 'per_seat', 4900, 0, true, '2026-11-28 00:03:13.883385+00'),
	('00000000-0000-7000-8000-000000000104', '00000000-0000-7000-8000-000000000003', NULL, 'USD', 'month', 1, 'flat', 4900, 0, true, '2026-11-28 00:03:13.883385+00'),
	('00000000-0000-7000-8000-000000000105', '00000000-0000-7000-8000-000000000003', NULL, 'USD', 'year', 1, 'flat', 49000, 0, true, '2026-11-28 00:03:13.883385+00'),
	('00000000-0000-7000-8000-000000000106', '00000000-0000-7000-8000-000000000004', NULL, 'USD', 'month', 1, 'flat', 19900, 50000, true, '2026-11-28 00:03:13.883385+00'),
	('00000000-0000-7000-8000-000000000107', '00000000-0000-7000-8000-000000000004', NULL, 'USD', 'year', 1, 'flat', 199000, 50000, true, '2026-11-28 00:03:13.883385+00');
INSERT INTO perennial.provider_customers VALUES
	('stripe', '7d0c8e47-a735-5e12-94dd-d3641e78df85', 'cus_Ii7NV7IPLioxGH', '2026-11-28 00:03:15.215209+00'),
	('stripe', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 'cus_4xKmaDWu3UTOZV', '2026-11-28 00:03:15.207831+00'),
	('stripe', 'abb437e5-3c48-5036-ae83-8207a69ed599', 'cus_zj3R8NmVHSDy0q', '2026-11-28 00:03:15.307407+00'),
	('stripe', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 'cus_kMnLeetr9N6NgN', '2026-11-28 00:03:15.342892+00'),
	('stripe', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 'cus_zisGaQoODBKLaL', '2026-11-28 00:03:15.44765+00');
INSERT INTO perennial.rate_limits VALUES
	('stripe.create', '2026-11-28 00:03:16.685464+00'),
	('stripe.confirm', '2026-11-28 00:03:16.955701+00');
INSERT INTO perennial.schedules VALUES
	('check_invariants', '2026-11-28 00:03:15.0578+00'),
	('prune_jobs', '2026-11-28 00:03:15.088117+00'),
	('accrue_commissions', '2026-11-28 00:03:15.092664+00'),
	('score_churn', '2026-11-28 00:03:15.095437+00'),
	('retain_usage', '2026-11-28 00:03:15.114005+00'),
	('snapshot', '2026-11-28 00:03:15.115701+00');
INSERT INTO perennial.subscription_history VALUES
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 1, 1, NULL, 'incomplete', 'started', 0, '2026-01-31 12:00:00+00', 'process_events', '2026-11-28 00:03:15.34013+00'),
	('68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', 1, 1, NULL, 'trialing', 'started', -1, '2026-01-31 12:00:00+00', 'process_events', '2026-11-28 00:03:15.443951+00'),
	('5e25a31c-0f62-58b6-bd18-f36535fd9e30', 1, 1, NULL, 'trialing', 'started', -1, '2026-01-31 12:00:00+00', 'process_events', '2026-11-28 00:03:15.409424+00'),
	('6cafa946-116a-565c-b6c6-bf64a01c00c2', 1, 1, NULL, 'active', 'started', 0, '2026-01-31 12:00:00+00', 'process_events', '2026-11-28 00:03:15.390671+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 1, 1, NULL, 'incomplete', 'started', 0, '2026-01-31 12:00:00+00', 'process_events', '2026-11-28 00:03:15.398637+00'),
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 2, 1, 'incomplete', 'active', 'first_payment_received', 0, '2026-01-31 12:00:00+00', 'collect_payment', '2026-11-28 00:03:15.69484+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 1, 1, NULL, 'incomplete', 'started', 0, '2026-01-31 12:00:00+00', 'process_events', '2026-11-28 00:03:15.523669+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 2, 1, 'incomplete', 'active', 'first_payment_received', 0, '2026-01-31 12:00:00+00', 'collect_payment', '2026-11-28 00:03:15.829512+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 1, 1, NULL, 'incomplete', 'started', 0, '2026-01-31 12:00:00+00', 'process_events', '2026-11-28 00:03:15.478063+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 2, 1, 'incomplete', 'active', 'first_payment_received', 0, '2026-01-31 12:00:00+00', 'collect_payment', '2026-11-28 00:03:16.043552+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 2, 1, 'incomplete', 'active', 'first_payment_received', 0, '2026-01-31 12:00:00+00', 'collect_payment', '2026-11-28 00:03:16.091807+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 3, 1, 'active', 'active', 'cancel_scheduled', 0, '2026-01-31 12:00:00+00', 'process_events', '2026-11-28 00:03:16.198915+00'),
	('5e25a31c-0f62-58b6-bd18-f36535fd9e30', 3, 1, 'trialing', 'paused', 'trial_lapsed', -1, '2026-02-14 12:00:00+00', 'end_trial', '2026-11-28 00:03:16.383034+00'),
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 3, 1, 'active', 'active', 'renewed', 1, '2026-02-28 12:00:00+00', 'renew', '2026-11-28 00:03:16.549494+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 3, 1, 'active', 'active', 'renewed', 1, '2026-02-28 12:00:00+00', 'renew', '2026-11-28 00:03:16.549494+00'),
	('6cafa946-116a-565c-b6c6-bf64a01c00c2', 2, 1, 'active', 'active', 'renewed', 1, '2026-02-28 12:00:00+00', 'renew', '2026-11-28 00:03:16.549494+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 3, 1, 'active', 'active', 'renewed', 1, '2026-02-28 12:00:00+00', 'renew', '2026-11-28 00:03:16.543713+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 4, 1, 'active', 'canceled', 'canceled', 0, '2026-02-28 12:00:00+00', 'cancel_at_period_end', '2026-11-28 00:03:16.63733+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 4, 1, 'active', 'past_due', 'payment_failed', 1, '2026-02-28 12:00:00+00', 'collect_payment', '2026-11-28 00:03:16.760489+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 5, 1, 'past_due', 'past_due', 'rung_passed', 1, '2026-03-01 12:00:00+00', 'retry_payment', '2026-11-28 00:03:16.911926+00');
INSERT INTO perennial.subscription_items VALUES
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 1, '00000000-0000-7000-8000-000000000104', '00000000-0000-7000-8000-000000000003', 1),
	('68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', 1, '00000000-0000-7000-8000-000000000104', '00000000-0000-7000-8000-000000000003', 1),
	('5e25a31c-0f62-58b6-bd18-f36535fd9e30', 1, '00000000-0000-7000-8000-000000000104', '00000000-0000-7000-8000-000000000003', 1),
	('6cafa946-116a-565c-b6c6-bf64a01c00c2', 1, '00000000-0000-7000-8000-000000000101', '00000000-0000-7000-8000-000000000001', 1),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 1, '00000000-0000-7000-8000-000000000104', '00000000-0000-7000-8000-000000000003', 1),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 1, '00000000-0000-7000-8000-000000000103', '00000000-0000-7000-8000-000000000002', 3),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 1, '00000000-0000-7000-8000-000000000104', '00000000-0000-7000-8000-000000000003', 1);
INSERT INTO perennial.subscription_periods VALUES
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 0, 'service', '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00'),
	('68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', -1, 'trial', '2026-01-31 12:00:00+00', '2026-03-20 12:00:00+00'),
	('5e25a31c-0f62-58b6-bd18-f36535fd9e30', -1, 'trial', '2026-01-31 12:00:00+00', '2026-02-14 12:00:00+00'),
	('6cafa946-116a-565c-b6c6-bf64a01c00c2', 0, 'service', '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 0, 'service', '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 0, 'service', '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 0, 'service', '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00'),
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', 1, 'service', '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', 1, 'service', '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00'),
	('6cafa946-116a-565c-b6c6-bf64a01c00c2', 1, 'service', '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 1, 'service', '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00');
INSERT INTO perennial.subscriptions VALUES
	('68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', 'abb437e5-3c48-5036-ae83-8207a69ed599', '00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000003', 'trialing', 'USD', '2026-03-20 12:00:00', 'Europe/London', 'month', 1, '2026-01-31 12:00:00+00', '2026-03-20 12:00:00+00', -1, '2026-01-31 12:00:00+00', '2026-03-20 12:00:00+00', NULL, NULL, '00000000-0000-7000-8000-000000000201', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'trial_ending_notice', '2026-03-17 12:00:00+00', 1, '2026-11-28 00:03:15.443951+00', '2026-11-28 00:03:15.443951+00'),
	('5e25a31c-0f62-58b6-bd18-f36535fd9e30', '5119de65-b9da-5d01-a50d-0a4603f2d186', '00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000003', 'paused', 'USD', '2026-02-14 12:00:00', 'Europe/London', 'month', 1, '2026-01-31 12:00:00+00', '2026-02-14 12:00:00+00', -1, '2026-01-31 12:00:00+00', '2026-02-14 12:00:00+00', NULL, NULL, '00000000-0000-7000-8000-000000000201', NULL, NULL, NULL, NULL, '2026-02-14 12:00:00+00', NULL, NULL, NULL, NULL, 3, '2026-11-28 00:03:15.409424+00', '2026-11-28 00:03:16.383034+00'),
	('6cafa946-116a-565c-b6c6-bf64a01c00c2', 'f4767e1a-64e2-5995-b2c8-78526daa05f3', '00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000001', 'active', 'USD', '2026-01-31 12:00:00', 'Europe/London', 'month', 1, '2026-01-31 12:00:00+00', NULL, 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', NULL, NULL, '00000000-0000-7000-8000-000000000201', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'renew', '2026-03-31 11:00:00+00', 2, '2026-11-28 00:03:15.390671+00', '2026-11-28 00:03:16.549494+00'),
	('772bfc17-2f33-5b43-be3d-684d87b7a558', 'ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', '00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000003', 'canceled', 'USD', '2026-01-31 12:00:00', 'Europe/London', 'month', 1, '2026-01-31 12:00:00+00', NULL, 0, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '00000000-0000-7000-8000-000000000201', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 4, '2026-11-28 00:03:15.478063+00', '2026-11-28 00:03:16.63733+00'),
	('46a9ae92-b0f1-5cf0-8171-11364301ef2f', '7d0c8e47-a735-5e12-94dd-d3641e78df85', '00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000003', 'active', 'USD', '2026-01-31 12:00:00', 'Europe/London', 'month', 1, '2026-01-31 12:00:00+00', NULL, 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', NULL, NULL, '00000000-0000-7000-8000-000000000201', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'renew', '2026-03-31 11:00:00+00', 4, '2026-11-28 00:03:15.34013+00', '2026-11-28 00:03:16.68949+00'),
	('631b7727-8e75-5c58-a05a-bbc7f824b81e', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', '00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000002', 'active', 'USD', '2026-01-31 12:00:00', 'Europe/London', 'month', 1, '2026-01-31 12:00:00+00', NULL, 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', NULL, NULL, '00000000-0000-7000-8000-000000000201', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'renew', '2026-03-31 11:00:00+00', 4, '2026-11-28 00:03:15.523669+00', '2026-11-28 00:03:16.760489+00'),
	('91e8a657-d4cf-5688-8def-e0ef23233421', 'ba1b9d5c-b34a-598a-b08f-d7a28b891e35', '00000000-0000-0000-0000-000000000000', '00000000-0000-7000-8000-000000000003', 'past_due', 'USD', '2026-01-31 12:00:00', 'Europe/London', 'month', 1, '2026-01-31 12:00:00+00', NULL, 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', NULL, NULL, '00000000-0000-7000-8000-000000000201', '276662b2-6c07-5ea4-8d09-4720feabbc68', NULL, NULL, NULL, NULL, NULL, NULL, 'retry_payment', '2026-03-03 09:00:00+00', 6, '2026-11-28 00:03:15.398637+00', '2026-11-28 00:03:16.964253+00');
INSERT INTO perennial.time_zones VALUES
	('Pacific/Noumea'),
	('Pacific/Bougainville'),
	('Pacific/Kwajalein'),
	('Pacific/Kosrae'),
	('Pacific/Auckland'),
	('Pacific/Ponape'),
	('Pacific/Johnston'),
	('Pacific/Efate'),
	('Pacific/Midway'),
	('Pacific/Marquesas'),
	('Pacific/Saipan'),
	('Pacific/Fiji'),
	('Pacific/Kanton'),
	('Pacific/Wake'),
	('Pacific/Kiritimati'),
	('Pacific/Wallis'),
	('Pacific/Fakaofo'),
	('Pacific/Galapagos'),
	('Pacific/Gambier'),
	('Pacific/Enderbury'),
	('Pacific/Pitcairn'),
	('Pacific/Guadalcanal'),
	('Pacific/Chatham'),
	('Pacific/Yap'),
	('Pacific/Rarotonga'),
	('Pacific/Chuuk'),
	('Pacific/Funafuti'),
	('Pacific/Honolulu'),
	('Pacific/Pago_Pago'),
	('Pacific/Guam'),
	('Pacific/Tarawa'),
	('Pacific/Apia'),
	('Pacific/Tongatapu'),
	('Pacific/Samoa'),
	('Pacific/Majuro'),
	('Pacific/Niue'),
	('Pacific/Easter'),
	('Pacific/Nauru'),
	('Pacific/Truk'),
	('Pacific/Port_Moresby'),
	('Pacific/Palau'),
	('Pacific/Norfolk'),
	('Pacific/Pohnpei'),
	('Pacific/Tahiti'),
	('Indian/Mauritius'),
	('Indian/Mayotte'),
	('Indian/Comoro'),
	('Indian/Cocos'),
	('Indian/Christmas'),
	('Indian/Mahe'),
	('Indian/Chagos'),
	('Indian/Antananarivo'),
	('Indian/Maldives'),
	('Indian/Reunion'),
	('Indian/Kerguelen'),
	('Atlantic/South_Georgia'),
	('Atlantic/Faroe'),
	('Atlantic/St_Helena'),
	('Atlantic/Jan_Mayen'),
	('Atlantic/Cape_Verde'),
	('Atlantic/Azores'),
	('Atlantic/Madeira'),
	('Atlantic/Canary'),
	('Atlantic/Bermuda'),
	('Atlantic/Faeroe'),
	('Atlantic/Reykjavik'),
	('Atlantic/Stanley'),
	('UTC'),
	('Canada/Pacific'),
	('Canada/Saskatchewan'),
	('Canada/Atlantic'),
	('Canada/Newfoundland'),
	('Canada/Yukon'),
	('Canada/Eastern'),
	('Canada/Mountain'),
	('Canada/Central'),
	('Mexico/General'),
	('Mexico/BajaNorte'),
	('Mexico/BajaSur'),
	('Brazil/West'),
	('Brazil/DeNoronha'),
	('Brazil/East'),
	('Brazil/Acre'),
	('Asia/Aqtau'),
	('Asia/Karachi'),
	('Asia/Irkutsk'),
	('Asia/Yerevan'),
	('Asia/Kuala_Lumpur'),
	('Asia/Kashgar'),
	('Asia/Qyzylorda'),
	('Asia/Dushanbe'),
	('Asia/Ashkhabad'),
	('Asia/Calcutta'),
	('Asia/Krasnoyarsk'),
	('Asia/Gaza'),
	('Asia/Brunei'),
	('Asia/Dacca'),
	('Asia/Harbin'),
	('Asia/Istanbul'),
	('Asia/Amman'),
	('Asia/Taipei'),
	('Asia/Ho_Chi_Minh'),
	('Asia/Rangoon'),
	('Asia/Damascus'),
	('Asia/Qatar'),
	('Asia/Ust-Nera'),
	('Asia/Urumqi'),
	('Asia/Kuwait'),
	('Asia/Hovd'),
	('Asia/Tokyo'),
	('Asia/Ashgabat'),
	('Asia/Aqtobe'),
	('Asia/Thimphu'),
	('Asia/Muscat'),
	('Asia/Macao'),
	('Asia/Manila'),
	('Asia/Pyongyang'),
	('Asia/Ujung_Pandang'),
	('Asia/Choibalsan'),
	('Asia/Chungking'),
	('Asia/Chita'),
	('Asia/Oral'),
	('Asia/Omsk'),
	('Asia/Riyadh'),
	('Asia/Macau'),
	('Asia/Nicosia'),
	('Asia/Thimbu'),
	('Asia/Ulaanbaatar'),
	('Asia/Colombo'),
	('Asia/Saigon'),
	('Asia/Novokuznetsk'),
	('Asia/Katmandu'),
	('Asia/Bishkek'),
	('Asia/Bangkok'),
	('Asia/Shanghai'),
	('Asia/Atyrau'),
	('Asia/Beirut'),
	('Asia/Hong_Kong'),
	('Asia/Baku'),
	('Asia/Kabul'),
	('Asia/Anadyr'),
	('Asia/Qostanay'),
	('Asia/Vladivostok'),
	('Asia/Almaty'),
	('Asia/Yekaterinburg'),
	('Asia/Novosibirsk'),
	('Asia/Tomsk'),
	('Asia/Kathmandu'),
	('Asia/Samarkand'),
	('Asia/Kuching'),
	('Asia/Famagusta'),
	('Asia/Hebron'),
	('Asia/Tel_Aviv'),
	('Asia/Tbilisi'),
	('Asia/Ulan_Bator'),
	('Asia/Kolkata'),
	('Asia/Dubai'),
	('Asia/Pontianak'),
	('Asia/Dhaka'),
	('Asia/Kamchatka'),
	('Asia/Yangon'),
	('Asia/Seoul'),
	('Asia/Tehran'),
	('Asia/Yakutsk'),
	('Asia/Jayapura'),
	('Asia/Aden'),
	('Asia/Jakarta'),
	('Asia/Dili'),
	('Asia/Bahrain'),
	('Asia/Jerusalem'),
	('Asia/Sakhalin'),
	('Asia/Barnaul'),
	('Asia/Khandyga'),
	('Asia/Magadan'),
	('Asia/Srednekolymsk'),
	('Asia/Makassar'),
	('Asia/Phnom_Penh'),
	('Asia/Tashkent'),
	('Asia/Singapore'),
	('Asia/Chongqing'),
	('Asia/Baghdad'),
	('Asia/Vientiane'),
	('Australia/Victoria'),
	('Australia/Canberra'),
	('Australia/Lindeman'),
	('Australia/Darwin'),
	('Australia/LHI'),
	('Australia/Melbourne'),
	('Australia/West'),
	('Australia/Hobart'),
	('Australia/Sydney'),
	('Australia/Perth'),
	('Australia/Lord_Howe'),
	('Australia/Currie'),
	('Australia/Queensland'),
	('Australia/Yancowinna'),
	('Australia/Brisbane'),
	('Australia/Tasmania'),
	('Australia/NSW'),
	('Australia/Adelaide');
INSERT INTO perennial.time_zones VALUES
	('Australia/North'),
	('Australia/ACT'),
	('Australia/Eucla'),
	('Australia/South'),
	('Australia/Broken_Hill'),
	('Arctic/Longyearbyen'),
	('Europe/Riga'),
	('Europe/Belgrade'),
	('Europe/Podgorica'),
	('Europe/Sarajevo'),
	('Europe/Vaduz'),
	('Europe/Brussels'),
	('Europe/Istanbul'),
	('Europe/Simferopol'),
	('Europe/Rome'),
	('Europe/Berlin'),
	('Europe/Isle_of_Man'),
	('Europe/Kirov'),
	('Europe/Prague'),
	('Europe/Kyiv'),
	('Europe/Dublin'),
	('Europe/Bratislava'),
	('Europe/Mariehamn'),
	('Europe/Ulyanovsk'),
	('Europe/Oslo'),
	('Europe/Tiraspol'),
	('Europe/Amsterdam'),
	('Europe/Madrid'),
	('Europe/Uzhgorod'),
	('Europe/Zurich'),
	('Europe/Minsk'),
	('Europe/Kiev'),
	('Europe/Saratov'),
	('Europe/Monaco'),
	('Europe/Ljubljana'),
	('Europe/Nicosia'),
	('Europe/Budapest'),
	('Europe/Zaporozhye'),
	('Europe/Astrakhan'),
	('Europe/Helsinki'),
	('Europe/Vienna'),
	('Europe/Zagreb'),
	('Europe/Vatican'),
	('Europe/San_Marino'),
	('Europe/Jersey'),
	('Europe/Belfast'),
	('Europe/Moscow'),
	('Europe/Busingen'),
	('Europe/Guernsey'),
	('Europe/Lisbon'),
	('Europe/Chisinau'),
	('Europe/Skopje'),
	('Europe/Stockholm'),
	('Europe/Tallinn'),
	('Europe/Gibraltar'),
	('Europe/Vilnius'),
	('Europe/Tirane'),
	('Europe/Samara'),
	('Europe/Sofia'),
	('Europe/Copenhagen'),
	('Europe/Kaliningrad'),
	('Europe/Volgograd'),
	('Europe/Bucharest'),
	('Europe/Andorra'),
	('Europe/Luxembourg'),
	('Europe/Athens'),
	('Europe/Warsaw'),
	('Europe/Paris'),
	('Europe/Malta'),
	('Europe/London'),
	('GMT'),
	('Chile/Continental'),
	('Chile/EasterIsland'),
	('Antarctica/Troll'),
	('Antarctica/Casey'),
	('Antarctica/McMurdo'),
	('Antarctica/Vostok'),
	('Antarctica/South_Pole'),
	('Antarctica/Mawson'),
	('Antarctica/DumontDUrville'),
	('Antarctica/Palmer'),
	('Antarctica/Syowa'),
	('Antarctica/Rothera'),
	('Antarctica/Davis'),
	('Antarctica/Macquarie'),
	('Etc/GMT+8'),
	('Etc/Universal'),
	('Etc/GMT-6'),
	('Etc/UTC'),
	('Etc/UCT'),
	('Etc/GMT-0'),
	('Etc/GMT+10'),
	('Etc/GMT+2'),
	('Etc/GMT+4'),
	('Etc/GMT+7'),
	('Etc/GMT-4'),
	('Etc/GMT+1'),
	('Etc/GMT-3'),
	('Etc/GMT-10'),
	('Etc/GMT-8'),
	('Etc/GMT0'),
	('Etc/GMT-5'),
	('Etc/GMT'),
	('Etc/GMT+0'),
	('Etc/Greenwich'),
	('Etc/GMT+11'),
	('Etc/Zulu'),
	('Etc/GMT+12'),
	('Etc/GMT-13'),
	('Etc/GMT-9'),
	('Etc/GMT+5'),
	('Etc/GMT+3'),
	('Etc/GMT-1'),
	('Etc/GMT-14'),
	('Etc/GMT-2'),
	('Etc/GMT-7'),
	('Etc/GMT-12'),
	('Etc/GMT+9'),
	('Etc/GMT+6'),
	('Etc/GMT-11'),
	('America/Fort_Wayne'),
	('America/Guyana'),
	('America/Montevideo'),
	('America/Manaus'),
	('America/St_Kitts'),
	('America/Shiprock'),
	('America/Guadeloupe'),
	('America/Sao_Paulo'),
	('America/Godthab'),
	('America/Tortola'),
	('America/Coyhaique'),
	('America/Curacao'),
	('America/Ensenada'),
	('America/Jamaica'),
	('America/Managua'),
	('America/Miquelon'),
	('America/La_Paz'),
	('America/Chihuahua'),
	('America/Detroit'),
	('America/Winnipeg'),
	('America/Indiana/Indianapolis'),
	('America/Indiana/Petersburg'),
	('America/Indiana/Tell_City'),
	('America/Indiana/Winamac'),
	('America/Indiana/Marengo'),
	('America/Indiana/Vevay'),
	('America/Indiana/Vincennes'),
	('America/Indiana/Knox'),
	('America/Port_of_Spain'),
	('America/Port-au-Prince'),
	('America/New_York'),
	('America/Grand_Turk'),
	('America/St_Vincent'),
	('America/Danmarkshavn'),
	('America/Coral_Harbour'),
	('America/Eirunepe'),
	('America/Indianapolis'),
	('America/Hermosillo'),
	('America/Los_Angeles'),
	('America/Mazatlan'),
	('America/Vancouver'),
	('America/Regina'),
	('America/Guayaquil'),
	('America/Adak'),
	('America/Metlakatla'),
	('America/Marigot'),
	('America/Cayenne'),
	('America/Porto_Velho'),
	('America/Guatemala'),
	('America/Panama'),
	('America/Thunder_Bay'),
	('America/Belem'),
	('America/Fort_Nelson'),
	('America/Araguaina'),
	('America/Aruba'),
	('America/Cordoba'),
	('America/Caracas'),
	('America/Moncton'),
	('America/Yakutat'),
	('America/Punta_Arenas'),
	('America/Denver'),
	('America/Nipigon'),
	('America/Tijuana'),
	('America/Boa_Vista'),
	('America/Asuncion'),
	('America/Iqaluit'),
	('America/North_Dakota/Center'),
	('America/North_Dakota/New_Salem'),
	('America/North_Dakota/Beulah'),
	('America/St_Lucia'),
	('America/Dominica'),
	('America/Bogota'),
	('America/Atka'),
	('America/Cuiaba'),
	('America/Chicago'),
	('America/Havana'),
	('America/Kentucky/Louisville'),
	('America/Kentucky/Monticello'),
	('America/Rainy_River'),
	('America/Campo_Grande');
INSERT INTO perennial.time_zones VALUES
	('America/Santa_Isabel'),
	('America/Nassau'),
	('America/Jujuy'),
	('America/Atikokan'),
	('America/Rio_Branco'),
	('America/Ciudad_Juarez'),
	('America/Santarem'),
	('America/Phoenix'),
	('America/Santo_Domingo'),
	('America/Noronha'),
	('America/Swift_Current'),
	('America/Toronto'),
	('America/Louisville'),
	('America/Virgin'),
	('America/Kralendijk'),
	('America/Creston'),
	('America/Menominee'),
	('America/Puerto_Rico'),
	('America/Thule'),
	('America/Bahia'),
	('America/Glace_Bay'),
	('America/Antigua'),
	('America/Matamoros'),
	('America/Boise'),
	('America/Sitka'),
	('America/Argentina/Rio_Gallegos'),
	('America/Argentina/Tucuman'),
	('America/Argentina/Salta'),
	('America/Argentina/San_Luis'),
	('America/Argentina/Cordoba'),
	('America/Argentina/San_Juan'),
	('America/Argentina/La_Rioja'),
	('America/Argentina/Jujuy'),
	('America/Argentina/Ushuaia'),
	('America/Argentina/Buenos_Aires'),
	('America/Argentina/ComodRivadavia'),
	('America/Argentina/Catamarca'),
	('America/Argentina/Mendoza'),
	('America/Costa_Rica'),
	('America/Anguilla'),
	('America/Lima'),
	('America/Porto_Acre'),
	('America/Dawson_Creek'),
	('America/Resolute'),
	('America/Buenos_Aires'),
	('America/Blanc-Sablon'),
	('America/Halifax'),
	('America/Fortaleza'),
	('America/St_Johns'),
	('America/Bahia_Banderas'),
	('America/Nuuk'),
	('America/Cambridge_Bay'),
	('America/Inuvik'),
	('America/Cancun'),
	('America/Edmonton'),
	('America/Scoresbysund'),
	('America/Rankin_Inlet'),
	('America/Santiago'),
	('America/Belize'),
	('America/Rosario'),
	('America/Catamarca'),
	('America/Anchorage'),
	('America/Yellowknife'),
	('America/Lower_Princes'),
	('America/Grenada'),
	('America/Knox_IN'),
	('America/Ojinaga'),
	('America/Goose_Bay'),
	('America/Mexico_City'),
	('America/Montreal'),
	('America/Paramaribo'),
	('America/Dawson'),
	('America/Nome'),
	('America/Pangnirtung'),
	('America/Martinique'),
	('America/Recife'),
	('America/Merida'),
	('America/Cayman'),
	('America/Maceio'),
	('America/Whitehorse'),
	('America/Mendoza'),
	('America/Montserrat'),
	('America/El_Salvador'),
	('America/Juneau'),
	('America/Monterrey'),
	('America/Tegucigalpa'),
	('America/St_Thomas'),
	('America/St_Barthelemy'),
	('America/Barbados'),
	('Africa/Sao_Tome'),
	('Africa/Bamako'),
	('Africa/Mogadishu'),
	('Africa/Malabo'),
	('Africa/Cairo'),
	('Africa/Mbabane'),
	('Africa/Harare'),
	('Africa/Addis_Ababa'),
	('Africa/Gaborone'),
	('Africa/Nairobi'),
	('Africa/Lusaka'),
	('Africa/Johannesburg'),
	('Africa/Douala'),
	('Africa/Porto-Novo'),
	('Africa/Kampala'),
	('Africa/Luanda'),
	('Africa/Tripoli'),
	('Africa/Lagos'),
	('Africa/Niamey'),
	('Africa/Lubumbashi'),
	('Africa/Monrovia'),
	('Africa/Kigali'),
	('Africa/Lome'),
	('Africa/Accra'),
	('Africa/Maputo'),
	('Africa/Maseru'),
	('Africa/Bissau'),
	('Africa/Freetown'),
	('Africa/Asmera'),
	('Africa/Bujumbura'),
	('Africa/Kinshasa'),
	('Africa/Khartoum'),
	('Africa/Brazzaville'),
	('Africa/Banjul'),
	('Africa/Juba'),
	('Africa/Abidjan'),
	('Africa/Ndjamena'),
	('Africa/Nouakchott'),
	('Africa/Algiers'),
	('Africa/Bangui'),
	('Africa/Dar_es_Salaam'),
	('Africa/Asmara'),
	('Africa/Ceuta'),
	('Africa/Timbuktu'),
	('Africa/Casablanca'),
	('Africa/Windhoek'),
	('Africa/El_Aaiun'),
	('Africa/Libreville'),
	('Africa/Blantyre'),
	('Africa/Tunis'),
	('Africa/Ouagadougou'),
	('Africa/Conakry'),
	('Africa/Djibouti'),
	('Africa/Dakar'),
	('US/Pacific'),
	('US/Arizona'),
	('US/Indiana-Starke'),
	('US/Aleutian'),
	('US/Alaska'),
	('US/Eastern'),
	('US/Hawaii'),
	('US/Mountain'),
	('US/East-Indiana'),
	('US/Michigan'),
	('US/Samoa'),
	('US/Central');
INSERT INTO perennial.token_allocations VALUES
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 'tokens', '00000000-0000-0000-0000-000000000000', '2026-03-31 11:00:00+00');
INSERT INTO perennial.token_package_prices VALUES
	('tokens_100', 'USD', 1000);
INSERT INTO perennial.token_packages VALUES
	('tokens_100', '100 tokens', 'tokens', 100, true, '2026-11-28 00:03:14.037442+00');
INSERT INTO perennial.token_units VALUES
	('tokens', 'tokens', '2026-11-28 00:03:14.005418+00');
INSERT INTO perennial.transitions VALUES
	(NULL, 'started', 'incomplete'),
	(NULL, 'started', 'trialing'),
	(NULL, 'started', 'active'),
	('incomplete', 'first_payment_received', 'active'),
	('incomplete', 'first_payment_abandoned', 'expired'),
	('incomplete', 'canceled', 'canceled'),
	('trialing', 'trial_converted', 'active'),
	('trialing', 'trial_lapsed', 'paused'),
	('trialing', 'trial_lapsed', 'canceled'),
	('trialing', 'cancel_scheduled', 'trialing'),
	('trialing', 'cancel_undone', 'trialing'),
	('trialing', 'canceled', 'canceled'),
	('active', 'renewed', 'active'),
	('active', 'payment_failed', 'past_due'),
	('active', 'cancel_scheduled', 'active'),
	('active', 'cancel_undone', 'active'),
	('active', 'canceled', 'canceled'),
	('past_due', 'renewed', 'past_due'),
	('past_due', 'rung_passed', 'past_due'),
	('past_due', 'attempts_over', 'grace'),
	('past_due', 'recovered', 'active'),
	('past_due', 'cancel_scheduled', 'past_due'),
	('past_due', 'cancel_undone', 'past_due'),
	('past_due', 'canceled', 'canceled'),
	('grace', 'renewed', 'grace'),
	('grace', 'recovered', 'active'),
	('grace', 'grace_expired', 'expired'),
	('grace', 'suspended', 'unpaid'),
	('grace', 'downgraded', 'active'),
	('grace', 'cancel_scheduled', 'grace'),
	('grace', 'cancel_undone', 'grace'),
	('grace', 'canceled', 'canceled'),
	('paused', 'resumed', 'active'),
	('paused', 'canceled', 'canceled'),
	('unpaid', 'recovered', 'active'),
	('unpaid', 'canceled', 'canceled');
INSERT INTO perennial.usage_closings VALUES
	('5119de65-b9da-5d01-a50d-0a4603f2d186', 1, '2026-01-14 12:00:00+00', '2026-02-14 12:00:00+00', '5e25a31c-0f62-58b6-bd18-f36535fd9e30', '00000000-0000-7000-8000-000000000309', 100, 0, 0, 0, '2026-02-14 12:00:00+00'),
	('5119de65-b9da-5d01-a50d-0a4603f2d186', 2, '2026-01-14 12:00:00+00', '2026-02-14 12:00:00+00', '5e25a31c-0f62-58b6-bd18-f36535fd9e30', '00000000-0000-7000-8000-000000000310', 20, 0, 0, 0, '2026-02-14 12:00:00+00'),
	('abb437e5-3c48-5036-ae83-8207a69ed599', 1, '2026-01-20 12:00:00+00', '2026-02-20 12:00:00+00', '68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', '00000000-0000-7000-8000-000000000309', 100, 0, 0, 0, '2026-02-20 12:00:00+00'),
	('abb437e5-3c48-5036-ae83-8207a69ed599', 2, '2026-01-20 12:00:00+00', '2026-02-20 12:00:00+00', '68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', '00000000-0000-7000-8000-000000000310', 20, 0, 0, 0, '2026-02-20 12:00:00+00'),
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 1, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '6cafa946-116a-565c-b6c6-bf64a01c00c2', '00000000-0000-7000-8000-000000000301', 5, 0, 0, 0, '2026-02-28 12:00:00+00'),
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 2, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '6cafa946-116a-565c-b6c6-bf64a01c00c2', '00000000-0000-7000-8000-000000000302', 2, 0, 0, 0, '2026-02-28 12:00:00+00'),
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 3, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '6cafa946-116a-565c-b6c6-bf64a01c00c2', '00000000-0000-7000-8000-000000000303', 100, 0, 0, 0, '2026-02-28 12:00:00+00'),
	('7d0c8e47-a735-5e12-94dd-d3641e78df85', 1, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '00000000-0000-7000-8000-000000000309', 100, 0, 0, 0, '2026-02-28 12:00:00+00'),
	('7d0c8e47-a735-5e12-94dd-d3641e78df85', 2, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '00000000-0000-7000-8000-000000000310', 20, 0, 0, 0, '2026-02-28 12:00:00+00'),
	('ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 1, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '91e8a657-d4cf-5688-8def-e0ef23233421', '00000000-0000-7000-8000-000000000309', 100, 0, 0, 0, '2026-02-28 12:00:00+00'),
	('ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 2, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '91e8a657-d4cf-5688-8def-e0ef23233421', '00000000-0000-7000-8000-000000000310', 20, 0, 0, 0, '2026-02-28 12:00:00+00'),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 3, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '00000000-0000-7000-8000-000000000307', 10000, 0, 0, 0, '2026-02-28 12:00:00+00'),
	('ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 1, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '772bfc17-2f33-5b43-be3d-684d87b7a558', '00000000-0000-7000-8000-000000000309', 100, 0, 0, 0, '2026-02-28 12:00:00+00'),
	('ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 2, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '772bfc17-2f33-5b43-be3d-684d87b7a558', '00000000-0000-7000-8000-000000000310', 20, 0, 0, 0, '2026-02-28 12:00:00+00');
INSERT INTO perennial.usage_counters VALUES
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 3, '2026-02-28 12:00:00+00', 0, 12000);
INSERT INTO perennial.usage_event_ids VALUES
	('gil/use', '2026-03-02 18:00:00+00', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 3, 12000);
INSERT INTO perennial.usage_events_default VALUES
	('gil/use', '41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 3, 12000, '2026-03-02 18:00:00+00', '2026-02-28 12:00:00+00', '2026-11-28 00:03:17.146506+00');
INSERT INTO perennial.usage_meters VALUES
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 4, '00000000-0000-0000-0000-000000000000', '6cafa946-116a-565c-b6c6-bf64a01c00c2', '00000000-0000-7000-8000-000000000304', 3, 0, 'hard', '2026-01-01 00:00:00', 'Europe/London', 0, '2026-01-01 00:00:00+00', NULL, NULL, NULL, false),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 4, '00000000-0000-0000-0000-000000000000', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '00000000-0000-7000-8000-000000000308', 10, 0, 'hard', '2026-01-01 00:00:00', 'Europe/London', 0, '2026-01-01 00:00:00+00', NULL, NULL, NULL, false),
	('5119de65-b9da-5d01-a50d-0a4603f2d186', 1, '00000000-0000-0000-0000-000000000000', NULL, NULL, 0, 0, 'hard', '2026-02-14 12:00:00', 'Europe/London', 0, '2026-02-14 12:00:00+00', NULL, '2026-01-14 12:00:00+00', 0, false),
	('5119de65-b9da-5d01-a50d-0a4603f2d186', 2, '00000000-0000-0000-0000-000000000000', NULL, NULL, 0, 0, 'hard', '2026-02-14 12:00:00', 'Europe/London', 0, '2026-02-14 12:00:00+00', NULL, '2026-01-14 12:00:00+00', 0, false),
	('abb437e5-3c48-5036-ae83-8207a69ed599', 1, '00000000-0000-0000-0000-000000000000', '68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', '00000000-0000-7000-8000-000000000309', 100, 0, 'hard', '2026-03-20 12:00:00', 'Europe/London', -1, '2026-02-20 12:00:00+00', '2026-03-20 12:00:00+00', '2026-01-20 12:00:00+00', 0, false),
	('abb437e5-3c48-5036-ae83-8207a69ed599', 2, '00000000-0000-0000-0000-000000000000', '68dc1f64-4b1b-523d-9ab1-9a4b6f9cceff', '00000000-0000-7000-8000-000000000310', 20, 0, 'hard', '2026-03-20 12:00:00', 'Europe/London', -1, '2026-02-20 12:00:00+00', '2026-03-20 12:00:00+00', '2026-01-20 12:00:00+00', 0, false),
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 1, '00000000-0000-0000-0000-000000000000', '6cafa946-116a-565c-b6c6-bf64a01c00c2', '00000000-0000-7000-8000-000000000301', 5, 0, 'hard', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '2026-01-31 12:00:00+00', 0, false),
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 2, '00000000-0000-0000-0000-000000000000', '6cafa946-116a-565c-b6c6-bf64a01c00c2', '00000000-0000-7000-8000-000000000302', 2, 0, 'hard', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '2026-01-31 12:00:00+00', 0, false),
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 3, '00000000-0000-0000-0000-000000000000', '6cafa946-116a-565c-b6c6-bf64a01c00c2', '00000000-0000-7000-8000-000000000303', 100, 0, 'hard', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '2026-01-31 12:00:00+00', 0, false),
	('7d0c8e47-a735-5e12-94dd-d3641e78df85', 1, '00000000-0000-0000-0000-000000000000', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '00000000-0000-7000-8000-000000000309', 100, 0, 'hard', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '2026-01-31 12:00:00+00', 0, false),
	('7d0c8e47-a735-5e12-94dd-d3641e78df85', 2, '00000000-0000-0000-0000-000000000000', '46a9ae92-b0f1-5cf0-8171-11364301ef2f', '00000000-0000-7000-8000-000000000310', 20, 0, 'hard', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '2026-01-31 12:00:00+00', 0, false),
	('ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 1, '00000000-0000-0000-0000-000000000000', '91e8a657-d4cf-5688-8def-e0ef23233421', '00000000-0000-7000-8000-000000000309', 100, 0, 'hard', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '2026-01-31 12:00:00+00', 0, false),
	('ba1b9d5c-b34a-598a-b08f-d7a28b891e35', 2, '00000000-0000-0000-0000-000000000000', '91e8a657-d4cf-5688-8def-e0ef23233421', '00000000-0000-7000-8000-000000000310', 20, 0, 'hard', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '2026-01-31 12:00:00+00', 0, false),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 3, '00000000-0000-0000-0000-000000000000', '631b7727-8e75-5c58-a05a-bbc7f824b81e', '00000000-0000-7000-8000-000000000307', 10000, 0, 'soft', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '2026-01-31 12:00:00+00', 0, false),
	('ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 1, '00000000-0000-0000-0000-000000000000', NULL, NULL, 0, 0, 'hard', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', NULL, '2026-01-31 12:00:00+00', 0, false),
	('ef269d1b-a2fc-5807-bce2-c6f61f6e40ec', 2, '00000000-0000-0000-0000-000000000000', NULL, NULL, 0, 0, 'hard', '2026-01-31 12:00:00', 'Europe/London', 1, '2026-02-28 12:00:00+00', NULL, '2026-01-31 12:00:00+00', 0, false);
INSERT INTO perennial.usage_warnings VALUES
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 3, '2026-02-28 12:00:00+00', 100, '00000000-0000-0000-0000-000000000000', 12000, 10000, '2026-03-02 18:00:00+00', NULL, 'told', '00000000-0000-7000-8000-000000000307', '2026-11-28 00:03:17.146506+00'),
	('41b38a33-82ec-5fdb-a81d-e74fe2f8ef87', 3, '2026-02-28 12:00:00+00', 80, '00000000-0000-0000-0000-000000000000', 12000, 10000, '2026-03-02 18:00:00+00', NULL, 'told', '00000000-0000-7000-8000-000000000307', '2026-11-28 00:03:17.146506+00');
INSERT INTO perennial.users VALUES
	('01a21f76-9650-7583-b7e9-530709892ddd', 'bob@customers.example', 'bob', '2026-11-28 00:03:15.136604+00'),
	('01a21f76-965f-7724-9619-512677f61d66', 'ada@customers.example', 'ada', '2026-11-28 00:03:15.150677+00'),
	('01a21f76-9687-762c-8f17-89f76e9a1dbc', 'cy@customers.example', 'cy', '2026-11-28 00:03:15.192648+00'),
	('01a21f76-96bb-71d4-8f18-a7e62f88fb1f', 'dan@customers.example', 'dan', '2026-11-28 00:03:15.256371+00'),
	('01a21f76-96f9-7650-9bb5-8b6cafc7e62b', 'eve@customers.example', 'eve', '2026-11-28 00:03:15.30892+00'),
	('01a21f76-972c-7497-8598-1c3c269a1bce', 'fay@customers.example', 'fay', '2026-11-28 00:03:15.353291+00'),
	('01a21f76-974a-7015-b976-5a928c35092d', 'gil@customers.example', 'gil', '2026-11-28 00:03:15.389618+00');
INSERT INTO perennial.wallet_entries OVERRIDING SYSTEM VALUE VALUES
	(1, 'f4767e1a-64e2-5995-b2c8-78526daa05f3', 'tokens', 'c0031d72-8c62-4ba6-a3d7-3374b336208f', 'grant', 3, NULL, '2026-01-31 12:00:00+00', '2026-11-28 00:03:15.73669+00'),
	(2, 'f4767e1a-64e2-5995-b2c8-78526daa05f3', 'tokens', 'c0031d72-8c62-4ba6-a3d7-3374b336208f', 'expire', -3, NULL, '2026-02-28 12:00:00+00', '2026-11-28 00:03:16.573633+00'),
	(3, 'f4767e1a-64e2-5995-b2c8-78526daa05f3', 'tokens', '16b1b68e-b1f8-42d5-8fbd-f2458d7b6417', 'grant', 3, NULL, '2026-02-28 12:00:00+00', '2026-11-28 00:03:16.575139+00');
INSERT INTO perennial.wallet_grants OVERRIDING SYSTEM VALUE VALUES
	('c0031d72-8c62-4ba6-a3d7-3374b336208f', 'f4767e1a-64e2-5995-b2c8-78526daa05f3', 'tokens', '00000000-0000-0000-0000-000000000000', 3, 0, 'promotional', 0, '2026-01-31 12:00:00+00', '2026-02-28 12:00:00+00', '2026-01-31 12:00:00+00', 1, 'allocation', 'allocation/f4767e1a-64e2-5995-b2c8-78526daa05f3/tokens/1769860800'),
	('16b1b68e-b1f8-42d5-8fbd-f2458d7b6417', 'f4767e1a-64e2-5995-b2c8-78526daa05f3', 'tokens', '00000000-0000-0000-0000-000000000000', 3, 3, 'promotional', 0, '2026-02-28 12:00:00+00', '2026-03-31 11:00:00+00', '2026-02-28 12:00:00+00', 2, 'allocation', 'allocation/f4767e1a-64e2-5995-b2c8-78526daa05f3/tokens/1772280000');
INSERT INTO perennial.wallets VALUES
	('f4767e1a-64e2-5995-b2c8-78526daa05f3', 'tokens', '00000000-0000-0000-0000-000000000000', NULL, NULL, NULL, '2026-11-28 00:03:15.73669+00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public._sqlx_migrations VALUES
	(1, 'foundation', '2026-11-28 00:03:13.668573+00', true, '\x7d6bb576a516fea1081a05f5aaa84ebab11a0e4a86ca49f02311ee46492148d8bb011c146ea497c8d9112ee012191ec8', 71512961),
	(2, 'jobs', '2026-11-28 00:03:13.740633+00', true, '\xc971b7aa6d6147b277aad8440d5670a0e729014215fa113fcf039008beb830d07b42e5d128fec6458c581b089d30cda3', 27927598),
	(3, 'people', '2026-11-28 00:03:13.770897+00', true, '\x457563b31a28b1002e762f28152b4fbb0797b665816eb2d08d8aaff33753efd818b67026695f487f94fe03ec9c094c21', 11347750),
	(4, 'catalog', '2026-11-28 00:03:13.780438+00', true, '\xb42815dd8908e5efb014d4579373b15a0b315a677b88dcd1c76fd6911e1911b59e73645e9e9d982e9bbc0968004d3161', 7796369),
	(5, 'lifecycle', '2026-11-28 00:03:13.788526+00', true, '\xf3a49ec641e619411669cde6bf6b1abe36ad430fea2ce8d94c63b735dd1207913e3922f6dd778ea1df6e7fcd1265cab8', 31878643),
	(6, 'money', '2026-11-28 00:03:13.820705+00', true, '\xc303172f1d137ea4f5ce339f1ac12e4d17a09f30f535b647afa6ba9f8cb8eb5f3749e130cd092960dd443b67a123269d', 34777687),
	(7, 'mail', '2026-11-28 00:03:13.855872+00', true, '\xaac9399439943915d5159716a9be63918862db04556b8eac3286b93d4cf88155a8dbafcf3a3e44a21e2af27f40072db7', 12117863),
	(8, 'doors', '2026-11-28 00:03:13.868173+00', true, '\xa6aae0c2004d191c503b43728004fe9c0ad8e39663d147ead7c6bfb2d84a28a2cd8d738ff92bb61a4cf7bf8160c394f3', 14997984),
	(9, 'example catalog', '2026-11-28 00:03:13.883385+00', true, '\x14e8fc7be922d9b9c0afc744378c124309c7e6395c86e78811cea0876fe553445400fc25537d7b8a6a9d009b486e828f', 1690230),
	(10, 'invariants', '2026-11-28 00:03:13.885194+00', true, '\x40d7e013b824c2c783922bed602f2a177e5d3f55f913763cf2b630fb7b1c74912b4f62bba4f4d3479d8a1fc575d14429', 9944145),
	(12, 'jobs running', '2026-11-28 00:03:13.89529+00', true, '\x4f0e1b7b4622ec3c0aea72798c8a3c8f0a11b68371a0b504fb7d3fbd38dfbeabb5b16f5bedd52742f8991167e72a6c4d', 3861589),
	(13, 'grants', '2026-11-28 00:03:13.899332+00', true, '\x6a4680da951f4506167609dd9d1cf1ccee7be66d4f83d23507e643caac15867ffe10802dfe7e4d5d5be1878e845764ab', 18770589),
	(14, 'plan limits', '2026-11-28 00:03:13.918412+00', true, '\x21c8b78600d4af62371d2c300c1289ef69e7641e4947ef1dcc6abf50be93bf807728e0c2e3bfeaf0c6ffdc1ef0a20263', 29709365),
	(15, 'mail preferences', '2026-11-28 00:03:13.948421+00', true, '\xe9e8336850b0c1accea1e975e6041c89d6e2cdd4ecda549fc3cd76844e0fab901840464839f9d4f3b26a3acacfc10507', 6748263),
	(16, 'usage', '2026-11-28 00:03:13.955345+00', true, '\x287b5f89a6f230f68af07db98aec071363efebb5c9591a711cc12305c95bb826aceb3c92274b8e95605930ceddcd9f37', 49549110),
	(17, 'wallets', '2026-11-28 00:03:14.005418+00', true, '\x31b8d36639678ec1cccf7925dafc9433da234ed0a521efcc9c7623c8ab2cb3f18fb87e404924e33e2aa5f169b705a1b8', 31691504),
	(18, 'orders', '2026-11-28 00:03:14.037442+00', true, '\xb114e3f90371e8be1b15cc14bcd72ab5fce531dc4f70a7148fc674a4e267385ba5bc91d13a1b6e6d8858cd39251f15c9', 31838659),
	(19, 'usage doors', '2026-11-28 00:03:14.06958+00', true, '\x3e8ee3e44274b22db95c27ec31ba7454cfdbbb5b3f7f156ba03e7ec6a848a073198ac0dc03a2655e0f6764c9684f9fd2', 9650687),
	(20, 'refunds', '2026-11-28 00:03:14.079432+00', true, '\xd13e24db31f20bc9eeeaec96cca24d2f4349680d7654e5ba82c2c3234c24dc09248c72594d39ce289ad5c260bca91fe9', 14253002),
	(21, 'api keys', '2026-11-28 00:03:14.098835+00', true, '\xe48273f412e4f0750c3634d517eda096e8480de678bb5d650ea73c9e71a82d2aee07778e911dd9c8e1015813e9f32b49', 13287853),
	(22, 'memberships', '2026-11-28 00:03:14.107365+00', true, '\xd1805f7982bad9c9cbd62c3c15fc3f8da78cc9beb28347da2c26a797396ae401f85c656bedbadd04aeacbc66561a07c3', 19887985),
	(23, 'retention', '2026-11-28 00:03:14.127545+00', true, '\x1e3f922dea9657ae4a3b9ca48dd62a5c374c48d4b9e3d03a2981e39e04ee9826a8d78d7c6cd5a7cf97706784f7c73d5e', 12508479),
	(24, 'rights and invariants', '2026-11-28 00:03:14.140214+00', true, '\xa4b11bdf7f7e3398dbae4e0f6545b053d11be9e8b3b9dee884bad4c12086a1928e9a96e77c515a60eaac48df6e5e4e18', 37282336),
	(25, 'mrr', '2026-11-28 00:03:14.177871+00', true, '\xc5f034230999d076ee4e301642c216f60a9de6f844252b9945e36394ce7b841d660a3174bdef3f7be5826517b3eb15b5', 105326041),
	(26, 'snapshots', '2026-11-28 00:03:14.284481+00', true, '\xb414b9619bd142f7b98b3b6a040aaf2553614bd01049aab41299328f6e3cba7b13162c35056d93adffdc029fbf8931ac', 107853455),
	(27, 'digest', '2026-11-28 00:03:14.395107+00', true, '\xc39e8eb8bc61bb97b7cfb3ecb11a702f9c246e0851cd5c36b12baae4802c5700f986098ce4202121ab2899b30d5dee62', 36581781),
	(28, 'customer insight', '2026-11-28 00:03:14.432244+00', true, '\x59f1f1e69c2cd1cdaa803512efeb1a49e8867b55d390a25bdd7fa3b4d40dac6379f060c53d5e90bd3406a71dde61ce32', 72904127),
	(29, 'affiliates', '2026-11-28 00:03:14.505395+00', true, '\x209dca68e2112ed7cb434235b050f7dcd74b21b584d8f6aa725e9716113b35fc48070af6ee1c39fdfc5467b1d0092572', 63334099),
	(30, 'due', '2026-11-28 00:03:14.571887+00', true, '\xa46706dedbf486d4fb260f6e82cde23d74da16fd132a05f87653269d8f22f7c940653826260b26ec93002720a91c8432', 39525134),
	(31, 'stocks', '2026-11-28 00:03:14.611989+00', true, '\x1de2b1aab718b97aec077da2148de6f55924e40e9450735cee4b2cc2b82b0bea3e3dbbb75bd57f65a3e23fbd28aeea69', 10642245),
	(32, 'flows', '2026-11-28 00:03:14.622886+00', true, '\x3fcba6aa9b4c0adb9646413c9014207df1ec3638f65ba02da0189db3e13d03b7f3a0bbbc45087650bd9ea4ae01f68610', 9469601),
	(33, 'figures', '2026-11-28 00:03:14.63516+00', true, '\x447180c110c1857c53660b535262fbe506cf004ba074c1f1ad2601754be3b4fc128308440a6da361e998e93b6de0369b', 34851880),
	(34, 'sent at', '2026-11-28 00:03:14.670522+00', true, '\x03b534954f5d0da3a84ce7718dd82ae9a8e64737554d2b72cc6bf351a620eb44392b6efe0cc416a758399463ece0d7c8', 1777600),
	(35, 'wishes', '2026-11-28 00:03:14.672479+00', true, '\x736b40f4a96818566091f33a8d3c047a48cbb41051b09a01c5e8186d4947a65a61c949b238f4139216912ccff248d0cd', 102655489),
	(36, 'usage closing', '2026-11-28 00:03:14.775787+00', true, '\x2bea983c47850ee7aadd6fc1b42c8f8a48272effb460d8383270c21501942360dd19ab4278b6e90b4649f2d7fe0b66e5', 47636092);
SELECT pg_catalog.setval('perennial.content_access_rules_id_seq', 1, false);
SELECT pg_catalog.setval('perennial.jobs_id_seq', 58, true);
SELECT pg_catalog.setval('perennial.lifecycle_events_seq_seq', 20, true);
SELECT pg_catalog.setval('perennial.metrics_id_seq', 6, true);
SELECT pg_catalog.setval('perennial.mrr_movements_seq_seq', 5, true);
SELECT pg_catalog.setval('perennial.wallet_entries_id_seq', 3, true);
SELECT pg_catalog.setval('perennial.wallet_grants_seq_seq', 2, true);
ALTER TABLE ONLY perennial.affiliates
    ADD CONSTRAINT affiliates_pkey PRIMARY KEY (code);
ALTER TABLE ONLY perennial.analytics_metrics
    ADD CONSTRAINT analytics_metrics_pkey PRIMARY KEY (metric);
ALTER TABLE ONLY perennial.analytics_runs
    ADD CONSTRAINT analytics_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.analytics_settings
    ADD CONSTRAINT analytics_settings_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY perennial.analytics_snapshots
    ADD CONSTRAINT analytics_snapshots_pkey PRIMARY KEY (date, metric, currency, breakdown, key, version);
ALTER TABLE ONLY perennial.analytics_snapshots_2026_11
    ADD CONSTRAINT analytics_snapshots_2026_11_pkey PRIMARY KEY (date, metric, currency, breakdown, key, version);
ALTER TABLE ONLY perennial.analytics_snapshots_2026_12
    ADD CONSTRAINT analytics_snapshots_2026_12_pkey PRIMARY KEY (date, metric, currency, breakdown, key, version);
ALTER TABLE ONLY perennial.analytics_snapshots_2027_01
    ADD CONSTRAINT analytics_snapshots_2027_01_pkey PRIMARY KEY (date, metric, currency, breakdown, key, version);
ALTER TABLE ONLY perennial.analytics_snapshots_2027_02
    ADD CONSTRAINT analytics_snapshots_2027_02_pkey PRIMARY KEY (date, metric, currency, breakdown, key, version);
ALTER TABLE ONLY perennial.analytics_snapshots_default
    ADD CONSTRAINT analytics_snapshots_default_pkey PRIMARY KEY (date, metric, currency, breakdown, key, version);
ALTER TABLE ONLY perennial.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.api_keys
    ADD CONSTRAINT api_keys_public_id_key UNIQUE (public_id);
ALTER TABLE ONLY perennial.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (subject_id, version);
ALTER TABLE ONLY perennial.churn_indicators
    ADD CONSTRAINT churn_indicators_pkey PRIMARY KEY (customer_id, date, indicator);
ALTER TABLE ONLY perennial.churn_indicators_2026_11
    ADD CONSTRAINT churn_indicators_2026_11_pkey PRIMARY KEY (customer_id, date, indicator);
ALTER TABLE ONLY perennial.churn_indicators_2026_12
    ADD CONSTRAINT churn_indicators_2026_12_pkey PRIMARY KEY (customer_id, date, indicator);
ALTER TABLE ONLY perennial.churn_indicators_2027_01
    ADD CONSTRAINT churn_indicators_2027_01_pkey PRIMARY KEY (customer_id, date, indicator);
ALTER TABLE ONLY perennial.churn_indicators_2027_02
    ADD CONSTRAINT churn_indicators_2027_02_pkey PRIMARY KEY (customer_id, date, indicator);
ALTER TABLE ONLY perennial.churn_indicators_default
    ADD CONSTRAINT churn_indicators_default_pkey PRIMARY KEY (customer_id, date, indicator);
ALTER TABLE perennial.clocks
    ADD CONSTRAINT clocks_name CHECK (((length(TRIM(BOTH FROM name)) >= 1) AND (length(TRIM(BOTH FROM name)) <= 100))) NOT VALID;
ALTER TABLE ONLY perennial.clocks
    ADD CONSTRAINT clocks_name_key UNIQUE (name);
ALTER TABLE ONLY perennial.clocks
    ADD CONSTRAINT clocks_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.commission_rules
    ADD CONSTRAINT commission_rules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.commissions
    ADD CONSTRAINT commissions_pkey PRIMARY KEY (payment_id, "position");
ALTER TABLE ONLY perennial.content_access_rules
    ADD CONSTRAINT content_access_rules_content_key_requirement_plan_feature_m_key UNIQUE NULLS NOT DISTINCT (content_key, requirement, plan, feature, membership);
ALTER TABLE ONLY perennial.content_access_rules
    ADD CONSTRAINT content_access_rules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.customer_balance_entries
    ADD CONSTRAINT customer_balance_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.customer_cohorts
    ADD CONSTRAINT customer_cohorts_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY perennial.customer_mrr
    ADD CONSTRAINT customer_mrr_pkey PRIMARY KEY (customer_id, currency);
ALTER TABLE ONLY perennial.customer_quotas
    ADD CONSTRAINT customer_quotas_pkey PRIMARY KEY (customer_id, metric_id);
ALTER TABLE ONLY perennial.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.dead_jobs
    ADD CONSTRAINT dead_jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.digests
    ADD CONSTRAINT digests_pkey PRIMARY KEY (key);
ALTER TABLE ONLY perennial.digests
    ADD CONSTRAINT digests_until_key UNIQUE (until);
ALTER TABLE ONLY perennial.disputes
    ADD CONSTRAINT disputes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.disputes
    ADD CONSTRAINT disputes_reference_key UNIQUE (reference);
ALTER TABLE ONLY perennial.dunning_cases
    ADD CONSTRAINT dunning_cases_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.dunning_policies
    ADD CONSTRAINT dunning_policies_name_version_key UNIQUE (name, version);
ALTER TABLE ONLY perennial.dunning_policies
    ADD CONSTRAINT dunning_policies_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.email_suppressions
    ADD CONSTRAINT email_suppressions_pkey PRIMARY KEY (address);
ALTER TABLE ONLY perennial.emails
    ADD CONSTRAINT emails_key_key UNIQUE (key);
ALTER TABLE ONLY perennial.emails
    ADD CONSTRAINT emails_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.event_types
    ADD CONSTRAINT event_types_pkey PRIMARY KEY (type);
ALTER TABLE ONLY perennial.invoice_items
    ADD CONSTRAINT invoice_items_pkey PRIMARY KEY (invoice_id, "position");
ALTER TABLE ONLY perennial.invoice_series
    ADD CONSTRAINT invoice_series_pkey PRIMARY KEY (prefix);
ALTER TABLE ONLY perennial.invoices
    ADD CONSTRAINT invoices_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.invoices
    ADD CONSTRAINT invoices_series_number_key UNIQUE (series, number);
ALTER TABLE ONLY perennial.invoices
    ADD CONSTRAINT invoices_subscription_id_period_index_kind_key UNIQUE (subscription_id, period_index, kind);
ALTER TABLE ONLY perennial.job_catalogue
    ADD CONSTRAINT job_catalogue_pkey PRIMARY KEY (name);
ALTER TABLE ONLY perennial.job_queues
    ADD CONSTRAINT job_queues_pkey PRIMARY KEY (name);
ALTER TABLE ONLY perennial.job_waiters
    ADD CONSTRAINT job_waiters_pkey PRIMARY KEY (queue, worker);
ALTER TABLE ONLY perennial.job_workers
    ADD CONSTRAINT job_workers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.ledger_accounts
    ADD CONSTRAINT ledger_accounts_pkey PRIMARY KEY (code);
ALTER TABLE ONLY perennial.ledger_entries
    ADD CONSTRAINT ledger_entries_pkey PRIMARY KEY (posting_id, "position");
ALTER TABLE ONLY perennial.lifecycle_events
    ADD CONSTRAINT lifecycle_events_event_id_key UNIQUE (event_id);
ALTER TABLE ONLY perennial.lifecycle_events
    ADD CONSTRAINT lifecycle_events_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY perennial.mail_preferences
    ADD CONSTRAINT mail_preferences_pkey PRIMARY KEY (customer_id, stream);
ALTER TABLE ONLY perennial.mail_preferences
    ADD CONSTRAINT mail_preferences_token_key UNIQUE (token);
ALTER TABLE ONLY perennial.membership_types
    ADD CONSTRAINT membership_types_code_key UNIQUE (code);
ALTER TABLE ONLY perennial.membership_types
    ADD CONSTRAINT membership_types_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.metric_codes
    ADD CONSTRAINT metric_codes_pkey PRIMARY KEY (code);
ALTER TABLE ONLY perennial.metrics
    ADD CONSTRAINT metrics_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.mrr_decisions
    ADD CONSTRAINT mrr_decisions_pkey PRIMARY KEY (subscription_id, decision);
ALTER TABLE ONLY perennial.mrr_movements
    ADD CONSTRAINT mrr_movements_pkey PRIMARY KEY (subscription_id, decision, at);
ALTER TABLE ONLY perennial.mrr_movements_2026_11
    ADD CONSTRAINT mrr_movements_2026_11_pkey PRIMARY KEY (subscription_id, decision, at);
ALTER TABLE ONLY perennial.mrr_movements_2026_12
    ADD CONSTRAINT mrr_movements_2026_12_pkey PRIMARY KEY (subscription_id, decision, at);
ALTER TABLE ONLY perennial.mrr_movements_2027_01
    ADD CONSTRAINT mrr_movements_2027_01_pkey PRIMARY KEY (subscription_id, decision, at);
ALTER TABLE ONLY perennial.mrr_movements_2027_02
    ADD CONSTRAINT mrr_movements_2027_02_pkey PRIMARY KEY (subscription_id, decision, at);
ALTER TABLE ONLY perennial.mrr_movements_default
    ADD CONSTRAINT mrr_movements_default_pkey PRIMARY KEY (subscription_id, decision, at);
ALTER TABLE ONLY perennial.commission_rules
    ADD CONSTRAINT one_active_rule EXCLUDE USING gist (COALESCE(affiliate_code, ''::text) WITH =, COALESCE(currency, ''::text) WITH =, tstzrange(active_from, active_until) WITH &&);
ALTER TABLE ONLY perennial.order_items
    ADD CONSTRAINT order_items_pkey PRIMARY KEY (order_id, "position");
ALTER TABLE ONLY perennial.orders
    ADD CONSTRAINT orders_key_key UNIQUE (key);
ALTER TABLE ONLY perennial.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.organization_members
    ADD CONSTRAINT organization_members_pkey PRIMARY KEY (organization_id, user_id);
ALTER TABLE ONLY perennial.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.payment_methods
    ADD CONSTRAINT payment_methods_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.payment_methods
    ADD CONSTRAINT payment_methods_provider_reference_key UNIQUE (provider, reference);
ALTER TABLE ONLY perennial.payment_providers
    ADD CONSTRAINT payment_providers_pkey PRIMARY KEY (name);
ALTER TABLE ONLY perennial.payments
    ADD CONSTRAINT payments_idempotency_key_key UNIQUE (idempotency_key);
ALTER TABLE ONLY perennial.payments
    ADD CONSTRAINT payments_invoice_id_attempt_key UNIQUE (invoice_id, attempt);
ALTER TABLE ONLY perennial.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.pending_invoice_items
    ADD CONSTRAINT pending_invoice_items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.plan_allocations
    ADD CONSTRAINT plan_allocations_pkey PRIMARY KEY (plan_id, unit);
ALTER TABLE ONLY perennial.plan_features
    ADD CONSTRAINT plan_features_pkey PRIMARY KEY (plan_id, feature);
ALTER TABLE ONLY perennial.plan_quota_tiers
    ADD CONSTRAINT plan_quota_tiers_pkey PRIMARY KEY (quota_id, currency, "position");
ALTER TABLE ONLY perennial.plan_quotas
    ADD CONSTRAINT plan_quotas_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.plan_quotas
    ADD CONSTRAINT plan_quotas_plan_id_metric_id_version_key UNIQUE (plan_id, metric_id, version);
ALTER TABLE ONLY perennial.plans
    ADD CONSTRAINT plans_code_key UNIQUE (code);
ALTER TABLE ONLY perennial.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.prices
    ADD CONSTRAINT prices_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.provider_customers
    ADD CONSTRAINT provider_customers_pkey PRIMARY KEY (provider, customer_id);
ALTER TABLE ONLY perennial.provider_customers
    ADD CONSTRAINT provider_customers_provider_reference_key UNIQUE (provider, reference);
ALTER TABLE ONLY perennial.rate_limits
    ADD CONSTRAINT rate_limits_pkey PRIMARY KEY (name);
ALTER TABLE ONLY perennial.referrals
    ADD CONSTRAINT referrals_key_key UNIQUE (key);
ALTER TABLE ONLY perennial.referrals
    ADD CONSTRAINT referrals_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY perennial.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.refunds
    ADD CONSTRAINT refunds_reference_key UNIQUE (reference);
ALTER TABLE ONLY perennial.roi_events
    ADD CONSTRAINT roi_events_pkey PRIMARY KEY (key);
ALTER TABLE ONLY perennial.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (name);
ALTER TABLE ONLY perennial.subscription_history
    ADD CONSTRAINT subscription_history_pkey PRIMARY KEY (subscription_id, version, "position");
ALTER TABLE ONLY perennial.subscription_items
    ADD CONSTRAINT subscription_items_pkey PRIMARY KEY (subscription_id, "position");
ALTER TABLE ONLY perennial.subscription_periods
    ADD CONSTRAINT subscription_periods_pkey PRIMARY KEY (subscription_id, period_index, kind);
ALTER TABLE ONLY perennial.subscription_periods
    ADD CONSTRAINT subscription_periods_subscription_id_tstzrange_excl EXCLUDE USING gist (subscription_id WITH =, tstzrange(starts_at, ends_at) WITH &&);
ALTER TABLE ONLY perennial.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.ticks
    ADD CONSTRAINT ticks_pkey PRIMARY KEY (schedule, tick);
ALTER TABLE ONLY perennial.time_zones
    ADD CONSTRAINT time_zones_pkey PRIMARY KEY (name);
ALTER TABLE ONLY perennial.token_allocations
    ADD CONSTRAINT token_allocations_pkey PRIMARY KEY (customer_id, unit);
ALTER TABLE ONLY perennial.token_package_prices
    ADD CONSTRAINT token_package_prices_pkey PRIMARY KEY (package, currency);
ALTER TABLE ONLY perennial.token_packages
    ADD CONSTRAINT token_packages_pkey PRIMARY KEY (code);
ALTER TABLE ONLY perennial.token_units
    ADD CONSTRAINT token_units_pkey PRIMARY KEY (code);
ALTER TABLE ONLY perennial.transitions
    ADD CONSTRAINT transitions_from_status_edge_to_status_key UNIQUE NULLS NOT DISTINCT (from_status, edge, to_status);
ALTER TABLE ONLY perennial.usage_closings
    ADD CONSTRAINT usage_closings_pkey PRIMARY KEY (customer_id, metric_id, period_start);
ALTER TABLE ONLY perennial.usage_counters
    ADD CONSTRAINT usage_counters_pkey PRIMARY KEY (customer_id, metric_id, period_start, shard);
ALTER TABLE ONLY perennial.usage_event_ids
    ADD CONSTRAINT usage_event_ids_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY perennial.usage_late
    ADD CONSTRAINT usage_late_pkey PRIMARY KEY (customer_id, metric_id, period_start, found_in);
ALTER TABLE ONLY perennial.usage_meters
    ADD CONSTRAINT usage_meters_pkey PRIMARY KEY (customer_id, metric_id);
ALTER TABLE ONLY perennial.usage_warnings
    ADD CONSTRAINT usage_warnings_pkey PRIMARY KEY (customer_id, metric_id, period_start, threshold);
ALTER TABLE ONLY perennial.user_memberships
    ADD CONSTRAINT user_memberships_key_key UNIQUE (key);
ALTER TABLE ONLY perennial.user_memberships
    ADD CONSTRAINT user_memberships_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY perennial.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.wallet_entries
    ADD CONSTRAINT wallet_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.wallet_events
    ADD CONSTRAINT wallet_events_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY perennial.wallet_grants
    ADD CONSTRAINT wallet_grants_pkey PRIMARY KEY (id);
ALTER TABLE ONLY perennial.wallet_grants
    ADD CONSTRAINT wallet_grants_source_key_key UNIQUE (source, key);
ALTER TABLE ONLY perennial.wallets
    ADD CONSTRAINT wallets_pkey PRIMARY KEY (customer_id, unit);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
CREATE INDEX analytics_runs_date ON perennial.analytics_runs USING btree (date, recorded_at);
CREATE INDEX analytics_snapshots_metric ON ONLY perennial.analytics_snapshots USING btree (metric, currency, breakdown, key, date);
CREATE INDEX analytics_snapshots_2026_11_metric_currency_breakdown_key_d_idx ON perennial.analytics_snapshots_2026_11 USING btree (metric, currency, breakdown, key, date);
CREATE INDEX analytics_snapshots_2026_12_metric_currency_breakdown_key_d_idx ON perennial.analytics_snapshots_2026_12 USING btree (metric, currency, breakdown, key, date);
CREATE INDEX analytics_snapshots_2027_01_metric_currency_breakdown_key_d_idx ON perennial.analytics_snapshots_2027_01 USING btree (metric, currency, breakdown, key, date);
CREATE INDEX analytics_snapshots_2027_02_metric_currency_breakdown_key_d_idx ON perennial.analytics_snapshots_2027_02 USING btree (metric, currency, breakdown, key, date);
CREATE INDEX analytics_snapshots_default_metric_currency_breakdown_key_d_idx ON perennial.analytics_snapshots_default USING btree (metric, currency, breakdown, key, date);
CREATE INDEX api_keys_customer ON perennial.api_keys USING btree (customer_id);
CREATE INDEX churn_indicators_date ON ONLY perennial.churn_indicators USING btree (date);
CREATE INDEX churn_indicators_2026_11_date_idx ON perennial.churn_indicators_2026_11 USING btree (date);
CREATE INDEX churn_indicators_2026_12_date_idx ON perennial.churn_indicators_2026_12 USING btree (date);
CREATE INDEX churn_indicators_2027_01_date_idx ON perennial.churn_indicators_2027_01 USING btree (date);
CREATE INDEX churn_indicators_2027_02_date_idx ON perennial.churn_indicators_2027_02 USING btree (date);
CREATE INDEX churn_indicators_default_date_idx ON perennial.churn_indicators_default USING btree (date);
CREATE INDEX commissions_affiliate ON perennial.commissions USING btree (affiliate_code, currency, payable_at);
CREATE INDEX commissions_customer ON perennial.commissions USING btree (customer_id, rule_id);
CREATE INDEX customer_balance_by_customer ON perennial.customer_balance_entries USING btree (customer_id, currency);
CREATE INDEX customer_balance_by_invoice ON perennial.customer_balance_entries USING btree (invoice_id);
CREATE INDEX customer_cohorts_purchase ON perennial.customer_cohorts USING btree (first_purchase_at) WHERE (first_purchase_at IS NOT NULL);
CREATE INDEX customers_email ON perennial.customers USING btree (email);
CREATE INDEX customers_organization ON perennial.customers USING btree (organization_id) WHERE (organization_id IS NOT NULL);
CREATE INDEX customers_user ON perennial.customers USING btree (user_id) WHERE (user_id IS NOT NULL);
CREATE INDEX dead_jobs_died_at ON perennial.dead_jobs USING btree (died_at);
CREATE INDEX dead_jobs_key ON perennial.dead_jobs USING btree (queue, unique_key) WHERE (unique_key IS NOT NULL);
CREATE INDEX disputes_on ON perennial.disputes USING brin (opened_at) WITH (pages_per_range='32');
CREATE INDEX disputes_opened ON perennial.disputes USING btree (clock_id, opened_at) WHERE (opened_at IS NOT NULL);
CREATE INDEX disputes_payment ON perennial.disputes USING btree (payment_id);
CREATE INDEX dunning_cases_closed ON perennial.dunning_cases USING btree (closed_at) WHERE (closed_at IS NOT NULL);
CREATE INDEX dunning_cases_failed ON perennial.dunning_cases USING btree (failed_at);
CREATE UNIQUE INDEX dunning_cases_open ON perennial.dunning_cases USING btree (subscription_id) WHERE (closed_at IS NULL);
CREATE INDEX emails_case ON perennial.emails USING btree (case_id, queued_at) WHERE (case_id IS NOT NULL);
CREATE INDEX emails_due ON perennial.emails USING btree (clock_id, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX emails_settled ON perennial.emails USING brin (settled_at) WITH (pages_per_range='32');
CREATE INDEX emails_subscription ON perennial.emails USING btree (subscription_id);
CREATE UNIQUE INDEX invoices_intent ON perennial.invoices USING btree (provider, intent_reference) WHERE (intent_reference IS NOT NULL);
CREATE UNIQUE INDEX invoices_order ON perennial.invoices USING btree (order_id) WHERE (order_id IS NOT NULL);
CREATE INDEX invoices_unfinished ON perennial.invoices USING btree (subscription_id) WHERE ((status = 'open'::text) OR (receipt_key IS NULL));
CREATE INDEX job_history_delete_at ON perennial.job_history USING btree (delete_at);
CREATE INDEX job_queues_kept ON perennial.job_queues USING btree (name) WHERE (keep_done_for IS NOT NULL);
CREATE INDEX jobs_later ON perennial.jobs USING btree (queue, run_at) WHERE (state = 'later'::text);
CREATE UNIQUE INDEX jobs_live_key ON perennial.jobs USING btree (queue, unique_key) WHERE (unique_key IS NOT NULL);
CREATE INDEX jobs_ready ON perennial.jobs USING btree (queue, priority, run_at, id) WHERE (state = 'ready'::text);
CREATE INDEX jobs_running ON perennial.jobs USING btree (queue, lease_until) WHERE (state = 'running'::text);
CREATE INDEX ledger_entries_at ON perennial.ledger_entries USING brin (at) WITH (pages_per_range='32');
CREATE INDEX ledger_entries_cash ON perennial.ledger_entries USING btree (customer_id, currency) INCLUDE (amount_minor) WHERE (account = 'cash'::text);
CREATE INDEX ledger_entries_recorded ON perennial.ledger_entries USING brin (recorded_at) WITH (pages_per_range='32');
CREATE INDEX ledger_entries_subscription ON perennial.ledger_entries USING btree (subscription_id);
CREATE INDEX lifecycle_events_customer ON perennial.lifecycle_events USING btree (customer_id, seq);
CREATE INDEX lifecycle_events_subject ON perennial.lifecycle_events USING btree (subject);
CREATE INDEX lifecycle_events_unprocessed ON perennial.lifecycle_events USING btree (clock_id, customer_id, seq) WHERE (processed_at IS NULL);
CREATE INDEX membership_types_features ON perennial.membership_types USING gin (features);
CREATE UNIQUE INDEX metric_codes_current ON perennial.metric_codes USING btree (metric_id) WHERE (retired_at IS NULL);
CREATE INDEX mrr_movements_at ON ONLY perennial.mrr_movements USING btree (at);
CREATE INDEX mrr_movements_2026_11_at_idx ON perennial.mrr_movements_2026_11 USING btree (at);
CREATE INDEX mrr_movements_customer ON ONLY perennial.mrr_movements USING btree (customer_id, currency, seq);
CREATE INDEX mrr_movements_2026_11_customer_id_currency_seq_idx ON perennial.mrr_movements_2026_11 USING btree (customer_id, currency, seq);
CREATE INDEX mrr_movements_recorded ON ONLY perennial.mrr_movements USING brin (recorded_at) WITH (pages_per_range='32');
CREATE INDEX mrr_movements_2026_11_recorded_at_idx ON perennial.mrr_movements_2026_11 USING brin (recorded_at) WITH (pages_per_range='32');
CREATE INDEX mrr_movements_2026_12_at_idx ON perennial.mrr_movements_2026_12 USING btree (at);
CREATE INDEX mrr_movements_2026_12_customer_id_currency_seq_idx ON perennial.mrr_movements_2026_12 USING btree (customer_id, currency, seq);
CREATE INDEX mrr_movements_2026_12_recorded_at_idx ON perennial.mrr_movements_2026_12 USING brin (recorded_at) WITH (pages_per_range='32');
CREATE INDEX mrr_movements_2027_01_at_idx ON perennial.mrr_movements_2027_01 USING btree (at);
CREATE INDEX mrr_movements_2027_01_customer_id_currency_seq_idx ON perennial.mrr_movements_2027_01 USING btree (customer_id, currency, seq);
CREATE INDEX mrr_movements_2027_01_recorded_at_idx ON perennial.mrr_movements_2027_01 USING brin (recorded_at) WITH (pages_per_range='32');
CREATE INDEX mrr_movements_2027_02_at_idx ON perennial.mrr_movements_2027_02 USING btree (at);
CREATE INDEX mrr_movements_2027_02_customer_id_currency_seq_idx ON perennial.mrr_movements_2027_02 USING btree (customer_id, currency, seq);
CREATE INDEX mrr_movements_2027_02_recorded_at_idx ON perennial.mrr_movements_2027_02 USING brin (recorded_at) WITH (pages_per_range='32');
CREATE INDEX mrr_movements_default_at_idx ON perennial.mrr_movements_default USING btree (at);
CREATE INDEX mrr_movements_default_customer_id_currency_seq_idx ON perennial.mrr_movements_default USING btree (customer_id, currency, seq);
CREATE INDEX mrr_movements_default_recorded_at_idx ON perennial.mrr_movements_default USING brin (recorded_at) WITH (pages_per_range='32');
CREATE INDEX orders_customer ON perennial.orders USING btree (customer_id, placed_at);
CREATE INDEX organization_members_user ON perennial.organization_members USING btree (user_id);
CREATE INDEX payment_methods_customer ON perennial.payment_methods USING btree (customer_id, "position");
CREATE INDEX payments_declined ON perennial.payments USING btree (customer_id, settled_at) WHERE (status = 'declined'::text);
CREATE INDEX payments_due ON perennial.payments USING btree (clock_id, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX payments_method ON perennial.payments USING btree (method_id, planned_at);
CREATE UNIQUE INDEX payments_one_capture ON perennial.payments USING btree (invoice_id) WHERE (status = 'succeeded'::text);
CREATE UNIQUE INDEX payments_one_in_flight ON perennial.payments USING btree (subscription_id) WHERE (status = ANY (ARRAY['planned'::text, 'executing'::text, 'unknown'::text, 'processing'::text]));
CREATE UNIQUE INDEX payments_order_in_flight ON perennial.payments USING btree (order_id) WHERE ((order_id IS NOT NULL) AND (status = ANY (ARRAY['planned'::text, 'executing'::text, 'unknown'::text, 'processing'::text])));
CREATE INDEX payments_settled ON perennial.payments USING brin (settled_at) WITH (pages_per_range='32');
CREATE INDEX payments_succeeded ON perennial.payments USING btree (customer_id, settled_at) WHERE (status = 'succeeded'::text);
CREATE INDEX pending_invoice_items_final ON perennial.pending_invoice_items USING btree (clock_id, final_at) WHERE ((invoice_id IS NULL) AND (final_at IS NOT NULL));
CREATE INDEX pending_invoice_items_open ON perennial.pending_invoice_items USING btree (subscription_id) WHERE (invoice_id IS NULL);
CREATE INDEX plan_features_feature ON perennial.plan_features USING btree (feature);
CREATE UNIQUE INDEX prices_listed ON perennial.prices USING btree (plan_id, currency, interval_unit, interval_count) WHERE ((customer_id IS NULL) AND active);
CREATE UNIQUE INDEX prices_negotiated ON perennial.prices USING btree (customer_id, plan_id, currency, interval_unit, interval_count) WHERE ((customer_id IS NOT NULL) AND active);
CREATE INDEX refunds_at ON perennial.refunds USING btree (clock_id, at);
CREATE INDEX refunds_on ON perennial.refunds USING brin (at) WITH (pages_per_range='32');
CREATE INDEX refunds_payment ON perennial.refunds USING btree (payment_id);
CREATE INDEX roi_events_feature ON perennial.roi_events USING btree (feature, at) WHERE (feature IS NOT NULL);
CREATE INDEX roi_events_query ON perennial.roi_events USING btree (query_id, at) WHERE (query_id IS NOT NULL);
CREATE INDEX subscription_history_at ON perennial.subscription_history USING brin (at) WITH (pages_per_range='32');
CREATE INDEX subscription_history_recorded ON perennial.subscription_history USING brin (recorded_at) WITH (pages_per_range='32');
CREATE INDEX subscriptions_customer ON perennial.subscriptions USING btree (customer_id);
CREATE INDEX subscriptions_due ON perennial.subscriptions USING btree (clock_id, next_action_at) WHERE (next_action_at IS NOT NULL);
CREATE INDEX token_allocations_due ON perennial.token_allocations USING btree (clock_id, due_at);
CREATE INDEX usage_closings_ended ON perennial.usage_closings USING brin (period_end) WITH (pages_per_range='32');
CREATE INDEX usage_counters_shared ON perennial.usage_counters USING btree (customer_id, metric_id, period_start) WHERE (shard > 0);
CREATE INDEX usage_event_ids_at ON perennial.usage_event_ids USING brin (at);
CREATE INDEX usage_events_meter ON ONLY perennial.usage_events USING btree (customer_id, metric_id, period_start);
CREATE INDEX usage_events_2026_10_customer_id_metric_id_period_start_idx ON perennial.usage_events_2026_10 USING btree (customer_id, metric_id, period_start);
CREATE INDEX usage_events_2026_11_customer_id_metric_id_period_start_idx ON perennial.usage_events_2026_11 USING btree (customer_id, metric_id, period_start);
CREATE INDEX usage_events_2026_12_customer_id_metric_id_period_start_idx ON perennial.usage_events_2026_12 USING btree (customer_id, metric_id, period_start);
CREATE INDEX usage_events_2027_01_customer_id_metric_id_period_start_idx ON perennial.usage_events_2027_01 USING btree (customer_id, metric_id, period_start);
CREATE INDEX usage_events_2027_02_customer_id_metric_id_period_start_idx ON perennial.usage_events_2027_02 USING btree (customer_id, metric_id, period_start);
CREATE INDEX usage_events_default_customer_id_metric_id_period_start_idx ON perennial.usage_events_default USING btree (customer_id, metric_id, period_start);
CREATE INDEX usage_meters_due ON perennial.usage_meters USING btree (clock_id, period_end) WHERE (period_end IS NOT NULL);
CREATE INDEX usage_warnings_crossed ON perennial.usage_warnings USING brin (crossed_at) WITH (pages_per_range='32');
CREATE INDEX usage_warnings_due ON perennial.usage_warnings USING btree (clock_id, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX usage_warnings_recorded ON perennial.usage_warnings USING brin (recorded_at) WITH (pages_per_range='32');
CREATE INDEX user_memberships_due ON perennial.user_memberships USING btree (clock_id, due_at) WHERE (due_at IS NOT NULL);
CREATE UNIQUE INDEX user_memberships_order ON perennial.user_memberships USING btree (order_id, membership_type_id) WHERE (order_id IS NOT NULL);
CREATE UNIQUE INDEX user_memberships_subscription ON perennial.user_memberships USING btree (subscription_id, membership_type_id, user_id) WHERE ((subscription_id IS NOT NULL) AND (status <> 'canceled'::text));
CREATE INDEX user_memberships_user ON perennial.user_memberships USING btree (user_id);
CREATE INDEX wallet_entries_at ON perennial.wallet_entries USING brin (at) WITH (pages_per_range='32');
CREATE UNIQUE INDEX wallet_entries_event ON perennial.wallet_entries USING btree (event_id, grant_id, kind) WHERE (event_id IS NOT NULL);
CREATE INDEX wallet_entries_grant ON perennial.wallet_entries USING btree (grant_id);
CREATE INDEX wallet_grants_expiring ON perennial.wallet_grants USING btree (clock_id, expires_at) WHERE ((remaining > 0) AND (expires_at IS NOT NULL));
CREATE INDEX wallet_grants_usable ON perennial.wallet_grants USING btree (customer_id, unit) WHERE (remaining > 0);
CREATE INDEX wallets_top_up ON perennial.wallets USING btree (clock_id, top_up_at) WHERE (top_up_at IS NOT NULL);
CREATE INDEX wallets_warn ON perennial.wallets USING btree (clock_id, warn_at) WHERE (warn_at IS NOT NULL);
ALTER INDEX perennial.analytics_snapshots_metric ATTACH PARTITION perennial.analytics_snapshots_2026_11_metric_currency_breakdown_key_d_idx;
ALTER INDEX perennial.analytics_snapshots_pkey ATTACH PARTITION perennial.analytics_snapshots_2026_11_pkey;
ALTER INDEX perennial.analytics_snapshots_metric ATTACH PARTITION perennial.analytics_snapshots_2026_12_metric_currency_breakdown_key_d_idx;
ALTER INDEX perennial.analytics_snapshots_pkey ATTACH PARTITION perennial.analytics_snapshots_2026_12_pkey;
ALTER INDEX perennial.analytics_snapshots_metric ATTACH PARTITION perennial.analytics_snapshots_2027_01_metric_currency_breakdown_key_d_idx;
ALTER INDEX perennial.analytics_snapshots_pkey ATTACH PARTITION perennial.analytics_snapshots_2027_01_pkey;
ALTER INDEX perennial.analytics_snapshots_metric ATTACH PARTITION perennial.analytics_snapshots_2027_02_metric_currency_breakdown_key_d_idx;
ALTER INDEX perennial.analytics_snapshots_pkey ATTACH PARTITION perennial.analytics_snapshots_2027_02_pkey;
ALTER INDEX perennial.analytics_snapshots_metric ATTACH PARTITION perennial.analytics_snapshots_default_metric_currency_breakdown_key_d_idx;
ALTER INDEX perennial.analytics_snapshots_pkey ATTACH PARTITION perennial.analytics_snapshots_default_pkey;
ALTER INDEX perennial.churn_indicators_date ATTACH PARTITION perennial.churn_indicators_2026_11_date_idx;
ALTER INDEX perennial.churn_indicators_pkey ATTACH PARTITION perennial.churn_indicators_2026_11_pkey;
ALTER INDEX perennial.churn_indicators_date ATTACH PARTITION perennial.churn_indicators_2026_12_date_idx;
ALTER INDEX perennial.churn_indicators_pkey ATTACH PARTITION perennial.churn_indicators_2026_12_pkey;
ALTER INDEX perennial.churn_indicators_date ATTACH PARTITION perennial.churn_indicators_2027_01_date_idx;
ALTER INDEX perennial.churn_indicators_pkey ATTACH PARTITION perennial.churn_indicators_2027_01_pkey;
ALTER INDEX perennial.churn_indicators_date ATTACH PARTITION perennial.churn_indicators_2027_02_date_idx;
ALTER INDEX perennial.churn_indicators_pkey ATTACH PARTITION perennial.churn_indicators_2027_02_pkey;
ALTER INDEX perennial.churn_indicators_date ATTACH PARTITION perennial.churn_indicators_default_date_idx;
ALTER INDEX perennial.churn_indicators_pkey ATTACH PARTITION perennial.churn_indicators_default_pkey;
ALTER INDEX perennial.mrr_movements_at ATTACH PARTITION perennial.mrr_movements_2026_11_at_idx;
ALTER INDEX perennial.mrr_movements_customer ATTACH PARTITION perennial.mrr_movements_2026_11_customer_id_currency_seq_idx;
ALTER INDEX perennial.mrr_movements_pkey ATTACH PARTITION perennial.mrr_movements_2026_11_pkey;
ALTER INDEX perennial.mrr_movements_recorded ATTACH PARTITION perennial.mrr_movements_2026_11_recorded_at_idx;
ALTER INDEX perennial.mrr_movements_at ATTACH PARTITION perennial.mrr_movements_2026_12_at_idx;
ALTER INDEX perennial.mrr_movements_customer ATTACH PARTITION perennial.mrr_movements_2026_12_customer_id_currency_seq_idx;
ALTER INDEX perennial.mrr_movements_pkey ATTACH PARTITION perennial.mrr_movements_2026_12_pkey;
ALTER INDEX perennial.mrr_movements_recorded ATTACH PARTITION perennial.mrr_movements_2026_12_recorded_at_idx;
ALTER INDEX perennial.mrr_movements_at ATTACH PARTITION perennial.mrr_movements_2027_01_at_idx;
ALTER INDEX perennial.mrr_movements_customer ATTACH PARTITION perennial.mrr_movements_2027_01_customer_id_currency_seq_idx;
ALTER INDEX perennial.mrr_movements_pkey ATTACH PARTITION perennial.mrr_movements_2027_01_pkey;
ALTER INDEX perennial.mrr_movements_recorded ATTACH PARTITION perennial.mrr_movements_2027_01_recorded_at_idx;
ALTER INDEX perennial.mrr_movements_at ATTACH PARTITION perennial.mrr_movements_2027_02_at_idx;
ALTER INDEX perennial.mrr_movements_customer ATTACH PARTITION perennial.mrr_movements_2027_02_customer_id_currency_seq_idx;
ALTER INDEX perennial.mrr_movements_pkey ATTACH PARTITION perennial.mrr_movements_2027_02_pkey;
ALTER INDEX perennial.mrr_movements_recorded ATTACH PARTITION perennial.mrr_movements_2027_02_recorded_at_idx;
ALTER INDEX perennial.mrr_movements_at ATTACH PARTITION perennial.mrr_movements_default_at_idx;
ALTER INDEX perennial.mrr_movements_customer ATTACH PARTITION perennial.mrr_movements_default_customer_id_currency_seq_idx;
ALTER INDEX perennial.mrr_movements_pkey ATTACH PARTITION perennial.mrr_movements_default_pkey;
ALTER INDEX perennial.mrr_movements_recorded ATTACH PARTITION perennial.mrr_movements_default_recorded_at_idx;
ALTER INDEX perennial.usage_events_meter ATTACH PARTITION perennial.usage_events_2026_10_customer_id_metric_id_period_start_idx;
ALTER INDEX perennial.usage_events_meter ATTACH PARTITION perennial.usage_events_2026_11_customer_id_metric_id_period_start_idx;
ALTER INDEX perennial.usage_events_meter ATTACH PARTITION perennial.usage_events_2026_12_customer_id_metric_id_period_start_idx;
ALTER INDEX perennial.usage_events_meter ATTACH PARTITION perennial.usage_events_2027_01_customer_id_metric_id_period_start_idx;
ALTER INDEX perennial.usage_events_meter ATTACH PARTITION perennial.usage_events_2027_02_customer_id_metric_id_period_start_idx;
ALTER INDEX perennial.usage_events_meter ATTACH PARTITION perennial.usage_events_default_customer_id_metric_id_period_start_idx;
CREATE OR REPLACE VIEW perennial.commissions_due AS
 SELECT c.payment_id,
    c.customer_id,
    sum(c.amount_minor) AS stands_minor,
    max(c."position") AS "position",
    (max(c.amount_minor) FILTER (WHERE (c."position" = 0)) - (div(((((2)::numeric * (max(c.amount_minor) FILTER (WHERE (c."position" = 0)))::numeric) * ((p.refunded_minor + p.disputed_minor))::numeric) + (p.amount_minor)::numeric), ((2)::numeric * (p.amount_minor)::numeric)))::bigint) AS due_minor
   FROM (perennial.commissions c
     JOIN perennial.payments p ON ((p.id = c.payment_id)))
  GROUP BY c.payment_id, c.customer_id, p.id;
CREATE TRIGGER announce AFTER INSERT OR UPDATE ON perennial.clocks FOR EACH STATEMENT EXECUTE FUNCTION perennial.announce_due();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OF final_at ON perennial.pending_invoice_items FOR EACH ROW WHEN ((new.final_at IS NOT NULL)) EXECUTE FUNCTION perennial.announce_due();
CREATE TRIGGER announce AFTER INSERT ON perennial.token_allocations FOR EACH ROW EXECUTE FUNCTION perennial.announce_due();
CREATE TRIGGER announce AFTER INSERT ON perennial.usage_warnings FOR EACH ROW EXECUTE FUNCTION perennial.announce_due();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.analytics_runs FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.analytics_snapshots FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.audit_log FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.commissions FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.customer_balance_entries FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.dunning_policies FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.mrr_decisions FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.mrr_movements FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.plan_quota_tiers FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.plan_quotas FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.referrals FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.refunds FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.roi_events FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.subscription_history FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.usage_closings FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.usage_late FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON perennial.wallet_entries FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.analytics_runs FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.analytics_snapshots FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.audit_log FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.commissions FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.customer_balance_entries FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.dunning_policies FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.mrr_decisions FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.mrr_movements FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.plan_quota_tiers FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.plan_quotas FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.referrals FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.refunds FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.roi_events FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.subscription_history FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.usage_closings FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.usage_late FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON perennial.wallet_entries FOR EACH STATEMENT EXECUTE FUNCTION perennial.refuse_change();
CREATE TRIGGER await_allocation AFTER UPDATE ON perennial.subscriptions FOR EACH ROW WHEN (((new.status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text, 'grace'::text])) AND ((new.plan_id <> old.plan_id) OR (old.status <> ALL (ARRAY['trialing'::text, 'active'::text, 'past_due'::text, 'grace'::text]))))) EXECUTE FUNCTION perennial.await_allocation();
CREATE TRIGGER await_allocation_new AFTER INSERT ON perennial.subscriptions FOR EACH ROW WHEN ((new.status = ANY (ARRAY['trialing'::text, 'active'::text, 'past_due'::text, 'grace'::text]))) EXECUTE FUNCTION perennial.await_allocation();
CREATE TRIGGER await_allocations AFTER INSERT ON perennial.plan_allocations FOR EACH ROW EXECUTE FUNCTION perennial.await_allocations();
CREATE TRIGGER balanced AFTER INSERT ON perennial.ledger_entries REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION perennial.require_balanced_postings();
CREATE TRIGGER country BEFORE INSERT ON perennial.customer_cohorts FOR EACH ROW EXECUTE FUNCTION perennial.note_country();
CREATE TRIGGER keep_dispute BEFORE DELETE OR UPDATE ON perennial.disputes FOR EACH ROW EXECUTE FUNCTION perennial.keep_dispute();
CREATE TRIGGER keep_first BEFORE UPDATE ON perennial.customer_cohorts FOR EACH ROW EXECUTE FUNCTION perennial.keep_first();
CREATE TRIGGER keep_rule BEFORE DELETE OR UPDATE ON perennial.commission_rules FOR EACH ROW EXECUTE FUNCTION perennial.keep_rule();
CREATE TRIGGER monotonic BEFORE UPDATE ON perennial.clocks FOR EACH ROW EXECUTE FUNCTION perennial.keep_clock_monotonic();
CREATE TRIGGER moved_once AFTER INSERT ON perennial.mrr_movements REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION perennial.note_mrr_decisions();
CREATE TRIGGER quota BEFORE INSERT ON perennial.usage_warnings FOR EACH ROW EXECUTE FUNCTION perennial.note_quota();
CREATE TRIGGER zone BEFORE INSERT OR UPDATE ON perennial.analytics_settings FOR EACH ROW EXECUTE FUNCTION perennial.require_zone();
CREATE TRIGGER zone_kept BEFORE UPDATE ON perennial.analytics_settings FOR EACH ROW EXECUTE FUNCTION perennial.keep_zone();
ALTER TABLE perennial.analytics_snapshots
    ADD CONSTRAINT analytics_snapshots_metric_fkey FOREIGN KEY (metric) REFERENCES perennial.analytics_metrics(metric);
ALTER TABLE perennial.analytics_snapshots
    ADD CONSTRAINT analytics_snapshots_run_id_fkey FOREIGN KEY (run_id) REFERENCES perennial.analytics_runs(id);
ALTER TABLE ONLY perennial.api_keys
    ADD CONSTRAINT api_keys_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.api_keys
    ADD CONSTRAINT api_keys_rotated_to_fkey FOREIGN KEY (rotated_to) REFERENCES perennial.api_keys(id);
ALTER TABLE perennial.churn_indicators
    ADD CONSTRAINT churn_indicators_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.commission_rules
    ADD CONSTRAINT commission_rules_affiliate_code_fkey FOREIGN KEY (affiliate_code) REFERENCES perennial.affiliates(code);
ALTER TABLE ONLY perennial.commissions
    ADD CONSTRAINT commissions_affiliate_code_fkey FOREIGN KEY (affiliate_code) REFERENCES perennial.affiliates(code);
ALTER TABLE ONLY perennial.commissions
    ADD CONSTRAINT commissions_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES perennial.payments(id);
ALTER TABLE ONLY perennial.commissions
    ADD CONSTRAINT commissions_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES perennial.commission_rules(id);
ALTER TABLE ONLY perennial.content_access_rules
    ADD CONSTRAINT content_access_rules_membership_fkey FOREIGN KEY (membership) REFERENCES perennial.membership_types(code) ON UPDATE CASCADE;
ALTER TABLE ONLY perennial.content_access_rules
    ADD CONSTRAINT content_access_rules_plan_fkey FOREIGN KEY (plan) REFERENCES perennial.plans(code) ON UPDATE CASCADE;
ALTER TABLE ONLY perennial.customer_balance_entries
    ADD CONSTRAINT customer_balance_entries_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.customer_balance_entries
    ADD CONSTRAINT customer_balance_entries_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES perennial.invoices(id);
ALTER TABLE ONLY perennial.customer_cohorts
    ADD CONSTRAINT customer_cohorts_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.customer_mrr
    ADD CONSTRAINT customer_mrr_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.customer_quotas
    ADD CONSTRAINT customer_quotas_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.customer_quotas
    ADD CONSTRAINT customer_quotas_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES perennial.metrics(id);
ALTER TABLE ONLY perennial.customers
    ADD CONSTRAINT customers_clock_id_fkey FOREIGN KEY (clock_id) REFERENCES perennial.clocks(id);
ALTER TABLE ONLY perennial.customers
    ADD CONSTRAINT customers_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES perennial.organizations(id);
ALTER TABLE ONLY perennial.customers
    ADD CONSTRAINT customers_user_id_fkey FOREIGN KEY (user_id) REFERENCES perennial.users(id);
ALTER TABLE ONLY perennial.disputes
    ADD CONSTRAINT disputes_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES perennial.payments(id);
ALTER TABLE ONLY perennial.dunning_cases
    ADD CONSTRAINT dunning_cases_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES perennial.dunning_policies(id);
ALTER TABLE ONLY perennial.dunning_cases
    ADD CONSTRAINT dunning_cases_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES perennial.subscriptions(id);
ALTER TABLE ONLY perennial.emails
    ADD CONSTRAINT emails_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.invoice_items
    ADD CONSTRAINT invoice_items_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES perennial.invoices(id);
ALTER TABLE ONLY perennial.invoices
    ADD CONSTRAINT invoices_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.invoices
    ADD CONSTRAINT invoices_order_id_fkey FOREIGN KEY (order_id) REFERENCES perennial.orders(id);
ALTER TABLE ONLY perennial.invoices
    ADD CONSTRAINT invoices_provider_fkey FOREIGN KEY (provider) REFERENCES perennial.payment_providers(name);
ALTER TABLE ONLY perennial.invoices
    ADD CONSTRAINT invoices_series_fkey FOREIGN KEY (series) REFERENCES perennial.invoice_series(prefix);
ALTER TABLE ONLY perennial.invoices
    ADD CONSTRAINT invoices_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES perennial.subscriptions(id);
ALTER TABLE ONLY perennial.ledger_entries
    ADD CONSTRAINT ledger_entries_account_fkey FOREIGN KEY (account) REFERENCES perennial.ledger_accounts(code);
ALTER TABLE ONLY perennial.lifecycle_events
    ADD CONSTRAINT lifecycle_events_type_fkey FOREIGN KEY (type) REFERENCES perennial.event_types(type);
ALTER TABLE ONLY perennial.mail_preferences
    ADD CONSTRAINT mail_preferences_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.metric_codes
    ADD CONSTRAINT metric_codes_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES perennial.metrics(id);
ALTER TABLE ONLY perennial.order_items
    ADD CONSTRAINT order_items_order_id_fkey FOREIGN KEY (order_id) REFERENCES perennial.orders(id);
ALTER TABLE ONLY perennial.order_items
    ADD CONSTRAINT order_items_package_fkey FOREIGN KEY (package) REFERENCES perennial.token_packages(code);
ALTER TABLE ONLY perennial.order_items
    ADD CONSTRAINT order_items_unit_fkey FOREIGN KEY (unit) REFERENCES perennial.token_units(code);
ALTER TABLE ONLY perennial.orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.organization_members
    ADD CONSTRAINT organization_members_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES perennial.organizations(id);
ALTER TABLE ONLY perennial.organization_members
    ADD CONSTRAINT organization_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES perennial.users(id);
ALTER TABLE ONLY perennial.payment_methods
    ADD CONSTRAINT payment_methods_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.payment_methods
    ADD CONSTRAINT payment_methods_provider_fkey FOREIGN KEY (provider) REFERENCES perennial.payment_providers(name);
ALTER TABLE ONLY perennial.payments
    ADD CONSTRAINT payments_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES perennial.invoices(id);
ALTER TABLE ONLY perennial.payments
    ADD CONSTRAINT payments_method_id_fkey FOREIGN KEY (method_id) REFERENCES perennial.payment_methods(id);
ALTER TABLE ONLY perennial.payments
    ADD CONSTRAINT payments_provider_fkey FOREIGN KEY (provider) REFERENCES perennial.payment_providers(name);
ALTER TABLE ONLY perennial.pending_invoice_items
    ADD CONSTRAINT pending_invoice_items_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.pending_invoice_items
    ADD CONSTRAINT pending_invoice_items_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES perennial.invoices(id);
ALTER TABLE ONLY perennial.pending_invoice_items
    ADD CONSTRAINT pending_invoice_items_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES perennial.metrics(id);
ALTER TABLE ONLY perennial.pending_invoice_items
    ADD CONSTRAINT pending_invoice_items_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES perennial.subscriptions(id);
ALTER TABLE ONLY perennial.plan_allocations
    ADD CONSTRAINT plan_allocations_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES perennial.plans(id);
ALTER TABLE ONLY perennial.plan_allocations
    ADD CONSTRAINT plan_allocations_unit_fkey FOREIGN KEY (unit) REFERENCES perennial.token_units(code);
ALTER TABLE ONLY perennial.plan_features
    ADD CONSTRAINT plan_features_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES perennial.plans(id);
ALTER TABLE ONLY perennial.plan_quota_tiers
    ADD CONSTRAINT plan_quota_tiers_quota_id_fkey FOREIGN KEY (quota_id) REFERENCES perennial.plan_quotas(id);
ALTER TABLE ONLY perennial.plan_quotas
    ADD CONSTRAINT plan_quotas_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES perennial.metrics(id);
ALTER TABLE ONLY perennial.plan_quotas
    ADD CONSTRAINT plan_quotas_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES perennial.plans(id);
ALTER TABLE ONLY perennial.prices
    ADD CONSTRAINT prices_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.prices
    ADD CONSTRAINT prices_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES perennial.plans(id);
ALTER TABLE ONLY perennial.provider_customers
    ADD CONSTRAINT provider_customers_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.provider_customers
    ADD CONSTRAINT provider_customers_provider_fkey FOREIGN KEY (provider) REFERENCES perennial.payment_providers(name);
ALTER TABLE ONLY perennial.referrals
    ADD CONSTRAINT referrals_affiliate_code_fkey FOREIGN KEY (affiliate_code) REFERENCES perennial.affiliates(code);
ALTER TABLE ONLY perennial.refunds
    ADD CONSTRAINT refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES perennial.payments(id);
ALTER TABLE ONLY perennial.subscription_items
    ADD CONSTRAINT subscription_items_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES perennial.plans(id);
ALTER TABLE ONLY perennial.subscription_items
    ADD CONSTRAINT subscription_items_price_id_fkey FOREIGN KEY (price_id) REFERENCES perennial.prices(id);
ALTER TABLE ONLY perennial.subscription_items
    ADD CONSTRAINT subscription_items_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES perennial.subscriptions(id);
ALTER TABLE ONLY perennial.subscription_periods
    ADD CONSTRAINT subscription_periods_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES perennial.subscriptions(id);
ALTER TABLE ONLY perennial.subscriptions
    ADD CONSTRAINT subscriptions_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.subscriptions
    ADD CONSTRAINT subscriptions_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES perennial.plans(id);
ALTER TABLE ONLY perennial.subscriptions
    ADD CONSTRAINT subscriptions_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES perennial.dunning_policies(id);
ALTER TABLE ONLY perennial.ticks
    ADD CONSTRAINT ticks_schedule_fkey FOREIGN KEY (schedule) REFERENCES perennial.schedules(name) ON DELETE CASCADE;
ALTER TABLE ONLY perennial.token_allocations
    ADD CONSTRAINT token_allocations_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.token_allocations
    ADD CONSTRAINT token_allocations_unit_fkey FOREIGN KEY (unit) REFERENCES perennial.token_units(code);
ALTER TABLE ONLY perennial.token_package_prices
    ADD CONSTRAINT token_package_prices_package_fkey FOREIGN KEY (package) REFERENCES perennial.token_packages(code);
ALTER TABLE ONLY perennial.token_packages
    ADD CONSTRAINT token_packages_unit_fkey FOREIGN KEY (unit) REFERENCES perennial.token_units(code);
ALTER TABLE ONLY perennial.usage_meters
    ADD CONSTRAINT usage_meters_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.usage_meters
    ADD CONSTRAINT usage_meters_metric_id_fkey FOREIGN KEY (metric_id) REFERENCES perennial.metrics(id);
ALTER TABLE ONLY perennial.usage_meters
    ADD CONSTRAINT usage_meters_quota_id_fkey FOREIGN KEY (quota_id) REFERENCES perennial.plan_quotas(id);
ALTER TABLE ONLY perennial.usage_meters
    ADD CONSTRAINT usage_meters_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES perennial.subscriptions(id);
ALTER TABLE ONLY perennial.usage_warnings
    ADD CONSTRAINT usage_warnings_quota_id_fkey FOREIGN KEY (quota_id) REFERENCES perennial.plan_quotas(id);
ALTER TABLE ONLY perennial.user_memberships
    ADD CONSTRAINT user_memberships_membership_type_id_fkey FOREIGN KEY (membership_type_id) REFERENCES perennial.membership_types(id);
ALTER TABLE ONLY perennial.user_memberships
    ADD CONSTRAINT user_memberships_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES perennial.subscriptions(id);
ALTER TABLE ONLY perennial.user_memberships
    ADD CONSTRAINT user_memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES perennial.users(id);
ALTER TABLE ONLY perennial.wallet_entries
    ADD CONSTRAINT wallet_entries_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES perennial.wallet_grants(id);
ALTER TABLE ONLY perennial.wallet_grants
    ADD CONSTRAINT wallet_grants_customer_id_unit_fkey FOREIGN KEY (customer_id, unit) REFERENCES perennial.wallets(customer_id, unit);
ALTER TABLE ONLY perennial.wallets
    ADD CONSTRAINT wallets_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES perennial.customers(id);
ALTER TABLE ONLY perennial.wallets
    ADD CONSTRAINT wallets_top_up_package_fkey FOREIGN KEY (top_up_package) REFERENCES perennial.token_packages(code);
ALTER TABLE ONLY perennial.wallets
    ADD CONSTRAINT wallets_unit_fkey FOREIGN KEY (unit) REFERENCES perennial.token_units(code);
GRANT USAGE ON SCHEMA perennial TO perennial_worker;
GRANT USAGE ON SCHEMA perennial TO perennial_ingest;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.lifecycle_events TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.payments TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.membership_types TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.commission_rules TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.content_access_rules TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.usage_meters TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.api_keys TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.disputes TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.plan_quotas TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.user_memberships TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.affiliates TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.analytics_snapshots TO perennial_worker;
GRANT SELECT ON TABLE perennial.analytics_figures TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.analytics_metrics TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.analytics_runs TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.analytics_settings TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.audit_log TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.churn_indicators TO perennial_worker;
GRANT SELECT ON TABLE perennial.churn_scores TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.clocks TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.commissions TO perennial_worker;
GRANT SELECT ON TABLE perennial.commissions_due TO perennial_worker;
GRANT USAGE ON SEQUENCE perennial.content_access_rules_id_seq TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.customer_balance_entries TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.customer_cohorts TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.customer_mrr TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.customer_quotas TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.customers TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.dead_jobs TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.digests TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.dunning_cases TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.dunning_policies TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.email_suppressions TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.emails TO perennial_worker;
GRANT SELECT ON TABLE perennial.event_types TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.pending_invoice_items TO perennial_worker;
GRANT SELECT ON TABLE perennial.final_invoices_due TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.invoice_items TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.invoice_series TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.invoices TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.mrr_movements TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.plans TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.prices TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.subscriptions TO perennial_worker;
GRANT SELECT ON TABLE perennial.invoice_traits TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.job_catalogue TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.job_history TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.job_queues TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.job_waiters TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.job_workers TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.jobs TO perennial_worker;
GRANT USAGE ON SEQUENCE perennial.jobs_id_seq TO perennial_worker;
GRANT SELECT ON TABLE perennial.ledger_accounts TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.ledger_entries TO perennial_worker;
GRANT USAGE ON SEQUENCE perennial.lifecycle_events_seq_seq TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.subscription_items TO perennial_worker;
GRANT SELECT ON TABLE perennial.live_subscriptions TO perennial_worker;
GRANT SELECT ON TABLE perennial.live_memberships TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.mail_preferences TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.metric_codes TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.metrics TO perennial_worker;
GRANT USAGE ON SEQUENCE perennial.metrics_id_seq TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.mrr_decisions TO perennial_worker;
GRANT USAGE ON SEQUENCE perennial.mrr_movements_seq_seq TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.usage_closings TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.usage_warnings TO perennial_worker;
GRANT SELECT ON TABLE perennial.near_limits TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.token_allocations TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.wallet_grants TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.wallets TO perennial_worker;
GRANT SELECT ON TABLE perennial.next_due TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.order_items TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.orders TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.organization_members TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.organizations TO perennial_worker;
GRANT SELECT ON TABLE perennial.payable_commissions TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.payment_methods TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.payment_providers TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.plan_allocations TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.plan_features TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.plan_quota_tiers TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.provider_customers TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.rate_limits TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.referrals TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.refunds TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.roi_events TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.schedules TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.subscription_history TO perennial_worker;
GRANT SELECT ON TABLE perennial.subscription_mrr TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.subscription_periods TO perennial_worker;
GRANT SELECT ON TABLE perennial.subscription_traits TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.ticks TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.time_zones TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.token_package_prices TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.token_packages TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.token_units TO perennial_worker;
GRANT SELECT ON TABLE perennial.transitions TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.usage_counters TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.usage_event_ids TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.usage_events TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.usage_late TO perennial_worker;
GRANT SELECT ON TABLE perennial.usage_partitions TO perennial_worker;
GRANT SELECT ON TABLE perennial.usage_retention TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.users TO perennial_worker;
GRANT SELECT,INSERT ON TABLE perennial.wallet_entries TO perennial_worker;
GRANT USAGE ON SEQUENCE perennial.wallet_entries_id_seq TO perennial_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE perennial.wallet_events TO perennial_worker;
GRANT USAGE ON SEQUENCE perennial.wallet_grants_seq_seq TO perennial_worker;
GRANT SELECT ON TABLE public._sqlx_migrations TO perennial_worker;
