//! kill -9 at each point around each external effect of a renewal, and of a payment that succeeds
//! in dunning. Whatever the point: after a restart everything is as if nothing had happened.

use perennial_sandbox::{Action, Fault};
use perennial_tests::{Faults, World};
use serde_json::json;
use tokio::sync::OnceCell;

use super::{CONFIRM, world};

/// What is under way when the worker dies.
#[derive(Debug, Clone, Copy)]
enum Scene {
    Renewal,
    DunningSuccess,
}

impl Scene {
    /// The world just before, without a worker.
    async fn set(self) -> World {
        let mut world = world().await;
        world.work(Faults::None);
        let method = match self {
            Self::Renewal => "pm_sbx_visa__ok",
            Self::DunningSuccess => "pm_sbx_visa__ok1__insufficient_funds1__ok",
        };
        world.subscribe("ada", &[method], json!({})).await;
        world.rest().await;
        if let Self::DunningSuccess = self {
            world.live_until("2026-02-28T12:00:00Z").await;
        }
        world.kill_workers().await;
        world
    }

    /// All that happens when nobody is killed: lived once, for all points.
    async fn undisturbed(self) -> &'static Told {
        static RENEWAL: OnceCell<Told> = OnceCell::const_new();
        static DUNNING_SUCCESS: OnceCell<Told> = OnceCell::const_new();
        let told = match self {
            Self::Renewal => &RENEWAL,
            Self::DunningSuccess => &DUNNING_SUCCESS,
        };
        told.get_or_init(async || {
            let mut world = self.set().await;
            world.set_clock_to_next_due().await;
            world.work(Faults::None);
            end(&world).await
        })
        .await
    }
}

/// The diaries, which are easier to read, and the tables, which leave nothing out.
type Told = (String, String);

/// At rest, all holds; and this is what happened.
async fn end(world: &World) -> Told {
    world.rest().await;
    world.check().await;
    (world.diaries().await, world.dump().await)
}

async fn survives(scene: Scene, point: &str) {
    let expected = scene.undisturbed().await;
    let mut world = scene.set().await;
    world.set_clock_to_next_due().await;
    world.work(Faults::KilledAt(point));
    world.wait_for_death().await;
    world.work(Faults::None);
    assert_eq!(end(&world).await, *expected, "killed at {point}");
}

/// C4: the provider has done it, and the reply was never read.
async fn survives_death_before_the_reply(scene: Scene) {
    let expected = scene.undisturbed().await;
    let mut world = scene.set().await;
    let captured = world.sandbox.ledger().entries.len();
    world.fault(Fault::new(Action::HangAfter).on("POST", CONFIRM).times(1));
    world.set_clock_to_next_due().await;
    world.work(Faults::None);
    world
        .wait_until("the provider has captured", async |_| {
            world.sandbox.ledger().entries.len() > captured
        })
        .await;
    world.kill_workers().await;
    world.work(Faults::None);
    assert_eq!(end(&world).await, *expected);
    assert_eq!(world.sandbox.ledger().entries.len(), captured + 1);
}

macro_rules! killed_at {
    ($($scene:ident $test:ident $point:literal;)*) => {
        $(#[tokio::test]
        async fn $test() {
            survives(Scene::$scene, $point).await;
        })*
    };
}

killed_at! {
    Renewal a_renewal_survives_death_before_its_first_transaction "C1";
    Renewal a_renewal_survives_death_before_its_intent_commits "C2";
    Renewal a_renewal_survives_death_before_anything_is_sent "C3";
    Renewal a_renewal_survives_death_after_the_intent_was_created_at_the_provider "E1.C5";
    Renewal a_renewal_survives_death_between_persisting_and_confirming "E2.C3";
    Renewal a_renewal_survives_death_after_the_reply "C5";
    Renewal a_renewal_survives_death_before_its_result_commits "C6";
    Renewal a_renewal_survives_death_after_its_result_committed "C7";
    Renewal a_renewal_survives_death_before_its_job_is_acknowledged "C8";
    Renewal a_receipt_survives_death_before_it_is_handed_over "E5.C3";
    Renewal a_receipt_survives_death_after_it_was_handed_over "E5.C5";
    DunningSuccess a_recovery_survives_death_before_its_first_transaction "C1";
    DunningSuccess a_recovery_survives_death_before_its_intent_commits "C2";
    DunningSuccess a_recovery_survives_death_before_anything_is_sent "C3";
    DunningSuccess a_recovery_survives_death_between_persisting_and_confirming "E2.C3";
    DunningSuccess a_recovery_survives_death_after_the_reply "C5";
    DunningSuccess a_recovery_survives_death_before_its_result_commits "C6";
    DunningSuccess a_recovery_survives_death_after_its_result_committed "C7";
    DunningSuccess a_recovery_survives_death_before_its_job_is_acknowledged "C8";
    DunningSuccess a_recovery_letter_survives_death_before_it_is_handed_over "E5.C3";
    DunningSuccess a_recovery_letter_survives_death_after_it_was_handed_over "E5.C5";
}

#[tokio::test]
async fn a_renewal_survives_death_before_the_reply_is_read() {
    survives_death_before_the_reply(Scene::Renewal).await;
}

#[tokio::test]
async fn a_recovery_survives_death_before_the_reply_is_read() {
    survives_death_before_the_reply(Scene::DunningSuccess).await;
}

#[tokio::test]
async fn death_after_everything_is_acknowledged_changes_nothing() {
    let mut world = Scene::Renewal.set().await;
    world.set_clock_to_next_due().await;
    world.work(Faults::None);
    world.rest().await;
    let before = end(&world).await;
    world.kill_workers().await;
    world.work(Faults::None);
    assert_eq!(end(&world).await, before);
}
