-- The example catalog. Set `active` to false on what you do not sell; add your own beside it.

insert into perennial.plans (id, code, name, description, tier, negotiated) values
    ('00000000-0000-7000-8000-000000000001', 'free', 'Free', 'For trying it out', 0, false),
    ('00000000-0000-7000-8000-000000000002', 'pro', 'Pro', 'For teams, by the seat', 10, false),
    ('00000000-0000-7000-8000-000000000003', 'professional', 'Professional', 'For professionals', 20, false),
    ('00000000-0000-7000-8000-000000000004', 'enterprise', 'Enterprise', 'For companies', 30, false),
    ('00000000-0000-7000-8000-000000000005', 'custom', 'Custom', 'As agreed', 40, true);

insert into perennial.prices
    (id, plan_id, currency, interval_unit, interval_count, scheme, unit_amount_minor, setup_fee_minor) values
    ('00000000-0000-7000-8000-000000000101', '00000000-0000-7000-8000-000000000001', 'USD', 'month', 1, 'flat', 0, 0),
    ('00000000-0000-7000-8000-000000000102', '00000000-0000-7000-8000-000000000001', 'USD', 'year', 1, 'flat', 0, 0),
    ('00000000-0000-7000-8000-000000000103', '00000000-0000-7000-8000-000000000002', 'USD', 'month', 1, 'per_seat', 4900, 0),
    ('00000000-0000-7000-8000-000000000104', '00000000-0000-7000-8000-000000000003', 'USD', 'month', 1, 'flat', 4900, 0),
    ('00000000-0000-7000-8000-000000000105', '00000000-0000-7000-8000-000000000003', 'USD', 'year', 1, 'flat', 49000, 0),
    ('00000000-0000-7000-8000-000000000106', '00000000-0000-7000-8000-000000000004', 'USD', 'month', 1, 'flat', 19900, 50000),
    ('00000000-0000-7000-8000-000000000107', '00000000-0000-7000-8000-000000000004', 'USD', 'year', 1, 'flat', 199000, 50000);

-- As jobs/core's DunningPolicy::default() has it; a test holds the two together.
insert into perennial.dunning_policies (id, name, version, document) values
    ('00000000-0000-7000-8000-000000000201', 'standard', 1, '{
        "name": "standard",
        "rungs": [{"after": "1d", "email": "send"}, {"after": "3d", "at_hour": 9, "email": "send"},
                  {"after": "5d", "at_hour": 9, "email": "send"}, {"after": "7d", "at_hour": 9, "email": "send"}],
        "access_ends_after": "14d",
        "end": "cancel",
        "trial_without_method": "pause",
        "notices": {"renewal_before": "7d", "renewal_of_intervals_from": "180d", "card_expiring_before": "14d",
                    "trial_ending_before": "3d", "grace_ending_before": "1d"}}');
