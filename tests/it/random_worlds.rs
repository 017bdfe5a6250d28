//! Small worlds that are left to chance for a year, told day by day, and told again by somebody
//! who can only add up.

mod life;
mod money;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use perennial_jobs::snapshot::{self, Books, Method};
use perennial_jobs::store::snapshots::{self, Figure, First};
use perennial_tests::SmallWorld;
use perennial_tests::naive::{Came, Figures, Naive, Name, Value, day_start};
use sqlx::PgPool;

pub(crate) use life::Dice;
use life::{DAYS, Life};

/// What does not hold of a world.
pub(crate) type Held = Result<(), String>;

/// Plans in other intervals and currencies, some below what is charged or in parts of it, and policies that end in each way there is.
const CATALOGUE: &str = "
    insert into perennial.prices (id, plan_id, currency, interval_unit, interval_count, scheme, unit_amount_minor)
    select gen_random_uuid(), p.id, v.currency, v.unit, v.count, 'flat', v.amount
      from (values ('professional', 'EUR', 'week', 2, 1999), ('professional', 'EUR', 'month', 3, 12345),
                   ('enterprise', 'EUR', 'month', 3, 50000), ('professional', 'USD', 'day', 11, 1001),
                   ('free', 'USD', 'day', 11, 0), ('professional', 'HUF', 'month', 1, 17499),
                   ('professional', 'JPY', 'week', 1, 20), ('professional', 'KWD', 'month', 1, 3005)) v (plan, currency, unit, count, amount)
      join perennial.plans p on p.code = v.plan;
    insert into perennial.dunning_policies (id, name, version, document)
    select gen_random_uuid(), v.name, 1,
           jsonb_build_object('name', v.name, 'rungs', '[{\"after\": \"1d\"}, {\"after\": \"4d\"}]'::jsonb,
                              'access_ends_after', '9d', 'end', v.ending)
      from (values ('lenient', '{\"downgrade\": \"professional\"}'::jsonb), ('to nothing', '{\"downgrade\": \"free\"}'),
                   ('suspending', '\"suspend\"'), ('strict', '\"cancel\"')) v (name, ending)";

/// A life that was lived: what was told on time.
struct Lived {
    world: SmallWorld,
    on_time: Vec<(NaiveDate, Vec<Figure>)>,
    ended: DateTime<Utc>,
}

pub(crate) async fn take(pool: &PgPool, day: NaiveDate) -> Result<(), String> {
    let mut reader = pool.acquire().await.unwrap();
    let mut primary = pool.acquire().await.unwrap();
    let taken =
        Books { reader: &mut reader, primary: &mut primary }.take(day, Method::Manual).await;
    taken.map(drop).map_err(|error| format!("{day}: {error}"))
}

pub(crate) async fn figures(pool: &PgPool, day: NaiveDate) -> Vec<Figure> {
    let mut conn = pool.acquire().await.unwrap();
    snapshots::of_date(&mut conn, day).await.unwrap()
}

async fn live(life: &Life) -> Result<Lived, String> {
    let start = day_start(life.first, life.zone);
    let world = SmallWorld::at(start, life.turns).await;
    sqlx::raw_sql(CATALOGUE).execute(&world.pool).await.unwrap();
    sqlx::query("update perennial.analytics_settings set business_zone = $1")
        .bind(life.zone.name())
        .execute(&world.pool)
        .await
        .unwrap();
    let mut on_time = Vec::new();
    let mut told = life.told.iter().copied().peekable();
    let ended = day_start(life.first + Days::new(DAYS + 1), life.zone);
    let mut deeds = life.deeds.iter().enumerate().filter(|(_, deed)| deed.at < ended).peekable();
    loop {
        let ends = told.peek().map(|day| day_start(*day + Days::new(1), life.zone));
        let deed = deeds.peek().map(|(_, deed)| deed.at);
        let Some(next) = ends.into_iter().chain(deed).min() else { break };
        world.live_up_to(next).await;
        if ends == Some(next) {
            // The day is over, and what is due at this very instant belongs to the next.
            let day = told.next().unwrap();
            if take(&world.pool, day).await.is_ok() {
                on_time.push((day, figures(&world.pool, day).await));
            } else if life.deeds[0].at < next && !on_time.is_empty() {
                return Err(format!("{day} cannot be told"));
            }
            continue;
        }
        world.rest().await;
        while let Some((number, deed)) = deeds.next_if(|(_, deed)| deed.at == next) {
            // What refers to somebody who was cut out is refused.
            drop(world.emit(deed.kind, deed.subject, &deed.data, &format!("deed {number}")).await);
        }
        world.rest().await;
    }
    world.live_up_to(ended).await;
    Ok(Lived { world, on_time, ended })
}

