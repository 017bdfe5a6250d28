//! Who brought a customer, what they are owed for it, and what features cost and bring.

use perennial_tests::{Customer, Faults, World};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::memberships::execute;
use super::refunds::{payments, refund};
use super::world;

async fn affiliates(world: &World) {
    execute(
        world,
        "insert into perennial.affiliates (code, name, email) values
             ('eve', 'Eve', 'eve@partners.example'), ('finn', 'Finn', 'finn@partners.example')",
    )
    .await;
}

/// A rule from the beginning of the year on, with these columns.
async fn rule(world: &World, columns: &str, values: &str) {
    let sql = format!(
        "insert into perennial.commission_rules (active_from, {columns}) values ('2026-01-01T00:00:00Z', {values})"
    );
    execute(world, &sql).await;
}

/// What a statement answers, or the error it was refused with.
async fn ask(world: &World, sql: &str) -> Result<String, String> {
    let sql = AssertSqlSafe(format!("select ({sql})::text"));
    let answer: sqlx::Result<Option<String>> = sqlx::query_scalar(sql).fetch_one(&world.pool).await;
    match answer {
        Ok(answer) => Ok(answer.unwrap_or_else(|| "null".to_owned())),
        Err(sqlx::Error::Database(refusal))
            if matches!(refusal.code().as_deref(), Some("22023" | "P0002" | "23001")) =>
        {
            Err(refusal.message().to_owned())
        }
        Err(error) => panic!("{error}"),
    }
}

async fn refer(world: &World, customer: Customer, affiliate: &str, key: &str) {
    let sql = format!("perennial.refer_customer('{}', '{affiliate}', '{key}')", customer.id.0);
    assert_eq!(ask(world, &sql).await.unwrap(), "true");
}

/// Lets a worker do the job once.
async fn accrue(world: &World) {
    execute(world, "select perennial.enqueue('accrue_commissions', '{}', 'now')").await;
    world.rest().await;
    assert_eq!(world.count("select count(*) from perennial.dead_jobs").await, 0);
}

async fn lines(world: &World, sql: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&world.pool).await.unwrap()
}

/// `eve USD 490 payable 2026-03-02`, in the order of time.
async fn commissions(world: &World) -> Vec<String> {
    let sql = "select affiliate_code || ' ' || currency || ' ' || amount_minor || ' payable '
                      || to_char(payable_at at time zone 'UTC', 'YYYY-MM-DD')
                 from perennial.commissions order by at, kind";
    lines(world, sql).await
}

/// `eve USD payable 490 held 0`.
async fn owed(world: &World) -> Vec<String> {
    let sql = "select affiliate_code || ' ' || currency || ' payable ' || payable_minor || ' held ' || held_minor
                 from perennial.payable_commissions order by 1";
    lines(world, sql).await
}

/// A world with a worker, Eve, and Ada whom she brought.
async fn brought(columns: &str, values: &str) -> (World, Customer) {
    let mut world = world().await;
    affiliates(&world).await;
    rule(&world, columns, values).await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    refer(&world, ada, "eve", "r1").await;
    world.rest().await;
    (world, ada)
}

const PERCENT: &str = "percent_numer, percent_denom, duration, months, hold_days";

#[tokio::test]
async fn a_recurring_commission_is_rounded_once_held_and_ends_after_its_months() {
    // 12.5 % of 49.00 is 6.125.
    let (world, _) = brought(PERCENT, "25, 2, 'recurring', 3, 30").await;
    accrue(&world).await;
    assert_eq!(commissions(&world).await, ["eve USD 613 payable 2026-03-02"]);
    assert_eq!(owed(&world).await, ["eve USD payable 0 held 613"]);
    world.live_until("2026-08-01T00:00:00Z").await;
    assert_eq!(world.count("select count(*) from perennial.invoices").await, 7);
    accrue(&world).await;
    accrue(&world).await;
    let expected = [
        "eve USD 613 payable 2026-03-02",
        "eve USD 613 payable 2026-03-30",
        "eve USD 613 payable 2026-04-30",
    ];
    assert_eq!(commissions(&world).await, expected);
    assert_eq!(owed(&world).await, ["eve USD payable 1839 held 0"]);
    world.check().await;
}

#[tokio::test]
async fn run_each_month_or_once_a_year_it_says_the_same() {
    let mut told = Vec::new();
    for stops in [&["2026-03-01", "2026-04-15", "2026-05-31"][..], &[]] {
        let (world, _) = brought(PERCENT, "10, 1, 'recurring', 4, 0").await;
        for stop in stops {
            world.live_until(&format!("{stop}T15:00:00Z")).await;
            accrue(&world).await;
        }
        world.live_until("2026-12-01T00:00:00Z").await;
        accrue(&world).await;
        told.push(commissions(&world).await);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].len(), 4);
}

