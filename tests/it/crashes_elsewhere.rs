//! kill -9 in the other scenes of a subscription's life: signing up, a trial's end, a hard decline,
//! the end of grace, a cancellation, a new card. Whatever the point: after a restart the tables
//! hold what they would have held.

use perennial_sandbox::{Action, Fault};
use perennial_tests::{Faults, World};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::world;

/// What is under way when the worker dies.
struct Scene {
    method: &'static str,
    /// A quiet life until here.
    until: &'static str,
    /// What sets the scene off.
    cue: Cue,
    /// What everybody should see afterwards.
    undisturbed: OnceCell<String>,
}

#[derive(Debug, Clone, Copy)]
enum Cue {
    /// What is due next.
    Due,
    /// An event that is told about the subscription.
    Event(&'static str),
    /// A cancellation, asked for at the start, is due next.
    CancellationDue,
    /// A trial's end is due next.
    TrialEnds,
    /// Everything is still to come, the customer too.
    Beginning,
}

const fn scene(method: &'static str, until: &'static str, cue: Cue) -> Scene {
    Scene { method, until, cue, undisturbed: OnceCell::const_new() }
}

static SIGNUP: Scene = scene("pm_sbx_visa__ok", "2026-01-31T12:00:00Z", Cue::Beginning);
static HARD_DECLINE: Scene =
    scene("pm_sbx_visa__ok1__stolen_card", "2026-02-01T00:00:00Z", Cue::Due);
static SOFT_DECLINE: Scene =
    scene("pm_sbx_visa__ok1__insufficient_funds", "2026-02-01T00:00:00Z", Cue::Due);
static GRACE_EXPIRY: Scene =
    scene("pm_sbx_visa__ok1__stolen_card", "2026-03-14T11:59:59Z", Cue::Due);
static CANCELLATION: Scene =
    scene("pm_sbx_visa__ok", "2026-02-01T00:00:00Z", Cue::Event("subscription.cancel_requested"));
static CANCELED_END: Scene = scene("pm_sbx_visa__ok", "2026-02-01T00:00:00Z", Cue::CancellationDue);
static TRIAL_END: Scene = scene("pm_sbx_visa__ok", "2026-02-14T11:59:59Z", Cue::TrialEnds);

impl Scene {
    fn wish(&self) -> Value {
        match self.cue {
            Cue::TrialEnds => json!({ "trial_end": "2026-02-14T12:00:00Z" }),
            _ => json!({}),
        }
    }

    /// The world just before; then the cue, and nobody at work yet.
    async fn set(&self) -> World {
        let mut world = world().await;
        if let Cue::Beginning = self.cue {
            world.subscribe("ada", &[self.method], self.wish()).await;
            return world;
        }
        world.work(Faults::None);
        let ada = world.subscribe("ada", &[self.method], self.wish()).await;
        if let Cue::CancellationDue = self.cue {
            world.rest().await;
            let kind = "subscription.cancel_requested";
            world.emit(kind, ada.subscription.0, json!({}), "cue").await.unwrap();
        }
        world.rest().await;
        world.live_until(self.until).await;
        world.kill_workers().await;
        match self.cue {
            Cue::Event(kind) => {
                world.emit(kind, ada.subscription.0, json!({}), "cue").await.unwrap();
            }
            _ => world.set_clock_to_next_due().await,
        }
        world
    }

    async fn undisturbed(&self) -> &str {
        let told = self.undisturbed.get_or_init(async || {
            let mut world = self.set().await;
            world.work(Faults::None);
            end(&world).await
        });
        told.await
    }

    async fn survives(&self, point: &str) {
        let expected = self.undisturbed().await;
        let mut world = self.set().await;
        world.work(Faults::KilledAt(point));
        world.wait_for_death().await;
        world.work(Faults::None);
        assert_eq!(end(&world).await, expected, "killed at {point}");
    }
}

/// At rest, all holds; and this is what the tables say.
async fn end(world: &World) -> String {
    world.rest().await;
    world.check().await;
    world.dump().await
}

macro_rules! killed_at {
    ($($test:ident: $scene:ident $($point:literal)*;)*) => {
        $(#[tokio::test]
        async fn $test() {
            for point in [$($point),*] {
                $scene.survives(point).await;
            }
        })*
    };
}

killed_at! {
    signing_up_survives_death_around_each_event_of_the_inbox: SIGNUP "inbox.C2" "inbox.C7" "inbox.C2:2" "inbox.C7:2";
    signing_up_survives_death_in_the_inbox_and_around_the_first_decision: SIGNUP "inbox" "inbox.C2:3" "inbox.C7:3" "C3";
    signing_up_survives_death_around_the_first_charge: SIGNUP "E1.C5" "E2.C3" "C5";
    signing_up_survives_death_around_the_first_result: SIGNUP "C6" "C7" "C8" "E5.C3" "E5.C5";
    a_hard_decline_survives_death_around_its_decision: HARD_DECLINE "C1" "C2" "E2.C3" "C5";
    a_hard_decline_survives_death_around_its_result: HARD_DECLINE "C6" "C7" "C8" "E5.C3" "E5.C5";
    a_soft_decline_survives_death_around_its_decision: SOFT_DECLINE "C1" "C2" "E2.C3" "C5";
    a_soft_decline_survives_death_around_its_result: SOFT_DECLINE "C6" "C7" "C8" "E5.C3" "E5.C5";
    the_end_of_grace_survives_death: GRACE_EXPIRY "C1" "C2" "E5.C3" "E5.C5";
    a_cancellation_survives_death: CANCELLATION "inbox" "inbox.C2" "inbox.C7" "E5.C3" "E5.C5";
    a_cancellation_at_the_periods_end_survives_death: CANCELED_END "C1" "C2";
    the_end_of_a_trial_survives_death_around_its_decision: TRIAL_END "C1" "C2" "C3" "E1.C5" "E2.C3";
    the_end_of_a_trial_survives_death_around_its_result: TRIAL_END "C5" "C6" "C7" "C8" "E5.C3" "E5.C5";
}

/// C4 of E1: the intent is there, and nobody has heard of it.
#[tokio::test]
async fn an_intent_of_which_nobody_has_heard_is_found_again_and_not_created_twice() {
    let expected = TRIAL_END.undisturbed().await;
    let mut world = TRIAL_END.set().await;
    let created = |world: &World| {
        world
            .sandbox
            .requests()
            .iter()
            .filter(|asked| {
                asked.method == "POST" && asked.path == "/v1/payment_intents" && !asked.replayed
            })
            .count()
    };
    world.fault(Fault::new(Action::HangAfter).on("POST", "/v1/payment_intents$").times(1));
    world.work(Faults::None);
    world.wait_until("the intent is created", async |_| created(&world) == 1).await;
    world.kill_workers().await;
    world.work(Faults::None);
    assert_eq!(end(&world).await, expected);
    assert_eq!(created(&world), 1);
}

/// A second death during the recovery from the first.
#[tokio::test]
async fn a_worker_that_dies_twice_at_different_points_loses_nothing() {
    for (first, second) in
        [("C3", "E2.C3"), ("E2.C3", "C5"), ("C5", "C6"), ("C6", "C7"), ("C7", "E5.C3")]
    {
        let expected = TRIAL_END.undisturbed().await;
        let mut world = TRIAL_END.set().await;
        for point in [first, second] {
            world.work(Faults::KilledAt(point));
            world.wait_for_death().await;
        }
        world.work(Faults::None);
        assert_eq!(end(&world).await, expected, "killed at {first}, then at {second}");
    }
}