fn value(figure: &Figure) -> Value {
    (figure.numer.parse().unwrap(), figure.denom.parse().unwrap())
}

/// What the plain way tells of, and of which parts.
fn is_told_plainly(metric: &str, breakdown: &str) -> bool {
    let untold = [
        "mails_",
        "tokens_",
        "usage",
        "trial_conversion",
        "dunning_reco",
        "money_at_risk",
        "customers_near",
        "refunded",
        "disputed",
    ];
    let whole = ["billed", "collected", "outstanding", "dunning_attempts", "trials_"];
    // Which plan it was that somebody left for another.
    let either = ["movement_contraction", "movement_churn_involuntary", "arr", "arpu", "ltv"];
    let begins = |names: &[&str]| names.iter().any(|name| metric.starts_with(name));
    let by_plan = breakdown == "plan" && (begins(&either) || metric.ends_with("_30d"));
    !begins(&untold) && !by_plan && (breakdown == "total" || !begins(&whole))
}

/// Statuses of which nobody is told.
const UNTOLD: &[&str] = &["incomplete", "unpaid", "canceled", "expired"];

/// Whether it is told that there is none, where it might as well not be told.
fn is_nothing(metric: &str, value: Value) -> bool {
    value.0 == 0 && !metric.ends_with("_30d")
}

/// Whether what was told is what the plain way says.
pub(crate) fn same(told: &[Figure], mut plain: Figures) -> Held {
    let shape = |name: &Name| (name.0.clone(), name.1.is_empty(), name.2.clone());
    let mut shapes = BTreeSet::new();
    for figure in told.iter().filter(|it| is_told_plainly(&it.metric, &it.breakdown)) {
        let name = [&figure.metric, &figure.currency, &figure.breakdown, &figure.key];
        let name: Name = name.map(Clone::clone).into();
        shapes.insert(shape(&name));
        let recomputed = plain.remove(&name);
        let nothing = recomputed.is_none() && is_nothing(&name.0, value(figure));
        if !nothing && recomputed != Some(value(figure)) {
            return Err(format!("{name:?} told as {:?}, is {recomputed:?}", value(figure)));
        }
    }
    plain.retain(|name, value| {
        let status = name.0.strip_prefix("subscriptions_").unwrap_or_default();
        let whole = name.2 == "total" && (name.0 != "customers" || name.1.is_empty());
        !UNTOLD.contains(&status)
            && !is_nothing(&name.0, *value)
            && (whole || shapes.contains(&shape(name)))
    });
    match plain.into_iter().next() {
        Some((name, value)) => Err(format!("{name:?} is {value:?}, and was not told")),
        None => Ok(()),
    }
}

/// Movements up to the end of each day come to the revenue then: of each customer, and so of all.
async fn movements_come_to_the_revenue(life: &Life, lived: &Lived, plain: &Naive) -> Held {
    let rows: Vec<(uuid::Uuid, String, DateTime<Utc>, String, String)> = sqlx::query_as(
        "select customer_id, currency, at, amount_numer::text, amount_denom::text from perennial.mrr_movements order by at",
    )
    .fetch_all(&lived.world.pool)
    .await
    .unwrap();
    let mut rows = rows.into_iter().peekable();
    let mut sums = BTreeMap::<(uuid::Uuid, String), i128>::new();
    // Whole numbers: the denominators of all our prices divide this.
    const PARTS: i128 = 27_720;
    for day in life.first.iter_days().take(usize::try_from(DAYS).unwrap()) {
        let until = day_start(day + Days::new(1), life.zone);
        while let Some((customer, currency, _, numer, denom)) = rows.next_if(|row| row.2 < until) {
            let (numer, denom): (i128, i128) = (numer.parse().unwrap(), denom.parse().unwrap());
            *sums.entry((customer, currency)).or_default() += numer * PARTS / denom;
        }
        let revenue = plain.revenue(until).into_iter();
        let revenue: BTreeMap<_, _> =
            revenue.map(|(whose, (numer, denom))| (whose, numer * PARTS / denom)).collect();
        let moved: BTreeMap<_, _> = sums
            .iter()
            .filter(|(_, sum)| **sum != 0)
            .map(|(whose, sum)| (whose.clone(), *sum))
            .collect();
        if moved != revenue {
            return Err(format!(
                "{day}: movements come to {moved:?}, subscriptions to {revenue:?}"
            ));
        }
    }
    Ok(())
}