#[tokio::test]
async fn many_at_once_note_each_payment_once() {
    let (world, _) = brought(PERCENT, "10, 1, 'recurring', 12, 0").await;
    world.live_until("2026-06-15T00:00:00Z").await;
    let step = || async {
        let sql = "select accrued from perennial.accrue_commissions($1, 10)";
        let noted = sqlx::query_scalar::<_, i64>(sql).bind(uuid::Uuid::nil());
        noted.fetch_one(&world.pool).await.unwrap()
    };
    let (a, b, c, d) = tokio::join!(step(), step(), step(), step());
    assert_eq!(a + b + c + d, 5);
    assert_eq!(world.count("select count(*) from perennial.commissions").await, 5);
    world.check().await;
    for damage in [
        "update perennial.commissions set amount_minor = amount_minor + 1",
        "update perennial.commissions set currency = 'EUR'",
        "delete from perennial.referrals",
        "insert into perennial.commissions
         select payment_id, 1, 'reversed', affiliate_code, customer_id, clock_id, rule_id, currency, -amount_minor, at, payable_at
           from perennial.commissions",
        "insert into perennial.commissions
         select payment_id, n, k, affiliate_code, customer_id, clock_id, gen_random_uuid(), currency, -a, at, payable_at
           from perennial.commissions, (values (1, 'reversed', 1), (2, 'reinstated', -1)) v (n, k, a)",
    ] {
        let mut transaction = world.pool.begin().await.unwrap();
        let sql = AssertSqlSafe(format!("set local session_replication_role = replica; {damage}"));
        sqlx::raw_sql(sql).execute(&mut *transaction).await.unwrap();
        let found: Vec<String> =
            sqlx::query_scalar("select distinct invariant from perennial.check_invariants()")
                .fetch_all(&mut *transaction)
                .await
                .unwrap();
        assert_eq!(found, ["I18"], "{damage}");
    }
}

#[tokio::test]
async fn a_fixed_amount_once_is_for_the_first_payment_alone() {
    let (world, _) =
        brought("fixed_minor, currency, duration, hold_days", "2000, 'USD', 'once', 0").await;
    world.live_until("2026-04-10T00:00:00Z").await;
    accrue(&world).await;
    accrue(&world).await;
    assert_eq!(commissions(&world).await, ["eve USD 2000 payable 2026-01-31"]);
}

