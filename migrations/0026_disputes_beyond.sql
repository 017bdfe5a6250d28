-- A bank may take back what was refunded already: what exceeds the payment is a loss of its own.

insert into perennial.ledger_accounts (code, kind, description) values
    ('dispute_losses', 'expense', 'Taken back by banks beyond what was left of the payment');
alter table perennial.disputes
    -- what of the amount exceeds what was left of the payment when the bank took it
    add column beyond_minor bigint not null default 0,
    add constraint disputes_beyond check (beyond_minor between 0 and amount_minor) not valid;
alter table perennial.disputes validate constraint disputes_beyond;
alter table perennial.payments
    -- of disputes that are open or lost
    add column beyond_minor bigint not null default 0 check (beyond_minor >= 0);
comment on table perennial.refunds is
    'What was paid back of payments. Together with what disputes took of them never more than was paid.';