async fn cohorts_are_counted(life: &Life, lived: &Lived, plain: &Naive) -> Held {
    let mut conn = lived.world.pool.acquire().await.unwrap();
    for (first, came) in
        [(First::Purchase, Came::Purchase), (First::Subscription, Came::Subscription)]
    {
        let (mut sizes, mut cells) = plain.retention(came, lived.ended);
        let last = lived.ended.with_timezone(&life.zone).date_naive();
        let told = snapshots::cohorts(&mut conn, first, life.first, last).await.unwrap();
        for row in &told {
            if let Some(currency) = &row.currency {
                let value = (row.numer.parse().unwrap(), row.denom.parse().unwrap());
                let cell = cells.remove(&(row.cohort, row.month, currency.clone()));
                if cell != Some((row.customers, value)) {
                    return Err(format!("{row:?} told, is {cell:?}"));
                }
            }
            let size = sizes.get(&row.cohort);
            if size != Some(&row.size) {
                return Err(format!("{row:?} told, its size is {size:?}"));
            }
        }
        sizes.retain(|cohort, _| !told.iter().any(|row| row.cohort == *cohort));
        if !cells.is_empty() || !sizes.is_empty() {
            return Err(format!("nothing is told of {cells:?}, nor of {sizes:?}"));
        }
    }
    Ok(())
}

/// All that is to hold of a world.
async fn holds(life: &Life) -> Held {
    let lived = live(life).await?;
    let plain = Naive::read(&lived.world.pool, life.zone).await.unwrap();
    movements_come_to_the_revenue(life, &lived, &plain).await?;
    cohorts_are_counted(life, &lived, &plain).await?;
    money::reconciles(life, &lived, &plain).await?;
    let mut conn = lived.world.pool.acquire().await.unwrap();
    for (day, told) in &lived.on_time {
        same(told, plain.figures(*day)).map_err(|problem| format!("{day}: {problem}"))?;
        let late = snapshot::check(&mut conn, *day).await.unwrap();
        if !late.is_empty() {
            return Err(format!("{day}, told in full a year later: {late:?}"));
        }
        // The day after goes on from this one, as late as it is.
        let next = *day + Days::new(1);
        take(&lived.world.pool, next).await?;
        let told = figures(&lived.world.pool, next).await;
        same(&told, plain.figures(next)).map_err(|problem| format!("{next}, late: {problem}"))?;
    }
    drop(conn);
    lived.world.check().await;
    Ok(())
}

/// Leaves out of a world that does not hold whatever it does without: customers and subscriptions
/// first, then single deeds.
async fn smallest(mut life: Life, mut problem: String) -> (Life, String) {
    let mut subjects: Vec<_> = life.deeds.iter().map(|deed| deed.subject).collect();
    subjects.sort_unstable();
    subjects.dedup();
    for subject in subjects {
        let mut less = life.clone();
        less.deeds.retain(|deed| deed.subject != subject);
        (life, problem) = the_lesser(life, problem, less).await;
    }
    for number in (0..life.deeds.len()).rev() {
        let mut less = life.clone();
        less.deeds.remove(number);
        (life, problem) = the_lesser(life, problem, less).await;
    }
    (life, problem)
}

async fn the_lesser(life: Life, problem: String, less: Life) -> (Life, String) {
    if less.deeds.is_empty() {
        return (life, problem);
    }
    match holds(&less).await {
        Ok(()) => (life, problem),
        Err(found) => (less, found),
    }
}

async fn worlds(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let life = Life::of(seed);
        if let Err(problem) = holds(&life).await {
            let (life, smaller) = smallest(life, problem.clone()).await;
            panic!("seed {seed}: {problem}\nsmallest world: {smaller}\n{life:#?}");
        }
    }
}

macro_rules! told_as_somebody_would_who_only_adds_up {
    ($($years:ident: $seeds:expr;)*) => {
        $(#[tokio::test]
        async fn $years() {
            worlds($seeds).await;
        })*
    };
}

told_as_somebody_would_who_only_adds_up! {
    years_of_chance_are_told_as_somebody_would_who_only_adds_up: 0..8;
    other_years_of_chance_are_told_as_somebody_would_who_only_adds_up: 8..16;
    yet_other_years_of_chance_are_told_as_somebody_would_who_only_adds_up: 16..24;
}
