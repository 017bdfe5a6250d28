-- What comes due next on each clock.

create or replace view perennial.next_due as
    select c.id as clock_id, least(
               (select min(next_action_at) from perennial.subscriptions where clock_id = c.id),
               (select min(due_at) from perennial.payments where clock_id = c.id),
               (select min(e.runs_at) from perennial.waiting_events e where e.clock_id = c.id),
               (select min(period_end) from perennial.usage_meters where clock_id = c.id),
               (select min(due_at) from perennial.usage_warnings where clock_id = c.id),
               (select min(due_at) from perennial.final_invoices_due where clock_id = c.id),
               (select min(due_at) from perennial.user_memberships where clock_id = c.id),
               (select min(expires_at) from perennial.wallet_grants where clock_id = c.id and remaining > 0),
               (select min(due_at) from perennial.token_allocations where clock_id = c.id),
               (select min(warn_at) from perennial.wallets where clock_id = c.id),
               (select min(top_up_at) from perennial.wallets where clock_id = c.id)) as at
      from perennial.clocks c;
comment on view perennial.next_due is
    'The first instant at which something is or will be due on a clock, mail aside (it is due as soon as it is queued); null where nothing will. Each part is the first row of an index, or reads the few rows of a partial one.';