#[tokio::test]
async fn terms_are_those_of_the_referral_and_ones_own_go_before_everybodys() {
    let (world, _) = brought(PERCENT, "10, 1, 'recurring', 12, 0").await;
    rule(
        &world,
        "affiliate_code, percent_numer, percent_denom, duration, hold_days",
        "'finn', 20, 1, 'once', 0",
    )
    .await;
    let bob = world.subscribe("bob", &["pm_sbx_visa__ok"], json!({})).await;
    refer(&world, bob, "finn", "r2").await;
    world.rest().await;
    world.advance(chrono::TimeDelta::hours(1)).await;
    execute(
        &world,
        "update perennial.commission_rules set active_until = perennial.business_now()",
    )
    .await;
    execute(&world, "insert into perennial.commission_rules (percent_numer, percent_denom, duration) values (1, 1, 'once')").await;
    let cyd = world.subscribe("cyd", &["pm_sbx_visa__ok"], json!({})).await;
    refer(&world, cyd, "eve", "r3").await;
    world.rest().await;
    world.live_until("2026-03-01T00:00:00Z").await;
    accrue(&world).await;
    let mut noted = commissions(&world).await;
    noted.sort();
    let expected = [
        "eve USD 49 payable 2026-03-02",
        "eve USD 490 payable 2026-01-31",
        "eve USD 490 payable 2026-02-28",
        "finn USD 980 payable 2026-01-31",
    ];
    assert_eq!(noted, expected);
    for change in [
        "update perennial.commission_rules set percent_numer = 50 where percent_numer = 1",
        "update perennial.commission_rules set active_until = '2027-01-01Z' where percent_numer = 10",
        "update perennial.commission_rules set active_until = '2026-02-15Z' where percent_numer = 1",
        "delete from perennial.commission_rules",
        "insert into perennial.commission_rules (percent_numer, percent_denom, duration) values (101, 1, 'once')",
        "insert into perennial.commission_rules (percent_numer, percent_denom, duration) values (5, 1, 'recurring')",
        "insert into perennial.commission_rules (percent_numer, percent_denom, duration) values (5, 1, 'once')",
    ] {
        assert!(sqlx::query(change).execute(&world.pool).await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn what_went_back_earns_nothing_whether_or_not_the_job_was_there() {
    let (world, _) = brought(PERCENT, "10, 1, 'recurring', 12, 30").await;
    let [payment] = payments(&world).await[..] else { panic!("one payment") };
    world.advance(chrono::TimeDelta::days(5)).await;
    // The job has not run yet. Both are kept back until the same instant.
    refund(&world, payment, 49_00, "re_1").await;
    refund(&world, payment, 49_00, "re_1").await;
    let both = ["eve USD 490 payable 2026-03-02", "eve USD -490 payable 2026-03-02"];
    assert_eq!(commissions(&world).await, both);
    accrue(&world).await;
    assert_eq!(commissions(&world).await, both);
    assert_eq!(owed(&world).await, ["eve USD payable 0 held 0"]);
    // One that is payable already is taken back at once.
    world.live_until("2026-04-05T00:00:00Z").await;
    accrue(&world).await;
    assert_eq!(owed(&world).await, ["eve USD payable 490 held 490"]);
    refund(&world, payments(&world).await[1], 49_00, "re_2").await;
    assert_eq!(owed(&world).await, ["eve USD payable 0 held 490"]);
    world.check().await;
}

#[tokio::test]
async fn refunds_in_parts_take_their_share_and_together_no_more_than_was_earned() {
    // 12.5 % of 49.00 is 6.13.
    let (world, _) = brought(PERCENT, "25, 2, 'recurring', 12, 0").await;
    let [payment] = payments(&world).await[..] else { panic!("one payment") };
    for (number, amount_minor) in [10_00, 1, 1, 1, 1, 1, 38_95].into_iter().enumerate() {
        world.advance(chrono::TimeDelta::minutes(1)).await;
        refund(&world, payment, amount_minor, &format!("re_{number}")).await;
    }
    let steps = lines(
        &world,
        "select amount_minor::text from perennial.commissions where amount_minor <> 0 order by position",
    );
    // 1.2510 of 6.13 rounded half up, then only what moves the sum by a unit.
    assert_eq!(steps.await, ["613", "-125", "-1", "-487"]);
    assert_eq!(owed(&world).await, ["eve USD payable 0 held 0"]);
    world.check().await;
}

#[tokio::test]
async fn who_is_referred_after_the_refund_earns_their_affiliate_what_stayed() {
    let mut world = world().await;
    affiliates(&world).await;
    rule(&world, PERCENT, "10, 1, 'recurring', 12, 0").await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    refund(&world, payments(&world).await[0], 9_00, "re_1").await;
    let late =
        format!("perennial.refer_customer('{}', 'eve', 'late', '2026-01-15T00:00:00Z')", ada.id.0);
    assert_eq!(ask(&world, &late).await.unwrap(), "true");
    accrue(&world).await;
    assert_eq!(owed(&world).await, ["eve USD payable 400 held 0"]);
    world.check().await;
}

#[tokio::test]
async fn what_was_paid_before_the_referral_earns_nothing() {
    let mut world = world().await;
    affiliates(&world).await;
    rule(&world, PERCENT, "10, 1, 'recurring', 12, 0").await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.advance(chrono::TimeDelta::days(1)).await;
    refer(&world, ada, "eve", "r1").await;
    accrue(&world).await;
    assert!(commissions(&world).await.is_empty());
    world.live_until("2026-03-01T00:00:00Z").await;
    accrue(&world).await;
    assert_eq!(commissions(&world).await, ["eve USD 490 payable 2026-02-28"]);
    refund(&world, payments(&world).await[0], 49_00, "re_1").await;
    assert_eq!(commissions(&world).await.len(), 1);
}

#[tokio::test]
async fn a_customer_is_referred_once_and_bad_input_names_its_field() {
    let (world, ada) = brought(PERCENT, "10, 1, 'once', null, 0").await;
    let ada = ada.id.0;
    for (call, answer) in [
        (format!("'{ada}', 'eve', 'r1'"), "true"),
        (format!("'{ada}', 'finn', 'r2'"), "false"),
        (format!("'{ada}', 'eve', 'r3'"), "false"),
    ] {
        let call = format!("perennial.refer_customer({call})");
        assert_eq!(ask(&world, &call).await.unwrap(), answer, "{call}");
    }
    execute(
        &world,
        "insert into perennial.affiliates values ('ada', 'Ada', 'ADA@customers.example')",
    )
    .await;
    for (call, field) in [
        (format!("'{}', 'eve', 'k'", uuid::Uuid::nil()), "customer: "),
        ("null, 'eve', 'k'".to_owned(), "customer: "),
        (format!("'{ada}', 'nobody', 'k'"), "affiliate_code: "),
        (format!("'{ada}', null, 'k'"), "affiliate_code: "),
        (format!("'{ada}', 'ada', 'k'"), "affiliate_code: "),
        (format!("'{ada}', 'eve', ''"), "key: "),
        (format!("'{ada}', 'eve', null"), "key: "),
        (format!("'{ada}', 'finn', 'r1'"), "key: "),
        (format!("'{ada}', 'eve', 'k', '2027-01-01Z'"), "at: "),
        (format!("'{ada}', 'eve', 'k', 'infinity'"), "at: "),
    ] {
        let refused = ask(&world, &format!("perennial.refer_customer({call})")).await.unwrap_err();
        assert!(refused.starts_with(field), "{call}: {refused}");
    }
    assert_eq!(world.count("select count(*) from perennial.referrals").await, 1);
}

#[tokio::test]
async fn return_on_investment_is_net_by_cost_per_feature_query_and_currency() {
    let world = world().await;
    for event in [
        "'1', 'cost', 400, 'USD', 'export', null, '2026-01-10Z'",
        "'2', 'revenue', 1000, 'USD', 'export', 'q1', '2026-01-11Z'",
        "'3', 'revenue', 50, 'EUR', 'export', null, '2026-01-12Z'",
        "'4', 'cost', 300, 'USD', null, 'q1', '2026-01-13Z'",
        "'5', 'cost', 9999, 'USD', 'export', null, '2026-01-20Z'",
        "'6', 'cost', 70, 'USD', 'idle', null",
    ] {
        let call = format!("perennial.record_roi_event({event})");
        assert_eq!(ask(&world, &call).await.unwrap(), "true", "{event}");
        assert_eq!(ask(&world, &call).await.unwrap(), "false", "{event}");
    }
    let roi = async |arguments: &str| {
        let sql = format!("select r::text from perennial.roi({arguments}) r");
        lines(&world, &sql).await
    };
    let span = "'2026-01-01Z', '2026-01-20Z'";
    let export = ["(EUR,0,50,50,,)", "(USD,400,1000,600,3,2)"];
    assert_eq!(roi(&format!("'export', {span}")).await, export);
    assert_eq!(roi(&format!("null, {span}, 'q1'")).await, ["(USD,300,1000,700,7,3)"]);
    assert_eq!(roi(&format!("'export', {span}, 'q1'")).await, ["(USD,0,1000,1000,,)"]);
    assert_eq!(roi("'idle', '2026-01-01Z', '2026-02-01Z'").await, ["(USD,70,0,-70,-1,1)"]);
    for (call, field) in [
        ("record_roi_event('1', 'cost', 401, 'USD', 'export')", "key: "),
        ("record_roi_event('', 'cost', 1, 'USD', 'export')", "key: "),
        ("record_roi_event('k', 'loss', 1, 'USD', 'export')", "kind: "),
        ("record_roi_event('k', 'cost', 0, 'USD', 'export')", "amount_minor: "),
        ("record_roi_event('k', 'cost', null, 'USD', 'export')", "amount_minor: "),
        ("record_roi_event('k', 'cost', 1, 'usd', 'export')", "currency: "),
        ("record_roi_event('k', 'cost', 1, 'USD')", "feature: "),
        ("record_roi_event('k', 'cost', 1, 'USD', 'No Feature')", "feature: "),
        ("record_roi_event('k', 'cost', 1, 'USD', null, '')", "query_id: "),
        ("record_roi_event('k', 'cost', 1, 'USD', 'export', null, '2027-01-01Z')", "at: "),
        ("roi('nothing', '2026-01-01Z', '2026-02-01Z')", "feature: "),
        ("roi(null, '2026-01-01Z', '2026-02-01Z')", "feature: "),
        ("roi(null, '2026-01-01Z', '2026-02-01Z', 'q9')", "query_id: "),
        ("roi('export', '2026-02-01Z', '2026-01-01Z')", "until: "),
        ("roi('export', null, '2026-01-01Z')", "until: "),
    ] {
        let refused = ask(&world, &format!("perennial.{call}")).await.unwrap_err();
        assert!(refused.starts_with(field), "{call}: {refused}");
    }
}
