-- What must always hold. Zero rows: it does.

create or replace function perennial.check_lifecycle_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp
as $$
    select 'I1', invoice_id::text, count(*) || ' captured payments'
      from payments where status = 'succeeded' group by invoice_id having count(*) > 1
    union all
    select 'I2', p.id::text, 'captured ' || p.amount_minor || ', in the books ' || coalesce(sum(e.amount_minor), 0)
      from payments p left join ledger_entries e
        on e.payment_id = p.id and e.account = 'cash' and e.currency = p.currency
       and e.kind in ('payment_received', 'late_payment')
     where p.status = 'succeeded'
     group by p.id having count(e.posting_id) <> 1 or sum(e.amount_minor) <> p.amount_minor
    union all
    select 'I2', e.payment_id::text, 'in the books, but not captured'
      from ledger_entries e where e.account = 'cash'
       and not exists (select from payments p where p.id = e.payment_id and p.status = 'succeeded')
    union all
    select 'I3', g.subscription_id::text, 'period ' || g.period_index || ' starts at ' || g.starts_at
           || ', the one before ended at ' || g.before_ended_at
      from (select *, lag(ends_at) over (partition by subscription_id order by starts_at) as before_ended_at
              from subscription_periods) g
     where g.before_ended_at <> g.starts_at
       and not exists (select from subscription_history h
                        where h.subscription_id = g.subscription_id and h.edge in ('resumed', 'recovered')
                          and h.at = g.starts_at and h.from_status in ('paused', 'unpaid'))
    union all
    select 'I3', p.subscription_id::text, 'period ' || p.period_index || ' has no invoice'
      from subscription_periods p left join invoices i
        on i.subscription_id = p.subscription_id and i.period_index = p.period_index and i.kind = 'period'
     where p.kind = 'service' and i.id is null
       -- (what begins in the past has one invoice for all of its periods until then)
       and not exists (select from invoices o join invoice_items l on l.invoice_id = o.id
                        where o.subscription_id = p.subscription_id and o.kind = 'period'
                          and l.kind in ('subscription', 'proration')
                          and l.period_start = p.starts_at and l.period_end = p.ends_at)
    union all
    select 'I3', i.id::text, 'invoice without a period'
      from invoices i left join subscription_periods p
        on p.subscription_id = i.subscription_id and p.period_index = i.period_index and p.kind = 'service'
     where p.subscription_id is null and i.kind = 'period'
    union all
    select 'I3', s.id::text, 'stands at period ' || s.period_index || ', the last one opened is ' || p.period_index
      from subscriptions s
     cross join lateral (select period_index, ends_at from subscription_periods p
                          where p.subscription_id = s.id order by ends_at desc limit 1) p
     where p.period_index <> s.period_index or p.ends_at <> s.period_end
    union all
    select 'I4', posting_id::text, 'does not balance in ' || currency || ': ' || sum(amount_minor)
      from ledger_entries group by posting_id, currency having sum(amount_minor) <> 0
    union all
    select 'I4', coalesce(b.customer_id, l.customer_id)::text,
           'balance ' || coalesce(b.total, 0) || ', in the books ' || coalesce(l.total, 0)
      from (select customer_id, currency, sum(amount_minor) as total
              from customer_balance_entries group by 1, 2) b
      full join (select customer_id, currency, -sum(amount_minor) as total
                   from ledger_entries where account = 'customer_credit' group by 1, 2) l
        on l.customer_id = b.customer_id and l.currency = b.currency
     where coalesce(b.total, 0) <> coalesce(l.total, 0)
    union all
    select 'I5', e.subject::text, count(*) || ' mails ' || e.template || ' of one decision'
      -- (decision 0: what no decision about anybody caused)
      from (select coalesce(subscription_id, order_id, customer_id) as subject, template, decision from emails
             where decision > 0 or num_nonnulls(subscription_id, order_id) > 0) e
     group by e.subject, e.template, e.decision having count(*) > 1
    union all
    select 'I6', h.subscription_id::text, 'took an edge that is none: ' || coalesce(h.from_status, 'nothing')
           || ' -' || h.edge || '-> ' || h.to_status
      from subscription_history h
     where not exists (select from transitions t
                        where t.from_status is not distinct from h.from_status
                          and t.edge = h.edge and t.to_status = h.to_status)
    union all
    select 'I6', c.subscription_id::text, 'left ' || coalesce(c.from_status, 'nothing') || ' at version ' || c.version
           || ' but stood at ' || coalesce(c.stood_at, 'nothing')
      from (select *, lag(to_status) over (partition by subscription_id order by version, position) as stood_at
              from subscription_history) c
     where c.from_status is distinct from c.stood_at
    union all
    select 'I6', s.id::text, 'is ' || s.status || ', its history ends at ' || coalesce(h.to_status, 'nothing')
      from subscriptions s left join lateral (
           select to_status from subscription_history h where h.subscription_id = s.id
            order by version desc, position desc limit 1) h on true
     where s.status is distinct from h.to_status
    union all
    select 'I7', s.id::text, 'took ' || s.version || ' decisions, ' || count(a.version) || ' are in the audit log'
      from subscriptions s left join audit_log a on a.subject_id = s.id
     group by s.id, s.version
    having count(a.version) <> s.version or max(a.version) <> s.version or min(a.version) <> 1
    union all
    select 'I7', o.id::text, 'took ' || o.version || ' decisions, ' || count(a.version) || ' are in the audit log'
      from orders o left join audit_log a on a.subject_id = o.id
     group by o.id, o.version
    having count(a.version) <> o.version or max(a.version) <> o.version or min(a.version) <> 1
    union all
    select 'I7', x.subject::text, x.what || ' of decision ' || x.decision || ' is not in the audit log'
      from (select subscription_id as subject, version as decision, 'an edge' as what from subscription_history
            union all select coalesce(subscription_id, order_id), decision, 'an invoice' from invoices
            union all select coalesce(subscription_id, order_id), decision, 'a payment' from payments
            union all select coalesce(subscription_id, order_id), outcome_decision, 'an outcome' from payments
                       where outcome_decision is not null
            union all select coalesce(subscription_id, order_id), decision, 'a posting' from ledger_entries
            union all select coalesce(subscription_id, order_id, customer_id), decision, 'a mail' from emails
                       where decision > 0 or num_nonnulls(subscription_id, order_id) > 0) x
      left join audit_log a on a.subject_id = x.subject and a.version = x.decision
     where a.version is null
    union all
    select 'I12', j.id::text, 'job ' || j.queue || ' runs, its worker has been gone since ' || j.lease_until
      from jobs j where j.state = 'running' and j.lease_until < now() - interval '10 minutes'
    union all
    select 'I12', d.id::text, 'dead letter without a reason' from dead_jobs d
     where d.reason = '' or d.payload_hash = ''
    union all
    select 'I13', i.id::text, 'total ' || i.total_minor || ', lines ' || coalesce(l.total, 0)
      from invoices i left join (select invoice_id, sum(amount_minor) as total from invoice_items group by 1) l
        on l.invoice_id = i.id
     where i.total_minor <> coalesce(l.total, 0)
    union all
    select 'I13', i.id::text, i.status || ': total ' || i.total_minor || ', paid ' || p.paid || ', credited ' || b.credited
      from invoices i
     cross join lateral (select coalesce(sum(amount_minor), 0) as paid from payments p
                          where p.invoice_id = i.id and p.status = 'succeeded') p
     cross join lateral (select coalesce(-sum(amount_minor), 0) as credited from customer_balance_entries b
                          where b.invoice_id = i.id and b.kind in ('applied', 'carried')) b
     where (i.status = 'paid' and p.paid + b.credited <> i.total_minor)
        or (i.status = 'open' and p.paid + b.credited >= i.total_minor
            and not exists (select from payments f
                             where f.invoice_id = i.id and f.status in ('planned', 'executing', 'unknown', 'processing')))
    union all
    select 'I13', m.prefix, 'numbers ' || m.numbers || ' of ' || m.last_number
      from (select s.prefix, s.last_number, count(i.id) as numbers, max(i.number) as highest
              from invoice_series s left join invoices i on i.series = s.prefix group by 1, 2) m
     where m.numbers <> m.last_number or coalesce(m.highest, 0) <> m.last_number
    union all
    select 'I14', c.id::text, c.attempts_made || ' attempts, the policy has ' || jsonb_array_length(p.document -> 'rungs')
      from dunning_cases c join dunning_policies p on p.id = c.policy_id
     where c.attempts_made > jsonb_array_length(p.document -> 'rungs')
    union all
    select 'I14', p.id::text, count(*) || ' re-attempts of a card within ' || b.period
      from payments p
      join payment_methods m on m.id = p.method_id
      join network_budgets b
        on b.network = coalesce((select k.network from network_budgets k where k.network = coalesce(p.network, m.kind) limit 1), 'other')
      join payment_methods same on same.id = m.id or same.provider = m.provider and same.fingerprint = m.fingerprint
      join payments q
        on q.method_id = same.id and q.attempt > 1 and q.origin = 'attempt'
       and q.planned_at > p.planned_at - b.period and q.planned_at <= p.planned_at
     where p.attempt > 1 and p.origin = 'attempt'
     group by p.id, b.period, b.attempts_max having count(*) > b.attempts_max
    union all
    select 'I14', later.id::text, 'charged a card after ' || m.blocked_reason
      from payment_methods m
      join payments later on later.method_id = m.id and later.origin = 'attempt' and later.planned_at > m.blocked_at
    union all
    select 'I16', p.id::text, 'the request is not the one its key was first sent with'
      from payments p
     where p.origin = 'attempt'
       and p.request_hash <> encode(substring(sha256(convert_to(
               split_part(p.idempotency_key, '@', 1) || '|pm_' || replace(p.method_id::text, '-', '') || '|' || p.amount_minor || '|' || p.currency,
               'UTF8')) from 1 for 16), 'hex')
