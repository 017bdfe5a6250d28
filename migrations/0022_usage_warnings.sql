-- One email for one crossing: thresholds count against the limit that holds, and crossings that a higher one surpasses are
-- not told of.

alter table perennial.usage_warnings
    drop constraint usage_warnings_pkey,
    add primary key (customer_id, metric_id, period_start, threshold, limit_units),
    drop constraint usage_warnings_outcome_check,
    add constraint usage_warnings_outcome_check check (outcome in ('told', 'muted', 'too_late', 'surpassed', 'lapsed'));
comment on table perennial.usage_warnings is 'Thresholds that were crossed, each once per meter, period and limit.';
comment on column perennial.usage_warnings.outcome is
    'surpassed: the customer was told of a higher threshold. lapsed: by the limit that holds now it is not reached.';
