-- Keys with which customers' programs call an API: hashed, scoped, expiring, and limited per hour.

create table perennial.api_keys (
    id uuid primary key,
    -- the part of the key that is no secret: what it is looked up and listed by
    public_id text collate "C" not null unique check (public_id ~ '^[0-9A-Za-z]{8}$'),
    mode text not null check (mode in ('live', 'test')),
    -- sha256 of the whole key: 256 random bits need no salt and no slow hash
    key_hash bytea not null check (length(key_hash) = 32),
    customer_id uuid not null references perennial.customers,
    clock_id uuid not null,
    name text not null check (name !~ '[[:cntrl:]]' and length(name) between 1 and 200),
    scopes text[] not null check (array_position(scopes, null) is null
        and array_to_string(scopes, ' ') ~ '^[a-z][a-z0-9_.:-]{0,59}( [a-z][a-z0-9_.:-]{0,59})*$'),
    -- calls per hour, -1: unlimited; null: as many as the plan allows
    limit_per_hour integer check (limit_per_hour = -1 or limit_per_hour > 0),
    issued_at timestamptz not null,
    expires_at timestamptz check (isfinite(expires_at)),
    revoked_at timestamptz,
    -- the key that took its place
    rotated_to uuid references perennial.api_keys,
    -- with a limit, the last call that was allowed; without one, accurate to a minute
    last_used_at timestamptz,
    -- the bucket: what was spent of it and not refilled at `spent_at` (see perennial.bucket_spent)
    spent bigint not null default 0 check (spent >= 0),
    spent_at timestamptz not null
) with (fillfactor = 50);
comment on table perennial.api_keys is
    'API keys, by their hashes: a key is shown when it is made, and never again. No index on what a call changes, so that it stays in place.';
create index api_keys_customer on perennial.api_keys (customer_id);
