//! Features and content: who may use and see what, by plan, by feature and by membership.

use perennial_tests::Faults;
use serde_json::json;
use uuid::Uuid;

use super::memberships::{execute, grant, is_open, user, visitor};
use super::world;

#[tokio::test]
async fn any_rule_that_is_met_opens_content_and_content_without_a_rule_is_closed() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    let team = Uuid::from_u128(77);
    let profile =
        json!({ "email": "team@customers.example", "name": "Team", "kind": "organization" });
    world.emit("customer.upserted", team, profile, "team").await.unwrap();
    let wish = json!({ "customer": team, "plan": "enterprise", "interval": "month" });
    world.emit("subscription.created", Uuid::from_u128(78), wish, "team's").await.unwrap();
    world.rest().await;
    world.kill_workers().await;
    execute(&world, &format!("update perennial.subscriptions set status = 'active', status_until = null where customer_id = '{team}'")).await;
    let (ada, vera) = (user(&world, ada).await, visitor(&world).await);
    let eve = Uuid::from_u128(6);
    execute(
        &world,
        &format!(
            "insert into perennial.users (id, email, name) values ('{eve}', 'eve@team.example', 'Eve');
             insert into perennial.organization_members (organization_id, user_id, role)
             select organization_id, '{eve}', 'member' from perennial.customers where id = '{team}';
             insert into perennial.content_access_rules (content_key, requirement, plan, feature, membership) values
                 ('blog/*', 'public', null, null, null), ('reports', 'plan', 'professional', null, null),
                 ('reports', 'plan', 'enterprise', null, null), ('admin/*', 'feature', null, 'sso', null),
                 ('admin/help', 'public', null, null, null), ('courses/*', 'feature', null, 'course_library', null),
                 ('export*', 'feature', null, 'export_formats', null)"
        ),
    )
    .await;
    grant(&world, vera, "annual_pass", "k").await;
    let everybody = [None, Some(vera), Some(ada), Some(eve)];
    for (content, expected) in [
        ("blog/2026/01", [true, true, true, true]),
        ("blog", [false, false, false, false]),
        ("reports", [false, false, true, true]),
        ("reports/1", [false, false, false, false]),
        ("admin/users", [false, false, false, true]),
        ("admin/help", [true, true, true, true]),
        ("courses/rust", [false, true, false, true]),
        ("export.csv", [false, false, true, true]),
        ("nothing", [false, false, false, false]),
        ("%", [false, false, false, false]),
    ] {
        for (user, expected) in everybody.into_iter().zip(expected) {
            assert_eq!(is_open(&world, user, content).await, expected, "{content} {user:?}");
        }
    }
}

#[tokio::test]
async fn a_feature_comes_with_a_plan_with_all_features_or_with_a_membership() {
    let mut world = world().await;
    world.work(Faults::None);
    let ada = world.subscribe("ada", &["pm_sbx_visa__ok"], json!({})).await;
    world.rest().await;
    world.kill_workers().await;
    let has = async |feature: &str| -> bool {
        let sql = "select perennial.check_feature($1, $2)";
        sqlx::query_scalar(sql)
            .bind(ada.id.0)
            .bind(feature.to_owned())
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    assert!(has("integrations").await && !has("sso").await && !has("course_library").await);
    let membership = grant(&world, user(&world, ada).await, "annual_pass", "k").await;
    assert!(has("course_library").await && !has("sso").await);
    execute(&world, &format!("select perennial.cancel_membership('{membership}')")).await;
    assert!(!has("course_library").await);
    execute(&world, "update perennial.subscriptions set plan_id = (select id from perennial.plans where code = 'enterprise')").await;
    assert!(has("sso").await && has("course_library").await && has("export_formats").await);
    execute(&world, "update perennial.subscriptions set status = 'paused'").await;
    assert!(!has("sso").await && !has("integrations").await);
}
