-- Money that came at the provider without an attempt of ours: the customer paid there.

alter table perennial.payments
    add column origin text not null default 'attempt' check (origin in ('attempt', 'found')),
    -- null: a method that we do not know
    alter column method_id drop not null,
    add constraint payments_method check (method_id is not null or origin = 'found') not valid,
    add constraint payments_found check (origin = 'attempt' or status = 'succeeded') not valid;
alter table perennial.payments validate constraint payments_method;
alter table perennial.payments validate constraint payments_found;

create table perennial.reconciliations (
    provider text primary key references perennial.payment_providers,
    -- the database that the provider was last compared with: another one is a copy or a restored one
    database_identity text not null,
    -- machine time until which the provider is asked before an intent is made
    ask_first_until timestamptz,
    -- business time of the last comparison that came to its end
    compared_at timestamptz
);
comment on table perennial.reconciliations is
    'Whether this database is the one that the provider was used with: after a rewind the provider is asked by our own reference before an intent is made.';
