//! Invoices, payments and balances against the ledger and the figures, on every day.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use perennial_tests::naive::{Naive, Sums, day_start};

use super::life::{DAYS, Life};
use super::{Held, Lived};

/// By currency, and then by account or metric.
type Day = BTreeMap<(String, String), i128>;

/// What each account of the ledger came to at the end of each day. Revenue is that of invoices.
const ACCOUNTS: &str = "
    select d.day::date, e.currency,
           case when e.account = 'revenue' then e.account || ' ' || e.kind else e.account end,
           sum(e.amount_minor)::bigint
      from generate_series($1::date, $2::date, interval '1 day') d (day)
      join perennial.ledger_entries e on e.at < perennial.day_start(d.day::date + 1)
     group by 1, 2, 3";

/// What the figures of each day say: the stock, and the flows of the day.
const FIGURES: &str = "
    select d.day::date, f.currency, f.metric, f.numer::bigint
      from generate_series($1::date, $2::date, interval '1 day') d (day)
     cross join lateral (
           select * from perennial.owed_at(perennial.day_start(d.day::date + 1))
           union all
           select * from perennial.billed_moved(perennial.day_start(d.day::date), perennial.day_start(d.day::date + 1))
            where metric in ('billed', 'collected')) f
     where f.breakdown = 'total'
     order by 1";

async fn days(lived: &Lived, life: &Life, sql: &'static str) -> BTreeMap<NaiveDate, Day> {
    let rows: Vec<(NaiveDate, String, String, i64)> = sqlx::query_as(sql)
        .bind(life.first)
        .bind(life.first + Days::new(DAYS - 1))
        .fetch_all(&lived.world.pool)
        .await
        .unwrap();
    let mut days = BTreeMap::<_, Day>::new();
    for (day, currency, name, amount) in rows {
        *days.entry(day).or_default().entry((currency, name)).or_default() += i128::from(amount);
    }
    days
}

/// Whether one name has these sums, currency by currency; none of a currency is zero.
fn agree(day: NaiveDate, found: &Day, name: &str, sign: i128, expected: &Sums) -> Held {
    let found: Sums = found
        .iter()
        .filter(|((_, of), amount)| of == name && **amount != 0)
        .map(|((currency, _), amount)| (currency.clone(), *amount))
        .collect();
    let expected: Sums = expected
        .iter()
        .filter(|(_, amount)| **amount != 0)
        .map(|(currency, amount)| (currency.clone(), sign * amount))
        .collect();
    if found == expected {
        return Ok(());
    }
    Err(format!("{day}: {name} is {found:?}, invoices and payments say {expected:?}"))
}

/// The ledger's accounts and the figures are what invoices, payments and balances say.
pub(super) async fn reconciles(life: &Life, lived: &Lived, plain: &Naive) -> Held {
    let (accounts, figures) = (days(lived, life, ACCOUNTS).await, days(lived, life, FIGURES).await);
    let mut flows = Day::new();
    for day in life.first.iter_days().take(usize::try_from(DAYS).unwrap()) {
        let until = day_start(day + Days::new(1), life.zone);
        let none = Day::new();
        let ledger = accounts.get(&day).unwrap_or(&none);
        let told = figures.get(&day).unwrap_or(&none);
        for (name, amount) in told.iter().filter(|((_, metric), _)| metric != "outstanding") {
            *flows.entry(name.clone()).or_default() += amount;
        }
        let (owed, billed) = (plain.outstanding(until), plain.billed(until));
        let collected = plain.collected(until);
        agree(day, ledger, "accounts_receivable", 1, &owed)?;
        agree(day, ledger, "customer_credit", -1, &plain.balances(until))?;
        agree(day, ledger, "cash", 1, &collected)?;
        agree(day, ledger, "revenue invoice_issued", -1, &billed)?;
        agree(day, told, "outstanding", 1, &owed)?;
        agree(day, &flows, "billed", 1, &billed)?;
        agree(day, &flows, "collected", 1, &collected)?;
    }
    Ok(())
}
