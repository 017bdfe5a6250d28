-- When attempts were sent, in business time: dunning and the networks' delays count from it.

alter table perennial.payments add column sent_at timestamptz;
comment on column perennial.payments.sent_at is
    'The business instant at which the attempt was last sent; null: never. first_sent_at is the machine''s time, from which keys age.';