$$;
comment on function perennial.check_lifecycle_invariants() is 'What does not hold of lifecycle, queue and ledger (RELIABILITY: I1-I7, I12-I14, I16).';

create or replace function perennial.check_money_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp as $$
    select 'I13', i.id::text, 'receivable in the ledger ' || coalesce(e.receivable, 0) || ', due ' || d.due
      from invoices i
      left join (select invoice_id, sum(amount_minor) as receivable from ledger_entries
                  where account = 'accounts_receivable' group by 1) e on e.invoice_id = i.id
      left join (select invoice_id, sum(amount_minor) as paid from payments
                  where status = 'succeeded' group by 1) p on p.invoice_id = i.id
      left join (select invoice_id, -sum(amount_minor) as credited from customer_balance_entries
                  where kind in ('applied', 'carried') and invoice_id is not null group by 1) b on b.invoice_id = i.id
     cross join lateral (select case when i.status = 'open' then i.total_minor - coalesce(p.paid, 0) - coalesce(b.credited, 0)
                                     else 0 end as due) d
     where coalesce(e.receivable, 0) <> d.due
    union all
    select 'I13', i.id::text, 'earns ' || coalesce(e.earned, 0) || ' in the ledger, its own lines come to ' || coalesce(l.new, 0)
      from invoices i
      left join (select invoice_id, -sum(amount_minor) as earned from ledger_entries
                  where account = 'revenue' and kind = 'invoice_issued' group by 1) e on e.invoice_id = i.id
      left join (select invoice_id, sum(amount_minor) as new from invoice_items
                  where kind <> 'carried_balance' group by 1) l on l.invoice_id = i.id
     where coalesce(e.earned, 0) <> coalesce(l.new, 0)
    union all
    select 'I13', i.id::text, 'void, and earns ' || e.earned || ' in the ledger'
      from invoices i
      join (select invoice_id, -sum(amount_minor) as earned from ledger_entries
             where account = 'revenue' and invoice_id is not null group by 1) e on e.invoice_id = i.id
     -- One that was paid nevertheless may have earned that.
     where i.status = 'void' and e.earned <> 0
       and e.earned <> (select coalesce(sum(p.amount_minor), 0) from payments p
                         where p.invoice_id = i.id and p.status = 'succeeded')
    union all
    select 'I4', currency, 'cash in the ledger ' || sum(ledger) || ', by payments, refunds and disputes ' || sum(moved)
      from (select currency, amount_minor as ledger, 0 as moved from ledger_entries where account = 'cash'
            union all
            select currency, 0, amount_minor from payments where status = 'succeeded'
            union all
            select currency, 0, -amount_minor from refunds
            union all
            select currency, 0, -amount_minor from disputes where opened_at is not null and status <> 'won') c
     group by currency having sum(ledger) <> sum(moved)
$$;
comment on function perennial.check_money_invariants() is
    'What does not reconcile (I4, I13): what invoices, payments, refunds and disputes say, and the ledger''s accounts.';

create or replace function perennial.check_invariants() returns table (invariant text, subject text, problem text)
language sql stable
set search_path = perennial, pg_temp as $$
    select * from check_lifecycle_invariants()
    union all
    select * from check_money_invariants()
    union all
    select * from check_order_invariants()
    union all
    select * from check_wallet_invariants()
    union all
    select * from check_refund_invariants()
    union all
    select * from check_usage_invariants()
    union all
    select * from check_mrr_invariants()
    union all
    select * from check_commission_invariants()
$$;
comment on function perennial.check_invariants() is 'What does not hold (RELIABILITY: I1-I7, I10, I12-I14, I16-I18). Nothing: all is well.';
