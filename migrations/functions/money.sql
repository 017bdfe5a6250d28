-- The ledger's rule, and final invoices.

create or replace function perennial.require_balanced_postings() returns trigger
language plpgsql as $$
declare
    unbalanced uuid;
begin
    select posting_id into unbalanced from fresh group by posting_id, currency having sum(amount_minor) <> 0 limit 1;
    if found then
        raise exception 'posting % does not balance', unbalanced using errcode = 'check_violation';
    end if;
    return null;
end
$$;
comment on function perennial.require_balanced_postings() is 'All entries of a posting come in one statement, and balance.';
create or replace trigger balanced after insert on perennial.ledger_entries
    referencing new table as fresh
    for each statement execute function perennial.require_balanced_postings();

create or replace view perennial.final_invoices_due as
    select w.clock_id, w.subscription_id, min(w.final_at) as due_at
      from perennial.pending_invoice_items w
     where w.invoice_id is null and w.final_at is not null
       -- One attempt at a time: the outcome of the last one comes first.
       and not exists (select from perennial.payments p
                        where p.subscription_id = w.subscription_id
                          and p.status in ('planned', 'executing', 'unknown', 'processing'))
     group by w.clock_id, w.subscription_id;
comment on view perennial.final_invoices_due is 'Ended subscriptions with usage that waits for a final invoice. There are few at a time.';

create or replace trigger announce after insert or update of final_at on perennial.pending_invoice_items
    for each row when (new.final_at is not null) execute function perennial.announce_due();
